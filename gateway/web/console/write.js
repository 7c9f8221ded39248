/** The agent's writing box: a reply to the customer, or a note that only colleagues see. */

import { h } from "../shared/dom.js";
import { autosize, onEnter } from "../shared/enter.js";
import { keep, recall, tabOnly } from "../shared/storage.js";
import { t } from "../shared/texts.js";
import { Tray, acceptFiles } from "../shared/tray.js";
import { fill, unfilled } from "./canned.js";
import { cannedDialog } from "./canned_dialog.js";
import { entityName } from "./explain.js";
import { makeMenu } from "./menu.js";

// To the customer; to all colleagues; from a supervisor to the agent alone.
const MODES = ["reply", "note", "whisper"];
const MAX_CHARACTERS = 2000;
const MOST_PIXELS = 200;
const MOST_SHOWN = 50;
// Other channels take words only.
const WEB = "web:";
const TYPING_EVERY_MS = 4000;
// An agent who asks for what the customer has already given makes them say it twice.
const ASKS_FOR = { order_number: /订单号|单号/, phone: /手机号|电话|联系方式/ };

/** `actions`: `{say(text, attachments), note(text), typing(on), notice(text), limits(), area, canned, me,
 * whisper(text), viewing(typing), colleagues()}`. Returns `{element, open(context), focus(mode), insert(text)}`. */
export function makeWriter(actions) {
  let mode = "reply";
  let context = { id: "", canReply: false, known: {}, entities: [], blocked: "" };
  let toldMs = 0;
  const field = h("textarea", { class: "write-field", rows: 2, maxlength: MAX_CHARACTERS });
  const hint = h("p", { class: "write-hint", role: "status" });
  const send = h("button", { class: "button primary", type: "submit" });
  const modes = MODES.map((name) => h("button", { class: "tab", type: "button", data: { mode: name }, on: { click: () => set(name) } }, t(`write.${name}`)));
  const trays = new Map();
  const trayBox = h("div", { class: "tray-box" });
  let whenUploaded = false;
  const fit = autosize(field, MOST_PIXELS);
  const submit = () => {
    const text = field.value.trim();
    if (mode === "reply" ? !context.canReply || (!text && tray().isEmpty) : !text) return;
    if (mode === "note") actions.note(text);
    else if (mode === "whisper") actions.whisper(text);
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
    showMenus();
    const nowMs = Date.now();
    if (nowMs - toldMs > TYPING_EVERY_MS || !field.value) {
      if (field.value || toldMs) tellTyping(Boolean(field.value));
      toldMs = field.value ? nowMs : 0;
    }
  };
  /** The customer sees that a reply is being written; colleagues see that anything is. */
  const tellTyping = (on) => {
    actions.viewing(on);
    if (mode === "reply" && context.canReply) actions.typing(on);
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

  // --- "/" at the start of a reply opens the canned ones, "@" in a note the colleagues.
  const put = (text) => {
    setText(text);
    field.focus();
  };
  const cannedItems = () => {
    const typed = mode === "reply" ? /^\/(\S*)$/.exec(field.value) : null;
    if (!typed) return null;
    actions.canned.refresh();
    return actions.canned
      .search(typed[1])
      .slice(0, MOST_SHOWN)
      .map(({ name, text, initials, shared }) => ({
        content: [h("b", {}, name), h("kbd", {}, initials), shared ? null : h("span", { class: "tag quiet" }, t("canned.own")), h("span", { class: "canned-text" }, fill(text, context.known))],
        take: () => put(fill(text, context.known)),
      }));
  };
  const colleagueItems = () => {
    const typed = mode === "note" ? /[@＠]([^@＠\s]*)$/.exec(field.value.slice(0, field.selectionStart)) : null;
    if (!typed) return null;
    const fitting = actions.colleagues().filter(({ display, agent_id: name }) => `${display} ${name}`.toLowerCase().includes(typed[1].toLowerCase()));
    if (!fitting.length || fitting.some(({ display }) => display === typed[1])) return null;
    return fitting.slice(0, MOST_SHOWN).map(({ display, agent_id: name }) => ({
      content: [h("b", {}, display), h("span", { class: "quiet" }, name)],
      take: () => put(`${field.value.slice(0, typed.index)}@${display} ${field.value.slice(field.selectionStart)}`),
    }));
  };
  const foot = h(
    "p",
    { class: "canned-foot" },
    h("span", { class: "quiet" }, t("canned.hint")),
    h("button", { class: "button plain small", type: "button", on: { click: () => cannedDialog(actions.canned, actions.me) } }, t("canned.manage")),
  );
  const menus = [
    makeMenu(field, { id: "canned", label: t("canned.title"), none: t("canned.none"), find: cannedItems, foot }),
    makeMenu(field, { id: "colleagues", label: t("mention.colleagues"), none: "", find: colleagueItems, foot: null }),
  ];
  const showMenus = () => menus.forEach((menu) => menu.show());
  actions.canned.addEventListener("change", showMenus);
  element.prepend(...menus.map((menu) => menu.element));
  onEnter(field, submit);
  field.addEventListener("input", changed);

  const set = (name) => {
    mode = name;
    for (const button of modes) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    element.dataset.mode = mode;
    field.placeholder = t(`write.${mode}_placeholder`);
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
    modes[2].hidden = !context.canWhisper;
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
        set(context.canWhisper ? "whisper" : "reply");
      } else if (mode === "whisper" && !context.canWhisper) {
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
