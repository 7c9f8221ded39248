/** A menu over a writing box: what is typed opens and narrows it, arrows choose, Enter or Tab takes, Esc closes. */

import { h } from "../shared/dom.js";
import { isComposing } from "../shared/enter.js";

/**
 * `find()` gives what fits what is typed, or null when there is nothing to choose from; an item is `{content, take()}`.
 * `foot` stands below the list; `label` and `none` are words. Returns `{element, show()}`; call `show` at each change.
 */
export function makeMenu(field, { id, label, none, find, foot }) {
  const list = h("ul", { role: "listbox", id, "aria-label": label });
  const element = h("div", { class: "menu", hidden: true }, list, foot);
  let chosen = 0;
  let closed = "";

  const found = () => (closed !== "" && closed === field.value ? null : find());
  const show = () => {
    const items = found();
    element.hidden = items === null;
    field.removeAttribute("aria-activedescendant");
    if (!items) {
      chosen = 0;
      return;
    }
    closed = "";
    chosen = Math.min(chosen, Math.max(0, items.length - 1));
    list.replaceChildren(
      ...items.map(({ content, take }, at) => h("li", { role: "option", id: `${id}-${at}`, "aria-selected": String(at === chosen), on: { click: take } }, content)),
      ...(items.length ? [] : [h("li", { class: "quiet" }, none)]),
    );
    list.children[chosen]?.scrollIntoView({ block: "nearest" });
    if (items.length) field.setAttribute("aria-activedescendant", `${id}-${chosen}`);
  };
  field.addEventListener("input", () => {
    chosen = 0;
  });
  field.addEventListener("keydown", (event) => {
    if (element.hidden || isComposing(event)) return;
    const items = found() ?? [];
    if (event.key === "Escape") closed = field.value;
    else if (!items.length) return;
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") chosen = (chosen + (event.key === "ArrowDown" ? 1 : items.length - 1)) % items.length;
    else if (event.key === "Enter" || event.key === "Tab") items[chosen].take();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
    show();
  });
  return { element, show };
}
