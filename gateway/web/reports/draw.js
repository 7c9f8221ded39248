/** A report as panels: tiles, charts with their numbers, tables. Every table has its CSV. */

import { COUNT, RATING, SHARE, chart, spans } from "../shared/chart.js";
import { h } from "../shared/dom.js";
import { bars, shareBar } from "../shared/plots.js";
import { t } from "../shared/texts.js";
import { spanWords } from "../shared/span.js";

const SHOWN_TOPICS = 15;
const NONE = "—";

const count = (value) => String(value);
const share = (value) => (value === null ? NONE : `${(value * 100).toFixed(1)}%`);
const span = (value) => (value === null || value === undefined ? NONE : spanWords(value));
const mean = (value) => (value === null ? NONE : value.toFixed(2));
const SPANS = spans(spanWords);

/** What the charts show: the field of a part, how it is said, and whether it is a line. */
const CHARTS = [
  { name: "volumes", scale: COUNT, series: [["conversations"], ["cases"]], table: [["conversations", count], ["customer_messages", count], ["bot_turns", count], ["agent_messages", count], ["cases", count]] },
  { name: "rate_chart", scale: SHARE, note: "rate_note", series: [["rate", "line"]], table: [["contacts", count], ["judged", count], ["rate", share]] },
  { name: "wait_chart", scale: SPANS, series: [["wait_p50_ms", "line", "p50"], ["wait_p90_ms", "line", "p90"]], table: [["accepted", count], ["wait_p50_ms", span, "p50"], ["wait_p90_ms", span, "p90"]] },
  { name: "handle_chart", scale: SPANS, series: [["handle_p50_ms", "line", "p50"], ["handle_p90_ms", "line", "p90"]], table: [["accepted", count], ["handle_p50_ms", span, "p50"], ["handle_p90_ms", span, "p90"]] },
  { name: "abandonment_chart", scale: SHARE, series: [["abandonment", "line"]], table: [["cases", count], ["abandoned", count], ["abandonment", share]] },
  { name: "mean_chart", scale: RATING, series: [["mean", "line", "by_persons"], ["bot_mean", "line", "by_bot"]], table: [["rated", count], ["mean", mean, "by_persons"], ["bot_rated", count, "rated"], ["bot_mean", mean, "by_bot"]] },
];

/** Nodes for what the server answered. */
export function drawReport(found) {
  const { report, names } = found;
  const csv = (table) => `/api/reports/${table}.csv?${new URLSearchParams({ from: found.from, to: found.to })}`;
  const people = { ...names, "": t("rep.nobody") };
  const served = { ...names, bot: t("rep.bot") };
  return [
    tiles(report),
    h("div", { class: "chart-panels" }, CHARTS.map((one) => chartPanel(one, found, csv("trend")))),
    h("div", { class: "even-panels" }, reasons(report.handoffs, csv("reasons")), verdicts(report.resolution, csv("resolution"))),
    times(report.handoffs, csv("times")),
    promptness("agents", "agent", report.by_agent, people, csv("agents")),
    promptness("groups", "group", report.by_group, { "": t("rep.no_group") }, csv("groups")),
    satisfaction(report.satisfaction, served, csv("satisfaction")),
    misses(report.misses, csv("misses")),
  ];
}

function tiles({ volumes, resolution, handoffs, satisfaction: rated }) {
  const persons = Object.entries(rated).filter(([name]) => name !== "bot");
  const n = persons.reduce((total, [, one]) => total + one.n, 0);
  const score = n ? persons.reduce((total, [, one]) => total + one.mean * one.n, 0) / n : null;
  const bot = rated.bot ?? { n: 0, mean: null };
  const tile = (name, value, more) => h("div", { class: "tile", data: { tile: name } }, h("dt", {}, t(`rep.tile.${name}`)), h("dd", {}, value), h("dd", { class: "tile-more" }, t(`rep.tile.${name}_more`, more)));
  return h(
    "dl",
    { class: "tiles report-tiles" },
    tile("conversations", String(volumes.conversations), { n: volumes.customer_messages }),
    tile("rate", share(resolution.rate), { n: resolution.judged }),
    tile("cases", String(handoffs.cases), { accepted: handoffs.accepted, left: handoffs.messages_left }),
    tile("wait", span(handoffs.wait_ms.p50), { p90: span(handoffs.wait_ms.p90) }),
    tile("abandonment", share(handoffs.abandonment), { n: handoffs.abandoned }),
    tile("mean", mean(score), { n, bot: mean(bot.mean), m: bot.n }),
  );
}

function chartPanel({ name, scale, note, series, table }, found, csv) {
  const { parts, step } = found;
  if (parts.every((part) => series.every(([field]) => part[field] === null))) return panel(name, csv, empty("no_numbers"));
  const short = ({ label }) => (step === "hour" ? label.slice(11) : label.slice(5));
  const drawn = chart({
    label: t("rep.chart_label", { name: t(`rep.${name}`), from: found.from, to: found.to }),
    names: parts.map(short),
    titles: parts.map((part) => part.label),
    scale,
    series: series.map(([field, kind, word]) => ({ name: t(`rep.${word ?? field}`), values: parts.map((part) => part[field]), line: kind === "line" })),
  });
  const heads = [t(`rep.part.${step}`), ...table.map(([field, , word]) => t(`rep.${word ?? field}`))];
  const rows = parts.map((part) => [step === "hour" ? short(part) : part.label, ...table.map(([field, say]) => say(part[field]))]);
  return panel(name, csv, [
    h("div", { class: "panel-body" }, drawn, note ? h("p", { class: "soft chart-note" }, t(`rep.${note}`)) : null),
    h("details", { class: "numbers" }, h("summary", {}, t("rep.numbers")), scroll(name, tableOf(heads, rows))),
  ]);
}

