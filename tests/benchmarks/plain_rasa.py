"""The peer: Rasa as `rasa init` sets it up (stock DIET pipeline, FAQ by ResponseSelector), on the same data.

Only the epochs are fewer than stock (100 of DIET alone take half an hour on two cores): they make the training
longer, not a turn dearer. The peer serves as a measure of cost here, never of quality.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import yaml

from cli.kb import load_entries
from cli.places import FAQ, ROOT

PYTHON = ROOT / ".venv-rasa" / "bin" / "python"
WORK = ROOT / "var" / "bench" / "plain_rasa"

CONFIG = """
recipe: default.v1
language: zh
assistant_id: plain
pipeline:
- name: JiebaTokenizer
- name: RegexFeaturizer
- name: LexicalSyntacticFeaturizer
- name: CountVectorsFeaturizer
- name: CountVectorsFeaturizer
  analyzer: char_wb
  min_ngram: 1
  max_ngram: 4
- name: DIETClassifier
  epochs: 5
  constrain_similarities: true
- name: EntitySynonymMapper
- name: ResponseSelector
  epochs: 5
  constrain_similarities: true
- name: FallbackClassifier
  threshold: 0.3
  ambiguity_threshold: 0.1
policies:
- name: MemoizationPolicy
- name: RulePolicy
- name: UnexpecTEDIntentPolicy
  max_history: 5
  epochs: 20
- name: TEDPolicy
  max_history: 5
  epochs: 20
  constrain_similarities: true
"""


def _project() -> str:
    """Write the project; returns a digest of its files. The generic intent `faq` becomes one retrieval intent."""
    shutil.rmtree(WORK / "data", ignore_errors=True)
    (WORK / "data").mkdir(parents=True)
    (WORK / "config.yml").write_text(CONFIG)
    intents: list[str] = []
    for path in sorted((ROOT / "data" / "nlu").glob("*.yml")):
        document = yaml.safe_load(path.read_text("utf8"))
        document["nlu"] = [item for item in document["nlu"] if item.get("intent") != "faq"]
        intents += [item["intent"] for item in document["nlu"] if "intent" in item]
        if document["nlu"]:
            (WORK / "data" / path.name).write_text(yaml.safe_dump(document, allow_unicode=True), "utf8")
    entries = load_entries(FAQ)
    examples = [
        {"intent": f"faq/{e.id}", "examples": "".join(f"- {text}\n" for text in (e.question, *e.variants))}
        for e in entries
    ]
    (WORK / "data" / "faq.yml").write_text(
        yaml.safe_dump({"version": "3.1", "nlu": examples}, allow_unicode=True), "utf8"
    )
    names = list(dict.fromkeys(intents))
    rules = [{"rule": n, "steps": [{"intent": n}, {"action": f"utter_{n}"}]} for n in names]
    rules.append({"rule": "faq", "steps": [{"intent": "faq"}, {"action": "utter_faq"}]})
    stories = [{"story": n, "steps": rule["steps"]} for n, rule in zip([*names, "faq"], rules)]
    (WORK / "data" / "rules.yml").write_text(yaml.safe_dump({"version": "3.1", "rules": rules}, allow_unicode=True))
    (WORK / "data" / "stories.yml").write_text(
        yaml.safe_dump({"version": "3.1", "stories": stories[:6]}, allow_unicode=True)
    )
    responses = {f"utter_{name}": [{"text": "好的。"}] for name in names}
    responses |= {f"utter_faq/{e.id}": [{"text": e.answer}] for e in entries}
    domain = {
        "version": "3.1",
        "intents": [*names, {"faq": {"is_retrieval_intent": True}}],
        "entities": ["order_number", "phone", "amount", "date", "product"],
        "responses": responses,
        "session_config": {"session_expiration_time": 60, "carry_over_slots_to_new_session": True},
    }
    (WORK / "domain.yml").write_text(yaml.safe_dump(domain, allow_unicode=True), "utf8")
    (WORK / "credentials.yml").write_text("rest:\n")
    (WORK / "endpoints.yml").write_text("")
    digest = hashlib.sha256()
    for path in sorted(WORK.glob("*.yml")) + sorted((WORK / "data").glob("*.yml")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _rasa(*arguments: str) -> subprocess.Popen[bytes]:
    env = {
        **os.environ,
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    }
    with (WORK / "rasa.log").open("ab") as log:
        return subprocess.Popen([PYTHON, "-m", "rasa", *arguments], cwd=WORK, env=env, stdout=log, stderr=log)


def train() -> float:
    """Train unless the data is unchanged; returns the seconds it took (0: reused)."""
    WORK.mkdir(parents=True, exist_ok=True)
    digest = _project()
    stamp = WORK / "digest"
    if (WORK / "models" / "plain.tar.gz").exists() and stamp.exists() and stamp.read_text() == digest:
        return 0.0
    started = time.monotonic()
    if _rasa("train", "--fixed-model-name", "plain", "--force").wait() != 0:
        raise RuntimeError(f"plain Rasa did not train: see {WORK / 'rasa.log'}")
    stamp.write_text(digest)
    return time.monotonic() - started


@contextmanager
def serve() -> Iterator[tuple[str, int, float]]:
    """Run it; yields (webhook URL, pid, seconds from start to the first answer)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = time.monotonic()
    process = _rasa("run", "-m", "models/plain.tar.gz", "-p", str(port), "-i", "127.0.0.1")
    url = f"http://127.0.0.1:{port}/webhooks/rest/webhook"
    try:
        while True:
            if process.poll() is not None:
                raise RuntimeError(f"plain Rasa ended: see {WORK / 'rasa.log'}")
            try:
                body = '{"sender": "probe", "message": "你好"}'.encode()
                request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
                with urllib.request.urlopen(request, timeout=30) as response:
                    if response.status == 200:
                        break
            except OSError:
                time.sleep(0.1)
        yield url, process.pid, time.monotonic() - started
    finally:
        process.terminate()
        process.wait(20)
