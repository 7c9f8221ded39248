/** The left column: my chats, the queue, all; each with the wait that runs. */

import { h, reconcile } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import "../shared/wait_timer.js";
import { limitsOf } from "./limits.js";
import { all, mine } from "./state.js";

const TABS = ["mine", "queue", "all"];

/** `open(case)` is called when one is chosen. Returns `{element, render(state, openId), order(state)}`. */
export function makeList(open) {
  let tab = "mine";
  let last = null;
  const buttons = TABS.map((name) =>
    h("button", { class: "tab", type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "chat-list", on: { click: () => show(name) } }),
  );
  const list = h("ul");
  const panel = h("div", { class: "chats", id: "chat-list", role: "tabpanel", "aria-label": t("list.label") }, list);
  const element = h("nav", { class: "column list", "aria-label": t("list.label") }, h("div", { class: "tabs", role: "tablist" }, buttons), panel);

  const order = (state) => (tab === "mine" ? mine(state) : tab === "queue" ? state.queue : all(state));

  function show(name) {
    tab = name;
    if (last) render(...last);
  }

  function render(state, openId) {
    last = [state, openId];
    const counts = { mine: mine(state).length, queue: state.queue.length, all: all(state).length };
    TABS.forEach((name, at) => {
      buttons[at].textContent = `${t(`desk.${name}`)} ${counts[name] || ""}`.trim();
      buttons[at].setAttribute("aria-selected", String(name === tab));
    });
    const items = order(state).map((item) => ({
      id: item.case_id,
      version: JSON.stringify(item) + (item.conversation_id === openId),
      build: () => row(item, item.conversation_id === openId, open),
    }));
    const empty = { id: "empty", version: tab, build: () => h("li", { class: "empty" }, t(`list.empty.${tab}`)) };
    reconcile(list, items.length ? items : [empty]);
  }

  return { element, render, order, show };
}

/** The wait that matters for a case: its deadline, the answer owed, or the time in the queue; null when none. */
export function timerOf(item) {
  if (item.state === "offered" && item.offer_deadline_ms) return h("wait-timer", { until: item.offer_deadline_ms });
  if (item.state === "active" || item.state === "wrap_up") {
    return item.owed_since_ms ? h("wait-timer", { since: item.owed_since_ms, ...limitsOf(item) }) : null;
  }
  return item.state === "waiting" || item.state === "offered" ? h("wait-timer", { since: item.enqueued_ms, ...limitsOf(item) }) : null;
}

/** What a customer is called here: their name, or a short mark for a visitor without one. */
export function customerName(item) {
  const given = item.customer || item.conversation_id;
  const visitor = /^(?:web|c)[:-](.+)$/.exec(given);
  return visitor || !item.customer ? t("case.visitor", { id: (visitor?.[1] ?? given).replace(/[-_]/g, "").slice(0, 4) }) : given;
}

export const reasonTag = (reason) => h("span", { class: "tag" }, t(`reason.${reason}`, {}, reason));

function row(item, isOpen, open) {
  // A notice of our own tells nothing: then, and before a person is there, the problem stands here.
  const waits = item.problem && (item.state === "waiting" || item.state === "offered" || item.last_author === "system");
  const from = waits ? "" : item.last_author === "agent" ? t("list.from.agent") : item.last_author === "bot" ? t("list.from.bot") : "";
  return h(
    "li",
    {},
    h(
      "button",
      { class: "chat", type: "button", "aria-current": isOpen ? "true" : null, data: { case: item.case_id, state: item.state }, on: { click: () => open(item) } },
      h("span", { class: "chat-top" }, h("strong", { class: "chat-name" }, customerName(item)), timerOf(item)),
      h("span", { class: "chat-last" }, from, waits ? item.problem : item.last_text || item.problem),
      h("span", { class: "chat-tags" }, reasonTag(item.reason), h("span", { class: "tag quiet" }, t(`case.${item.state}`))),
    ),
  );
}
