/** The people who work here: who they are, what they may, what they can, and whether they may log in. */

import { h } from "../shared/dom.js";
import { button, confirmDialog, openDialog, reasonOf, slot, tag } from "../shared/parts.js";
import { t } from "../shared/texts.js";
import { copyButton } from "./copy.js";
import { Places, around, boxesField, numberField, textField } from "./fields.js";

const ROLES = ["agent", "supervisor", "editor", "admin"];
const LEVELS = 5;

export function makePeople(tools) {
  const place = slot();
  const element = h("section", { class: "setting" }, h("div", { class: "admin-head" }, h("h2", { class: "admin-title" }, t("adm.people")), button(t("adm.person_add"), () => edit(null), { class: "button primary" })), h("p", { class: "page-lead soft" }, t("adm.people.lead")), place.element);
  let groups = [];

  const load = () => place.fill(read, draw);

  async function read() {
    const [{ people }, found, skills] = await Promise.all([tools.get("people"), tools.get("settings/groups"), tools.get("settings/skills")]);
    groups = found.document.groups;
    return { people, skills };
  }

  function draw({ people, skills }) {
    const heads = ["person", "roles", "skills", "limit", "state", "act"].map((name) => t(`adm.col.${name}`));
    return h(
      "div",
      { class: "panel scroll-table", tabindex: 0, role: "region", "aria-label": t("adm.people") },
      h("table", {}, h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))), h("tbody", {}, people.map((person) => row(person, skills)))),
    );
  }

  const titleOf = (name) => groups.find((one) => one.name === name)?.title || name;

  function row(person, skills) {
    const out = person.suspended || person.departed;
    const chats = person.roles.some((role) => role !== "editor");
    const skilled = !chats ? "—" : Object.entries(person.skills).map(([group, level]) => [tag(t("adm.skill", { group: titleOf(group), level }), "quiet"), " "]);
    const state = person.departed ? tag(t("adm.departed")) : person.suspended ? tag(t("adm.suspended")) : tag(t("adm.working"), "strong");
    const small = (word, act) => button(t(`adm.${word}`), act, { class: "button plain small", "aria-label": t(`adm.${word}_of`, { name: person.display }) });
    return h(
      "tr",
      { data: { person: person.name }, class: out ? "out" : "" },
      h("th", { scope: "row" }, h("b", {}, person.display), h("span", { class: "soft login-of" }, person.name)),
      h("td", {}, person.roles.map((role) => [tag(t(`adm.role.${role}`)), " "])),
      h("td", {}, skilled),
      h("td", { class: "figure" }, chats ? String(person.limit) : "—"),
      h("td", {}, state),
      h("td", { class: "acts" }, small("edit", () => edit(person, skills)), small("new_password", () => renew(person)), person.name === tools.me.name ? null : out ? small("restore", () => put(person, "restore")) : small("suspend", () => suspend(person))),
    );
  }

  async function put(person, what) {
    try {
      await tools.post(`people/${person.name}/${what}`, {});
      tools.toast(t(`adm.done.${what}`, { name: person.display }));
    } catch (error) {
      tools.toast(reasonOf(error));
    }
    await load();
    element.querySelector(`[data-person="${CSS.escape(person.name)}"] .acts button`)?.focus();
  }

  const suspend = (person) => confirmDialog(t("adm.suspend_sure", { name: person.display }), t("adm.suspend"), () => put(person, "suspend"));

  const renew = (person) =>
    confirmDialog(t("adm.new_password_sure", { name: person.display }), t("adm.new_password"), async () => {
      try {
        const { password } = await tools.post(`people/${person.name}/password`, {});
        passwordDialog(person.display, person.name, password);
      } catch (error) {
        tools.toast(reasonOf(error));
      }
    });

  /** A person's account and skills in one form; null makes a new one. */
  function edit(person, skills) {
    const box = openDialog(person ? t("adm.edit_of", { name: person.display }) : t("adm.person_add"), { wide: true });
    const places = new Places();
    const name = textField(t("adm.login"), person?.name ?? "", { readonly: Boolean(person), required: true, maxlength: 32, autocomplete: "off", hint: person ? "" : t("adm.login_hint") });
    const display = textField(t("adm.display"), person?.display ?? "", { maxlength: 64, hint: t("adm.display_hint") });
    const roles = boxesField(t("adm.col.roles"), ROLES.map((role) => [role, t(`adm.role.${role}`), t(`adm.role_hint.${role}`)]), person?.roles ?? ["agent"]);
    const held = person?.skills ?? { default: 1 };
    const levels = groups.map(({ name: group }) => ({ group, select: levelSelect(titleOf(group), held[group] ?? 0) }));
    const cap = numberField(t("adm.cap"), person?.limit ?? 5, { min: 0, max: 100, hint: t("adm.cap_hint") });
    const skillBox = h("fieldset", { class: "card" }, h("legend", {}, t("adm.col.skills")), h("p", { class: "soft" }, t("adm.level_hint")), h("div", { class: "levels" }, levels.map(({ group, select }) => h("label", { class: "level" }, h("span", {}, titleOf(group)), select))), cap.element);
    const skillPlace = around(skillBox);
    const trouble = h("p", { class: "dialog-note", role: "alert" });
    const save = h("button", { class: "button primary", type: "submit", form: "person-form" }, t("adm.save"));

    const submit = async (event) => {
      event.preventDefault();
      places.clear();
      trouble.textContent = "";
      save.disabled = true;
      try {
        await store();
      } catch (error) {
        const homeless = error.details?.problems ? places.show(error.details.problems) : [];
        trouble.textContent = error.code === "overtaken" ? t("adm.skills_overtaken") : error.details?.problems && !homeless.length ? t("adm.faults", { n: error.details.problems.length }) : reasonOf(error);
      } finally {
        save.disabled = false;
      }
    };

    async function store() {
      const login = places.at("name", name);
      const wanted = Object.fromEntries(levels.filter(({ select }) => Number(select.value)).map(({ group, select }) => [group, Number(select.value)]));
      const account = { display: places.at("display", display), roles: places.at("roles", roles) };
      places.at("cap", cap);
      if (!Object.keys(wanted).length) {
        skillPlace.mark(t("adm.no_group"));
        levels[0]?.select.focus();
        return;
      }
      places.at(`agents.${login}`, skillPlace);
      places.at(`agents.${login}.cap`, cap);
      if (!person) {
        const made = await tools.post("people", { name: login, ...account, groups: Object.keys(wanted), cap: cap.value() });
        if (Object.values(wanted).some((level) => level !== 1)) await putSkills(login, wanted).catch((error) => tools.toast(reasonOf(error)));
        box.close();
        await load();
        passwordDialog(made.person.display, login, made.password);
        return;
      }
      const changed = account.display !== person.display || String(account.roles) !== String(person.roles);
      if (changed) await tools.put(`people/${login}`, account);
      if (JSON.stringify(wanted) !== JSON.stringify(sorted(person.skills, wanted)) || cap.value() !== person.limit) await putSkills(login, wanted, skills.version);
      box.close();
      tools.toast(t("adm.done.edit", { name: account.display || login }));
      await load();
    }

    /** The document of all skills with this one; `version` is the one that was shown, so that nobody's change is lost. */
    async function putSkills(login, wanted, version) {
      const now = await tools.get("settings/skills");
      const document = { agents: { ...now.document.agents, [login]: { groups: wanted, cap: cap.value() } } };
      const unseen = version !== undefined && now.version !== version && JSON.stringify(now.document.agents[login]) !== JSON.stringify(skills.document.agents[login]);
      await tools.put("settings/skills", { document, version: unseen ? version : now.version });
    }

    box.body.append(h("form", { id: "person-form", novalidate: true, on: { submit } }, h("div", { class: "field-row" }, name.element, display.element), roles.element, skillBox, trouble));
    box.actions.append(button(t("dialog.cancel"), box.close), save);
    (person ? display : name).control.focus();
  }

  function passwordDialog(display, login, password) {
    const box = openDialog(t("adm.password_of", { name: display }));
    const words = h("output", { class: "secret" }, password);
    box.body.append(h("p", {}, t("adm.password_once", { login })), h("p", { class: "secret-row" }, words, copyButton(() => password)));
    const done = button(t("adm.password_noted"), box.close, { class: "button primary" });
    box.actions.append(done);
    done.focus();
  }

  return { element, show: load };
}

/** `held` in the order of `wanted`, for comparing. */
const sorted = (held, wanted) => Object.fromEntries([...Object.keys(wanted).filter((name) => name in held), ...Object.keys(held).filter((name) => !(name in wanted))].map((name) => [name, held[name]]));

const levelSelect = (label, level) => h("select", { class: "field", "aria-label": label }, Array.from({ length: LEVELS + 1 }, (_, at) => h("option", { value: at, selected: at === level }, at ? t("adm.level", { level: at }) : t("adm.not_in"))));
