/** What the pages of the staff have in common: the login before them, and the way from one to the next. */

import { get, post } from "./api.js";
import { h } from "./dom.js";
import { setPageLanguage, t } from "./texts.js";
import { loginForm } from "../console/login.js";

/** The pages and whose they are; administrators may see all. */
const PAGES = { desk: ["/agent", ["agent", "supervisor"]], reports: ["/reports", ["supervisor"]], knowledge: ["/knowledge", ["editor"]], admin: ["/admin", []] };

export const may = (me, roles) => me.roles.some((role) => role === "admin" || roles.includes(role));

/** Links to the other pages that this person may see; `here` is the page they are on. */
export function staffLinks(me, here) {
  const others = Object.entries(PAGES).filter(([name, [, roles]]) => name !== here && may(me, roles));
  return others.length ? h("nav", { class: "bar-links", "aria-label": t("nav.label") }, others.map(([name, [href]]) => h("a", { class: "button plain", href }, t(`nav.${name}`)))) : null;
}

/** The top line of a page: its title, its views, who is logged in and where else they can go. */
export function staffBar(me, here, title, views = null) {
  const logOut = (event) => event.target.dispatchEvent(new Event("log-out", { bubbles: true }));
  return h(
    "header",
    { class: "bar" },
    h("h1", { class: "bar-title" }, title),
    views,
    h("span", { class: "bar-space" }),
    staffLinks(me, here),
    h("span", { class: "bar-who" }, me.display),
    h("button", { class: "button plain", type: "button", on: { click: logOut } }, t("desk.logout")),
  );
}

/** Decides between the login and the page. A page says its `title`, its `roles`, whom it turns away, and `build(me)`. */
export class StaffPage extends HTMLElement {
  async connectedCallback() {
    setPageLanguage();
    document.title = this.heading;
    this.addEventListener("session-ended", () => this.#login(t("login.ended")));
    this.addEventListener("log-out", () => this.#logOut());
    this.replaceChildren(h("p", { class: "page-note", role: "status" }, t("view.loading")));
    try {
      this.#enter(await get("/api/agent/me"));
    } catch (error) {
      this.#login(error.status === 401 ? "" : t("login.offline"));
    }
  }

  #enter(me) {
    if (may(me, this.roles)) this.replaceChildren(this.build(me));
    else this.#login(this.refused);
  }

  #login(message) {
    this.replaceChildren(loginForm(message, (me) => this.#enter(me), this.heading));
    this.querySelector("input").focus();
  }

  async #logOut() {
    await post("/api/agent/logout").catch(() => {});
    this.#login("");
  }
}

/** `call` as it is; when the session has ended meanwhile, `element` says so to its page. */
export function telling(element, call) {
  return async (...given) => {
    try {
      return await call(...given);
    } catch (error) {
      if (error.status === 401) element.dispatchEvent(new Event("session-ended", { bubbles: true }));
      throw error;
    }
  };
}
