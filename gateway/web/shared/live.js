/**
 * One WebSocket that comes back by itself.
 *
 * Events: `up` (open), `down` (lost; `detail` is `{tries, code}`: attempts since a frame last came, and the close
 * code), `frame` (`detail` is the parsed
 * frame). The address is asked for at each attempt, because it carries the last sequence number the page has.
 */

const FIRST_RETRY_MS = 400;
const LAST_RETRY_MS = 15_000;
const PING_MS = 20_000;
// Two pings unanswered: the network has swallowed the connection without telling.
const SILENCE_MS = 45_000;

export class LiveSocket extends EventTarget {
  #address;
  #socket = null;
  #tries = 0;
  #retry = 0;
  #pulse = 0;
  #heardMs = 0;
  #wanted = false;

  /** `address`: a function giving the path and query, such as `/api/customer/live?after=12`. */
  constructor(address) {
    super();
    this.#address = address;
    window.addEventListener("online", () => this.#hurry());
    window.addEventListener("offline", () => this.#socket?.close());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
  }

  get isUp() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  open() {
    this.#wanted = true;
    if (this.#socket) return;
    const scheme = window.location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${window.location.host}${this.#address()}`);
    this.#socket = socket;
    socket.addEventListener("open", () => this.#opened());
    socket.addEventListener("message", (event) => this.#heard(event.data));
    socket.addEventListener("close", (event) => this.#lost(socket, event.code));
  }

  close() {
    this.#wanted = false;
    clearTimeout(this.#retry);
    this.#socket?.close();
  }

  /** True when the frame was handed to an open socket; that it arrived, only an ack tells. */
  send(frame) {
    if (!this.isUp) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #opened() {
    this.#heardMs = Date.now();
    this.#pulse = setInterval(() => this.#beat(), PING_MS);
    this.dispatchEvent(new Event("up"));
  }

  #heard(text) {
    this.#heardMs = Date.now();
    let frame;
    try {
      frame = JSON.parse(text);
    } catch {
      return;
    }
    // Not when it opens: a socket that is refused opens too, says why and closes.
    if (frame.type !== "error") this.#tries = 0;
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }

  #beat() {
    if (Date.now() - this.#heardMs > SILENCE_MS) this.#socket.close();
    else this.send({ type: "ping" });
  }

  #lost(socket, code) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    clearInterval(this.#pulse);
    if (!this.#wanted) return;
    this.#tries += 1;
    this.dispatchEvent(new CustomEvent("down", { detail: { tries: this.#tries, code } }));
    const base = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#tries - 1));
    // Spread, so that a thousand pages do not return in the same instant.
    this.#retry = setTimeout(() => this.#wanted && this.open(), base * (0.5 + Math.random()));
  }

  #hurry() {
    if (!this.#wanted || this.#socket) return;
    clearTimeout(this.#retry);
    this.open();
  }
}
