/** The middle column: who it is, the log, and the writing box. */

import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { confirmDialog, resolveDialog, transferDialog } from "./dialogs.js";
import { faqDialog, questionBefore } from "./faq_dialog.js";
import { customerName, reasonTag, timerOf } from "./list.js";
import { followUpFields } from "./records/follow_up.js";
import { groupsOf } from "./records/owners.js";
import { makeThread } from "./thread.js";
import { makeWriter } from "./write.js";

const SUPERVISING = new Set(["supervisor", "admin"]);

/**
 * `actions`: `{do(frame), say(conversationId, fields), retry(key), drop(key), earlier(conversationId), accept(case),
 * notice(text), limits(), canned, viewing(typing)}`.
 *
 * Returns `{element, render(case, view), focus(mode), insert(text), jump(seq), resolve()}`; `view` is `{entries | null,
 * pending, hasEarlier, isMine, typing, viewers, agents, shop, brief}`.
 */
export function makeChat(me, actions) {
  const supervises = me.roles.some((role) => SUPERVISING.has(role));
  let item = null;
  let view = null;
  let headDrawn = "";
  const head = h("header", { class: "thread-head" });
  const typing = h("p", { class: "thread-typing", "aria-live": "polite" });
  const viewers = h("p", { class: "viewers", role: "status", hidden: true });
  const nameOf = (agentId) => view?.agents.find((agent) => agent.agent_id === agentId)?.display ?? agentId;
  const thread = makeThread({
    retry: actions.retry,
    drop: actions.drop,
    earlier: () => actions.earlier(item.conversation_id),
    nameOf,
    isMe: (agentId) => agentId === me.name,
    toFaq: (entry) => faqDialog(item.conversation_id, entry, questionBefore(view.entries, entry.seq), actions.notice),
  });
  const element = h("section", { class: "column thread", "aria-label": t("thread.label") });
  const writer = makeWriter({
    area: element,
    notice: (text) => text && actions.notice(text),
    limits: actions.limits,
    canned: actions.canned,
    me,
    say: (text, attachments) => actions.say(item.conversation_id, { text, attachments }),
    note: (text) => actions.say(item.conversation_id, { text, kind: "note" }),
    whisper: (text) => actions.say(item.conversation_id, { text, kind: "whisper" }),
    viewing: actions.viewing,
    colleagues: () => view?.agents.filter((agent) => agent.agent_id !== me.name) ?? [],
    typing: (on) => actions.do({ type: "typing", conversation_id: item.conversation_id, on }),
  });
  const none = h("div", { class: "thread-none" }, h("p", {}, t("thread.none")), h("p", { class: "quiet" }, t("thread.none_hint")));
  const loading = h("p", { class: "thread-none", role: "status" }, t("thread.loading"));
  element.append(head, viewers, none, loading, thread.element, typing, writer.element);

  const resolve = () => {
    if (!item || !["active", "wrap_up"].includes(item.state) || item.agent_id !== me.name) return;
    const followUp = followUpFields([...new Set([...groupsOf(me), ...view.agents.flatMap((agent) => agent.groups ?? [])])]);
    resolveDialog(view.brief?.problem.text.slice(0, 200) ?? "", followUp, (outcome) => actions.do({ type: "resolve", case_id: item.case_id, outcome }));
  };
  const transfer = () => transferDialog(view.agents, me, (target) => actions.do({ type: "transfer", case_id: item.case_id, ...target }));
  const takeOver = () => {
    const from = view.agents.find((agent) => agent.agent_id === item.agent_id)?.display ?? t("desk.queue");
    confirmDialog(t("thread.take_over"), t("thread.take_over_sure", { name: from }), () => actions.do({ type: "take_over", case_id: item.case_id }));
  };

  const renderHead = () => {
    const version = JSON.stringify([item.case_id, item.customer, item.state, item.owed_since_ms, item.offer_deadline_ms, view.isMine]);
    if (version === headDrawn) return;
    headDrawn = version;
    const button = (text, act, kind = "") => h("button", { class: `button ${kind}`, type: "button", on: { click: act } }, text);
    const held = item.agent_id === me.name && ["active", "wrap_up"].includes(item.state);
    const open = ["waiting", "offered", "active"].includes(item.state);
    const timer = item.state === "closed" ? null : timerOf(item);
    head.replaceChildren(
      h("h2", { class: "thread-name" }, customerName(item)),
      reasonTag(item.reason),
      h("span", { class: "tag quiet" }, t(`case.${item.state}`)),
      ...(timer ? [h("span", { class: "quiet" }, t(`timer.${item.state}`)), timer] : []),
      h("span", { class: "bar-space" }),
      ...[
        item.state === "offered" && item.offered_to === me.name ? button(t("thread.accept"), () => actions.accept(item), "primary") : null,
        supervises && open && !held && item.offered_to !== me.name ? button(t("thread.take_over"), takeOver) : null,
        view.isMine ? button(t("thread.transfer"), transfer) : null,
        held ? button(t("thread.resolve"), resolve, "primary") : null,
      ].filter(Boolean),
    );
  };

  const render = (nextItem, nextView) => {
    [item, view] = [nextItem, nextView];
    none.hidden = item !== null;
    head.hidden = item === null;
    loading.hidden = item === null || view.entries !== null;
    thread.element.hidden = item === null || view.entries === null;
    writer.element.hidden = item === null;
    typing.textContent = view.typing ? t("thread.customer_types") : "";
    const company = item ? view.viewers.map((one) => t(one.typing ? "viewer.types" : "viewer.looks", { name: one.display })).join(" · ") : "";
    if (viewers.textContent !== company) viewers.textContent = company;
    viewers.hidden = !company;
    if (!item) return;
    renderHead();
    if (view.entries) thread.render(view.entries, view.pending, { id: item.conversation_id, hasEarlier: view.hasEarlier });
    writer.open({
      id: item.conversation_id,
      canReply: view.isMine,
      canWhisper: supervises && Boolean(item.agent_id) && item.agent_id !== me.name && ["active", "wrap_up", "offered"].includes(item.state),
      canPrepare: item.state === "offered" && item.offered_to === me.name,
      blocked: view.isMine ? "" : t(item.state === "closed" ? "write.ended" : "write.not_owner"),
      entities: view.brief?.entities ?? [],
      known: knownOf(me, item, view),
    });
  };

  return { element, render, focus: writer.focus, insert: (text) => text && view?.isMine && writer.insert(text), jump: thread.jump, resolve };
}

/** The variables of canned replies. */
function knownOf(me, item, view) {
  const known = { "agent.name": me.display, "customer.name": item.customer, "shop.name": view.shop?.name };
  for (const entity of view.brief?.entities ?? []) known[entity.name] = entity.value;
  return known;
}
