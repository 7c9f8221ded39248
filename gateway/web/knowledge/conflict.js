/** What is shown when somebody else changed the same thing: the difference, and a choice for each field. */

import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { differenceChoice } from "./diff.js";
import { button } from "../shared/parts.js";

/** Draws into `banner`, which is hidden again once chosen. */
export function makeConflict(banner) {
  const show = (...nodes) => {
    banner.replaceChildren(...nodes);
    banner.hidden = false;
    banner.setAttribute("role", "alert");
  };
  return {
    tell(title, text) {
      show(h("h3", {}, title), h("p", {}, text));
    },
    /** `mine` and `theirs` are forms; `then(form)` gets mine with the fields chosen. */
    choose(title, hint, theirs, mine, then) {
      const names = [...new Set([...Object.keys(theirs), ...Object.keys(mine)])];
      const differ = names.filter((name) => JSON.stringify(theirs[name] ?? null) !== JSON.stringify(mine[name] ?? null));
      const choice = differenceChoice(differ.map((field) => ({ field, old: theirs[field], new: mine[field] })));
      const goOn = button(
        t("conflict.keep"),
        () => {
          banner.hidden = true;
          const chosen = { ...mine };
          for (const [field, value] of Object.entries(choice.chosen())) {
            if (value === undefined || value === null) delete chosen[field];
            else chosen[field] = value;
          }
          then(chosen);
        },
        { class: "button primary" },
      );
      show(h("h3", {}, title), h("p", {}, hint), choice.element, h("div", { class: "dialog-actions" }, goOn));
    },
  };
}
