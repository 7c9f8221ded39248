/** What the bot made of a customer message: one line to scan, the whole on opening. */

import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";

const percent = (value) => `${Math.round(value * 100)}%`;
const decimal = (value) => value.toFixed(1);
const MOST_WORDS = 6;
// An intent that would be shown as 0 % tells nothing.
const WORTH_SHOWING = 0.005;

/** An annotation's `Understanding`, or null. */
export function understandingOf(entry) {
  const document = entry?.data?.understanding ?? entry?.data;
  return document?.intent ? document : null;
}

/** How angry, as a step 0–3 for the mood bars. */
export const moodLevel = (sentiment) => Math.max(0, Math.min(3, Math.round(sentiment?.anger ?? 0)));

/** Negative, neutral or positive in words; with the anger where there is some. */
export function moodWords(sentiment) {
  const label = t(`sentiment.${sentiment.label}`, {}, sentiment.label);
  return sentiment.anger >= 0.5 ? `${label} · ${t("explain.anger", { value: decimal(sentiment.anger) })}` : label;
}

/** `jump(seq)` moves the thread to a message. */
export function explanation(understanding, jump) {
  const { intent, sentiment, finding } = understanding;
  const best = finding?.candidates?.[0];
  return h(
    "details",
    { class: "explain" },
    h(
      "summary",
      {},
      h("span", {}, intentWords(intent)),
      sentiment ? h("span", { class: "mood-line" }, moodMark(sentiment), moodWords(sentiment)) : null,
      finding ? h("span", {}, t(`outcome.${finding.outcome}`), best ? ` ${percent(best.probability)}` : "") : null,
    ),
    h(
      "dl",
      { class: "facts" },
      fact(t("explain.intent"), ranking(understanding)),
      sentiment ? fact(t("explain.sentiment"), sentimentFacts(sentiment)) : null,
      sentiment?.words?.length ? fact(t("explain.words"), words(sentiment.words)) : null,
      understanding.entities?.length ? fact(t("explain.entities"), entityFacts(understanding.entities)) : null,
      finding?.candidates?.length ? fact(t("explain.candidates"), candidates(finding.candidates)) : null,
      finding?.why ? fact(t("explain.why"), finding.why) : null,
      understanding.repeat_of ? fact("", repeat(understanding, jump)) : null,
    ),
  );
}

/** The text with the things named in it marked; offsets count code points, as Python does. */
export function markedText(text, entities = []) {
  const points = [...text];
  const parts = [];
  let at = 0;
  for (const entity of [...entities].sort((a, b) => a.start - b.start)) {
    if (entity.start < at || entity.end > points.length) continue;
    parts.push(points.slice(at, entity.start).join(""));
    parts.push(h("mark", { title: entityName(entity.name) }, points.slice(entity.start, entity.end).join("")));
    at = entity.end;
  }
  parts.push(points.slice(at).join(""));
  return parts;
}

export const entityName = (name) => t(`entity.${name}`, {}, name);

const intentWords = ({ name, confidence }) => `${t(`intent.${name}`, {}, name)} ${percent(confidence)}`;

const fact = (name, content) => [h("dt", {}, name), h("dd", {}, content)];

const moodMark = (sentiment) => h("span", { class: `mood-dot mood-${moodLevel(sentiment)}`, "aria-hidden": "true" });

function ranking({ intent, ranking: others = [] }) {
  const list = others.length ? others : [intent];
  return list
    .filter((item, at) => at === 0 || item.confidence >= WORTH_SHOWING)
    .slice(0, 3)
    .map(intentWords)
    .join("，");
}

function sentimentFacts(sentiment) {
  return [
    `${t("sentiment.negative")} ${percent(sentiment.negative)} / ${t("sentiment.neutral")} ${percent(sentiment.neutral)} / ${t("sentiment.positive")} ${percent(sentiment.positive)}`,
    t("explain.anger", { value: decimal(sentiment.anger) }),
    t("explain.wants_human", { value: percent(sentiment.wants_human) }),
    t("explain.threat", { value: percent(sentiment.threat) }),
  ].join("，");
}

const words = (weighed) => weighed.slice(0, MOST_WORDS).map(([word, weight]) => h("span", { class: "tag" }, `${word} ${weight.toFixed(2)}`));

const entityFacts = (entities) => entities.map((entity) => `${entityName(entity.name)}：${entity.value}`).join("，");

function candidates(found) {
  return h(
    "ol",
    { class: "candidates" },
    found.slice(0, 5).map((candidate) =>
      h(
        "li",
        {},
        h("b", {}, percent(candidate.probability)),
        ` ${candidate.question}`,
        h("small", {}, ` ${candidate.entry_id} · ${t("explain.matched", { text: candidate.matched })}`),
      ),
    ),
  );
}

function repeat(understanding, jump) {
  return h(
    "button",
    { class: "jump", type: "button", on: { click: () => jump(understanding.repeat_of) } },
    t("explain.repeat", { seq: understanding.repeat_of, value: percent(understanding.repeat_similarity) }),
  );
}