function reasons(handoffs, csv) {
  const rows = Object.entries(handoffs.reasons).map(([name, n]) => [t(`reason.${name}`, {}, name), meter(n / handoffs.cases, n), share(n / handoffs.cases)]);
  return panel("reasons", csv, rows.length ? scroll("reasons", tableOf(["reason", "n", "share"].map((name) => t(`rep.${name}`)), rows)) : empty("no_cases"));
}

function verdicts(resolution, csv) {
  const rows = Object.entries(resolution.verdicts)
    .filter(([, n]) => n)
    .map(([name, n]) => [t(`rep.verdict.${name}`), meter(n / resolution.contacts, n), share(n / resolution.contacts)]);
  const votes = h("p", { class: "panel-foot soft" }, t("rep.votes", { useful: resolution.useful_votes, useless: resolution.useless_votes }));
  return panel("verdicts", csv, [rows.length ? scroll("verdicts", tableOf(["verdict", "contacts", "share"].map((name) => t(`rep.${name}`)), rows)) : empty("none"), votes]);
}

function times(handoffs, csv) {
  const row = (name, one) => [t(`rep.${name}`), String(one.n), ...["p50", "p90", "p95", "most"].map((at) => span(one[at]))];
  const heads = ["time", "n", "p50", "p90", "p95", "most"].map((name) => t(`rep.${name}`));
  return panel("times", csv, scroll("times", tableOf(heads, [row("wait", handoffs.wait_ms), row("handle", handoffs.handle_ms), row("gave_up", handoffs.gave_up_ms)])));
}

function promptness(name, who, found, names, csv) {
  const heads = [who, "owed", "answered", "late", "open", "p50", "p90", "most"].map((one) => t(`rep.${one}`));
  const rows = Object.entries(found).map(([id, one]) => [
    names[id] ?? id,
    String(one.owed),
    String(one.answered),
    one.late ? h("span", { class: "late" }, t("rep.late"), ` ${one.late}`) : "0",
    String(one.open),
    ...["p50", "p90", "most"].map((at) => span(one.took_ms[at])),
  ]);
  return panel(name, csv, rows.length ? [scroll(name, tableOf(heads, rows)), name === "agents" ? h("p", { class: "panel-foot soft" }, t("rep.owed_note")) : null] : empty("no_owed"));
}

function satisfaction(found, names, csv) {
  const rows = Object.entries(found).map(([id, one]) => {
    const name = names[id] ?? id;
    const scores = Object.values(one.scores);
    return [name, String(one.n), mean(one.mean), h("div", { class: "scores" }, bars(scores, { label: t("rep.scores_label", { name, numbers: scores.join(" ") }), names: ["1", "2", "3", "4", "5"], width: 100, height: 24 }), h("span", { class: "soft" }, scores.join(" · ")))];
  });
  return panel("satisfaction", csv, rows.length ? scroll("satisfaction", tableOf(["who", "rated", "mean", "scores"].map((name) => t(`rep.${name}`)), rows)) : empty("no_ratings"));
}

function misses(found, csv) {
  const rows = found.slice(0, SHOWN_TOPICS).map((one) => [one.topic || t("rep.no_topic"), String(one.n), h("ul", { class: "examples" }, one.examples.map((text) => h("li", {}, text)))]);
  const more = found.length > SHOWN_TOPICS ? h("p", { class: "panel-foot soft" }, t("rep.more_topics", { n: found.length - SHOWN_TOPICS })) : null;
  return panel("misses", csv, rows.length ? [scroll("misses", tableOf(["topic", "n", "examples"].map((name) => t(`rep.${name}`)), rows)), more] : empty("no_misses"));
}

/** A section with its name and its CSV. */
function panel(name, csv, content) {
  const title = t(`rep.${name}`);
  return h(
    "section",
    { class: "panel", data: { panel: name } },
    h("div", { class: "panel-head" }, h("h2", {}, title), h("a", { class: "button plain csv", href: csv, download: "", "aria-label": t("rep.csv_of", { name: title }) }, t("rep.csv"))),
    content,
  );
}

/** A table whose rows begin with their name and whose other cells are figures. */
function tableOf(heads, rows) {
  const cells = ([name, ...rest]) => [h("th", { scope: "row" }, name), ...rest.map((cell) => h("td", { class: "figure" }, cell))];
  return h("table", {}, h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))), h("tbody", {}, rows.map((row) => h("tr", {}, cells(row)))));
}

/** A number with a bar of its share. */
const meter = (part, n) => h("span", { class: "share-cell" }, h("span", { class: "share-number" }, String(n)), shareBar(part));
const scroll = (name, content) => h("div", { class: "scroll-table", tabindex: 0, role: "region", "aria-label": t(`rep.${name}`) }, content);
const empty = (name) => h("p", { class: "page-note" }, t(`rep.${name}`));
