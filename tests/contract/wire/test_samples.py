"""The golden samples are what the processes say to each other: both interpreters must read and write them alike."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from contracts.answer import Finding
from contracts.codec import ContractError, decode, encode, loads
from contracts.conversation import Attachment, ConversationView, DeskEvent, Entry
from contracts.escalation import Escalation, Reason
from contracts.turn import TurnFailure, TurnRequest, TurnResult
from contracts.understanding import Understanding
from tests.conftest import missing

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "contracts" / "samples"
KINDS = {
    kind.__name__: kind
    for kind in (
        TurnRequest,
        TurnResult,
        TurnFailure,
        Understanding,
        Finding,
        Escalation,
        Attachment,
        Entry,
        ConversationView,
        DeskEvent,
    )
}


def test_every_wire_type_has_a_sample() -> None:
    assert {path.stem for path in SAMPLES.glob("*.json")} == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_a_sample_survives_decoding_and_encoding(name: str) -> None:
    document = json.loads((SAMPLES / f"{name}.json").read_text("utf8"))
    assert encode(decode(KINDS[name], document)) == document


@pytest.mark.parametrize("name", KINDS)
def test_a_field_from_the_future_is_ignored(name: str) -> None:
    document = json.loads((SAMPLES / f"{name}.json").read_text("utf8"))
    assert decode(KINDS[name], {**document, "from_the_future": 1}) == decode(KINDS[name], document)


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ("[]", "TurnRequest: expected an object"),
        ("{", "not JSON"),
        ('{"conversation_id": "c"}', "bot_session: missing"),
        ('{"conversation_id": 5, "bot_session": 1, "seq": 1, "text": "x"}', "conversation_id: expected str, got int"),
        ('{"conversation_id": "c", "bot_session": true, "seq": 1, "text": "x"}', "bot_session: expected int, got bool"),
    ],
)
def test_what_does_not_fit_is_refused_by_the_name_of_the_field(document: str, complaint: str) -> None:
    with pytest.raises(ContractError, match=complaint):
        loads(TurnRequest, document)


def test_an_unknown_reason_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ContractError, match="explicit_request"):
        decode(Escalation, {"reason": "boredom"})
    assert decode(Escalation, {"reason": "anger"}).reason is Reason.ANGER


@pytest.mark.rasa
def test_the_interpreter_of_rasa_reads_and_writes_the_same() -> None:
    python = ROOT / ".venv-rasa" / "bin" / "python"
    if not python.exists():
        missing("the Rasa environment (.venv-rasa)")
    code = (
        "import json, pathlib, sys\n"
        "from contracts.codec import decode, encode\n"
        "from contracts import answer, conversation, escalation, turn, understanding\n"
        "for path in pathlib.Path(sys.argv[1]).glob('*.json'):\n"
        "    kind = next(getattr(m, path.stem) for m in (answer, conversation, escalation, turn, understanding)\n"
        "                if hasattr(m, path.stem))\n"
        "    document = json.loads(path.read_text('utf8'))\n"
        "    assert encode(decode(kind, document)) == document, path.name\n"
        "print(sys.version_info[:2])\n"
    )
    done = subprocess.run([python, "-c", code, str(SAMPLES)], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "(3, 10)"
