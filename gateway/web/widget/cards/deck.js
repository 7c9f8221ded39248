/** Which cards stand above the reply box, and what their buttons do. */

import "./texts.js";
import { mintKey } from "../../shared/dom.js";
import { t } from "../../shared/texts.js";
import { ratingCard, waitCard } from "./cards.js";

/** The items for `reconcile`. `page`: `{element, composer, memory, do(frame), notice(text), render()}`. */
export function cardItems(conversation, entries, page) {
  if (conversation.case_state === "none") {
    const closed = page.memory.toRate(entries);
    const name = entries.findLast((entry) => entry.author === "agent")?.author_id || t("author.agent");
    return [{ id: `rate-${closed.seq}`, version: "", build: () => ratingCard(name, ratingActions(closed.data.case_id, page)) }];
  }
  const caseId = conversation.case_id;
  const { problem, corrected } = problemOf(caseId, entries);
  const told = corrected || page.memory.told(caseId) === problem;
  const { position, low_ms: low, high_ms: high } = conversation.wait ?? {};
  const version = [conversation.case_state, position, low, high, problem, told].join("|");
  const card = page.element.querySelector(".wait");
  // Never rebuild a card the customer is writing in.
  const busy = card?.contains(document.activeElement) && document.activeElement.matches("textarea, input");
  const held = busy ? page.element.keyed.get(caseId)?.version : undefined;
  return [{ id: caseId, version: held ?? version, build: () => waitCard(conversation, problem, told, waitActions(caseId, problem, page)) }];
}

function waitActions(caseId, problem, page) {
  return {
    draft: page.composer.draft,
    cancel: () => page.do({ type: "cancel_wait" }),
    redraw: () => {
      page.element.keyed.delete(caseId);
      page.element.replaceChildren();
      page.render();
    },
    leave: (text, contact) => {
      page.do({ type: "leave_message", key: mintKey(), text, contact });
      if (page.composer.draft() === text) page.composer.clear();
    },
    confirm: () => {
      page.memory.tell(caseId, problem);
      page.render();
    },
    correct: (text) => {
      page.do({ type: "correct", key: mintKey(), text });
      page.composer.field.focus();
    },
  };
}

function ratingActions(caseId, page) {
  const done = () => {
    page.memory.rated(caseId);
    page.render();
    page.composer.field.focus();
  };
  return {
    skip: done,
    rate: (score, comment) => {
      page.do({ type: "rate", key: mintKey(), score, stretch: caseId, ...(comment ? { comment } : {}) });
      page.notice(t("rate.thanks"));
      done();
    },
  };
}

/** What the waiting agent reads as the problem: the customer's correction, else what the queue notice quotes. */
function problemOf(caseId, entries) {
  const opened = entries.find((entry) => entry.kind === "case" && entry.data.case_id === caseId)?.seq ?? 0;
  const corrected = entries.findLast((entry) => entry.kind === "feedback" && entry.data.what === "problem" && entry.seq > opened);
  if (corrected) return { problem: corrected.text, corrected: true };
  const notice = entries.find((entry) => entry.data?.notice === "waiting" && entry.seq > opened);
  return { problem: notice?.data.card?.problem ?? "", corrected: false };
}
