"""What a network does between a journal's server, its sessions, and the service."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import pg_server
import pytest
from journaling import NO_LIMITS, ending, entry, postgres_journal, query
from wires import Wire

from aiomusic import JournalError, MusicJob, MusicSession
from aiomusic._clock import SystemClock, Timer
from aiomusic.emulator import Emulator, Pace
from aiomusic.journal import Granted, KnownKey, _postgres_link
from aiomusic.journal.postgres import PostgresJournal

pytestmark = [pytest.mark.anyio, pg_server.NEEDED]

BOUND_S = 60
NEVER = 10**9


def through(wire: Wire, folder: Path, options: str = "") -> str:
    """Return the address of a test's journal, on the other end of a wire."""
    schema = postgres_journal(folder)._address.schema
    host = f"127.0.0.1:{wire.port}"
    return f"postgresql://postgres@{host}/postgres?schema={schema}{options}"


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with Wire(pg_server.running().socket) as made:
        yield made


async def until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(BOUND_S):
        while not is_so():
            await asyncio.sleep(0.01)


# Between a session and the journal's server.


async def test_wherever_the_wire_is_cut_each_thing_is_written_once(
    wire: Wire, tmp_path: Path
) -> None:
    """In the middle of any message, either way: it goes on over a new connection."""
    journal = PostgresJournal(through(wire, tmp_path, "&statement_cache_size=0"))
    await journal.open()
    for n in range(1, 40, 6):
        wire.cut_after = wire.passed + n
        key = f"k-{n}"

        assert [Granted(1)] == await journal.admit([entry(key)], NO_LIMITS)
        assert await journal.note_sent(key, 1)
        await journal.accept(key, 1, f"t-{key}", 105.0)
        await journal.settle(key, 1, ending())

    assert wire.cut_after is not None
    await journal.aclose()
    [sums] = await query(journal, "SELECT slots, reserved, spent FROM totals")
    jobs = await query(journal, "SELECT DISTINCT key FROM jobs WHERE spent = 10")
    assert (0, 0, 10 * len(jobs)) == tuple(sums.values())
    assert 7 == len(jobs)


