/**
 * The offer: a dialog with what the agent must know to decide, and a deadline that runs down.
 *
 * It is a native dialog, but not a modal one, and takes no focus: an agent in the middle of a sentence must neither
 * lose it nor accept by the Enter that was meant to send. Alt+A goes to it.
 */

import { h } from "../shared/dom.js";
import { plainText } from "../shared/markdown.js";
import { t } from "../shared/texts.js";
import { evidenceWords } from "./brief_data.js";
import { customerName, reasonTag } from "./list.js";

const DECLINE_REASONS = ["busy", "skill", "away"];
const MOST_SAID = 8;

/**
 * `actions`: `{accept(case), decline(case, reason), show(case), wanted(case)}`; `wanted` gives the log of a case and
 * may fetch it.
 *
 * Returns `{element, render(offers, openId), accept()}`: where the columns show the offered conversation already
 * (`openId`), the dialog says only what they do not.
 */
export function makeOffer(actions) {
  const element = h("dialog", { class: "offer", "aria-labelledby": "offer-title" });
  const speak = h("p", { class: "unseen", role: "alert" });
  let shown = null;
  let drawn = "";

  const render = (offers, openId) => {
    const item = offers[0] ?? null;
    if (!item) {
      if (element.open) element.close();
      shown = null;
      drawn = "";
      speak.textContent = "";
      return;
    }
    const isOpen = item.conversation_id === openId;
    const thread = isOpen ? [] : actions.wanted(item);
    const version = JSON.stringify([item.case_id, item.offer_deadline_ms, item.problem, offers.length, isOpen, thread.length]);
    if (version !== drawn) {
      drawn = version;
      const why = element.querySelector("select")?.value;
      element.replaceChildren(...content(item, { more: offers.length - 1, isOpen, thread, why: shown?.case_id === item.case_id ? why : "" }, actions));
      const said = element.querySelector(".offer-said");
      if (said) said.scrollTop = said.scrollHeight;
    }
    if (shown?.case_id !== item.case_id) speak.textContent = `${t("offer.title")}：${t(`reason.${item.reason}`, {}, item.reason)}，${item.problem}`;
    shown = item;
    if (!element.open) open(element);
  };

  return {
    element: h("div", { class: "offers" }, element, speak),
    render,
    accept: () => shown && actions.accept(shown),
  };
}

/** Show it and give the focus back, which even a non-modal dialog takes. */
function open(dialog) {
  const focused = document.activeElement;
  dialog.show();
  if (focused && focused !== document.body && document.contains(focused)) focused.focus({ preventScroll: true });
  else dialog.querySelector("h2").focus({ preventScroll: true });
}

function content(item, { more, isOpen, thread, why: chosen }, actions) {
  const why = h("select", { class: "field", "aria-label": t("offer.decline_reason") }, DECLINE_REASONS.map((reason) => h("option", { value: reason, selected: reason === chosen }, t(`offer.decline.${reason}`))));
  return [
    h("div", { class: "offer-head" }, h("h2", { id: "offer-title", tabindex: "-1" }, t("offer.title")), reasonTag(item.reason), item.offer_deadline_ms ? h("wait-timer", { until: item.offer_deadline_ms }) : null),
    h("p", { class: "offer-who quiet" }, customerName(item)),
    h("p", { class: "offer-problem" }, item.problem || t("brief.no_problem")),
    ...(isOpen ? [] : item.evidence ?? []).map((piece) => h("p", { class: "quiet" }, evidenceWords(piece))),
    item.attempts > 1 ? h("p", { class: "quiet" }, t("case.attempts", { n: item.attempts })) : null,
    thread.length ? said(thread) : null,
    more > 0 ? h("p", { class: "quiet" }, t("offer.more", { n: more })) : null,
    h(
      "div",
      { class: "offer-actions" },
      h("button", { class: "button primary", type: "button", on: { click: () => actions.accept(item) } }, t("offer.accept")),
      isOpen ? null : h("button", { class: "button", type: "button", on: { click: () => actions.show(item) } }, t("offer.show")),
    ),
    h(
      "div",
      { class: "offer-actions" },
      why,
      h("button", { class: "button", type: "button", on: { click: () => actions.decline(item, t(`offer.decline.${why.value}`)) } }, t("offer.decline")),
    ),
  ].filter(Boolean);
}

function said(thread) {
  const messages = thread.filter((entry) => entry.kind === "message" && entry.author !== "system");
  return h(
    "div",
    { class: "offer-said", "aria-label": t("offer.said"), tabindex: "0" },
    messages.slice(-MOST_SAID).map((entry) => h("p", {}, h("b", {}, `${t(`kind.${entry.author}`, {}, entry.author_id)}：`), plainText(entry.text))),
  );
}
