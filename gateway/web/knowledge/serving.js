/** After publishing: how many processes serve the new version, until all do. */

import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";

const EVERY_MS = 1000;
const PATIENCE_MS = 60_000;
const SHOWN_MS = 6000;

/** `ask` answers `{version, processes, serving}`. Start it anew and what was followed before is forgotten. */
export function followServing(ask) {
  const element = h("p", { class: "serving", role: "status", hidden: true });
  let generation = 0;

  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  function say(text, state) {
    element.hidden = !text;
    element.dataset.state = state;
    if (element.textContent !== text) element.textContent = text;
  }

  async function start() {
    const mine = ++generation;
    const until = Date.now() + PATIENCE_MS;
    say(t("serving.written"), "waiting");
    while (mine === generation) {
      const found = await ask().catch(() => null);
      if (mine !== generation) return;
      if (found && found.processes && found.serving === found.processes) {
        say(t("serving.all", { n: found.processes, version: found.version }), "all");
        await wait(SHOWN_MS);
        if (mine === generation) say("", "");
        return;
      }
      if (Date.now() > until) {
        say(t("serving.late", { n: found?.serving ?? 0, total: found?.processes ?? 0 }), "late");
        return;
      }
      if (found) say(t("serving.some", { n: found.serving, total: found.processes }), "waiting");
      await wait(EVERY_MS);
    }
  }

  return { element, start, stop: () => (generation += 1) };
}
