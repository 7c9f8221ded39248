/**
 * Enter sends, Shift+Enter makes a line, and the Enter that picks a word in an input method does neither.
 *
 * Chromium reports `isComposing` for that key; Safari ends the composition first and reports key code 229 only.
 */

export function isComposing(event) {
  return event.isComposing || event.keyCode === 229;
}

export function onEnter(field, send) {
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.altKey || isComposing(event)) return;
    event.preventDefault();
    send();
  });
}

/** Let a text area grow with its text, up to `most` pixels. */
export function autosize(field, most) {
  const fit = () => {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight + 2, most)}px`;
  };
  field.addEventListener("input", fit);
  return fit;
}
