/** <jiehua-reports>: the login, or the reports. */

import "./texts.js";
import { StaffPage } from "../shared/staff.js";
import { t } from "../shared/texts.js";
import "./reports.js";

class JiehuaReports extends StaffPage {
  roles = ["supervisor"];

  get heading() {
    return t("rep.title");
  }

  get refused() {
    return t("rep.not_supervisor");
  }

  build(me) {
    const view = document.createElement("jiehua-report-view");
    view.me = me;
    return view;
  }
}

customElements.define("jiehua-reports", JiehuaReports);
