/** The cards above the reply box: waiting for a person, what was told to them, a message left, a rating. */

import { h } from "../../shared/dom.js";
import { onEnter } from "../../shared/enter.js";
import { t } from "../../shared/texts.js";
import { waitRange } from "./wait_range.js";

const MAX_CONTACT_CHARACTERS = 100;
const MAX_MESSAGE_CHARACTERS = 2000;

/**
 * The card of a waiting customer.
 *
 * `problem`: what the agent will be told, "" when the customer only asked for a person. `actions`: `{cancel,
 * correct(text), leave(text, contact)}`.
 */
export function waitCard(conversation, problem, confirmed, actions) {
  const wait = conversation.wait;
  const body = h("div", { class: "card-body" });
  const offered = conversation.case_state === "offered";
  showConfirm(body, problem, confirmed, actions);
  return h(
    "section",
    { class: "card wait", "aria-label": t("wait.title") },
    h(
      "div",
      { class: "card-head", role: "status" },
      h("strong", {}, t(offered ? "wait.offered" : "wait.title")),
      h("span", { class: "card-facts" }, facts(conversation.wait)),
    ),
    h("p", { class: "card-hint" }, t("wait.bot_helps")),
    body,
    h(
      "div",
      { class: "card-actions wait-actions" },
      h("button", { class: "button", type: "button", on: { click: () => showLeave(body, actions) } }, t("wait.leave")),
      h("button", { class: "button plain", type: "button", on: { click: actions.cancel } }, t("wait.cancel")),
    ),
  );
}

function facts(wait) {
  if (!wait) return t("wait.unknown");
  return `${t("wait.position", { position: wait.position })} · ${waitRange(wait.low_ms, wait.high_ms)}`;
}

function showConfirm(body, problem, confirmed, actions) {
  delete body.dataset.step;
  const link = (text, act) => h("button", { class: "link", type: "button", on: { click: act } }, text);
  const edit = link(t("confirm.edit"), () => showCorrect(body, problem, actions, true));
  if (!problem) showCorrect(body, "", actions);
  else if (confirmed) body.replaceChildren(h("p", { class: "told" }, t("confirm.told", { problem })), h("div", {}, edit));
  else {
    body.replaceChildren(
      h("p", { class: "told" }, t("confirm.ask", { problem })),
      h("div", {}, link(t("confirm.yes"), () => actions.confirm()), edit),
    );
  }
}

function showCorrect(body, problem, actions, focus = false) {
  const field = h("textarea", {
    class: "field",
    rows: 2,
    maxlength: MAX_MESSAGE_CHARACTERS,
    "aria-label": t("confirm.field"),
    placeholder: t("confirm.placeholder"),
    value: problem,
  });
  const send = () => field.value.trim() && actions.correct(field.value.trim());
  onEnter(field, send);
  body.replaceChildren(
    h("p", { class: "told" }, t("confirm.field")),
    h("div", { class: "card-line" }, field, h("button", { class: "button", type: "button", on: { click: send } }, t("confirm.send"))),
  );
  if (focus) field.focus();
}

function showLeave(body, actions) {
  const text = h("textarea", {
    class: "field",
    rows: 2,
    maxlength: MAX_MESSAGE_CHARACTERS,
    "aria-label": t("leave.text"),
    placeholder: t("leave.text"),
    value: actions.draft(),
  });
  const contact = h("input", {
    class: "field",
    maxlength: MAX_CONTACT_CHARACTERS,
    "aria-label": t("leave.contact"),
    placeholder: t("leave.contact"),
    autocomplete: "tel",
  });
  const send = () => text.value.trim() && actions.leave(text.value.trim(), contact.value.trim());
  const button = (kind, label, act) => h("button", { class: `button ${kind}`, type: "button", on: { click: act } }, label);
  body.dataset.step = "leave";
  body.replaceChildren(
    h("p", { class: "card-hint" }, t("leave.hint")),
    h("div", { class: "card-stack" }, text, contact),
    h(
      "div",
      { class: "card-actions" },
      button("primary", t("leave.send"), send),
      button("plain", t("leave.back"), () => actions.redraw()),
    ),
  );
  text.focus();
}

/** Asked once after a person's stretch. `actions`: `{rate(score, comment), skip}`. */
export function ratingCard(name, actions) {
  let score = 0;
  const comment = h("textarea", {
    class: "field",
    rows: 2,
    maxlength: 500,
    "aria-label": t("rate.comment"),
    placeholder: t("rate.comment"),
  });
  const send = h(
    "button",
    { class: "button primary", type: "button", disabled: true, on: { click: () => actions.rate(score, comment.value.trim()) } },
    t("rate.send"),
  );
  const more = h("div", { class: "card-stack", hidden: true }, comment);
  const marks = [1, 2, 3, 4, 5].map((value) =>
    h(
      "label",
      { class: "mark" },
      h("input", { type: "radio", name: "score", value: String(value), on: { change: () => choose(value) } }),
      h("span", { class: "mark-figure" }, String(value)),
      h("span", { class: "mark-word" }, t(`rate.${value}`)),
    ),
  );
  const choose = (value) => {
    score = value;
    send.disabled = false;
    more.hidden = false;
  };
  return h(
    "section",
    { class: "card rating", "aria-label": t("rate.title", { name }) },
    h("div", { class: "card-head" }, h("strong", {}, t("rate.title", { name }))),
    h("fieldset", { class: "marks" }, h("legend", { class: "unseen" }, t("rate.title", { name })), marks),
    more,
    h(
      "div",
      { class: "card-actions" },
      send,
      h("button", { class: "button plain", type: "button", on: { click: actions.skip } }, t("rate.skip")),
    ),
  );
}
