"""Secrets are generated, kept private, and the same for every process."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.secret_file import NAME, SecretsError, load_secrets


def test_secrets_are_made_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    made = load_secrets(tmp_path / "data")
    assert load_secrets(tmp_path / "data") == made
    assert (tmp_path / "data" / NAME).stat().st_mode & 0o777 == 0o600
    assert len({made.cookie_key, made.bot_secret, load_secrets(tmp_path / "other").cookie_key}) == 3


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: load_secrets(tmp_path), range(16)))
    assert len(set(found)) == 1
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"cookie_key": "a", "bot_secret": "b"}', "\x00"])
def test_a_broken_file_is_named_and_not_replaced(tmp_path: Path, content: str) -> None:
    (tmp_path / NAME).write_text(content)
    with pytest.raises(SecretsError, match=NAME):
        load_secrets(tmp_path)
    assert (tmp_path / NAME).read_text() == content


def test_a_file_with_more_in_it_is_fine(tmp_path: Path) -> None:
    made = load_secrets(tmp_path)
    document = json.loads((tmp_path / NAME).read_text())
    (tmp_path / NAME).write_text(json.dumps({**document, "later": 1}))
    assert load_secrets(tmp_path) == made


def test_a_file_of_before_there_was_a_site_secret_gets_one_that_stays_and_is_its_own(tmp_path: Path) -> None:
    found = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        load_secrets(folder)
        document = json.loads((folder / NAME).read_text())
        del document["site_secret"]
        (folder / NAME).write_text(json.dumps(document))
        found.append(load_secrets(folder))
        assert load_secrets(folder) == found[-1]
        assert found[-1].site_secret not in (found[-1].cookie_key, found[-1].bot_secret)
    assert found[0].site_secret != found[1].site_secret
