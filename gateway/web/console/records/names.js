/** How a record of a customer is named, here and to the gateway. */

import { h } from "../../shared/dom.js";
import { t } from "../../shared/texts.js";
import { customerName } from "../list.js";

export const pathOf = (card) => `/api/agent/customers/${encodeURIComponent(card.customer_id)}`;

/** What a customer is called here: the name agents gave or the site signed, else a short mark of the visitor. */
export const nameOf = (card) => card.display || customerName({ conversation_id: card.conversation_id, customer: "" });

/** Whether the site has signed who this is. */
export const badge = (card) => h("span", { class: "tag quiet" }, t(card.verified ? "profile.verified" : "profile.anonymous"));
