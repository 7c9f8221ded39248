/** The golden questions: what must be answered by which entry, or by none; asked before anything is published. */

import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { button, confirmDialog, debounce, openDialog, reasonOf, slot, tableOf, tag } from "../shared/parts.js";

const TYPING_MS = 200;
const MOST_SHOWN = 200;
const WORDS = /[\s,，、;；]+/;

export function makeGolden(tools) {
  const place = slot();
  const search = h("input", { class: "field", type: "search", "aria-label": t("golden.search"), placeholder: t("golden.search") });
  const add = button(t("golden.add"), () => goldenDialog(tools, {}, load), { class: "button primary" });
  const element = h("main", { class: "view page" }, h("div", { class: "page-head" }, h("h2", {}, t("kb.golden")), search, add), h("p", { class: "page-lead soft" }, t("golden.lead")), place.element);
  const typing = debounce(() => found && place.element.replaceChildren(...draw(found)), TYPING_MS);
  let found = null;
  search.addEventListener("input", typing.call);

  const load = () =>
    place.fill(
      () => tools.get("golden"),
      (answer) => {
        found = answer;
        return draw(answer);
      },
    );

  function draw({ rows, faults }) {
    const wanted = search.value.trim();
    const fitting = rows.filter((row) => !wanted || [row.text, ...row.gold, ...row.gold.map(tools.titleOf)].some((one) => one.includes(wanted)));
    const heads = ["text", "gold", "place", "act"].map((name) => t(`golden.${name}`));
    return [
      faults.length ? h("section", { class: "panel", role: "status" }, h("h2", {}, t("golden.faults", { n: faults.length })), faultList(faults)) : null,
      fitting.length
        ? h("section", { class: "panel" }, h("div", { class: "scroll-table", tabindex: 0, role: "region", "aria-label": t("kb.golden") }, tableOf(heads, fitting.slice(0, MOST_SHOWN).map(row))), h("p", { class: "panel-foot soft" }, t("golden.count", { n: Math.min(fitting.length, MOST_SHOWN), total: rows.length })))
        : h("p", { class: "page-note" }, t("golden.none")),
    ].filter(Boolean);
  }

  function row(one) {
    const gold = one.oos ? tag(t("golden.oos"), "quiet") : one.gold.map((id) => h("div", {}, h("a", { href: `#entries/${encodeURIComponent(id)}` }, tools.titleOf(id))));
    const edit = button(t("golden.edit"), () => goldenDialog(tools, one, load), { "aria-label": `${t("golden.edit")}：${one.text}` });
    const drop = button(t("golden.remove"), () => confirmDialog(t("golden.remove_sure", { text: one.text }), t("golden.remove"), () => remove(one)), { class: "button plain", "aria-label": `${t("golden.remove")}：${one.text}` });
    return [one.text, gold, h("span", { class: "figure soft" }, t("golden.at", one)), [edit, " ", drop]];
  }

  async function remove(one) {
    try {
      await tools.post("golden/remove", fieldsOf(one));
      tools.toast(t("golden.removed"));
    } catch (error) {
      tools.toast(reasonOf(error));
    }
    load();
  }

  return { element, show: load };
}

/** What is wrong in the golden files, by line and column. */
export const faultList = (faults) => h("ul", { class: "panel-body" }, faults.map((one) => h("li", {}, h("b", {}, t("golden.fault_at", one)), ` ${one.what}。${one.how}。`)));

const fieldsOf = ({ text, gold = [], style = "", oos = false, line = 0, mark = "" }) => ({ text, gold, style, oos, line, mark });

/** Add a question, or change the `row` that has a line; `done` is called when it is written. */
export function goldenDialog(tools, row, done = () => {}) {
  const box = openDialog(t(row.line ? "golden.edit" : "golden.add"));
  const text = h("textarea", { class: "field", id: "golden-text", rows: 2, maxlength: 500, value: row.text ?? "" });
  const options = h("datalist", { id: "golden-ids" }, tools.entries().map(([id, title]) => h("option", { value: id }, title)));
  const gold = h("input", { class: "field", id: "golden-gold", list: "golden-ids", autocomplete: "off", value: (row.gold ?? []).join(" ") });
  const oos = h("input", { type: "checkbox", id: "golden-oos", checked: Boolean(row.oos), disabled: Boolean(row.line), on: { change: () => follow() } });
  const names = h("p", { class: "soft" });
  const note = h("p", { class: "dialog-note", role: "alert" });
  const save = button(t("golden.save"), () => send(), { class: "button primary" });
  const goldRow = h("div", { class: "dialog-row" }, h("label", { class: "label", for: "golden-gold" }, t("golden.gold_field")), gold, options, names);
  box.body.append(
    h("div", { class: "dialog-row" }, h("label", { class: "label", for: "golden-text" }, t("golden.text")), text),
    h("label", { class: "check dialog-row", for: "golden-oos" }, oos, t("golden.oos_field")),
    goldRow,
    note,
  );
  box.actions.append(button(t("dialog.cancel"), box.close), save);
  const ids = () => gold.value.split(WORDS).filter(Boolean);
  gold.addEventListener("input", () => follow());
  follow();
  text.focus();

  function follow() {
    goldRow.hidden = oos.checked;
    names.textContent = ids().map(tools.titleOf).join(" / ");
  }

  async function send() {
    save.disabled = true;
    note.textContent = "";
    try {
      const kept = await tools.post("golden", fieldsOf({ ...row, text: text.value.trim(), gold: oos.checked ? [] : ids(), oos: oos.checked }));
      box.close();
      tools.toast(t("golden.saved", kept));
      done(kept);
    } catch (error) {
      note.textContent = reasonOf(error);
      save.disabled = false;
    }
  }
}
