/** The fields of an entry: built once, filled from a form, read back as one, each with its faults below it. */

import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { button } from "../shared/parts.js";

const STATUSES = ["published", "draft", "retired"];
const COMMA = /[,，、;；\n]+/;

/** How each field is edited, in the order of the page; those after `more` are folded away. */
const MAIN = [
  ["question", { kind: "line" }],
  ["variants", { kind: "lines", rows: 6, hint: true }],
  ["answer", { kind: "text", rows: 9, hint: true }],
  ["category", { kind: "line", list: "categories" }],
  ["status", { kind: "status" }],
  ["tags", { kind: "words", list: "tags", hint: true }],
  ["owner", { kind: "line", list: "owners" }],
  ["updated", { kind: "date", today: true }],
  ["id", { kind: "line", hint: true }],
];
const MORE = [
  ["effective_from", { kind: "date" }],
  ["effective_until", { kind: "date" }],
  ["related", { kind: "words", hint: true }],
  ["channels", { kind: "words", hint: true }],
  ["source", { kind: "line" }],
  ["images", { kind: "lines", rows: 2, hint: true }],
  ["escalate", { kind: "flag" }],
];
const NARROW = new Set(["category", "status", "tags", "owner", "updated", "id", "effective_from", "effective_until", "related", "channels"]);
const SPLIT = { lines: /\n+/, words: COMMA };

/** The local day as YYYY-MM-DD. */
export function today() {
  const now = new Date();
  return [now.getFullYear(), String(now.getMonth() + 1).padStart(2, "0"), String(now.getDate()).padStart(2, "0")].join("-");
}

/** `changed(field)` is called when somebody edits. */
export function makeForm(changed) {
  const inputs = {};
  const notes = {};
  const lists = {};

  const field = ([name, options]) => {
    const id = `field-${name}`;
    const input = control(name, options, id);
    inputs[name] = { input, ...options };
    notes[name] = h("ul", { class: "faults", id: `${id}-faults` });
    input.addEventListener(options.kind === "status" || options.kind === "flag" || options.kind === "date" ? "change" : "input", () => changed(name));
    const label = h("label", { class: "label", for: id }, t(`field.${name}`), options.hint ? h("small", {}, ` ${t(`hint.${name}`)}`) : null);
    if (options.kind === "flag") return h("div", { class: "form-field" }, h("label", { class: "check", for: id }, input, t(`field.${name}`)), notes[name]);
    const todayButton = options.today
      ? button(t("edit.today"), () => {
          input.value = today();
          changed(name);
        })
      : null;
    return h("div", { class: `form-field${NARROW.has(name) ? " narrow" : ""}` }, label, h("div", { class: "with-button" }, input, todayButton), notes[name]);
  };

  const control = (name, options, id) => {
    const common = { class: "field", id, name, "aria-describedby": `${id}-faults`, autocomplete: "off" };
    if (options.kind === "lines" || options.kind === "text") return h("textarea", { ...common, rows: options.rows, spellcheck: "false" });
    if (options.kind === "status") return h("select", common, STATUSES.map((one) => h("option", { value: one }, t(`entry.${one}`))));
    if (options.kind === "flag") return h("input", { ...common, class: "", type: "checkbox" });
    if (options.kind === "date") return h("input", { ...common, type: "date" });
    if (!options.list) return h("input", common);
    lists[options.list] = h("datalist", { id: `${id}-list` });
    return h("input", { ...common, list: `${id}-list` });
  };

  const main = MAIN.map(field);
  const more = h("details", { class: "form-more" }, h("summary", {}, t("edit.more")), h("div", { class: "form-grid" }, MORE.map(field)));
  const element = h("form", { class: "form-grid", novalidate: true, on: { submit: (event) => event.preventDefault() } }, main, more, Object.values(lists));

  return {
    element,
    input: (name) => inputs[name].input,
    /** Fill in; `fixedId` when the id may not change any more. */
    fill(form, { fixedId = false, readOnly = false } = {}) {
      for (const [name, { input, kind }] of Object.entries(inputs)) {
        const value = form[name];
        if (kind === "flag") input.checked = Boolean(value);
        else if (kind === "status") input.value = value || STATUSES[0];
        else if (kind === "lines") input.value = (value ?? []).join("\n");
        else if (kind === "words") input.value = (value ?? []).join("，");
        else input.value = value ?? "";
        input.disabled = readOnly || (name === "id" && fixedId);
      }
      more.open = MORE.some(([name]) => form[name] && form[name].length !== 0);
      this.showFaults([]);
    },
    /** The form as the server reads it: what says nothing is left out. */
    read() {
      const form = {};
      for (const [name, { input, kind }] of Object.entries(inputs)) {
        let value = kind === "flag" ? input.checked : input.value;
        if (SPLIT[kind]) value = value.split(SPLIT[kind]).map((item) => item.trim()).filter(Boolean);
        else if (typeof value === "string" && kind !== "text") value = value.trim();
        else if (kind === "text") value = value.replace(/\s+$/, "");
        if (kind === "status" && value === "published") continue;
        if (value === false || value === "" || (Array.isArray(value) && !value.length)) continue;
        form[name] = value;
      }
      return form;
    },
    /** Choices offered while typing, by list name. */
    offer(choices) {
      for (const [name, list] of Object.entries(lists)) list.replaceChildren(...(choices[name] ?? []).map((value) => h("option", { value })));
    },
    showFaults(faults) {
      for (const [name, list] of Object.entries(notes)) {
        const mine = faults.filter((fault) => fault.field === name);
        const where = (fault) => (!fault.line ? "" : t(inputs[name].kind === "text" ? "edit.line" : "edit.item", { line: fault.line }));
        list.replaceChildren(...mine.map((fault) => h("li", { class: fault.severity }, h("b", {}, fault.severity === "error" ? "✗ " : "· "), where(fault), `${fault.what}。${fault.how}。`)));
        inputs[name].input.setAttribute("aria-invalid", String(mine.some((fault) => fault.severity === "error")));
        if (mine.length && MORE.some(([other]) => other === name)) more.open = true;
      }
    },
  };
}

/** Whether two forms say the same. */
export function sameForm(one, other) {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => JSON.stringify(plain(one[name])) === JSON.stringify(plain(other[name])));
}

const plain = (value) => (value === undefined || value === "" || value === false || value === "published" || (Array.isArray(value) && !value.length) ? null : value);
