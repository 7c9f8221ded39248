/** The login form. */

import { post } from "../shared/api.js";
import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";

/** `message`: what to say at once ("" for nothing); `entered(me)` is called after a login; `title` names the page. */
export function loginForm(message, entered, title = t("login.title")) {
  const name = h("input", { class: "field", id: "login-name", autocomplete: "username", required: true, maxlength: 64 });
  const password = h("input", {
    class: "field",
    id: "login-password",
    type: "password",
    autocomplete: "current-password",
    required: true,
    maxlength: 256,
  });
  const note = h("p", { class: "login-note", role: "alert" }, message);
  const button = h("button", { class: "button primary", type: "submit" }, t("login.enter"));
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    note.textContent = "";
    try {
      entered(await post("/api/agent/login", { name: name.value.trim(), password: password.value }));
    } catch (error) {
      note.textContent = error.status === 0 ? t("login.offline") : error.message || t("login.failed");
      password.select();
    } finally {
      button.disabled = false;
    }
  };
  return h(
    "main",
    { class: "login" },
    h(
      "form",
      { class: "login-form", on: { submit } },
      h("h1", { class: "login-title" }, title),
      h("div", {}, h("label", { class: "label", for: "login-name" }, t("login.name")), name),
      h("div", {}, h("label", { class: "label", for: "login-password" }, t("login.password")), password),
      note,
      button,
    ),
  );
}
