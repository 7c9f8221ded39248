/**
 * Messages on their way. A message is kept here, and in the tab's storage, from the moment it is sent until the log
 * shows its key; it may be sent again and again, because the server takes each key once. So neither a lost
 * connection nor a reload loses or doubles a message.
 *
 * An item is `{key, text, atMs, state, …}`; `state` is "sending", "sent" (acknowledged, not yet seen in the
 * log) or "failed" (with `message` and `final`).
 */

import { mintKey } from "./dom.js";
import { keep, recall, tabOnly } from "./storage.js";

const ANSWER_MS = 12_000;

// Refusals that pass: the same message may be taken a little later.
const PASSING = new Set(["rate_limited", "unavailable"]);

/** Whether an error's `code` means that sending the same again is of no use. */
export const isFinal = (code) => !PASSING.has(code);

export class Outbox extends EventTarget {
  #items;
  #name;
  #frameOf;
  #send;
  #timers = new Map();

  /**
   * `name` is where the tab keeps it; `frameOf(item)` makes the frame, anew at each try; `send(frame)` hands it to
   * the connection.
   */
  constructor(name, frameOf, send) {
    super();
    this.#name = `jiehua.outbox.${name}`;
    this.#frameOf = frameOf;
    this.#send = send;
    this.#items = recall(tabOnly, this.#name, []);
  }

  get items() {
    return this.#items;
  }

  /** Send a message: `fields` holds its text and what else `frameOf` needs. */
  say(fields) {
    const item = { ...fields, key: mintKey(), atMs: Date.now(), state: "sending", message: "" };
    this.#items = [...this.#items, item];
    this.#post(item);
    this.#changed();
  }

  /** Send again what has not been acknowledged: after a reconnection, or when the customer asks. */
  resend(key = null) {
    for (const item of this.#items) {
      if (key ? item.key === key : item.state !== "sent" && !item.final) {
        this.#set(item.key, { state: "sending" });
        this.#post(item);
      }
    }
    this.#changed();
  }

  drop(key) {
    this.#items = this.#items.filter((item) => item.key !== key);
    this.#quiet(key);
    this.#changed();
  }

  /** Nothing of it is sent any more. */
  forget() {
    for (const { key } of this.#items) this.drop(key);
  }

  acknowledged(key) {
    this.#quiet(key);
    this.#set(key, { state: "sent" });
    this.#changed();
  }

  /**
   * `message`: why the server would not take it; `final`: it would not next time either, so only the writer sends it
   * again.
   */
  refused(key, message, final = false) {
    this.#quiet(key);
    this.#set(key, { state: "failed", message, final });
    this.#changed();
  }

  /** Forget what the log already shows. */
  settle(entries) {
    if (!this.#items.length) return;
    const keys = new Set(entries.map((entry) => entry.key).filter(Boolean));
    const left = this.#items.filter((item) => !keys.has(item.key));
    if (left.length === this.#items.length) return;
    for (const item of this.#items) if (keys.has(item.key)) this.#quiet(item.key);
    this.#items = left;
    this.#changed();
  }

  #post(item) {
    this.#quiet(item.key);
    this.#send(this.#frameOf(item));
    // Without an answer in time it is shown as failed; a later acknowledgement still counts.
    this.#timers.set(item.key, setTimeout(() => this.refused(item.key, ""), ANSWER_MS));
  }

  #quiet(key) {
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
  }

  #set(key, change) {
    this.#items = this.#items.map((item) => (item.key === key ? { ...item, message: "", final: false, ...change } : item));
  }

  #changed() {
    keep(tabOnly, this.#name, this.#items);
    this.dispatchEvent(new Event("change"));
  }
}
