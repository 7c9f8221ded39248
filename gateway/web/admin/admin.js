/** <jiehua-administration>: the sections on the left, one of them on the right; the address says which. */

import { call, get, post } from "../shared/api.js";
import { h } from "../shared/dom.js";
import { confirmDialog } from "../shared/parts.js";
import { staffBar, telling } from "../shared/staff.js";
import { t } from "../shared/texts.js";
import { makeAudit } from "./audit.js";
import { calendarForm } from "./calendar.js";
import { makeCanned } from "./canned.js";
import { makeChannels } from "./channels.js";
import { entrancesForm } from "./entrances.js";
import { groupsForm } from "./groups.js";
import { makePeople } from "./people.js";
import { prioritiesForm } from "./priorities.js";
import { makeSetting } from "./setting.js";
import { targetsForm } from "./targets.js";
import { triggersForm } from "./triggers.js";

const setting = (kind, form) => (tools) => makeSetting(kind, form, tools);
const SECTIONS = {
  people: makePeople,
  groups: setting("groups", groupsForm),
  calendar: setting("calendar", calendarForm),
  targets: setting("targets", targetsForm),
  priorities: setting("priorities", prioritiesForm),
  triggers: setting("triggers", triggersForm),
  entrances: setting("entrances", entrancesForm),
  canned: makeCanned,
  channels: makeChannels,
  audit: makeAudit,
};
const TOAST_MS = 5000;

class JiehuaAdministration extends HTMLElement {
  /** Who is logged in, as the login answered. */
  me = null;

  #main = h("main", { class: "view page admin-main" });
  #links = {};
  #section = null;
  #shown = "";
  #onHash = () => this.#follow();
  #onLeave = (event) => this.#section?.dirty?.() && event.preventDefault();

  connectedCallback() {
    this.className = "staff";
    this.#links = Object.fromEntries(Object.keys(SECTIONS).map((name) => [name, h("a", { class: "admin-link", href: `#${name}` }, t(`adm.${name}`))]));
    this.replaceChildren(
      staffBar(this.me, "admin", t("adm.title")),
      h("div", { class: "admin-columns" }, h("nav", { class: "admin-nav", "aria-label": t("adm.sections") }, Object.values(this.#links)), this.#main),
    );
    window.addEventListener("hashchange", this.#onHash);
    window.addEventListener("beforeunload", this.#onLeave);
    this.#follow();
  }

  disconnectedCallback() {
    window.removeEventListener("hashchange", this.#onHash);
    window.removeEventListener("beforeunload", this.#onLeave);
  }

  /** Show what the address says; what was changed and not saved is not left without a word. */
  #follow() {
    const asked = location.hash.slice(1);
    const name = Object.hasOwn(SECTIONS, asked) ? asked : "people";
    if (name === this.#shown) return;
    if (this.#section?.dirty?.()) {
      history.replaceState(null, "", `#${this.#shown}`);
      confirmDialog(t("adm.leave_sure"), t("adm.leave"), () => {
        this.#section = null;
        location.hash = name;
      });
      return;
    }
    this.#shown = name;
    for (const [other, link] of Object.entries(this.#links)) {
      if (other === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    this.#section = SECTIONS[name](this.#tools());
    this.#main.replaceChildren(this.#section.element);
    this.#main.scrollTop = 0;
    document.title = `${t(`adm.${name}`)} · ${t("adm.title")}`;
    this.#section.show();
  }

  /** What every section is given. */
  #tools() {
    return {
      me: this.me,
      get: telling(this, (path) => get(`/api/admin/${path}`)),
      post: telling(this, (path, body) => post(`/api/admin/${path}`, body)),
      put: telling(this, (path, body) => call("PUT", `/api/admin/${path}`, body)),
      api: telling(this, call),
      toast: (text) => this.#toast(text),
    };
  }

  #toast(text) {
    const note = h("p", { class: "toast", role: "status" }, text);
    this.append(note);
    setTimeout(() => note.remove(), TOAST_MS);
  }
}

customElements.define("jiehua-administration", JiehuaAdministration);
