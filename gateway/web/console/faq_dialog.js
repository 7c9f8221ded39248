/** An agent's answer becomes a draft for the knowledge editors: question in the customer's words, answer from the reply. */

import { post } from "../shared/api.js";
import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { openForm, row } from "./dialogs.js";

// Numbers that lead to one person are nobody else's question.
const PERSONAL = /[A-Za-z]{0,6}\d(?:[- ]?\d){6,}/g;

/** What the customer had asked before message `seq`, without numbers of their own. */
export function questionBefore(entries, seq) {
  const asked = entries.findLast((entry) => entry.seq < seq && entry.kind === "message" && entry.author === "customer" && !entry.data?.wordless);
  return (asked?.text ?? "").replace(PERSONAL, t("faq.number"));
}

/** `said(text)` tells the agent that it is done. */
export function faqDialog(conversationId, entry, question, said) {
  const asked = h("textarea", { class: "field", id: "faq-question", rows: 2, maxlength: 500, required: true, value: question });
  const answer = h("textarea", { class: "field", id: "faq-answer", rows: 5, maxlength: 4000, required: true, value: entry.text.replace(PERSONAL, t("faq.number")) });
  const trouble = h("p", { class: "dialog-row", role: "alert" });
  openForm(t("faq.title"), t("faq.save"), [h("p", { class: "dialog-row quiet" }, t("faq.hint")), row(t("faq.question"), asked), row(t("faq.answer"), answer), trouble], async () => {
    try {
      await post(`/api/agent/conversations/${conversationId}/faq_drafts`, { seq: entry.seq, question: asked.value.trim(), answer: answer.value.trim() });
    } catch (error) {
      trouble.textContent = error.message || t("error.unavailable");
      return false;
    }
    said(t("faq.done"));
    return true;
  });
}
