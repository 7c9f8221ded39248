/** Two records that are one person: linked by a supervisor who was warned, and split again. */

import { get, post } from "../../shared/api.js";
import { h } from "../../shared/dom.js";
import { t } from "../../shared/texts.js";
import { confirmDialog, openForm, row } from "../dialogs.js";
import { customerName } from "../list.js";
import { nameOf, pathOf } from "./names.js";

/** Choose the other record, see who it is, be warned, and link. `known`: the chats of this page; `done(text)` tells what came of it. */
export function mergeDialog(card, known, done) {
  const others = known.filter((item) => item.conversation_id !== card.conversation_id);
  const which = h(
    "select",
    { class: "field", id: "merge-which" },
    others.map((item) => h("option", { value: item.conversation_id }, `${customerName(item)} · ${item.problem || item.last_text || ""}`.slice(0, 60))),
    h("option", { value: "" }, t("merge.other")),
  );
  const field = h("input", { class: "field", id: "merge-id", maxlength: 128 });
  const typed = row(t("merge.field"), field);
  const show = () => {
    typed.hidden = which.value !== "";
  };
  which.addEventListener("change", show);
  show();
  const trouble = h("p", { class: "dialog-row", role: "alert" });
  openForm(t("merge.title"), t("merge.show"), [row(t("merge.which"), which), typed, trouble], async () => {
    const into = which.value || field.value.trim();
    if (!into) return false;
    try {
      warn(card, await get(`/api/agent/customers/${encodeURIComponent(into)}`), done);
      return true;
    } catch (error) {
      trouble.textContent = error.message || t("error.unavailable");
      return false;
    }
  });
}

/**
 * The word of warning, with both names before the eyes. The open record is the one that is kept, so that its customer
 * stays in the chat they are in; unless the other is verified, which is never merged into an anonymous one.
 */
function warn(card, other, done) {
  const [from, into] = other.verified ? [card, other] : [other, card];
  const trouble = h("p", { class: "dialog-row", role: "alert" });
  const who = [h("p", {}, t("merge.from_line", { name: nameOf(from) })), h("p", { class: "dialog-row" }, t("merge.into_line", { name: nameOf(into) }))];
  const warning = h("p", { class: "dialog-row merge-warning" }, t(into.verified ? "merge.verified" : "merge.warning"));
  openForm(t("merge.title"), t("merge.sure"), [who, warning, trouble], async () => {
    try {
      await post(`${pathOf(from)}/merge`, { into: into.customer_id });
      done(t("merge.done"));
      return true;
    } catch (error) {
      trouble.textContent = error.message || t("error.unavailable");
      return false;
    }
  });
}

/** Take the link of `record` away; `done(text)` tells what came of it. */
export function splitDialog(record, done) {
  confirmDialog(t("merge.split"), t("merge.split_sure"), async () => {
    try {
      await post(`${pathOf(record)}/split`);
      done(t("merge.split_done"));
    } catch (error) {
      done(error.message || t("error.unavailable"));
    }
  });
}
