"""The journal in PostgreSQL: leases, what breaks under it, and what it never shows."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import attrs
import pg_server
import pytest
from journaling import (
    NO_LIMITS,
    crash,
    ending,
    entry,
    expire,
    over,
    postgres_journal,
    query,
)

from aiomusic import JournalError, MusicSession, suno
from aiomusic.emulator import Emulator, Pace
from aiomusic.journal import (
    Granted,
    Identity,
    KnownKey,
    Limits,
    NoCapacity,
    Wanted,
    listing,
    postgres,
)
from aiomusic.journal._postgres_link import Address
from aiomusic.journal.postgres import PostgresJournal, PostgresReader
from aiomusic.journal.programs import Program
from aiomusic.journal.schema_postgres import STEPS
from aiomusic.journal.sql_syntax import POSTGRES, numbered
from aiomusic.testing import AutojumpClock

pytestmark = [pytest.mark.anyio, pg_server.NEEDED]

SECRET = "correct-horse-battery"


@pytest.fixture
async def mine(tmp_path: Path) -> AsyncIterator[PostgresJournal]:
    made = postgres_journal(tmp_path)
    await made.open()
    yield made
    await made.aclose()


@pytest.fixture
async def theirs(
    mine: PostgresJournal,  # noqa: ARG001 - it is the first
    tmp_path: Path,
) -> AsyncIterator[PostgresJournal]:
    made = postgres_journal(tmp_path)
    await made.open()
    yield made
    await made.aclose()


# Whose jobs are whose.


async def test_a_task_whose_owner_is_silent_is_taken_over_and_not_bought_again(
    mine: PostgresJournal, theirs: PostgresJournal
) -> None:
    """Its key gives it to whoever asks, with its id, once its lease is over."""
    await mine.admit([entry("a")], NO_LIMITS)
    await mine.accept("a", 1, "t-a", 105.0)
    assert [] == await theirs.claim(110.0)
    await expire(mine)

    [known] = await theirs.admit([entry("a")], NO_LIMITS)

    assert isinstance(known, KnownKey)
    assert (True, "t-a") == (known.is_taken_up, known.record.task_id)
    [row] = await query(theirs, "SELECT owner FROM jobs")
    assert theirs.owner == row["owner"]


@pytest.mark.parametrize("was_sent", [True, False])
async def test_a_create_whose_owner_is_silent_is_told_by_its_mark(
    mine: PostgresJournal, theirs: PostgresJournal, *, was_sent: bool
) -> None:
    """What may have left is unknown and paid; what never left is sent by another."""
    await mine.admit([entry("a")], NO_LIMITS)
    if was_sent:
        await mine.note_sent("a", 1)
    await expire(mine)

    [verdict] = await theirs.admit([entry("a")], NO_LIMITS)

    if was_sent:
        assert isinstance(verdict, KnownKey)
        assert "unknown" == verdict.record.state
    else:
        assert Granted(1) == verdict


async def test_a_session_that_was_taken_for_dead_goes_on_as_another(
    mine: PostgresJournal, theirs: PostgresJournal, caplog: pytest.LogCaptureFixture
) -> None:
    """It sends nothing that it was granted before, and what it buys now is its own."""
    await mine.admit([entry("a"), entry("b")], NO_LIMITS)
    before, fence = mine.owner, mine.fence
    await expire(mine)
    await theirs.claim(110.0)

    assert not await mine.note_sent("a", 1)
    assert [Granted(1)] == await mine.admit([entry("c")], NO_LIMITS)

    assert await mine.note_sent("c", 1)
    assert before != mine.owner
    assert mine.fence > theirs.fence > fence
    assert "was silent for longer than its lease" in caplog.text


async def test_a_session_that_nobody_took_for_dead_keeps_its_jobs(
    mine: PostgresJournal,
) -> None:
    """However late it is: its row at the server says that it lives."""
    await mine.admit([entry("a")], NO_LIMITS)
    before = mine.owner
    await expire(mine)

    assert await mine.note_sent("a", 1)
    assert before == mine.owner


async def test_a_lease_is_renewed_by_a_session_that_has_nothing_to_do(
    tmp_path: Path,
) -> None:
    """A third of the lease after it began, it says that it lives."""
    url = pg_server.running().url(tmp_path, options="&lease_s=1")
    journal = PostgresJournal(url)
    await journal.open()
    text = "SELECT until FROM sessions"
    [first] = await query(journal, text)

    async with asyncio.timeout(30):
        while (await query(journal, text)) == [first]:
            await asyncio.sleep(0.05)

    await journal.aclose()
    assert [] == await query(journal, "SELECT * FROM sessions")


async def test_nothing_leaves_when_a_lease_ends_before_it_could(
    mine: PostgresJournal,
) -> None:
    """A process that was stopped just then must not send what others may have."""
    await mine.admit([entry("a")], NO_LIMITS)
    mine._address = attrs.evolve(mine._address, lease_s=0.0)

    with pytest.raises(JournalError, match="Nothing was sent"):
        await mine.note_sent("a", 1)

    await mine.recall("whatever")
    assert [{"begun": False}] == await query(mine, "SELECT begun FROM jobs")


async def test_a_clock_that_is_an_hour_off_frees_no_slot_too_soon(
    tmp_path: Path,
) -> None:
    """Whoever counts, counts by the server's clock."""
    now, url = time.time(), pg_server.running().url(tmp_path)
    late = PostgresJournal(url)
    early = PostgresJournal(url, wall=lambda: time.time() + 3_600)
    limits = Limits(concurrency=1)
    await late.open()
    await late.admit([entry("a", now=now, made_at=now)], limits)
    await late.accept("a", 1, "t-a", now)
    late.release("a", 1)
    await late.aclose()

    await early.open()
    soon = now + 3_600 + 60
    [verdict] = await early.admit([entry("b", now=soon, made_at=soon)], limits)
    [claimed] = await early.claim(soon)
    await early.aclose()

    assert NoCapacity() == verdict
    # It is as old as it is, by either clock.
    assert 60 == pytest.approx(claimed.task_age_s(soon), abs=5)


