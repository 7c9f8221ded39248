/**
 * Which part of a long log is in the page: a window over its items that follows the end, slides with the reader, and
 * stays where it is when lines come or earlier pages are put before it. Pure: it knows items by their ids alone.
 */

// Lines in the page while the end is followed, how far the window slides at once, and the most it holds.
const SIZE = 120;
const STEP = 60;
const MOST = 300;

export class LogWindow {
  #start = 0;
  #end = 0;
  #ids = [];

  /** The window over `ids` as they are now; while `following` it holds the last ones. Gives `[start, end)`. */
  update(ids, following) {
    const shift = this.#ids.length ? Math.max(0, ids.indexOf(this.#ids[0])) : 0;
    const wasAtEnd = this.#end >= this.#ids.length;
    this.#start += shift;
    this.#end += shift;
    this.#ids = ids;
    if (following) {
      this.#end = ids.length;
      this.#start = Math.max(0, this.#end - SIZE);
    } else {
      // Whoever reads near the end sees what comes; nothing above them goes away meanwhile.
      this.#end = wasAtEnd ? ids.length : Math.min(this.#end, ids.length);
      this.#start = Math.min(this.#start, Math.max(0, this.#end - 1));
    }
    return this.range;
  }

  get range() {
    return [this.#start, this.#end];
  }

  get isAtStart() {
    return this.#start === 0;
  }

  get isAtEnd() {
    return this.#end >= this.#ids.length;
  }

  /** The reader comes near the first line; false when there is none before it. */
  up() {
    if (this.isAtStart) return false;
    this.#start = Math.max(0, this.#start - STEP);
    this.#end = Math.min(this.#end, this.#start + MOST);
    return true;
  }

  /** The reader comes near the last line; false when there is none after it. */
  down() {
    if (this.isAtEnd) return false;
    this.#end = Math.min(this.#ids.length, this.#end + STEP);
    this.#start = Math.max(this.#start, this.#end - MOST);
    return true;
  }

  /** Make sure that the item `id` is inside; false when it is not in the log that is here. */
  reach(id) {
    const at = this.#ids.indexOf(id);
    if (at < 0) return false;
    if (at < this.#start || at >= this.#end) {
      this.#start = Math.max(0, at - STEP);
      this.#end = Math.min(this.#ids.length, at + STEP);
    }
    return true;
  }

  /** The end, whatever was read before. */
  clear() {
    this.#start = this.#end = 0;
    this.#ids = [];
  }
}
