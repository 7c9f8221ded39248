"""What an editor should look at although the files are well-formed: doubles, contradictions, dates, thin entries.

Everything here is a warning for people; nothing keeps an entry from being served.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from knowledge_base.entry import FaqEntry, Status
from knowledge_base.files import Place
from knowledge_base.finder import Finder
from knowledge_base.problems import Problem
from language.normalise import normalise

#: Cosine above which wordings of two entries are told as near-duplicates (measured: docs/subsystems/knowledge.md).
NEAR = 0.93
FEW_VARIANTS = 2
SOON_DAYS = 14
#: Words that promise what a bot cannot keep.
PROMISES = ("保证", "一定能", "百分之百", "100%", "绝对不会", "永久有效", "最低价", "肯定会")
_LINK = re.compile(r"\]\(\s*([^)\s]*)")
_TARGET = re.compile(r"https?://|mailto:|tel:|/|#|[\w.-]+(/|$)")
_MOST_PAIRS = 200


def check(finder: Finder, places: dict[str, Place], today: date) -> list[Problem]:
    """Every check over the entries of `finder`, in file order."""
    found = [
        *_repeated_wordings(finder.entries, places),
        *_near_duplicates(finder, places),
        *_outcompeted(finder, places),
        *_dates(finder.entries, places, today),
        *_thin(finder.entries, places),
        *_contents(finder.entries, places),
    ]
    return sorted(found, key=lambda problem: (problem.file, problem.line))


def _repeated_wordings(entries: Sequence[FaqEntry], places: dict[str, Place]) -> list[Problem]:
    """The same wording under two entries: a customer who says it cannot be answered for sure."""
    seen: dict[str, FaqEntry] = {}
    found = []
    for entry in entries:
        for wording in entry.wordings:
            key = "".join(c for c in normalise(wording) if c.isalnum())
            other = seen.setdefault(key, entry)
            if other.id != entry.id:
                conflict = "，而且答案不同" if other.answer != entry.answer else ""
                what = f"「{wording[:30]}」也是 {other.id} 的问法{conflict}"
                found.append(_warning(entry, places, what, "从其中一条删去，或把两条合并"))
    return found


def _near_duplicates(finder: Finder, places: dict[str, Place]) -> list[Problem]:
    """Wordings of two entries that mean nearly the same."""
    base = finder.base
    rows = len(base.wordings)
    if rows < 2:
        return []
    owners = base.owners
    pairs: dict[tuple[int, int], tuple[float, str, str]] = {}
    for start in range(0, rows, 1024):
        cosines, nearest = base.asked_index.nearest(base.vectors[start : start + 1024], min(8, rows))
        for at, row in np.argwhere((cosines >= NEAR) & (nearest >= 0)):
            mine, other = start + int(at), int(nearest[at, row])
            first, second = sorted((int(owners[mine]), int(owners[other])))
            if first != second:
                told = (float(cosines[at, row]), base.wordings[mine], base.wordings[other])
                pairs[first, second] = max(pairs.get((first, second), told), told)
    found = []
    for (first, second), (cosine, one, another) in sorted(pairs.items(), key=lambda item: -item[1][0])[:_MOST_PAIRS]:
        if normalise(one) == normalise(another):
            continue  # told as a repeated wording
        what = f"与 {finder.entries[first].id} 很像：「{one[:24]}」和「{another[:24]}」（相似度 {cosine:.2f}）"
        found.append(_warning(finder.entries[second], places, what, "内容相同就合并；不同就把问法写得更有区别"))
    return found


def _outcompeted(finder: Finder, places: dict[str, Place]) -> list[Problem]:
    """An entry that loses against another on its own question, word for word."""
    found = []
    served = [entry for entry in finder.entries if entry.status is Status.PUBLISHED]
    for entry, finding in zip(served, finder.find_many([entry.question for entry in served])):
        if finding.candidates and finding.candidates[0].entry_id != entry.id:
            winner = finding.candidates[0]
            if entry.id in {candidate.entry_id for candidate in finding.candidates}:
                what = f"客户照原样问「{entry.question[:24]}」，排第一的却是 {winner.entry_id}"
                found.append(_warning(entry, places, what, "检查两条的相似问法有没有写混"))
    return found


def _dates(entries: Sequence[FaqEntry], places: dict[str, Place], today: date) -> list[Problem]:
    found = []
    for entry in entries:
        until = entry.effective_until
        if entry.status is not Status.PUBLISHED or until is None:
            continue
        if until < today:
            found.append(
                _warning(entry, places, f"已于 {until} 失效，不再回答客户", "更新失效日，或改为 status: retired")
            )
        elif until <= today + timedelta(days=SOON_DAYS):
            found.append(_warning(entry, places, f"将于 {until} 失效", "到期前确认是否延长"))
    return found


def _thin(entries: Sequence[FaqEntry], places: dict[str, Place]) -> list[Problem]:
    return [
        _warning(
            entry, places, f"只有 {len(entry.wordings) - 1} 个相似问法", "补上客户常用的说法，口语和关键词各写一两个"
        )
        for entry in entries
        if entry.status is Status.PUBLISHED and len(entry.wordings) - 1 < FEW_VARIANTS
    ]


def _contents(entries: Sequence[FaqEntry], places: dict[str, Place]) -> list[Problem]:
    """Links that cannot work and promises that should not be made."""
    found = []
    for entry in entries:
        broken = [target for target in _LINK.findall(entry.answer) if not _TARGET.match(target)]
        found += [_warning(entry, places, f"链接「{t[:40]}」打不开", "写完整的 https:// 地址") for t in broken]
        said = [word for word in PROMISES if word in entry.answer and f"不{word}" not in entry.answer]
        if said:
            found.append(_warning(entry, places, f"答案里有承诺性的词「{said[0]}」", "改成有依据的说法，或写明条件"))
    return found


def _warning(entry: FaqEntry, places: dict[str, Place], what: str, how: str) -> Problem:
    place = places.get(entry.id, Place("", 0, 0))
    return Problem(place.file, place.line, place.column, "warning", what, how, entry.id)
