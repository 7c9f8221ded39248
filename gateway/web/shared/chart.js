/**
 * Charts over time as inline SVG: columns or lines with a scale and names below. Colours come from `plots.css` by
 * class; two series differ by shape (filled or dashed, round or square), not by colour alone. Each is an image with a
 * name; the numbers are told by a table beside it.
 */

import { h } from "./dom.js";
import { s } from "./plots.js";

const WIDTH = 560;
const HEIGHT = 190;
const EDGE = { left: 58, right: 10, top: 12, bottom: 26 };
const MOST_NAMES = 8;
const MOST_TICKS = 4;
const SECOND_MS = 1000;
const TIMES_MS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21_600, 43_200, 86_400].map((seconds) => seconds * SECOND_MS);

/** Whole numbers. */
export const COUNT = { step: (most) => decimal(Math.max(1, most / MOST_TICKS)), words: String };
/** Shares from 0 to 1. */
export const SHARE = { step: () => 0.25, most: 1, words: (value) => `${Math.round(value * 100)}%` };
/** Ratings up to 5. */
export const RATING = { step: () => 1, most: 5, words: String };
/** Spans in milliseconds; `words(ms)` says one. */
export const spans = (words) => ({ step: (most) => TIMES_MS.find((step) => most / step <= MOST_TICKS) ?? decimal(most / MOST_TICKS), words });

/**
 * `series`: one or two of `{name, values, line}`; values are numbers, or null where there is none. `names` stand below,
 * `titles` are told on hovering, `scale` is one of the above.
 */
export function chart({ label, names, titles, series, scale }) {
  const values = series.flatMap((one) => one.values.filter((value) => value !== null));
  const top = scale.most ?? Math.max(...values, 0);
  const step = scale.step(top);
  const most = Math.max(step, Math.ceil(top / step - 1e-9) * step);
  const width = WIDTH - EDGE.left - EDGE.right;
  const height = HEIGHT - EDGE.top - EDGE.bottom;
  const slot = width / Math.max(1, names.length);
  const x = (at) => EDGE.left + (at + 0.5) * slot;
  const y = (value) => EDGE.top + height * (1 - value / most);

  const grid = [];
  for (let value = 0; value <= most + step / 2; value += step) {
    grid.push(s("line", { class: "chart-grid", x1: EDGE.left, x2: WIDTH - EDGE.right, y1: round(y(value)), y2: round(y(value)) }));
    grid.push(s("text", { class: "chart-text", x: EDGE.left - 6, y: round(y(value) + 4), "text-anchor": "end" }, scale.words(value)));
  }
  const every = Math.ceil(names.length / MOST_NAMES);
  const below = names.map((name, at) => (at % every ? [] : s("text", { class: "chart-text", x: round(x(at)), y: HEIGHT - 8, "text-anchor": "middle" }, name)));
  const columns = series.filter((one) => !one.line);
  const drawn = series.map((one, number) => (one.line ? line(one.values, number, x, y) : bars(one.values, number, columns.length, slot, x, y)));
  const told = (at) => [titles[at], ...series.map((one) => `${one.name} ${one.values[at] === null ? "—" : scale.words(one.values[at])}`)].join(" · ");
  const hover = names.map((_, at) => s("rect", { class: "plot-space", x: round(EDGE.left + at * slot), width: round(slot), y: EDGE.top, height }, s("title", {}, told(at))));
  const picture = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label, class: "chart" }, grid, below, drawn, hover);
  return h("figure", { class: "chart-figure" }, series.length > 1 ? legend(series) : null, picture);
}

function bars(values, number, of, slot, x, y) {
  const wide = Math.min(28, (slot * 0.8) / of);
  return values.map((value, at) => (value ? s("rect", { class: `chart-bar series-${number}`, x: round(x(at) - (wide * of) / 2 + number * wide), width: round(wide), y: round(y(value)), height: round(y(0) - y(value)) }) : []));
}

/** A line through neighbours that have a value; where one has none the line is broken. */
function line(values, number, x, y) {
  const pieces = [];
  values.forEach((value, at) => {
    if (value === null) return;
    const joins = at > 0 && values[at - 1] !== null;
    pieces.push(`${joins ? "L" : "M"}${round(x(at))} ${round(y(value))}`);
  });
  const dots = values.map((value, at) => (value === null ? [] : mark(number, x(at), y(value))));
  return [s("path", { class: `chart-line series-${number}`, d: pieces.join(" ") }), dots];
}

const mark = (number, x, y) => (number ? s("rect", { class: `chart-dot series-${number}`, x: round(x - 2.5), y: round(y - 2.5), width: 5, height: 5 }) : s("circle", { class: `chart-dot series-${number}`, cx: round(x), cy: round(y), r: 3 }));

function legend(series) {
  const sign = (one, number) => s("svg", { viewBox: "0 0 24 12", width: 24, height: 12, "aria-hidden": "true" }, one.line ? [s("path", { class: `chart-line series-${number}`, d: "M0 6 L24 6" }), mark(number, 12, 6)] : s("rect", { class: `chart-bar series-${number}`, x: 6, width: 12, y: 0, height: 12 }));
  return h("ul", { class: "legend" }, series.map((one, number) => h("li", {}, sign(one, number), one.name)));
}

/** The next of 1, 2, 5, 10, 20 … */
function decimal(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((digit) => digit * power).find((step) => step >= least - 1e-9);
}

const round = (value) => Math.round(value * 100) / 100;
