/** One ticket, whole: what is owed, by whom and until when; answered, noted, moved; with everything that happened. */

import { get, post } from "../../shared/api.js";
import { h, mintKey } from "../../shared/dom.js";
import { t } from "../../shared/texts.js";
import { clock } from "../../shared/time.js";
import { row } from "../dialogs.js";
import { dateField, dateOf, dueView, dueWords } from "./due.js";
import { ownerChange, ownerField } from "./owners.js";

// What a remark of the engine is called here.
const BY_CUSTOMER = "customer";
const WITH_ANSWER = ["wait", "finish"];

/** Show the ticket `id`; `changed()` is called whenever something was done to it. */
export function ticketDialog(id, actions, changed) {
  const path = `/api/agent/tickets/${encodeURIComponent(id)}`;
  const said = h("p", { class: "ticket-said", role: "status" });
  const body = h("div", {}, h("p", { class: "quiet", role: "status" }, t("tickets.loading")));
  const write = writer((kind, form) => act(kind === "note" ? "notes" : "answers", form));
  let ticket = null;
  let asked = 0;

  const read = async () => {
    asked += 1;
    const mine = asked;
    try {
      const come = await get(path);
      if (mine !== asked) return;
      ticket = come;
      draw();
    } catch (error) {
      said.textContent = error.message || t("tickets.failed");
    }
  };
  /** Do one thing and show what came of it; tells whether it went through. */
  const act = async (step, form) => {
    try {
      await post(step ? `${path}/${step}` : path, form);
      said.textContent = t("tickets.saved");
      return true;
    } catch (error) {
      said.textContent = error.code === "stale" ? t("profile.changed") : error.message || t("error.unavailable");
      return false;
    } finally {
      changed();
      await read();
    }
  };
  const draw = () => {
    write.offer(ticket.verbs);
    body.replaceChildren(facts(ticket), edit(ticket, actions, (form) => act("", form)), link(ticket, actions, said), moves(ticket, (verb) => act("move", { verb })), history(ticket, actions));
  };

  const dialog = h(
    "dialog",
    { class: "ticket-dialog", "aria-labelledby": "ticket-title" },
    h("h2", { class: "dialog-title", id: "ticket-title" }, t("tickets.number", { number: id })),
    body,
    write.element,
    said,
    h("div", { class: "dialog-actions" }, h("button", { class: "button", type: "button", on: { click: () => dialog.close() } }, t("help.close"))),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  read();
}

function facts(ticket) {
  const fact = (name, ...value) => [h("dt", {}, name), h("dd", {}, value)];
  return h(
    "dl",
    { class: "facts dialog-row" },
    fact(t("tickets.state"), h("span", { class: "tag", data: { state: ticket.state } }, t(`tickets.state.${ticket.state}`, {}, ticket.state)), " ", dueView(ticket)),
    fact(t("tickets.kind"), t(`tickets.kind.${ticket.kind}`, {}, ticket.kind), " · ", clock(ticket.created_ms)),
    ticket.customer ? fact(t("tickets.customer"), ticket.customer) : null,
    ticket.text ? fact(t("tickets.text"), h("span", { class: "words" }, ticket.text)) : null,
  );
}

/** What may be changed: title, contact, date, owner. */
function edit(ticket, actions, save) {
  const title = h("input", { class: "field", id: "ticket-edit-title", maxlength: 80, required: true, value: ticket.title });
  const contact = h("input", { class: "field", id: "ticket-edit-contact", maxlength: 100, value: ticket.contact });
  const next = dateField("ticket-edit-next", ticket.next_ms);
  const given = next.value;
  const owner = ownerField("ticket-edit-owner", ticket, actions.people());
  const submit = (event) => {
    event.preventDefault();
    const form = {
      ...(title.value.trim() === ticket.title ? {} : { title: title.value.trim() }),
      // A masked number that was not touched is not written back.
      ...(contact.value.trim() === ticket.contact ? {} : { contact: contact.value.trim() }),
      ...(next.value === given ? {} : { next_ms: dateOf(next) }),
      ...ownerChange(owner, ticket),
    };
    if (Object.keys(form).length) save({ ...form, rev: ticket.rev });
  };
  return h(
    "form",
    { class: "ticket-edit", on: { submit } },
    row(t("tickets.what"), title),
    row(t("tickets.contact"), contact),
    row(t("tickets.due"), next),
    row(t("profile.owner"), owner),
    h("button", { class: "button small", type: "submit" }, t("tickets.save")),
  );
}

/** The page on which the customer follows this; whoever has the address may read it. */
function link(ticket, actions, said) {
  const address = new URL(ticket.link, window.location.origin).href;
  const copy = async () => {
    await navigator.clipboard?.writeText(address).catch(() => {});
    said.textContent = t("tickets.copied");
  };
  const insert = () => {
    actions.insert(address);
    said.textContent = t("tickets.inserted");
  };
  return h(
    "p",
    { class: "dialog-row ticket-link" },
    h("span", { class: "quiet" }, t("tickets.link")),
    h("a", { class: "button small", href: address, target: "_blank", rel: "noopener noreferrer" }, t("tickets.link_open")),
    h("button", { class: "button small", type: "button", on: { click: copy } }, t("tickets.link_copy")),
    actions.canInsert() ? h("button", { class: "button small", type: "button", on: { click: insert } }, t("tickets.link_insert")) : null,
  );
}

function moves(ticket, move) {
  return h(
    "div",
    { class: "dialog-row chat-tags", role: "group", "aria-label": t("tickets.actions") },
    ticket.verbs.map((verb) => h("button", { class: "button small", type: "button", data: { verb }, on: { click: () => move(verb) } }, t(`tickets.verb.${verb}`, {}, verb))),
  );
}

function history(ticket, actions) {
  const people = new Map(actions.people().agents.map((agent) => [agent.agent_id, agent.display]));
  return h(
    "section",
    { class: "dialog-row" },
    h("h3", { class: "quiet" }, t("tickets.history")),
    h(
      "ol",
      { class: "remarks", tabindex: "0", "aria-label": t("tickets.history") },
      ticket.history.toReversed().map((one) =>
        h(
          "li",
          { class: `remark remark-${one.what}` },
          h("p", { class: "quiet" }, [what(one, people), one.author_display || (one.what === BY_CUSTOMER ? t("tickets.by_customer") : ""), clock(one.at_ms)].filter(Boolean).join(" · ")),
          one.text ? h("p", { class: "words" }, one.text) : null,
        ),
      ),
    ),
  );
}

/** What happened, in words. */
function what(remark, people) {
  const { data } = remark;
  const values = {
    moved: () => ({ from: t(`tickets.state.${data.from}`, {}, data.from), to: t(`tickets.state.${data.to}`, {}, data.to) }),
    owner: () => ({ to: people.get(data.to_agent) ?? (data.to_agent || data.to_group || t("profile.nobody")) }),
    date: () => ({ to: dueWords(data.to_ms) }),
  };
  return t(`tickets.what.${remark.what}`, values[remark.what]?.() ?? {}, remark.what);
}

/** The box under it: to the customer or for colleagues. `send(kind, form)` tells whether it went through. */
function writer(send) {
  const words = h("textarea", { class: "field", id: "ticket-words", rows: 2, maxlength: 2000 });
  const then = h("select", { class: "field", id: "ticket-then" });
  const afterwards = row(t("tickets.then"), then);
  const label = h("label", { class: "label", for: "ticket-words" });
  let kind = "answer";
  let key = mintKey();
  const tabs = ["answer", "note"].map((name) => h("button", { class: "tab", type: "button", data: { kind: name }, on: { click: () => choose(name) } }, t(`tickets.${name}`)));
  const choose = (name) => {
    kind = name;
    label.textContent = t(`tickets.${name}_hint`);
    afterwards.hidden = name === "note";
    for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.dataset.kind === name));
  };
  const submit = async (event) => {
    event.preventDefault();
    const text = words.value.trim();
    if (!text) return words.focus();
    const form = kind === "answer" && then.value ? { key, text, then: then.value } : { key, text };
    if (await send(kind, form)) {
      words.value = "";
      key = mintKey();
    }
    return words.focus();
  };
  choose(kind);
  return {
    element: h(
      "form",
      { class: "ticket-write", on: { submit } },
      h("div", { class: "tabs", role: "group", "aria-label": t("tickets.mode") }, tabs),
      label,
      words,
      h("div", { class: "ticket-send" }, afterwards, h("button", { class: "button primary", type: "submit" }, t("tickets.send"))),
    ),
    /** The states it may go to along with an answer. */
    offer(verbs) {
      const held = then.value;
      then.replaceChildren(h("option", { value: "" }, t("tickets.then.stay")), ...WITH_ANSWER.filter((verb) => verbs.includes(verb)).map((verb) => h("option", { value: verb, selected: verb === held }, t(`tickets.verb.${verb}`))));
    },
  };
}
