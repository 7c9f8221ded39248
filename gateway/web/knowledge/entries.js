/** The entries: a list with filters on the left, the one under edit beside it. */

import { h, reconcile } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { makeEditor } from "./editor.js";
import { button, debounce, reasonOf, tag } from "../shared/parts.js";

const TYPING_MS = 250;
const DUES = ["expired", "expires_soon", "review"];
const STATUSES = ["published", "draft", "retired"];

export function makeEntries(tools) {
  const titles = new Map();
  const editor = makeEditor(tools, () => fetchList(), () => drawOpen());
  const search = h("input", { class: "field", type: "search", id: "kb-search", placeholder: t("list.search"), "aria-label": t("list.search") });
  const selects = {
    category: select("category"),
    status: select("status", STATUSES.map((one) => [one, t(`entry.${one}`)])),
    owner: select("owner"),
    tag: select("tag"),
  };
  const dues = Object.fromEntries(DUES.map((name) => [name, button("", () => toggleDue(name), { class: "button due", "aria-pressed": "false", data: { due: name } })]));
  const count = h("p", { class: "list-count", role: "status" });
  const list = h("ul", { class: "entry-list" });
  const fresh = button(t("list.new"), () => tools.go("entries", "new:"), { class: "button primary" });
  const note = h("p", { class: "page-note", hidden: true });
  const side = h(
    "nav",
    { class: "entry-side", "aria-label": t("kb.entries") },
    h("div", { class: "side-head" }, search, fresh),
    h("div", { class: "side-filters", role: "group", "aria-label": t("list.filter") }, Object.values(selects)),
    h("div", { class: "side-dues", role: "group", "aria-label": t("list.due") }, Object.values(dues)),
    count,
    note,
    list,
  );
  const element = h("main", { class: "view entries" }, side, editor.element);
  let due = "";
  let last = { entries: [], total: 0 };
  let generation = 0;
  let opened = null;
  const typing = debounce(() => fetchList(), TYPING_MS);
  search.addEventListener("input", typing.call);

  function select(name, options = []) {
    const box = h("select", { class: "field", "aria-label": t(`list.${name}`), on: { change: () => fetchList() } });
    box.replaceChildren(h("option", { value: "" }, t(`list.any_${name}`)), ...options.map(([value, text]) => h("option", { value }, text)));
    return box;
  }

  /** Offer what is there, keeping what is chosen. */
  function offer(box, name, values) {
    const chosen = box.value;
    const kept = chosen && !values.includes(chosen) ? [...values, chosen] : values;
    box.replaceChildren(h("option", { value: "" }, t(`list.any_${name}`)), ...kept.map((value) => h("option", { value }, value)));
    box.value = chosen;
    box.hidden = !kept.length;
  }

  function toggleDue(name) {
    due = due === name ? "" : name;
    fetchList();
  }

  async function fetchList() {
    const mine = ++generation;
    const query = new URLSearchParams({ text: search.value.trim(), due });
    for (const [name, box] of Object.entries(selects)) query.set(name, box.value);
    let answer;
    try {
      answer = await tools.get(`entries?${query}`);
    } catch (error) {
      if (mine === generation) say(t("view.failed", { why: reasonOf(error) }));
      return;
    }
    if (mine !== generation) return;
    last = answer;
    for (const row of answer.entries) titles.set(row.id, row.question);
    tools.showProblems(answer.problems);
    editor.setReadOnly(answer.read_only);
    fresh.hidden = answer.read_only;
    editor.offer(answer);
    offer(selects.category, "category", answer.categories);
    offer(selects.owner, "owner", answer.owners);
    offer(selects.tag, "tag", answer.tags);
    for (const [name, chip] of Object.entries(dues)) {
      chip.textContent = `${t(`due.${name}`)} ${answer.due[name]}`;
      chip.hidden = !answer.due[name] && due !== name;
      chip.setAttribute("aria-pressed", String(due === name));
    }
    say(answer.read_only ? t("kb.read_only") : "");
    draw();
  }

  function say(text) {
    note.textContent = text;
    note.hidden = !text;
  }

  function draw() {
    count.textContent = t("list.count", { n: last.entries.length, total: last.total });
    const open = editor.openId();
    const items = last.entries.map((row) => ({ id: row.id, version: JSON.stringify(row) + (row.id === open), build: () => rowOf(row, row.id === open) }));
    reconcile(list, items.length ? items : [{ id: "", version: "none", build: () => h("li", { class: "empty" }, t("list.none")) }]);
  }

  function drawOpen() {
    draw();
    list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }

  function rowOf(row, isOpen) {
    return h(
      "li",
      {},
      h(
        "a",
        { class: "entry-row", href: `#entries/${encodeURIComponent(row.id)}`, "aria-current": isOpen ? "true" : null, data: { entry: row.id } },
        h("span", { class: "entry-question" }, row.question),
        h(
          "span",
          { class: "entry-tags" },
          row.category ? h("span", { class: "soft" }, row.category) : null,
          row.status === "published" ? null : tag(t(`entry.${row.status}`), "quiet"),
          row.drafted ? tag(t("list.drafted"), "strong") : null,
          row.due ? tag(t(`due.${row.due}`), `due-${row.due}`) : null,
        ),
      ),
    );
  }

  async function show(what) {
    if (opened === null) await fetchList();
    if (what !== opened) {
      opened = what;
      if (what === "new:") await editor.openNew();
      else if (what.startsWith("draft:")) await openDraft(what.slice(6));
      else if (what) await editor.openEntry(what);
    }
    draw();
  }

  async function openDraft(key) {
    const answer = await tools.get("drafts").catch(() => null);
    const draft = answer?.drafts.find((one) => one.key === key);
    if (draft) await editor.openDraft(draft);
    else tools.toast(t("conflict.draft_gone"));
  }

  return {
    element,
    show,
    leave: () => editor.leave(),
    openId: () => editor.openId(),
    titleOf: (id) => titles.get(id) ?? id,
    /** Ids and questions of all entries seen so far. */
    titles: () => [...titles],
    seen(changed, id, version) {
      if (changed) fetchList();
      if (id && id === editor.openId()) editor.seen(version);
    },
  };
}
