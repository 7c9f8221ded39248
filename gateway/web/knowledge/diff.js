/** Two versions of an entry's fields, side by side, with what differs marked. */

import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";

const SHORT = 20;
const LISTS = new Set(["variants", "tags", "channels", "related", "images"]);

/** A field's value as words. */
export function shown(field, value) {
  if (value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length)) return t("diff.empty");
  if (field === "status") return t(`entry.${value}`, {}, value);
  if (typeof value === "boolean") return value ? t("diff.yes") : t("diff.empty");
  return Array.isArray(value) ? value.join("\n") : String(value);
}

/** `{field, old, new}` as two cells of nodes, the parts that differ in `del` and `ins`. */
export function cellsOf({ field, old, new: next }) {
  if (LISTS.has(field)) return [itemsOf(old ?? [], new Set(next ?? []), "del"), itemsOf(next ?? [], new Set(old ?? []), "ins")];
  const [before, after] = [shown(field, old), shown(field, next)];
  // Of a date or a word the part that differs says less than the whole.
  if (Math.max(before.length, after.length) <= SHORT) return [h("del", {}, before), h("ins", {}, after)];
  let head = 0;
  while (head < Math.min(before.length, after.length) && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < Math.min(before.length, after.length) - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const marked = (text, tagName) => {
    const middle = text.slice(head, text.length - tail);
    return [text.slice(0, head), middle ? h(tagName, {}, middle) : null, text.slice(text.length - tail)];
  };
  return [marked(before, "del"), marked(after, "ins")];
}

/** A table of differences; `titles` are the heads of the two versions. */
export function differenceTable(differences, titles) {
  if (!differences.length) return h("p", { class: "page-note" }, t("diff.none"));
  return h(
    "table",
    { class: "difference" },
    h("thead", {}, h("tr", {}, [t("diff.field"), ...titles].map((text) => h("th", { scope: "col" }, text)))),
    h(
      "tbody",
      {},
      differences.map((one) => {
        const [before, after] = cellsOf(one);
        return h("tr", {}, h("th", { scope: "row" }, t(`field.${one.field}`, {}, one.field)), h("td", {}, before), h("td", {}, after));
      }),
    ),
  );
}

/**
 * The same as a choice for each field: returns `{element, chosen()}`, where `chosen` gives the values by field.
 * What is mine is chosen at first.
 */
export function differenceChoice(differences) {
  const picked = Object.fromEntries(differences.map((one) => [one.field, one.new]));
  const side = (one, at, value, cell) => {
    const id = `pick-${one.field}-${at}`;
    const radio = h("input", { type: "radio", name: `pick-${one.field}`, id, checked: at === 1, on: { change: () => (picked[one.field] = value) } });
    return h("td", {}, h("label", { class: "pick", for: id }, radio, h("span", {}, cell)));
  };
  const rows = differences.map((one) => {
    const [before, after] = cellsOf(one);
    return h("tr", {}, h("th", { scope: "row" }, t(`field.${one.field}`, {}, one.field)), side(one, 0, one.old, before), side(one, 1, one.new, after));
  });
  const head = [t("diff.field"), t("diff.theirs"), t("diff.mine")].map((text) => h("th", { scope: "col" }, text));
  return { element: h("table", { class: "difference" }, h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows)), chosen: () => ({ ...picked }) };
}

function itemsOf(items, others, tagName) {
  if (!items.length) return t("diff.empty");
  return items.map((item, at) => [at ? "\n" : "", others.has(item) ? item : h(tagName, {}, item)]);
}
