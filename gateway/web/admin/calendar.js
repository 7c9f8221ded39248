/** When people are there: shifts of a week, days off, days with shifts of their own. */

import { h } from "../shared/dom.js";
import { button } from "../shared/parts.js";
import { t } from "../shared/texts.js";
import { around, checkField, rowList, textField } from "./fields.js";

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const ZONES = ["Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo", "Europe/London", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "UTC"];

export function calendarForm(document, places, { changed }) {
  const always = checkField(t("adm.always"), document.always, { hint: t("adm.always_hint") });
  const zone = textField(t("adm.zone"), document.zone, { list: "admin-zones", hint: t("adm.zone_hint") });
  const week = shiftsByDay(document.week);
  const days = DAYS.map((day) => textField(t(`adm.day.${day}`), week[day] ?? "", { placeholder: t("adm.day_off"), autocomplete: "off" }));
  const copy = button(
    t("adm.copy_monday"),
    () => {
      for (const day of days.slice(1, 5)) day.control.value = days[0].value();
      changed();
    },
    { class: "button plain" },
  );
  const dated = (value, label, more) => {
    const [date, text] = [textField(t("adm.date"), value[0], { type: "date" }), textField(label, value[1], more)];
    const element = h("div", { class: "field-row" }, date.element, text.element);
    return { element, name: value[0], date, text };
  };
  const holidays = rowList(Object.entries(document.holidays), (value) => dated(value, t("adm.holiday_name"), { maxlength: 64 }), { add: t("adm.holiday_add"), empty: ["", ""], changed });
  const special = rowList(Object.entries(document.special), (value) => dated(value, t("adm.shifts"), { placeholder: "9:00-18:00" }), { add: t("adm.special_add"), empty: ["", ""], changed });
  const hours = h(
    "div",
    {},
    h("fieldset", { class: "card" }, h("legend", {}, t("adm.week")), h("p", { class: "soft" }, t("adm.week_hint")), h("div", { class: "week" }, days.map((day) => day.element)), copy),
    h("fieldset", { class: "card" }, h("legend", {}, t("adm.holidays")), h("p", { class: "soft" }, t("adm.holidays_hint")), holidays.element),
    h("fieldset", { class: "card" }, h("legend", {}, t("adm.special")), h("p", { class: "soft" }, t("adm.special_hint")), special.element),
  );
  const show = () => {
    hours.hidden = always.control.checked;
  };
  always.control.addEventListener("change", show);
  show();
  const element = h("div", {}, always.element, zone.element, h("datalist", { id: "admin-zones" }, ZONES.map((name) => h("option", { value: name }))), hours);
  const whole = around(element);
  const dates = (name, rows) =>
    Object.fromEntries(
      rows.map(({ date, text }) => {
        const path = `${name}.${date.value()}`;
        places.at(path, text);
        return [date.value(), text.value()];
      }),
    );
  return {
    element,
    read() {
      places.at("document", whole);
      const shifts = DAYS.map((day, at) => [day, places.at(`week.${day}`, days[at])]);
      return {
        zone: places.at("zone", zone),
        always: places.at("always", always),
        week: Object.fromEntries(shifts.filter(([, text]) => text)),
        holidays: dates("holidays", holidays.rows()),
        special: dates("special", special.rows()),
      };
    },
  };
}

/** `mon-fri` and `sat,sun` day by day. */
function shiftsByDay(week) {
  const found = {};
  for (const [days, shifts] of Object.entries(week)) {
    for (const part of days.toLowerCase().split(",")) {
      const [first, last = first] = part.trim().split("-");
      const from = DAYS.indexOf(first);
      const length = (DAYS.indexOf(last) - from + 7) % 7;
      for (let offset = 0; offset <= length; offset += 1) found[DAYS[(from + offset) % 7]] = shifts;
    }
  }
  return found;
}
