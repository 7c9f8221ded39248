/** Fetches the logs of conversations as they are wanted: the newest page first, newer and earlier ones from there. */

import { get } from "../shared/api.js";

const PAGE_ENTRIES = 200;

export class Threads {
  #whole = new Set();
  #last = new Map();
  #fetching = new Map();
  #missed = new Set();
  #add;
  #failed;

  /** `add(id, entries)` puts them into the state; `failed()` tells that a log could not be read. */
  constructor(add, failed) {
    this.#add = add;
    this.#failed = failed;
  }

  /** Whether the log is here from its first line. */
  isWhole(id) {
    return this.#whole.has(id);
  }

  /** After a fresh snapshot only the log of `id` is still held. */
  keepOnly(id) {
    this.#whole = new Set(this.#whole.has(id) ? [id] : []);
  }

  /** The newest page, once however often it is asked for meanwhile, and what came while it was on its way. */
  newest(id) {
    if (!this.#fetching.has(id)) {
      // Everything before a number that no log reaches.
      const coming = this.#page(id, `before=${Number.MAX_SAFE_INTEGER}`).then(async () => {
        this.#fetching.delete(id);
        if (this.#missed.delete(id)) await this.newer(id, 0);
      });
      this.#fetching.set(id, coming);
    }
    return this.#fetching.get(id);
  }

  /** An entry came for a log that is not here yet: the page on its way may have been read before it was written. */
  missed(id) {
    if (this.#fetching.has(id)) this.#missed.add(id);
  }

  /** Everything after `seq`, or after what has been read if that is more. */
  async newer(id, seq) {
    if (this.#fetching.has(id)) return this.missed(id);
    if (!this.#last.has(id)) return;
    for (let after = Math.max(seq, this.#last.get(id)); ; ) {
      const page = await get(`${path(id)}?after=${after}&limit=${PAGE_ENTRIES}`).catch(() => null);
      if (!page) return;
      this.#take(id, page);
      if (page.count < PAGE_ENTRIES) return;
      after = page.last;
    }
  }

  /** The page before `seq`; false when it could not be read. */
  earlier(id, seq) {
    return this.#page(id, `before=${seq}`);
  }

  async #page(id, window) {
    try {
      const page = await get(`${path(id)}?${window}&limit=${PAGE_ENTRIES}`);
      if (page.count < PAGE_ENTRIES || page.first === 1) this.#whole.add(id);
      this.#take(id, page);
      return true;
    } catch {
      this.#failed();
      return false;
    }
  }

  #take(id, page) {
    this.#last.set(id, Math.max(this.#last.get(id) ?? 0, page.last));
    this.#add(id, page.entries);
  }
}

const path = (id) => `/api/agent/conversations/${id}/log`;
