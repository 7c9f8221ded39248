"""The people who work here."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.people import People, PeopleError, Role, database_url


@pytest.fixture
def people(tmp_path: Path) -> People:
    return People(database_url(tmp_path))


def test_a_person_is_verified_by_their_own_password_only(people: People) -> None:
    person, password = people.add("xiaowang", display="小王", groups=("售后",), cap=3)
    assert people.verify("xiaowang", password) == person
    assert people.verify("xiaowang", password + "x") is None
    assert people.verify("xiaoli", password) is None
    assert people.verify("", "") is None


def test_the_password_is_nowhere_in_the_database(people: People, tmp_path: Path) -> None:
    people.add("xiaowang", password="correct horse battery")
    people.close()
    assert b"correct horse" not in (tmp_path / "jiehua.db").read_bytes()


def test_a_suspended_person_cannot_log_in_until_they_are_let_back(people: People) -> None:
    _, password = people.add("xiaowang")
    before = people.get("xiaowang")
    assert people.suspend("xiaowang").suspended
    assert people.verify("xiaowang", password) is None
    assert not people.suspend("xiaowang", suspended=False).suspended
    again = people.verify("xiaowang", password)
    assert again is not None
    assert before is not None
    assert again.generation > before.generation


def test_a_new_password_ends_the_old_one_and_its_logins(people: People) -> None:
    person, old = people.add("xiaowang")
    new = people.set_password("xiaowang")
    assert people.verify("xiaowang", old) is None
    again = people.verify("xiaowang", new)
    assert again is not None
    assert again.generation > person.generation


def test_the_first_administrator_is_made_once(people: People, tmp_path: Path) -> None:
    password = people.ensure_admin()
    assert password
    assert people.ensure_admin() is None
    assert People(database_url(tmp_path)).ensure_admin() is None
    admin = people.verify("admin", password)
    assert admin is not None
    assert admin.may(Role.SUPERVISOR)


def test_where_somebody_is_no_administrator_is_made(people: People) -> None:
    people.add("boss", roles=(Role.ADMIN,))
    assert people.ensure_admin() is None


def test_a_name_is_given_once(people: People) -> None:
    people.add("xiaowang")
    with pytest.raises(PeopleError, match="taken"):
        people.add("xiaowang")


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": "Xiao"},
        {"name": "小王"},
        {"name": "a" * 33},
        {"name": "a", "roles": ()},
        {"name": "a", "roles": ("king",)},
        {"name": "a", "cap": -1},
        {"name": "a", "cap": 1000},
        {"name": "a", "groups": ("a,b",)},
        {"name": "a", "groups": ("一线 客服",)},
        {"name": "a", "display": "x\n"},
        {"name": "a", "password": "short"},
        {"name": "a", "password": "x" * 300},
    ],
)
def test_what_does_not_fit_is_refused_and_nobody_is_added(people: People, fields: dict) -> None:  # type: ignore[type-arg]
    with pytest.raises(PeopleError):
        people.add(**fields)
    assert people.all() == []


def test_unknown_people_cannot_be_changed(people: People) -> None:
    with pytest.raises(PeopleError, match="nobody"):
        people.suspend("nobody")


def test_an_administrator_may_everything_an_agent_only_theirs(people: People) -> None:
    admin, _ = people.add("admin", roles=(Role.ADMIN,))
    agent, _ = people.add("agent")
    assert admin.may(Role.EDITOR)
    assert not agent.may(Role.SUPERVISOR, Role.EDITOR)


def test_the_audit_keeps_who_did_what(people: People) -> None:
    people.audit("boss", "take_over", "c1")
    people.audit("boss", "read", "web:x")
    assert [(line.action, line.target) for line in people.audited()] == [("read", "web:x"), ("take_over", "c1")]
