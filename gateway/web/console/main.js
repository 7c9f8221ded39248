/** <jiehua-console>: shows the login or the desk, whichever the session calls for. */

import "./texts.js";
import { get, post } from "../shared/api.js";
import { h } from "../shared/dom.js";
import { setPageLanguage, t } from "../shared/texts.js";
import "./desk.js";
import { loginForm } from "./login.js";

class JiehuaConsole extends HTMLElement {
  async connectedCallback() {
    setPageLanguage();
    document.title = t("desk.title");
    this.addEventListener("session-ended", () => this.#login(t("login.ended")));
    this.addEventListener("log-out", () => this.#logOut());
    this.replaceChildren(h("p", { class: "console-loading", role: "status" }, t("page.loading")));
    try {
      this.#desk(await get("/api/agent/me"));
    } catch (error) {
      this.#login(error.status === 401 ? "" : t("login.offline"));
    }
  }

  #desk(me) {
    const desk = document.createElement("jiehua-desk");
    desk.me = me;
    this.replaceChildren(desk);
  }

  #login(message) {
    document.title = t("desk.title");
    this.replaceChildren(loginForm(message, (me) => this.#desk(me)));
    this.querySelector("input").focus();
  }

  async #logOut() {
    await post("/api/agent/logout").catch(() => {});
    this.#login("");
  }
}

customElements.define("jiehua-console", JiehuaConsole);
