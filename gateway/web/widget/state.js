/**
 * What the customer's page knows, as a pure function of the frames it has received: the same frames, however they
 * were cut by lost connections, give the same state.
 *
 *   state = { conversation, entries, shop, typing }
 *
 * `entries` is sorted by `seq` without doubles; `typing` maps an author to the time (ms) at which the sign goes off.
 */

import { TYPING_MS, lastSeqOf, merge } from "../shared/log.js";

export const EMPTY = Object.freeze({ conversation: null, entries: [], shop: null, typing: {} });

export function apply(state, frame, nowMs = Date.now()) {
  switch (frame.type) {
    case "snapshot":
      return {
        conversation: frame.conversation,
        entries: merge(state.entries, frame.entries ?? []),
        shop: frame.shop ?? state.shop,
        typing: {},
      };
    case "entry":
      return { ...state, entries: merge(state.entries, [frame.entry]), typing: without(state.typing, frame.entry.author) };
    case "conversation":
      return { ...state, conversation: newer(state.conversation, frame.conversation) };
    case "typing":
      return {
        ...state,
        typing: frame.on ? { ...state.typing, [frame.author]: nowMs + TYPING_MS } : without(state.typing, frame.author),
      };
    default:
      return state;
  }
}

/** The highest sequence number the page holds: where the next connection continues. */
export const lastSeq = (state) => lastSeqOf(state.entries);

/** Authors whose sign is still on. */
export function typingNow(state, nowMs = Date.now()) {
  return Object.keys(state.typing).filter((author) => state.typing[author] > nowMs);
}

/** An older view that arrives late does not undo a newer one. */
function newer(held, come) {
  if (!held || come.epoch > held.epoch) return come;
  return come.epoch < held.epoch || come.last_seq < held.last_seq ? held : come;
}

function without(record, name) {
  const { [name]: _, ...rest } = record;
  return rest;
}
