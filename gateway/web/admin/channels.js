/** How other sites and programs reach us: the line to embed, the addresses, the site secret. */

import { h } from "../shared/dom.js";
import { button, confirmDialog, reasonOf, slot, tag } from "../shared/parts.js";
import { t } from "../shared/texts.js";
import { copyButton } from "./copy.js";

export function makeChannels(tools) {
  const place = slot();
  const element = h("section", { class: "setting" }, h("h2", { class: "admin-title" }, t("adm.channels")), h("p", { class: "page-lead soft" }, t("adm.channels.lead")), place.element);
  const load = () => place.fill(() => tools.get("channels"), draw);
  const card = (title, ...content) => h("section", { class: "panel" }, h("h2", {}, title), h("div", { class: "panel-body" }, content));
  const code = (text) => h("div", { class: "snippet" }, h("pre", { tabindex: 0 }, h("code", {}, text)), copyButton(() => text));

  function draw(found) {
    const origin = found.public_origins[0] ?? location.origin;
    const listed = (origins, none) => (origins.length ? h("ul", { class: "origins" }, origins.map((one) => h("li", {}, h("code", {}, one)))) : h("p", { class: "soft" }, none));
    return [
      card(t("adm.embed"), h("p", {}, t("adm.embed_hint")), code(`<script src="${origin}/widget.js" defer></script>`), h("h4", {}, t("adm.embed_origins")), listed(found.embed_origins, t("adm.no_embed_origins")), h("p", { class: "soft" }, t("adm.env_hint", { name: "JIEHUA_EMBED_ORIGINS" }))),
      card(t("adm.origins"), listed(found.public_origins, t("adm.no_public_origins", { origin: location.origin })), h("p", { class: "soft" }, t("adm.env_hint", { name: "JIEHUA_PUBLIC_ORIGINS" }))),
      card(t("adm.programs"), h("p", {}, t("adm.rest_hint"), " ", tag(t(found.rest_token ? "adm.rest_token" : "adm.rest_local"), found.rest_token ? "strong" : "quiet")), code(`${origin}/webhooks/rest/webhook`), h("p", {}, t("adm.socketio_hint")), code(`${origin}/socket.io/`), h("p", { class: "soft" }, t("adm.env_hint", { name: "JIEHUA_REST_TOKEN" }))),
      secretCard(),
    ];
  }

  /** Shown when it is asked for, as the command line does; every time is on record. */
  function secretCard() {
    const shown = h("div", { "aria-live": "polite" });
    const hide = () => {
      shown.replaceChildren(ask);
      ask.focus();
    };
    const show = async () => {
      try {
        const { site_secret: secret } = await tools.post("channels/site-secret", {});
        shown.replaceChildren(h("p", { class: "secret-row" }, h("output", { class: "secret" }, secret), copyButton(() => secret), button(t("adm.secret_hide"), hide)));
      } catch (error) {
        tools.toast(reasonOf(error));
      }
    };
    const ask = button(t("adm.secret_show"), () => confirmDialog(t("adm.secret_sure"), t("adm.secret_show"), show));
    shown.append(ask);
    return card(t("adm.secret"), h("p", {}, t("adm.secret_hint")), shown);
  }

  return { element, show: load };
}
