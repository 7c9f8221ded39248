"""One entry as a form: from what an editor typed to an entry with its faults by field, and into the files.

A form is a plain object with a field name for every key: texts, lists of texts, `YYYY-MM-DD` days, a bool, a status.
Its rules are those of the files (`schema`), so what a form accepts, `kb check` accepts too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from knowledge_base import files
from knowledge_base.difference import Change, Difference, apply, changed_fields
from knowledge_base.entry import FaqEntry
from knowledge_base.entry_checks import Advice, advice, bare
from knowledge_base.exchange import document_of
from knowledge_base.located import Located
from knowledge_base.located import Mapping as LocatedMapping
from knowledge_base.problems import Severity
from knowledge_base.promises import load_promises
from knowledge_base.schema import DANGEROUS, FIELDS, RecordReader

#: Where a new entry goes when no file holds its category yet.
NEW_FILE = "workbench.yml"
_FORM = "form"
_ORDER = tuple(FIELDS)


class ReadOnlyBaseError(Exception):
    """The base is one JSON Lines file, which is read and not written; a folder of YAML can be edited."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with one field of a form. `line`: of a text its line, of a list its item, from 1; 0 the whole."""

    field: str
    line: int
    severity: Severity
    what: str
    how: str


@dataclass(frozen=True)
class Checked:
    """A form read: the entry (None where there is an error), and every fault, errors first."""

    entry: FaqEntry | None
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Edit:
    """An entry as it is to be, and the digest of the one it was made from ("" for a new entry)."""

    entry: FaqEntry
    made_from: str = ""


def form_of(entry: FaqEntry) -> dict[str, Any]:
    """The form that gives `entry`: every field that says something."""
    return document_of(entry)


def read_form(form: Mapping[str, Any], today: date, others: Sequence[FaqEntry] = ()) -> Checked:
    """Read a form. `others` are the entries it will stand beside (without the one that it changes).

    Errors are those of the files and a taken id; warnings what an editor should look at before others see it.
    """
    given = {name: form[name] for name in FIELDS if not _blank(form.get(name))}
    blank = [name for name, rule in FIELDS.items() if rule.required and name not in given]
    faults = [Fault(name, 0, "error", f"还没有填{_label(name)}", "填写后才能发布") for name in blank]
    reader = RecordReader(_FORM)
    # A fault of the reader has a line and a column: here the number of the field, and the item within it.
    pairs = [(Located(name, _ORDER.index(name), 0), _located(value, name)) for name, value in given.items()]
    pairs += [(Located(name, _ORDER.index(name), 0), Located("-", _ORDER.index(name), 0)) for name in blank]
    entry = reader.entry(Located(LocatedMapping(pairs), 0, 0))
    for one in reader.problems:
        field = _ORDER[one.line]
        what = one.what.replace(f"{field} ", _label(field), 1)
        faults.append(_placed(Fault(field, one.column, one.severity, what, one.how), form))
    entry = None if blank else entry
    if any(other.id == form.get("id") for other in others):
        faults.append(Fault("id", 0, "error", f"编号 {form['id']} 已经有了", "换一个没有用过的编号"))
        entry = None
    if entry is not None:
        faults += _advice(entry, others, today)
    faults.sort(key=lambda fault: (fault.severity, _ORDER.index(fault.field), fault.line))
    return Checked(entry, tuple(faults))


def write(path: Path, edits: Sequence[Edit], removed: Mapping[str, str] | None = None) -> list[Path]:
    """Put edits into the files of the base at `path`, all or none; returns the files written.

    `removed` are ids to take out with the digests they must have. Raises as `difference.apply`, and ReadOnlyBaseError.
    """
    if path.is_file() and path.suffix not in files.YAML_SUFFIXES:
        raise ReadOnlyBaseError(path.name)
    loaded = files.load(path)
    held = {entry.id: entry for entry in loaded.entries}
    expected = {edit.entry.id: edit.made_from for edit in edits} | dict(removed or {})
    new = [edit.entry for edit in edits if not edit.made_from]
    old = [edit.entry for edit in edits if edit.made_from and edit.entry.id in held]
    changed = tuple(Change(held[one.id], one, changed_fields(held[one.id], one)) for one in old if held[one.id] != one)
    gone = tuple(held[entry_id] for entry_id in removed or {} if entry_id in held)
    into = path.name if path.is_file() else {entry.id: _home(loaded, entry.category) for entry in new}
    return apply(path, Difference(tuple(new), changed, gone, 0), into, expected=expected)


def _home(loaded: files.Loaded, category: str) -> str:
    """The file that holds most entries of the category."""
    counted = Counter(
        loaded.places[entry.id].file for entry in loaded.entries if category and entry.category == category
    )
    return counted.most_common(1)[0][0] if counted else NEW_FILE


def _located(value: Any, name: str) -> Located:
    at = _ORDER.index(name)
    if isinstance(value, (list, tuple)):
        return Located([Located(item, at, number) for number, item in enumerate(value, 1)], at, 0)
    return Located(value, at, 0)


def _blank(value: Any) -> bool:
    return value in (None, "", [], ()) or (isinstance(value, str) and not value.strip())


def _label(field: str) -> str:
    """What a field is called in a sentence."""
    return FIELDS[field].meaning.split("，")[0].split(" ")[0]


def _placed(fault: Fault, form: Mapping[str, Any]) -> Fault:
    """A dangerous link of an answer with its line."""
    answer = form.get("answer")
    if fault.field != "answer" or not isinstance(answer, str) or fault.line:
        return fault
    found = DANGEROUS.search(answer)
    line = answer.count("\n", 0, found.start()) + 1 if found else 0
    return Fault(fault.field, line, fault.severity, fault.what, fault.how)


def _advice(entry: FaqEntry, others: Sequence[FaqEntry], today: date) -> list[Fault]:
    """What to look at in this entry by itself, and where it meets others in the same words."""
    known = {other.id for other in others} | {entry.id}
    found = [
        Fault("related", at, "warning", f"相关条目 {related} 不存在", "改成存在的编号，或删去")
        for at, related in enumerate(entry.related, 1)
        if related not in known
    ]
    taken = {bare(wording): other for other in others for wording in other.wordings}
    for wording in entry.wordings:
        other = taken.get(bare(wording))
        if other is not None:
            of_question = wording == entry.question
            field, line = ("question", 0) if of_question else ("variants", entry.variants.index(wording) + 1)
            what = f"「{wording[:30]}」也是 {other.id} 的问法"
            found.append(Fault(field, line, "warning", what, "从其中一条删去，或把两条合并"))
    found += [
        Fault(one.field, _line_of(entry, one), "warning", one.what, one.how)
        for one in advice(entry, today, load_promises())
    ]
    return found


def _line_of(entry: FaqEntry, one: Advice) -> int:
    """The line of the answer, or the item of the list, that shows it; 0 where the whole field does."""
    value = getattr(entry, one.field)
    if one.quote and isinstance(value, str):
        at = value.find(one.quote)
        return value.count("\n", 0, at) + 1 if at >= 0 else 0
    return value.index(one.quote) + 1 if isinstance(value, tuple) and one.quote in value else 0
