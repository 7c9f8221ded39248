/** The dialog before publishing: what changes, what improves, what breaks; and a reason where something does. */

import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { button, openDialog, reasonOf, slot } from "../shared/parts.js";
import { reportView } from "./report.js";

const LEAST_REASON = 4;

/** How far a step of publishing is, `{step, done, total}`, in words and as a bar. */
const progressOf = ({ step, done, total }) => [t(`progress.${step}`, { done, total }), " ", h("progress", { max: total || 1, value: done, "aria-label": t(`progress.${step}`, { done, total }) })];

/** `drafts`: number by key. `on`: `{done(answer), overtaken(details), refused(details)}`. */
export function publishDialog(tools, drafts, on) {
  const box = openDialog(t("publish.title"), { wide: true });
  const place = slot();
  const note = h("p", { class: "dialog-note", role: "alert" });
  const reason = h("textarea", { class: "field", id: "publish-reason", rows: 2, maxlength: 500 });
  const reasonRow = h("div", { class: "dialog-row", hidden: true }, h("label", { class: "label", for: "publish-reason" }, t("publish.reason")), reason);
  const go = button(t("publish.go"), () => send(), { class: "button primary", disabled: true });
  let broken = 0;
  box.body.append(place.element, reasonRow, note);
  box.actions.append(button(t("dialog.cancel"), box.close), go);
  reason.addEventListener("input", () => allow());

  const allow = () => {
    go.disabled = broken > 0 && reason.value.trim().length < LEAST_REASON;
  };

  place.fill(
    async () => {
      try {
        return await tools.stream("replay", { drafts }, (progress) => place.say(...progressOf(progress)));
      } catch (error) {
        if (["overtaken", "bad_request"].includes(error.code)) stop(error);
        throw error;
      }
    },
    (report) => {
      broken = report.broken;
      reasonRow.hidden = !broken;
      note.textContent = broken ? t("publish.blocked", { n: broken }) : report.golden ? "" : t("publish.no_golden");
      allow();
      return reportView(report, tools);
    },
    t("publish.running"),
  );

  function stop(error) {
    box.close();
    if (error.code === "overtaken") on.overtaken(error.details);
    else {
      on.refused(error.details);
      tools.toast(reasonOf(error));
    }
  }

  async function send() {
    go.disabled = true;
    note.textContent = t("kb.scoring");
    try {
      const said = (progress) => note.replaceChildren(...progressOf(progress));
      const answer = await tools.stream("publish", { drafts, reason: reason.value.trim() }, said);
      box.close();
      tools.published();
      on.done(answer);
    } catch (error) {
      if (["overtaken", "bad_request"].includes(error.code)) {
        stop(error);
        return;
      }
      if (error.code === "blocked") {
        broken = error.details.report.broken;
        reasonRow.hidden = false;
        place.element.replaceChildren(...reportView(error.details.report, tools));
      }
      note.textContent = reasonOf(error);
      allow();
    }
  }
}
