"""The files of the pages on their way to a browser."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from gateway.assets import asset, response, without_comments

WEB = Path(__file__).resolve().parents[3] / "gateway" / "web"
SOURCES = sorted([*WEB.rglob("*.js"), *WEB.rglob("*.css")])
# What JavaScript and CSS may hold in which two slashes mean nothing, and comments themselves. A slash that follows an
# operator or a bracket begins a regular expression.
TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
    |(?P<string>'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")
    |(?P<pattern>(?<=[(,=:\[!&|?{};>\n])[ ]*/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/)
    |(?P<template>`(?:\\.|\$\{(?:[^{}`]|`[^`]*`|\{[^{}]*\})*\}|[^`\\])*`)""",
    re.VERBOSE | re.DOTALL,
)


def code_of(source: str) -> list[str]:
    """The source without comments wherever they stand, as its lines without space at the ends."""
    bare = TOKEN.sub(lambda found: "" if found.lastgroup == "comment" else found.group(), source)
    return [line.strip() for line in bare.splitlines() if line.strip()]


def test_a_comment_with_lines_of_its_own_goes_and_the_numbers_of_lines_stay() -> None:
    source = "/** About.\n * More. */\n// Once.\na = 1; // stays\nb = '/* no';\n/* x */ c();\n  // end\nd();\n"
    assert without_comments(source) == "\n\n\na = 1; // stays\nb = '/* no';\n/* x */ c();\n\nd();\n"


def test_what_looks_like_a_comment_in_a_template_literal_would_be_found() -> None:
    assert code_of(without_comments("a = `\n// text\n`;")) != code_of("a = `\n// text\n`;")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(WEB)))
def test_nothing_but_comments_goes(path: Path) -> None:
    source = path.read_text("utf8")
    bare = without_comments(source)
    assert code_of(bare) == code_of(source)
    assert bare.count("\n") == source.count("\n")


def test_a_browser_that_takes_gzip_gets_it_and_one_that_has_the_file_gets_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.js"
    file.write_text("// why\nexport const a = 1;\n", "utf8")
    plain = response(file, {})
    assert bytes(plain.body) == b"\nexport const a = 1;\n"
    assert plain.headers["vary"] == "accept-encoding"
    packed = response(file, {"accept-encoding": "br, gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(bytes(packed.body)) == bytes(plain.body)
    assert response(file, {"if-none-match": plain.headers["etag"]}).status_code == 304
    file.write_text("export const a = 22;\n", "utf8")
    assert response(file, {"if-none-match": plain.headers["etag"]}).status_code == 200


def test_what_is_no_text_goes_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"\x89PNG// not a comment\n")
    assert asset(file).plain == file.read_bytes()
    assert "content-encoding" not in response(file, {"accept-encoding": "gzip"}).headers
