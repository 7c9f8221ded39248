/**
 * The right column in three parts: the brief, every line a way to its message, and what helps to answer; who the
 * customer is; what is owed to them.
 */

import { h } from "../shared/dom.js";
import { plainText } from "../shared/markdown.js";
import { t } from "../shared/texts.js";
import { clock } from "../shared/time.js";
import { entityName, moodLevel, moodWords } from "./explain.js";
import { reasonTag } from "./list.js";
import { nameOf } from "./records/names.js";
import { makeProfile } from "./records/profile.js";
import { isOpen, makeTickets } from "./records/tickets.js";
import "./records/texts.js";

const PARTS = ["brief", "customer", "tickets"];

/**
 * `actions`: `{jump(seq), insert(text), copied()}`, and those of the profile.
 *
 * Returns `{element, render(view | null, held)}`; `held` is the customer's record as CustomerCards gives it, or null.
 */
export function makeContext(actions) {
  const panels = {
    brief: makeBrief(actions),
    customer: makeProfile(actions),
    tickets: makeTickets(actions),
  };
  const tabs = PARTS.map((name) =>
    h("button", { class: "tab", type: "button", role: "tab", id: `context-tab-${name}`, "aria-controls": `context-${name}`, on: { click: () => show(name) } }, t(`context.${name}`)),
  );
  for (const name of PARTS) {
    panels[name].element.className = "context-panel";
    panels[name].element.id = `context-${name}`;
    panels[name].element.setAttribute("role", "tabpanel");
    panels[name].element.setAttribute("aria-labelledby", `context-tab-${name}`);
    panels[name].element.tabIndex = 0;
  }
  const strip = h("div", { class: "context-strip" });
  const list = h("div", { class: "tabs", role: "tablist", "aria-label": t("context.tabs") }, tabs);
  const element = h("aside", { class: "column context", "aria-label": t("brief.title") }, strip, list, PARTS.map((name) => panels[name].element));
  const show = (chosen) => {
    PARTS.forEach((name, at) => {
      tabs[at].setAttribute("aria-selected", String(name === chosen));
      panels[name].element.hidden = name !== chosen;
    });
  };
  let stripDrawn = "";
  const render = (view, held) => {
    list.hidden = !view;
    const card = held?.card ?? null;
    const open = card?.tickets.filter(isOpen) ?? [];
    const words = open.length ? t("context.open_tickets", { n: open.length }) : t("context.tickets");
    if (tabs[2].textContent !== words) tabs[2].textContent = words;
    tabs[2].dataset.level = open.some((one) => one.overdue) ? "overdue" : "";
    const version = JSON.stringify(card && view && [card.display, card.tags, card.owner_display]);
    if (version !== stripDrawn) {
      stripDrawn = version;
      strip.replaceChildren(...(card && view ? stripOf(card) : []));
    }
    panels.brief.render(view);
    panels.customer.render(view ? held : null);
    panels.tickets.render(view ? held : null);
  };
  show(PARTS[0]);
  return { element, render };
}

/** What an agent should know of the customer at a glance: name, tags, whose customer it is. */
function stripOf(card) {
  const owner = card.owner_display ? h("span", { class: "quiet" }, `${t("profile.owner")}：${card.owner_display}`) : null;
  return card.display || card.tags.length || owner ? [h("b", {}, nameOf(card)), ...card.tags.map((tag) => h("span", { class: "tag" }, tag)), owner].filter(Boolean) : [];
}

/** The brief. Returns `{element, render(view | null)}`. */
function makeBrief(actions) {
  const element = h("div", {});
  let drawn = "";
  const render = (view) => {
    // Rebuilt only when its content changes, so that nothing moves under the pointer.
    const version = JSON.stringify(view);
    if (version === drawn) return;
    drawn = version;
    element.replaceChildren(...(view ? sections(view, actions) : []));
  };
  return { element, render };
}

