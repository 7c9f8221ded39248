"""The published JSON Schema: current, and of one mind with the reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from knowledge_base.files import parse
from knowledge_base.schema import FIELDS, json_schema

KNOWLEDGE = Path(__file__).parents[3] / "knowledge_base"
PUBLISHED = KNOWLEDGE / "faq.schema.json"
VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def as_an_editor_sees_it(text: str) -> Any:
    """YAML 1.2 as code editors read it: dates stay text, only true and false are booleans."""

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers = {  # noqa: RUF012 - the name and shape are PyYAML's
            first: [(tag, pattern) for tag, pattern in found if not tag.endswith(("timestamp", "bool"))]
            for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    document = yaml.load(text, Loader=Loader)
    words = {"true": True, "false": False}
    for entry in document if isinstance(document, list) else document["entries"]:
        if entry.get("escalate") in words:
            entry["escalate"] = words[entry["escalate"]]
    return document


def test_the_committed_file_is_current():
    assert json.loads(PUBLISHED.read_text("utf-8")) == json_schema(), "run: jiehua kb schema"


def test_it_is_a_schema_and_speaks_of_every_field():
    jsonschema.Draft202012Validator.check_schema(json_schema())
    properties = json_schema()["$defs"]["entries"]["items"]["properties"]
    assert list(properties) == list(FIELDS)
    assert all(one["description"] for one in properties.values())


@pytest.mark.parametrize("path", sorted((KNOWLEDGE / "faq").glob("*.yml")), ids=lambda path: path.name)
def test_the_demo_files_pass_and_say_where_the_schema_is(path: Path):
    text = path.read_text("utf-8")
    assert [error.message for error in VALIDATOR.iter_errors(as_an_editor_sees_it(text))] == []
    named = text.partition("\n")[0].removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / named).resolve() == PUBLISHED


@pytest.mark.parametrize(
    "broken",
    [
        "- id: a\n  question: 问\n",
        "- {id: a, question: 问, answer: ''}\n",
        "- {id: a, question: [问], answer: 答}\n",
        "- {id: a, question: 问, answer: 答, variants: 别的}\n",
        "- {id: a, question: 问, answer: 答, status: 上架}\n",
        "- {id: a, question: 问, answer: 答, escalate: 也许}\n",
        f"- {{id: a, question: {'问' * 501}, answer: 答}}\n",
        "条目: []\nentries: [{id: a, question: 问}]\n",
    ],
)
def test_what_the_reader_refuses_is_underlined_in_the_editor(broken):
    assert any(problem.severity == "error" for problem in parse("a.yml", broken.encode()).problems)
    assert list(VALIDATOR.iter_errors(as_an_editor_sees_it(broken)))


def test_a_misspelt_field_is_underlined():
    assert list(VALIDATOR.iter_errors([{"id": "a", "question": "问", "answer": "答", "variant": []}]))
