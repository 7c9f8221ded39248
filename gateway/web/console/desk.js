/** <jiehua-desk>: the agent's workplace. Holds the connection and the state; the columns draw it. */

import { get } from "../shared/api.js";
import { h } from "../shared/dom.js";
import { LiveSocket } from "../shared/live.js";
import { TYPING_MS, lastSeqOf } from "../shared/log.js";
import { plainText } from "../shared/markdown.js";
import { isFinal } from "../shared/outbox.js";
import { t } from "../shared/texts.js";
import { setServerTime } from "../shared/wait_timer.js";
import { makeSupervisor } from "../supervisor/supervisor.js";
import { makeBar } from "./bar.js";
import { briefView } from "./brief_data.js";
import { callsOf, isNewOffer, owedCount } from "./calls.js";
import { CannedReplies } from "./canned.js";
import { makeChat } from "./chat.js";
import { makeContext } from "./context.js";
import { helpDialog } from "./dialogs.js";
import { makeList } from "./list.js";
import { SeenMentions, mentionsDialog } from "./mentions.js";
import { Notifier } from "./notify.js";
import { makeOffer } from "./offer.js";
import { Outboxes } from "./outboxes.js";
import { CustomerCards } from "./records/cards.js";
import { ticketsDialog } from "./records/tickets.js";
import { listenForShortcuts } from "./shortcuts.js";
import { EMPTY, VIEWING_MS, all, apply, isMine, mine, offers, viewersOf, withThread } from "./state.js";
import { Threads } from "./threads.js";

const QUIET_LOSS_TRIES = 2;
const TOAST_MS = 4000;
// The brief is read again at most this often while the customer writes.
const BRIEF_EVERY_MS = 800;
const SESSION_OVER = new Set([4401, 4403, 4409]);

class JiehuaDesk extends HTMLElement {
  /** Who is logged in, as the login answered. */
  me = null;

