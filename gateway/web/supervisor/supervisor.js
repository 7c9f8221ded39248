/** What a supervisor sees: how it stands, who has waited longest, who can help. All of it live. */

import "./texts.js";
import { h, reconcile } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { clock, stopwatch } from "../shared/time.js";
import { serverNow } from "../shared/wait_timer.js";
import { lateness } from "../console/limits.js";
import { customerName, reasonTag, timerOf } from "../console/list.js";
import { all } from "../console/state.js";
import { reassignActions } from "./reassign.js";

const EVERY_MS = 1000;

/** `open(case)` shows the chat. Returns `{element, render(state)}`. */
export function makeSupervisor(open) {
  const tiles = h("dl", { class: "tiles" });
  const rows = h("tbody");
  const chats = h("tbody");
  const left = h("tbody");
  const agents = h("tbody");
  const trouble = h("p", { class: "supervisor-trouble", role: "alert" });
  const refused = (event) => {
    trouble.textContent = event.detail;
  };
  const element = h(
    "main",
    { class: "supervisor", hidden: true, on: { refused, click: () => trouble.replaceChildren() } },
    tiles,
    trouble,
    h("section", { class: "panel" }, h("h2", {}, t("sup.queue")), table(["customer", "reason", "problem", "wait", "act"], rows)),
    h("section", { class: "panel" }, h("h2", {}, t("sup.chats")), table(["customer", "reason", "problem", "agent", "owed", "act"], chats)),
    h("section", { class: "panel" }, h("h2", {}, t("sup.left")), table(["customer", "reason", "message", "contact", "since", "act"], left)),
    h("section", { class: "panel" }, h("h2", {}, t("sup.agents")), table(["agent", "state", "load", "late", "groups", "heard"], agents)),
  );
  let state = null;

  const drawTiles = () => {
    if (!state || element.hidden) return;
    const now = serverNow();
    const waiting = state.queue;
    const oldest = Math.min(...waiting.map((item) => item.enqueued_ms));
    const free = state.agents.filter((agent) => agent.status === "ready").reduce((sum, agent) => sum + Math.max(0, agent.cap - agent.load), 0);
    const overdue = all(state).filter((item) => isOverdue(item, now)).length;
    const latest = waiting.map((item) => lateness(item, now));
    const level = ["overdue", "late"].find((one) => latest.includes(one)) ?? "fresh";
    reconcile(tiles, [
      tile("waiting", String(waiting.length)),
      tile("longest", waiting.length ? stopwatch(now - oldest) : "—", level),
      tile("free", String(free)),
      tile("overdue", String(overdue), overdue ? "overdue" : "fresh"),
    ]);
  };
  // What only time changes: the tiles at each tick, the agents' rows when somebody has become overdue.
  let overdueShown = "";
  const overdueText = () => state.agents.map((agent) => overdueOf(state, agent.agent_id)).join();
  setInterval(() => {
    drawTiles();
    if (state && !element.hidden && overdueText() !== overdueShown) render(state);
  }, EVERY_MS);

  const render = (next) => {
    state = next;
    if (element.hidden) return;
    drawTiles();
    const waiting = [...state.queue].sort((a, b) => a.enqueued_ms - b.enqueued_ms);
    const waitingRows = waiting.map((item) => rowOf(item, [[], timerOf({ ...item, state: "waiting" })], open, state.agents));
    reconcile(rows, waitingRows.length ? waitingRows : [emptyRow(t("list.empty.queue"))]);
    const owedFirst = [...state.others].sort((a, b) => (a.owed_since_ms || Infinity) - (b.owed_since_ms || Infinity));
    const nameOf = (id) => state.agents.find((agent) => agent.agent_id === id)?.display ?? id;
    const chatRows = owedFirst.map((item) => rowOf(item, [[h("td", {}, nameOf(item.agent_id))], timerOf(item) ?? "—"], open, state.agents));
    reconcile(chats, chatRows.length ? chatRows : [emptyRow(t("sup.no_chats"))]);
    const leftRows = state.left.map((item) => rowOf(item, [[h("td", {}, item.outcome?.contact || "—")], clock(item.enqueued_ms)], open, state.agents));
    reconcile(left, leftRows.length ? leftRows : [emptyRow(t("sup.no_left"))]);
    const people = state.agents.map((agent) => {
      const late = overdueOf(state, agent.agent_id);
      return { id: agent.agent_id, version: JSON.stringify(agent) + late, build: () => agentRow(agent, late) };
    });
    overdueShown = overdueText();
    reconcile(agents, people.length ? people : [emptyRow(t("sup.nobody"))]);
  };
  return { element, render };
}

const isOverdue = (item, now) => ["waiting", "offered", "active"].includes(item.state) && lateness(item, now) === "overdue";

const tile = (name, value, level = "fresh") => ({
  id: name,
  version: value + level,
  build: () => h("div", { class: "tile", data: { level, tile: name } }, h("dt", {}, t(`sup.${name}`)), h("dd", {}, value)),
});

function table(columns, body) {
  return h("table", {}, h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col" }, t(`sup.${name}`))))), body);
}

const emptyRow = (text) => ({ id: "empty", version: text, build: () => h("tr", {}, h("td", { class: "empty", colspan: 6 }, text)) });

/** `cells` stand before the `timer`. */
function rowOf(item, [cells, timer], open, agents) {
  const reassign = reassignActions(item, agents);
  const build = () =>
    h(
      "tr",
      { data: { case: item.case_id } },
      h("td", {}, customerName(item)),
      h("td", {}, reasonTag(item.reason)),
      h("td", { class: "wide" }, item.outcome?.message || item.problem || item.last_text),
      cells,
      h("td", {}, timer),
      h("td", { class: "acts" }, h("button", { class: "button", type: "button", on: { click: () => open(item) } }, t("sup.observe")), reassign.nodes),
    );
  return { id: item.case_id, version: JSON.stringify(item) + reassign.version, build };
}

const overdueOf = (state, id) => state.others.filter((item) => item.agent_id === id && isOverdue(item, serverNow())).length;

function agentRow(agent, late) {
  return h(
    "tr",
    {},
    h("td", {}, agent.display),
    h("td", {}, h("span", { class: "state", data: { status: agent.status } }, t(`status.${agent.status}`, {}, agent.status))),
    h("td", {}, `${agent.load} / ${agent.cap}`),
    h("td", {}, late ? h("span", { class: "late-count" }, t("sup.late_count", { n: late })) : "0"),
    h("td", {}, (agent.groups ?? []).join("，")),
    h("td", {}, agent.last_heard_ms ? clock(agent.last_heard_ms) : "—"),
  );
}
