"""The scripts are documented, loaded whole, and keep to the keyspace that is drawn."""

from __future__ import annotations

import re

import pytest

from handoff.redis import keys
from handoff.redis.keys import Keys
from handoff.redis.scripts import ERRORS, FOLDER, ONCE, PRELUDES, load_scripts

SCRIPTS = sorted(path for path in FOLDER.glob("*.lua") if path.stem not in PRELUDES)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_begins_with_what_it_does_its_arguments_results_and_events(path):
    text = path.read_text(encoding="utf-8")
    header = re.match(r"--\[\[ (\w+): .*?\]\]", text, re.S)
    assert header
    assert header.group(1) == path.stem
    for part in ("  a: ", "returns ", "events: "):
        assert part in header.group(0)
    used = set(re.findall(r"\ba\.(\w+)", text[header.end() :]))
    described = set(re.findall(r"\w+", header.group(0)))
    assert used <= described, f"not described: {used - described}"


@pytest.mark.parametrize("path", [*SCRIPTS, *(FOLDER / f"{name}.lua" for name in PRELUDES)], ids=lambda path: path.stem)
def test_a_script_uses_only_keys_that_are_drawn_and_no_scan(path):
    text = path.read_text(encoding="utf-8")
    drawn = set(re.findall(r"── :(\w+)", keys.__doc__))
    assert set(re.findall(r"\bkey\('(\w+)'", text)) <= drawn
    assert not re.search(r"call\('(KEYS|SCAN|FLUSH\w*)'", text)


def test_every_result_code_has_its_error():
    prelude = (FOLDER / "prelude.lua").read_text(encoding="utf-8")
    names, codes = re.search(r"local OK, ([\w, ]+) = 0, ([\d, ]+)", prelude).groups()
    errors = {int(code): name for name, code in zip(names.split(", "), codes.split(", "))}
    assert {code: re.sub(r"(?<!^)(?=[A-Z])", "_", error.__name__).upper() for code, error in ERRORS.items()} == errors


def test_scripts_that_run_once_exist():
    assert set(load_scripts()) >= ONCE


def test_all_keys_of_a_tenant_share_one_hash_tag():
    made = Keys("shop")
    assert all(name.startswith("jh:{shop}:") for name in (made.turns, made.events, made.log("c")))
    for bad in ("", "a b", "a}b"):
        with pytest.raises(ValueError, match="tenant"):
            Keys(bad)
