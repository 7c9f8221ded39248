/** Service targets: how soon a person answers, in business time. */

import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { around, choiceField, numberField, rowList, secondsField } from "./fields.js";
import { groupOptions } from "./options.js";

export function targetsForm(document, places, { groups }) {
  const standard = target(document.standard);
  const warn = numberField(t("adm.warn"), document.warn_percent, { min: 1, max: 100, hint: t("adm.warn_hint") });
  const rules = rowList(document.rules, (one) => rule(one, groups), { add: t("adm.rule_add"), empty: { group: "", priority: null, ...document.standard } });
  return {
    element: h(
      "div",
      {},
      h("fieldset", { class: "card" }, h("legend", {}, t("adm.standard")), h("div", { class: "field-row" }, standard.elements), warn.element),
      h("fieldset", { class: "card" }, h("legend", {}, t("adm.rules")), h("p", { class: "soft" }, t("adm.rules_hint")), rules.element),
    ),
    read: () => ({
      standard: standard.read("standard", places),
      rules: rules.rows().map((one, at) => one.read(`rules[${at}]`, places)),
      warn_percent: places.at("warn_percent", warn),
    }),
  };
}

function target(given) {
  const first = secondsField(t("adm.first"), given.first_s, { min: 1 });
  const next = secondsField(t("adm.next"), given.next_s, { min: 1 });
  const resolution = secondsField(t("adm.resolution"), given.resolution_s, { zero: t("adm.no_target") });
  return {
    elements: [first.element, next.element, resolution.element],
    read: (path, places) => ({
      first_s: places.at(`${path}.first_s`, first),
      next_s: places.at(`${path}.next_s`, next),
      resolution_s: places.at(`${path}.resolution_s`, resolution),
    }),
  };
}

function rule(given, groups) {
  const group = choiceField(t("adm.group"), given.group, groupOptions(groups, t("adm.any_group")));
  const priority = numberField(t("adm.class"), given.priority, { min: 0, max: 9, hint: t("adm.class_any") });
  const times = target(given);
  const element = h("div", { class: "field-row" }, group.element, priority.element, times.elements);
  const whole = around(element);
  return {
    element,
    read(path, places) {
      places.at(path, whole);
      return { group: places.at(`${path}.group`, group), priority: places.at(`${path}.priority`, priority), ...times.read(path, places) };
    },
  };
}
