/** What a customer came with before: one line a case, and the log of each to read. */

import { h } from "../../shared/dom.js";
import { merge } from "../../shared/log.js";
import { t } from "../../shared/texts.js";
import { clock } from "../../shared/time.js";
import { makeThread } from "../thread.js";
import { Threads } from "../threads.js";

const OVER = new Set(["closed", "abandoned", "message_left"]);
// A log is read this far back for the beginning of a case; 200 entries a page.
const MOST_PAGES = 50;

/** The past cases of a card, the latest first. */
export function earlierConversations(card, actions) {
  const past = card.conversations.flatMap(({ conversation_id: id, current, cases }) => cases.filter((one) => OVER.has(one.state)).map((one) => ({ ...one, id, current })));
  past.sort((a, b) => b.enqueued_ms - a.enqueued_ms);
  return past.length ? past.map((one) => line(one, actions)) : h("p", { class: "quiet" }, t("past.none"));
}

function line(item, actions) {
  const { outcome } = item;
  const solved = typeof outcome.solved === "boolean" ? t(outcome.solved ? "brief.solved" : "brief.unsolved") : t(`case.${item.state}`, {}, item.state);
  const about = [outcome.reason || t(`reason.${item.reason}`, {}, item.reason), outcome.summary || outcome.text, solved].filter(Boolean).join(" · ");
  const from = [clock(item.enqueued_ms), item.agent_display ? t("past.by", { name: item.agent_display }) : "", item.current ? "" : t("past.elsewhere")].filter(Boolean).join(" · ");
  return h(
    "button",
    { class: "jump earlier-case", type: "button", "aria-label": t("past.open", { at: clock(item.enqueued_ms) }), on: { click: () => historyDialog(item, about, actions) } },
    h("span", { class: "quiet" }, from),
    h("span", { class: "context-line" }, about),
  );
}

/** The log of a conversation, from where the case began; nothing can be written here. */
export function historyDialog(item, about, actions) {
  const nameOf = (agentId) => actions.people().agents.find((agent) => agent.agent_id === agentId)?.display ?? (agentId === item.agent_id ? item.agent_display : agentId);
  const trouble = h("p", { class: "quiet", role: "status" }, t("thread.loading"));
  let entries = [];
  const draw = () => thread.render(entries, [], { id: item.id, hasEarlier: !log.isWhole(item.id) });
  const log = new Threads(
    (_, come) => {
      entries = merge(entries, come);
      draw();
    },
    () => {
      trouble.textContent = t("thread.failed");
    },
  );
  const nothing = () => {};
  const thread = makeThread({ retry: nothing, drop: nothing, toFaq: nothing, isMe: () => false, nameOf, earlier: () => log.earlier(item.id, entries[0].seq) });
  const dialog = h(
    "dialog",
    { class: "history-dialog", "aria-labelledby": "history-title" },
    h("h2", { class: "dialog-title", id: "history-title" }, t("past.dialog")),
    h("p", { class: "dialog-row" }, about),
    trouble,
    thread.element,
    h("div", { class: "dialog-actions" }, h("button", { class: "button", type: "button", on: { click: () => dialog.close() } }, t("help.close"))),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  readBackTo(item, log, () => entries).then((seq) => {
    if (entries.length) trouble.remove();
    if (seq) requestAnimationFrame(() => thread.jump(seq));
  });
}

/** Read the log until the beginning of the case is there; its number, or 0. */
async function readBackTo(item, log, entries) {
  const began = () => entries().find((entry) => entry.kind === "case" && entry.data.case_id === item.case_id)?.seq ?? 0;
  await log.newest(item.id);
  for (let page = 1; page < MOST_PAGES && entries().length && !began() && !log.isWhole(item.id); page += 1) {
    if (!(await log.earlier(item.id, entries()[0].seq))) break;
  }
  return began();
}
