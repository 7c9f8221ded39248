/**
 * What the console knows, as a pure function of the frames it has received.
 *
 *   state = { me, status, cases, queue, others, left, agents, shop, floor, mentions, viewers, threads, typing }
 *
 * `cases` maps a case id to its CaseView (offered to me or mine); `queue` is in the order of the server; `floor` is
 * what supervisors follow, with its number; `others`, the chats in the hands of any agent, and `left`, the messages
 * left, are taken from it; `threads`
 * maps a conversation id to its log, sorted by `seq`, for the conversations opened since the last snapshot; `typing`
 * maps a conversation id to the time (ms) at which the customer's sign goes off; `mentions` are the notes in which
 * colleagues called me; `viewers` maps a conversation id to the colleagues who have it open, by name.
 */

import { TYPING_MS, merge } from "../shared/log.js";

// A colleague's sign whose end was lost; the server renews it every ten seconds.
export const VIEWING_MS = 35_000;
const WRITING_MS = 10_000;
const OPEN_STATES = new Set(["offered", "active", "wrap_up"]);

export const EMPTY = Object.freeze({
  me: null,
  status: "offline",
  cases: {},
  queue: [],
  others: [],
  left: [],
  agents: [],
  shop: null,
  floor: Object.freeze({ name: "", id: 0, cases: {}, gap: false }),
  mentions: [],
  viewers: {},
  threads: {},
  typing: {},
});

export function apply(state, frame, nowMs = Date.now()) {
  switch (frame.type) {
    case "snapshot":
      return {
        ...state,
        me: frame.me,
        status: frame.status,
        cases: Object.fromEntries(frame.cases.map((item) => [item.case_id, item])),
        queue: frame.queue,
        agents: frame.agents,
        shop: frame.shop ?? state.shop,
        mentions: frame.mentions ?? state.mentions,
        viewers: {},
        typing: {},
      };
    case "case":
      return withCase(state, frame.case);
    case "queue":
      return { ...state, queue: frame.queue };
    case "status":
      return { ...state, status: frame.status };
    case "agents":
      return withAgents(state, frame.agents);
    case "entry":
      return withEntry(state, frame.conversation_id, [frame.entry]);
    case "floor":
      return withFloor(state, frame);
    case "mention":
      return { ...state, mentions: withMention(state.mentions, frame.mention) };
    case "viewing":
      return withViewer(state, frame, nowMs);
    case "typing":
      return {
        ...state,
        typing: { ...state.typing, [frame.conversation_id]: frame.on ? nowMs + TYPING_MS : 0 },
      };
    default:
      return state;
  }
}

/** Add fetched entries to a thread, opening it if need be. */
export function withThread(state, conversationId, entries) {
  const held = state.threads[conversationId] ?? [];
  return { ...state, threads: { ...state.threads, [conversationId]: merge(held, entries) } };
}

/** My cases: offers first, then who has waited longest for an answer, then the latest heard. */
export function mine(state) {
  const rank = (item) => (item.state === "offered" ? 0 : item.owed_since_ms ? 1 : 2);
  const age = (item) => (rank(item) === 2 ? item.enqueued_ms : item.owed_since_ms ?? item.enqueued_ms);
  return Object.values(state.cases).sort((a, b) => rank(a) - rank(b) || age(a) - age(b));
}

/** Every case this page knows, mine first, each once. */
export function all(state) {
  const known = new Map();
  for (const item of [...mine(state), ...state.queue, ...state.others, ...state.left]) if (!known.has(item.case_id)) known.set(item.case_id, item);
  return [...known.values()];
}

export const offers = (state) =>
  mine(state)
    .filter((item) => item.state === "offered")
    .sort((a, b) => a.offer_deadline_ms - b.offer_deadline_ms);

/** Is this case in my hands (so that I may write to the customer)? */
export const isMine = (state, item) => item?.state === "active" && item.agent_id === state.me?.name;

function withCase(state, item) {
  const held = state.cases[item.case_id];
  if (held && held.epoch > item.epoch) return state;
  const who = item.state === "offered" ? item.offered_to : item.agent_id;
  // A case that left me is sent once more as it is now: in another's hands, or closed.
  const concerns = OPEN_STATES.has(item.state) && (!who || who === state.me?.name);
  if (concerns) return { ...state, cases: { ...state.cases, [item.case_id]: item } };
  const { [item.case_id]: _, ...rest } = state.cases;
  return { ...state, cases: rest };
}

const withMention = (held, come) => [...held.filter((one) => one.conversation_id !== come.conversation_id || one.seq !== come.seq), come];

function withViewer(state, { conversation_id: id, who, on, typing }, nowMs) {
  const { [who.name]: _, ...others } = state.viewers[id] ?? {};
  const here = on ? { ...others, [who.name]: { display: who.display, typing, until: nowMs + VIEWING_MS, typingUntil: nowMs + WRITING_MS } } : others;
  return { ...state, viewers: { ...state.viewers, [id]: here } };
}

/** Colleagues who look at a conversation just now: `[{display, typing}]`. */
export const viewersOf = (state, id, nowMs = Date.now()) =>
  Object.values(state.viewers[id] ?? {})
    .filter(({ until }) => until > nowMs)
    .map(({ display, typing, typingUntil }) => ({ display, typing: typing && typingUntil > nowMs }));

/** The whole, or the next difference; an old one changes nothing, and one too many ahead shows that some were missed. */
function withFloor(state, frame) {
  const held = state.floor;
  if (!frame.whole && (frame.floor !== held.name || frame.id <= held.id)) return state;
  if (!frame.whole && frame.id > held.id + 1) return { ...state, floor: { ...held, gap: true } };
  const cases = frame.whole ? {} : { ...held.cases };
  for (const id of frame.gone) delete cases[id];
  for (const item of frame.cases) cases[item.case_id] = item;
  const inOrder = Object.values(cases).sort((a, b) => a.accepted_ms - b.accepted_ms || a.enqueued_ms - b.enqueued_ms || (a.case_id < b.case_id ? -1 : 1));
  return {
    ...state,
    floor: { name: frame.floor, id: frame.id, cases, gap: false },
    others: inOrder.filter((item) => item.state !== "message_left"),
    left: inOrder.filter((item) => item.state === "message_left"),
  };
}

function withAgents(state, agents) {
  const self = agents.find((agent) => agent.agent_id === state.me?.name);
  return { ...state, agents, status: self?.status ?? state.status };
}

function withEntry(state, conversationId, entries) {
  if (!state.threads[conversationId]) return state;
  const next = withThread(state, conversationId, entries);
  const said = entries.some((entry) => entry.author === "customer" && entry.kind === "message");
  return said ? { ...next, typing: { ...next.typing, [conversationId]: 0 } } : next;
}
