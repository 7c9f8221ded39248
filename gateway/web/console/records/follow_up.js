/** In the wrap-up: something is still owed, so a ticket is made in the same step that closes the case. */

import { h } from "../../shared/dom.js";
import { t } from "../../shared/texts.js";
import { row } from "../dialogs.js";
import { dateField, dateOf } from "./due.js";

/** `groups` may take it instead of the agent. Returns `{content, check(), value()}`; `value()` is null where nothing is left to do. */
export function followUpFields(groups) {
  const wanted = h("input", { type: "checkbox", id: "follow-wanted" });
  const title = h("input", { class: "field", id: "follow-title", maxlength: 80 });
  const next = dateField("follow-next");
  const to = h("select", { class: "field", id: "follow-to" }, h("option", { value: "" }, t("follow.me")), groups.map((group) => h("option", { value: group }, t("profile.owner_group", { name: group }))));
  const more = h("div", { class: "follow-up", hidden: true }, row(t("tickets.what"), title), row(t("tickets.due"), next), h("p", { class: "dialog-row quiet" }, t("tickets.due_hint")), row(t("follow.group"), to));
  wanted.addEventListener("change", () => {
    more.hidden = !wanted.checked;
    title.required = wanted.checked;
    if (wanted.checked) title.focus();
  });
  return {
    content: [h("label", { class: "check dialog-row" }, wanted, t("follow.check")), more],
    value: () => (wanted.checked ? { title: title.value.trim(), next_ms: dateOf(next), to_group: to.value } : null),
  };
}
