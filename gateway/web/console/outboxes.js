/** What an agent wrote and nobody has confirmed yet: one outbox for each conversation. */

import { Outbox } from "../shared/outbox.js";

export class Outboxes {
  #held = new Map();
  #me;
  #epochOf;
  #send;
  #changed;

  /** `epochOf(id)`: the epoch under which a reply is written now; `send(frame)`; `changed()` when one looks different. */
  constructor(me, epochOf, send, changed) {
    [this.#me, this.#epochOf, this.#send, this.#changed] = [me, epochOf, send, changed];
  }

  /** The unsent replies and notes of one conversation, those of before a reload too. */
  of(id) {
    if (!this.#held.has(id)) {
      const frameOf = ({ key, text, kind, attachments = [] }) =>
        kind
          ? { type: kind, key, conversation_id: id, text }
          : { type: "say", key, conversation_id: id, text, epoch: this.#epochOf(id), attachments: attachments.map((one) => one.id) };
      const outbox = new Outbox(`${this.#me}.${id}`, frameOf, this.#send);
      outbox.addEventListener("change", this.#changed);
      this.#held.set(id, outbox);
    }
    return this.#held.get(id);
  }

  /** The outbox that holds a key. */
  holding(key) {
    return [...this.#held.values()].find((outbox) => outbox.items.some((item) => item.key === key));
  }

  settle(id, entries) {
    this.#held.get(id)?.settle(entries);
  }

  resend() {
    for (const outbox of this.#held.values()) outbox.resend();
  }
}
