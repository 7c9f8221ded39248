/** What customers ask and the base does not answer, the costliest first; one press makes a draft. */

import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { goldenDialog } from "./golden.js";
import { button, percent, reasonOf, slot, tableOf, tag } from "../shared/parts.js";
import { bars } from "../shared/plots.js";

const SHOWN_WORDINGS = 8;

export function makeGaps(tools) {
  const place = slot();
  const element = h("main", { class: "view page" }, h("h2", { class: "unseen" }, t("kb.gaps")), place.element);

  const load = () => place.fill(() => tools.get("gaps"), draw, t("kb.scoring"));

  function draw(found) {
    if (!found.asked) return h("p", { class: "page-note" }, t("gaps.no_archive"));
    const heads = ["question", "asks", "handoffs", "minutes", "whys", "nearest", "act"].map((name) => t(`gaps.${name}`));
    return [
      h("p", { class: "page-lead" }, t("gaps.summary", { ...found, n: found.gaps.length, since: found.answered_since })),
      found.gaps.length
        ? h("section", { class: "panel" }, h("div", { class: "scroll-table", tabindex: 0, role: "region", "aria-label": t("kb.gaps") }, tableOf(heads, found.gaps.map(row))), h("p", { class: "panel-foot soft" }, t("gaps.ranked")))
        : h("p", { class: "page-note" }, t("gaps.none")),
      found.trends.length ? h("section", { class: "panel" }, h("h2", {}, t("gaps.trends")), h("ul", { class: "trends" }, found.trends.map((one) => trend(one, tell, (row) => goldenDialog(tools, row))))) : null,
    ].filter(Boolean);
  }

  function row(gap) {
    const others = gap.wordings.filter((wording) => wording !== gap.question);
    const words = h(
      "div",
      { class: "gap-words" },
      h("strong", {}, gap.question),
      others.length ? h("details", {}, h("summary", {}, t("gaps.more", { n: others.length })), h("ul", {}, others.slice(0, SHOWN_WORDINGS).map((wording) => h("li", {}, wording)))) : null,
      gap.reply ? h("p", { class: "soft" }, t("gaps.reply"), gap.reply) : null,
    );
    const whys = Object.entries(gap.whys).map(([why, count]) => [tag(`${t(`why_gap.${why}`)} ${count}`, "quiet"), " "]);
    const near = gap.nearest ? [h("a", { href: `#entries/${encodeURIComponent(gap.nearest)}` }, tools.titleOf(gap.nearest)), h("span", { class: "soft" }, ` ${percent(gap.nearest_probability)}`)] : "—";
    const act = gap.taken ? tag(t("gaps.taken"), "strong") : button(t("gaps.draft"), () => take(gap));
    return [words, String(gap.asks), String(gap.handoffs), String(gap.agent_minutes), whys, near, act];
  }

  async function take(gap) {
    try {
      const draft = await tools.post("gaps/draft", { question: gap.question });
      tools.drafted();
      tools.go("entries", `draft:${draft.key}`);
    } catch (error) {
      tools.toast(reasonOf(error));
      load();
    }
  }

  async function tell(one, press) {
    press.disabled = true;
    try {
      const { ordered } = await tools.post("gaps/tell", { entry_id: one.entry_id });
      tools.toast(t("gaps.telling", { n: ordered }));
      load();
    } catch (error) {
      tools.toast(reasonOf(error));
      press.disabled = false;
    }
  }

  return { element, show: load };
}

/** Who wished to be told: how many wait, are being told, were told. */
function wishes(one, tell) {
  const said = [
    one.told ? t("gaps.told", { n: one.told }) : "",
    one.telling ? t("gaps.still_telling", { n: one.telling }) : "",
    one.wishing ? t("gaps.wishing", { n: one.wishing }) : "",
  ].filter(Boolean);
  const press = one.wishing ? button(t("gaps.tell"), () => tell(one, press)) : null;
  return said.length ? h("span", { class: "trend-wishes" }, said.join("，"), press ? [" ", press] : null) : null;
}

function trend(one, tell, keep) {
  const numbers = one.weeks.map((week) => week.unanswered);
  const names = one.weeks.map((week) => new Date(week.from_ms).toISOString().slice(0, 10));
  const state = !one.published_ms
    ? t("gaps.unpublished")
    : one.closed === null
      ? t("gaps.quiet")
      : one.closed
        ? t("gaps.closed", { n: one.asked_since })
        : t("gaps.open", { n: one.asked_since, m: one.unanswered_since });
  return h(
    "li",
    { data: { closed: String(one.closed) } },
    h("a", { href: `#entries/${encodeURIComponent(one.entry_id)}` }, one.question),
    numbers.length ? bars(numbers, { label: t("gaps.trend_bars", { numbers: numbers.join(" ") }), names, width: 160, height: 28 }) : h("span", {}),
    h("span", {}, state, " ", wishes(one, tell), " ", one.published_ms ? button(t("golden.right"), () => keep({ text: one.question, gold: [one.entry_id] }), { class: "button plain" }) : null),
  );
}
