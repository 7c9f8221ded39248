/** <jiehua-knowledge>: decides between the login and the workbench. */

import { get, post } from "../shared/api.js";
import { h } from "../shared/dom.js";
import { setPageLanguage, t } from "../shared/texts.js";
import { loginForm } from "../console/login.js";
import "./texts.js";
import "./workbench.js";

const EDITING = new Set(["editor", "admin"]);

class JiehuaKnowledge extends HTMLElement {
  async connectedCallback() {
    setPageLanguage();
    document.title = t("kb.title");
    this.addEventListener("session-ended", () => this.#login(t("login.ended")));
    this.addEventListener("log-out", () => this.#logOut());
    this.replaceChildren(h("p", { class: "page-note", role: "status" }, t("kb.loading")));
    try {
      this.#enter(await get("/api/agent/me"));
    } catch (error) {
      this.#login(error.status === 401 ? "" : t("login.offline"));
    }
  }

  #enter(me) {
    if (!me.roles.some((role) => EDITING.has(role))) {
      this.#login(t("kb.not_editor"));
      return;
    }
    const bench = document.createElement("jiehua-workbench");
    bench.me = me;
    this.replaceChildren(bench);
  }

  #login(message) {
    this.replaceChildren(loginForm(message, (me) => this.#enter(me), t("kb.title")));
    this.querySelector("input").focus();
  }

  async #logOut() {
    await post("/api/agent/logout").catch(() => {});
    this.#login("");
  }
}

customElements.define("jiehua-knowledge", JiehuaKnowledge);
