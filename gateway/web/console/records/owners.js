/** Who may answer for a customer or a ticket, as the choices of one field. */

import { h } from "../../shared/dom.js";
import { t } from "../../shared/texts.js";

const SUPERVISING = new Set(["supervisor", "admin"]);
// Whoever is in no group serves this one.
const DEFAULT_GROUP = "default";

export const supervises = (me) => me.roles.some((role) => SUPERVISING.has(role));

export const groupsOf = (me) => (me.groups?.length ? me.groups : [DEFAULT_GROUP]);

/** What is mine I may give away, what is nobody's I may take; supervisors may all. As the server decides it. */
export function mayGive(me, record) {
  const mine = record.owner_agent === me.name || groupsOf(me).includes(record.owner_group);
  return supervises(me) || mine || (!record.owner_agent && !record.owner_group);
}

/** A choice among everybody; `record` tells whose it is now (`{owner_agent, owner_group, owner_display}`). */
export function ownerField(id, record, { me, agents }) {
  const now = record.owner_agent ? `a:${record.owner_agent}` : record.owner_group ? `g:${record.owner_group}` : "";
  const known = new Map([["", t("profile.nobody")]]);
  const people = agents.some((agent) => agent.agent_id === me.name) ? agents : [{ agent_id: me.name, display: me.display, groups: me.groups }, ...agents];
  for (const agent of people) known.set(`a:${agent.agent_id}`, t("profile.owner_agent", { name: agent.display }));
  for (const group of new Set([...groupsOf(me), ...agents.flatMap((agent) => agent.groups ?? [])])) known.set(`g:${group}`, t("profile.owner_group", { name: group }));
  // Somebody who is not at work now may own it all the same.
  if (!known.has(now)) known.set(now, record.owner_display);
  return h(
    "select",
    { class: "field", id, disabled: !mayGive(me, record) },
    [...known].map(([value, name]) => h("option", { value, selected: value === now }, name)),
  );
}

/** The two fields of a request for what is chosen; nothing where it was not changed. */
export function ownerChange(field, record) {
  const before = record.owner_agent ? `a:${record.owner_agent}` : record.owner_group ? `g:${record.owner_group}` : "";
  if (field.value === before) return {};
  const [kind, name] = [field.value.slice(0, 1), field.value.slice(2)];
  return { owner_agent: kind === "a" ? name : "", owner_group: kind === "g" ? name : "" };
}
