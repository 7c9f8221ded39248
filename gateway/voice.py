"""What customers say, for editors and the business: gaps of the base, and what is talked about; from the archive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from contracts.codec import encode
from gateway.archive import Shelved
from gateway.asked import PROBE, asked_of, latest
from gateway.errors import BadRequest, Missing
from gateway.scoring import Scoring
from gateway.settings import Settings
from handoff.days import ZONE, begins_ms, day_of
from handoff.insight import Insight, insight, table
from knowledge_base.files import Reader
from knowledge_base.tables import write_csv
from knowledge_base.workbook import Draft, DraftChangedError, Topic, Workbook
from language.personal import masked

Document = dict[str, Any]
GAP_DAYS = 30
MOST_ASKED = 20_000
MOST_GAPS = 100
LEAST_ASKS = 2
MOST_DAYS = 366


class Voice:
    """Reads the archive; without one everything is empty."""

    def __init__(self, settings: Settings, scoring: Scoring, workbook: Workbook) -> None:
        self._shelved = Shelved(settings)
        self._scoring = scoring
        self._workbook = workbook
        self._zone = ZoneInfo(ZONE)
        self._reader = Reader(settings.faq)

    # --- real questions

    def latest(self, count: int) -> list[str]:
        """The texts of the last `count` questions, each once."""
        with self._shelved.reading() as archive:
            asked = latest(archive, count, now_ms=_now_ms()) if archive is not None else []
        return list(dict.fromkeys(one.text for one in asked))

    # --- gaps

    async def gaps(self) -> Document:
        """What is asked and not answered, the costliest first, and what became of the topics that were taken up."""
        topics = await asyncio.to_thread(self._workbook.topics)
        asked = await asyncio.to_thread(self._asked)
        found = await self._scoring.ask(
            "gaps",
            asked=asked,
            least=LEAST_ASKS,
            topics=[asdict(topic) for topic in topics],
        )
        taken = {wording for topic in topics for wording in topic.wordings}
        gaps = [_masked(gap) for gap in found["gaps"][:MOST_GAPS]]
        return {
            **found,
            "gaps": [{**gap, "taken": not taken.isdisjoint(gap["wordings"])} for gap in gaps],
            "days": GAP_DAYS,
        }

    async def take_up(self, question: str, *, who: str) -> Document:
        """A draft that answers a gap, filled in as far as people's own replies go; raises Missing when it is gone."""
        gap = next((one for one in (await self.gaps())["gaps"] if one["question"] == question), None)
        if gap is None:
            raise Missing("这个缺口已经不在了，请刷新。")
        form = gap["form"]
        key = f"gap-{form['id']}"
        held = await asyncio.to_thread(self._workbook.draft, key)
        if held is not None:
            return asdict(held)
        # A draft of the workbench lies apart by itself; its entry is one to be published.
        written = {name: value for name, value in form.items() if name != "status"}
        draft = Draft(key, {**written, "updated": self._today().isoformat()}, gap=question)
        try:
            saved = await asyncio.to_thread(lambda: self._workbook.save(draft, who=who))
        except DraftChangedError as error:  # somebody took it up at the same moment
            if error.current is None:
                raise
            return asdict(error.current)
        topic = Topic(form["id"], question, tuple(gap["wordings"]), who, _now_ms())
        await asyncio.to_thread(self._workbook.take_up, topic)
        return asdict(saved)

    def published(self, entry_ids: Sequence[str]) -> None:
        """From now on the trends of these topics tell whether they close."""
        for topic in self._workbook.topics():
            if topic.entry_id in entry_ids and not topic.published_ms:
                self._workbook.take_up(replace(topic, published_ms=_now_ms()))

    # --- insight

    async def insight(self, first: date | None, last: date | None) -> Document:
        """What was talked about on these days; the last thirty unless told otherwise."""
        return encode_insight(await asyncio.to_thread(self._insight, first, last))

    async def insight_csv(self, first: date | None, last: date | None) -> bytes:
        """The same for a spreadsheet."""
        return write_csv(table(await asyncio.to_thread(self._insight, first, last)))

    def _insight(self, first: date | None, last: date | None) -> Insight:
        last = last or self._today()
        first = first or last - timedelta(days=GAP_DAYS - 1)
        if first > last or (last - first).days >= MOST_DAYS:
            raise BadRequest(f"起始日要在截止日之前，最多 {MOST_DAYS} 天。")
        until = begins_ms(last + timedelta(days=1), self._zone)
        categories = {entry.id: entry.category for entry in self._reader.load().entries if entry.category}
        with self._shelved.reading() as archive:
            threads = archive.threads(begins_ms(first, self._zone), until) if archive is not None else iter(())
            return insight(
                (thread for thread in threads if thread.conversation_id != PROBE),
                first=first,
                last=last,
                zone=self._zone,
                categories=categories,
            )

    # --- inside

    def _asked(self) -> list[Document]:
        with self._shelved.reading() as archive:
            if archive is None:
                return []
            found = latest(archive, MOST_ASKED, now_ms=_now_ms(), most_days=GAP_DAYS)
        return [encode(asdict(asked_of(one))) | {"at_ms": one.at_ms} for one in found]

    def _today(self) -> date:
        return day_of(_now_ms(), self._zone)


def encode_insight(found: Insight) -> Document:
    """An insight as JSON: the object of `jiehua insight --json` and of the page."""
    document: Document = encode(found)
    return {**document, "days": [day.isoformat() for day in found.days]}


def _masked(gap: Document) -> Document:
    """A gap without what identifies those who asked; what editors read, and what drafts begin with."""
    form = gap["form"]
    return {
        **gap,
        "question": masked(gap["question"]),
        "wordings": [masked(one) for one in gap["wordings"]],
        "reply": masked(gap["reply"]),
        "form": {
            **form,
            "question": masked(form["question"]),
            "answer": masked(form["answer"]),
            "variants": [masked(one) for one in form.get("variants", ())],
        },
    }


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
