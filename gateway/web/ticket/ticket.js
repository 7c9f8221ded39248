/**
 * <jiehua-ticket>: what a customer sees of their ticket. The token stands after the `#`, which no server and no other
 * page ever gets to see; it is sent in the body of a request alone.
 */

import "./texts.js";
import { ApiError, post } from "../shared/api.js";
import { h, mintKey } from "../shared/dom.js";
import { setPageLanguage, t } from "../shared/texts.js";
import { clock } from "../shared/time.js";

const MAX_CHARACTERS = 2000;

class JiehuaTicket extends HTMLElement {
  #token = "";
  #asked = 0;
  #key = mintKey();
  #view = h("div", {});
  #said = h("p", { role: "status", "aria-live": "polite" });

  connectedCallback() {
    setPageLanguage();
    document.title = t("ticket.title");
    this.append(this.#view, this.#form(), this.#said);
    window.addEventListener("hashchange", () => this.#look());
    this.#look();
  }

  async #look() {
    this.#token = window.location.hash.slice(1);
    await this.#ask("/api/ticket", { token: this.#token }, "");
  }

  #form() {
    const words = h("textarea", { class: "field", id: "addition", rows: 3, maxlength: MAX_CHARACTERS });
    const send = async (event) => {
      event.preventDefault();
      const text = words.value.trim();
      if (!text) return words.focus();
      if (await this.#ask("/api/ticket/reply", { token: this.#token, key: this.#key, text }, t("ticket.taken"))) {
        words.value = "";
        this.#key = mintKey();
      }
      return words.focus();
    };
    return h(
      "form",
      { class: "ticket-form", on: { submit: send } },
      h("label", { class: "label", for: "addition" }, t("ticket.add")),
      words,
      h("button", { class: "button primary", type: "submit" }, t("ticket.send")),
    );
  }

  /** Ask and show; an answer that was overtaken by a later question is dropped. Tells whether it went well. */
  async #ask(path, body, done) {
    this.#asked += 1;
    const mine = this.#asked;
    try {
      const ticket = await post(path, body);
      if (mine !== this.#asked) return false;
      this.#show(ticket);
      this.#tell(done, false);
      return true;
    } catch (error) {
      if (mine === this.#asked) {
        this.#tell(error instanceof ApiError && error.message ? error.message : t("error.unavailable"), true);
      }
      return false;
    }
  }

  #show(ticket) {
    const answers = ticket.answers.map((answer) =>
      h(
        "li",
        {},
        h("p", { class: "ticket-when" }, `${answer.by} · ${clock(answer.at_ms)}`),
        h("p", { class: "ticket-text" }, answer.text),
      ),
    );
    this.#view.replaceChildren(
      h(
        "header",
        { class: "ticket-head" },
        h("h1", {}, t("ticket.number", { number: ticket.ticket_id })),
        h("p", { class: "ticket-state", data: { state: ticket.state } }, t(`ticket.state.${ticket.state}`)),
        h("p", { class: "ticket-when" }, t("ticket.since", { at: clock(ticket.created_ms) })),
      ),
      answers.length ? h("ol", { class: "ticket-answers" }, answers) : h("p", {}, t("ticket.no_answer")),
    );
  }

  #tell(text, trouble) {
    this.#said.textContent = text;
    this.#said.classList.toggle("ticket-trouble", trouble);
  }
}

customElements.define("jiehua-ticket", JiehuaTicket);
