/** Skill groups: how many cases at once, how soon a lower level may help, and where the line overflows to. */

import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { around, boxesField, choiceField, numberField, rowList, secondsField, textField } from "./fields.js";

const DEFAULT = "default";
const WAYS = ["group", "message", "staff"];

export function groupsForm(document, places, { people }) {
  const cards = rowList(document.groups, (group, isNew) => card(group, isNew, people, () => names()), { add: t("adm.group_add"), empty: { name: "", title: "", cap: 0, widen_s: 0, overflow: [] }, remove: t("adm.group_remove") });
  const names = () => cards.rows().map((one) => one.nameNow());
  const all = around(h("div"));
  return {
    element: h("div", {}, cards.element, all.control.parentElement),
    read() {
      places.at("groups", all);
      places.at("document", all);
      return { groups: cards.rows().map((one, at) => one.read(`groups[${at}]`, places)) };
    },
  };
}

function card(group, isNew, people, names) {
  const name = textField(t("adm.group_name"), group.name, { readonly: !isNew, maxlength: 64, hint: isNew ? t("adm.group_name_hint") : "" });
  const title = textField(t("adm.group_title"), group.title, { maxlength: 64 });
  const cap = numberField(t("adm.group_cap"), group.cap, { min: 0, hint: t("adm.group_cap_hint") });
  const widen = secondsField(t("adm.group_widen"), group.widen_s, { hint: t("adm.group_widen_hint"), zero: t("adm.group_widen_zero") });
  const rules = rowList(group.overflow, (rule) => overflow(rule, people, names), { add: t("adm.overflow_add"), empty: { after_s: 120, to: "message" } });
  const element = h("fieldset", { class: "card" }, h("legend", {}, group.title || group.name || t("adm.group_new")), h("div", { class: "field-row" }, name.element, title.element, cap.element, widen.element), h("h4", {}, t("adm.overflow")), rules.element);
  const whole = around(element);
  return {
    element,
    name: group.title || group.name,
    fixed: group.name === DEFAULT,
    nameNow: () => name.value(),
    read(path, places) {
      places.at(path, whole);
      places.at(`${path}.overflow`, whole);
      return {
        name: places.at(`${path}.name`, name),
        title: places.at(`${path}.title`, title),
        cap: places.at(`${path}.cap`, cap),
        widen_s: places.at(`${path}.widen_s`, widen),
        overflow: rules.rows().map((one, at) => one.read(`${path}.overflow[${at}]`, places)),
      };
    },
  };
}

function overflow(rule, people, names) {
  const after = secondsField(t("adm.overflow_after"), rule.after_s, { min: 1 });
  const to = choiceField(t("adm.overflow_to"), rule.to, WAYS.map((way) => [way, t(`adm.overflow.${way}`)]));
  const group = textField(t("adm.overflow_group"), rule.group ?? "", { list: "admin-groups" });
  const agents = boxesField(t("adm.overflow_agents"), people.filter((one) => !one.departed).map((one) => [one.name, one.display]), rule.agents ?? []);
  const known = h("datalist", { id: "admin-groups" });
  const show = () => {
    group.element.hidden = to.value() !== "group";
    agents.element.hidden = to.value() !== "staff";
    known.replaceChildren(...names().map((name) => h("option", { value: name })));
  };
  to.control.addEventListener("change", show);
  group.control.addEventListener("focus", show);
  const element = h("div", { class: "field-row" }, after.element, to.element, group.element, agents.element, known);
  const whole = around(element);
  queueMicrotask(show);
  return {
    element,
    read(path, places) {
      places.at(path, whole);
      const read = { after_s: places.at(`${path}.after_s`, after), to: places.at(`${path}.to`, to) };
      if (read.to === "group") read.group = places.at(`${path}.group`, group);
      if (read.to === "staff") read.agents = places.at(`${path}.agents`, agents);
      return read;
    },
  };
}
