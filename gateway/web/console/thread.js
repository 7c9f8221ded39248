/** The middle column's log: everything that happened, with the bot's turns explained. */

import { h, reconcile } from "../shared/dom.js";
import { filesView, wordsOf } from "../shared/files.js";
import { renderInline, renderMarkdown } from "../shared/markdown.js";
import { t } from "../shared/texts.js";
import { clock } from "../shared/time.js";
import { explanation, markedText, understandingOf } from "./explain.js";
import { LogWindow } from "./window.js";

const NEAR_BOTTOM_PIXELS = 80;
// Nearer than this to either end of what is in the page, more of the log is put there.
const SLIDE_PIXELS = 600;
const FLASH_MS = 1500;
const SAID_BY_NOTICE = new Set(["accept", "resolve", "abandon", "leave_message", "take_over"]);

/** `actions`: `{retry(key), drop(key), earlier(), nameOf(agentId), isMe(agentId), toFaq(entry)}`. Returns `{element, render(entries, pending, info), jump(seq)}`. */
export function makeThread(actions) {
  const list = h("div", { class: "entries" });
  const above = h("button", { class: "button plain earlier", type: "button", hidden: true, on: { click: actions.earlier } }, t("page.earlier"));
  const element = h("div", { class: "scroll", role: "log", "aria-live": "polite", "aria-label": t("thread.label"), tabindex: "0" }, above, list);
  const part = new LogWindow();
  const made = new WeakMap();
  let items = [];
  let follow = true;
  let shown = null;
  let hasEarlier = false;
  let sending = 0;
  element.addEventListener("scroll", () => {
    follow = part.isAtEnd && below() < NEAR_BOTTOM_PIXELS;
    slide();
  });
  const below = () => element.scrollHeight - element.scrollTop - element.clientHeight;
  /** Put more of the log into the page where its reader comes near an end of what is there. */
  const slide = () => {
    if (follow || element.hidden) return;
    if ((element.scrollTop < SLIDE_PIXELS && part.up()) || (below() < SLIDE_PIXELS && part.down())) draw();
  };
  const toBottom = () => {
    element.scrollTop = element.scrollHeight;
  };
  // What grows below the last line is followed; what the reader opens is not.
  const observer = new ResizeObserver(() => follow && toBottom());
  observer.observe(element);
  observer.observe(list);
  list.addEventListener("click", (event) => {
    if (event.target.closest("summary")) follow = false;
  });

  /** Draw the part of the log that is in the page; the line at the top of the view stays where it is. */
  const draw = () => {
    const top = element.getBoundingClientRect().top;
    const held = follow ? null : [...list.children].find((line) => line.getBoundingClientRect().bottom > top && line.dataset.seq);
    const before = held?.getBoundingClientRect().top;
    const [start, end] = part.range;
    above.hidden = !(hasEarlier && part.isAtStart);
    reconcile(list, items.slice(start, end));
    if (follow) toBottom();
    else if (held?.isConnected) element.scrollTop += held.getBoundingClientRect().top - before;
    slide();
  };

  const jump = (seq) => {
    if (!part.reach(`e${Number(seq)}`)) return;
    follow = false;
    draw();
    const target = list.querySelector(`[data-seq="${Number(seq)}"]`);
    target.scrollIntoView({ block: "center" });
    target.classList.add("flash");
    setTimeout(() => target.classList.remove("flash"), FLASH_MS);
    target.focus({ preventScroll: true });
  };

  /** `info`: `{id, hasEarlier}`; another `id` starts at the newest line again. */
  const render = (entries, pending, info) => {
    // Whoever writes wants to see what they wrote.
    if (pending.length > sending) follow = true;
    sending = pending.length;
    if (shown !== info.id) {
      shown = info.id;
      follow = true;
      part.clear();
      list.replaceChildren();
      list.keyed = new Map();
    }
    const urlOf = (id) => `/api/agent/conversations/${info.id}/attachments/${id}`;
    items = threadItems(entries, pending, { ...actions, jump, urlOf }, made);
    part.update(items.map((item) => item.id), follow);
    hasEarlier = info.hasEarlier;
    draw();
  };

  return { element, render, jump };
}

/** `made` keeps the item of each entry: an event changes few of thousands. An entry never changes; what was made of it may. */
function threadItems(entries, pending, actions, made) {
  const understood = new Map();
  const reactions = new Map();
  for (const entry of entries) {
    if (entry.kind === "annotation") understood.set(entry.data.about, entry);
    if (entry.kind === "feedback" && typeof entry.data.useful === "boolean") reactions.set(entry.data.about, entry.data.useful);
  }
  const items = [];
  for (const entry of entries) {
    const note = understood.get(entry.seq);
    const reaction = reactions.get(entry.seq);
    let held = made.get(entry);
    if (!held || held.note !== note || held.reaction !== reaction) {
      const build = viewOf(entry, note ? understandingOf(note) : null, reaction, actions);
      held = { note, reaction, item: build && { id: `e${entry.seq}`, version: `${note !== undefined}${reaction}`, build } };
      made.set(entry, held);
    }
    if (held.item) items.push(held.item);
  }
  for (const item of pending) {
    items.push({ id: `k${item.key}`, version: item.state + item.message, build: () => pendingView(item, actions) });
  }
  return items;
}

