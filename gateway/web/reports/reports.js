/** <jiehua-report-view>: a period to choose, and what happened in it. The address says which period is shown. */

import { get } from "../shared/api.js";
import { h } from "../shared/dom.js";
import { slot } from "../shared/parts.js";
import { staffBar, telling } from "../shared/staff.js";
import { t } from "../shared/texts.js";
import { clock } from "../shared/time.js";
import { drawReport } from "./draw.js";

const PRESETS = [1, 7, 30];
const USUAL = "days=7";

class JiehuaReportView extends HTMLElement {
  /** Who is logged in, as the login answered. */
  me = null;

  #from = h("input", { class: "field", type: "date", id: "rep-from", "aria-describedby": "rep-fault" });
  #to = h("input", { class: "field", type: "date", id: "rep-to", "aria-describedby": "rep-fault" });
  #fault = h("p", { class: "period-fault", id: "rep-fault", role: "alert" });
  #told = h("p", { class: "page-lead soft" });
  #place = slot();
  #presets = [];
  #onHash = () => this.#load();
  #get = telling(this, get);

  connectedCallback() {
    this.className = "staff";
    this.#presets = PRESETS.map((days) => h("button", { class: "button", type: "button", data: { days }, on: { click: () => this.#go(`days=${days}`) } }, t(`rep.days.${days}`)));
    const submit = (event) => {
      event.preventDefault();
      this.#go(new URLSearchParams({ from: this.#from.value, to: this.#to.value }).toString());
    };
    this.replaceChildren(
      staffBar(this.me, "reports", t("rep.title")),
      h(
        "main",
        { class: "view page" },
        h(
          "form",
          { class: "page-head", on: { submit } },
          h("h2", { class: "on-paper" }, t("rep.title")),
          h("div", { class: "segment", role: "group", "aria-label": t("rep.period") }, this.#presets),
          h("label", { class: "with-label", for: "rep-from" }, t("rep.from"), this.#from),
          h("label", { class: "with-label", for: "rep-to" }, t("rep.to"), this.#to),
          h("button", { class: "button", type: "submit" }, t("rep.show")),
          h("button", { class: "button", type: "button", on: { click: () => window.print() } }, t("rep.print")),
          this.#fault,
        ),
        this.#told,
        this.#place.element,
      ),
    );
    window.addEventListener("hashchange", this.#onHash);
    this.#load();
  }

  disconnectedCallback() {
    window.removeEventListener("hashchange", this.#onHash);
  }

  /** Show a period; the one that is shown already is counted again. */
  #go(query) {
    if (location.hash === `#${query}`) this.#load();
    else location.hash = query;
  }

  #load() {
    const query = new URLSearchParams(location.hash.slice(1) || USUAL);
    for (const preset of this.#presets) preset.setAttribute("aria-pressed", String(preset.dataset.days === query.get("days")));
    this.#say("");
    this.#place.fill(
      async () => {
        try {
          return await this.#get(`/api/reports?${query}`);
        } catch (error) {
          if (error.details?.field) this.#say(error.message, error.details.field);
          throw error;
        }
      },
      (found) => this.#draw(found),
      t("rep.counting"),
    );
  }

  #say(message, field = "") {
    this.#fault.textContent = message;
    for (const [name, input] of [["from", this.#from], ["to", this.#to]]) input.setAttribute("aria-invalid", String(name === field));
  }

  #draw(found) {
    this.#from.value = found.from;
    this.#to.value = found.to;
    this.#to.max = this.#from.max = found.today;
    const told = { ...found, at: clock(found.at_ms) };
    this.#told.textContent = found.archived ? t(found.from === found.to ? "rep.told_day" : "rep.told", told) : "";
    document.title = `${t("rep.title")} ${found.from} – ${found.to}`;
    if (!found.archived) return h("p", { class: "page-note" }, t("rep.no_archive"));
    const { volumes, handoffs, resolution } = found.report;
    if (!volumes.conversations && !volumes.agent_messages && !handoffs.cases && !resolution.contacts) return h("p", { class: "page-note" }, t("rep.none"));
    return drawReport(found);
  }
}

customElements.define("jiehua-report-view", JiehuaReportView);