  #state = EMPTY;
  #live = new LiveSocket(() => "/api/agent/live");
  #outboxes = null;
  #openId = "";
  #openCase = null;
  #wished = "";
  #view = "chats";
  #seen = null;
  #briefs = new Map();
  #briefTimer = 0;
  #threads = new Threads(
    (id, entries) => this.#add(id, entries),
    () => this.#toast(t("thread.failed")),
  );
  #parts = {};
  #notifier = new Notifier();
  #canned = new CannedReplies();
  #cards = new CustomerCards();
  #stopShortcuts = () => {};
  #drawing = 0;

  get #supervises() {
    return this.me.roles.some((role) => role === "supervisor" || role === "admin");
  }

  connectedCallback() {
    this.#state = { ...EMPTY, me: this.me };
    this.#seen = new SeenMentions(this.me.name);
    const epochOf = (id) => all(this.#state).find((item) => item.conversation_id === id)?.epoch ?? 0;
    this.#outboxes = new Outboxes(this.me.name, epochOf, (frame) => this.#live.send(frame), () => this.#draw());
    this.#build();
    this.#live.addEventListener("frame", (event) => this.#take(event.detail));
    this.#live.addEventListener("down", (event) => this.#lost(event.detail));
    this.#cards.addEventListener("change", () => this.#draw());
    this.#live.open();
    this.#canned.refresh();
    this.#stopShortcuts = listenForShortcuts(this.#shortcuts());
    this.#draw();
  }

  disconnectedCallback() {
    this.#live.close();
    this.#stopShortcuts();
  }

  // --- frames

  #take(frame) {
    if (frame.type === "ack") this.#outboxes.holding(frame.key)?.acknowledged(frame.key);
    else if (frame.type === "error") this.#refused(frame);
    else if (frame.type === "record") this.#cards.changed(frame.conversation_id);
    else {
      const before = this.#state;
      this.#state = apply(before, frame);
      if (frame.type === "snapshot") this.#begun(frame);
      if (frame.type === "entry") this.#settled(frame);
      // What the customer came with before stands in their record: read it again when they come once more.
      if (frame.type === "case" && this.#begins(before, frame.case)) this.#cards.changed(frame.case.conversation_id);
      // What was said between the reading of the log and the beginning of the watch.
      if (frame.type === "watching") this.#threads.newer(frame.conversation_id, 0);
      if (this.#state.floor.gap) this.#followFloor();
      if (frame.type === "typing" && frame.on) setTimeout(() => this.#draw(), TYPING_MS + 100);
      if (frame.type === "viewing" && frame.on) setTimeout(() => this.#draw(), VIEWING_MS + 100);
      this.#announce(before, frame);
    }
    this.#draw();
  }

  #begins(before, { case_id: id, agent_id: agent, state }) {
    return agent === this.me.name && state === "active" && before.cases[id]?.state !== "active";
  }

  /** A snapshot: fresh state; what it cannot carry (the open log, unsent replies) is fetched and sent again. */
  #begun(frame) {
    setServerTime(frame.now_ms);
    if (this.#wished) this.#live.send({ type: "status", status: this.#wished });
    this.#wished = "";
    if (this.#view === "supervisor") this.#followFloor();
    this.#parts.banner.hidden = true;
    const kept = this.#openId && this.#state.threads[this.#openId];
    this.#state = { ...this.#state, threads: kept ? { [this.#openId]: kept } : {} };
    this.#threads.keepOnly(this.#openId);
    this.#briefs.clear();
    this.#cards.forget();
    if (this.#openId) {
      this.#watch(this.#openId);
      this.#tellViewing();
      this.#threads.newer(this.#openId, lastSeqOf(this.#state.threads[this.#openId] ?? []));
      this.#refreshBrief();
    } else {
      const first = mine(this.#state).find((item) => item.state !== "offered");
      if (first) this.#open(first);
    }
    for (const item of Object.values(this.#state.cases)) this.#outboxes.of(item.conversation_id);
    this.#outboxes.resend();
  }

  #settled({ conversation_id: id, entry }) {
    if (!this.#state.threads[id]) this.#threads.missed(id);
    this.#outboxes.settle(id, [entry]);
    if (id === this.#openId) this.#refreshBrief();
  }

  #refused(frame) {
    const message = t(`error.${frame.code}`, {}, frame.message);
    const outbox = this.#outboxes.holding(frame.key);
    if (outbox) outbox.refused(frame.key, message, isFinal(frame.code));
    else this.#toast(frame.message || message);
  }

  #lost({ tries, code }) {
    if (SESSION_OVER.has(code)) {
      this.#live.close();
      this.dispatchEvent(new Event("session-ended", { bubbles: true }));
      return;
    }
    if (tries < QUIET_LOSS_TRIES) return;
    this.#parts.banner.textContent = t("live.lost");
    this.#parts.banner.hidden = false;
  }

  /** Title, sound and notice. */
  #announce(before, frame) {
    for (const { kind, text, toast } of callsOf(before, this.#state, frame, this.me.name)) {
      this.#notifier.call(kind, text);
      if (toast) this.#toast(text);
    }
    this.#notifier.badge(owedCount(this.#state));
    // An agent with nothing before them sees the whole of an offer at once.
    const idle = !this.#openId || this.#openCase?.state === "closed";
    if (idle && isNewOffer(before, this.#state, frame)) this.#open(this.#state.cases[frame.case.case_id]);
  }

  // --- conversations

  #open(item) {
    if (this.#openId && this.#openId !== item.conversation_id) this.#unwatch(this.#openId);
    this.#openId = item.conversation_id;
    this.#openCase = item;
    this.#show("chats");
    this.#watch(item.conversation_id);
    const held = this.#state.threads[item.conversation_id];
    if (held) this.#threads.newer(item.conversation_id, lastSeqOf(held));
    else this.#threads.newest(item.conversation_id);
    this.#fetchBrief(item.case_id);
    this.#tellViewing();
    this.#draw();
  }

  /** Colleagues see which conversation is open here, and whether somebody writes in it. */
  #tellViewing(typing = false) {
    this.#live.send({ type: "viewing", conversation_id: this.#view === "chats" ? this.#openId : "", typing });
  }

  /** Open a conversation that a colleague called me to, wherever its case is now. */
  async #openCalled({ conversation_id: id, case_id: caseId, seq }) {
    const known = all(this.#state).find((item) => item.conversation_id === id);
    const item = known ?? (await get(`/api/agent/cases/${caseId}`).catch(() => null));
    if (!item) return this.#toast(t("thread.failed"));
    this.#open(item);
    await this.#threads.newest(id);
    requestAnimationFrame(() => requestAnimationFrame(() => this.#parts.chat.jump(seq)));
  }

  /** The open case as it is now; the last known one when it has left me. */
  #current() {
    if (!this.#openId) return null;
    const known = all(this.#state).find((item) => item.conversation_id === this.#openId);
    if (known) this.#openCase = known;
    else if (this.#openCase?.state !== "closed") this.#openCase = { ...this.#openCase, state: "closed" };
    return this.#openCase;
  }

  // My own conversations come without asking; others are watched, which is on record.
  #watch(id) {
    if (!mine(this.#state).some((item) => item.conversation_id === id)) this.#live.send({ type: "watch", conversation_id: id });
  }

  #unwatch(id) {
    if (!mine(this.#state).some((item) => item.conversation_id === id)) this.#live.send({ type: "unwatch", conversation_id: id });
  }

  /** The log as far as it is here; fetched once where it is not. */
  #threadOf(id) {
    if (!this.#state.threads[id]) this.#threads.newest(id);
    return this.#state.threads[id] ?? [];
  }

  #add(id, entries) {
    this.#state = withThread(this.#state, id, entries);
    this.#outboxes.settle(id, entries);
    this.#draw();
  }

  /** While the supervisor's view is shown, every chat is followed: from the last number that is here. */
  #followFloor() {
    const { name, id } = this.#state.floor;
    this.#live.send({ type: "floor", on: this.#view === "supervisor", floor: name, after: id });
  }

  #refreshBrief() {
    if (this.#briefTimer) return;
    this.#briefTimer = setTimeout(() => {
      this.#briefTimer = 0;
      // A case that was taken over meanwhile is no longer mine to read.
      const item = this.#current();
      if (item && item.state !== "closed") this.#fetchBrief(item.case_id);
    }, BRIEF_EVERY_MS);
  }

  async #fetchBrief(caseId) {
    const answer = await get(`/api/agent/cases/${caseId}/brief`).catch(() => null);
    if (answer) this.#briefs.set(caseId, answer);
    this.#draw();
  }

  // --- what the agent does

  #do(frame) {
    if (!this.#live.send(frame)) this.#toast(t("live.lost"));
  }

  /** A status chosen while there is no connection, the first moments of the page included, holds from the next snapshot on. */
  #setStatus(status) {
    this.#wished = this.#live.send({ type: "status", status }) ? "" : status;
    this.#draw();
  }

  #accept(item) {
    this.#do({ type: "accept", case_id: item.case_id });
    this.#open(item);
    this.#parts.chat.focus("reply");
  }

  #move(step) {
    const items = this.#parts.list.order(this.#state);
    if (!items.length) return;
    const at = items.findIndex((item) => item.conversation_id === this.#openId);
    this.#open(items[(at + step + items.length) % items.length]);
  }

  #shortcuts() {
    const suggest = (at) => () => this.#parts.chat.insert(plainText(this.#briefView()?.suggested[at]?.text ?? ""));
    return {
      next: () => this.#move(1),
      previous: () => this.#move(-1),
      reply: () => this.#parts.chat.focus("reply"),
      note: () => this.#parts.chat.focus("note"),
      resolve: () => this.#parts.chat.resolve(),
      accept: () => this.#parts.offer.accept(),
      help: helpDialog,
      suggest1: suggest(0),
      suggest2: suggest(1),
      suggest3: suggest(2),
    };
  }

  #toast(text) {
    const note = h("p", { class: "desk-toast", role: "status" }, text);
    this.append(note);
    setTimeout(() => note.remove(), TOAST_MS);
  }

  // --- drawing

  #build() {
    const parts = this.#parts;
    const records = {
      people: () => ({ me: this.me, agents: this.#state.agents, known: all(this.#state) }),
      changed: (id) => this.#cards.read(id),
      again: () => this.#cards.read(this.#openId),
      notice: (text) => this.#toast(text),
      canInsert: () => isMine(this.#state, this.#current()),
      insert: (text) => this.#parts.chat.insert(text),
    };
    parts.bar = makeBar(this.me, this.#notifier, {
      status: (status) => this.#setStatus(status),
      show: (view) => this.#show(view),
      tickets: () => ticketsDialog(records),
      mentions: () => mentionsDialog(this.#state.mentions, this.#seen, (mention) => this.#openCalled(mention)),
      help: helpDialog,
      logOut: () => this.dispatchEvent(new Event("log-out", { bubbles: true })),
    });
    parts.banner = h("p", { class: "desk-banner", role: "status", hidden: true });
    parts.list = makeList((item) => this.#open(item));
    parts.chat = makeChat(this.me, {
      do: (frame) => this.#do(frame),
      say: (id, fields) => this.#outboxes.of(id).say(fields),
      retry: (key) => this.#outboxes.holding(key)?.resend(key),
      drop: (key) => this.#outboxes.holding(key)?.drop(key),
      earlier: (id) => this.#threads.earlier(id, this.#state.threads[id][0].seq),
      accept: (item) => this.#accept(item),
      notice: (text) => this.#toast(text),
      viewing: (typing) => this.#tellViewing(typing),
      limits: () => this.#state.shop?.files,
      canned: this.#canned,
    });
    parts.context = makeContext({
      ...records,
      jump: (seq) => this.#parts.chat.jump(seq),
      copied: () => this.#toast(t("brief.copied")),
    });
    parts.offer = makeOffer({
      accept: (item) => this.#accept(item),
      decline: (item, reason) => this.#do({ type: "decline", case_id: item.case_id, reason }),
      show: (item) => this.#open(item),
      wanted: (item) => this.#threadOf(item.conversation_id),
    });
    parts.supervisor = makeSupervisor((item) => this.#open(item));
    parts.columns = h("main", { class: "columns" }, parts.list.element, parts.chat.element, parts.context.element);
    this.replaceChildren(parts.bar.element, parts.banner, parts.columns, parts.supervisor.element, parts.offer.element);
    this.#show("chats");
  }

  #show(view) {
    const moved = this.#view !== view;
    this.#view = view;
    if (moved) this.#tellViewing();
    this.#parts.columns.hidden = view !== "chats";
    this.#parts.supervisor.element.hidden = view !== "supervisor";
    if (moved && this.#supervises) this.#followFloor();
    this.#draw();
  }

  #briefView() {
    const item = this.#current();
    return item ? briefView(this.#briefs.get(item.case_id), item, this.#state.threads[item.conversation_id] ?? []) : null;
  }

  /** Draw once per frame of the screen, however many frames came over the wire. */
  #draw() {
    this.#drawing ||= requestAnimationFrame(() => {
      this.#drawing = 0;
      this.#drawNow();
    });
  }

  #drawNow() {
    const state = this.#state;
    const parts = this.#parts;
    const item = this.#current();
    const view = this.#briefView();
    parts.bar.render(this.#wished || state.status, this.#view, this.#seen.unseen(state.mentions).length);
    parts.list.render(state, this.#openId);
    parts.chat.render(item, {
      entries: state.threads[this.#openId] ?? null,
      pending: this.#openId ? this.#outboxes.of(this.#openId).items : [],
      hasEarlier: !this.#threads.isWhole(this.#openId),
      isMine: isMine(state, item),
      typing: (state.typing[this.#openId] ?? 0) > Date.now(),
      viewers: viewersOf(state, this.#openId),
      agents: state.agents,
      shop: state.shop,
      brief: view,
    });
    parts.context.render(view, view && this.#cards.of(this.#openId));
    parts.offer.render(offers(state), this.#view === "chats" ? this.#openId : "");
    parts.supervisor.render(state);
  }
}

customElements.define("jiehua-desk", JiehuaDesk);
