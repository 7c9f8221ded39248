/** A button that copies a text, and says so. */

import { button } from "../shared/parts.js";
import { t } from "../shared/texts.js";

const SAID_MS = 2500;

export function copyButton(text, props = {}) {
  const made = button(
    t("adm.copy"),
    async () => {
      // Only pages of https and of this machine may use the clipboard; else the text is there to be selected.
      const done = await navigator.clipboard?.writeText(text()).then(
        () => true,
        () => false,
      );
      made.textContent = t(done ? "adm.copied" : "adm.copy_by_hand");
      setTimeout(() => {
        made.textContent = t("adm.copy");
      }, SAID_MS);
    },
    { "aria-live": "polite", ...props },
  );
  return made;
}
