/**
 * Building the page without markup strings: every text becomes a text node, so nothing a customer wrote can become
 * an element.
 */

/**
 * Make an element.
 *
 * `props`: `class` and any attribute by name; `on` maps event names to listeners; `data` fills the dataset; `true`
 * sets an empty attribute, `false`, `null` and `undefined` leave it out. Children are nodes or texts; empty ones are
 * skipped. There is no way to give markup or a `style` attribute here, on purpose.
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "on") {
      for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    } else if (name === "data") {
      Object.assign(element.dataset, value);
    } else if (name === "value") {
      element.value = value;
    } else if (value === true) {
      element.setAttribute(name, "");
    } else {
      element.setAttribute(name, String(value));
    }
  }
  append(element, children);
  return element;
}

/** Add nodes and texts, skipping what is empty; lists are flattened. */
export function append(parent, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    parent.append(child instanceof Node ? child : String(child));
  }
}

/**
 * Make the children of `parent` be `items`, in order, touching only what changed.
 *
 * Each item is `{id, version, build}`; an element stays where it is while id and version stay the same, so focus,
 * selection and what a screen reader has already read are left alone.
 */
export function reconcile(parent, items) {
  const known = parent.keyed ?? new Map();
  const next = new Map();
  let cursor = parent.firstElementChild;
  for (const item of items) {
    let record = known.get(item.id);
    if (!record || record.version !== item.version) {
      const element = item.build();
      if (record) {
        if (record.element === cursor) cursor = element;
        record.element.replaceWith(element);
      }
      record = { version: item.version, element };
    }
    next.set(item.id, record);
    if (record.element === cursor) {
      cursor = cursor.nextElementSibling;
    } else {
      parent.insertBefore(record.element, cursor);
    }
  }
  for (const [id, record] of known) {
    if (!next.has(id)) record.element.remove();
  }
  parent.keyed = next;
}

/** Load a style sheet once; the promise is kept when it is there, or cannot be had. */
export function loadStyle(href) {
  if (document.querySelector(`link[href="${href}"]`)) return Promise.resolve();
  return new Promise((resolve) => document.head.append(h("link", { rel: "stylesheet", href, on: { load: resolve, error: resolve } })));
}

/** A key that no other message has; `crypto.randomUUID` is missing on plain http, so it is not used. */
export function mintKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
