"""The catalogue of the screens' texts, read as text: no browser needed."""

from __future__ import annotations

import re
from pathlib import Path

WEB = Path(__file__).resolve().parents[3] / "gateway" / "web"
ENTRY = re.compile(r'^\s{2}"([\w.]+)": \["((?:[^"\\]|\\.)*)", "((?:[^"\\]|\\.)*)"\],$', re.MULTILINE)
LITERAL = re.compile(r'\bt\("([\w.]+)"')
COMPUTED = re.compile(r"\bt\(`([\w.]+)\.\$\{")
IMPORT = re.compile(r"""^(?:import|export)\s[^;]*?["'](\.[^"']+)["'];""", re.MULTILINE)
LAZY = re.compile(r"""\bimport\(["'](\.[^"']+)["']\)""")
ENTRANCE = re.compile(r'<script type="module" src="/static/([^"]+)"')


def entries() -> list[tuple[str, str, str]]:
    """Every line of the catalogue: what all screens share, and each page's own part of it."""
    return [line for path in sorted(WEB.rglob("texts.js")) for line in ENTRY.findall(path.read_text("utf8"))]


def catalogue() -> dict[str, tuple[str, str]]:
    return {key: (zh, en) for key, zh, en in entries()}


def sources() -> dict[str, str]:
    return {str(path.relative_to(WEB)): path.read_text("utf8") for path in sorted(WEB.rglob("*.js"))}


def test_every_text_is_there_in_both_languages_once() -> None:
    keys = [key for key, _, _ in entries()]
    assert len(keys) > 100
    assert len(keys) == len(set(keys))
    assert [key for key, pair in catalogue().items() if not all(pair)] == []


def test_both_languages_of_a_text_take_the_same_variables() -> None:
    variables = re.compile(r"\{(\w+)\}")
    different = [
        key for key, (zh, en) in catalogue().items() if sorted(variables.findall(zh)) != sorted(variables.findall(en))
    ]
    assert different == []


def test_every_text_that_a_screen_asks_for_exists() -> None:
    known = catalogue()
    missing = [(name, key) for name, text in sources().items() for key in LITERAL.findall(text) if key not in known]
    families = {key.rpartition(".")[0] for key in known}
    missing += [
        (name, f"{family}.*")
        for name, text in sources().items()
        for family in COMPUTED.findall(text)
        if family not in families
    ]
    assert missing == []


def loaded_by(page: Path) -> set[Path]:
    """Every module that a page loads, by its imports."""
    found: set[Path] = set()
    ahead = [WEB / src for src in ENTRANCE.findall(page.read_text("utf8"))]
    while ahead:
        module = ahead.pop().resolve()
        if module not in found:
            found.add(module)
            source = module.read_text("utf8")
            ahead += [module.parent / name for name in (*IMPORT.findall(source), *LAZY.findall(source))]
    return found


def test_every_page_loads_the_texts_that_it_asks_for() -> None:
    pages = sorted(WEB.glob("*/index.html"))
    assert len(pages) > 3
    missing = []
    for page in pages:
        modules = {path: path.read_text("utf8") for path in loaded_by(page)}
        known = {line[0] for path, text in modules.items() if path.name == "texts.js" for line in ENTRY.findall(text)}
        assert known, page
        missing += [
            (page.parent.name, path.name, key)
            for path, text in modules.items()
            for key in LITERAL.findall(text)
            if key not in known
        ]
    assert missing == []


def test_no_screen_writes_markup_styles_or_chinese_of_its_own() -> None:
    forbidden = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function")
    found = [name for name, text in sources().items() if forbidden.search(text)]
    assert found == []
    # What an agent asks for is recognised by words, and the embedding script stands alone in a foreign page.
    own = {"console/write.js", "widget/embed.js"}
    code = {name: re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL) for name, text in sources().items()}
    assert [
        name
        for name, text in code.items()
        if name not in own and not name.endswith("texts.js") and re.search(r"[\u4e00-\u9fff]", text)
    ] == []


def test_colours_are_named_in_the_tokens_alone() -> None:
    colour = re.compile(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(")
    found = [
        (path.name, number)
        for path in sorted(WEB.rglob("*.css"))
        if path.name != "tokens.css"
        for number, line in enumerate(path.read_text("utf8").splitlines(), 1)
        if colour.search(line)
    ]
    assert found == []
