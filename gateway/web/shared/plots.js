/** Plots as inline SVG: bars of a few numbers. Colours come from the style sheet by class, sizes from attributes. */

const SVG = "http://www.w3.org/2000/svg";

/** Make an SVG element; nested lists of children are flattened. */
export function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children.flat(Infinity));
  return element;
}

const picture = (width, height, label, ...children) => s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label, class: "plot" }, s("title", {}, label), ...children);

/** Bars side by side, `marked` parts of them from the bottom; `names` are told on hovering. Stretches with its place. */
export function bars(values, { label, marked = [], names = [], height = 36, width = 240 }) {
  const most = Math.max(1, ...values);
  const step = width / Math.max(1, values.length);
  const gap = Math.min(2, step / 4);
  const bar = (value, at, kind) => s("rect", { class: kind, x: (at * step + gap / 2).toFixed(2), width: (step - gap).toFixed(2), y: (height * (1 - value / most)).toFixed(2), height: ((height * value) / most).toFixed(2) });
  const drawn = values.map((value, at) => s("g", {}, s("title", {}, `${names[at] ?? ""} ${value}`.trim()), s("rect", { class: "plot-space", x: at * step, width: step, y: 0, height }), bar(value, at, "plot-bar"), marked[at] ? bar(marked[at], at, "plot-mark") : []));
  const plot = picture(width, height, label, drawn);
  plot.setAttribute("preserveAspectRatio", "none");
  return plot;
}

/** A share from 0 to 1 as a bar, with lines at the thresholds; `reached` says how far up it came. */
export function level(share, { label, lines, reached }) {
  const width = 200;
  const height = 14;
  const marks = lines.map((at) => s("line", { class: "plot-line", x1: at * width, x2: at * width, y1: 0, y2: height, "vector-effect": "non-scaling-stroke" }));
  const plot = picture(width, height, label, s("rect", { class: "plot-space", width, height }), s("rect", { class: `plot-bar reached-${reached}`, y: 3, width: (share * width).toFixed(2), height: height - 6 }), marks);
  plot.setAttribute("preserveAspectRatio", "none");
  plot.classList.add("plot-level");
  return plot;
}

/** A share from 0 to 1 as a bar; the number stands beside it, so it has no name of its own. */
export function shareBar(share) {
  return s("svg", { viewBox: "0 0 100 8", class: "plot plot-share", "aria-hidden": "true", preserveAspectRatio: "none" }, s("rect", { class: "plot-rest", width: 100, height: 8 }), s("rect", { class: "plot-mark", width: (share * 100).toFixed(2), height: 8 }));
}
