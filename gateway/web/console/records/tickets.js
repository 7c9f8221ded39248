/** Tickets: the list of one customer, the list of an agent, and the form for a new one. */

import { get, post } from "../../shared/api.js";
import { h, mintKey } from "../../shared/dom.js";
import { t } from "../../shared/texts.js";
import { openForm, row } from "../dialogs.js";
import { dateField, dateOf, dueView } from "./due.js";
import { ownerChange, ownerField } from "./owners.js";
import { ticketDialog } from "./ticket_dialog.js";

const LISTS = ["mine", "groups", "overdue", "open", "done"];
const MAX_TITLE = 80;
const MAX_TEXT = 2000;
const MAX_CONTACT = 100;

export const isOpen = (ticket) => ticket.state !== "done";

/** Open ones first by their date, then those done, the latest first. */
export function inOrder(tickets) {
  const due = (a, b) => (isOpen(a) ? a.next_ms - b.next_ms : b.done_ms - a.done_ms);
  return tickets.toSorted((a, b) => Number(isOpen(b)) - Number(isOpen(a)) || due(a, b));
}

/** The tickets of the open customer. `actions` as for the profile. Returns `{element, render(held)}`. */
export function makeTickets(actions) {
  const element = h("div", {});
  let drawn = "";
  const render = (held) => {
    const card = held?.card ?? null;
    const version = JSON.stringify(card?.tickets ?? null);
    if (version === drawn) return;
    drawn = version;
    if (!card) return element.replaceChildren();
    const changed = () => actions.changed(card.conversation_id);
    const create = () => newTicketDialog({ conversationId: card.conversation_id }, actions, changed);
    element.replaceChildren(
      h(
        "section",
        { class: "context-part" },
        h("h3", {}, t("tickets.title")),
        card.tickets.length ? inOrder(card.tickets).map((one) => ticketLine(one, () => ticketDialog(one.ticket_id, actions, changed))) : h("p", { class: "quiet" }, t("tickets.none")),
        h("button", { class: "button small", type: "button", on: { click: create } }, t("tickets.new")),
      ),
    );
  };
  return { element, render };
}

/** One ticket of a list; `who` also tells whose customer it is about. */
export function ticketLine(ticket, open, who = "") {
  return h(
    "button",
    { class: "jump ticket-line", type: "button", "aria-label": t("tickets.open", { title: ticket.title }), data: { ticket: ticket.ticket_id }, on: { click: open } },
    h("span", { class: "ticket-top" }, h("b", { class: "ticket-title" }, ticket.title), dueView(ticket)),
    h(
      "span",
      { class: "chat-tags" },
      h("span", { class: "tag quiet" }, t(`tickets.state.${ticket.state}`, {}, ticket.state)),
      h("span", { class: "tag quiet" }, t(`tickets.kind.${ticket.kind}`, {}, ticket.kind)),
      h("span", { class: "quiet" }, [who, ticket.owner_display || t("profile.nobody")].filter(Boolean).join(" · ")),
    ),
  );
}

/** A new ticket; `about`: `{conversationId}` of its customer, "" for none. */
export function newTicketDialog({ conversationId }, actions, done) {
  const nobody = { owner_agent: "", owner_group: "", owner_display: "" };
  const { me, agents } = actions.people();
  const title = h("input", { class: "field", id: "ticket-new-title", maxlength: MAX_TITLE, required: true });
  const text = h("textarea", { class: "field", id: "ticket-new-text", rows: 3, maxlength: MAX_TEXT });
  const contact = h("input", { class: "field", id: "ticket-new-contact", maxlength: MAX_CONTACT });
  const next = dateField("ticket-new-next");
  const owner = ownerField("ticket-new-owner", { ...nobody, owner_agent: me.name, owner_display: me.display }, { me, agents });
  const trouble = h("p", { class: "dialog-row", role: "alert" });
  const key = mintKey();
  openForm(
    t("tickets.new"),
    t("tickets.create"),
    [row(t("tickets.what"), title), row(t("tickets.text"), text), row(t("tickets.contact"), contact), row(t("tickets.due"), next), h("p", { class: "dialog-row quiet" }, t("tickets.due_hint")), row(t("profile.owner"), owner), trouble],
    async () => {
      const body = { key, title: title.value.trim(), text: text.value.trim(), contact: contact.value.trim(), next_ms: dateOf(next), ...ownerChange(owner, nobody) };
      try {
        await post("/api/agent/tickets", { ...body, conversation_id: conversationId });
        done();
        return true;
      } catch (error) {
        trouble.textContent = error.message || t("error.unavailable");
        return false;
      }
    },
  );
}

/** Every ticket that is an agent's business, by list. */
export function ticketsDialog(actions) {
  const list = h("div", { class: "ticket-list", role: "status" });
  let chosen = LISTS[0];
  let asked = 0;
  const tabs = LISTS.map((name) => h("button", { class: "tab", type: "button", data: { list: name }, on: { click: () => show(name) } }, t(`tickets.list.${name}`)));
  const show = async (name) => {
    chosen = name;
    for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.dataset.list === name));
    asked += 1;
    const mine = asked;
    const answer = await get(`/api/agent/tickets?list=${name}`).catch(() => null);
    if (mine !== asked) return;
    const lines = (answer?.tickets ?? []).map((one) => ticketLine(one, () => ticketDialog(one.ticket_id, actions, () => show(chosen)), one.customer));
    list.replaceChildren(...(lines.length ? lines : [h("p", { class: "quiet" }, t(answer ? "tickets.none" : "tickets.failed"))]));
  };
  const create = () => newTicketDialog({ conversationId: "" }, actions, () => show(chosen));
  openForm(
    t("tickets.title"),
    "",
    [
      h("div", { class: "tabs", role: "group", "aria-label": t("tickets.lists") }, tabs),
      list,
      h("p", { class: "dialog-row" }, h("button", { class: "button small", type: "button", on: { click: create } }, t("tickets.new"))),
    ],
    () => true,
  );
  show(chosen);
}
