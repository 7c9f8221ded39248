/** Entry points: bot first, a person first, or the bot alone; by the hour where it is said. */

import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { around, choiceField, rowList, textField } from "./fields.js";
import { groupOptions } from "./options.js";

const ANY = "*";
const MODES = ["bot_first", "person_first", "bot_only"];
const AFTER_HOURS = ["bot_first", "bot_only"];

export function entrancesForm(document, places, { groups }) {
  const cards = rowList(Object.entries(document.entrances), (given, isNew) => card(given, isNew, groups), { add: t("adm.entrance_add"), empty: ["", { mode: "bot_first", after_hours: "bot_first", group: "", times: [] }], remove: t("adm.entrance_remove") });
  const all = around(h("div"));
  return {
    element: h("div", {}, cards.element, all.control.parentElement),
    read() {
      places.at("document", all);
      return { entrances: Object.fromEntries(cards.rows().map((one) => one.read(places))) };
    },
  };
}

function card([channel, given], isNew, groups) {
  const name = textField(t("adm.channel"), channel, { readonly: !isNew, list: "admin-channels", hint: channel === ANY ? t("adm.channel_any") : isNew ? t("adm.channel_hint") : "" });
  const mode = choiceField(t("adm.mode"), given.mode, MODES.map((one) => [one, t(`adm.mode.${one}`)]));
  const after = choiceField(t("adm.after_hours"), given.after_hours, AFTER_HOURS.map((one) => [one, t(`adm.mode.${one}`)]));
  const group = choiceField(t("adm.group"), given.group, groupOptions(groups, t("adm.default_group")));
  const explain = () => mode.hint(t(`adm.mode_hint.${mode.value()}`));
  mode.control.addEventListener("change", explain);
  explain();
  const times = rowList(given.times, time, { add: t("adm.time_add"), empty: { days: "mon-fri", hours: "9:00-18:00", mode: "person_first" } });
  const channels = h("datalist", { id: "admin-channels" }, ["web", "rest", "socketio", "wecom", "mp"].map((one) => h("option", { value: one })));
  const element = h("fieldset", { class: "card" }, h("legend", {}, channel === ANY ? t("adm.other_channels") : channel || t("adm.entrance_new")), h("div", { class: "field-row" }, name.element, mode.element, after.element, group.element), h("h4", {}, t("adm.times")), h("p", { class: "soft" }, t("adm.times_hint")), times.element, channels);
  const whole = around(element);
  return {
    element,
    name: channel,
    fixed: channel === ANY,
    read(places) {
      const path = `entrances.${name.value()}`;
      places.at(path, name);
      places.at(`${path}.times`, whole);
      return [
        name.value(),
        {
          mode: places.at(`${path}.mode`, mode),
          after_hours: places.at(`${path}.after_hours`, after),
          group: places.at(`${path}.group`, group),
          times: times.rows().map((one, at) => one.read(`${path}.times[${at}]`, places)),
        },
      ];
    },
  };
}

function time(given) {
  const days = textField(t("adm.days"), given.days, { placeholder: "mon-fri" });
  const hours = textField(t("adm.hours"), given.hours, { placeholder: "9:00-18:00" });
  const mode = choiceField(t("adm.mode"), given.mode, MODES.map((one) => [one, t(`adm.mode.${one}`)]));
  const element = h("div", { class: "field-row" }, days.element, hours.element, mode.element);
  const whole = around(element);
  return {
    element,
    read(path, places) {
      places.at(path, whole);
      return { days: places.at(`${path}.days`, days), hours: places.at(`${path}.hours`, hours), mode: places.at(`${path}.mode`, mode) };
    },
  };
}
