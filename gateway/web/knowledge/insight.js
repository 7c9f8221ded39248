/** For the business: what is talked about, what annoys, which products are named; by day, and as CSV. */

import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { percent, slot } from "../shared/parts.js";
import { bars } from "../shared/plots.js";

const MOST_TOPICS = 20;
const MOST_PRODUCTS = 12;
const MOST_ANNOYING = 6;
// A share of one or two questions tells nothing.
const ENOUGH = 3;

export function makeInsight(tools) {
  const from = h("input", { class: "field", type: "date", id: "insight-from" });
  const to = h("input", { class: "field", type: "date", id: "insight-to" });
  const csv = h("a", { class: "button", download: "insight.csv", href: "/api/knowledge/insight.csv" }, t("insight.csv"));
  const place = slot();
  const query = () => new URLSearchParams({ from: from.value, to: to.value }).toString();
  const load = () =>
    place.fill(
      () => tools.get(`insight?${query()}`),
      (found) => {
        from.value = found.days[0];
        to.value = found.days.at(-1);
        csv.href = `/api/knowledge/insight.csv?${query()}`;
        return draw(found);
      },
    );
  const element = h(
    "main",
    { class: "view page" },
    h(
      "form",
      {
        class: "page-head",
        on: {
          submit: (event) => {
            event.preventDefault();
            load();
          },
        },
      },
      h("h2", {}, t("kb.insight")),
      h("label", { class: "with-label", for: "insight-from" }, t("insight.from"), from),
      h("label", { class: "with-label", for: "insight-to" }, t("insight.to"), to),
      h("button", { class: "button", type: "submit" }, t("insight.show")),
      csv,
    ),
    place.element,
  );
  return { element, show: load };
}

function draw(found) {
  const total = sum(found.questions);
  if (!total) return h("p", { class: "page-note" }, t("insight.none"));
  const negative = sum(found.negative);
  const missed = sum(found.topics.map((topic) => topic.missed));
  const most = Math.max(...found.questions);
  const [first, last] = [found.days[0], found.days.at(-1)];
  return [
    h("dl", { class: "tiles" }, tile("questions", String(total)), tile("negative", share(negative, total)), tile("missed", share(missed, total)), tile("busiest", `${found.days[found.questions.indexOf(most)].slice(5)} · ${most}`)),
    h(
      "section",
      { class: "panel" },
      h("h2", {}, t("insight.by_day")),
      h(
        "div",
        { class: "panel-body" },
        bars(found.questions, { label: t("insight.by_day_label", { first, last, most }), marked: found.negative, names: found.days, width: 900, height: 120 }),
        h("p", { class: "axis soft" }, h("span", {}, first), h("span", {}, last)),
      ),
    ),
    h("section", { class: "panel" }, h("h2", {}, t("insight.topics")), scroll(t("insight.topics"), table("topic", found.topics.slice(0, MOST_TOPICS), found.days))),
    h(
      "div",
      { class: "two-panels" },
      h("section", { class: "panel" }, h("h2", {}, t("insight.negative_topics")), ranking(annoying(found.topics))),
      h("section", { class: "panel" }, h("h2", {}, t("insight.products")), found.products.length ? scroll(t("insight.products"), table("product", found.products.slice(0, MOST_PRODUCTS), found.days)) : h("p", { class: "page-note" }, t("insight.no_products"))),
    ),
  ];
}

function table(kind, rows, days) {
  const heads = [t(`insight.${kind}`), t("insight.questions"), t("insight.trend"), t("insight.negative"), t("insight.missed")];
  const cells = (row) => [
    h("th", { scope: "row" }, nameOf(row)),
    h("td", { class: "figure" }, String(row.n)),
    h("td", { class: "trend-cell" }, bars(row.by_day, { label: t("insight.trend_label", { name: nameOf(row), numbers: row.by_day.join(" ") }), names: days, height: 24 })),
    h("td", { class: "figure" }, row.negative ? share(row.negative, row.n) : "0"),
    h("td", { class: "figure" }, row.missed ? share(row.missed, row.n) : "0"),
  ];
  return h("table", {}, h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))), h("tbody", {}, rows.map((row) => h("tr", {}, cells(row)))));
}

/** Topics asked often enough, by the share of negative questions. */
function annoying(topics) {
  return topics
    .filter((topic) => topic.negative && topic.n >= ENOUGH)
    .sort((a, b) => b.negative / b.n - a.negative / a.n || b.negative - a.negative)
    .slice(0, MOST_ANNOYING);
}

function ranking(topics) {
  if (!topics.length) return h("p", { class: "page-note" }, "—");
  return h("ul", { class: "ranking" }, topics.map((topic) => h("li", {}, h("span", {}, nameOf(topic)), h("meter", { min: 0, max: 1, value: topic.negative / topic.n, "aria-label": nameOf(topic) }), h("b", {}, share(topic.negative, topic.n)))));
}

const scroll = (label, content) => h("div", { class: "scroll-table", tabindex: 0, role: "region", "aria-label": label }, content);
const nameOf = (row) => row.name || t("insight.no_topic");
const tile = (name, value) => h("div", { class: "tile", data: { tile: name } }, h("dt", {}, t(`insight.${name}`)), h("dd", {}, value));
const share = (part, whole) => t("insight.share", { n: part, share: percent(part / whole) });
const sum = (values) => values.reduce((total, value) => total + value, 0);
