/** One entry under edit: form and preview side by side, saved as a draft while it is typed, published on purpose. */

import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { clock } from "../shared/time.js";
import { makeConflict } from "./conflict.js";
import { makeForm, sameForm, today } from "./form.js";
import { button, confirmDialog, debounce, reasonOf } from "../shared/parts.js";
import { makePreview } from "./preview.js";
import { publishDialog } from "./publish.js";

const SAVE_MS = 700;
// What customers read or are matched by: who changes it has looked at the entry.
const LOOKED_AT = new Set(["question", "variants", "answer"]);

/** `listed()` tells the list that something of it may have changed, `moved()` that another entry is open. */
export function makeEditor(tools, listed, moved) {
  const saver = debounce(() => save(), SAVE_MS);
  const form = makeForm((field) => typed(field));
  const preview = makePreview();
  const title = h("h2", { class: "editor-title" });
  const place = h("span", { class: "editor-place" });
  const state = h("p", { class: "editor-state", role: "status" });
  const counts = h("p", { class: "editor-counts" });
  const banner = h("div", { class: "editor-banner", hidden: true });
  const publish = button(t("edit.publish"), () => goOut(), { class: "button primary" });
  const retire = button(t("edit.retire"), () => goOut("retired"));
  const reviewed = button(t("edit.reviewed"), () => review());
  const discard = button(t("edit.discard"), () => confirmDialog(t("edit.discard_sure"), t("edit.discard"), drop));
  const tryIt = button(t("edit.try"), async () => {
    await saver.flush();
    tools.go("hits", open.key);
  });
  const history = button(t("edit.history"), () => tools.go("history", open.entryId));
  const actions = h("div", { class: "editor-actions" }, publish, tryIt, reviewed, retire, history, discard);
  const body = h("div", { class: "editor-body" }, form.element, preview.element);
  const none = h("div", { class: "editor-none" }, h("p", {}, t("edit.none")), h("p", { class: "soft" }, t("edit.none_hint")));
  const whole = h("div", { class: "editor-whole" }, h("header", { class: "editor-head" }, h("div", { class: "editor-names" }, title, place), actions), banner, h("div", { class: "editor-line" }, state, counts), body);
  const element = h("section", { class: "editor", "aria-label": t("kb.entries") }, none, whole);

  /** What is open: `{key, entryId, madeFrom, number, published, gap}`; null for nothing. */
  let open = null;
  let readOnly = false;
  let saving = Promise.resolve();
  let generation = 0;

  whole.hidden = true;

  // --- opening

  async function openEntry(id) {
    await leave();
    const mine = ++generation;
    let entry;
    try {
      entry = await tools.get(`entry?id=${encodeURIComponent(id)}`);
    } catch (error) {
      if (mine === generation) nothing(reasonOf(error));
      return;
    }
    if (mine !== generation) return;
    begin({ key: id, entryId: id, madeFrom: entry.version, number: 0, published: entry.form, place: entry.place, due: entry.due, gap: "" }, entry.draft, entry.version);
  }

  async function openDraft(draft) {
    await leave();
    generation += 1;
    if (draft.entry_id) return openEntry(draft.entry_id);
    begin({ key: draft.key, entryId: "", madeFrom: "", number: 0, published: {}, place: "", due: "", gap: draft.gap }, draft, "");
    return undefined;
  }

  async function openNew() {
    await leave();
    generation += 1;
    begin({ key: "", entryId: "", madeFrom: "", number: 0, published: {}, place: "", due: "", gap: "" }, null, "");
    form.fill({ updated: today() });
    draw();
    form.input("question").focus();
  }

  function begin(now, draft, version) {
    open = { ...now, number: draft?.number ?? 0, madeFrom: draft ? draft.made_from : now.madeFrom, gap: draft?.gap ?? now.gap };
    none.hidden = true;
    whole.hidden = false;
    banner.hidden = true;
    form.fill(draft ? draft.form : now.published, { fixedId: Boolean(open.entryId), readOnly });
    say(draft ? t("edit.by", { who: draft.display || draft.who, time: clock(draft.at_ms) }) : open.entryId ? t("edit.unchanged") : "");
    draw();
    check();
    moved();
    if (draft && open.entryId && draft.made_from !== version) conflict(now.published, version);
  }

  function nothing(text = "") {
    open = null;
    whole.hidden = true;
    none.hidden = false;
    none.firstChild.textContent = text || t("edit.none");
  }

  // --- typing

  function typed(field) {
    if (!open) return;
    if (LOOKED_AT.has(field) && form.input("updated").value === (open.published.updated ?? "")) form.input("updated").value = today();
    draw();
    if (!open.number) tools.warm();
    say(t("edit.saving"));
    saver.call();
  }

  function draw() {
    const now = form.read();
    title.textContent = now.question || t("edit.new");
    place.textContent = open.place ? t("edit.place", { place: open.place }) : open.gap ? t("edit.from_gap", { question: open.gap }) : "";
    preview.draw(now);
    const changed = open.number > 0 || !sameForm(now, open.published);
    publish.disabled = readOnly || !changed;
    discard.hidden = !changed || readOnly;
    tryIt.hidden = !changed || readOnly;
    history.hidden = !open.entryId;
    reviewed.hidden = readOnly || changed || !open.due || open.due === "expired";
    retire.hidden = readOnly || !open.entryId || now.status === "retired";
  }

  async function check() {
    const mine = generation;
    const answer = await tools.post("check", { form: form.read(), entry_id: open.entryId }).catch(() => null);
    if (!answer || mine !== generation || !open) return null;
    form.showFaults(answer.faults);
    const errors = answer.faults.filter((fault) => fault.severity === "error").length;
    const warnings = answer.faults.length - errors;
    counts.textContent = [errors ? t("edit.errors", { n: errors }) : t("edit.fine"), warnings ? t("edit.warnings", { n: warnings }) : ""].filter(Boolean).join(" · ");
    counts.dataset.level = errors ? "error" : "fine";
    return errors;
  }

  /** One saving after another: each needs the number that the one before it got. */
  function save() {
    saving = saving.then(saveNow, saveNow);
    return saving;
  }

  async function saveNow() {
    if (!open || readOnly) return;
    const mine = generation;
    const now = form.read();
    if (open.entryId && sameForm(now, open.published)) {
      if (open.number) await tools.post("drafts/drop", { key: open.key }).catch(() => null);
      if (mine !== generation) return;
      open.number = 0;
      say(t("edit.unchanged"));
      draw();
      check();
      listed();
      tools.drafted();
      return;
    }
    try {
      const saved = await tools.post("drafts", { key: open.key, entry_id: open.entryId, made_from: open.madeFrom, number: open.number, form: now, gap: open.gap });
      if (mine !== generation) return;
      const first = !open.number;
      Object.assign(open, { key: saved.key, number: saved.number });
      say(t("edit.saved", { time: clock(saved.at_ms) }));
      draw();
      if (first) {
        listed();
        tools.drafted();
      }
      check();
    } catch (error) {
      if (mine !== generation) return;
      if (error.code === "overtaken") draftConflict(error.details);
      else say(t("edit.unsaved", { why: reasonOf(error) }), true);
    }
  }

  async function leave() {
    await saver.flush();
    await saving;
  }

  // --- what is done with it

  async function goOut(status = "") {
    if (status) {
      form.input("status").value = status;
      typed("status");
    }
    await leave();
    if (!open.number) await save();
    if (!open || !open.number) return;
    if (await check()) {
      tools.toast(t("publish.fix_first"));
      element.querySelector("[aria-invalid=true]")?.focus();
      return;
    }
    publishDialog(tools, { [open.key]: open.number }, {
      done: ({ ids }) => {
        tools.toast(t("publish.done"));
        tools.drafted();
        listed();
        open = null;
        openEntry(ids[0]);
        tools.go("entries", ids[0]);
      },
      overtaken: (details) => (details.theirs !== undefined ? conflict(details.theirs, details.version) : reload()),
      refused: (details) => form.showFaults(details.faults ?? []),
    });
  }

  async function drop() {
    saver.cancel();
    await saving;
    await tools.post("drafts/drop", { key: open.key }).catch((error) => tools.toast(reasonOf(error)));
    tools.drafted();
    listed();
    if (open.entryId) openEntry(open.entryId);
    else {
      generation += 1;
      nothing();
      tools.go("entries");
    }
  }

  async function review() {
    try {
      await tools.post("reviewed", { entry_id: open.entryId, version: open.madeFrom });
      listed();
      openEntry(open.entryId);
    } catch (error) {
      tools.toast(reasonOf(error));
      reload();
    }
  }

  function reload() {
    const id = open?.entryId;
    saver.cancel();
    if (id) openEntry(id);
  }

  // --- somebody else was there

  const chooser = makeConflict(banner);

  /** The entry is another one by now: choose for each field, and go on from there. */
  function conflict(theirs, version) {
    if (theirs === null) {
      chooser.tell(t("conflict.title"), t("conflict.gone"));
      return;
    }
    if (sameForm(theirs, form.read())) {
      drop();
      return;
    }
    open.published = theirs;
    chooser.choose(t("conflict.title"), t("conflict.hint"), theirs, form.read(), (chosen) => {
      open.madeFrom = version;
      form.fill(chosen, { fixedId: true });
      draw();
      save();
    });
  }

  function draftConflict({ draft }) {
    if (!draft) {
      tools.toast(t("conflict.draft_gone"));
      reload();
      return;
    }
    chooser.choose(t("conflict.draft_title"), t("conflict.draft_hint", { who: draft.who, time: clock(draft.at_ms) }), draft.form, form.read(), (chosen) => {
      open.number = draft.number;
      open.madeFrom = draft.made_from;
      form.fill(chosen, { fixedId: Boolean(open.entryId) });
      draw();
      save();
    });
  }

  function say(text, wrong = false) {
    state.textContent = text;
    state.classList.toggle("wrong", wrong);
  }

  return {
    element,
    openEntry,
    openDraft,
    openNew,
    leave,
    openId: () => open?.entryId ?? "",
    openKey: () => open?.key ?? "",
    offer: (choices) => form.offer(choices),
    setReadOnly(value) {
      readOnly = value;
    },
    /** The files say that the open entry has this version now ("": it is gone). */
    seen(version) {
      if (!open?.entryId || version === open.madeFrom || !banner.hidden) return;
      if (!open.number && !readOnly && sameForm(form.read(), open.published) && version) {
        openEntry(open.entryId);
        tools.toast(t("kb.changed_on_disk"));
      } else if (open.number) reloadForConflict();
    },
  };

  async function reloadForConflict() {
    const entry = await tools.get(`entry?id=${encodeURIComponent(open.entryId)}`).catch(() => null);
    if (entry && open && entry.version !== open.madeFrom) conflict(entry.form, entry.version);
  }
}
