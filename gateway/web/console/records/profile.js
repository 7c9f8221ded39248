/** Who the customer is: name, tags, owner, notes, what was said before, and which records are the same person. */

import { post } from "../../shared/api.js";
import { h, mintKey } from "../../shared/dom.js";
import { isComposing, onEnter } from "../../shared/enter.js";
import { t } from "../../shared/texts.js";
import { clock } from "../../shared/time.js";
import { openForm, row } from "../dialogs.js";
import { earlierConversations } from "./history.js";
import { mergeDialog, splitDialog } from "./merge.js";
import { badge, nameOf, pathOf } from "./names.js";
import { mayGive, ownerChange, ownerField, supervises } from "./owners.js";

const MAX_TAGS = 20;

const button = (text, act, kind = "small", about = null) =>
  h("button", { class: `button ${kind}`, type: "button", "aria-label": about, on: { click: act } }, text);

/**
 * The customer's part of the right column. `actions`: `{people() -> {me, agents, known}, changed(id), again(), notice(text), canInsert(), insert(text)}`;
 * `known` are the chats of this page, for choosing whom to merge with. Returns `{element, render(held)}` with `held` as
 * CustomerCards gives it.
 */
export function makeProfile(actions) {
  const element = h("div", {});
  const tag = h("input", { class: "field tag-field", maxlength: 40, placeholder: t("profile.tag_add"), "aria-label": t("profile.tag_add") });
  const note = h("textarea", { class: "field", rows: 2, maxlength: 2000, placeholder: t("profile.note_add"), "aria-label": t("profile.note_add") });
  const writing = h("div", { class: "note-line" }, note, button(t("profile.save"), () => keepNote()));
  let card = null;
  let drawn = "";
  let key = mintKey();

  /** One change of the record; tells whether it went through. */
  const change = async (path, body) => {
    try {
      await post(path, body);
      return true;
    } catch (error) {
      actions.notice(error.code === "stale" ? t("profile.changed") : error.message || t("error.unavailable"));
      return false;
    } finally {
      actions.changed(card.conversation_id);
    }
  };
  const keepTags = (tags) => change(pathOf(card), { tags, rev: card.rev });
  const addTag = async () => {
    const text = tag.value.trim();
    if (!text || card.tags.length >= MAX_TAGS) return;
    if (card.tags.includes(text) || (await keepTags([...card.tags, text]))) tag.value = "";
  };
  const keepNote = async () => {
    const text = note.value.trim();
    if (!text) return note.focus();
    if (await change(`${pathOf(card)}/notes`, { key, text })) {
      note.value = "";
      key = mintKey();
    }
    return note.focus();
  };
  tag.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || isComposing(event)) return;
    event.preventDefault();
    addTag();
  });
  onEnter(note, keepNote);

  const edit = () => {
    const { me, agents } = actions.people();
    const name = h("input", { class: "field", id: "profile-name", maxlength: 64, value: card.display });
    const owner = ownerField("profile-owner", card, { me, agents });
    const kept = mayGive(me, card) ? null : h("p", { class: "dialog-row quiet" }, t("profile.owner_kept", { name: card.owner_display }));
    const { display, rev } = card;
    openForm(t("profile.title"), t("profile.save"), [row(t("profile.name"), name), row(t("profile.owner"), owner), kept], () => {
      const body = { ...(name.value.trim() === display ? {} : { display: name.value.trim() }), ...ownerChange(owner, card) };
      return !Object.keys(body).length || change(pathOf(card), { ...body, rev });
    });
  };

  const sections = () => {
    const { me } = actions.people();
    return [
      section(
        t("profile.title"),
        h("p", { class: "profile-head" }, h("b", { class: "profile-name" }, nameOf(card)), badge(card), h("span", { class: "bar-space" }), button(t("profile.edit"), edit)),
        card.external_id ? h("p", { class: "quiet" }, t("profile.external", { id: card.external_id })) : null,
        h("p", { class: "quiet" }, `${t("profile.owner")}：${card.owner_display || t("profile.nobody")}`),
        h("p", { class: "quiet profile-id" }, `${t("profile.id")}：${card.customer_id}`),
        card.created_ms ? h("p", { class: "quiet" }, t("profile.since", { at: clock(card.created_ms) })) : null,
      ),
      section(t("profile.tags"), h("div", { class: "tags" }, card.tags.map((one) => tagView(one, () => keepTags(card.tags.filter((other) => other !== one))))), tag),
      section(t("profile.notes"), card.notes.length ? card.notes.toReversed().map(noteView) : h("p", { class: "quiet" }, t("profile.no_notes")), writing),
      section(t("past.title"), earlierConversations(card, actions)),
      linked(me),
    ];
  };

  const linked = (me) => {
    const boss = supervises(me);
    if (!boss && !card.merged.length && !card.merged_into) return null;
    const done = (text) => {
      actions.notice(text);
      actions.changed(card.conversation_id);
    };
    const split = (one) => splitDialog(one, done);
    const merge = () => mergeDialog(card, actions.people().known, done);
    return section(
      t("merge.linked"),
      card.merged.map((one) => h("p", { class: "linked" }, h("span", {}, nameOf(one)), badge(one), h("span", { class: "bar-space" }), boss ? button(t("merge.split"), () => split(one)) : null)),
      card.merged_into
        ? h("p", { class: "linked" }, h("span", {}, t("merge.standing", { id: card.merged_into })), h("span", { class: "bar-space" }), boss ? button(t("merge.split"), () => split(card)) : null)
        : null,
      boss && !card.merged_into ? button(t("merge.begin"), merge) : null,
    );
  };

  const render = (held) => {
    if (held?.card && held.card.conversation_id !== card?.conversation_id) {
      // Another customer: what was begun for the one before is not theirs.
      tag.value = note.value = "";
      key = mintKey();
    }
    card = held?.card ?? null;
    const version = JSON.stringify([held, actions.people().me.name]);
    if (version === drawn) return;
    drawn = version;
    if (card) {
      const focused = document.activeElement;
      element.replaceChildren(...sections().filter(Boolean));
      if (focused && element.contains(focused)) focused.focus({ preventScroll: true });
      return;
    }
    const trouble = held?.trouble ? [t("profile.failed"), " ", button(t("profile.again"), actions.again)] : [held ? t("profile.loading") : ""];
    element.replaceChildren(h("p", { class: "context-trouble", role: "status" }, trouble));
  };

  return { element, render };
}

const section = (title, ...content) => h("section", { class: "context-part" }, h("h3", {}, title), content);

function tagView(text, remove) {
  return h("span", { class: "tag own-tag" }, h("span", {}, text), h("button", { class: "tag-remove", type: "button", "aria-label": t("profile.tag_remove", { tag: text }), on: { click: remove } }, "✕"));
}

function noteView(note) {
  return h(
    "article",
    { class: "context-note" },
    h("p", { class: "quiet" }, `${note.author_display || note.author} · ${clock(note.at_ms)}`),
    h("p", { class: "words" }, note.text),
  );
}
