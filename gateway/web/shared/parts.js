/** Small things that the pages of the staff draw alike. */

import { h } from "./dom.js";
import { t } from "./texts.js";

export const button = (text, act, props = {}) => h("button", { class: "button", type: "button", ...props, on: { click: act } }, text);

export const tag = (text, kind = "") => h("span", { class: `tag ${kind}`.trim() }, text);

export const percent = (share) => `${Math.round(share * 100)}%`;

/** What went wrong, in a sentence. */
export const reasonOf = (error) => (error.status === 0 ? t("view.offline") : error.message || error.code);

/** A labelled table; `columns` are texts, `rows` lists of cells or `[cells, props]`. */
export function tableOf(columns, rows, caption = "") {
  const cells = (row) => row.map((cell) => h("td", {}, cell));
  return h(
    "table",
    {},
    caption ? h("caption", { class: "unseen" }, caption) : null,
    h("thead", {}, h("tr", {}, columns.map((column) => h("th", { scope: "col" }, column)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, cells(row)))),
  );
}

/** A region that shows one thing at a time: waiting, an error with a way to try again, or what came. */
export function slot() {
  const element = h("div", { class: "slot", "aria-live": "polite" });
  let generation = 0;
  return {
    element,
    /** Run `load`, then draw; whatever was asked for before and comes later is dropped. */
    async fill(load, draw, waiting = t("view.loading")) {
      const mine = ++generation;
      element.replaceChildren(h("p", { class: "page-note" }, waiting));
      element.setAttribute("aria-busy", "true");
      try {
        const found = await load();
        if (mine === generation) element.replaceChildren(...[draw(found)].flat());
      } catch (error) {
        if (mine !== generation) return;
        const again = button(t("view.again"), () => this.fill(load, draw, waiting));
        element.replaceChildren(h("p", { class: "page-note", role: "alert" }, t("view.failed", { why: reasonOf(error) }), " ", again));
      } finally {
        if (mine === generation) element.removeAttribute("aria-busy");
      }
    },
    /** While it waits: say how far it is. */
    say(...nodes) {
      if (element.hasAttribute("aria-busy")) element.replaceChildren(h("div", { class: "page-note" }, nodes));
    },
    clear() {
      generation += 1;
      element.replaceChildren();
    },
  };
}

/** A modal dialog: `{dialog, body, actions, close}`; Esc closes it, and the focus goes back. */
export function openDialog(title, { wide = false, closed = () => {} } = {}) {
  const body = h("div", { class: "dialog-body" });
  const actions = h("div", { class: "dialog-actions" });
  const dialog = h("dialog", { class: wide ? "wide" : "", "aria-labelledby": "page-dialog-title" }, h("h2", { class: "dialog-title", id: "page-dialog-title" }, title), body, actions);
  dialog.addEventListener("close", () => {
    dialog.remove();
    closed();
  });
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, body, actions, close: () => dialog.close() };
}

/** Ask whether something that cannot be undone is meant. */
export function confirmDialog(question, action, act) {
  const box = openDialog(action);
  box.body.append(h("p", {}, question));
  box.actions.append(
    button(t("dialog.cancel"), box.close),
    button(
      action,
      () => {
        box.close();
        act();
      },
      { class: "button primary" },
    ),
  );
}

/** Call `act` once nothing has happened for a while; `flush` calls it at once if it waits. */
export function debounce(act, waitMs) {
  let timer = 0;
  const run = () => {
    clearTimeout(timer);
    timer = 0;
    return act();
  };
  return {
    call: () => {
      clearTimeout(timer);
      timer = setTimeout(run, waitMs);
    },
    flush: () => (timer ? run() : null),
    cancel: () => {
      clearTimeout(timer);
      timer = 0;
    },
  };
}
