/** Keys of the console. Letters are read by their place (`code`), since Alt makes other characters of them. */

import { isComposing } from "../shared/enter.js";

const KEYS = {
  KeyJ: "next",
  KeyK: "previous",
  KeyL: "reply",
  KeyP: "note",
  KeyE: "resolve",
  KeyA: "accept",
  Digit1: "suggest1",
  Digit2: "suggest2",
  Digit3: "suggest3",
};

/** `actions`: a function by each name above, and `help`. Returns a function that takes the keys away again. */
export function listenForShortcuts(actions) {
  const heard = (event) => {
    if (isComposing(event) || document.querySelector("dialog:modal")) return;
    if (event.key === "?" && !event.altKey && !event.target.closest?.("input, textarea, select")) {
      event.preventDefault();
      actions.help();
      return;
    }
    const name = event.altKey && !event.ctrlKey && !event.metaKey ? KEYS[event.code] : undefined;
    if (!name) return;
    event.preventDefault();
    actions[name]();
  };
  document.addEventListener("keydown", heard);
  return () => document.removeEventListener("keydown", heard);
}
