"""The scorer's process: hit tests, replays and gaps for the editors' pages, scored as the chat scores.

    python -m gateway.scorer FAQ ENCODER CACHE

Requests come on standard input, answers go to standard output, a JSON line each; long work says how far it is in lines
of their own before the answer. It follows the same files with the
same `LiveBase` as the action server, so equal version ids mean equal answers. A process of its own, because the encoder
takes a few hundred megabytes and a replay takes a core for seconds: the gateway starts it when an editor needs it and
lets it go afterwards (see `scoring`).
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, TextIO

from contracts.answer import Outcome
from contracts.codec import encode
from knowledge_base import gaps
from knowledge_base.asked import Asked
from knowledge_base.editing import form_of, read_form
from knowledge_base.encoder import Encoder, load_encoder
from knowledge_base.entry import FaqEntry
from knowledge_base.finder import Finder
from knowledge_base.live import LiveBase
from knowledge_base.queries import Query
from knowledge_base.replay import Reply, replay
from knowledge_base.trend import trends
from knowledge_base.workbook import Topic

Document = dict[str, Any]
#: Hears a step and how far it is: done, of how many.
Tell = Callable[[str, int, int], None]
MOST_KEPT = 20_000
TELL_EVERY_S = 0.2


class Scorer:
    """Answers requests over one live base."""

    def __init__(self, faq: Path, encoder: Encoder, cache: Path | None) -> None:
        self.live = LiveBase(faq, encoder, cache_folder=cache)
        self._said: tuple[str, OrderedDict[str, Reply]] = ("", OrderedDict())
        self._tell: Tell = lambda step, done, total: None

    def answer(self, request: Mapping[str, Any], tell: Tell | None = None) -> Document:
        """The answer to one request; `what` is a name of `kinds`. Files are read again first."""
        self.live.reload()
        self._tell = tell or (lambda step, done, total: None)
        kinds: dict[str, Callable[[Mapping[str, Any]], Document]] = {
            "ready": lambda _: {},
            "hits": self._hits,
            "replay": self._replay,
            "gaps": self._gaps,
            "answers": self._answers,
        }
        return {"version": self.live.version, "stale": self.live.stale} | kinds[request["what"]](request)

    def _hits(self, request: Mapping[str, Any]) -> Document:
        """`text`, `channel`, `forms`: drafts that are tried as if they were published."""
        finder = self._drafted(request["forms"]) if request.get("forms") else self.live.finder
        told = finder.explain(request["text"], channel=request.get("channel") or "web")
        best = finder.answer(told.candidates[0].entry_id) if told.candidates else None
        return {
            "version": finder.version,
            "outcome": told.finding.outcome.value,
            "why": told.finding.why,
            "took_ms": told.finding.took_ms,
            "covered": told.covered,
            "candidates": [
                {**encode(candidate), "measures": measures}
                for candidate, measures in zip(told.candidates, told.measures)
            ],
            "thresholds": asdict(finder.calibration.thresholds),
            "answer": best.text if best is not None and told.finding.outcome is Outcome.ANSWER else "",
        }

    def _replay(self, request: Mapping[str, Any]) -> Document:
        """`forms` as they would be published, `queries` (texts), `golden` ([text, [ids]])."""
        live, draft = self.live.finder, self._drafted(request["forms"])
        queries = [Query(text) for text in request["queries"]]
        golden = [Query(text, tuple(gold)) for text, gold in request["golden"]]
        total, asked = len(queries) + len(golden), itertools.count(1)
        said = self._remembered(live)
        result = replay(live, draft, queries, golden, lambda: self._tell("replay", next(asked), total), said)
        return result.report()

    def _gaps(self, request: Mapping[str, Any]) -> Document:
        """`asked` (fields of `Asked` and `at_ms`), `least`, `topics` that were taken up."""
        times = [int(one.pop("at_ms")) for one in request["asked"]]
        asked = [_asked(one) for one in request["asked"]]
        finder = self.live.finder
        encoder = finder.base.encoder
        open_questions, since = gaps.unanswered(asked, finder)
        found = gaps.find_gaps(open_questions, encoder, least_asks=request["least"], finder=finder)
        topics = [Topic(**{**one, "wordings": tuple(one["wordings"])}) for one in request["topics"]]
        return {
            "asked": len(asked),
            "unanswered": len(open_questions),
            "answered_since": since,
            "gaps": [asdict(gap) | {"impact": round(gap.impact, 1), "form": form_of(gap.draft())} for gap in found],
            "trends": [
                encode(one) | {"closed": one.closed} for one in trends(topics, list(zip(times, asked)), encoder)
            ],
        }

    def _answers(self, request: Mapping[str, Any]) -> Document:
        """For each of `texts` the entry that is its answer now, "" where chat would not answer."""
        finder = self.live.finder
        found = [finder.find(text) for text in request["texts"]]
        answered = [one.candidates[0].entry_id if one.outcome is Outcome.ANSWER else "" for one in found]
        return {"entries": answered}

    def _drafted(self, forms: Sequence[Mapping[str, Any]]) -> Finder:
        """The base as it would be with these forms in it."""
        entries = {entry.id: entry for entry in self.live.loaded.entries}
        for form in forms:
            entry: FaqEntry | None = read_form(form, date.today()).entry
            if entry is None:
                raise ValueError(f"the form of {form.get('id')} has errors")
            entries[entry.id] = entry
        return self.live.draft(list(entries.values()), progress=lambda done, total: self._tell("encode", done, total))

    def _remembered(self, live: Finder) -> Callable[[str], Reply]:
        """What the live version says, kept from replay to replay while it is the same version and day."""
        version = f"{live.version} {date.today()}"
        if self._said[0] != version:
            self._said = (version, OrderedDict())
        kept = self._said[1]

        def say(text: str) -> Reply:
            if text not in kept:
                kept[text] = Reply.of(live, live.find(text))
                if len(kept) > MOST_KEPT:
                    kept.popitem(last=False)
            return kept[text]

        return say


def _asked(one: Mapping[str, Any]) -> Asked:
    outcome = one.get("outcome")
    return Asked(**{**one, "outcome": Outcome(outcome) if outcome else None})


def _teller(out: TextIO) -> Tell:
    """Writes lines of progress, a few a second and the last of each step."""
    next_s = [0.0]

    def tell(step: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now >= next_s[0] or done == total:
            next_s[0] = now + TELL_EVERY_S
            print(json.dumps({"progress": {"step": step, "done": done, "total": total}}), file=out, flush=True)

    return tell


def main() -> None:
    """Serve until standard input ends."""
    faq, encoder, cache = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    answers = sys.stdout
    sys.stdout = sys.stderr  # whatever a library prints is no answer
    scorer: Scorer | None = None
    for line in sys.stdin:
        try:
            scorer = scorer or Scorer(faq, load_encoder(encoder), cache)
            document = {"answer": scorer.answer(json.loads(line), _teller(answers))}
        except Exception as error:  # one bad request must not end the process
            document = {"error": f"{type(error).__name__}: {error}"[:500]}
        print(json.dumps(document, ensure_ascii=False), file=answers, flush=True)


if __name__ == "__main__":
    main()
