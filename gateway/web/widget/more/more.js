/** Behind 「更多」: the customer's tickets, their conversation on another device, and leaving this one. Loaded when opened. */

import "./texts.js";
import { get, post } from "../../shared/api.js";
import { h } from "../../shared/dom.js";
import { t } from "../../shared/texts.js";
import { clock } from "../../shared/time.js";

const CODE_CHARACTERS = 20;

/**
 * `verified`: the site has said who this is, so their conversation goes with their login. `forget()` empties what the
 * page keeps.
 */
export function moreDialog({ verified, forget }) {
  const dialog = h(
    "dialog",
    { class: "more", "aria-labelledby": "more-title" },
    h("h2", { class: "dialog-title", id: "more-title" }, t("more.title")),
    ticketsPart(),
    verified ? null : devicePart(() => dialog.close()),
    verified ? null : leavePart(forget),
    h("div", { class: "dialog-actions" }, h("button", { class: "button", type: "button", on: { click: () => dialog.close() } }, t("more.close"))),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

const part = (title, ...content) => h("section", { class: "more-part" }, h("h3", {}, title), content);
const words = (error) => error.message || t("error.unavailable");

function ticketsPart() {
  const list = h("ul", { class: "own-tickets" }, h("li", { class: "more-hint", role: "status" }, t("page.loading")));
  get("/api/customer/tickets")
    .then(({ tickets }) => list.replaceChildren(...(tickets.length ? tickets.map(ticketLine) : [h("li", { class: "more-hint" }, t("more.no_tickets"))])))
    .catch((error) => list.replaceChildren(h("li", { class: "more-hint", role: "alert" }, words(error))));
  return part(t("more.tickets"), list);
}

function ticketLine(ticket) {
  return h(
    "li",
    {},
    h(
      "a",
      { class: "own-ticket", href: ticket.link, target: "_blank", rel: "noopener" },
      h("span", { class: "own-ticket-about" }, ticket.about || t(`more.kind.${ticket.kind}`)),
      h("span", { class: "tag" }, t(`more.state.${ticket.state}`)),
      h("span", { class: "more-hint" }, clock(ticket.changed_ms)),
    ),
  );
}

/** A code for the other device, or the field for one that another device showed. */
function devicePart(close) {
  const said = h("p", { class: "more-hint", role: "status" });
  const code = h("output", { class: "claim-code", hidden: true });
  const field = h("input", { class: "field", maxlength: CODE_CHARACTERS, autocomplete: "one-time-code", autocapitalize: "characters", spellcheck: "false", "aria-label": t("more.code_field"), placeholder: t("more.code_field") });
  const show = async () => {
    try {
      const claim = await post("/api/customer/claim");
      code.textContent = claim.code.replace(/^(.{4})/, "$1 ");
      code.hidden = false;
      said.textContent = t("more.code_until", { at: clock(claim.expires_ms) });
    } catch (error) {
      said.textContent = words(error);
    }
  };
  const redeem = async (event) => {
    event.preventDefault();
    if (!field.value.trim()) return field.focus();
    try {
      // The page learns from its socket that it is in another conversation now.
      await post("/api/customer/claim/redeem", { code: field.value });
      return close();
    } catch (error) {
      said.textContent = words(error);
      return field.select();
    }
  };
  return part(
    t("more.device"),
    h("p", { class: "more-hint" }, t("more.device_hint")),
    h("button", { class: "button", type: "button", on: { click: show } }, t("more.code_show")),
    code,
    h("form", { class: "claim-line", on: { submit: redeem } }, field, h("button", { class: "button", type: "submit" }, t("more.code_use"))),
    said,
  );
}

function leavePart(forget) {
  const said = h("p", { class: "more-hint", role: "alert" });
  const leave = async () => {
    try {
      await post("/api/customer/logout");
      forget();
    } catch (error) {
      said.textContent = words(error);
    }
  };
  const ask = h("button", { class: "button", type: "button", on: { click: () => ask.replaceWith(sure) } }, t("more.leave"));
  const sure = h("button", { class: "button primary", type: "button", on: { click: leave } }, t("more.leave_sure"));
  return part(t("more.leave_title"), h("p", { class: "more-hint" }, t("more.leave_hint")), ask, said);
}
