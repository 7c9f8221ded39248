/** Who changed what, the latest first, and the way back. */

import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { clock } from "../shared/time.js";
import { differenceTable } from "./diff.js";
import { button, reasonOf, slot } from "../shared/parts.js";

export function makeHistory(tools) {
  const title = h("h2", {});
  const all = h("a", { class: "button", href: "#history" }, t("history.all"));
  const place = slot();
  const element = h("main", { class: "view page" }, h("div", { class: "page-head" }, title, all), place.element);

  const show = (id) => {
    title.textContent = id ? t("history.title_one", { name: tools.titleOf(id) }) : t("history.title_all");
    all.hidden = !id;
    place.fill(
      () => tools.get(`history?id=${encodeURIComponent(id)}`),
      ({ versions }) => {
        if (!versions.length) return h("p", { class: "page-note" }, t("history.none"));
        const seen = new Set();
        const rows = versions.map((version) => {
          const latest = !seen.has(version.entry_id);
          seen.add(version.entry_id);
          return row(version, id, latest);
        });
        return h("ol", { class: "versions" }, rows);
      },
    );
  };

  /** `latest`: the entry is as this version says; there is nothing to bring back. */

  function row(version, id, latest) {
    const fields = version.differences.map((one) => t(`field.${one.field}`, {}, one.field)).join("、");
    const name = version.form?.question ?? tools.titleOf(version.entry_id);
    const isFirst = version.what === "first_seen";
    return h(
      "li",
      { class: "panel version" },
      h(
        "details",
        { open: Boolean(id) && latest && !isFirst },
        h("summary", {}, h("time", {}, clock(version.at_ms)), h("strong", {}, name), h("span", { class: "soft" }, `${actOf(version)}${isFirst || !version.form ? "" : `：${fields}`}`)),
        version.reason ? h("p", { class: "version-reason" }, t("history.reason", { reason: version.reason })) : null,
        isFirst ? null : differenceTable(version.differences, [t("history.before"), t("history.after")]),
        h(
          "div",
          { class: "version-actions" },
          version.form && !latest ? button(t("history.restore"), () => restore(version)) : null,
          id ? null : h("a", { class: "button plain", href: `#history/${encodeURIComponent(version.entry_id)}` }, t("edit.history")),
          h("a", { class: "button plain", href: `#entries/${encodeURIComponent(version.entry_id)}` }, t("history.open")),
        ),
      ),
    );
  }

  async function restore(version) {
    try {
      const draft = await tools.post("history/restore", { number: version.number });
      tools.drafted();
      tools.toast(t("history.restored"));
      tools.go("entries", draft.entry_id || `draft:${draft.key}`);
    } catch (error) {
      tools.toast(reasonOf(error));
    }
  }

  return { element, show };
}

function actOf(version) {
  if (!version.form) return t("history.removed");
  if (version.what === "published") return t("history.published", { who: version.display || version.who });
  if (version.what === "by_hand") return version.who ? t("history.by_hand_who", { who: version.who }) : t("history.by_hand");
  return t("history.first_seen");
}
