/** The records of customers, fetched when they are looked at and again when the gateway says that one has changed. */

import { get } from "../../shared/api.js";

// One thing done may change a record several times.
const SETTLE_MS = 150;

export class CustomerCards extends EventTarget {
  #held = new Map();
  #asked = new Map();
  #timers = new Map();

  /** `{card, trouble}` of a conversation: `card` is null until it is here; asked for once by itself. */
  of(id) {
    if (!this.#held.has(id)) {
      this.#held.set(id, { card: null, trouble: false });
      this.read(id);
    }
    return this.#held.get(id);
  }

  /** Somebody changed it: read it again, if it is looked at here. */
  changed(id) {
    if (!this.#held.has(id)) return;
    clearTimeout(this.#timers.get(id));
    this.#timers.set(id, setTimeout(() => this.read(id), SETTLE_MS));
  }

  /** Forget what may have changed unseen. */
  forget() {
    this.#held.clear();
  }

  /** Read it now; an answer that was overtaken by a later question is dropped. */
  async read(id) {
    const mine = (this.#asked.get(id) ?? 0) + 1;
    this.#asked.set(id, mine);
    const card = await get(`/api/agent/customers/${encodeURIComponent(id)}`).catch(() => null);
    if (this.#asked.get(id) !== mine) return;
    this.#held.set(id, card ? { card, trouble: false } : { card: this.#held.get(id)?.card ?? null, trouble: true });
    this.dispatchEvent(new Event("change"));
  }
}
