"""Who asks in the editor's own words is answered, with what ships: encoder, calibration and the demo base."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from contracts.answer import Outcome
from knowledge_base.encoder import load_encoder
from knowledge_base.files import load
from knowledge_base.finder import Finder

ROOT = Path(__file__).resolve().parents[3]
DAY = date(2026, 11, 25)


def test_every_wording_of_the_demo_base_is_answered_with_its_entry():
    entries = [one for one in load(ROOT / "knowledge_base" / "faq").entries if one.is_served(DAY, "web")]
    finder = Finder.build(entries, load_encoder(ROOT / "models" / "encoder"), today=lambda: DAY)
    wordings = [(entry.id, text) for entry in entries for text in entry.wordings][::3]
    found = finder.find_many([text for _, text in wordings])
    wrong = [
        (entry_id, text, one.why)
        for (entry_id, text), one in zip(wordings, found)
        if one.outcome is not Outcome.ANSWER or one.candidates[0].entry_id != entry_id
    ]
    assert len(wrong) <= 0.01 * len(wordings), wrong  # two entries may share a wording
