/** One document of settings: its form, saving it under its version, what others changed meanwhile, and its history. */

import { h } from "../shared/dom.js";
import { button, confirmDialog, reasonOf, slot } from "../shared/parts.js";
import { t } from "../shared/texts.js";
import { clock } from "../shared/time.js";
import { differences } from "./differences.js";
import { Places } from "./fields.js";

/**
 * `form(document, places, context)` gives `{element, read()}`; `read` puts every field at its path. `context` is
 * `{groups, people, shipped, changed()}`.
 */
export function makeSetting(kind, form, tools) {
  const place = slot();
  const element = h("section", { class: "setting", data: { setting: kind } }, h("h2", { class: "admin-title" }, t(`adm.${kind}`)), h("p", { class: "page-lead soft" }, t(`adm.${kind}.lead`)), place.element);
  let open = null;
  let isDirty = false;

  const load = () => place.fill(read, draw);

  async function read() {
    const [found, groups, { people }] = await Promise.all([tools.get(`settings/${kind}`), tools.get("settings/groups"), tools.get("people")]);
    return { found, groups: groups.document.groups, people };
  }

  function draw({ found, groups, people }, written = found.document) {
    const places = new Places();
    const state = h("p", { class: "setting-state", role: "status" });
    const trouble = h("div", { class: "setting-trouble", role: "alert", hidden: true });
    const save = button(t("adm.save"), () => send(), { class: "button primary" });
    const touched = () => {
      isDirty = true;
      state.textContent = t("adm.unsaved");
    };
    const made = form(written, places, { groups, people, shipped: found.shipped ?? {}, changed: touched });
    const nameOf = (who) => people.find((one) => one.name === who)?.display ?? who;
    isDirty = written !== found.document;
    state.textContent = isDirty ? t("adm.unsaved") : "";
    open = { found, groups, people };

    async function send(version = open.found.version) {
      places.clear();
      hush();
      const document = made.read();
      save.disabled = true;
      state.textContent = t("adm.saving");
      try {
        const kept = await tools.put(`settings/${kind}`, { document, version });
        isDirty = false;
        const again = await read().catch(() => ({ ...open, found: kept }));
        place.element.replaceChildren(...draw(again));
        place.element.querySelector(".setting-state").textContent = t("adm.saved", { version: kept.version });
        place.element.querySelector(".setting-actions button").focus();
      } catch (error) {
        state.textContent = t("adm.not_saved");
        if (error.details?.problems) faults(error.details.problems);
        else if (error.code === "overtaken") overtaken(error.details);
        else say([h("p", {}, reasonOf(error))]);
      } finally {
        save.disabled = false;
      }
    }

    function faults(problems) {
      const homeless = places.show(problems);
      const lines = homeless.map((one) => h("li", {}, one.message));
      say([h("p", {}, t("adm.faults", { n: problems.length })), lines.length ? h("ul", {}, lines) : null]);
    }

    /** Somebody was faster: say who and what they changed; nothing of what is written here is lost. */
    async function overtaken({ version, changed_by: who, changed_ms: at }) {
      const now = await read().catch(() => null);
      const theirs = now ? differences(open.found.document, now.found.document) : [];
      const whose = (now?.people ?? people).find((one) => one.name === who)?.display ?? who;
      say([
        h("p", {}, t("adm.overtaken", { who: whose, at: clock(at) })),
        changeList(theirs),
        h("div", { class: "setting-actions" }, button(t("adm.take_theirs"), load), button(t("adm.keep_mine"), () => keepMine(version))),
      ]);
      trouble.querySelector("button").focus();
    }

    const keepMine = (version) => confirmDialog(t("adm.keep_mine_sure"), t("adm.keep_mine"), () => send(version));

    const say = (content) => {
      trouble.hidden = false;
      trouble.replaceChildren(...content.filter(Boolean));
    };
    const hush = () => {
      trouble.hidden = true;
      trouble.replaceChildren();
    };
    const submit = (event) => {
      event.preventDefault();
      send();
    };
    const defaults = () => place.element.replaceChildren(...draw(open, structuredClone(found.defaults)));
    return [
      h("p", { class: "setting-meta soft" }, found.version ? t("adm.version", { version: found.version, who: nameOf(found.changed_by), at: clock(found.changed_ms) }) : t("adm.shipped")),
      h(
        "form",
        { class: "setting-form", novalidate: true, on: { submit, input: touched, change: touched } },
        made.element,
        trouble,
        h("div", { class: "setting-actions" }, save, button(t("adm.undo"), load), button(t("adm.defaults"), defaults, { class: "button plain" }), state),
      ),
      historyOf(kind, tools, nameOf),
    ];
  }

  return { element, show: load, dirty: () => isDirty };
}

function historyOf(kind, tools, nameOf) {
  const place = slot();
  const drawn = ({ changes }) =>
    changes.length
      ? h(
          "ol",
          { class: "change-list" },
          changes.map((one) => h("li", {}, h("p", {}, h("b", {}, t("adm.version_n", { version: one.version })), ` ${nameOf(one.who)} `, h("time", { class: "soft" }, clock(one.at_ms))), changeList(differences(one.before, one.after)))),
        )
      : h("p", { class: "soft" }, t("adm.no_changes"));
  const details = h("details", { class: "panel setting-history" }, h("summary", {}, t("adm.history")), place.element);
  details.addEventListener("toggle", () => details.open && place.fill(() => tools.get(`settings/${kind}/history`), drawn));
  return details;
}

/** What differs, line by line. */
function changeList(found) {
  if (!found.length) return h("p", { class: "soft" }, t("adm.nothing_differs"));
  return h("ul", { class: "differences" }, found.map(({ path, before, after }) => h("li", {}, h("code", {}, path), " ", before === undefined ? null : h("del", {}, before), before === undefined || after === undefined ? null : " → ", after === undefined ? null : h("ins", {}, after))));
}
