/** What in a frame calls the agent: offers to me, customers of mine, and where a colleague calls me. Pure. */

import { t } from "../shared/texts.js";
import { mine } from "./state.js";

/** Chats of mine that wait for me, for the title's badge. */
export const owedCount = (state) => mine(state).filter((item) => item.state === "offered" || item.owed_since_ms).length;

/** `[{kind: "offer"|"message", text, toast}]`; `toast`: it is to be seen in the page too. */
export function callsOf(before, now, frame, me) {
  if (frame.type === "mention") return [{ kind: "message", text: t("mention.came", { name: frame.mention.by_display, text: frame.mention.text }), toast: true }];
  if (frame.type === "entry" && frame.entry.data?.whisper && frame.entry.data.to === me) {
    return [{ kind: "message", text: t("whisper.came", { text: frame.entry.text }), toast: true }];
  }
  if (isNewOffer(before, now, frame)) return [{ kind: "offer", text: frame.case.problem, toast: false }];
  return isNewMessage(before, now, frame) ? [{ kind: "message", text: frame.case.last_text, toast: false }] : [];
}

/** A case has just been offered to me. */
export function isNewOffer(before, now, { type, case: item }) {
  return type === "case" && item.state === "offered" && before.cases[item.case_id]?.state !== "offered" && Boolean(now.cases[item.case_id]);
}

function isNewMessage(before, now, { type, case: item }) {
  if (type !== "case" || !item.owed_since_ms) return false;
  const [held, come] = [before.cases[item.case_id], now.cases[item.case_id]];
  return Boolean(held && come) && held.last_seq < come.last_seq && come.last_author === "customer";
}
