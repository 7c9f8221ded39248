/** <jiehua-chat>: the customer's page. State comes from frames (state.js), sending goes through the outbox. */

import { ApiError, get } from "../shared/api.js";
import { h, loadStyle, mintKey, reconcile } from "../shared/dom.js";
import { LiveSocket } from "../shared/live.js";
import { merge } from "../shared/log.js";
import { Outbox, isFinal } from "../shared/outbox.js";
import { setPageLanguage, t } from "../shared/texts.js";
import { makeComposer } from "./composer.js";
import { logItems } from "./entry_view.js";
import { hostPage } from "./host.js";
import { Memory, needsCard } from "./memory.js";
import { openSession } from "./session.js";
import { EMPTY, apply, lastSeq, typingNow } from "./state.js";

const NEAR_BOTTOM_PIXELS = 80;
const SESSION_RETRY_MS = 3000;
// A hiccup shorter than this is nobody's business.
const QUIET_LOSS_TRIES = 2;
const PAGE_ENTRIES = 200;
// Close code: the cookie is missing or no longer good.
const NO_SESSION = 4401;
const FORBIDDEN = 403;

class JiehuaChat extends HTMLElement {
  #state = EMPTY;
  #outbox = null;
  #memory = null;
  #live = null;
  #trouble = "";
  #earlier = null;
  #conversationId = "";
  #verified = false;
  #deck = null;
  #deckComing = null;
  #ready = false;
  #typingTimer = 0;
  #unread = 0;
  #host = hostPage();

  connectedCallback() {
    setPageLanguage();
    this.#build();
    this.#render();
    this.#start();
    document.addEventListener("visibilitychange", () => document.hidden || this.#seen());
    this.#host.onShown(() => this.#seen());
  }

  // --- the connection

  async #start() {
    try {
      const session = await openSession(this.#host);
      this.#verified = session.verified;
      if (!this.#live) this.#begin(session.conversation_id);
      else this.#live.open();
    } catch (error) {
      if (error.status === FORBIDDEN) return this.#notWho(error);
      this.#trouble = error instanceof ApiError && error.message ? error.message : t("live.unavailable");
      this.#render();
      setTimeout(() => this.#start(), SESSION_RETRY_MS);
    }
  }

  /** The site's word about its customer is refused: nobody's conversation is shown, and its developers read why. */
  #notWho(error) {
    console.warn(error.message);
    this.#trouble = t("page.identity");
    this.#render();
  }

  #begin(conversationId) {
    this.#conversationId = conversationId;
    this.#memory = new Memory(conversationId);
    this.#outbox = new Outbox(conversationId, sayFrame, (frame) => this.#live.send(frame));
    this.#outbox.addEventListener("change", () => this.#render());
    this.#live = new LiveSocket(() => `/api/customer/live?after=${lastSeq(this.#state)}`);
    this.#live.addEventListener("frame", (event) => this.#take(event.detail));
    this.#live.addEventListener("down", (event) => this.#lost(event.detail));
    this.#live.open();
  }

  #lost({ tries, code }) {
    if (tries >= QUIET_LOSS_TRIES) this.#trouble = t("live.lost");
    this.#state = { ...this.#state, typing: {} };
    this.#render();
    if (code === NO_SESSION) this.#renew();
  }

