"""The screens' modules fit together: a page whose module asks for a name that is not there stays blank."""

from __future__ import annotations

import re
from pathlib import Path

WEB = Path(__file__).resolve().parents[3] / "gateway" / "web"
IMPORTED = re.compile(r"""^(?:import|export) \{([^}]*)\} from ["'](\.[^"']+)["'];""", re.MULTILINE)
DECLARED = re.compile(r"^export (?:async )?(?:function\*?|class|const|let) (\w+)", re.MULTILINE)
LISTED = re.compile(r"^export \{([^}]*)\}", re.MULTILINE)


def names(listed: str, side: int) -> list[str]:
    """Names of `{a, b as c}`: what they are called there (0) or here (-1)."""
    return [re.split(r"\s+as\s+", one.strip())[side] for one in listed.split(",") if one.strip()]


def exported(text: str) -> set[str]:
    found = set(DECLARED.findall(text))
    for listed in LISTED.findall(text):
        found.update(names(listed, -1))
    return found


def test_every_name_that_a_module_imports_is_exported_where_it_says() -> None:
    modules = {path.resolve(): path.read_text("utf8") for path in WEB.rglob("*.js")}
    asked = [
        (path.relative_to(WEB), name, (path.parent / source).resolve())
        for path, text in modules.items()
        for listed, source in IMPORTED.findall(text)
        for name in names(listed, 0)
    ]
    assert len(asked) > 300
    missing = [
        f"{path}: {name} from {source.name}"
        for path, name, source in asked
        if source not in modules or name not in exported(modules[source])
    ]
    assert missing == []
