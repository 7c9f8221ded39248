/** One line of the conversation as the customer sees it: customer, bot, person and system each in its own shape. */

import { h } from "../shared/dom.js";
import { filesView, wordsOf } from "../shared/files.js";
import { imageNode, renderInline, renderMarkdown } from "../shared/markdown.js";
import { t } from "../shared/texts.js";
import { clock } from "../shared/time.js";

// Silence longer than this gets the time written above the next line.
const PAUSE_MS = 10 * 60_000;

/**
 * The items of the log for `reconcile`.
 *
 * `votes` maps a sequence number to true (有用) or false, `wishes` to whether the customer wants to be told;
 * `actions` are `{vote, wish, choose, retry, drop}`.
 */
export function logItems(entries, pending, { votes, wishes }, actions) {
  const items = [];
  const lastSaid = entries.findLast((entry) => entry.author === "customer")?.seq ?? 0;
  let before = 0;
  for (const entry of entries) {
    const build = viewOf(entry, { vote: votes[entry.seq], wish: wishes[entry.seq], fresh: entry.seq > lastSaid, actions });
    if (!build) continue;
    if (entry.at_ms - before > PAUSE_MS) items.push(timeItem(entry.seq, entry.at_ms));
    before = entry.at_ms;
    const version = `${votes[entry.seq] ?? ""}|${wishes[entry.seq] ?? ""}|${hasButtons(entry) ? entry.seq > lastSaid : ""}`;
    items.push({ id: `e${entry.seq}`, version, build });
  }
  for (const item of pending) {
    items.push({ id: `k${item.key}`, version: item.state + item.message, build: () => pendingView(item, actions) });
  }
  return items;
}

function viewOf(entry, context) {
  if (entry.kind !== "message") return null;
  if (entry.author === "customer") return () => customerView(wordsOf(entry), entry.data?.attachments, statusText("delivered"));
  if (entry.author === "agent") return () => agentView(entry);
  if (entry.author === "system") return entry.text ? () => systemView(entry) : null;
  return () => botView(entry, context);
}

const timeItem = (seq, atMs) => ({
  id: `t${seq}`,
  version: clock(atMs),
  build: () => h("p", { class: "line time" }, h("time", { datetime: new Date(atMs).toISOString() }, clock(atMs))),
});

const systemView = (entry) => h("p", { class: "line system", data: { notice: entry.data?.notice ?? "" } }, h("span", {}, entry.text));

const urlOf = (id) => `/api/customer/attachments/${id}`;

function customerView(text, attachments, status) {
  return h(
    "article",
    { class: "said by-customer" },
    h("span", { class: "unseen" }, t("author.you")),
    h("div", { class: "bubble" }, text ? h("p", { class: "words" }, text) : null, filesView(attachments, urlOf)),
    h("div", { class: "status" }, status),
  );
}

const statusText = (state) => h("span", { data: { state } }, t(`send.${state}`));

function pendingView(item, actions) {
  const view = customerView(item.text, item.attachments, [
    statusText(item.state === "sent" ? "delivered" : item.state),
    item.message ? h("span", {}, ` · ${item.message}`) : null,
    item.state === "failed"
      ? [
          h("button", { class: "link", type: "button", on: { click: () => actions.retry(item.key) } }, t("send.retry")),
          h("button", { class: "link", type: "button", on: { click: () => actions.drop(item.key) } }, t("send.drop")),
        ]
      : null,
  ]);
  view.classList.add(item.state === "failed" ? "failed" : "pending");
  return view;
}

function agentView(entry) {
  const name = entry.author_id || t("author.agent");
  return h(
    "article",
    { class: "said by-agent" },
    h("div", { class: "avatar", "aria-hidden": "true" }, [...name][0]),
    h("div", { class: "author" }, t("author.agent_named", { name })),
    h("div", { class: "bubble" }, wordsOf(entry) ? h("p", { class: "words" }, renderInline(entry.text)) : null, filesView(entry.data?.attachments, urlOf)),
  );
}

function botView(entry, { vote, wish, fresh, actions }) {
  const data = entry.data ?? {};
  return h(
    "article",
    { class: "said by-bot", data: { seq: entry.seq, kind: data.kind || "text" } },
    h("div", { class: "avatar", "aria-hidden": "true" }, t("author.bot_mark")),
    h("div", { class: "author" }, t("author.bot")),
    h(
      "div",
      { class: "bubble" },
      renderMarkdown(entry.text || data.answer?.text || ""),
      data.image ? imageNode("", data.image) : null,
      data.answer ? sourceLine(data.answer) : null,
    ),
    data.buttons?.length ? choices(data, fresh, actions) : null,
    data.answer ? votesView(entry.seq, vote, actions) : null,
    // Told once is told: there is nothing to wish for at the answer that grants a wish.
    (data.kind === "miss" || vote === false) && !data.told ? wishView(entry.seq, wish, actions) : null,
  );
}

/** 「有答案了告诉我」 under a reply that did not help; pressed again it is taken back. */
function wishView(seq, wish, actions) {
  if (wish === "told") return h("p", { class: "voted" }, t("wish.told"));
  const press = (wanted, text, kind) => h("button", { class: kind, type: "button", on: { click: () => actions.wish(seq, wanted) } }, text);
  return wish
    ? h("p", { class: "voted" }, t("wish.made"), " ", press(false, t("wish.unmake"), "link"))
    : h("div", { class: "wish" }, press(true, t("wish.make"), "vote"));
}

const hasButtons = (entry) => Boolean(entry.data?.buttons?.length);

function sourceLine(answer) {
  const parts = [answer.question, answer.category, answer.updated ? t("answer.updated", { date: answer.updated }) : ""];
  return h("p", { class: "source" }, h("span", { class: "tag" }, t("answer.source")), parts.filter(Boolean).join(" · "));
}

function choices(data, fresh, actions) {
  const buttons = [...data.buttons];
  if (data.kind === "clarify" && !buttons.some((button) => button.title === t("choice.none"))) {
    buttons.push({ title: t("choice.none"), choice: null });
  }
  return h(
    "div",
    { class: "choices", role: "group", "aria-label": t("choice.group") },
    buttons.map((button) =>
      h(
        "button",
        { class: "chip", type: "button", disabled: !fresh, on: { click: () => actions.choose(button) } },
        button.title,
      ),
    ),
  );
}

function votesView(seq, vote, actions) {
  if (vote !== undefined) return h("p", { class: "voted" }, t(vote ? "vote.thanks_useful" : "vote.thanks_useless"));
  const button = (useful, text) =>
    h("button", { class: "vote", type: "button", on: { click: () => actions.vote(seq, useful) } }, text);
  return h(
    "div",
    { class: "votes", role: "group", "aria-label": t("vote.group") },
    button(true, t("vote.useful")),
    button(false, t("vote.useless")),
  );
}
