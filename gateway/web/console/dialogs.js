/** Modal dialogs of the console. Each closes on Esc, gives the focus back, and calls its action with what was entered. */

import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";

const KEYS = [
  ["Alt+J / Alt+K", "help.next"],
  ["Alt+L", "help.reply"],
  ["Alt+P", "help.note"],
  ["Alt+E", "help.resolve"],
  ["Alt+A", "help.offer"],
  ["Alt+1 … 3", "help.suggest"],
  ["/", "help.phrases"],
  ["Enter / Shift+Enter", "help.send"],
];

/** Agents and groups but me; `send({note, to_agent?, to_group?})`. */
export function transferDialog(agents, me, send) {
  const groups = [...new Set(agents.flatMap((agent) => agent.groups ?? []))];
  const options = [
    ...agents
      .filter((agent) => agent.agent_id !== me.name)
      .map((agent) =>
        h("option", { value: `a:${agent.agent_id}` }, t("transfer.agent", { name: agent.display, load: agent.load, cap: agent.cap, status: t(`status.${agent.status}`, {}, agent.status) })),
      ),
    ...groups.map((group) => h("option", { value: `g:${group}` }, t("transfer.group", { name: group }))),
  ];
  const to = h("select", { class: "field", id: "transfer-to", required: true }, options);
  const note = h("textarea", { class: "field", id: "transfer-note", rows: 3, required: true, maxlength: 1000 });
  openForm(t("transfer.title"), t("transfer.send"), [row(t("transfer.to"), to), row(t("transfer.note"), note)], () => {
    const [kind, name] = [to.value.slice(0, 1), to.value.slice(2)];
    if (!note.value.trim() || !name) return false;
    send({ note: note.value.trim(), ...(kind === "a" ? { to_agent: name } : { to_group: name }) });
    return true;
  });
}

/** `summary`: a first draft; `followUp`: the fields of what is left to do; `send(outcome)`. */
export function resolveDialog(summary, followUp, send) {
  const reasons = t("resolve.reasons").split(",");
  const reason = h("select", { class: "field", id: "resolve-reason" }, reasons.map((name) => h("option", { value: name }, name)));
  const tags = h("input", { class: "field", id: "resolve-tags", maxlength: 200 });
  const text = h("textarea", { class: "field", id: "resolve-summary", rows: 3, maxlength: 1000, value: summary });
  const solved = h("input", { type: "checkbox", id: "resolve-solved", checked: true });
  openForm(
    t("resolve.title"),
    t("resolve.send"),
    [row(t("resolve.reason"), reason), row(t("resolve.summary"), text), row(t("resolve.tags"), tags), h("label", { class: "check dialog-row" }, solved, t("resolve.solved")), followUp.content],
    () => {
      const later = followUp.value();
      send({
        reason: reason.value,
        tags: tags.value.split(/[,，、\s]+/).filter(Boolean),
        summary: text.value.trim(),
        solved: solved.checked,
        ...(later ? { follow_up: later } : {}),
      });
      return true;
    },
  );
}

export function confirmDialog(title, question, send) {
  openForm(title, title, [h("p", { class: "dialog-row" }, question)], () => {
    send();
    return true;
  });
}

export function helpDialog() {
  const keys = KEYS.flatMap(([keysText, name]) => [h("dt", {}, keysText.split(" ").map((part) => (/^[/…]$/.test(part) && keysText.length > 1 ? ` ${part} ` : h("kbd", {}, part)))), h("dd", {}, t(name))]);
  openForm(t("help.title"), "", [h("dl", { class: "keys" }, keys)], () => true);
}

export const row = (label, field) => h("div", { class: "dialog-row" }, h("label", { class: "label", for: field.id }, label), field);

/** `submit()` gives true, at once or later, when the dialog may close; with no `action` text there is only a way out. */
export function openForm(title, action, content, submit) {
  const dialog = h(
    "dialog",
    { "aria-labelledby": "dialog-title" },
    h(
      "form",
      {
        on: {
          submit: async (event) => {
            event.preventDefault();
            if (await submit()) dialog.close();
          },
        },
      },
      h("h2", { class: "dialog-title", id: "dialog-title" }, title),
      content,
      h(
        "div",
        { class: "dialog-actions" },
        h("button", { class: "button", type: "button", on: { click: () => dialog.close() } }, t(action ? "dialog.cancel" : "help.close")),
        action ? h("button", { class: "button primary", type: "submit" }, action) : null,
      ),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
