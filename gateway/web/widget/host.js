/**
 * The page around an embedded chat. The two speak by `postMessage` to one named origin each, never to `*`: the host
 * gives its origin in the address, which reveals nothing, and is told only "close" and a count of unread messages. Who
 * its customer is, the host says when it is asked, signed by its server.
 */

// The embedding script answers at once; a function of the site's may have to ask its server first.
const ANSWER_MS = 10_000;

export function hostPage() {
  const query = new URLSearchParams(window.location.search);
  const origin = originOf(query.get("host"));
  const embedded = query.get("embed") === "1" && window.parent !== window && origin !== null;
  let shown = !embedded;
  let onShown = () => {};
  let onIdentity = () => {};
  const post = (message) => embedded && window.parent.postMessage(message, origin);
  window.addEventListener("message", (event) => {
    if (!embedded || event.source !== window.parent || event.origin !== origin) return;
    const { type } = event.data ?? {};
    if (type === "jiehua:shown") {
      shown = Boolean(event.data.shown);
      if (shown) onShown();
    }
    if (type === "jiehua:identity") onIdentity(event.data);
    // Another customer's page begins empty.
    if (type === "jiehua:identity-changed") window.location.reload();
  });
  return {
    embedded,
    visible: () => shown,
    close: () => post({ type: "jiehua:close" }),
    unread: (count) => post({ type: "jiehua:unread", count }),
    onShown: (listener) => {
      onShown = listener;
    },
    /** Who the site says is here: `{identity, nobody}`; both empty where it says nothing. */
    who: () =>
      new Promise((resolve) => {
        if (!embedded) return resolve({ identity: null, nobody: false });
        onIdentity = resolve;
        setTimeout(() => resolve({ identity: null, nobody: false }), ANSWER_MS);
        return post({ type: "jiehua:hello" });
      }),
  };
}

function originOf(text) {
  try {
    return text ? new URL(text).origin : null;
  } catch {
    return null;
  }
}
