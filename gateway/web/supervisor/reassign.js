/** Putting a case before another agent: one press for the likeliest, a dialog for any other. */

import { ApiError, post } from "../shared/api.js";
import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { openForm, row } from "../console/dialogs.js";

/** Who could take a case: there, with a free place, of the group it waits for, and not its agent; the freest first. */
export function candidates(item, agents) {
  const fits = (agent) => agent.status === "ready" && agent.load < agent.cap && agent.agent_id !== item.agent_id && (item.state !== "waiting" || (agent.groups ?? []).includes(item.group));
  return agents.filter(fits).sort((a, b) => a.load / a.cap - b.load / b.cap || a.display.localeCompare(b.display));
}

/** What can be done about a case, and a word that changes with it (for `reconcile`). */
export function reassignActions(item, agents) {
  if (item.state !== "waiting" && item.state !== "active") return { version: "", nodes: [] };
  const [best, ...others] = candidates(item, agents);
  if (!best) return { version: "none", nodes: [h("span", { class: "soft nobody-free" }, t("sup.nobody_free"))] };
  const nodes = [
    h("button", { class: "button", type: "button", on: { click: (event) => send(item, best.agent_id, "", event.currentTarget) } }, t("sup.reassign_to", { name: best.display })),
    others.length ? h("button", { class: "button plain", type: "button", "aria-label": t("sup.reassign_choose"), on: { click: () => choose(item, [best, ...others]) } }, "…") : null,
  ];
  return { version: [best, ...others].map((agent) => `${agent.agent_id}:${agent.load}`).join(), nodes };
}

function choose(item, agents) {
  const to = h("select", { class: "field", id: "reassign-to" }, agents.map((agent) => h("option", { value: agent.agent_id }, t("transfer.agent", { name: agent.display, load: agent.load, cap: agent.cap, status: t(`status.${agent.status}`, {}, agent.status) }))));
  const note = h("textarea", { class: "field", id: "reassign-note", rows: 3, maxlength: 1000 });
  const trouble = h("p", { class: "dialog-row", role: "alert" });
  const content = [row(t("sup.reassign_who"), to), item.state === "active" ? row(t("sup.reassign_note"), note) : null, trouble];
  openForm(t("sup.reassign"), t("sup.reassign"), content, async () => {
    const refused = await attempt(item, to.value, note.value.trim());
    trouble.textContent = refused;
    return !refused;
  });
}

async function send(item, agent, note, button) {
  button.disabled = true;
  const refused = await attempt(item, agent, note);
  button.disabled = false;
  if (refused) button.dispatchEvent(new CustomEvent("refused", { bubbles: true, detail: refused }));
}

/** "" when it was done, else why not. */
async function attempt(item, agent, note) {
  try {
    await post(`/api/agent/cases/${item.case_id}/reassign`, { to_agent: agent, note });
    return "";
  } catch (error) {
    return (error instanceof ApiError && error.message) || t("error.unavailable");
  }
}
