/** Notes in which colleagues called me by `@`: which of them are new, and the way to each. */

import { h } from "../shared/dom.js";
import { keep, lasting, recall } from "../shared/storage.js";
import { t } from "../shared/texts.js";
import { clock } from "../shared/time.js";
import { openForm } from "./dialogs.js";

export class SeenMentions {
  #name;
  #seenMs;

  constructor(me) {
    this.#name = `jiehua.mentions.${me}`;
    this.#seenMs = recall(lasting, this.#name, 0);
  }

  unseen(mentions) {
    return mentions.filter((one) => one.at_ms > this.#seenMs);
  }

  see(mentions) {
    this.#seenMs = Math.max(this.#seenMs, ...mentions.map((one) => one.at_ms));
    keep(lasting, this.#name, this.#seenMs);
  }
}

/** `seen`: the SeenMentions; `open(mention)` leads to the note. */
export function mentionsDialog(mentions, seen, open) {
  const fresh = new Set(seen.unseen(mentions));
  seen.see(mentions);
  const line = (mention) =>
    h(
      "li",
      {},
      h(
        "button",
        {
          class: "jump mention",
          type: "button",
          on: {
            click: (event) => {
              event.target.closest("dialog").close();
              open(mention);
            },
          },
        },
        h("span", { class: "quiet" }, `${mention.by_display} · ${clock(mention.at_ms)}`),
        fresh.has(mention) ? h("span", { class: "tag" }, t("mention.new")) : null,
        h("span", { class: "mention-text" }, mention.text),
      ),
    );
  const lines = [...mentions].reverse().map(line);
  openForm(t("mention.title"), "", [h("ul", { class: "dialog-row mentions" }, lines.length ? lines : h("li", { class: "quiet" }, t("mention.none")))], () => true);
}
