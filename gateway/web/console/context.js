/** The right column: the brief on top, every line a way to its message; then what helps to answer. */

import { h } from "../shared/dom.js";
import { plainText } from "../shared/markdown.js";
import { t } from "../shared/texts.js";
import { clock } from "../shared/time.js";
import { entityName, moodLevel, moodWords } from "./explain.js";
import { reasonTag } from "./list.js";

/** `actions`: `{jump(seq), insert(text), copied()}`. Returns `{element, render(view | null, state)}`. */
export function makeContext(actions) {
  const element = h("aside", { class: "column context", "aria-label": t("brief.title") });
  let drawn = "";
  const render = (view, trouble = "") => {
    // Rebuilt only when its content changes, so that nothing moves under the pointer.
    const version = JSON.stringify([view, trouble]);
    if (version === drawn) return;
    drawn = version;
    element.replaceChildren(...(view ? sections(view, trouble, actions) : []));
  };
  return { element, render };
}

function sections(view, trouble, actions) {
  return [
    trouble ? h("p", { class: "context-trouble", role: "status" }, trouble) : null,
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
