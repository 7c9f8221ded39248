/** Whose conversation this page shows: the browser's own, or that of whom the embedding site says is here. */

import { post } from "../shared/api.js";

/** `host`: the page around (host.js). Gives `{conversation_id, verified}`; throws ApiError, 403 for a bad signature. */
export async function openSession(host) {
  const { identity, nobody } = await host.who();
  const open = () => post("/api/customer/session", { channel: "web", ...(identity ? { identity } : {}) });
  const session = await open();
  if (!nobody || !session.verified) return session;
  // Whoever was logged in on this computer before is not: their conversation is not for the next one.
  await post("/api/customer/logout");
  return open();
}
