/** How urgent each reason for a person is, and who answers it. */

import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { choiceField, numberField, secondsField } from "./fields.js";
import { groupOptions } from "./options.js";

export function prioritiesForm(document, places, { groups }) {
  const rows = Object.entries(document.reasons).map(([reason, given]) => {
    const level = numberField(t("adm.class"), given.class, { min: 0, max: 9 });
    const start = secondsField(t("adm.head_start"), given.head_start_s);
    const group = choiceField(t("adm.group"), given.group, groupOptions(groups, t("adm.of_entrance")));
    const element = h("fieldset", { class: "card slim" }, h("legend", {}, t(`reason.${reason}`, {}, reason)), h("div", { class: "field-row" }, level.element, start.element, group.element));
    return { reason, element, level, start, group };
  });
  const vip = secondsField(t("adm.vip"), document.vip_head_start_s, { hint: t("adm.vip_hint") });
  return {
    element: h("div", {}, rows.map((row) => row.element), vip.element),
    read: () => ({
      reasons: Object.fromEntries(
        rows.map(({ reason, level, start, group }) => {
          const path = `reasons.${reason}`;
          return [reason, { class: places.at(`${path}.class`, level), head_start_s: places.at(`${path}.head_start_s`, start), group: places.at(`${path}.group`, group) }];
        }),
      ),
      vip_head_start_s: places.at("vip_head_start_s", vip),
    }),
  };
}
