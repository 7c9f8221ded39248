/**
 * <wait-timer since="MS" warn="MS" due="MS">: a wait that runs, amber from the time `warn` on, red from `due` on, with a
 * word beside the colour. <wait-timer until="MS">: a deadline that runs down. One clock drives all of them, set by the server's time.
 */

import { t } from "./texts.js";
import { stopwatch } from "./time.js";

const TICK_MS = 1000;
// A deadline this near is shown as overdue time is: it is about to be lost.
const LAST_CALL_MS = 10_000;

let skewMs = 0;
const shown = new Set();
let clock = 0;

/** The server said its time: every timer counts by it, so a wrong clock on this machine does not matter. */
export function setServerTime(nowMs) {
  skewMs = nowMs - Date.now();
}

export const serverNow = () => Date.now() + skewMs;

class WaitTimer extends HTMLElement {
  static observedAttributes = ["since", "until"];

  connectedCallback() {
    shown.add(this);
    clock ||= setInterval(() => shown.forEach((timer) => timer.tick()), TICK_MS);
    this.tick();
  }

  disconnectedCallback() {
    shown.delete(this);
    if (shown.size) return;
    clearInterval(clock);
    clock = 0;
  }

  attributeChangedCallback() {
    if (this.isConnected) this.tick();
  }

  tick() {
    const until = Number(this.getAttribute("until"));
    if (until) {
      const left = until - serverNow();
      this.#show(stopwatch(left), left <= LAST_CALL_MS ? "overdue" : "late", "");
      return;
    }
    const now = serverNow();
    const waited = now - Number(this.getAttribute("since"));
    const reached = (name) => now >= Number(this.getAttribute(name) ?? Infinity);
    const level = reached("due") ? "overdue" : reached("warn") ? "late" : "fresh";
    this.#show(stopwatch(waited), level, level === "fresh" ? "" : ` ${t(`list.${level}`)}`);
  }

  #show(text, level, word) {
    if (this.dataset.level !== level) this.dataset.level = level;
    this.textContent = text + word;
  }
}

customElements.define("wait-timer", WaitTimer);
