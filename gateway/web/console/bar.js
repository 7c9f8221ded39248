/** The console's top line: views, status, sound, help, who is logged in. */

import { h } from "../shared/dom.js";
import { staffLinks } from "../shared/staff.js";
import { t } from "../shared/texts.js";

const STATUSES = ["ready", "break"];
const SUPERVISING = new Set(["supervisor", "admin"]);

/** `actions`: `{status(name), show(view), mentions(), tickets(), help(), logOut()}`. Returns `{element, render(status, view, unseen)}`. */
export function makeBar(me, notifier, actions) {
  const button = (text, act, props = {}) => h("button", { class: "button", type: "button", on: { click: act }, ...props }, text);
  const supervises = me.roles.some((role) => SUPERVISING.has(role));
  const views = ["chats", "supervisor"].map((name) => button(t(`desk.${name}`), () => actions.show(name), { data: { view: name } }));
  const statuses = STATUSES.map((name) => button(t(`status.${name}`), () => actions.status(name), { data: { status: name } }));
  const sound = button(t("desk.sound"), () => {
    notifier.toggle();
    press(sound, notifier.on);
  });
  press(sound, notifier.on);
  const calls = button("", actions.mentions, { class: "button calls" });
  const element = h(
    "header",
    { class: "bar" },
    h("h1", { class: "bar-title" }, t("desk.title")),
    supervises ? h("div", { class: "segment" }, views) : null,
    staffLinks(me, "desk"),
    h("span", { class: "bar-space" }),
    h("span", { class: "bar-who" }, me.display),
    h("div", { class: "segment", role: "group", "aria-label": t("desk.status") }, statuses),
    calls,
    button(t("context.tickets"), actions.tickets),
    sound,
    button("?", actions.help, { "aria-label": t("desk.help"), title: t("desk.help") }),
    button(t("desk.logout"), actions.logOut, { class: "button plain" }),
  );
  return {
    element,
    render(status, view, unseen) {
      const words = unseen ? t("mention.unseen", { n: unseen }) : t("mention.title");
      if (calls.textContent !== words) calls.textContent = words;
      press(calls, unseen > 0);
      for (const item of statuses) press(item, item.dataset.status === status);
      for (const item of views) press(item, item.dataset.view === view);
    },
  };
}

const press = (button, on) => button.setAttribute("aria-pressed", String(on));
