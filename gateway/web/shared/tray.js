/**
 * Files that will go with the next message: picked, pasted or dropped, uploaded at once, shown with their progress.
 * What is uploaded stays in the tab's storage until it is sent, so a reload does not lose it; what was still on its
 * way is gone then, because no page may keep a file.
 */

import { h, mintKey, reconcile } from "./dom.js";
import { fileSize } from "./files.js";
import { keep, recall, tabOnly } from "./storage.js";
import { t } from "./texts.js";
import { upload } from "./upload.js";

export const ACCEPT = "image/png,image/jpeg,image/gif,image/webp,application/pdf,.docx,.xlsx,.pptx,.txt,.csv,.log,.md,video/mp4,.mov";
// The same file again would be refused again.
const HOPELESS = new Set(["bad_file", "file_too_big", "too_many_files"]);
const USUAL_LIMITS = { most: 9, max_bytes: 10 * 1024 * 1024 };

/** Events: `change`. An item is `{key, name, size, state, share, message, attachment}`; `state` is uploading, done or failed. */
export class Tray extends EventTarget {
  element = h("ul", { class: "tray", "aria-label": t("file.tray"), hidden: true });
  #items;
  #name;
  #path;
  #limits;
  #files = new Map();
  #running = new Map();

  /** `name` is where the tab keeps it; files go to `path`; `limits()` gives `{most, max_bytes}` when known. */
  constructor(name, path, limits) {
    super();
    this.#name = `jiehua.tray.${name}`;
    this.#path = path;
    this.#limits = () => limits() ?? USUAL_LIMITS;
    this.#items = recall(tabOnly, this.#name, []);
    this.#draw();
  }

  get isEmpty() {
    return !this.#items.length;
  }

  get isUploading() {
    return this.#items.some((item) => item.state === "uploading");
  }

  /** True when everything here is uploaded. */
  get isReady() {
    return this.#items.every((item) => item.state === "done");
  }

  /** Take files in; returns a sentence about those that were not taken, or "". */
  add(files) {
    const { most, max_bytes: maxBytes } = this.#limits();
    let trouble = "";
    for (const file of files) {
      if (this.#items.length >= most) {
        trouble = t("file.too_many", { most });
        break;
      }
      const item = { key: mintKey(), name: file.name || t("file.pasted"), size: file.size, state: "uploading", share: 0, message: "", attachment: null };
      this.#items = [...this.#items, item];
      this.#files.set(item.key, file);
      if (file.size > maxBytes) this.#set(item.key, { state: "failed", message: t("file.too_big", { size: fileSize(maxBytes) }), final: true });
      else this.#begin(item.key);
    }
    this.#changed();
    return trouble;
  }

  /** What is uploaded, which leaves the tray: it goes with a message now. */
  take() {
    const taken = this.#items.filter((item) => item.state === "done").map((item) => item.attachment);
    this.#items = this.#items.filter((item) => item.state !== "done");
    this.#changed();
    return taken;
  }

  async #begin(key) {
    const file = this.#files.get(key);
    const sending = upload(this.#path, file, key, (share) => this.#set(key, { share }));
    this.#running.set(key, sending);
    try {
      this.#set(key, { state: "done", share: 1, attachment: await sending.done });
      this.#files.delete(key);
    } catch (error) {
      const message = error.code === "offline" ? t("file.offline") : t(`error.${error.code}`, {}, error.message || t("file.failed"));
      this.#set(key, { state: "failed", message, final: HOPELESS.has(error.code) });
    }
    this.#running.delete(key);
  }

  #retry(key) {
    this.#set(key, { state: "uploading", share: 0, message: "" });
    this.#begin(key);
  }

  #remove(key) {
    this.#running.get(key)?.stop();
    this.#files.delete(key);
    this.#items = this.#items.filter((item) => item.key !== key);
    this.#changed();
  }

  #set(key, change) {
    this.#items = this.#items.map((item) => (item.key === key ? { ...item, ...change } : item));
    this.#changed();
  }

  #changed() {
    keep(tabOnly, this.#name, this.#items.filter((item) => item.state === "done"));
    this.#draw();
    this.dispatchEvent(new Event("change"));
  }

  #draw() {
    this.element.hidden = this.isEmpty;
    reconcile(
      this.element,
      this.#items.map((item) => ({ id: item.key, version: JSON.stringify([item.state, item.message, Math.round(item.share * 20)]), build: () => this.#chip(item) })),
    );
  }

  #chip(item) {
    const percent = Math.round(item.share * 100);
    const button = (text, act, label) => h("button", { class: "tray-act", type: "button", "aria-label": label, on: { click: act } }, text);
    return h(
      "li",
      { class: "tray-item", data: { state: item.state } },
      h("span", { class: "tray-name" }, item.name),
      item.state === "uploading"
        ? h("progress", { max: 100, value: percent, "aria-label": t("file.uploading", { name: item.name }) })
        : h("span", { class: "tray-note", role: item.state === "failed" ? "alert" : null }, item.state === "failed" ? item.message : fileSize(item.size)),
      item.state === "failed" && !item.final ? button(t("send.retry"), () => this.#retry(item.key), t("file.retry", { name: item.name })) : null,
      button("✕", () => this.#remove(item.key), t("file.remove", { name: item.name })),
    );
  }
}

/** Let files be picked with a button, pasted into `field` and dropped onto `area`; `add(files)` takes them. */
export function acceptFiles({ field, area, add }) {
  const input = h("input", { type: "file", multiple: true, accept: ACCEPT, hidden: true, tabindex: "-1", "aria-hidden": "true" });
  input.addEventListener("change", () => {
    add([...input.files]);
    input.value = "";
  });
  field.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    // Office programs put a picture of the text beside the text: then the text is what is meant.
    if (!files.length || event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    add(files);
  });
  const holdsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  area.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    area.classList.add("dropping");
  });
  area.addEventListener("dragleave", (event) => area.contains(event.relatedTarget) || area.classList.remove("dropping"));
  area.addEventListener("drop", (event) => {
    area.classList.remove("dropping");
    if (!holdsFiles(event)) return;
    event.preventDefault();
    add([...event.dataTransfer.files]);
  });
  const button = h("button", { class: "button attach", type: "button", title: t("file.pick"), "aria-label": t("file.pick"), on: { click: () => input.click() } }, t("file.mark"));
  return { button, input };
}
