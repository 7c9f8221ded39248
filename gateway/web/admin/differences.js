/** What differs between two documents: `[{path, before, after}]`, each side as text, undefined where it is not there. */

export function differences(before, after) {
  const [old, now] = [flat(before), flat(after)];
  const paths = [...new Set([...old.keys(), ...now.keys()])];
  return paths.filter((path) => old.get(path) !== now.get(path)).map((path) => ({ path, before: old.get(path), after: now.get(path) }));
}

/** Every value of a document by its path; things of a list that have a name go by it, so that one taken away moves none. */
function flat(value, path = "", found = new Map()) {
  if (Array.isArray(value) && value.some((one) => one !== null && typeof one === "object")) {
    value.forEach((one, at) => flat(one, `${path}[${one?.name ?? at + 1}]`, found));
  } else if (Array.isArray(value)) {
    found.set(path, value.join(", "));
  } else if (value !== null && typeof value === "object") {
    for (const [name, one] of Object.entries(value)) flat(one, path ? `${path}.${name}` : name, found);
  } else {
    found.set(path, String(value ?? ""));
  }
  return found;
}
