/**
 * Fields of a form whose faults the server tells by path (`groups[2].overflow[0].after_s`).
 *
 * A field is `{element, value(), mark(message)}`. While a form reads itself it puts each field at its path into a
 * `Places`; a fault is then shown beside the field of that path, else beside the nearest one around it.
 */

import { h } from "../shared/dom.js";
import { button } from "../shared/parts.js";
import { t } from "../shared/texts.js";
import { spanWords } from "../shared/span.js";

let made = 0;

/** A labelled control with its hint and the place of its fault. */
function field(label, control, { hint = "", value = () => control.value, wide = false } = {}) {
  const id = `field-${++made}`;
  control.id = id;
  const about = h("p", { class: "field-hint", id: `${id}-hint` }, hint);
  const fault = h("p", { class: "field-fault", id: `${id}-fault` });
  control.setAttribute("aria-describedby", `${id}-hint ${id}-fault`);
  const element = h("div", { class: wide ? "admin-field wide" : "admin-field" }, h("label", { class: "label", for: id }, label), control, about, fault);
  return {
    element,
    control,
    value,
    hint: (text) => about.replaceChildren(text),
    mark(message) {
      fault.textContent = message;
      if (message) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
    },
  };
}

export const textField = (label, value, props = {}) => {
  const { hint, wide, ...more } = props;
  const control = h("input", { class: "field", type: "text", value: value ?? "", ...more });
  return field(label, control, { hint, wide, value: () => control.value.trim() });
};

/** A number, or null where none is written; what is no number goes as it is written, for the server to say so. */
export function numberField(label, value, { hint = "", ...props } = {}) {
  const control = h("input", { class: "field number", type: "number", value: value ?? "", ...props });
  const read = () => (control.value === "" ? null : Number(control.value));
  return field(label, control, { hint, value: read });
}

/** Seconds, told in words beside the number. */
export function secondsField(label, value, { hint = "", zero = "", ...props } = {}) {
  const made = numberField(t("adm.in_seconds", { label }), value, { min: 0, step: 1, ...props });
  const say = () => {
    const seconds = made.value();
    made.hint([seconds ? `= ${spanWords(seconds * 1000)}` : zero, hint].filter(Boolean).join(" · "));
  };
  made.control.addEventListener("input", say);
  say();
  return made;
}

/** `options`: `[value, text]`. */
export function choiceField(label, value, options, { hint = "", wide = false } = {}) {
  const known = options.some(([name]) => name === value) ? options : [[value, value], ...options];
  const control = h("select", { class: "field" }, known.map(([name, text]) => h("option", { value: name, selected: name === value }, text)));
  return field(label, control, { hint, wide });
}

/** A list, one a line. */
export function linesField(label, values, { hint = "", rows = 3, ...props } = {}) {
  const control = h("textarea", { class: "field", rows, value: (values ?? []).join("\n"), ...props });
  return field(label, control, { hint, wide: true, value: () => control.value.split("\n").map((line) => line.trim()).filter(Boolean) });
}

export function checkField(label, value, { hint = "" } = {}) {
  const made = field("", h("input", { type: "checkbox", checked: value }), { hint, wide: true, value: () => made.control.checked });
  made.element.classList.add("check-field");
  made.element.querySelector("label").textContent = label;
  return made;
}

/** Boxes to tick, `[value, text, hint?]`: the value is the list of those ticked. */
export function boxesField(label, options, held) {
  const boxes = options.map(([value]) => h("input", { type: "checkbox", value, checked: held.includes(value) }));
  const lines = options.map(([, text, hint], at) => h("label", { class: "check" }, boxes[at], h("span", {}, text, hint ? h("span", { class: "soft" }, ` ${hint}`) : null)));
  const element = h("fieldset", { class: "boxes" }, h("legend", { class: "label" }, label), h("div", { class: "choices" }, lines));
  const place = around(element);
  return { element, control: boxes[0], value: () => boxes.filter((box) => box.checked).map((box) => box.value), mark: place.mark };
}

/** Something around several fields that can be at fault as a whole: a row, a card, the document. */
export function around(element) {
  const fault = h("p", { class: "field-fault", tabindex: -1 });
  element.append(fault);
  return {
    control: fault,
    mark(message) {
      fault.textContent = message;
    },
  };
}

/** Rows that can be added and taken away: `{element, rows(), add(value)}`; `make(value, rows)` gives `{element, …}`. */
export function rowList(values, make, { add, empty = {}, remove = t("adm.remove"), changed = () => {} }) {
  const list = h("div", { class: "row-list" });
  const rows = [];
  const append = (value, isNew = false) => {
    const row = make(value, isNew);
    const take = button(
      remove,
      () => {
        rows.splice(rows.indexOf(row), 1);
        line.remove();
        more.focus();
        changed();
      },
      { class: "button plain row-remove", ...(row.name ? { "aria-label": `${remove} ${row.name}` } : {}) },
    );
    const line = h("div", { class: "row-line" }, row.element, row.fixed ? null : take);
    rows.push(row);
    list.append(line);
    return line;
  };
  const more = button(add, () => {
    append(typeof empty === "function" ? empty() : empty, true).querySelector("input, select, textarea")?.focus();
    changed();
  });
  for (const value of values) append(value);
  return { element: h("div", {}, list, more), rows: () => rows };
}

/** Where the fields of a form are, by path. */
export class Places {
  #known = new Map();

  clear() {
    for (const one of this.#known.values()) one.mark("");
    this.#known.clear();
  }

  /** Remember a field and give its value. */
  at(path, one) {
    this.#known.set(path, one);
    return one.value?.();
  }

  /** Show faults beside their fields; gives those that belong to none, and goes to the first. */
  show(problems) {
    for (const one of this.#known.values()) one.mark("");
    const said = new Map();
    const homeless = [];
    for (const { field: path, message } of problems) {
      const one = this.#nearest(path);
      if (!one) homeless.push({ field: path, message });
      else said.set(one, [...(said.get(one) ?? []), message]);
    }
    for (const [one, messages] of said) one.mark(messages.join(" "));
    said.keys().next().value?.control.focus();
    return homeless;
  }

  #nearest(path) {
    for (let at = path; at; at = at.replace(/(\.[^.[\]]*|\[\d+\])$/, "")) {
      if (this.#known.has(at)) return this.#known.get(at);
      if (!/[.[]/.test(at)) break;
    }
    return null;
  }
}
