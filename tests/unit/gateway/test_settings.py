"""The settings: read from the environment, refused with a name, documented."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from gateway.settings import Settings, SettingsError


def test_defaults_stand_when_nothing_is_set() -> None:
    assert Settings.from_env({}) == Settings()
    assert Settings().host == "127.0.0.1"


def test_variables_take_the_type_of_their_default() -> None:
    settings = Settings.from_env(
        {"JIEHUA_PORT": "9000", "JIEHUA_DATA": "/tmp/x", "JIEHUA_HEARTBEAT_S": "2.5", "JIEHUA_CHIPS": " 退货 ,发票,"}
    )
    assert settings.port == 9000
    assert settings.data == Path("/tmp/x")
    assert settings.heartbeat_s == 2.5
    assert settings.chips == ("退货", "发票")


def test_our_own_redis_variable_wins_over_the_common_one() -> None:
    assert Settings.from_env({"REDIS_URL": "redis://a"}).redis_url == "redis://a"
    assert Settings.from_env({"REDIS_URL": "redis://a", "JIEHUA_REDIS_URL": "redis://b"}).redis_url == "redis://b"


def test_an_empty_variable_is_as_good_as_none() -> None:
    assert Settings.from_env({"JIEHUA_PORT": ""}).port == Settings().port


@pytest.mark.parametrize("value", ["many", "-1", "1.5"])
def test_a_number_that_is_none_is_refused_by_name(value: str) -> None:
    with pytest.raises(SettingsError, match="JIEHUA_PORT"):
        Settings.from_env({"JIEHUA_PORT": value})


def test_no_secret_has_a_default() -> None:
    assert Settings().bot_secret == ""
    assert Settings().rest_token == ""


def test_every_setting_is_documented(root: Path) -> None:
    page = (root / "docs" / "subsystems" / "gateway.md").read_text("utf-8")
    missing = [
        name for field in dataclasses.fields(Settings) for name in field.metadata["env"] if f"`{name}`" not in page
    ]
    assert missing == []


def test_no_setting_is_documented_that_is_gone(root: Path) -> None:
    page = (root / "docs" / "subsystems" / "gateway.md").read_text("utf-8")
    known = {name for field in dataclasses.fields(Settings) for name in field.metadata["env"]}
    rows = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `JIEHUA_")]
    assert set(rows) <= known
