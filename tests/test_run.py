"""Whatever happens while a session is closed, each job's money is told as it is."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from aiomusic import (
    BudgetExceeded,
    InvalidRequest,
    JobCancelled,
    JobState,
    JobTimedOut,
    MusicJob,
    MusicSession,
    SubmissionUnknown,
)
from aiomusic.emulator import Emulator, Pace
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    async with Emulator(preview_s=20, pace=Pace.polls(), media=False) as api:
        yield api


def session(api: Emulator, **options: object) -> MusicSession:
    settings = {"api_key": api.key, "base_url": api.url, "poll_every_s": 0.001}
    return MusicSession(**{**settings, **options})  # type: ignore[arg-type]


async def reach(job: MusicJob[object], state: JobState) -> None:
    async for update in job.updates():
        if update.state is state:
            return


async def test_a_second_cancellation_while_leaving_tells_the_truth(
    api: Emulator,
) -> None:
    """A create on the wire is unknown, not unpaid, and nothing is left running."""
    api.fault("hang", on="create")
    jobs: list[MusicJob[object]] = []
    music = session(api)

    async def work() -> None:
        async with music:
            jobs.append(music.riffusion.create("song"))
            await asyncio.get_running_loop().create_future()

    task = asyncio.create_task(work())
    while not api.submissions:
        await asyncio.sleep(0.001)
    task.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError, match="^$"):
        await task

    with pytest.raises(SubmissionUnknown, match="on the wire") as caught:
        await jobs[0]
    assert "unknown" == caught.value.charged
    assert not [t for t in asyncio.all_tasks() if t.get_name().startswith("aiomusic")]
    async with music:
        assert 2 == len(await music.riffusion.create("again"))


async def test_a_log_that_raises_costs_no_job(api: Emulator) -> None:
    """A handler of the caller's that fails changes nothing."""

    class Raising(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError(record.getMessage())

    logger, handler = logging.getLogger("aiomusic"), Raising()
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.DEBUG)
    try:
        async with session(api) as music:
            clips = await music.riffusion.create("song")
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)

    assert 2 == len(clips)


async def test_an_abandoned_task_stays_paid_in_the_next_entry(api: Emulator) -> None:
    """Credits of a task that was given up are spent, not reserved for ever."""
    music = session(api, max_credits=20)
    async with music:
        job = music.riffusion.create("given up")
        await reach(job, JobState.PENDING)
        job.cancel()
    async with music:
        await music.riffusion.create("one more")
        with pytest.raises(BudgetExceeded, match="20 of max_credits=20"):
            await music.riffusion.create("one too many")

    assert 20 == api.charged


async def test_a_job_that_waits_for_a_429_is_cancelled_unpaid(api: Emulator) -> None:
    """The last answer was a refusal, so nothing is owed, and the slot is free."""
    api.fault("status", on="create", status=429, retry_after=200)
    async with session(api, concurrency=1, on_exit="detach") as music:
        job = music.riffusion.create("song")
        await reach(job, JobState.SUBMITTING)
        while not api.requests:
            await asyncio.sleep(0.001)
        while job._is_sent:
            await asyncio.sleep(0)

        job.cancel()

        with pytest.raises(JobCancelled, match="it costs nothing") as caught:
            await job

    assert "no" == caught.value.charged


async def test_waiting_for_a_queued_job_does_not_call_it_paid(api: Emulator) -> None:
    """The error of a limited wait tells the money of the job as it is."""
    async with session(api) as music:
        job = music.riffusion.create("song")
        with pytest.raises(JobTimedOut, match="queued") as queued:
            await job.wait(timeout_s=0)
        await reach(job, JobState.PENDING)
        with pytest.raises(JobTimedOut, match="It goes on") as sent:
            await job.wait(timeout_s=0)

    assert ("no", "yes") == (queued.value.charged, sent.value.charged)


async def test_a_clean_exit_waits_for_what_waiters_do_next(api: Emulator) -> None:
    """A task that makes a job after a job is not cut off between the two."""
    results: list[int] = []

    async def chain(music: MusicSession) -> None:
        for number in range(3):
            clips = await music.riffusion.create(f"song {number}")
            results.append(len(clips))

    async with session(api) as music:
        task = asyncio.create_task(chain(music))
        await asyncio.sleep(0)
    await task

    assert [2, 2, 2] == results


@pytest.mark.slow
async def test_a_clean_exit_waits_for_what_is_being_saved(tmp_path: Path) -> None:
    """Files that were asked for are there when the session is closed, and noted."""
    journal = tmp_path / "songs.db"
    async with Emulator(preview_s=20, pace=Pace.polls()) as api:
        async with session(api, journal=journal) as music:
            job = music.nuro.create_instrumental("calm piano", duration=2)
            await job
            saving = asyncio.create_task(job.save(tmp_path))
            await asyncio.sleep(0)

        paths = await saving
        async with session(api, journal=journal) as music:
            (record,) = await music.jobs()

    assert [True] == [path.is_file() for path in paths]
    assert [str(path.resolve()) for path in paths] == record.files


async def test_a_fast_pace_outlasts_an_outage(api: Emulator) -> None:
    """However often polls are made, failures are told apart by minutes."""
    clock = AutojumpClock()
    api.fault("status", on="poll", status=503, times=19)

    async with session(api, clock=clock, poll_every_s=0) as music:
        clips = await music.riffusion.create("song")

    assert 2 == len(clips)
    assert clock.now() > 120


async def test_a_session_of_the_callers_that_raises_for_status_changes_nothing(
    api: Emulator,
) -> None:
    """A refusal is a refusal, whatever the injected session is set to."""
    api.fault("status", on="create", status=400, body={"message": "No."})

    async with (
        aiohttp.ClientSession(raise_for_status=True) as http,
        session(api, http=http) as music,
    ):
        with pytest.raises(InvalidRequest, match="No"):
            await music.riffusion.create("song")


@pytest.mark.parametrize("status", [200, 401], ids=["yes", "no"])
async def test_a_key_from_a_callable_is_shown_nowhere_either(
    api: Emulator, status: int
) -> None:
    """A reply that repeats the key does not put it into an error, whatever it says."""
    body = {"code": 401, "error": f"invalid key {api.key}"}
    api.fault("status", on="create", status=status, body=body)

    async def give() -> str:
        return api.key

    async with session(api, api_key=give) as music:
        with pytest.raises(Exception, match=r"invalid key \[hidden\]") as caught:
            await music.riffusion.create("song")

    assert api.key not in repr(caught.value)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:99999", "http://u:p@127.0.0.1:9", "http://127.0.0.1:9/?x=1"],
    ids=["port", "user", "query"],
)
async def test_an_address_that_can_not_be_meant_is_refused(url: str) -> None:
    """It is refused when the session is entered, and no password of it is shown."""
    with pytest.raises(ValueError, match="base_url") as caught:
        async with MusicSession("k", base_url=url):
            pass

    assert "u:p" not in str(caught.value)


async def test_a_key_that_is_no_key_is_refused_at_the_door(api: Emulator) -> None:
    """Bytes, say, are refused before any job waits for them."""
    with pytest.raises(Exception, match="api_key must be text"):
        async with session(api, api_key=b"bytes"):
            pass


async def test_a_plain_callable_gives_a_key_too(api: Emulator) -> None:
    """It need not be asynchronous."""
    async with session(api, api_key=lambda: api.key) as music:
        balance = await music.credits()

    assert 1000 == balance.total
