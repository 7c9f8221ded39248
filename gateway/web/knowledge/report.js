/** What a replay found: how many of each verdict, and the questions that are not the same, the worst first. */

import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { faultList } from "./golden.js";
import { tableOf, tag } from "../shared/parts.js";

const VERDICTS = ["broken", "weaker", "changed", "improved", "same"];

/** Nodes for a report; titles of entries come from `tools`. */
export function reportView(report, tools) {
  const counts = VERDICTS.map((name) => h("div", { class: "count", data: { verdict: name, n: report[name] } }, h("dt", {}, t(`verdict.${name}`)), h("dd", {}, String(report[name]))));
  const rows = report.rows.map((row) => [tag(t(`verdict.${row.verdict}`), `verdict-${row.verdict}`), row.text, row.what, said(row.live, tools), said(row.draft, tools)]);
  const heads = ["verdict", "question", "what", "live", "draft"].map((name) => t(`replay.${name}`));
  return [
    h("p", { class: "soft" }, t("replay.summary", { real: report.real, golden: report.golden })),
    report.golden_faults?.length ? h("div", { role: "status" }, h("p", { class: "dialog-note" }, t("golden.faults", { n: report.golden_faults.length })), faultList(report.golden_faults)) : null,
    h("dl", { class: "counts" }, counts),
    rows.length ? h("div", { class: "scroll-table", tabindex: 0, role: "region", "aria-label": t("publish.title") }, tableOf(heads, rows)) : h("p", {}, t("replay.same")),
  ].filter(Boolean);
}

function said({ outcome, entries }, tools) {
  if (outcome === "miss") return t("reply.miss");
  return t(`reply.${outcome}`, { question: entries.map(tools.titleOf).join(" / ") });
}
