/** An answer as the customer's page shows it: the same Markdown, the same line below. */

import { h } from "../shared/dom.js";
import { imageNode, renderMarkdown } from "../shared/markdown.js";
import { t } from "../shared/texts.js";

/** Returns `{element, draw(form)}`. */
export function makePreview() {
  const asked = h("p", { class: "preview-asked" });
  const answer = h("div", { class: "preview-answer" });
  const element = h("aside", { class: "preview", "aria-label": t("edit.preview") }, h("h3", {}, t("edit.preview")), asked, answer);
  return {
    element,
    draw(form) {
      asked.textContent = form.question ?? "";
      asked.hidden = !form.question;
      if (!form.answer) {
        answer.replaceChildren(h("p", { class: "page-note" }, t("edit.preview_empty")));
        return;
      }
      const below = [form.question, form.category, form.updated ? t("answer.updated", { date: form.updated }) : ""].filter(Boolean).join(" · ");
      const images = (form.images ?? []).map((address) => imageNode("", address));
      answer.replaceChildren(renderMarkdown(form.answer), ...images, h("p", { class: "preview-source" }, h("span", { class: "tag" }, t("answer.source")), ` ${below}`));
    },
  };
}
