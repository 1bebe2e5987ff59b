"""A batch pulls as slots free up, gives jobs as they finish, and stops by rule."""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from aiomusic import (
    BudgetExceeded,
    JobFailed,
    JobState,
    MusicSession,
    Request,
    riffusion,
    wait_all,
)
from aiomusic.emulator import Emulator, Pace
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    async with Emulator(pace=Pace.polls(), media=False, credits=100_000) as api:
        yield api


@pytest.fixture
async def music(api: Emulator) -> AsyncIterator[MusicSession]:
    async with MusicSession(
        api_key=api.key, base_url=api.url, concurrency=5, poll_every_s=0.001
    ) as music:
        yield music


class Source:
    """Requests, and how many of them were taken."""

    def __init__(self, size: int, failing: int = 0) -> None:
        self.size = size
        self.failing = failing
        self.taken = 0

    def __iter__(self) -> Iterator[Request[object]]:
        for number in range(self.size):
            self.taken += 1
            fails = self.failing and number % self.failing == 0
            yield riffusion.Create("[[fail]]" if fails else f"song {number}")


async def test_every_request_is_given_once(music: MusicSession) -> None:
    """As many jobs come out as requests went in, each of them over."""
    jobs = [job async for job in music.run(Source(40))]

    assert 40 == len(set(jobs))
    assert {JobState.SUCCEEDED} == {job.state for job in jobs}


async def test_requests_are_taken_only_as_slots_free_up(music: MusicSession) -> None:
    """A source is never read further ahead than what may be in flight, twice."""
    source, ahead, given = Source(60), 0, 0

    async for _ in music.run(source):
        given += 1
        ahead = max(ahead, source.taken - given)

    assert 60 == given
    assert ahead <= 10


@pytest.mark.parametrize("ordered", [False, True], ids=["as they end", "ordered"])
async def test_a_million_requests_are_not_read_ahead(
    music: MusicSession, ordered: bool
) -> None:
    """However long a source is, and however slowly its jobs are taken."""
    source, given, ahead = Source(1_000_000), 0, 0

    async for _ in music.run(source, ordered=ordered):
        given += 1
        for _ in range(20):
            await asyncio.sleep(0)
        ahead = max(ahead, source.taken - given)
        if given == 100:
            break

    assert ahead <= 10


async def test_jobs_can_come_in_the_order_of_their_requests(
    music: MusicSession,
) -> None:
    """The order is kept, whichever is done first."""
    songs = {f"key {n}": riffusion.Create(f"song {n}") for n in range(20)}

    keys = [job.key async for job in music.run(songs.items(), ordered=True)]

    assert list(songs) == keys


async def test_a_source_may_be_asynchronous(music: MusicSession) -> None:
    """Requests can come from a queue, say."""

    async def source() -> AsyncIterator[Request[object]]:
        for number in range(3):
            yield riffusion.Create(f"song {number}")

    assert 3 == len([job async for job in music.run(source())])


async def test_failures_stop_the_taking_and_lose_nothing(
    api: Emulator, music: MusicSession
) -> None:
    """After three failures no more are taken, and what is in flight is given."""
    source = Source(1_000, failing=2)

    jobs = [job async for job in music.run(source, stop_after_failures=3)]

    assert source.taken == len(jobs) == api.submissions < 50
    assert all(job.done() for job in jobs)


async def test_a_source_that_is_waited_for_is_not_bought_from_after_the_stop(
    api: Emulator, music: MusicSession
) -> None:
    """A rule ends the run though its source keeps quiet, and buys nothing more."""
    is_stopped = asyncio.Event()

    async def source() -> AsyncIterator[Request[object]]:
        yield riffusion.Create("[[fail]]")
        await is_stopped.wait()
        yield riffusion.Create("song")

    async with asyncio.timeout(5):
        jobs = [job async for job in music.run(source(), stop_after_failures=1)]

    assert [JobState.FAILED] == [job.state for job in jobs]
    assert 1 == api.submissions


async def test_what_a_source_yields_after_the_stop_is_not_bought(
    api: Emulator, music: MusicSession
) -> None:
    """Though others are in flight still, and are given."""
    is_stopped = asyncio.Event()

    async def source() -> AsyncIterator[Request[object]]:
        yield riffusion.Create("[[fail]]")
        yield riffusion.Create("song")
        await is_stopped.wait()
        yield riffusion.Create("another")

    given = 0
    async for _ in music.run(source(), stop_after_failures=1):
        given += 1
        is_stopped.set()

    assert 2 == given == api.submissions


@pytest.mark.parametrize("most", [0, -1])
async def test_a_run_that_may_not_begin_is_refused(
    music: MusicSession, most: int
) -> None:
    """A rule that has struck before the first job is a mistake."""
    with pytest.raises(ValueError, match="stop_after_failures is .* 1 or more"):
        music.run([riffusion.Create("song")], stop_after_failures=most)


async def test_the_budget_stops_the_taking(api: Emulator) -> None:
    """A used-up budget is found out once for what was taken, and then no more."""
    source = Source(1_000)
    async with MusicSession(
        api_key=api.key,
        base_url=api.url,
        concurrency=5,
        max_credits=100,
        poll_every_s=0.001,
    ) as music:
        jobs = [job async for job in music.run(source)]

    assert 10 == api.submissions
    assert 10 == len([job for job in jobs if job.state is JobState.SUCCEEDED])
    assert {BudgetExceeded} == {type(job.error) for job in jobs[10:]}
    assert source.taken < 50


