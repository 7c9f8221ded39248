/** Dates of things to do, and the fields they are typed in. All instants are integer milliseconds. */

import { h } from "../../shared/dom.js";
import { t } from "../../shared/texts.js";
import { clock } from "../../shared/time.js";

const DAY_MS = 86_400_000;
const pad = (value) => String(value).padStart(2, "0");
const midnight = (ms) => new Date(ms).setHours(0, 0, 0, 0);

/** 今天 17:00, 明天 9:30, 3月4日 9:30: what is due lies ahead, which `clock` does not know of. */
export function dueWords(atMs, nowMs = Date.now()) {
  const at = new Date(atMs);
  const time = `${pad(at.getHours())}:${pad(at.getMinutes())}`;
  const days = Math.round((midnight(atMs) - midnight(nowMs)) / DAY_MS);
  if (days === 0) return t("tickets.today", { time });
  if (days === 1) return t("tickets.tomorrow", { time });
  return days < 0 ? clock(atMs, nowMs) : `${t("time.date", { month: at.getMonth() + 1, day: at.getDate() })} ${time}`;
}

/** When a ticket is due, with the word beside the colour; nothing for one that is done. */
export function dueView(ticket) {
  if (ticket.state === "done") return null;
  const at = dueWords(ticket.next_ms);
  return h("span", { class: "due", data: { level: ticket.overdue ? "overdue" : "" } }, ticket.overdue ? t("tickets.due_overdue", { at }) : at);
}

/** A field for a local date and time; empty for 0. */
export function dateField(id, atMs = 0) {
  return h("input", { class: "field", type: "datetime-local", id, value: atMs ? localText(atMs) : "" });
}

/** The instant that a date field holds, or null for an empty one. */
export const dateOf = (field) => (field.value ? new Date(field.value).getTime() : null);

function localText(atMs) {
  const at = new Date(atMs);
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}T${pad(at.getHours())}:${pad(at.getMinutes())}`;
}
