/** <jiehua-workbench>: the bar with its pages, and what they share: the way to the server, notices, the address. */

import { get, post, stream } from "../shared/api.js";
import { h } from "../shared/dom.js";
import { staffBar, telling } from "../shared/staff.js";
import { t } from "../shared/texts.js";
import { makeDrafts } from "./drafts.js";
import { makeEntries } from "./entries.js";
import { makeGaps } from "./gaps.js";
import { makeGolden } from "./golden.js";
import { makeHistory } from "./history.js";
import { makeHits } from "./hits.js";
import { makeInsight } from "./insight.js";
import { followServing } from "./serving.js";

const VIEWS = { entries: makeEntries, hits: makeHits, drafts: makeDrafts, golden: makeGolden, gaps: makeGaps, insight: makeInsight, history: makeHistory };
const TOAST_MS = 5000;
const WATCH_MS = 4000;

class JiehuaWorkbench extends HTMLElement {
  /** Who is logged in, as the login answered. */
  me = null;

  #views = {};
  #tabs = {};
  #view = "";
  #digest = "";
  #serving = null;
  #timer = 0;
  #onHash = () => this.#follow();

  connectedCallback() {
    this.className = "staff";
    const tools = this.#tools();
    this.#tabs = Object.fromEntries(
      Object.keys(VIEWS).map((name) => [name, h("a", { class: "button", href: `#${name}`, data: { view: name } }, t(`kb.${name}`))]),
    );
    this.#views = Object.fromEntries(Object.entries(VIEWS).map(([name, make]) => [name, make(tools)]));
    this.#serving = followServing(() => get("/api/knowledge/serving"));
    this.problems = h("div", { class: "file-problems", role: "status", hidden: true });
    this.replaceChildren(
      staffBar(this.me, "knowledge", t("kb.title"), h("nav", { class: "segment", "aria-label": t("kb.views") }, Object.values(this.#tabs))),
      this.#serving.element,
      this.problems,
      ...Object.values(this.#views).map((view) => view.element),
    );
    window.addEventListener("hashchange", this.#onHash);
    this.#follow();
    this.countDrafts();
    this.#timer = setInterval(() => document.hidden || this.#watch(), WATCH_MS);
  }

  disconnectedCallback() {
    window.removeEventListener("hashchange", this.#onHash);
    clearInterval(this.#timer);
    this.#serving.stop();
    for (const view of Object.values(this.#views)) view.leave?.();
  }

  /** Say on the tab how many drafts there are. */
  async countDrafts() {
    const answer = await get("/api/knowledge/drafts").catch(() => null);
    if (!answer) return;
    this.#tabs.drafts.textContent = `${t("kb.drafts")} ${answer.drafts.length || ""}`.trim();
  }

  /** What every page is given. */
  #tools() {
    const told = (call) => telling(this, call);
    return {
      me: this.me,
      get: told((path) => get(`/api/knowledge/${path}`)),
      post: told((path, body) => post(`/api/knowledge/${path}`, body)),
      stream: told((path, body, progress) => stream(`/api/knowledge/${path}`, body, progress)),
      toast: (text) => this.#toast(text),
      /** After something was published: say when every process serves it. */
      published: () => this.#serving.start(),
      go: (view, rest = "") => {
        location.hash = rest ? `${view}/${encodeURIComponent(rest)}` : view;
      },
      drafted: () => this.countDrafts(),
      warm: () => post("/api/knowledge/warm").catch(() => {}),
      titleOf: (id) => this.#views.entries.titleOf(id),
      entries: () => this.#views.entries.titles(),
      showProblems: (problems) => this.#showProblems(problems),
    };
  }

  /** Show what the address says: `#view` or `#view/what`. */
  #follow() {
    const [name, rest = ""] = location.hash.slice(1).split("/");
    const view = Object.hasOwn(VIEWS, name) ? name : "entries";
    this.#view = view;
    for (const [other, { element }] of Object.entries(this.#views)) element.hidden = other !== view;
    for (const [other, tab] of Object.entries(this.#tabs)) {
      if (other === view) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    }
    let what = "";
    try {
      what = decodeURIComponent(rest);
    } catch {
      // An address that somebody typed wrongly shows the page without an entry.
    }
    this.#views[view].show(what);
  }

  /** Files may be changed by hand, or by another editor, at any moment. */
  async #watch() {
    const open = this.#view === "entries" ? this.#views.entries.openId() : "";
    const state = await get(`/api/knowledge/state?id=${encodeURIComponent(open)}`).catch((error) => {
      if (error.status === 401) this.dispatchEvent(new Event("session-ended", { bubbles: true }));
      return null;
    });
    if (!state) return;
    this.#showProblems(state.problems);
    const changed = this.#digest && state.digest !== this.#digest;
    this.#digest = state.digest;
    if (this.#view === "entries") this.#views.entries.seen(changed, open, state.version);
  }

  #showProblems(problems) {
    const text = JSON.stringify(problems);
    if (this.problems.dataset.text === text) return;
    this.problems.dataset.text = text;
    this.problems.hidden = !problems.length;
    const items = problems.slice(0, 5).map((one) => h("li", {}, h("b", {}, t("kb.problem_at", one)), ` ${one.what}。${one.how}。`));
    this.problems.replaceChildren(h("p", {}, t("kb.broken_files", { n: problems.length })), h("ul", {}, items));
  }

  #toast(text) {
    const note = h("p", { class: "toast", role: "status" }, text);
    this.append(note);
    setTimeout(() => note.remove(), TOAST_MS);
  }
}

customElements.define("jiehua-workbench", JiehuaWorkbench);
