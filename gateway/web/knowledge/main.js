/** <jiehua-knowledge>: the login, or the workbench. */

import { StaffPage } from "../shared/staff.js";
import { t } from "../shared/texts.js";
import "./texts.js";
import "./workbench.js";

class JiehuaKnowledge extends StaffPage {
  roles = ["editor"];

  get heading() {
    return t("kb.title");
  }

  get refused() {
    return t("kb.not_editor");
  }

  build(me) {
    const bench = document.createElement("jiehua-workbench");
    bench.me = me;
    return bench;
  }
}

customElements.define("jiehua-knowledge", JiehuaKnowledge);
