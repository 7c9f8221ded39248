/** The menu that `/` at the start of a reply opens: typing narrows it, arrows choose, Enter takes. */

import { h } from "../shared/dom.js";
import { isComposing } from "../shared/enter.js";
import { t } from "../shared/texts.js";
import { fill } from "./canned.js";

const MOST_SHOWN = 50;

/**
 * `field` is the writing box; `canned` the CannedReplies; `known()` the values of the variables; `isOn()` whether a
 * reply is being written; `take(text)` puts one in; `manage()` opens the dialog. Returns `{element, show()}`.
 */
export function makeCannedMenu({ field, canned, known, isOn, take, manage }) {
  const list = h("ul", { role: "listbox", id: "canned-list", "aria-label": t("canned.title") });
  const element = h(
    "div",
    { class: "canned-menu", hidden: true },
    list,
    h("p", { class: "canned-foot" }, h("span", { class: "quiet" }, t("canned.hint")), h("button", { class: "button plain small", type: "button", on: { click: manage } }, t("canned.manage"))),
  );
  let chosen = 0;
  let typed = null;
  field.setAttribute("aria-controls", "canned-list");
  field.setAttribute("aria-autocomplete", "list");

  const matching = () => {
    typed = /^\/(\S*)$/.exec(field.value)?.[1] ?? null;
    return typed !== null && isOn() ? canned.search(typed).slice(0, MOST_SHOWN) : [];
  };
  const show = () => {
    const before = typed;
    const found = matching();
    if (typed !== null && isOn()) canned.refresh();
    if (typed !== before) chosen = 0;
    chosen = Math.min(chosen, Math.max(0, found.length - 1));
    element.hidden = typed === null || !isOn();
    if (element.hidden) {
      field.removeAttribute("aria-activedescendant");
      return;
    }
    list.replaceChildren(
      ...found.map(({ name, text, initials, shared }, at) =>
        h(
          "li",
          { role: "option", id: `canned-${at}`, "aria-selected": String(at === chosen), on: { click: () => take(fill(text, known())) } },
          h("b", {}, name),
          h("kbd", {}, initials),
          shared ? null : h("span", { class: "tag quiet" }, t("canned.own")),
          h("span", { class: "canned-text" }, fill(text, known())),
        ),
      ),
      ...(found.length ? [] : [h("li", { class: "quiet" }, t("canned.none"))]),
    );
    list.children[chosen]?.scrollIntoView({ block: "nearest" });
    if (found.length) field.setAttribute("aria-activedescendant", `canned-${chosen}`);
    else field.removeAttribute("aria-activedescendant");
  };
  canned.addEventListener("change", () => element.hidden || show());
  field.addEventListener("keydown", (event) => {
    if (element.hidden || isComposing(event)) return;
    const found = matching();
    if (event.key === "Escape") take("");
    else if (!found.length) return;
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") chosen = (chosen + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length;
    else if (event.key === "Enter" || event.key === "Tab") take(fill(found[chosen].text, known()));
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
    show();
  });
  return { element, show };
}
