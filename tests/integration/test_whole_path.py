"""The whole path on real input: gateway, worker, Redis, Rasa, actions, knowledge base."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from typing import Any

import pytest

from tests.running_stack import ROOT, RunningStack

pytestmark = [pytest.mark.rasa, pytest.mark.redis, pytest.mark.slow]


@pytest.fixture
def sender() -> str:
    return f"test-{uuid.uuid4().hex}"


def texts(replies: list[dict]) -> str:
    return "\n".join(str(reply.get("text", "")) for reply in replies)


def test_a_routine_question_is_answered_from_the_knowledge_base(stack: RunningStack, sender: str) -> None:
    replies = stack.ask("退款多久能到账", sender=sender)
    assert replies[0]["recipient_id"] == sender
    assert "工作日" in texts(replies)
    assert replies[0]["custom"]["answer"]["entry_id"]


def test_asking_for_a_person_in_words_takes_a_place_in_the_queue_at_once(stack: RunningStack, sender: str) -> None:
    assert "人工" in texts(stack.ask("给我转人工", sender=sender))


def test_the_second_miss_in_a_row_brings_a_person(stack: RunningStack, sender: str) -> None:
    stack.ask("火星上的房价会不会跌", sender=sender)
    second = texts(stack.ask("帮我算一下黎曼猜想怎么证明", sender=sender))
    assert "人工" in second
    assert "排" in second


def test_an_angry_message_brings_a_person(stack: RunningStack, sender: str) -> None:
    assert "排" in texts(stack.ask("你们这群骗子，垃圾平台，气死我了！", sender=sender))


def post(stack: RunningStack, body: Any) -> tuple[int, Any]:
    """The webhook's status and JSON answer, whatever it is."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{stack.url}/webhooks/rest/webhook", raw, headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


BAD_INPUT = [
    "😀😀😀",
    "\u200b\u200b",
    "/restart",
    "/request_human{}",
    '/choose_answer{"entry_id": "x"}',
    "<script>alert(1)</script>",
    "'; DROP TABLE people; --",
    "{{7*7}} ${jndi:ldap://x}",
    "\x01\x02你好\x1b[31m",
    "的" * 2000,
    "？？？",
]


@pytest.mark.parametrize("text", BAD_INPUT, ids=[f"input {i}" for i in range(len(BAD_INPUT))])
def test_odd_input_gets_a_sensible_answer_or_a_clear_refusal(stack: RunningStack, sender: str, text: str) -> None:
    status, body = post(stack, {"sender": sender, "message": text})
    assert status in (200, 400, 413)
    assert "Traceback" not in json.dumps(body)
    assert texts(body) if status == 200 else body["message"]
    # the conversation goes on
    assert "工作日" in texts(stack.ask("退款多久能到账", sender=sender))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"\xff\xfe", 400),
        (b"[]", 400),
        (b'{"sender": 5, "message": "x"}', 400),
        (b'{"sender": "a"}', 400),
        (b'{"sender": "a", "message": ""}', 400),
        (json.dumps({"sender": "a", "message": "长" * 10_000}).encode(), 413),
    ],
)
def test_a_body_that_does_not_fit_is_refused_clearly(stack: RunningStack, body: bytes, status: int) -> None:
    got, refusal = post(stack, body)
    assert got == status
    assert refusal["error"]
    assert "Traceback" not in refusal["message"]


def test_unknown_fields_are_ignored(stack: RunningStack, sender: str) -> None:
    status, replies = post(stack, {"sender": sender, "message": "你好", "metadata": {"a": 1}, "surprise": [1, 2]})
    assert status == 200
    assert texts(replies)


def test_the_ask_command_answers_line_by_line_in_one_conversation(stack: RunningStack) -> None:
    command = [sys.executable, "-m", "cli.main", "ask", "--stdin", "--data", str(stack.data)]
    done = subprocess.run(command, cwd=ROOT, input="你好\n退款多久能到账\n", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "工作日" in done.stdout


def test_doctor_finds_the_running_stack_well(stack: RunningStack) -> None:
    command = [sys.executable, "-m", "cli.main", "doctor", "--data", str(stack.data), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    for what in ("运行中的服务", "归档"):
        assert any(finding["what"] == what and finding["good"] for finding in json.loads(done.stdout))


def jiehua(stack: RunningStack, *arguments: str) -> Any:
    """What a command says to a program."""
    command = [sys.executable, "-m", "cli.main", *arguments, "--json", "--data", str(stack.data)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_what_was_said_is_in_the_archive_and_in_the_report(stack: RunningStack, sender: str) -> None:
    stack.ask(f"退款多久能到账 {sender}", sender=sender)
    deadline = time.monotonic() + 30
    while not (hits := jiehua(stack, "conversations", "search", sender)):
        assert time.monotonic() < deadline, "the archiver does not keep up"
        time.sleep(0.1)
    assert hits[0]["conversation_id"] == f"rest:{sender}"
    report = jiehua(stack, "report")
    assert report["volumes"]["customer_messages"] >= 1
    assert report["resolution"]["verdicts"]["resolved"] == 0, "72 hours are not over"


def test_a_second_stack_on_the_same_data_is_refused(stack: RunningStack) -> None:
    command = [sys.executable, "-m", "cli.main", "up", "--port", "0", "--data", str(stack.data)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "已经有一个接话在运行" in done.stderr


def test_nothing_but_the_gateway_can_be_reached_without_its_secret(stack: RunningStack) -> None:
    plan = json.loads((stack.data / "stack.json").read_text())
    for url in (
        f"http://127.0.0.1:{plan['bot_port']}/webhooks/jiehua/turn",
        f"http://127.0.0.1:{plan['actions_port']}/webhook",
    ):
        request = urllib.request.Request(url, b"{}", {"Content-Type": "application/json"})
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=10)
        assert caught.value.code == 401