async def test_leaving_early_leaves_what_is_in_flight_to_the_session(
    api: Emulator,
) -> None:
    """Nothing that was bought is dropped with the loop."""
    async with MusicSession(
        api_key=api.key, base_url=api.url, concurrency=5, poll_every_s=0.001
    ) as music:
        run = music.run(Source(1_000))
        async for _ in run:
            break
        await run.aclose()
        jobs = list(music._engine.ledger.open_jobs.values()) if music._engine else []

    assert {JobState.SUCCEEDED} >= {job.state for job in jobs}
    assert api.submissions < 20


async def test_a_source_that_raises_is_heard_after_what_was_bought(
    music: MusicSession,
) -> None:
    """Its error arrives as it is, and the jobs before it first."""

    def source() -> Iterator[Request[object]]:
        yield riffusion.Create("song")
        message = "mine"
        raise LookupError(message)

    given = []
    with pytest.raises(LookupError, match="^mine$"):
        async for job in music.run(source()):
            state = job.state
            given.append(state)

    assert [JobState.SUCCEEDED] == given


async def test_one_key_twice_is_one_job(api: Emulator, music: MusicSession) -> None:
    """A pair that is repeated while its job is open buys nothing."""
    pairs = [("same", riffusion.Create("song"))] * 3

    jobs = [job async for job in music.run(pairs)]

    assert 1 == len(jobs) == api.submissions


async def test_what_was_learned_is_kept_in_the_journal(
    api: Emulator, tmp_path: Path
) -> None:
    """The next session knows how long tasks take."""
    options = {"api_key": api.key, "base_url": api.url, "poll_every_s": 0.001}
    journal = tmp_path / "songs.db"
    async with MusicSession(**options, journal=journal) as music:  # type: ignore[arg-type]
        await music.riffusion.create("song")

    async with MusicSession(**options, journal=journal) as music:  # type: ignore[arg-type]
        assert music._schedule is not None
        state = music._schedule.to_state()

    assert ["riffusion/create/FUZZ-1.1 Pro"] == list(state["whole"])


async def test_what_a_killed_session_has_learned_is_kept(
    api: Emulator, tmp_path: Path
) -> None:
    """It is written down now and then, not only when the session is closed cleanly."""
    journal = tmp_path / "songs.db"
    async with MusicSession(
        api.key, base_url=api.url, journal=journal, clock=AutojumpClock()
    ) as music:
        await music.riffusion.create("song")
        await music.jobs()

        with contextlib.closing(sqlite3.connect(journal)) as db:
            [(kept,)] = db.execute("SELECT value FROM kept WHERE name = 'learned'")

    assert ["riffusion/create/FUZZ-1.1 Pro"] == list(json.loads(kept)["whole"])


@pytest.mark.parametrize("state", ["7", '{"version": 2, "whole": 1}', "[]"])
async def test_a_learned_state_that_is_damaged_is_learned_anew(
    api: Emulator, tmp_path: Path, state: str
) -> None:
    """It costs some polls, and no session."""
    journal = tmp_path / "songs.db"
    options: dict[str, Any] = {"base_url": api.url, "journal": journal}
    async with MusicSession(api.key, **options):
        pass
    with contextlib.closing(sqlite3.connect(journal)) as db, db:
        db.execute("REPLACE INTO kept VALUES ('learned', ?)", (state,))

    async with MusicSession(api.key, **options, clock=AutojumpClock()) as music:
        clips = await music.riffusion.create("song")

    assert 2 == len(clips)


async def test_many_jobs_are_waited_for_at_once(music: MusicSession) -> None:
    """Results stand in the order of the jobs, and an error in its job's place."""
    prompts = ["one", "[[fail]]", "two"]

    one, failed, two = await wait_all(music.riffusion.create(p) for p in prompts)

    assert isinstance(failed, JobFailed)
    assert [2, 2] == [len(clips) for clips in (one, two) if isinstance(clips, tuple)]


async def test_waiting_for_many_makes_no_tasks(music: MusicSession) -> None:
    """However many are waited for, it is the waiter alone that waits."""
    jobs = [music.riffusion.create(f"song {n}") for n in range(50)]
    waiter = asyncio.create_task(wait_all(jobs))
    await asyncio.sleep(0)

    watched = [job for job in jobs if job._waiters or getattr(job, "_enders", None)]
    outcomes = await waiter

    assert [jobs[0]] == watched
    assert 50 == len(outcomes)


async def test_whoever_stops_waiting_for_many_touches_none(
    music: MusicSession,
) -> None:
    """A wait that is cancelled costs no job."""
    jobs = [music.riffusion.create(f"song {n}") for n in range(3)]

    with pytest.raises(TimeoutError, match="^$"):
        async with asyncio.timeout(0):
            await wait_all(jobs)

    assert [2, 2, 2] == [len(await job) for job in jobs]


async def test_nothing_to_wait_for_is_no_wait() -> None:
    """No jobs, no results."""
    assert [] == await wait_all([])
