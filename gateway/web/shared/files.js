/** Pictures and files of a message, as both sides see them. */

import { h } from "./dom.js";
import { t } from "./texts.js";

const LONGEST_SIDE = 220;
const SHOWN = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
const STEPS = ["B", "KB", "MB", "GB"];

/** 183204 → 179 KB. */
export function fileSize(bytes) {
  let step = 0;
  let size = bytes;
  while (size >= 1024 && step < STEPS.length - 1) {
    size /= 1024;
    step += 1;
  }
  return `${step && size < 10 ? size.toFixed(1) : Math.round(size)} ${STEPS[step]}`;
}

/** The files of an entry's (or an unsent item's) attachments; `urlOf(id)` is where they are read. Null when there are none. */
export function filesView(attachments, urlOf) {
  if (!attachments?.length) return null;
  return h("ul", { class: "files" }, attachments.map((one) => h("li", {}, SHOWN.has(one.media_type) ? picture(one, urlOf(one.id)) : file(one, urlOf(one.id)))));
}

/** What is written beside the files: nothing where the text only stands for them. */
export const wordsOf = (entry) => (entry.data?.wordless ? "" : entry.text);

function picture({ name, width, height }, url) {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height, 1));
  return h(
    "a",
    { class: "file-picture", href: url, target: "_blank", rel: "noopener" },
    // With its size known, nothing moves when it arrives.
    h("img", { src: `${url}?small=1`, alt: t("file.picture", { name }), width: Math.round(width * scale) || null, height: Math.round(height * scale) || null, loading: "lazy" }),
  );
}

function file({ name, size }, url) {
  return h("a", { class: "file-link", href: url, download: name }, h("span", { class: "file-name" }, name), h("span", { class: "file-size" }, fileSize(size)));
}
