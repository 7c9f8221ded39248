/** What this browser remembers of a conversation beyond the log: votes given, ratings done, problems confirmed. */

import { drop, keep, lasting, recall } from "../shared/storage.js";

/** Whether the customer waits for a person, or may rate one. */
export function needsCard({ case_state: state, owner }, entries, memory) {
  return state === "waiting" || state === "offered" || (state === "none" && owner === "bot" && memory.toRate(entries) !== null);
}

export class Memory {
  #name;
  #held;

  constructor(conversationId) {
    this.#name = `jiehua.memory.${conversationId}`;
    this.#held = { votes: {}, rated: {}, told: {}, ...recall(lasting, this.#name, {}) };
  }

  /** seq -> useful. Votes that the log itself shows count too. */
  votes(entries) {
    const votes = { ...this.#held.votes };
    for (const entry of entries) {
      if (entry.kind === "feedback" && typeof entry.data?.useful === "boolean") votes[entry.data.about] = entry.data.useful;
    }
    return votes;
  }

  /** seq of a reply -> whether the customer wants to be told, as the log says; "told" once they were. */
  wishes(entries) {
    const wishes = {};
    const told = new Set(entries.map((entry) => entry.data?.told).filter(Boolean));
    for (const entry of entries) {
      if (entry.kind === "feedback" && entry.data?.what === "wish") wishes[entry.data.about] = entry.data.wanted;
    }
    for (const entry of entries) if (told.has(entry.data?.about)) wishes[entry.seq] = "told";
    return wishes;
  }

  vote(seq, useful) {
    this.#set("votes", seq, useful);
  }

  /** The person's stretch that ended last and was neither rated nor skipped, as its closing entry, or null. */
  toRate(entries) {
    const closed = entries.findLast((entry) => entry.kind === "case" && entry.data?.state === "closed");
    if (!closed || this.#held.rated[closed.data.case_id]) return null;
    const served = entries.some((entry) => entry.author === "agent" && entry.seq < closed.seq);
    const after = entries.filter((entry) => entry.seq > closed.seq);
    const rated = after.some((entry) => entry.kind === "feedback" && entry.data?.score);
    const movedOn = after.filter((entry) => entry.author === "customer").length > 2;
    return served && !rated && !movedOn ? closed : null;
  }

  rated(caseId) {
    this.#set("rated", caseId, true);
  }

  /** What the customer confirmed or wrote as the problem of this case, or undefined. */
  told(caseId) {
    return this.#held.told[caseId];
  }

  tell(caseId, problem) {
    this.#set("told", caseId, problem);
  }

  forget() {
    this.#held = { votes: {}, rated: {}, told: {} };
    drop(lasting, this.#name);
  }

  #set(group, name, value) {
    this.#held = { ...this.#held, [group]: { ...this.#held[group], [name]: value } };
    keep(lasting, this.#name, this.#held);
  }
}
