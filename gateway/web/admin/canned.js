/** The canned replies that all agents share. */

import { h } from "../shared/dom.js";
import { button, confirmDialog, openDialog, reasonOf, slot } from "../shared/parts.js";
import { t } from "../shared/texts.js";
import { linesField, textField } from "./fields.js";

const VARIABLES = ["customer.name", "agent.name", "shop.name", "order_number", "phone", "amount", "date", "product"];

export function makeCanned(tools) {
  const place = slot();
  const element = h("section", { class: "setting" }, h("div", { class: "admin-head" }, h("h2", { class: "admin-title" }, t("adm.canned")), button(t("adm.canned_add"), () => edit(null), { class: "button primary" })), h("p", { class: "page-lead soft" }, t("adm.canned.lead")), place.element);
  const load = () => place.fill(() => tools.api("GET", "/api/agent/canned"), draw);

  function draw({ replies }) {
    const shared = replies.filter((one) => one.shared);
    if (!shared.length) return h("p", { class: "page-note" }, t("adm.canned_none"));
    const heads = ["canned_name", "canned_text", "act"].map((name) => t(`adm.col.${name}`));
    const small = (word, one, act) => button(t(`adm.${word}`), act, { class: "button plain small", "aria-label": t(`adm.${word}_of`, { name: one.name }) });
    const row = (one) => h("tr", {}, h("th", { scope: "row" }, one.name, h("span", { class: "soft login-of" }, `/${one.initials}`)), h("td", { class: "words" }, one.text), h("td", { class: "acts" }, small("edit", one, () => edit(one)), small("delete", one, () => remove(one))));
    return h("div", { class: "panel scroll-table", tabindex: 0, role: "region", "aria-label": t("adm.canned") }, h("table", {}, h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))), h("tbody", {}, shared.map(row))));
  }

  const remove = (one) =>
    confirmDialog(t("adm.delete_sure", { name: one.name }), t("adm.delete"), async () => {
      await tools.api("DELETE", `/api/agent/canned/${one.id}`).catch((error) => tools.toast(reasonOf(error)));
      load();
    });

  function edit(one) {
    const box = openDialog(t(one ? "adm.edit_of" : "adm.canned_add", { name: one?.name }));
    const name = textField(t("adm.col.canned_name"), one?.name ?? "", { required: true, maxlength: 30, hint: t("adm.canned_name_hint") });
    const words = linesField(t("adm.col.canned_text"), [one?.text ?? ""], { rows: 5, maxlength: 2000 });
    const trouble = h("p", { class: "dialog-note", role: "alert" });
    const insert = (variable) => {
      words.control.setRangeText(`{{${variable}}}`, words.control.selectionStart, words.control.selectionEnd, "end");
      words.control.focus();
    };
    const submit = async (event) => {
      event.preventDefault();
      try {
        const form = { name: name.value(), text: words.control.value.trim(), shared: true };
        await tools.api(one ? "PUT" : "POST", `/api/agent/canned${one ? `/${one.id}` : ""}`, form);
        box.close();
        tools.toast(t("adm.done.edit", { name: form.name }));
        load();
      } catch (error) {
        trouble.textContent = reasonOf(error);
      }
    };
    box.body.append(h("form", { id: "canned-form", novalidate: true, on: { submit } }, name.element, words.element, h("div", { class: "variables", role: "group", "aria-label": t("adm.variables") }, VARIABLES.map((variable) => button(t(`adm.variable.${variable}`), () => insert(variable), { class: "button small" }))), trouble));
    box.actions.append(button(t("dialog.cancel"), box.close), h("button", { class: "button primary", type: "submit", form: "canned-form" }, t("adm.save")));
    name.control.focus();
  }

  return { element, show: load };
}
