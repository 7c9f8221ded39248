/** The agent's writing box: a reply to the customer, or a note that only colleagues see. */

import { h } from "../shared/dom.js";
import { autosize, onEnter } from "../shared/enter.js";
import { keep, recall, tabOnly } from "../shared/storage.js";
import { t } from "../shared/texts.js";
import { Tray, acceptFiles } from "../shared/tray.js";
import { unfilled } from "./canned.js";
import { cannedDialog } from "./canned_dialog.js";
import { makeCannedMenu } from "./canned_menu.js";
import { entityName } from "./explain.js";

const MAX_CHARACTERS = 2000;
const MOST_PIXELS = 200;
// Other channels take words only.
const WEB = "web:";
const TYPING_EVERY_MS = 4000;
// An agent who asks for what the customer has already given makes them say it twice.
const ASKS_FOR = { order_number: /订单号|单号/, phone: /手机号|电话|联系方式/ };

/** `actions`: `{say(text, attachments), note(text), typing(on), notice(text), limits(), area, canned, me}`. Returns `{element, open(context), focus(mode), insert(text)}`. */
export function makeWriter(actions) {
  let mode = "reply";
  let context = { id: "", canReply: false, known: {}, entities: [], blocked: "" };
  let toldMs = 0;
  const field = h("textarea", { class: "write-field", rows: 2, maxlength: MAX_CHARACTERS });
  const hint = h("p", { class: "write-hint", role: "status" });
  const send = h("button", { class: "button primary", type: "submit" });
  const modes = ["reply", "note"].map((name) => h("button", { class: "tab", type: "button", data: { mode: name }, on: { click: () => set(name) } }, t(`write.${name}`)));
  const trays = new Map();
  const trayBox = h("div", { class: "tray-box" });
  let whenUploaded = false;
  const fit = autosize(field, MOST_PIXELS);
  const submit = () => {
    const text = field.value.trim();
    if (mode === "note" ? !text : !context.canReply || (!text && tray().isEmpty)) return;
    if (mode === "note") actions.note(text);
    else {
      // Nobody should read a variable that was meant to be filled.
      if (unfilled(text)) return void actions.notice(t("write.unfilled", { variable: unfilled(text) }));
      whenUploaded = tray().isUploading;
      if (!tray().isReady) return void actions.notice(t(whenUploaded ? "file.then_sent" : "file.first_mend"));
      actions.say(text, tray().take());
    }
    setText("");
    toldMs = 0;
  };
  // --- files: a tray for each conversation, for one may be left while a file is on its way.
  const tray = () => {
    const { id } = context;
    if (!trays.has(id)) {
      const made = new Tray(id, `/api/agent/conversations/${id}/attachments`, actions.limits);
      made.addEventListener("change", () => {
        if (id !== context.id) return;
        allow();
        if (whenUploaded && !made.isUploading) submit();
      });
      trays.set(id, made);
    }
    return trays.get(id);
  };
  const takesFiles = () => mode === "reply" && context.canReply && context.id.startsWith(WEB);
  const files = acceptFiles({ field, area: actions.area, add: (chosen) => takesFiles() && actions.notice(tray().add(chosen)) });
  const element = h(
    "form",
    {
      class: "write",
      on: {
        submit: (event) => {
          event.preventDefault();
          submit();
        },
      },
    },
    h("div", { class: "write-modes" }, modes, hint),
    trayBox,
    h("div", { class: "write-line" }, files.button, files.input, field, send),
  );

  const draftName = () => `jiehua.draft.${context.id}.${mode}`;
  const setText = (text) => {
    field.value = text;
    fit();
    changed();
  };
  const changed = () => {
    keep(tabOnly, draftName(), field.value);
    hint.textContent = advice();
    menu.show();
    if (mode !== "reply" || !context.canReply) return;
    const nowMs = Date.now();
    if (nowMs - toldMs > TYPING_EVERY_MS || !field.value) {
      if (field.value || toldMs) actions.typing(Boolean(field.value));
      toldMs = field.value ? nowMs : 0;
    }
  };
  const advice = () => {
    if (mode === "reply" && context.blocked) return context.blocked;
    if (mode === "reply" && unfilled(field.value)) return t("write.unfilled", { variable: unfilled(field.value) });
    for (const [name, asked] of Object.entries(ASKS_FOR)) {
      const given = context.entities.find((entity) => entity.name === name);
      const quoted = given && field.value.includes(given.value);
      if (mode === "reply" && given && !quoted && asked.test(field.value) && /[?？吗]|提供|告诉|多少/.test(field.value)) {
        return t("write.known", { name: entityName(name), value: given.value });
      }
    }
    return "";
  };

  const menu = makeCannedMenu({
    field,
    canned: actions.canned,
    known: () => context.known,
    isOn: () => mode === "reply",
    manage: () => cannedDialog(actions.canned, actions.me),
    take: (text) => {
      setText(text);
      field.focus();
    },
  });
  element.prepend(menu.element);
  onEnter(field, submit);
  field.addEventListener("input", changed);

  const set = (name) => {
    mode = name;
    for (const button of modes) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    element.dataset.mode = mode;
    field.placeholder = t(mode === "note" ? "write.note_placeholder" : "write.reply_placeholder");
    field.setAttribute("aria-label", t(`write.${mode}`));
    send.textContent = t(mode === "note" ? "write.save_note" : "write.send");
    field.value = recall(tabOnly, draftName(), "");
    toldMs = 0;
    fit();
    allow();
  };
  const allow = () => {
    // Before an offer is taken a reply may be prepared, not sent.
    field.disabled = mode === "reply" && !context.canReply && !context.canPrepare;
    send.disabled = mode === "reply" && !context.canReply;
    files.button.disabled = !takesFiles();
    trayBox.hidden = mode !== "reply";
    hint.textContent = advice();
  };

  return {
    element,
    /** `next`: `{id, canReply, canPrepare, blocked, known: {"agent.name", order_number…}, entities}`. */
    open(next) {
      const other = next.id !== context.id;
      context = next;
      if (other) {
        whenUploaded = false;
        trayBox.replaceChildren(tray().element);
        set("reply");
      }
      else allow();
    },
    focus(name) {
      if (name !== mode) set(name);
      field.focus();
    },
    insert(text) {
      if (mode !== "reply") set("reply");
      setText(field.value ? `${field.value}\n${text}` : text);
      field.focus();
    },
  };
}
