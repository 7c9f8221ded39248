/** The drafts of everybody: open one, or compare and publish several together, all or none. */

import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { clock } from "../shared/time.js";
import { button, reasonOf, slot, tableOf, tag } from "../shared/parts.js";
import { publishDialog } from "./publish.js";

const ANSWER_SHOWN = 120;

export function makeDrafts(tools) {
  const place = slot();
  const publish = button("", () => goOut(), { class: "button primary" });
  const element = h("main", { class: "view page" }, h("div", { class: "page-head" }, h("h2", {}, t("kb.drafts")), publish), place.element);
  let drafts = [];
  let chosen = new Set();

  const isReady = (draft) => !draft.errors && !draft.overtaken;

  function load() {
    return place.fill(
      () => tools.get("drafts"),
      (answer) => {
        drafts = answer.drafts;
        chosen = new Set(drafts.filter(isReady).map((draft) => draft.key));
        count();
        return [drafts.length ? table("kb.drafts", ["choose", "entry", "who", "when", "state"], drafts.map(row)) : h("p", { class: "page-note" }, t("drafts.none")), ...unpublished(answer.unpublished)];
      },
    );
  }

  const table = (name, heads, rows) =>
    h("div", { class: "panel scroll-table", tabindex: 0, role: "region", "aria-label": t(name) }, tableOf(heads.map((head) => t(`drafts.${head}`)), rows));

  /** What agents made of their answers, and drafts put into the files by hand. */
  function unpublished(rows) {
    if (!rows.length) return [];
    const cells = rows.map((row) => [
      h("a", { href: `#entries/${encodeURIComponent(row.id)}` }, row.question),
      h("span", { class: "soft" }, row.answer.length > ANSWER_SHOWN ? `${row.answer.slice(0, ANSWER_SHOWN)}…` : row.answer),
      row.owner || "—",
      row.conversation_id ? t("drafts.from_conversation", row) : t("drafts.from_file", row),
      row.updated || "—",
      row.drafted ? tag(t("drafts.adopted"), "quiet") : button(t("drafts.adopt"), (event) => adopt(row, event.currentTarget), { "aria-label": `${t("drafts.adopt")}：${row.question}` }),
    ]);
    return [h("h3", {}, t("drafts.unpublished")), h("p", { class: "soft" }, t("drafts.unpublished_hint")), table("drafts.unpublished", ["entry", "answer", "who", "from", "when", "state"], cells)];
  }

  /** A draft that publishes the entry, opened for mending. */
  async function adopt(row, press) {
    press.disabled = true;
    try {
      const { form, version } = await tools.get(`entry?id=${encodeURIComponent(row.id)}`);
      await tools.post("drafts", { key: row.id, entry_id: row.id, made_from: version, number: 0, form: { ...form, status: "published" } });
      tools.drafted();
      tools.go("entries", row.id);
    } catch (error) {
      tools.toast(reasonOf(error));
      load();
    }
  }

  function count() {
    publish.textContent = t("drafts.publish", { n: chosen.size });
    publish.disabled = !chosen.size;
    publish.hidden = !drafts.length;
  }

  function row(draft) {
    const title = draft.form.question || t("drafts.untitled");
    const pick = h("input", {
      type: "checkbox",
      checked: chosen.has(draft.key),
      disabled: !isReady(draft),
      "aria-label": `${t("drafts.choose")}：${title}`,
      on: {
        change: (event) => {
          if (event.target.checked) chosen.add(draft.key);
          else chosen.delete(draft.key);
          count();
        },
      },
    });
    const address = draft.entry_id ? `#entries/${encodeURIComponent(draft.entry_id)}` : `#entries/${encodeURIComponent(`draft:${draft.key}`)}`;
    const state = draft.overtaken ? tag(t("drafts.overtaken"), "strong") : draft.errors ? tag(t("drafts.errors", { n: draft.errors }), "strong") : tag(t("drafts.ready"), "quiet");
    return [pick, [h("a", { href: address }, title), draft.entry_id ? null : [" ", tag(t("drafts.kind_new"), "quiet")]], draft.display, clock(draft.at_ms), state];
  }

  function goOut() {
    const wanted = Object.fromEntries(drafts.filter((draft) => chosen.has(draft.key)).map((draft) => [draft.key, draft.number]));
    publishDialog(tools, wanted, {
      done: () => {
        tools.toast(t("publish.done"));
        tools.drafted();
        load();
      },
      overtaken: () => {
        tools.toast(t("conflict.title"));
        load();
      },
      refused: () => load(),
    });
  }

  return { element, show: load };
}