# What breaks.


async def test_the_server_is_started_anew_under_a_session(tmp_path: Path) -> None:
    """What was written is there; what is asked meanwhile waits until it is back."""
    server = pg_server.start()
    try:
        journal = PostgresJournal(server.url(tmp_path))
        await journal.open()
        await journal.admit([entry("a")], NO_LIMITS)
        await asyncio.to_thread(server.postgres.stop)
        accepting = asyncio.create_task(journal.accept("a", 1, "t-a", 105.0))
        admitting = asyncio.create_task(journal.admit([entry("b")], NO_LIMITS))
        await asyncio.sleep(0)
        journal.end("a", 1, ending())
        await asyncio.to_thread(server.postgres.start)

        await accepting
        assert [Granted(1)] == await admitting
        found = await journal.find("a")
        assert found is not None
        assert ("succeeded", "t-a") == (found.state, found.task_id)
        await journal.aclose()
    finally:
        server.stop()


async def test_a_session_and_a_reader_wait_for_a_server_that_starts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As long as they are told to, and say so; whoever starts them need not."""
    server = pg_server.start()
    try:
        url = server.url(tmp_path)
        journal, reader = PostgresJournal(url), PostgresReader.at(url, None)
        await asyncio.to_thread(server.postgres.stop)
        opening = asyncio.create_task(journal.open())
        looking = asyncio.create_task(reader.is_there())
        async with asyncio.timeout(60):
            while caplog.text.count("It is tried for 30 s") < 2:
                await asyncio.sleep(0.01)
        late = PostgresJournal(f"{url}&wait_s=0")
        with pytest.raises(JournalError, match=r"be reached; .* It was tried for 0 s"):
            await late.open()
        await asyncio.to_thread(server.postgres.start)

        await opening
        await looking
        assert await reader.is_there()
        assert [Granted(1)] == await journal.admit([entry("a")], NO_LIMITS)
        await journal.aclose()
    finally:
        server.stop()


async def test_nothing_is_granted_that_can_not_be_written_down(tmp_path: Path) -> None:
    """A server that stays away is told as such, and what it misses is written later."""
    server = pg_server.start()
    try:
        journal = PostgresJournal(server.url(tmp_path), wait_s=1.0)
        await journal.open()
        await journal.admit([entry("a")], NO_LIMITS)
        await asyncio.to_thread(server.postgres.stop)

        with pytest.raises(
            JournalError, match=r"be reached; .* tried for 1 s\. Nothing is sent"
        ):
            await journal.admit([entry("b")], NO_LIMITS)
        with pytest.raises(JournalError, match="can't be used"):
            await journal.note_sent("a", 1)
        with pytest.raises(JournalError, match="can't be used"):
            await journal.accept("a", 1, "t-a", 105.0)

        await asyncio.to_thread(server.postgres.start)
        assert journal._writer is not None
        journal._writer._wait_s = 30.0
        found = await journal.find("a")
        assert found is not None
        assert ("pending", "t-a") == (found.state, found.task_id)
        assert await journal.find("b") is None
        await journal.aclose()
    finally:
        server.stop()


@pytest.mark.parametrize("is_committed", [True, False])
async def test_a_link_that_breaks_at_the_commit_leaves_no_doubt(
    mine: PostgresJournal, *, is_committed: bool
) -> None:
    """The server is asked what became of it: it is done once, and not twice."""
    writer = mine._writer
    assert writer is not None
    db = await writer._link.connected()
    writer._link._db = _Breaking(db, is_committed=is_committed)

    assert [Granted(1)] == await mine.admit([entry("a")], NO_LIMITS)

    assert [{"attempt": 1}] == await query(mine, "SELECT attempt FROM jobs")
    assert [{"slots": 1}] == await query(mine, "SELECT slots FROM totals")


@attrs.define
class _Breaking:
    """A connection that breaks when it is to commit, before or after it is done."""

    db: Any
    is_committed: bool

    def __getattr__(self, name: str) -> Any:
        return getattr(self.db, name)

    async def execute(self, text: str) -> None:
        if text == "COMMIT":
            if self.is_committed:
                await self.db.execute(text)
            self.db.terminate()
            raise ConnectionResetError
        await self.db.execute(text)


async def test_what_is_granted_when_nobody_waits_any_more_is_given_back(
    mine: PostgresJournal, theirs: PostgresJournal
) -> None:
    """A cancelled wait holds neither slot nor credits, whenever it was cancelled."""
    limits = Limits(concurrency=1, max_credits=10)
    # It is on its way, and not to be stopped.
    admitting = asyncio.create_task(mine.admit([entry("a")], limits))
    for _ in range(20):
        await asyncio.sleep(0)
    admitting.cancel()
    await asyncio.wait([admitting])
    await mine.recall("whatever")
    await mine.recall("whatever")

    assert [Granted(1)] == await theirs.admit([entry("b")], limits)


@pytest.mark.parametrize("is_pooled", [True, False])
async def test_who_is_stopped_with_the_lock_in_hand_does_not_stop_the_others(
    theirs: PostgresJournal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_pooled: bool,
) -> None:
    """The server takes it back, soon."""
    monkeypatch.setattr(postgres, "IDLE_S", 1)
    url = pg_server.running().url(tmp_path, is_pooled=is_pooled)
    mine = PostgresJournal(url)
    await mine.open()
    writer = mine._writer
    assert writer is not None
    db = await writer._link.connected()
    await mine._begin(db)

    assert [Granted(1)] == await theirs.admit([entry("a")], NO_LIMITS)
    await mine.aclose()


async def test_one_that_can_not_be_written_spoils_no_other(
    mine: PostgresJournal,
) -> None:
    """Each is tried alone, where what waited together fails."""
    both = await asyncio.gather(
        mine.admit([entry("a\0b")], NO_LIMITS),
        mine.admit([entry("c")], NO_LIMITS),
        return_exceptions=True,
    )

    assert isinstance(both[0], JournalError)
    assert [Granted(1)] == both[1]


# What keeps it small.


async def test_what_is_over_moves_to_lines_that_every_machine_reads(
    mine: PostgresJournal, theirs: PostgresJournal, tmp_path: Path
) -> None:
    """Page by page; the rows keep key and money, and their keys buy nothing again."""
    keys = [f"k-{n:03}" for n in range(130)]
    await mine.admit([entry(key) for key in [*keys, "open"]], NO_LIMITS)
    for key in keys:
        await over(mine, key, clips=[{"clip_id": key}], now=110.0)
    spent, file = await mine.spending(), tmp_path / "old.jsonl"

    assert 0 == (await mine.archive(99.0, file)).jobs
    moved = await mine.archive(111.0, file)

    lines = [json.loads(one) for one in file.read_text("utf-8").splitlines()]
    assert (130, keys) == (moved.jobs, [one["key"] for one in lines])
    [row] = await query(theirs, "SELECT clips, archive FROM jobs WHERE key = 'k-129'")
    assert ("[]", str(file)) == (row["clips"], row["archive"])
    found = [await theirs.find("k-129"), await reader(theirs).find("k-129")]
    assert [[{"clip_id": "k-129"}]] * 2 == [one and one.raw_clips for one in found]
    assert spent == await theirs.spending()
    [known] = await theirs.admit([entry("k-000")], NO_LIMITS)
    assert isinstance(known, KnownKey)
    with pytest.raises(ValueError, match="give to="):
        await mine.archive(111.0)


def reader(journal: PostgresJournal) -> PostgresReader:
    return PostgresReader(journal._address)


async def test_a_vacuum_gives_the_space_back_and_keeps_nobody_waiting(
    mine: PostgresJournal, theirs: PostgresJournal, tmp_path: Path
) -> None:
    """Whoever buys meanwhile is not locked out: the tables are rewritten when alone."""
    keys = [f"k-{n}" for n in range(8)]
    await mine.admit([entry(key) for key in keys], NO_LIMITS)
    for key in keys:
        await over(mine, key, clips=[{"clip_id": os.urandom(20_000).hex()}])
    await mine.archive(111.0, tmp_path / "old.jsonl")
    [row] = await query(mine, "SELECT pg_relation_filenode('jobs') AS node")

    await mine.vacuum()
    [same] = await query(mine, "SELECT pg_relation_filenode('jobs') AS node")
    await theirs.aclose()
    before, after = await mine.vacuum()
    [other] = await query(mine, "SELECT pg_relation_filenode('jobs') AS node")
    await theirs.open()

    assert row == same != other
    assert after < before
    assert 8 == len(await mine.records())


async def test_a_list_by_state_of_a_large_journal_scans_and_compiles_nothing(
    mine: PostgresJournal,
) -> None:
    """To compile a statement takes longer than the statement."""

    def program() -> Program[tuple[str, str]]:
        [jit] = yield "SHOW jit", {}
        steps = listing.records(POSTGRES, Wanted(states=["failed"], limit=20), 1)
        statement, values = next(steps)
        for name, value in values.items():
            shown = f"'{value}'" if isinstance(value, str) else f"{value}"
            statement = statement.replace(f":{name}", shown)
        yield "SET LOCAL enable_seqscan TO off", {}
        plan = yield f"EXPLAIN {statement}", {}
        return jit["jit"], "\n".join(row["QUERY PLAN"] for row in plan)

    jit, plan = await reader(mine).run(program)

    assert "off" == jit
    assert "Index Scan Backward using jobs_made" in plan


# Its address, and what is shown of it.


def test_an_address_is_read() -> None:
    """Its own options are taken out, those of libpq stay, the password is not shown."""
    found = Address.of(
        f"postgresql://me:{SECRET}@db.example:5433/music"
        "?sslmode=require&schema=songs&lease_s=60&wait_s=5&statement_cache_size=0"
    )

    assert f"postgresql://me:{SECRET}@db.example:5433/music?sslmode=require" == (
        found.dsn
    )
    assert ("songs", 0) == (found.schema, found.cached_statements)
    assert (60.0, 5.0) == (found.lease_s, found.wait_s)
    assert "postgresql://me@db.example:5433/music?schema=songs" == found.shown
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    "rest",
    [
        f"me:{SECRET}/x@host/db",
        f"me:{SECRET}#x@host/db",
        f"me:{SECRET}?x@host/db",
        f"me:{SECRET}@[host/db",
        f"me:{SECRET}@host/db?schema=a b",
        f"me:{SECRET}@host/db?schema=Songs",
        f"me:{SECRET}@host/db?lease_s=soon",
        f"me:{SECRET}@host/db?wait_s=-1",
        f"me:{SECRET}@host/db?statement_cache_size=-1",
    ],
)
def test_an_address_that_can_not_be_read_is_refused_and_not_shown(rest: str) -> None:
    """However the password spoils it."""
    with pytest.raises(ValueError, match="Nothing was sent") as raised:
        MusicSession(journal=f"postgresql://{rest}")

    assert SECRET not in f"{raised.value!r}{raised.value.__cause__!r}"


@pytest.mark.parametrize("why", ["no server", "no database", "wrong password"])
async def test_a_password_stands_in_no_error(tmp_path: Path, why: str) -> None:
    """Nor in what the session and the journal show of themselves."""
    host = tmp_path if why == "no server" else pg_server.running().postgres.folder
    name = "nothing" if why == "no database" else "postgres"
    user = "nobody" if why == "wrong password" else "postgres"
    # What does not pass is told at once.
    wait_s = 0.2 if why == "no server" else 1e9
    url = f"postgresql://{user}:{SECRET}@/{name}?host={host}"
    journal = PostgresJournal(url, wait_s=wait_s)

    with pytest.raises(JournalError, match="can't be used") as raised:
        await journal.open()

    shown = f"{raised.value}{raised.value.__cause__!r}{journal!r}{journal.shown}"
    assert SECRET not in shown


# Its tables.


async def test_a_journal_of_a_newer_version_is_left_as_it_is(
    mine: PostgresJournal, tmp_path: Path
) -> None:
    """What it means by its rows is not guessed."""
    await query(mine, "UPDATE about SET value = '99' WHERE name = 'version'")

    with pytest.raises(JournalError, match="Upgrade aiomusic"):
        await postgres_journal(tmp_path).open()


async def test_a_schema_of_another_program_is_left_as_it_is(tmp_path: Path) -> None:
    """It is not filled up with tables that it does not know."""
    journal = postgres_journal(tmp_path)
    schema = journal._address.schema
    await query(journal, f"CREATE SCHEMA {schema}")
    await query(journal, f"CREATE TABLE {schema}.songs (name TEXT)")

    with pytest.raises(JournalError, match="another program's"):
        await journal.open()


async def test_those_who_come_at_once_make_the_tables_once(tmp_path: Path) -> None:
    """One does so, and the others find them."""
    journals = [postgres_journal(tmp_path) for _ in range(8)]

    await asyncio.gather(*(journal.open() for journal in journals))

    [row] = await query(journals[0], "SELECT value FROM about WHERE name = 'version'")
    assert str(len(STEPS)) == row["value"]
    await asyncio.gather(*(journal.aclose() for journal in journals))


@pytest.mark.parametrize("is_pooled", [True, False])
async def test_a_pooler_is_seen(tmp_path: Path, *, is_pooled: bool) -> None:
    """Before it, nothing is prepared; sessions share its two connections."""
    url = pg_server.running().url(tmp_path, is_pooled=is_pooled)
    journals = [PostgresJournal(url) for _ in range(6)]
    for journal in journals:
        await journal.open()

    async def buy(journal: PostgresJournal, number: int) -> None:
        for n in range(5):
            key = f"{number}-{n}"
            assert [Granted(1)] == await journal.admit([entry(key)], NO_LIMITS)
            assert await journal.note_sent(key, 1)
            await over(journal, key)

    await asyncio.gather(*(buy(one, n) for n, one in enumerate(journals)))

    links = [one._writer._link for one in journals if one._writer is not None]
    assert [is_pooled] * 6 == [link.is_pooled for link in links]
    assert 30 == (await journals[0].spending())["suno.create"].jobs
    for journal in journals:
        await journal.aclose()


def test_parameters_are_numbered_once_each() -> None:
    """A cast is none."""
    text, names = numbered("SELECT :a::text, :b, :a WHERE c = :clip_2")

    assert ("SELECT $1::text, $2, $1 WHERE c = $3", ("a", "b", "clip_2")) == (
        text,
        names,
    )


# In a session.


async def test_a_session_keeps_its_jobs_in_postgresql(tmp_path: Path) -> None:
    """The second session is given the song of the first."""
    url = pg_server.running().url(tmp_path)
    async with Emulator(pace=Pace.polls(), media=False) as api:
        clips = []
        for _ in range(2):
            async with MusicSession(
                api.key, base_url=api.url, journal=url, clock=AutojumpClock()
            ) as music:
                job = music.submit(suno.Create(description="rain"), key="song")
                clips.append([clip.clip_id for clip in await job])

        assert (1, clips[0]) == (api.submissions, clips[1])


async def test_a_session_takes_over_what_another_machine_has_left(
    tmp_path: Path,
) -> None:
    """Though it waits for nothing itself: the song is paid for, and kept."""
    url = pg_server.running().url(tmp_path, options="&lease_s=1")
    async with Emulator(pace=Pace.polls(), media=False) as api:
        async with MusicSession(api.key, base_url=api.url, poll_every_s=0.05) as music:
            job = music.suno.create("rain")
            await job
        gone = PostgresJournal(url)
        await gone.open(Identity(base_url=api.url, key=api.key))
        await gone.admit([entry("song", now=time.time())], NO_LIMITS)
        assert job.task_id is not None
        await gone.accept("song", 1, job.task_id, time.time())
        await crash(gone)

        async with MusicSession(
            api.key, base_url=api.url, journal=url, poll_every_s=0.05
        ) as music:
            async with asyncio.timeout(60):
                while (found := await music.job("song")) and found.is_open:
                    await asyncio.sleep(0.05)

    assert found is not None
    assert ("succeeded", job.task_id, 2) == (
        found.state,
        found.task_id,
        len(found.clips),
    )
    assert 1 == api.submissions
