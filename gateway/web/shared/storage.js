/** Browser storage that may be forbidden or full: reading then gives the fallback, writing does nothing. */

export function recall(store, name, fallback) {
  try {
    const text = store().getItem(name);
    return text === null ? fallback : JSON.parse(text);
  } catch {
    return fallback;
  }
}

export function keep(store, name, value) {
  try {
    store().setItem(name, JSON.stringify(value));
  } catch {
    // A private window: the page works, it only forgets.
  }
}

export function drop(store, name) {
  try {
    store().removeItem(name);
  } catch {
    // Nothing was kept there.
  }
}

// Functions, because merely touching these properties throws where storage is forbidden.
export const lasting = () => window.localStorage;
export const tabOnly = () => window.sessionStorage;
