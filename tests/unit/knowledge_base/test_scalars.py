"""Any text goes into YAML and comes out again."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base import yaml_text
from knowledge_base.scalars import block, scalar

_any = st.text(st.characters(exclude_categories=("Cs",)), max_size=30) | st.text(
    st.sampled_from("ab退 :#-[]{},'\"|>&*!%@`\\~\n\t?=<.0")
)


@settings(max_examples=500, deadline=None)
@given(_any)
def test_a_text_reads_back_as_itself_wherever_it_stands(text: str):
    for written in (f"- {scalar(text)}\n", f"- [{scalar(text, flow=True)}]\n"):
        value = yaml_text.read(written).value[0].value
        assert (value if isinstance(value, str) else value[0].value) == text
    assert yaml_text.read(f"k: {scalar(text)}\n").value[0][1].value == text
    assert yaml_text.read(f"{{k: {scalar(text, flow=True)}}}\n").value[0][1].value == text


@settings(max_examples=500, deadline=None)
@given(_any)
def test_other_readers_of_yaml_see_text_too(text: str):
    """Except for the escapes of characters that they refuse in any form."""
    value = yaml.safe_load(f"- {scalar(text)}\n")[0]
    assert value == text


@settings(max_examples=500, deadline=None)
@given(_any)
def test_a_block_is_offered_only_where_it_gives_the_text_back(text: str):
    lines = block(text, 4)
    if lines is not None:
        assert yaml_text.read("- k: |\n" + "\n".join(lines) + "\n").value[0].value[0][1].value == text + "\n"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("退货：怎么退", "退货：怎么退"),
        ("退货: 怎么退", '"退货: 怎么退"'),
        ('他说"好"', '他说"好"'),
        ('"好"', "'\"好\"'"),
        ("it's", "it's"),
        ("007", '"007"'),
        ("no", '"no"'),
        ("2025-03-01", '"2025-03-01"'),
        ("无", '"无"'),
        ("@客服", '"@客服"'),
        ("a\nb", '"a\\nb"'),
    ],
)
def test_quotes_stand_only_where_they_are_needed(text, written):
    assert scalar(text) == written
