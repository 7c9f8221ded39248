"""What editors do to the knowledge base: look, draft, try, publish, look back.

Customers are told what the files say. A draft lies in the workbook until it is published; publishing asks the golden
questions first, writes all files or none, and says who did it. Everything here reads the files anew, so an edit made by
hand in between is seen.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from gateway.errors import BadRequest, Blocked, Missing, Overtaken
from gateway.faq_drafts import place_of
from gateway.golden import GoldenShelf, golden_questions
from gateway.people import People
from gateway.scoring import Scoring
from gateway.settings import Settings
from gateway.shelf import Shelf, Wanted
from gateway.voice import Voice
from knowledge_base.columns import stable_id
from knowledge_base.editing import Edit, Fault, form_of, read_form
from knowledge_base.entry import FaqEntry, Status
from knowledge_base.entry_checks import Due, due
from knowledge_base.files import Loaded
from knowledge_base.golden import Golden
from knowledge_base.history import difference_of
from knowledge_base.workbook import NAME, Draft, DraftChangedError, Workbook
from language.personal import masked

log = logging.getLogger("jiehua.workbench")

Document = dict[str, Any]
#: Hears how far a publication is: `{"step": encode | replay | write, "done", "total"}`.
Tell = Callable[[Document], None]
#: Real questions that a draft is tried on, the latest first.
REPLAYED = 200
MOST_ROWS = 300
LEAST_REASON = 4
_REPORTS_KEPT = 16


def quiet(_: Document) -> None:
    """Nobody listens."""


class Workbench:
    """The use cases of the knowledge pages."""

    def __init__(
        self,
        settings: Settings,
        people: People,
        scoring: Scoring,
        *,
        today: Callable[[], date] = date.today,
    ) -> None:
        self.scoring = scoring
        self.workbook = Workbook(settings.data / NAME)
        self.shelf = Shelf(settings.faq, self.workbook)
        self.voice = Voice(settings, scoring, self.workbook)
        self.golden = GoldenShelf(settings)
        self._settings = settings
        self._people = people
        self._today = today
        self._publishing = asyncio.Lock()
        self._warming: asyncio.Task[Document] | None = None
        self._reports: OrderedDict[str, Document] = OrderedDict()

    @classmethod
    def of(cls, settings: Settings, people: People) -> Workbench:
        """The workbench that the settings ask for; nothing is started or written before it is used."""
        return cls(settings, people, Scoring(settings.faq, settings.encoder, settings.data))

    async def close(self) -> None:
        """End what runs beside it."""
        if self._warming is not None:
            self._warming.cancel()
        await self.scoring.close()

    # --- looking

    async def entries(self, wanted: Wanted) -> Document:
        """The entries that fit, in the order of the files, with what the filters can choose from."""
        loaded = await self.shelf.loaded()
        drafts = await asyncio.to_thread(self.workbook.drafts)
        today = self._today()
        drafted = {draft.entry_id for draft in drafts}
        rows = [self._row(entry, today, entry.id in drafted) for entry in loaded.entries if wanted.fits(entry, today)]
        everything = loaded.entries
        return {
            "entries": rows,
            "total": len(everything),
            "due": {kind.value: sum(due(entry, today) is kind for entry in everything) for kind in Due},
            "categories": _kinds(entry.category for entry in everything),
            "owners": _kinds(entry.owner for entry in everything),
            "tags": _kinds(tag for entry in everything for tag in entry.tags),
            "problems": [asdict(one) for one in loaded.problems if one.severity == "error"],
            "read_only": self.shelf.read_only,
            "digest": loaded.digest,
        }

    async def entry(self, entry_id: str) -> Document:
        """One entry as a form, its version, where it stands, and its draft if there is one; raises Missing."""
        loaded = await self.shelf.loaded()
        entry = _entry_of(loaded, entry_id)
        if entry is None:
            raise Missing("没有这个条目，可能刚被删去。")
        place = loaded.places[entry_id]
        draft = await asyncio.to_thread(self.workbook.draft, entry_id)
        if draft is not None and draft.form == form_of(entry):
            await asyncio.to_thread(self.workbook.drop, [entry_id])  # somebody wrote the same into the file
            draft = None
        why = due(entry, self._today())
        return {
            "form": form_of(entry),
            "version": entry.digest,
            "place": f"{place.file}:{place.line}",
            "due": why.value if why else "",
            "draft": draft_view(draft) if draft else None,
        }

    async def check(self, form: Document, entry_id: str) -> list[Document]:
        """The faults of a form as it is typed; `entry_id` is the entry it changes, "" for a new one."""
        loaded = await self.shelf.loaded()
        return [asdict(fault) for fault in self._checked(loaded, form, entry_id)[1]]

    async def state(self, entry_id: str) -> Document:
        """What a page watches: whether files or the open entry changed, and what is wrong in the files."""
        loaded = await self.shelf.loaded()
        entry = _entry_of(loaded, entry_id)
        wrong = [asdict(one) for one in loaded.problems if one.severity == "error"]
        return {"digest": loaded.digest, "version": entry.digest if entry else "", "problems": wrong}

    # --- drafts

    async def drafts(self) -> list[Document]:
        """Every draft with whether its entry was changed under it, and its faults."""
        loaded = await self.shelf.loaded()
        held = {entry.id: entry.digest for entry in loaded.entries}
        found = []
        for draft in await asyncio.to_thread(self.workbook.drafts):
            faults = self._checked(loaded, draft.form, draft.entry_id)[1]
            errors = sum(fault.severity == "error" for fault in faults)
            overtaken = bool(draft.entry_id) and held.get(draft.entry_id, "") != draft.made_from
            found.append({**draft_view(draft), "errors": errors, "overtaken": overtaken})
        return found

    async def unpublished(self) -> list[Document]:
        """Entries that stand in the files as drafts: what agents made of their answers, and what was put there by hand.

        With the conversation and the message where an agent gave the answer.
        """
        loaded = await self.shelf.loaded()
        drafted = {draft.entry_id for draft in await asyncio.to_thread(self.workbook.drafts)}
        found = []
        for entry in loaded.entries:
            if entry.status is Status.DRAFT:
                place, said = loaded.places[entry.id], place_of(entry.source)
                found.append(
                    {
                        **self._row(entry, self._today(), entry.id in drafted),
                        "answer": entry.answer,
                        "source": entry.source,
                        "place": f"{place.file}:{place.line}",
                        "conversation_id": said[0] if said else "",
                        "seq": said[1] if said else 0,
                    }
                )
        return sorted(found, key=lambda row: (row["updated"], row["id"]), reverse=True)

    async def save_draft(self, draft: Draft, *, who: str) -> Document:
        """Keep what was typed, right or wrong. Raises Overtaken with the other editor's draft."""
        self.shelf.may_write()
        try:
            return draft_view(await asyncio.to_thread(lambda: self.workbook.save(draft, who=who)))
        except DraftChangedError as error:
            current = draft_view(error.current) if error.current else None
            details = {
                "draft": current,
                "differences": difference_of(error.current.form if error.current else None, draft.form),
            }
            raise Overtaken("这份草稿刚被别人存过或发布了。", details=details) from error

    async def drop_draft(self, key: str, *, who: str) -> None:
        """Forget a draft."""
        await asyncio.to_thread(self.workbook.drop, [key])
        await self._audit(who, "kb_drop_draft", key)

    # --- trying

    def warm(self) -> None:
        """Somebody will try or publish something soon: let the model load meanwhile."""
        if self._warming is None or self._warming.done():
            self._warming = asyncio.create_task(self.scoring.ask("ready"))
            self._warming.add_done_callback(lambda task: task.cancelled() or task.exception())  # told when asked for

    async def hits(self, text: str, *, channel: str, keys: Sequence[str] = ()) -> Document:
        """What the chat would make of a question; with `keys` as if these drafts were published."""
        return await self.scoring.ask("hits", text=text, channel=channel, forms=await self._forms_of(keys))

    async def answers(self, texts: Sequence[str]) -> list[str]:
        """For each text the entry that answers it now, "" where chat would not answer."""
        found: list[str] = (await self.scoring.ask("answers", texts=list(texts)))["entries"]
        return found

    async def replay(self, wanted: Mapping[str, int], tell: Tell = quiet) -> Document:
        """What publishing these drafts (key → number) would change for real questions and for the golden ones."""
        loaded = await self.shelf.loaded()
        return await self._report(await self._ready(loaded, wanted), tell)

    # --- golden questions

    async def put_golden(self, one: Golden, *, oos: bool, who: str) -> Document:
        """Add or change a golden question; see `GoldenShelf.put`."""
        held = {entry.id for entry in (await self.shelf.loaded()).entries}
        kept = await self.golden.put(one, oos=oos, known=held.__contains__)
        await self._audit(who, "kb_golden", f"{kept['file']}:{kept['line']} {masked(kept['text'])[:80]}")
        return kept

    async def remove_golden(self, one: Golden, *, oos: bool, who: str) -> None:
        """Take a golden question out."""
        await self.golden.remove(one, oos=oos)
        await self._audit(who, "kb_golden_remove", masked(one.text)[:80])

    # --- publishing

    async def publish(self, wanted: Mapping[str, int], *, who: str, reason: str = "", tell: Tell = quiet) -> Document:
        """Write these drafts (key → number) into the files, all or none.

        Raises Overtaken when an entry or a draft changed meanwhile (with the differences, nothing is lost), BadRequest
        for a form with errors, and Blocked with the report when a golden question breaks and no reason is given.
        """
        self.shelf.may_write()
        async with self._publishing:
            loaded = await self.shelf.loaded()
            drafts = await self._ready(loaded, wanted)
            report = await self._report(drafts, tell)
            if report["broken"] and len(reason.strip()) < LEAST_REASON:
                raise Blocked(details={"report": report})
            edits = [Edit(entry, draft.made_from) for draft, entry in drafts]
            override = reason.strip() if report["broken"] else ""
            tell({"step": "write", "done": 0, "total": len(edits)})
            written = await asyncio.to_thread(self.shelf.write, loaded, edits, who, override)
            await asyncio.to_thread(self.workbook.drop, [draft.key for draft, _ in drafts])
            await asyncio.to_thread(self.voice.published, [entry.id for _, entry in drafts])
            for _, entry in drafts:
                await self._audit(who, "kb_publish", entry.id)
            if override:
                await self._audit(who, "kb_publish_override", f"{report['broken']} broken: {override}")
            return {
                "ids": [entry.id for _, entry in drafts],
                "written": [path.name for path in written],
                "report": report,
                "version": report["draft"],
            }

    async def reviewed(self, entry_id: str, made_from: str, *, who: str) -> Document:
        """The owner has looked: today is when the entry was last checked. What is answered stays the same."""
        self.shelf.may_write()
        async with self._publishing:
            loaded = await self.shelf.loaded()
            entry = _entry_of(loaded, entry_id)
            if entry is None:
                raise Missing("没有这个条目，可能刚被删去。")
            seen = replace(entry, updated=self._today())
            if seen != entry:
                await asyncio.to_thread(self.shelf.write, loaded, [Edit(seen, made_from)], who, "")
                await self._audit(who, "kb_reviewed", entry_id)
        return await self.entry(entry_id)

    # --- looking back

    async def history(self, entry_id: str = "") -> list[Document]:
        """The versions of an entry, or the changes of all, the latest first, each with what it changed."""
        await self.shelf.loaded()
        return await asyncio.to_thread(self.shelf.versions, entry_id)

    async def restore(self, number: str, *, who: str) -> Document:
        """A draft that brings an earlier version back; it is tried and published like any other."""
        loaded = await self.shelf.loaded()
        version = await asyncio.to_thread(self.shelf.past.version, number)
        if version is None or version.form is None:
            raise Missing("没有这个版本。")
        entry = _entry_of(loaded, version.entry_id)
        held = await asyncio.to_thread(self.workbook.draft, version.entry_id)
        draft = Draft(
            version.entry_id,
            version.form,
            version.entry_id if entry else "",
            entry.digest if entry else "",
            held.number if held else 0,
        )
        return await self.save_draft(draft, who=who)

    # --- inside

    def _row(self, entry: FaqEntry, today: date, drafted: bool) -> Document:
        why = due(entry, today)
        return {
            "id": entry.id,
            "question": entry.question,
            "category": entry.category,
            "status": entry.status.value,
            "owner": entry.owner,
            "tags": list(entry.tags),
            "updated": entry.updated.isoformat() if entry.updated else "",
            "effective_until": entry.effective_until.isoformat() if entry.effective_until else "",
            "due": why.value if why else "",
            "drafted": drafted,
        }

    def _checked(
        self, loaded: Loaded, form: Mapping[str, Any], entry_id: str, beside: Sequence[FaqEntry] = ()
    ) -> tuple[FaqEntry | None, Sequence[Fault]]:
        others = [entry for entry in (*loaded.entries, *beside) if entry.id != entry_id]
        question = form.get("question")
        if not entry_id and not form.get("id") and isinstance(question, str) and question.strip():
            form = {**form, "id": stable_id(question)}
        checked = read_form(form, self._today(), others)
        if checked.entry is not None and entry_id and checked.entry.id != entry_id:
            fault = Fault("id", 0, "error", "编号不能改", f"改回 {entry_id}；要换编号就新建一条、下线这一条")
            return None, (fault, *checked.faults)
        return checked.entry, checked.faults

    async def _ready(self, loaded: Loaded, wanted: Mapping[str, int]) -> list[tuple[Draft, FaqEntry]]:
        """The drafts with the entries that they give; raises for those that cannot be published as they stand."""
        if not wanted:
            raise BadRequest("没有选中要发布的草稿。")
        ready: list[tuple[Draft, FaqEntry]] = []
        for key, number in wanted.items():
            draft = await asyncio.to_thread(self.workbook.draft, key)
            if draft is None or draft.number != number:
                current = draft_view(draft) if draft else None
                raise Overtaken("草稿刚被别人改过或发布了。", details={"draft": current, "differences": []})
            entry, faults = self._checked(loaded, draft.form, draft.entry_id, [one for _, one in ready])
            if entry is None:
                wrong = [asdict(fault) for fault in faults if fault.severity == "error"]
                raise BadRequest(f"草稿还有错误：{wrong[0]['what']}", details={"key": key, "faults": wrong})
            self._same_version(loaded, draft)
            ready.append((draft, entry))
        return ready

    def _same_version(self, loaded: Loaded, draft: Draft) -> None:
        """Raises Overtaken, with what the files say and how the draft differs, unless it was made from that."""
        entry = _entry_of(loaded, draft.entry_id)
        if draft.entry_id and (entry is None or entry.digest != draft.made_from):
            theirs = form_of(entry) if entry else None
            details = {
                "key": draft.key,
                "theirs": theirs,
                "version": entry.digest if entry else "",
                "differences": difference_of(theirs, draft.form),
            }
            raise Overtaken("这一条刚被别人改过，没有写入；您的草稿还在。", details=details)

    async def _report(self, drafts: Sequence[tuple[Draft, FaqEntry]], tell: Tell) -> Document:
        """The replay of these drafts, kept for as long as drafts, files and real questions are the same."""
        forms = [form_of(entry) for _, entry in drafts]
        real = await asyncio.to_thread(self.voice.latest, REPLAYED)
        golden, faults = await asyncio.to_thread(golden_questions, self._settings)
        loaded = await self.shelf.loaded()
        wrong = [asdict(fault) for fault in faults]
        asked = json.dumps([forms, real, golden, wrong, loaded.digest, str(self._today())], ensure_ascii=False)
        key = hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()
        if key not in self._reports:
            report = await self.scoring.ask("replay", progress=tell, forms=forms, queries=real, golden=golden)
            rows = sorted(report["rows"], key=lambda row: _WORST_FIRST.index(row["verdict"]))[:MOST_ROWS]
            self._reports[key] = {
                **report,
                "rows": [_shown(row) for row in rows],
                "real": len(real),
                "golden_faults": wrong,
            }
            if len(self._reports) > _REPORTS_KEPT:
                self._reports.popitem(last=False)
        return self._reports[key]

    async def _forms_of(self, keys: Sequence[str]) -> list[Document]:
        loaded = await self.shelf.loaded()
        forms = []
        for key in keys:
            draft = await asyncio.to_thread(self.workbook.draft, key)
            if draft is not None:
                entry, faults = self._checked(loaded, draft.form, draft.entry_id)
                if entry is None:
                    raise BadRequest(f"草稿还有错误：{faults[0].what}")
                forms.append(form_of(entry))
        return forms

    async def _audit(self, who: str, action: str, target: str) -> None:
        await asyncio.to_thread(self._people.audit, who, action, target)


_WORST_FIRST = ("broken", "weaker", "changed", "improved", "same")


def draft_view(draft: Draft) -> Document:
    """A draft as the pages know it."""
    return asdict(draft)


def _entry_of(loaded: Loaded, entry_id: str) -> FaqEntry | None:
    return next((entry for entry in loaded.entries if entry.id == entry_id), None)


def _shown(row: Document) -> Document:
    """A row of a replay without what identifies the customer who asked."""
    return {**row, "text": masked(row["text"])}


def _kinds(values: Any) -> list[str]:
    return sorted({value for value in values if value})
