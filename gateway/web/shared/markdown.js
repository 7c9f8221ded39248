/**
 * The Markdown of FAQ answers as DOM nodes: paragraphs, headings, lists, quotes, tables, code, bold, emphasis, links
 * and images. Built with text nodes only; HTML in the source stays visible text. A link must be http or https; an
 * image must be of this origin, one from elsewhere becomes a link.
 */

import { h } from "./dom.js";

const MAX_DEPTH = 4;
const MAX_CHARACTERS = 20_000;

const FENCE = /^```/;
const HEADING = /^#{1,6}\s+(.*)$/;
const BULLET = /^\s{0,3}[-*+•]\s+(.*)$/;
const NUMBER = /^\s{0,3}(\d{1,4})[.)、]\s*(.*)$/;
const QUOTE = /^>\s?(.*)$/;
const RULE = /^\s{0,3}([-*_])(\s*\1){2,}\s*$/;
const TABLE_RULE = /^\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$/;

/** Render `source` into an element of class `prose`. */
export function renderMarkdown(source) {
  const root = h("div", { class: "prose" });
  const lines = String(source).slice(0, MAX_CHARACTERS).replace(/\r\n?/g, "\n").split("\n");
  let at = 0;
  while (at < lines.length) {
    if (!lines[at].trim()) {
      at += 1;
      continue;
    }
    const [block, next] = readBlock(lines, at);
    root.append(block);
    at = next;
  }
  return root;
}

/** Render one line's inline marks into a fragment. */
export function renderInline(text, depth = 0) {
  const fragment = document.createDocumentFragment();
  if (depth > MAX_DEPTH) {
    fragment.append(text);
    return fragment;
  }
  const marks = /\\([\\`*_[\]()!#])|`([^`]+)`|!\[([^\]]*)\]\(([^()\s]+)\)|\[([^\]]+)\]\(([^()\s]+)\)|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|(https?:\/\/[^\s<>"'，。；、！？）】」]+)/g;
  let done = 0;
  for (const mark of text.matchAll(marks)) {
    fragment.append(text.slice(done, mark.index));
    done = mark.index + mark[0].length;
    const [whole, escaped, code, alt, image, label, href, bold, emphasis, bare] = mark;
    if (escaped !== undefined) fragment.append(escaped);
    else if (code !== undefined) fragment.append(h("code", {}, code));
    else if (image !== undefined) fragment.append(imageNode(alt, image, whole));
    else if (href !== undefined) fragment.append(linkNode(renderInline(label, depth + 1), href, whole));
    else if (bold !== undefined) fragment.append(h("strong", {}, renderInline(bold, depth + 1)));
    else if (emphasis !== undefined) fragment.append(h("em", {}, renderInline(emphasis, depth + 1)));
    else fragment.append(linkNode(bare, bare, whole));
  }
  fragment.append(text.slice(done));
  return fragment;
}

/** Markdown as somebody would type it into a chat: no marks, links as text with their address. */
export function plainText(source) {
  return String(source)
    .replace(/!?\[([^\]]*)\]\(([^()\s]+)\)/g, (whole, label, href) => (label && label !== href ? `${label} ${href}` : href))
    .replace(/\*\*([^*]+)\*\*/g, "$1")
    .replace(/^#{1,6}\s+/gm, "")
    .replace(/^\s*[-*+]\s+/gm, "· ")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

/** The address if it may be followed (http or https, relative ones of this origin), else null. */
export function safeUrl(address) {
  try {
    const url = new URL(address, window.location.origin);
    return url.protocol === "https:" || url.protocol === "http:" ? url : null;
  } catch {
    return null;
  }
}

/** An image of this origin; a link to one from elsewhere; the plain text where the address is not safe. */
export function imageNode(alt, address, fallback = "") {
  const url = safeUrl(address);
  if (!url) return document.createTextNode(fallback || alt || "");
  if (url.origin === window.location.origin) return h("img", { src: url.href, alt: alt || "", loading: "lazy" });
  return linkNode(alt || url.hostname, url.href, alt);
}

function linkNode(content, address, fallback) {
  const url = safeUrl(address);
  if (!url) return document.createTextNode(fallback);
  return h("a", { href: url.href, target: "_blank", rel: "noopener noreferrer nofollow" }, content);
}

function readBlock(lines, start) {
  const line = lines[start];
  if (FENCE.test(line)) return readFence(lines, start);
  if (RULE.test(line)) return [h("hr"), start + 1];
  const heading = HEADING.exec(line);
  if (heading) return [h("p", {}, h("strong", {}, renderInline(heading[1]))), start + 1];
  if (BULLET.test(line)) return readList(lines, start, BULLET, "ul", 1);
  if (NUMBER.test(line)) return readList(lines, start, NUMBER, "ol", 2);
  if (QUOTE.test(line)) return readQuote(lines, start);
  if (line.includes("|") && TABLE_RULE.test(lines[start + 1] ?? "")) return readTable(lines, start);
  return readParagraph(lines, start);
}

function readFence(lines, start) {
  let end = start + 1;
  while (end < lines.length && !FENCE.test(lines[end])) end += 1;
  return [h("pre", {}, h("code", {}, lines.slice(start + 1, end).join("\n"))), end + 1];
}

function readList(lines, start, pattern, tag, group) {
  const list = h(tag);
  let at = start;
  let item = null;
  while (at < lines.length && lines[at].trim()) {
    const match = pattern.exec(lines[at]);
    if (match) {
      item = h("li", {}, renderInline(match[group]));
      if (tag === "ol" && !list.childElementCount && match[1] !== "1") list.start = Number(match[1]);
      list.append(item);
    } else if (/^\s+\S/.test(lines[at])) {
      item.append(h("br"), renderInline(lines[at].trim()));
    } else {
      break;
    }
    at += 1;
  }
  return [list, at];
}

function readQuote(lines, start) {
  const quote = h("blockquote");
  let at = start;
  for (let match = QUOTE.exec(lines[at] ?? ""); match; match = QUOTE.exec(lines[at] ?? "")) {
    if (quote.childNodes.length) quote.append(h("br"));
    quote.append(renderInline(match[1]));
    at += 1;
  }
  return [quote, at];
}

function readTable(lines, start) {
  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());
  const body = h("tbody");
  const head = h("tr", {}, cells(lines[start]).map((cell) => h("th", {}, renderInline(cell))));
  let at = start + 2;
  while (at < lines.length && lines[at].includes("|")) {
    body.append(h("tr", {}, cells(lines[at]).map((cell) => h("td", {}, renderInline(cell)))));
    at += 1;
  }
  return [h("table", {}, h("thead", {}, head), body), at];
}

function readParagraph(lines, start) {
  const paragraph = h("p");
  let at = start;
  while (at < lines.length && lines[at].trim() && (at === start || !startsBlock(lines[at]))) {
    if (at > start) paragraph.append(h("br"));
    paragraph.append(renderInline(lines[at].trim()));
    at += 1;
  }
  return [paragraph, at];
}

function startsBlock(line) {
  return FENCE.test(line) || HEADING.test(line) || BULLET.test(line) || NUMBER.test(line) || QUOTE.test(line);
}
