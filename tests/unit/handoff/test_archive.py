"""What is put into the archive comes out again, once, and the newest wins."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from contracts.conversation import Author, Entry, EntryKind
from contracts.escalation import Evidence, Reason
from handoff.archive import Archive, ArchiveError, ArchiveMismatch, ArchiveUnavailable, archive_url
from handoff.archive.tables import entry_search, metadata
from handoff.model import Case, CaseState, Opened, Parcel
from handoff.records.model import Remark, Ticket, TicketKind, TicketState

NOON = 1_800_000_000_000


@pytest.fixture
def archive(tmp_path: Path):
    made = Archive(archive_url(tmp_path))
    made.prepare()
    yield made
    made.close()


def entry(seq: int, text: str = "你好", *, at_ms: int = NOON, kind: EntryKind = EntryKind.MESSAGE) -> Entry:
    return Entry(seq, at_ms, kind, Author.CUSTOMER, text, f"k{seq}", "", {"choice": "退款"})


def case(state: CaseState = CaseState.WAITING, **fields) -> Case:
    evidence = (Evidence("words", "转人工", 1.0, 3),)
    return Case("c1", "ann", state, Reason.ANGER, evidence, enqueued_ms=NOON, excluded=("wang",), **fields)


def test_entries_cases_and_conversations_come_back_as_they_were(archive):
    opened = Opened("web", NOON, {"name": "安", "vip": True})
    archive.apply([Parcel(1, "ann", opened), Parcel(2, "ann", entry(1)), Parcel(3, "ann", case(outcome={"tags": []}))])
    assert archive.conversation("ann") == [entry(1)]
    assert archive.cases() == [case(outcome={"tags": []})]
    assert archive.profile("ann") == opened
    assert archive.position() == 3


def test_a_batch_taken_twice_changes_nothing(archive):
    batch = [Parcel(1, "ann", entry(1)), Parcel(2, "ann", case())]
    archive.apply(batch)
    archive.apply(batch)
    assert archive.conversation("ann") == [entry(1)]
    assert len(archive.search("你好")) == 1
    with archive.database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(entry_search)) == 1


def test_changes_that_come_in_any_order_end_the_same(archive):
    parcels = [Parcel(n + 1, "ann", case(state)) for n, state in enumerate(CaseState)]
    parcels += [Parcel(20 + n, "ann", entry(n)) for n in range(1, 6)]
    random.Random(7).shuffle(parcels)
    for parcel in parcels:
        archive.apply([parcel])
    assert archive.cases() == [case(list(CaseState)[-1])]
    assert [one.seq for one in archive.conversation("ann")] == [1, 2, 3, 4, 5]
    assert archive.position() == 25


def test_the_last_of_several_changes_in_one_batch_is_kept(archive):
    archive.apply([Parcel(2, "ann", case(CaseState.ACTIVE)), Parcel(1, "ann", case())])
    assert archive.cases()[0].state is CaseState.ACTIVE


def test_an_entry_that_redis_lost_and_wrote_anew_is_replaced_and_found_by_its_new_words_only(archive):
    archive.apply([Parcel(1, "ann", entry(1, "丢失的话"))])
    archive.apply([Parcel(2, "ann", entry(1, "后来的话"))])
    assert archive.conversation("ann") == [entry(1, "后来的话")]
    assert archive.search("丢失") == []
    assert len(archive.search("后来")) == 1


def test_a_profile_changes_and_the_first_sight_stays(archive):
    archive.apply([Parcel(1, "ann", Opened("web", NOON, {}))])
    archive.apply([Parcel(2, "ann", Opened("web", NOON + 5, {"vip": True}))])
    assert archive.profile("ann") == Opened("web", NOON, {"vip": True})
    assert archive.profile("bob") is None


def test_the_latest_hits_come_first_and_inner_entries_are_not_searched(archive):
    archive.apply(
        [
            Parcel(1, "ann", entry(1, "退款多久", at_ms=NOON)),
            Parcel(2, "bob", entry(1, "客户要退款", at_ms=NOON + 5, kind=EntryKind.NOTE)),
            Parcel(3, "bob", entry(2, "退款", at_ms=NOON + 7, kind=EntryKind.FENCED)),
            Parcel(4, "bob", entry(3, "我要退款", at_ms=NOON + 9)),
        ]
    )
    found = [(hit.conversation_id, hit.entry.seq) for hit in archive.search("退款")]
    assert found == [("bob", 3), ("bob", 1), ("ann", 1)]
    assert len(archive.search("退款", limit=1)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "？！",
        "😀",
        '"',
        "'; DROP TABLE entries; --",
        "退款 OR 1",
        "NEAR(退 款)",
        "grams:退",
        "*",
        "退*款^",
        "(",
        "-退款",
    ],
)
def test_no_words_become_syntax(archive, text):
    archive.apply([Parcel(1, "ann", entry(1, "别的话"))])
    assert archive.search(text) == []
    assert archive.conversation("ann") == [entry(1, "别的话")]


def test_threads_are_the_conversations_active_in_the_period_each_whole(archive):
    archive.apply(
        [
            Parcel(1, "ann", entry(1, at_ms=NOON - 100)),
            Parcel(2, "ann", entry(2, at_ms=NOON)),
            Parcel(3, "ann", entry(3, at_ms=NOON + 50)),
            Parcel(4, "bob", entry(1, at_ms=NOON - 100)),
            Parcel(5, "cid", entry(1, at_ms=NOON + 9)),
            Parcel(6, "dan", entry(1, at_ms=NOON + 10)),
            Parcel(7, "ann", case()),
        ]
    )
    ann, cid = archive.threads(NOON, NOON + 10)
    assert (ann.conversation_id, cid.conversation_id) == ("ann", "cid")
    assert [one.seq for one in ann.entries] == [1, 2, 3]
    assert ann.cases == (case(),)
    assert cid.cases == ()


def test_the_archive_of_another_tenant_is_refused(archive, tmp_path):
    stranger = Archive(archive_url(tmp_path), tenant="other")
    with pytest.raises(ArchiveMismatch, match="tenant default"):
        stranger.prepare()


def test_preparing_again_keeps_what_is_there(archive):
    archive.apply([Parcel(1, "ann", entry(1))])
    archive.prepare()
    assert archive.position() == 1


def test_an_archive_of_a_newer_version_is_refused(archive):
    with archive.database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ArchiveMismatch, match="newer"):
        archive.prepare()


def test_the_migrations_make_the_tables_that_the_code_uses(archive):
    with archive.database.reading() as connection:
        found = sa.inspect(connection)
        for table in metadata.sorted_tables:
            assert [c["name"] for c in found.get_columns(table.name)] == [c.name for c in table.columns]
            indexed = {tuple(index["column_names"]) for index in found.get_indexes(table.name)}
            assert indexed == {tuple(column.name for column in index.columns) for index in table.indexes}


def test_a_place_that_cannot_be_written_is_unavailable_and_no_traceback(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ArchiveUnavailable):
        Archive(f"sqlite:///{tmp_path}/file/archive.db").prepare()


@pytest.mark.parametrize("url", ["nonsense", "oracle9://x", "postgresql+nodriver://h/d"])
def test_a_url_that_cannot_be_used_is_named(url):
    with pytest.raises(ArchiveError, match="JIEHUA_ARCHIVE_URL"):
        Archive(url)


def test_an_archive_of_before_there_were_records_gets_their_tables_and_keeps_what_it_has(tmp_path: Path):
    from alembic import command
    from alembic.config import Config

    old = Archive(archive_url(tmp_path))
    config = Config()
    config.set_main_option("script_location", "handoff.archive:migrations")
    with old.database.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(sa.text("INSERT INTO position VALUES ('default', 7)"))
    old.prepare()
    assert old.position() == 7
    ticket = Ticket("T1", TicketKind.MANUAL, TicketState.OPEN, "回电", rev=1)
    remark = Remark("ticket", "T1", NOON, "note", "wang", "打过电话", seq=1)
    old.apply([Parcel(9, "", replace(ticket, state=TicketState.DONE, rev=2)), Parcel(8, "", ticket)])
    for _ in range(2):
        old.apply([Parcel(10, "", remark)])
    assert [one.state for one in old.records(Ticket)] == [TicketState.DONE], "the later change is the truth"
    assert old.remarks(Ticket, "T1") == [remark]
    old.close()
