"""Customers who wished to be told are told: in their own thread, once, and never while a person serves them.

An editor says that an entry's customers are to be told (`order`); from then on that stands in the workbook, and any
gateway that shares it works it off, a few a second. Dying at any moment costs nothing: the desk tells once however
often it is asked (`handoff.wishes`), and what is not noted as told is asked again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from contracts.answer import Answer
from contracts.turn import BotMessage
from gateway.shelf import Shelf
from handoff.desk import Desk
from handoff.errors import DeskError, NotFound, Refused
from handoff.wishes import Telling, Wish
from knowledge_base.entry import FaqEntry
from knowledge_base.workbook import Topic, ToTell, Workbook
from language.normalise import normalise
from language.personal import masked

log = logging.getLogger("jiehua.telling")

CHANNEL = "web"
MOST_WISHES = 2_000
#: So many customers are told in a second at most: nobody's line should fill up because an editor was busy.
A_SECOND = 5.0
#: How often what could not be told yet is tried again.
AGAIN_S = 30.0
#: Who could not be told for so long is not told any more: a person has served them all the while.
GIVEN_UP_MS = 30 * 86_400_000
QUOTED = 60
_MARKUP = str.maketrans("", "", "[]()!*_`#<>\\|~")

Answers = Callable[[Sequence[str]], Awaitable[Sequence[str]]]


@dataclass
class Told:
    """What one round did; `held` were with a person, `gone` did not want it any more or have nothing to be told."""

    told: int = 0
    held: int = 0
    gone: int = 0


class Teller:
    """Tells what the workbook says is to be told."""

    def __init__(
        self,
        desk: Desk,
        shelf: Shelf,
        workbook: Workbook,
        answers: Answers,
        *,
        today: Callable[[], date] = date.today,
        a_second: float = A_SECOND,
    ) -> None:
        """`answers` says for texts which entry answers each now, "" for none; it is asked only when somebody wishes."""
        self._desk = desk
        self._shelf = shelf
        self._workbook = workbook
        self._answers = answers
        self._today = today
        self._pause_s = 1 / a_second
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    # --- whom

    async def wishing(self) -> dict[str, list[Wish]]:
        """The wishes that the base can grant now and nobody has ordered to, by the entry that answers them."""
        wishes = await self._desk.wishes(limit=MOST_WISHES)
        if not wishes:
            return {}
        ordered = {(one.conversation_id, one.seq) for one in await asyncio.to_thread(self._workbook.untold)}
        wishes = [one for one in wishes if (one.conversation_id, one.seq) not in ordered]
        texts = list(dict.fromkeys(one.question for one in wishes))
        found = await self._answers(texts) if texts else []
        topics = await asyncio.to_thread(self._workbook.topics)
        granted = granting(topics, dict(zip(texts, found)))
        entries = {entry.id: entry for entry in (await self._shelf.loaded()).entries}
        by_entry: dict[str, list[Wish]] = {}
        for wish in wishes:
            entry = entries.get(granted(wish.question))
            if entry is not None and entry.is_served(self._today(), CHANNEL):
                by_entry.setdefault(entry.id, []).append(wish)
        return by_entry

    async def order(self, entry_id: str, *, who: str) -> int:
        """Let everybody be told who wished for what this entry answers; how many that are."""
        wishes = (await self.wishing()).get(entry_id, [])
        orders = [ToTell(one.conversation_id, one.seq, one.question, entry_id, who) for one in wishes]
        await asyncio.to_thread(self._workbook.to_tell, orders)
        self._wake.set()
        return len(orders)

    # --- telling

    async def round(self, progress: Callable[[Told, int], None] | None = None) -> Told:
        """Try everybody once who is still to be told. Raises BackendUnavailable; what was not told stays ordered."""
        so_far = Told()
        untold = await asyncio.to_thread(self._workbook.untold)
        for number, one in enumerate(untold, 1):
            if number > 1:
                await asyncio.sleep(self._pause_s)
            await self._tell(one, so_far)
            if progress is not None:
                progress(so_far, len(untold))
        return so_far

    async def _tell(self, one: ToTell, so_far: Told) -> None:
        entries = {entry.id: entry for entry in (await self._shelf.loaded()).entries}
        entry = entries.get(one.entry_id)
        if entry is None or not entry.is_served(self._today(), CHANNEL):
            await asyncio.to_thread(self._workbook.need_not_tell, one)  # taken back meanwhile; the wish stands
            so_far.gone += 1
            return
        wish = Wish(one.conversation_id, one.seq, one.question, one.at_ms)
        try:
            done = await self._desk.tell(wish, message(entry, one.question))
        except Refused:
            so_far.held += 1
            if self._desk.clock_ms() - one.at_ms > GIVEN_UP_MS:
                await asyncio.to_thread(self._workbook.need_not_tell, one)
            return
        except NotFound:
            done = Telling.GONE
        if done is Telling.GONE:
            await asyncio.to_thread(self._workbook.need_not_tell, one)
            so_far.gone += 1
        else:
            await asyncio.to_thread(self._workbook.told, one)
            so_far.told += 1

    # --- in the background

    def start(self) -> None:
        """Work off what is ordered, also what an earlier process left."""
        self._task = asyncio.create_task(self._work())

    async def close(self) -> None:
        """Stop; what is not told stays ordered."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _work(self) -> None:
        while True:
            self._wake.clear()
            try:
                if self._workbook.path.exists():
                    done = await self.round()
                    if done.told:
                        log.info("%d customers were told, %d are with a person", done.told, done.held)
            except DeskError as error:
                log.warning("nobody told: %s", type(error).__name__)
            except Exception:
                log.exception("telling failed; it is tried again")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), AGAIN_S)


def granting(topics: Sequence[Topic], answers: Mapping[str, str]) -> Callable[[str], str]:
    """Which entry grants a wish: the one that answers the question now, or the one that was made for its gap."""
    made_for = {
        normalise(wording): topic.entry_id
        for topic in topics
        if topic.published_ms
        for wording in (topic.question, *topic.wordings)
    }

    def entry_of(question: str) -> str:
        # Topics were taken up as editors read them: without what identifies a customer.
        return made_for.get(normalise(masked(question))) or answers.get(question, "")

    return entry_of


def message(entry: FaqEntry, question: str) -> BotMessage:
    """What is said: the answer as chat gives it, after the customer's own words, which are no markup of ours."""
    words = " ".join(question.translate(_MARKUP).split())
    quoted = words if len(words) <= QUOTED else f"{words[:QUOTED]}…"
    begins = f"您之前问「{quoted}」，现在有答案了：" if quoted else "您之前问的问题，现在有答案了："
    updated = entry.updated.isoformat() if entry.updated else ""
    answer = Answer(entry.id, entry.question, entry.answer, entry.category, updated, entry.source, entry.escalate)
    image = entry.images[0] if entry.images else ""
    return BotMessage(f"{begins}\n\n{entry.answer}", kind="answer", answer=answer, image=image)
