/** Logs as both screens hold them: sorted by `seq`, each number once. */

// A typing sign whose "off" was lost must not stay for ever.
export const TYPING_MS = 30_000;

/** The highest sequence number of a log, 0 for an empty one: where the next fetch continues. */
export const lastSeqOf = (entries) => (entries.length ? entries[entries.length - 1].seq : 0);

/** Both lists by `seq`, each number once; the later copy wins. */
export function merge(held, come) {
  if (!come.length) return held;
  if (come.length === 1 && come[0].seq > lastSeqOf(held)) return [...held, come[0]];
  const bySeq = new Map(held.map((entry) => [entry.seq, entry]));
  for (const entry of come) bySeq.set(entry.seq, entry);
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}
