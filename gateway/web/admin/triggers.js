/** When a person is called: thresholds in plain words, and words added to the lists. What is left empty stays as shipped. */

import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { around, linesField, numberField } from "./fields.js";

const GROUPS = {
  ask: ["wants_human", "wants_human_with_intent", "intent_confidence"],
  mood: ["anger", "anger_with_words", "threat", "threat_with_words"],
  again: ["repeat_similarity", "repeat_overlap", "askings", "failures"],
  miss: ["misses", "vip_misses", "unanswered"],
};
const COUNTS = new Set(["askings", "failures", "misses", "vip_misses", "unanswered"]);
const LISTS = ["request", "threat", "sensitive", "anger", "failure", "repeat"];

export function triggersForm(document, places, { shipped }) {
  const values = Object.fromEntries(
    Object.keys(shipped).map((name) => [name, numberField(t(`adm.threshold.${name}`), document.thresholds[name], { step: COUNTS.has(name) ? 1 : "any", min: 0, placeholder: String(shipped[name]), hint: t("adm.shipped_value", { value: shipped[name] }) })]),
  );
  const told = new Set(Object.values(GROUPS).flat());
  const others = Object.keys(shipped).filter((name) => !told.has(name));
  const cards = [...Object.entries(GROUPS), ["other", others]].filter(([, names]) => names.length);
  const lists = LISTS.map((name) => ({
    name,
    words: linesField(t("adm.words"), document.words[name], { hint: t("adm.words_hint") }),
    never: linesField(t("adm.never"), document.never[name], { hint: t("adm.never_hint") }),
  }));
  const element = h(
    "div",
    {},
    cards.map(([name, names]) => h("fieldset", { class: "card" }, h("legend", {}, t(`adm.threshold_group.${name}`)), h("div", { class: "field-row" }, names.filter((one) => values[one]).map((one) => values[one].element)))),
    lists.map(({ name, words, never }) => h("fieldset", { class: "card" }, h("legend", {}, t(`adm.word_list.${name}`)), h("div", { class: "field-row two" }, words.element, never.element))),
  );
  const whole = around(element);
  const filled = (field) =>
    Object.fromEntries(
      lists
        .map((one) => [one.name, places.at(`${field}.${one.name}`, one[field])])
        .filter(([, words]) => words.length),
    );
  return {
    element,
    read() {
      places.at("document", whole);
      const set = Object.entries(values).map(([name, one]) => [name, places.at(`thresholds.${name}`, one)]);
      return { thresholds: Object.fromEntries(set.filter(([, value]) => value !== null)), words: filled("words"), never: filled("never") };
    },
  };
}