async def test_a_wire_that_goes_silent_is_given_up_and_nothing_is_granted(
    wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that still takes connections; what happened is written afterwards."""
    monkeypatch.setattr(_postgres_link, "CONNECT_S", 0.2)
    monkeypatch.setattr(_postgres_link, "COMMAND_S", 0.2)
    journal = PostgresJournal(through(wire, tmp_path, "&wait_s=1"))
    await journal.open()
    await journal.admit([entry("a")], NO_LIMITS)
    wire.is_silent = True

    with pytest.raises(JournalError, match=r"not answer in time\. .*tried for 1 s"):
        await journal.admit([entry("b")], NO_LIMITS)
    with pytest.raises(JournalError, match="can't be used"):
        await journal.note_sent("a", 1)
    with pytest.raises(JournalError, match="can't be used"):
        await PostgresJournal(through(wire, tmp_path, "&wait_s=0")).open()
    journal.end("a", 1, ending("no", "failed"))
    monkeypatch.undo()
    # The connections that hang are not mended.
    wire.is_silent = False

    async with asyncio.timeout(BOUND_S):
        while (await query(journal, "SELECT state FROM jobs")) != [{"state": "failed"}]:
            await asyncio.sleep(0.01)
    await journal.aclose()


async def test_over_a_wire_that_is_slow_nothing_leaves_whose_lease_may_be_over(
    wire: Wire, tmp_path: Path
) -> None:
    """Though the server itself answers at once."""
    journal = PostgresJournal(through(wire, tmp_path, "&lease_s=1"))
    await journal.open()
    await journal.admit([entry("a")], NO_LIMITS)
    wire.delay_s = 0.3

    with pytest.raises(JournalError, match="was slow, .* Nothing was sent"):
        await journal.note_sent("a", 1)

    wire.delay_s = 0.0
    await journal.aclose()
    [row] = await query(journal, "SELECT state, begun FROM jobs")
    assert {"state": "queued", "begun": False} == row


# Between two machines, the server, and the service.


@attrs.define
class _OffClock:
    """The time of a machine whose clock is wrong."""

    off_s: float
    right: SystemClock = attrs.field(factory=SystemClock)

    def now(self) -> float:
        return self.right.now()

    def wall(self) -> float:
        return self.right.wall() + self.off_s

    async def sleep(self, seconds: float) -> None:
        await self.right.sleep(seconds)

    def call_at(self, when: float, wake: Callable[[], None]) -> Timer:
        return self.right.call_at(when, wake)


async def owner_of(journal: PostgresJournal, key: str) -> object:
    rows = await query(journal, f"SELECT owner FROM jobs WHERE key = '{key}'")
    return rows[0]["owner"] if rows else None


async def test_a_machine_that_is_cut_off_loses_its_task_to_one_whose_clock_is_wrong(
    wire: Wire, tmp_path: Path
) -> None:
    """When its lease is over by the server's clock, and no sooner; it is paid once."""
    asking = postgres_journal(tmp_path)
    async with Emulator(pace=Pace.polls(pending=NEVER), media=False) as api:
        host = urlsplit(api.url)
        async with Wire((host.hostname or "", host.port or 0)) as to_service:
            base_url = f"http://127.0.0.1:{to_service.port}"
            far = MusicSession(
                api.key,
                base_url=base_url,
                account="us",
                journal=through(wire, tmp_path, "&lease_s=3"),
                clock=_OffClock(3_600.0),
                poll_every_s=0.05,
            )
            near = MusicSession(
                api.key,
                base_url=base_url,
                account="us",
                journal=through_socket(tmp_path),
                clock=_OffClock(-3_600.0),
                poll_every_s=0.05,
            )
            async with far, near:
                lost = far.suno.create("rain", key="song")
                await until(lambda: lost.task_id)
                first = await owner_of(asking, "song")
                # It is alive, by whichever clock.
                assert [] == await near.resume()
                [row] = await query(asking, "SELECT made_at, accepted_at FROM jobs")
                assert all(abs(at - time.time()) < BOUND_S for at in row.values())

                wire.is_silent = True
                to_service.cut()
                async with asyncio.timeout(BOUND_S):
                    while await owner_of(asking, "song") in {first, None}:
                        await asyncio.sleep(0.05)
                assert lost.task_id is not None
                await api.finish(lost.task_id)
                assert 2 == len(await near.suno.create("rain", key="song"))
                wire.mend()
                assert 2 == len(await lost)

    assert 1 == api.submissions
    [row] = await query(asking, "SELECT state, spent FROM jobs")
    assert {"state": "succeeded", "spent": 10} == row


def through_socket(folder: Path) -> str:
    return pg_server.running().url(folder, options="&lease_s=3")


async def test_a_service_that_takes_connections_and_is_silent_is_asked_again(
    tmp_path: Path,
) -> None:
    """A poll that hangs or breaks loses no task, and buys nothing again."""
    async with Emulator(pace=Pace.polls(pending=NEVER), media=False) as api:
        host = urlsplit(api.url)
        async with (
            Wire((host.hostname or "", host.port or 0)) as to_service,
            MusicSession(
                api.key,
                base_url=f"http://127.0.0.1:{to_service.port}",
                journal=through_socket(tmp_path),
                request_timeout_s=0.3,
                poll_every_s=0.05,
            ) as music,
        ):
            job: MusicJob[object] = music.suno.create("rain", key="song")
            await until(lambda: job.task_id)
            to_service.is_silent = True
            await until(lambda: to_service.swallowed > 1)
            to_service.mend()
            to_service.delay_s = 0.1
            polls = job.polls
            await until(lambda: job.polls > polls)
            assert job.task_id is not None
            await api.finish(job.task_id)

            assert await job

    assert 1 == api.submissions


async def test_a_key_that_both_machines_ask_for_is_bought_once_over_bad_wires(
    wire: Wire, tmp_path: Path
) -> None:
    """Whoever of them is cut off just then."""
    journals = [
        PostgresJournal(through(wire, tmp_path)),
        postgres_journal(tmp_path),
    ]
    for journal in journals:
        await journal.open()
    for n in range(0, 12, 2):
        wire.cut_after = wire.passed + n + 1
        verdicts = await asyncio.gather(
            *(journal.admit([entry(f"k-{n}")], NO_LIMITS) for journal in journals)
        )

        kinds = sorted(type(one).__name__ for [one] in verdicts)
        assert [Granted.__name__, KnownKey.__name__] == kinds
    for journal in journals:
        await journal.aclose()