function sections(view, actions) {
  return [
    section(
      t("brief.problem"),
      line(view.problem.text || t("brief.no_problem"), view.problem.seq, actions, "problem"),
      view.corrected ? h("p", { class: "quiet" }, t("brief.corrected")) : null,
    ),
    view.notes.length ? section(t("brief.note"), view.notes.map((note) => h("p", { class: "context-note" }, note))) : null,
    section(
      t("brief.reason"),
      h("p", {}, reasonTag(view.reason)),
      view.evidence.map((piece) => line(piece.text, piece.seq, actions)),
    ),
    view.moods.length ? section(t("brief.mood"), moodBars(view.moods, actions)) : null,
    view.entities.length ? section(t("brief.entities"), view.entities.map((entity) => entityLine(entity, actions))) : null,
    section(t("brief.suggested"), suggestions(view.suggested, actions)),
    view.promises.length ? section(t("brief.promises"), view.promises.map((promise) => line(promise.text, promise.seq, actions))) : null,
    section(t("brief.earlier"), view.earlier.length ? view.earlier.map(earlierLine) : h("p", { class: "quiet" }, t("brief.none_earlier"))),
  ].filter(Boolean);
}

const section = (title, ...content) => h("section", { class: "context-part" }, h("h3", {}, title), content);

function line(text, seq, actions, kind = "") {
  if (!seq) return h("p", { class: `context-line ${kind}` }, text);
  return h("button", { class: `jump context-line ${kind}`, type: "button", data: { jump: seq }, on: { click: () => actions.jump(seq) } }, text);
}

function moodBars(moods, actions) {
  return h(
    "div",
    { class: "moods" },
    moods.map(({ seq, sentiment }) => {
      const words = t("brief.mood_turn", { seq, label: t(`sentiment.${sentiment.label}`, {}, sentiment.label), anger: sentiment.anger.toFixed(1) });
      return h(
        "button",
        { class: `mood mood-${moodLevel(sentiment)}`, type: "button", title: words, "aria-label": words, data: { label: sentiment.label }, on: { click: () => actions.jump(seq) } },
        h("span", {}),
      );
    }),
    h("p", { class: "quiet" }, moodWords(moods[moods.length - 1].sentiment)),
  );
}

function entityLine(entity, actions) {
  const copy = async () => {
    await navigator.clipboard?.writeText(entity.value).catch(() => {});
    actions.copied();
  };
  return h(
    "p",
    { class: "entity" },
    h("span", { class: "quiet" }, entityName(entity.name)),
    line(entity.value, entity.seq, actions),
    h("button", { class: "button plain small", type: "button", on: { click: copy } }, t("brief.copy")),
  );
}

function suggestions(list, actions) {
  if (!list.length) return h("p", { class: "quiet" }, t("brief.no_suggestion"));
  return list.map((item, at) =>
    h(
      "div",
      { class: "suggestion" },
      h("p", { class: "suggestion-head" }, item.text ? h("kbd", {}, `Alt+${at + 1}`) : null, h("b", {}, item.question), h("span", { class: "quiet" }, `${Math.round(item.probability * 100)}%`)),
      item.text ? h("p", { class: "suggestion-text" }, plainText(item.text)) : null,
      item.text ? h("button", { class: "button small", type: "button", on: { click: () => actions.insert(plainText(item.text)) } }, t("brief.insert")) : null,
    ),
  );
}

function earlierLine({ closed_ms: closedMs, state, reason, outcome = {} }) {
  const solved = typeof outcome.solved === "boolean" ? t(outcome.solved ? "brief.solved" : "brief.unsolved") : t(`case.${state}`, {}, state);
  const parts = [closedMs ? clock(closedMs) : "", outcome.reason || t(`reason.${reason}`, {}, reason), outcome.summary, solved];
  return h("p", { class: "context-line" }, parts.filter(Boolean).join(" · "));
}