function viewOf(entry, known, reaction, actions) {
  switch (entry.kind) {
    case "message":
      if (entry.author === "customer") return () => customerView(entry, known, actions);
      if (entry.author === "bot") return () => botView(entry, reaction);
      if (entry.author === "agent") return () => agentView(entry, actions);
      return entry.text ? () => lineView(entry, entry.text) : null;
    case "note":
      return () => noteView(entry, actions);
    case "case":
      return caseWords(entry, actions.nameOf) ? () => lineView(entry, caseWords(entry, actions.nameOf)) : null;
    case "feedback":
      if (entry.data.what === "problem") return () => lineView(entry, t("kind.corrected", { text: entry.text }));
      return entry.data.score ? () => lineView(entry, [t("kind.rated", { score: entry.data.score }), entry.text].filter(Boolean).join("：")) : null;
    case "fenced":
      return () => frame(entry, "fenced", t("kind.fenced"), h("p", { class: "words" }, entry.text));
    default:
      return null;
  }
}

/** What happened to the case; nothing where a notice to the customer says it already. */
function caseWords(entry, nameOf) {
  const { verb, state, reason, why, agent_id: agentId } = entry.data;
  const words = t(`verb.${verb}`, { name: nameOf(agentId), reason: t(`reason.${reason}`, {}, reason) }, t(`case.${state}`, {}, state));
  // An agent's own reason is worth reading; the router's is for the log.
  return SAID_BY_NOTICE.has(verb) ? "" : [words, verb === "decline" ? why : ""].filter(Boolean).join("：");
}

/** `who` gives shape and side; `title` says it in words. */
function frame(entry, who, title, ...content) {
  return h(
    "article",
    { class: `turn turn-${who}`, data: { seq: entry.seq }, tabindex: "-1" },
    h("header", { class: "turn-head" }, h("span", { class: "turn-who" }, title), h("time", {}, clock(entry.at_ms))),
    h("div", { class: "turn-body" }, content),
  );
}

function customerView(entry, known, actions) {
  const words = wordsOf(entry);
  const view = frame(
    entry,
    "customer",
    t("kind.customer"),
    words ? h("p", { class: "words" }, markedText(words, known?.entities)) : null,
    filesView(entry.data?.attachments, actions.urlOf),
  );
  if (known) view.append(explanation(known, actions.jump));
  return view;
}

/** A note for colleagues, or a supervisor's whisper to the agent; who is called in it stands out. */
function noteView(entry, actions) {
  const kind = entry.data?.whisper ? "whisper" : "note";
  return frame(entry, kind, t(`kind.${kind}`, { name: actions.nameOf(entry.author_id) }), h("p", { class: "words" }, called(entry.text, (entry.data?.mentions ?? []).map(actions.nameOf))));
}

function called(text, names) {
  return text.split(/([@＠]\S+)/).map((part) => {
    const name = names.find((one) => part.slice(1).startsWith(one));
    return name && /^[@＠]/.test(part) ? [h("mark", {}, part.slice(0, name.length + 1)), part.slice(name.length + 1)] : part;
  });
}

function agentView(entry, actions) {
  const words = wordsOf(entry);
  const view = frame(entry, "agent", actions.nameOf(entry.author_id), words ? h("p", { class: "words" }, renderInline(words)) : null, filesView(entry.data?.attachments, actions.urlOf));
  if (words && actions.isMe(entry.author_id)) {
    view.querySelector(".turn-head").prepend(h("button", { class: "turn-act", type: "button", on: { click: () => actions.toFaq(entry) } }, t("faq.make")));
  }
  return view;
}

function botView(entry, reaction) {
  const data = entry.data ?? {};
  const view = frame(
    entry,
    "bot",
    t("kind.bot"),
    renderMarkdown(entry.text || data.answer?.text || ""),
    data.buttons?.length ? h("p", { class: "turn-buttons" }, data.buttons.map((button) => h("span", { class: "tag" }, button.title))) : null,
    data.answer ? h("p", { class: "turn-source" }, `${t("answer.source")}：${data.answer.question} · ${data.answer.entry_id}`) : null,
  );
  if (reaction !== undefined) {
    view.append(h("p", { class: "turn-reaction" }, h("span", { class: "tag" }, t(reaction ? "reaction.useful" : "reaction.useless"))));
  }
  return view;
}

const lineView = (entry, text) =>
  h("p", { class: "turn-line", data: { seq: entry.seq }, tabindex: "-1" }, h("span", {}, text), " ", h("time", {}, clock(entry.at_ms)));

function pendingView(item, actions) {
  return h(
    "article",
    { class: `turn turn-${item.kind ?? "agent"} ${item.state === "failed" ? "failed" : "pending"}` },
    h("header", { class: "turn-head" }, h("span", {}, t(item.state === "sent" ? "send.delivered" : `send.${item.state}`)), item.message),
    h("div", { class: "turn-body" }, item.text ? h("p", { class: "words" }, item.text) : null, filesView(item.attachments, actions.urlOf)),
    item.state === "failed"
      ? h(
          "p",
          {},
          h("button", { class: "button", type: "button", on: { click: () => actions.retry(item.key) } }, t("send.retry")),
          " ",
          h("button", { class: "button plain", type: "button", on: { click: () => actions.drop(item.key) } }, t("send.drop")),
        )
      : null,
  );
}
