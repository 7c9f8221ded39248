"""The figures of `sessions replay`."""

from __future__ import annotations

import pytest

from cli.replay import Played, score


def played(due: int | None, reason: str, at: int | None, got: str) -> Played:
    return Played("s", 5, due, reason, at, got)


def test_escalating_exactly_there_and_rightly_not_at_all_are_right() -> None:
    result = score([played(2, "anger", 2, "anger"), played(None, "none", None, "none")])
    assert result["right_turn"] == 1.0
    assert result["reason_accuracy"] == 1.0
    assert result["false_alarms"] == 0.0


def test_late_missed_and_false_alarms_are_told_apart() -> None:
    result = score(
        [
            played(1, "anger", 2, "threat"),
            played(1, "anger", None, "none"),
            played(None, "none", 0, "anger"),
            played(3, "anger", 1, "anger"),
        ]
    )
    assert result["right_turn"] == 0.0
    assert result["within_one"] == 0.25
    assert result["late"] == pytest.approx(1 / 3)
    assert result["early"] == pytest.approx(1 / 3)
    assert result["missed"] == pytest.approx(1 / 3)
    assert result["false_alarms"] == 1.0
    assert result["reason_accuracy"] == 0.5


def test_every_session_has_its_row() -> None:
    rows = score([played(2, "anger", 2, "anger"), played(0, "threat", None, "none")])["rows"]
    assert [row["right"] for row in rows] == [True, False]
    assert rows[1]["escalated_at"] is None
