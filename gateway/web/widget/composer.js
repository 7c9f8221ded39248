/** The customer's reply box: grows, counts near the limit, keeps an unsent draft over a reload. */

import { h } from "../shared/dom.js";
import { autosize, onEnter } from "../shared/enter.js";
import { keep, recall, tabOnly } from "../shared/storage.js";
import { Tray, acceptFiles } from "../shared/tray.js";
import { t } from "../shared/texts.js";

export const MAX_CHARACTERS = 2000;
const COUNT_FROM = 1800;
const MOST_PIXELS = 144;
const TYPING_EVERY_MS = 4000;
const DRAFT = "jiehua.draft";

/** Characters as the server counts them: code points, so that an emoji is one. */
const lengthOf = (text) => [...text].length;

/**
 * `say(text, attachments)` sends; `typing(on)` tells that the customer writes; `notice(text)` tells the customer;
 * `limits()` are those of files; files may be dropped onto `area`. Returns `{element, field, draft, clear}`.
 */
export function makeComposer({ say, typing, notice, limits, area }) {
  const tray = new Tray("customer", "/api/customer/attachments", limits);
  let whenUploaded = false;
  const field = h("textarea", {
    class: "reply",
    rows: 1,
    "aria-label": t("reply.label"),
    placeholder: t("reply.placeholder"),
    enterkeyhint: "send",
    "aria-describedby": "reply-count",
    value: recall(tabOnly, DRAFT, ""),
  });
  const count = h("span", { class: "count", id: "reply-count", "aria-live": "polite" });
  const button = h("button", { class: "button primary send", type: "submit" }, t("reply.send"));
  const fit = autosize(field, MOST_PIXELS);
  let toldMs = 0;

  const show = () => {
    const length = lengthOf(field.value);
    const over = length - MAX_CHARACTERS;
    count.textContent = over > 0 ? t("reply.over", { over }) : length >= COUNT_FROM ? t("reply.left", { left: -over }) : "";
    button.disabled = (!field.value.trim() && tray.isEmpty) || over > 0;
    field.setAttribute("aria-invalid", String(over > 0));
  };
  const clear = () => {
    field.value = "";
    keep(tabOnly, DRAFT, "");
    toldMs = 0;
    show();
    fit();
  };
  const send = () => {
    const text = field.value.trim();
    if ((!text && tray.isEmpty) || lengthOf(text) > MAX_CHARACTERS) return;
    whenUploaded = tray.isUploading;
    if (whenUploaded) notice(t("file.then_sent"));
    else if (!tray.isReady) notice(t("file.first_mend"));
    else {
      clear();
      say(text, tray.take());
    }
  };
  const files = acceptFiles({ field, area, add: (chosen) => notice(tray.add(chosen)) });
  tray.addEventListener("change", () => {
    show();
    if (whenUploaded && !tray.isUploading) send();
  });
  field.addEventListener("input", () => {
    show();
    keep(tabOnly, DRAFT, field.value);
    const nowMs = Date.now();
    if (nowMs - toldMs > TYPING_EVERY_MS || !field.value) {
      toldMs = field.value ? nowMs : 0;
      typing(Boolean(field.value));
    }
  });
  onEnter(field, send);
  show();
  requestAnimationFrame(fit);
  const element = h(
    "form",
    {
      class: "composer",
      on: {
        submit: (event) => {
          event.preventDefault();
          send();
          field.focus();
        },
      },
    },
    files.button,
    files.input,
    field,
    count,
    button,
  );
  const whole = h("div", { class: "composing" }, tray.element, element);
  return { element: whole, field, clear, draft: () => field.value.trim() };
}
