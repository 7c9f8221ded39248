/** Canned replies: the list as the server has it, found by name, words and pinyin, filled from the case. */

import { get } from "../shared/api.js";

// Others change the shared ones too; a list older than this is read again when it is next wanted.
const FRESH_MS = 30_000;
const VARIABLE = /\{\{\s*([\w.]+)\s*\}\}/g;

export class CannedReplies extends EventTarget {
  #replies = [];
  #readMs = 0;
  #reading = null;

  get replies() {
    return this.#replies;
  }

  /** Read the list again unless it is fresh; fires `change` when it came. */
  refresh({ now = false } = {}) {
    if (!now && Date.now() - this.#readMs < FRESH_MS) return this.#reading;
    this.#readMs = Date.now();
    this.#reading = get("/api/agent/canned")
      .then(({ replies }) => {
        this.#replies = replies;
        this.dispatchEvent(new Event("change"));
      })
      .catch(() => {
        this.#readMs = 0; // the held list serves; the next wish tries again
      });
    return this.#reading;
  }

  search(typed) {
    return search(this.#replies, typed);
  }
}

/** Those that fit what was typed after the slash, the likeliest first: by the start of name or initials, then anywhere. */
export function search(replies, typed) {
  const wanted = typed.toLowerCase();
  const rank = ({ name, text, sounds }) => {
    const known = [name.toLowerCase(), ...sounds];
    if (known.some((one) => one.startsWith(wanted))) return 0;
    if (known.some((one) => one.includes(wanted))) return 1;
    return text.toLowerCase().includes(wanted) ? 2 : 3;
  };
  return replies
    .map((reply) => [rank(reply), reply])
    .filter(([place]) => place < 3)
    .sort(([a], [b]) => a - b)
    .map(([, reply]) => reply);
}

/** Fill the variables; one that is not known stays as it is, for the agent to see. */
export const fill = (text, known) => text.replace(VARIABLE, (whole, name) => known[name] || whole);

/** The first variable that nobody filled, as it is written, or "". */
export const unfilled = (text) => text.match(VARIABLE)?.[0] ?? "";
