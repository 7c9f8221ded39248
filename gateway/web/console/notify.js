/** What calls the agent back to the page: title badge always, sound and desktop notice when asked for. */

import { keep, lasting, recall } from "../shared/storage.js";
import { t } from "../shared/texts.js";

const STORED = "jiehua.sound";
const BEEP_HERTZ = { offer: 880, message: 587 };
const BEEP_SECONDS = 0.14;

export class Notifier {
  #on = recall(lasting, STORED, false);
  #audio = null;
  #title = t("desk.title");

  get on() {
    return this.#on;
  }

  /** Called from a click, since only then the browser lets a page make sound or ask for notices. */
  toggle() {
    this.#on = !this.#on;
    keep(lasting, STORED, this.#on);
    if (!this.#on) return;
    this.#beep("message");
    if ("Notification" in window && Notification.permission === "default") Notification.requestPermission();
  }

  /** `count`: offers and own chats that owe an answer. */
  badge(count) {
    document.title = count ? `(${count}) ${this.#title}` : this.#title;
  }

  /** `kind`: "offer" or "message". Only what concerns this agent comes here. */
  call(kind, text) {
    if (!this.#on) return;
    this.#beep(kind);
    if (document.hidden && "Notification" in window && Notification.permission === "granted") {
      // The tag replaces an older notice, so that they do not pile up.
      new Notification(t(kind === "offer" ? "offer.title" : "desk.title"), { body: text.slice(0, 80), tag: `jiehua-${kind}` });
    }
  }

  #beep(kind) {
    this.#audio ??= new AudioContext();
    const tone = this.#audio.createOscillator();
    const volume = this.#audio.createGain();
    const start = this.#audio.currentTime;
    tone.frequency.value = BEEP_HERTZ[kind];
    volume.gain.setValueAtTime(0.12, start);
    volume.gain.exponentialRampToValueAtTime(0.001, start + BEEP_SECONDS);
    tone.connect(volume).connect(this.#audio.destination);
    tone.start(start);
    tone.stop(start + BEEP_SECONDS);
  }
}
