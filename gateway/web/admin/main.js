/** <jiehua-admin>: the login, or the administration. */

import "./texts.js";
import { StaffPage } from "../shared/staff.js";
import { t } from "../shared/texts.js";
import "./admin.js";

class JiehuaAdmin extends StaffPage {
  roles = [];

  get heading() {
    return t("adm.title");
  }

  get refused() {
    return t("adm.not_admin");
  }

  build(me) {
    const view = document.createElement("jiehua-administration");
    view.me = me;
    return view;
  }
}

customElements.define("jiehua-admin", JiehuaAdmin);
