/** How late an answer to the customer is, by the targets in force: the server reckons them, in business time, and says when. */

/** The attributes of the `<wait-timer>` of a case: amber at the warning, red at the breach. */
export const limitsOf = (item) => ({ warn: item.answer_warn_ms, due: item.answer_due_ms });

/** "overdue" from the breach on, "late" from the warning on, else "fresh"; a case without a target is never late. */
export function lateness(item, nowMs) {
  if (item.answer_due_ms && nowMs >= item.answer_due_ms) return "overdue";
  return item.answer_warn_ms && nowMs >= item.answer_warn_ms ? "late" : "fresh";
}
