/** Who did what, the latest first. */

import { h } from "../shared/dom.js";
import { button, reasonOf, slot } from "../shared/parts.js";
import { t } from "../shared/texts.js";
import { clock } from "../shared/time.js";

const LINES = 100;

export function makeAudit(tools) {
  const place = slot();
  const who = h("select", { class: "field", id: "audit-who" }, h("option", { value: "" }, t("adm.everybody")));
  const action = h("input", { class: "field", id: "audit-action", list: "audit-actions", maxlength: 64 });
  const actions = h("datalist", { id: "audit-actions" });
  const submit = (event) => {
    event.preventDefault();
    load();
  };
  const element = h(
    "section",
    { class: "setting" },
    h("h2", { class: "admin-title" }, t("adm.audit")),
    h("p", { class: "page-lead soft" }, t("adm.audit.lead")),
    h("form", { class: "audit-filter", on: { submit } }, h("label", { class: "with-label", for: "audit-who" }, t("adm.who"), who), h("label", { class: "with-label", for: "audit-action" }, t("adm.action"), action), actions, h("button", { class: "button", type: "submit" }, t("adm.filter"))),
    place.element,
  );
  const names = new Map();

  const page = (before) => tools.get(`audit?${new URLSearchParams({ limit: LINES, before, who: who.value, action: action.value.trim() })}`);
  const load = () => place.fill(() => page(0), draw);

  async function begin() {
    const { people } = await tools.get("people").catch(() => ({ people: [] }));
    for (const one of people) names.set(one.name, one.display);
    who.append(...people.map((one) => h("option", { value: one.name }, `${one.display} (${one.name})`)));
    await load();
  }

  function draw({ lines }) {
    if (!lines.length) return h("p", { class: "page-note" }, t("adm.no_lines"));
    const body = h("tbody", {}, lines.map(row));
    const heads = ["when", "who", "action", "target"].map((name) => h("th", { scope: "col" }, t(`adm.${name}`)));
    const more = button(t("adm.older"), async () => {
      more.disabled = true;
      try {
        const older = await page(lines.at(-1).id);
        lines = older.lines;
        const rows = lines.map(row);
        body.append(...rows);
        more.hidden = lines.length < LINES;
      } catch (error) {
        tools.toast(reasonOf(error));
      } finally {
        more.disabled = false;
      }
    });
    more.hidden = lines.length < LINES;
    return [h("div", { class: "panel scroll-table", tabindex: 0, role: "region", "aria-label": t("adm.audit") }, h("table", {}, h("thead", {}, h("tr", {}, heads)), body)), more];
  }

  function row(line) {
    const word = t(`adm.did.${line.action}`, {}, line.action);
    if (![...actions.children].some((one) => one.value === line.action)) actions.append(h("option", { value: line.action }, word));
    return h("tr", {}, h("td", { class: "figure" }, clock(line.at_ms)), h("td", {}, names.get(line.who) ?? line.who), h("td", {}, word), h("td", { class: "words" }, h("code", {}, line.target)));
  }

  return { element, show: begin };
}
