/**
 * The brief in the shape the screen draws, whatever the log already tells filled in.
 *
 *   { problem: {text, seq}, corrected, reason, evidence: [{text, seq}], notes: [text], moods: [{seq, sentiment}],
 *     entities: [{name, value, seq}], suggested: [{id, question, probability, text}], promises: [{text, seq}],
 *     earlier: [EarlierCase] }
 */

import { t } from "../shared/texts.js";
import { understandingOf } from "./explain.js";

const MOST_SUGGESTED = 3;

export function briefView(brief, item, entries) {
  const document = brief ?? {};
  return {
    problem: { text: document.problem || item.problem || "", seq: document.problem_seq || item.problem_seq || null },
    corrected: Boolean(document.corrected),
    reason: document.reason || item.reason,
    evidence: (document.evidence ?? item.evidence ?? []).map(evidenceLine),
    notes: document.notes ?? (item.note ? [item.note] : []),
    moods: moods(entries),
    entities: entities(document.entities, entries),
    suggested: suggested(document.suggestions ?? [], entries),
    promises: document.promises ?? [],
    earlier: document.earlier ?? [],
  };
}

/** One piece of evidence in words: the signal, its strength, the words it was seen in. */
export function evidenceWords({ signal, detail, value }) {
  const name = t(`signal.${signal}`, {}, t(`reason.${signal}`, {}, signal));
  // 1 means "seen", not a measure.
  const strength = value && value !== 1 ? ` ${Number(value).toFixed(2)}` : "";
  const words = signal === "intent" ? t(`intent.${detail}`, {}, detail) : detail;
  return words ? `${name}${strength}：「${words}」` : `${name}${strength}`;
}

const evidenceLine = (piece) => ({ text: evidenceWords(piece), seq: piece.seq ?? null });

function moods(entries) {
  const found = [];
  for (const entry of entries) {
    const sentiment = entry.kind === "annotation" ? understandingOf(entry)?.sentiment : null;
    if (sentiment) found.push({ seq: entry.data.about, sentiment });
  }
  return found;
}

/** What the customer named, each value once, the newest last. */
function entities(given, entries) {
  const found = new Map();
  const add = (entity, seq) => found.set(`${entity.name}|${entity.value}`, { name: entity.name, value: entity.value, seq });
  for (const entity of given ?? []) add(entity, entity.seq);
  for (const entry of entries) {
    if (entry.kind !== "annotation") continue;
    for (const entity of understandingOf(entry)?.entities ?? []) add(entity, entry.data.about);
  }
  return [...found.values()];
}

/** The brief's suggestions with their text, which the log may already hold; the bot's own answers fill in. */
function suggested(given, entries) {
  const answers = new Map();
  for (const entry of entries) if (entry.data?.answer) answers.set(entry.data.answer.entry_id, entry.data.answer);
  return given.slice(0, MOST_SUGGESTED).map((item) => ({
    id: item.entry_id,
    question: item.question,
    probability: item.probability ?? 0,
    text: item.text || answers.get(item.entry_id)?.text || "",
  }));
}
