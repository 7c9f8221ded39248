/**
 * The page around an embedded chat. The two speak by `postMessage` to one named origin each, never to `*`: the host
 * gives its origin in the address, which reveals nothing, and is told only "close" and a count of unread messages.
 */

export function hostPage() {
  const query = new URLSearchParams(window.location.search);
  const origin = originOf(query.get("host"));
  const embedded = query.get("embed") === "1" && window.parent !== window && origin !== null;
  let shown = !embedded;
  let onShown = () => {};
  const post = (message) => embedded && window.parent.postMessage(message, origin);
  window.addEventListener("message", (event) => {
    if (!embedded || event.source !== window.parent || event.origin !== origin) return;
    if (event.data?.type !== "jiehua:shown") return;
    shown = Boolean(event.data.shown);
    if (shown) onShown();
  });
  return {
    embedded,
    visible: () => shown,
    close: () => post({ type: "jiehua:close" }),
    unread: (count) => post({ type: "jiehua:unread", count }),
    onShown: (listener) => {
      onShown = listener;
    },
  };
}

function originOf(text) {
  try {
    return text ? new URL(text).origin : null;
  } catch {
    return null;
  }
}
