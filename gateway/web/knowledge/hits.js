/** The hit test: what the chat would make of a question, and why. */

import { h } from "../shared/dom.js";
import { onEnter } from "../shared/enter.js";
import { renderMarkdown } from "../shared/markdown.js";
import { t } from "../shared/texts.js";
import { goldenDialog } from "./golden.js";
import { button, percent, slot } from "../shared/parts.js";
import { level } from "../shared/plots.js";

const number = (value) => value.toFixed(2);
/** Beginnings of the finder's own words for what decided, and the key of ours. */
const WHYS = [
  ["same words", "same"],
  ["two close rivals", "rivals"],
  ["vague", "vague"],
  ["nothing in common", "foreign"],
  ["no word", "wordless"],
  ["no candidate", "none"],
  ["choices together", "low"],
];

export function makeHits(tools) {
  const field = h("input", { class: "field", id: "hits-text", maxlength: 600, autocomplete: "off" });
  const channel = h("input", { class: "field", id: "hits-channel", value: "web", maxlength: 50 });
  const draftNote = h("p", { class: "hits-draft", hidden: true });
  const place = slot();
  const element = h(
    "main",
    { class: "view page hits" },
    h(
      "form",
      {
        class: "ask-row",
        on: {
          submit: (event) => {
            event.preventDefault();
            test();
          },
        },
      },
      h("div", { class: "ask-text" }, h("label", { class: "label", for: "hits-text" }, t("hits.ask")), field),
      h("div", { class: "ask-channel" }, h("label", { class: "label", for: "hits-channel" }, t("hits.channel")), channel),
      h("button", { class: "button primary", type: "submit" }, t("hits.go")),
    ),
    h("p", { class: "soft" }, t("hits.hint")),
    draftNote,
    place.element,
  );
  onEnter(field, () => test());
  let key = "";
  let asked = "";

  function test() {
    const text = field.value.trim();
    if (!text) return;
    asked = text;
    place.fill(() => tools.post("hits", { text, channel: channel.value.trim() || "web", keys: key ? [key] : [] }), draw, t("kb.scoring"));
  }

  function draw(found) {
    const { answer, clarify } = found.thresholds;
    return [
      h(
        "section",
        { class: "panel verdict-panel", data: { outcome: found.outcome } },
        h("h2", {}, t(`hits.${found.outcome}`)),
        h("p", {}, whyOf(found)),
        h("p", { class: "soft" }, `${t("hits.covered", { p: percent(found.covered) })} · ${t("hits.version", { version: found.version, ms: found.took_ms })}`),
        found.answer ? h("div", { class: "hits-answer" }, renderMarkdown(found.answer)) : null,
        h("p", {}, button(t("golden.nobody"), () => goldenDialog(tools, { text: asked, oos: true }), { class: "button plain" })),
      ),
      h("p", { class: "soft" }, t("hits.legend", { answer: percent(answer), clarify: percent(clarify) })),
      found.candidates.length ? h("ol", { class: "hit-list" }, found.candidates.map((one) => candidate(one, found.thresholds))) : h("p", {}, t("hits.none")),
    ];
  }

  function candidate(one, { answer, clarify }) {
    const reached = one.probability >= answer ? "answer" : one.probability >= clarify ? "clarify" : "miss";
    const words = { p: percent(one.probability), answer: percent(answer), clarify: percent(clarify) };
    const facts = [
      ["hits.dense", one.dense],
      ["hits.mean", one.measures.mean_wording],
      ["hits.answer_like", one.measures.answer],
      ["hits.lexical", one.lexical],
      ["hits.covers", one.measures.covered_whole],
      ["hits.gap", one.measures.largest_gap],
    ];
    const right = button(t("golden.right"), () => goldenDialog(tools, { text: asked, gold: [one.entry_id] }), {
      class: "button plain",
      "aria-label": t("golden.right_label", { question: one.question }),
    });
    return h(
      "li",
      { class: "hit", data: { entry: one.entry_id } },
      h("div", { class: "hit-level" }, h("b", {}, percent(one.probability)), level(one.probability, { label: t("hits.bar", words), lines: [clarify, answer], reached })),
      h(
        "div",
        { class: "hit-words" },
        h("p", {}, h("strong", {}, one.question), " ", h("a", { href: `#entries/${encodeURIComponent(one.entry_id)}` }, t("hits.edit")), " ", right),
        one.matched === one.question ? null : h("p", { class: "soft" }, t("hits.matched", { text: one.matched })),
        h("dl", { class: "hit-facts" }, facts.map(([name, value]) => h("div", {}, h("dt", {}, t(name)), h("dd", {}, number(value))))),
      ),
    );
  }

  return {
    element,
    /** `draft`: the key of a draft that is tried as if it were published. */
    show(draft) {
      key = draft;
      draftNote.hidden = !draft;
      draftNote.replaceChildren(t("hits.with_draft", { name: tools.titleOf(draft) }), " ", button(t("hits.without"), () => tools.go("hits"), { class: "button plain" }));
      tools.warm();
      field.focus();
      if (field.value.trim()) test();
    },
  };
}

function whyOf({ why }) {
  const known = WHYS.find(([beginning]) => why.startsWith(beginning));
  if (known) return t(`why.${known[1]}`);
  if (/^best [\d.]+ >=/.test(why)) return t("why.best");
  return /^best [\d.]+ </.test(why) ? t("why.unsure") : why;
}
