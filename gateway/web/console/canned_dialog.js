/** Keeping canned replies: the list with what may be changed, and a form for one of them. */

import { call, post } from "../shared/api.js";
import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";

const KEEPERS = new Set(["supervisor", "admin"]);
const VARIABLES = ["customer.name", "agent.name", "shop.name", "order_number", "phone", "amount", "date", "product"];

/** `canned` is the CannedReplies, `me` who is logged in; `text` is what a new one begins with. */
export function cannedDialog(canned, me, text = "") {
  const keepsShared = me.roles.some((role) => KEEPERS.has(role));
  const list = h("ul", { class: "canned-list" });
  const trouble = h("p", { class: "dialog-row", role: "alert" });
  const name = h("input", { class: "field", id: "canned-name", maxlength: 30, required: true });
  const words = h("textarea", { class: "field", id: "canned-text", rows: 4, maxlength: 2000, required: true, value: text });
  const shared = h("input", { type: "checkbox", id: "canned-shared" });
  const heading = h("h3", {});
  let edited = null;

  const edit = (reply) => {
    edited = reply;
    heading.textContent = t(reply ? "canned.change" : "canned.add");
    name.value = reply?.name ?? "";
    words.value = reply?.text ?? "";
    shared.checked = reply?.shared ?? false;
    trouble.textContent = "";
    name.focus();
  };
  const tell = (error) => {
    trouble.textContent = error.message || t("error.unavailable");
  };
  const save = async () => {
    const form = { name: name.value.trim(), text: words.value.trim(), shared: shared.checked };
    try {
      if (edited) await call("PUT", `/api/agent/canned/${edited.id}`, form);
      else await post("/api/agent/canned", form);
      await canned.refresh({ now: true });
      edit(null);
    } catch (error) {
      tell(error);
    }
  };
  const remove = async (reply) => {
    try {
      await call("DELETE", `/api/agent/canned/${reply.id}`);
      await canned.refresh({ now: true });
      if (edited?.id === reply.id) edit(null);
    } catch (error) {
      tell(error);
    }
  };
  const insert = (variable) => {
    words.setRangeText(`{{${variable}}}`, words.selectionStart, words.selectionEnd, "end");
    words.focus();
  };
  const small = (label, act, about) => h("button", { class: "button plain small", type: "button", "aria-label": about, on: { click: act } }, label);
  const draw = () =>
    list.replaceChildren(
      ...canned.replies.map((reply) =>
        h(
          "li",
          { class: "canned-row" },
          h("b", {}, reply.name),
          h("kbd", {}, reply.initials),
          h("span", { class: "tag quiet" }, t(reply.shared ? "canned.shared" : "canned.own")),
          h("span", { class: "canned-text" }, reply.text),
          ...(reply.shared && !keepsShared
            ? []
            : [
                small(t("canned.edit"), () => edit(reply), t("canned.edit_one", { name: reply.name })),
                small(t("send.drop"), () => remove(reply), t("canned.delete_one", { name: reply.name })),
              ]),
        ),
      ),
    );
  canned.addEventListener("change", draw);
  const dialog = h(
    "dialog",
    { class: "canned-dialog", "aria-labelledby": "canned-title" },
    h("h2", { class: "dialog-title", id: "canned-title" }, t("canned.title")),
    list,
    h(
      "form",
      {
        on: {
          submit: (event) => {
            event.preventDefault();
            save();
          },
        },
      },
      heading,
      h("div", { class: "dialog-row" }, h("label", { class: "label", for: "canned-name" }, t("canned.name")), name),
      h("div", { class: "dialog-row" }, h("label", { class: "label", for: "canned-text" }, t("canned.text")), words),
      h(
        "div",
        { class: "dialog-row canned-variables", role: "group", "aria-label": t("canned.variables") },
        VARIABLES.map((variable) => h("button", { class: "button small", type: "button", on: { click: () => insert(variable) } }, t(`variable.${variable}`))),
      ),
      keepsShared ? h("label", { class: "check dialog-row" }, shared, t("canned.for_all")) : null,
      trouble,
      h(
        "div",
        { class: "dialog-actions" },
        h("button", { class: "button", type: "button", on: { click: () => dialog.close() } }, t("help.close")),
        h("button", { class: "button", type: "button", on: { click: () => edit(null) } }, t("canned.new")),
        h("button", { class: "button primary", type: "submit" }, t("canned.save")),
      ),
    ),
  );
  dialog.addEventListener("close", () => {
    canned.removeEventListener("change", draw);
    dialog.remove();
  });
  document.body.append(dialog);
  edit(null);
  words.value = text;
  draw();
  canned.refresh({ now: true });
  dialog.showModal();
}