  /** The cookie is gone: a new one is a new conversation, which begins on a fresh page. */
  async #renew() {
    this.#live.close();
    const session = await openSession(this.#host).catch(() => null);
    if (!session) setTimeout(() => this.#renew(), SESSION_RETRY_MS);
    else if (session.conversation_id === this.#conversationId) this.#live.open();
    else window.location.reload();
  }

  #take(frame) {
    if (frame.type === "ack") this.#outbox.acknowledged(frame.key);
    else if (frame.type === "error") this.#refused(frame);
    else this.#change(frame);
  }

  #change(frame) {
    const before = lastSeq(this.#state);
    this.#state = apply(this.#state, frame);
    this.#outbox.settle(this.#state.entries);
    if (frame.type === "snapshot") {
      this.#ready = true;
      this.#trouble = "";
      this.#outbox.resend();
      this.#earlier ??= (this.#state.entries[0]?.seq ?? 1) > 1;
    } else if (frame.type === "entry" && frame.entry.seq > before) {
      this.#came(frame.entry);
    } else if (frame.type === "typing") {
      clearTimeout(this.#typingTimer);
      const last = Math.max(0, ...Object.values(this.#state.typing)) - Date.now();
      if (last > 0) this.#typingTimer = setTimeout(() => this.#render(), last + 50);
    }
    this.#render();
  }

  /** The first snapshot holds the newest entries; older ones come when they are asked for. */
  async #fetchEarlier() {
    const first = this.#state.entries[0].seq;
    try {
      const page = await get(`/api/customer/log?before=${first}&limit=${PAGE_ENTRIES}`);
      this.#earlier = page.entries.length > 0 && page.entries[0].seq > 1;
      this.#state = { ...this.#state, entries: merge(page.entries, this.#state.entries) };
    } catch {
      this.#notice(t("live.lost"));
    }
    const log = this.#parts.log;
    const below = log.scrollHeight - log.scrollTop;
    this.#render();
    log.scrollTop = log.scrollHeight - below;
  }

  #refused(frame) {
    const message = t(`error.${frame.code}`, {}, frame.message);
    if (frame.key && this.#outbox.items.some((item) => item.key === frame.key)) this.#outbox.refused(frame.key, message, isFinal(frame.code));
    else this.#notice(message);
  }

  // --- what the customer does

  #say(text, choice = null, attachments = []) {
    if (!this.#outbox) return;
    this.#follow = true;
    this.#outbox.say({ text, choice, attachments });
  }

  #do(frame) {
    if (!this.#live?.send(frame)) this.#notice(t("live.lost"));
  }

  #vote(seq, useful) {
    this.#memory.vote(seq, useful);
    this.#do({ type: "feedback", key: mintKey(), seq, useful });
    this.#render();
  }

  /** Tickets, other devices, leaving: few need it, so it is loaded when it is opened. */
  async #more() {
    try {
      const [{ moreDialog }] = await Promise.all([import("./more/more.js"), loadStyle("/static/widget/more/more.css")]);
      moreDialog({ verified: this.#verified, forget: () => this.#forget() });
    } catch {
      this.#notice(t("live.lost"));
    }
  }

  #forget() {
    this.#live.close();
    this.#memory.forget();
    this.#outbox.forget();
    this.#parts.composer.clear();
    window.location.reload();
  }

  #requestHuman() {
    this.#follow = true;
    this.#do({ type: "request_human", key: mintKey() });
  }

  #came(entry) {
    const mine = entry.author === "customer";
    if (mine || entry.kind !== "message" || (!document.hidden && this.#host.visible())) return;
    this.#unread += 1;
    this.#tellUnread();
  }

  #seen() {
    if (!this.#unread || !this.#host.visible()) return;
    this.#unread = 0;
    this.#tellUnread();
  }

  #tellUnread() {
    this.#host.unread(this.#unread);
    const name = this.#state.shop?.name ?? t("page.title");
    document.title = this.#unread ? `(${this.#unread}) ${name}` : name;
  }

  // --- the page

  #parts = {};
  #follow = true;

  #build() {
    const parts = this.#parts;
    parts.name = h("h1", { class: "shop" }, t("page.title"));
    parts.served = h("p", { class: "served", role: "status" });
    parts.human = h("button", { class: "button human", type: "button", on: { click: () => this.#requestHuman() } });
    parts.more = h("button", { class: "button plain close", type: "button", "aria-label": t("page.more"), title: t("page.more"), on: { click: () => this.#more() } }, "⋯");
    parts.close = h(
      "button",
      { class: "button plain close", type: "button", "aria-label": t("page.close"), hidden: !this.#host.embedded, on: { click: () => this.#host.close() } },
      "✕",
    );
    parts.banner = h("p", { class: "banner", role: "status", hidden: true });
    parts.log = h("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": t("page.log"), tabindex: "0" });
    parts.typing = h("p", { class: "typing", "aria-live": "polite" });
    parts.cards = h("div", { class: "cards" });
    parts.down = h("button", { class: "button down", type: "button", hidden: true, on: { click: () => this.#toBottom() } }, t("page.newer"));
    parts.composer = makeComposer({
      say: (text, attachments) => this.#say(text, null, attachments),
      typing: (on) => this.#live?.send({ type: "typing", on }),
      notice: (text) => text && this.#notice(text),
      limits: () => this.#state.shop?.files,
      area: this,
    });
    this.append(
      h("header", { class: "top" }, h("div", { class: "who" }, parts.name, parts.served), parts.human, parts.more, parts.close),
      parts.banner,
      h("main", { class: "middle" }, parts.log, parts.down),
      h("footer", { class: "bottom" }, parts.typing, parts.cards, parts.composer.element),
    );
    parts.log.addEventListener("scroll", () => {
      this.#follow = parts.log.scrollHeight - parts.log.scrollTop - parts.log.clientHeight < NEAR_BOTTOM_PIXELS;
      if (this.#follow) parts.down.hidden = true;
    });
    // The keyboard of a phone and growing images change the height: the last line stays in sight.
    new ResizeObserver(() => this.#follow && this.#toBottom()).observe(parts.log);
    parts.log.addEventListener("load", () => this.#follow && this.#toBottom(), true);
  }

  #render() {
    const { conversation, entries, shop } = this.#state;
    const parts = this.#parts;
    parts.banner.hidden = !this.#trouble;
    parts.banner.textContent = this.#trouble;
    parts.name.textContent = shop?.name || t("page.title");
    this.#renderServed(conversation);
    // A screen reader reads what is said from now on, not the whole history.
    parts.log.setAttribute("aria-busy", String(!this.#ready));
    const heldBottom = parts.log.lastElementChild;
    reconcile(parts.log, this.#items(entries, shop));
    const typing = typingNow(this.#state).filter((author) => author !== "customer");
    parts.typing.textContent = typing.length
      ? t(typing.includes("agent") ? "typing.agent" : "typing.bot", { name: conversation?.agent_name })
      : "";
    reconcile(parts.cards, this.#cards(conversation, entries));
    if (this.#follow) this.#toBottom();
    else if (parts.log.lastElementChild !== heldBottom) parts.down.hidden = false;
  }

  #renderServed(conversation) {
    const { served, human } = this.#parts;
    const state = conversation?.case_state ?? "none";
    const withAgent = conversation?.owner === "agent";
    const waiting = state === "waiting" || state === "offered";
    served.textContent = !this.#ready
      ? t("served.connecting")
      : withAgent
        ? t("served.agent", { name: conversation.agent_name || conversation.agent_id })
        : waiting
          ? t("served.waiting")
          : t("served.bot");
    human.textContent = withAgent ? t("human.here") : waiting ? t("human.waiting") : t("human.ask");
    human.disabled = !this.#ready || withAgent || waiting;
    this.#parts.more.disabled = !this.#ready;
    this.dataset.owner = withAgent ? "agent" : "bot";
  }

  #items(entries, shop) {
    if (!this.#ready) return [{ id: "loading", version: "", build: loadingView }];
    const first = this.#earlier
      ? { id: "earlier", version: "", build: () => earlierButton(() => this.#fetchEarlier()) }
      : { id: "greeting", version: shop?.greeting ?? "", build: () => this.#greeting(shop) };
    const items = [first];
    return items.concat(
      logItems(entries, this.#outbox.items, { votes: this.#memory.votes(entries), wishes: this.#memory.wishes(entries) }, {
        vote: (seq, useful) => this.#vote(seq, useful),
        // The log answers with the wish as it stands, on every page of this customer.
        wish: (seq, wanted) => this.#do({ type: "wish", key: mintKey(), seq, wanted }),
        choose: (button) => this.#say(button.title, button.choice),
        retry: (key) => this.#outbox.resend(key),
        drop: (key) => this.#outbox.drop(key),
      }),
    );
  }

  #greeting(shop) {
    return h(
      "section",
      { class: "greeting", "aria-label": t("page.greeting") },
      h("p", {}, shop?.greeting || t("greeting.text")),
      h(
        "div",
        { class: "choices" },
        (shop?.chips ?? []).slice(0, 7).map((chip) => h("button", { class: "chip", type: "button", on: { click: () => this.#say(chip) } }, chip)),
      ),
      h("p", { class: "greeting-hint" }, t("greeting.hint")),
    );
  }

  #cards(conversation, entries) {
    if (!conversation || !needsCard(conversation, entries, this.#memory)) return [];
    if (this.#deck) return this.#deck.cardItems(conversation, entries, this.#cardActions);
    this.#loadDeck();
    return [];
  }

  /** The cards come with the first need of one: most conversations have none. Asked for again if they do not arrive. */
  #loadDeck() {
    this.#deckComing ??= Promise.all([import("./cards/deck.js"), loadStyle("/static/widget/cards/cards.css")]).then(
      ([deck]) => {
        this.#deck = deck;
        this.#render();
      },
      () => {
        this.#deckComing = null;
        setTimeout(() => this.#render(), SESSION_RETRY_MS);
      },
    );
  }

  get #cardActions() {
    return {
      element: this.#parts.cards,
      composer: this.#parts.composer,
      memory: this.#memory,
      do: (frame) => this.#do(frame),
      notice: (text) => this.#notice(text),
      render: () => this.#render(),
    };
  }

  /** A line that goes away by itself. */
  #notice(text) {
    const note = h("p", { class: "toast", role: "status" }, text);
    this.append(note);
    setTimeout(() => note.remove(), 5000);
  }

  #toBottom() {
    const log = this.#parts.log;
    log.scrollTop = log.scrollHeight;
    this.#parts.down.hidden = true;
  }
}

const sayFrame = ({ key, text, choice, attachments }) => ({
  type: "say",
  key,
  text,
  ...(choice ? { choice } : {}),
  ...(attachments?.length ? { attachments: attachments.map((one) => one.id) } : {}),
});

const loadingView = () => h("p", { class: "line system loading" }, h("span", {}, t("page.loading")));

const earlierButton = (fetchEarlier) =>
  h("button", { class: "button plain earlier", type: "button", on: { click: fetchEarlier } }, t("page.earlier"));

customElements.define("jiehua-chat", JiehuaChat);
