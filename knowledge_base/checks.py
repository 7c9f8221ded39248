"""What an editor should look at although the files are well-formed: doubles, contradictions, dates, thin entries.

Everything here is a warning for people; nothing keeps an entry from being served.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import numpy as np

from knowledge_base.entry import FaqEntry, Status
from knowledge_base.entry_checks import advice, bare
from knowledge_base.files import Place
from knowledge_base.finder import Finder
from knowledge_base.links import Link, links_of, probe
from knowledge_base.problems import Problem
from knowledge_base.promises import Promise, load_promises
from language.normalise import normalise

#: Cosine above which wordings of two entries are told as near-duplicates: nearly the same words.
NEAR = 0.93
#: Probability with which another entry would answer an entry's question from which they are told as doubles. On 226,
#: 70 and 50 entries 1 to 3 % are told; of questions reworded from scratch 7, 20 and 27 % are seen, by cosine about 1 %.
DOUBLE = 0.95
_MOST_PAIRS = 200
#: Figures with what they count: two answers to nearly one question that give other figures contradict each other.
_FIGURE = re.compile(
    r"(\d+(?:\.\d+)?(?:\s*[-–~至到]\s*\d+(?:\.\d+)?)?)\s*(个工作日|工作日|小时|分钟|天|个月|周|年|元|%|折|积分|次|件)"
)


def check(
    finder: Finder,
    places: dict[str, Place],
    today: date,
    promises: Sequence[Promise] | None = None,
) -> list[Problem]:
    """Every check over the entries of `finder`, in file order. Without `promises` the shipped list is used."""
    entries = finder.entries
    living = [entry for entry in entries if entry.status is not Status.RETIRED]
    found = [
        *_repeated_wordings(living, places),
        *_near_duplicates(finder, places),
        *_doubles(finder, places, today),
        *_outcompeted(finder, places, today),
        *_alone(entries, places, today, load_promises() if promises is None else promises),
    ]
    return sorted(found, key=lambda problem: (problem.file, problem.line))


def dead_links(entries: Sequence[FaqEntry], places: dict[str, Place]) -> list[Problem]:
    """Look up every address of the entries that customers see; asks the network."""
    served = [entry for entry in entries if entry.status is Status.PUBLISHED]
    found = {entry.id: [link for link in _links_of(entry) if link.online] for entry in served}
    dead = probe(link.target for links in found.values() for link in links)
    return [
        _warning(entry, places, f"链接「{link.target[:60]}」打不开：{dead[link.target]}", "换成能打开的地址，或删去")
        for entry in served
        for link in found[entry.id]
        if link.target in dead
    ]


def _repeated_wordings(entries: Sequence[FaqEntry], places: dict[str, Place]) -> list[Problem]:
    """The same wording under two entries: a customer who says it cannot be answered for sure."""
    seen: dict[str, FaqEntry] = {}
    found = []
    for entry in entries:
        for wording in entry.wordings:
            other = seen.setdefault(bare(wording), entry)
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
    owners, vectors = base.owners, base.vectors
    pairs: dict[tuple[int, int], tuple[float, str, str]] = {}
    for start in range(0, rows, 1024):
        cosines, nearest = base.nearest_wordings(vectors[start : start + 1024], min(8, rows))
        for at, row in np.argwhere((cosines >= NEAR) & (nearest >= 0)):
            mine, other = start + int(at), int(nearest[at, row])
            first, second = sorted((int(owners[mine]), int(owners[other])))
            if first != second:
                told = (float(cosines[at, row]), base.wordings[mine], base.wordings[other])
                pairs[first, second] = max(pairs.get((first, second), told), told)
    found = []
    for (first, second), (cosine, one, another) in sorted(pairs.items(), key=lambda item: -item[1][0])[:_MOST_PAIRS]:
        old, new = finder.entries[first], finder.entries[second]
        if Status.RETIRED in (old.status, new.status) or normalise(one) == normalise(another):
            continue  # the same wording is told as repeated
        what = f"与 {old.id} 很像：「{one[:24]}」和「{another[:24]}」（相似度 {cosine:.2f}）"
        against = contradiction(old.answer, new.answer)
        what += f"，答案却不一样：{against}" if against else ""
        found.append(_warning(new, places, what, "内容相同就合并；不同就把问法写得更有区别"))
    return found


def _doubles(finder: Finder, places: dict[str, Place], today: date) -> list[Problem]:
    """An entry whose question another would answer if it were not there: the same thing in other words.

    Two entries of which one names the other as `related` are known to be neighbours, and are not told.
    """
    base, entries = finder.base, finder.entries
    served = np.array([entry.is_served(today, "web") for entry in entries], bool)
    vectors = base.encoder.encode([entry.question for entry in entries])
    found = []
    for row in np.flatnonzero(served):
        others = served.copy()
        others[row] = False
        measured = base.measure(entries[row].question, vectors[row], others)
        if not len(measured.entries):
            continue
        probabilities = finder.calibration.probabilities(measured.features, measured.query)
        best = int(probabilities.argmax())
        mine, other = entries[row], entries[measured.entries[best]]
        if probabilities[best] < DOUBLE or other.id in mine.related or mine.id in other.related:
            continue
        against = contradiction(mine.answer, other.answer)
        what = (
            f"没有这一条的话，「{mine.question[:24]}」会由 {other.id} 来答（概率 {probabilities[best]:.2f}），可能重复"
        )
        what += f"，答案却不一样：{against}" if against else ""
        how = f"内容相同就合并；确实是两回事，就在 related 里写上 {other.id}，不再提醒"
        found.append(_warning(mine, places, what, how))
    return found


def contradiction(one: str, other: str) -> str:
    """The first thing that both answers count and count differently, as `7天 / 15天`, or ""."""
    first, second = _figures(one), _figures(other)
    for unit in first.keys() & second.keys():
        if not first[unit] & second[unit]:
            return f"{min(first[unit])}{unit} / {min(second[unit])}{unit}"
    return ""


def _figures(answer: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for figure, unit in _FIGURE.findall(normalise(answer)):
        found.setdefault(unit, set()).add(re.sub(r"\s*[-–~至到]\s*", "–", figure))
    return found


def _outcompeted(finder: Finder, places: dict[str, Place], today: date) -> list[Problem]:
    """An entry that loses against another on its own words, letter for letter."""
    served = [entry for entry in finder.entries if entry.is_served(today, "web")]
    wordings = [(entry, wording) for entry in served for wording in entry.wordings]
    lost: dict[str, list[tuple[str, str]]] = {}
    for (entry, wording), finding in zip(wordings, finder.find_many([wording for _, wording in wordings])):
        if finding.candidates and finding.candidates[0].entry_id != entry.id:
            lost.setdefault(entry.id, []).append((wording, finding.candidates[0].entry_id))
    found = []
    for entry in served:
        for wording, winner in lost.get(entry.id, ())[:1]:
            more = f"（这样的问法共 {len(lost[entry.id])} 个）" if len(lost[entry.id]) > 1 else ""
            what = f"客户照原样问「{wording[:24]}」，排第一的却是 {winner}{more}"
            found.append(_warning(entry, places, what, "检查两条的相似问法有没有写混"))
    return found


def _alone(
    entries: Sequence[FaqEntry], places: dict[str, Place], today: date, promises: Sequence[Promise]
) -> list[Problem]:
    return [_warning(entry, places, one.what, one.how) for entry in entries for one in advice(entry, today, promises)]


def _links_of(entry: FaqEntry) -> list[Link]:
    return links_of(entry.answer, entry.images)


def _warning(entry: FaqEntry, places: dict[str, Place], what: str, how: str) -> Problem:
    place = places.get(entry.id, Place("", 0, 0))
    return Problem(place.file, place.line, place.column, "warning", what, how, entry.id)
