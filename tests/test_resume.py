"""After a crash, or another day: the same journal, the same jobs, and no bill."""

import asyncio
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from aiomusic import (
    BudgetExceeded,
    Charged,
    ContentRefused,
    JobCancelled,
    JobDetached,
    JobState,
    JournalError,
    MusicJob,
    MusicSession,
    SubmissionUnknown,
    lyrics,
    riffusion,
    suno,
)
from aiomusic.emulator import Emulator, Pace
from aiomusic.journal import Spending
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    async with Emulator(pace=Pace.polls(), media=False) as api:
        yield api


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "songs.db"


def session(api: Emulator, path: Path, **options: object) -> MusicSession:
    given = {
        "api_key": api.key,
        "base_url": api.url,
        "clock": AutojumpClock(),
        "journal": path,
    }
    return MusicSession(**{**given, **options})  # type: ignore[arg-type]


# Leaves before anything is polled twice.
SLOW: dict[str, object] = {"on_exit": "detach", "clock": None, "poll_every_s": 1_000}


async def reach(job: MusicJob[object], state: JobState) -> None:
    async for update in job.updates():
        if update.state is state:
            return


async def left(api: Emulator, path: Path, *keys: str) -> list[MusicJob[object]]:
    """Buy a song for each key, and leave before one is polled."""
    music = session(api, path, **SLOW)
    async with music:
        jobs: list[MusicJob[object]] = []
        for key in keys:
            job = music.riffusion.create(f"song {key}", key=key, metadata={"n": key})
            jobs.append(job)
            await reach(job, JobState.PENDING)
    return jobs


async def lost(api: Emulator, path: Path) -> MusicJob[object]:
    """Buy a song whose answer is lost."""
    api.fault("drop_after_body", on="create")
    async with session(api, path) as music:
        job = music.riffusion.create("lost", key="k", metadata={"n": 1})
        with pytest.raises(SubmissionUnknown, match="may have been charged"):
            await job
    return job


async def test_every_job_that_is_not_over_comes_back_alive(
    api: Emulator, path: Path
) -> None:
    """In one call, oldest first, with metadata, request and task, unpaid."""
    before = await left(api, path, "a", "b", "c")

    async with session(api, path) as music:
        jobs = await music.resume()
        clips = [await job for job in jobs]

    assert ["a", "b", "c"] == [job.key for job in jobs]
    assert [job.task_id for job in before] == [job.task_id for job in jobs]
    assert [{"n": "a"}, {"n": "b"}, {"n": "c"}] == [job.metadata for job in jobs]
    assert riffusion.Create("song a") == jobs[0].request
    assert [2, 2, 2] == [len(found) for found in clips]
    assert (3, 30) == (api.submissions, api.charged)


async def test_what_is_over_does_not_come_back(api: Emulator, path: Path) -> None:
    """A second resume finds nothing to do."""
    await left(api, path, "a")
    async with session(api, path) as music:
        for job in await music.resume():
            await job

    async with session(api, path) as music:
        assert [] == await music.resume()


async def test_resuming_twice_gives_the_same_jobs(api: Emulator, path: Path) -> None:
    """What is followed here already is not followed twice."""
    await left(api, path, "a")
    async with session(api, path, **SLOW) as music:
        first = await music.resume()

        assert [] == await music.resume()
        assert first[0] is music.submit(riffusion.Create("song a"), key="a")


async def test_what_another_living_session_follows_is_left_to_it(
    api: Emulator, path: Path
) -> None:
    """Two resumes do not take one job."""
    await left(api, path, "a")
    async with session(api, path, **SLOW) as one, session(api, path) as other:
        found = await one.resume(), await other.resume()

        assert [1, 0] == [len(jobs) for jobs in found]


async def test_without_a_journal_there_is_nothing_to_resume(api: Emulator) -> None:
    """It is no error to ask."""
    async with session(api, Path(), journal=None) as music:
        assert [] == await music.resume()
        assert [] == await music.jobs()
        assert {} == await music.spending()


async def test_an_attached_task_is_resumed_too(api: Emulator, path: Path) -> None:
    """It has no request, and costs nothing here."""
    async with session(api, path, journal=None, on_exit="detach") as music:
        made = music.riffusion.create("elsewhere")
        await reach(made, JobState.PENDING)
    assert made.task_id is not None
    async with session(api, path, **SLOW) as music:
        music.attach("riffusion", made.task_id, key="x", metadata={"n": 1})

    async with session(api, path) as music:
        [job] = await music.resume()
        clips = await job

        assert {} == await music.spending()
    assert (2, "x", None, 0, {"n": 1}) == (
        len(clips),
        job.key,
        job.request,
        job.cost,
        job.metadata,
    )


async def test_an_unknown_job_is_listed_with_what_is_known(
    api: Emulator, path: Path
) -> None:
    """Request, times, and the balance on both sides of it."""
    await lost(api, path)

    async with session(api, path) as music:
        [job] = await music.resume()
        [record] = await music.jobs()
        with pytest.raises(
            SubmissionUnknown, match=r"balance was 1000 credits before it and is 990"
        ) as caught:
            await job

    assert (JobState.UNKNOWN, "unknown", "k") == (
        job.state,
        caught.value.charged,
        caught.value.key,
    )
    assert (riffusion.Create("lost"), {"n": 1}) == (job.request, job.metadata)
    assert (1000, 990) == (record.balance_before, record.balance_after)
    assert record.raw_request == {"kind": "riffusion.create", "prompt": "lost"}
    assert record.sent_at is not None
    assert record.ended_at is not None
    assert record.sent_at <= record.ended_at


async def test_resubmitting_buys_again_and_says_so(api: Emulator, path: Path) -> None:
    """The first purchase stays counted, and the job is unknown no more."""
    await lost(api, path)

    async with session(api, path) as music:
        [job] = await music.resume()
        clips = await job.resubmit()

        assert (
            Spending(jobs=2, credits=20)
            == ((await music.spending())["riffusion.create"])
        )
        assert [] == await music.resume()
        assert [2] == [record.attempt for record in await music.jobs()]
    assert (2, 2, 20) == (len(clips), api.submissions, api.charged)


async def test_giving_up_closes_it_for_good(api: Emulator, path: Path) -> None:
    """It is counted as paid, listed no more, and its key is not bought again."""
    await lost(api, path)
    async with session(api, path) as music:
        [job] = await music.resume()
        job.give_up()

        assert JobState.CANCELLED is job.state

    async with session(api, path) as music:
        assert [] == await music.resume()
        with pytest.raises(JobCancelled, match="was given up") as caught:
            await music.riffusion.create("lost", key="k")
        assert 10 == (await music.spending())["riffusion.create"].credits
    assert ("unknown", 1) == (caught.value.charged, api.submissions)


async def test_nothing_is_resubmitted_by_itself(api: Emulator, path: Path) -> None:
    """However often the session is opened."""
    await lost(api, path)
    for _ in range(3):
        async with session(api, path) as music:
            await music.resume()

    assert 1 == api.submissions


async def test_a_cancelled_job_that_succeeded_is_had_by_its_key(
    api: Emulator, path: Path
) -> None:
    """To cancel ends the waiting; the song that was paid for is there."""
    async with session(api, path) as music:
        job = music.riffusion.create("rain", key="k")
        await reach(job, JobState.PENDING)
        job.cancel()
        other = music.riffusion.create("snow")
        await other
        while (await music.jobs())[0].is_open:
            await asyncio.sleep(0)
    async with session(api, path) as music:
        again = music.riffusion.create("rain", key="k")
        assert 2 == len(await again)

    with pytest.raises(JobCancelled, match=r"music\.attach\('riffusion'") as caught:
        await job
    assert "yes" == caught.value.charged
    assert 2 == api.submissions


async def test_a_create_that_is_cut_off_is_unknown(api: Emulator, path: Path) -> None:
    """Leaving while the service is silent does not make it unpaid."""
    api.fault("hang", on="create")
    music = session(api, path, clock=None, on_exit="detach")
    async with music:
        job = music.riffusion.create("rain", key="k")
        await reach(job, JobState.SUBMITTING)
        while not api.submissions:
            await asyncio.sleep(0.001)
        # As if the time that a create has to hear its answer were up.
        assert music._engine is not None
        music._engine.admission._sending.clear()

    with pytest.raises(SubmissionUnknown, match="on the wire"):
        await job
    async with session(api, path) as music:
        assert [JobState.UNKNOWN] == [one.state for one in await music.resume()]
        assert 10 == (await music.spending())["riffusion.create"].credits


KILLED_BEFORE = """
import asyncio, os, signal, sys
from aiomusic import MusicSession

async def main(url, path, api_key):
    calls = []

    async def key():
        calls.append(1)
        if len(calls) == 1:
            return api_key  # for the balance
        # The intent is written, and no byte of the create has left.
        os.kill(os.getpid(), signal.SIGKILL)

    async with MusicSession(key, base_url=url, journal=path) as music:
        await music.suno.create("rain", key="k")

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is unknown")
async def test_a_kill_before_the_create_is_sent_costs_nothing(
    api: Emulator, path: Path
) -> None:
    """Nothing is unknown of it, and the same key buys it once."""
    process = await anyio.run_process(
        [sys.executable, "-c", KILLED_BEFORE, api.url, str(path), api.key],
        check=False,
    )

    async with session(api, path, max_credits=10) as music:
        [held] = await music.resume()
        job = music.suno.create("rain", key="k")
        await job
        [record] = await music.jobs()

    assert -signal.SIGKILL == process.returncode
    with pytest.raises(JobDetached, match="never sent") as caught:
        await held
    assert ("no", JobState.QUEUED) == (caught.value.charged, held.state)
    assert ("succeeded", 1, 1) == (record.state, record.attempt, api.submissions)


KILLED_ON_THE_WIRE = """
import asyncio, sys
from aiomusic import MusicSession

async def main(url, path, key):
    async with MusicSession(key, base_url=url, journal=path) as music:
        await music.suno.create("rain", key="k")

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.slow
async def test_a_kill_on_the_wire_is_told_with_the_time_and_the_balances(
    api: Emulator, path: Path
) -> None:
    """The account is looked at once, and what it held is kept beside the job."""
    api.fault("hang", on="create")
    code = [sys.executable, "-c", KILLED_ON_THE_WIRE, api.url, str(path), api.key]
    process = await anyio.open_process(code)
    while not api.submissions:
        await asyncio.sleep(0.005)
    process.kill()
    await process.aclose()

    for _ in range(2):
        async with session(api, path) as music:
            [job] = await music.resume()
            records = {one.key: one for one in await music.jobs()}
            with pytest.raises(
                SubmissionUnknown,
                match=r"\(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\).* may have been charged:"
                r" the balance before it was 1000 credits and was 990 credits after",
            ):
                await job
            await music.lyrics.create("rain")

    record = records["k"]
    assert (1000, 990) == (record.balance_before, record.balance_after)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a disk that is full")
async def test_a_create_that_cannot_be_noted_is_not_sent(
    api: Emulator, path: Path
) -> None:
    """No create goes out that could not be told from one that did not."""
    async with session(api, path) as music:
        owner = music._journal._lock  # type: ignore[attr-defined]
        full = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115 - see below
        file, owner._file = owner._file, full
        job = music.suno.create("rain", key="k")

        with pytest.raises(JournalError, match="No space left") as caught:
            await job

        full.close()
        owner._file = file
    assert (Charged.NO, 0) == (caught.value.charged, api.submissions)


async def test_an_unknown_job_that_waits_for_a_callback_stays_unknown_when_left(
    api: Emulator, path: Path
) -> None:
    """It was sent: leaving before the callback comes does not make it unpaid."""
    api.fault("drop_after_body", on="create")
    api.fault("lost", on="webhook")
    music = session(
        api,
        path,
        clock=None,
        on_exit="detach",
        webhook_url="http://127.0.0.1:9/hooks",
        webhook_secret="s",
    )
    async with music:
        job = music.suno.create("rain", key="k")
        await reach(job, JobState.UNKNOWN)

    with pytest.raises(SubmissionUnknown, match="may have been charged") as caught:
        await job
    async with session(api, path) as music:
        with pytest.raises(SubmissionUnknown, match="may have been charged"):
            await music.suno.create("rain", key="k")
    assert ("unknown", 1) == (caught.value.charged, api.submissions)


async def test_a_job_that_was_not_sent_is_held(api: Emulator, path: Path) -> None:
    """It waits in the journal, its credits are free, and its key is as good as new."""
    api.fault("status", status=429, retry_after=1_000, on="create")
    music = session(api, path, clock=None, on_exit="detach", max_credits=10)
    async with music:
        job = music.riffusion.create("rain", key="k")
        assert music._engine is not None
        while not music._engine.admission.creates.pace.refusals:
            await asyncio.sleep(0.001)
        # As if the time that a create has to hear its answer were up.
        music._engine.admission._sending.clear()

    with pytest.raises(JobDetached, match="nothing was charged") as caught:
        await job
    async with session(api, path, max_credits=10) as music:
        [record] = await music.jobs()
        assert (False, True) == (record.is_open, record.is_held)
        [held] = await music.resume()
        assert ("k", JobState.QUEUED) == (held.key, held.state)
        assert 2 == len(await music.riffusion.create("rain", key="k"))
    assert "no" == caught.value.charged


async def test_credits_that_nobody_follows_are_not_waited_for(
    api: Emulator, path: Path
) -> None:
    """The error says who holds them; resuming sets them free or spends them."""
    await left(api, path, "a")
    async with session(api, path, max_credits=10) as music:
        with pytest.raises(BudgetExceeded, match=r"held by tasks.*music\.resume"):
            await music.riffusion.create("rain")


async def test_a_request_that_cannot_be_read_any_more_does_not_lose_its_task(
    api: Emulator, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A newer or older version wrote it; the task is followed without it."""
    await left(api, path, "a", "b")
    with sqlite3.connect(path) as db:
        db.execute("UPDATE jobs SET request = '{\"kind\": \"x\"}' WHERE key = 'a'")
    db.close()

    async with session(api, path) as music:
        jobs = await music.resume()
        clips = [await job for job in jobs]

    assert [None, riffusion.Create("song b")] == [job.request for job in jobs]
    assert [2, 2] == [len(found) for found in clips]
    assert "the request of job a can't be read" in caplog.text


async def test_spending_and_quote(api: Emulator, path: Path) -> None:
    """What a list would cost before, and what it did cost after, by any name."""
    requests = [suno.Create("rain"), suno.Create("snow"), lyrics.Create("hail")]
    async with session(api, path) as music:
        quoted = music.quote(requests)
        for number, request in enumerate(requests):
            tags = {'the "user"': "ann" if number else "bob", "a.b": number > 1}
            await music.submit(request, metadata=tags)

        spent = await music.spending()
        by_user = await music.spending(tag='the "user"')
        by_day = await music.spending("day")

    assert (3, sum(one.cost for one in requests)) == (quoted.jobs, quoted.credits)
    assert quoted.by_operation == {kind: one.credits for kind, one in spent.items()}
    assert (2, 1) == (by_user["ann"].jobs, by_user["bob"].jobs)
    assert {"2000-01-01": quoted.credits} == {d: s.credits for d, s in by_day.items()}
    assert quoted.credits == api.charged


async def test_what_was_bought_is_taken_off_the_balance_that_was_seen(
    api: Emulator, path: Path
) -> None:
    """The account is not asked before each create."""
    async with session(api, path) as music:
        for key in ("a", "b", "c"):
            await music.lyrics.create(key, key=key)
        found = await music.jobs()

    assert [1000, 998, 996] == [record.balance_before for record in found]


async def test_a_balance_that_was_seen_only_afterwards_is_compared_with_none(
    api: Emulator, path: Path
) -> None:
    """What was not seen before tells nothing of what was charged."""
    api.fault("status", status=500, on="credits")
    api.fault("drop_after_body", on="create")
    async with session(api, path) as music:
        with pytest.raises(SubmissionUnknown, match="may have been charged") as caught:
            await music.riffusion.create("rain")
        (record,) = await music.jobs()

    assert "None" not in str(caught.value)
    assert (None, 990) == (record.balance_before, record.balance_after)


async def test_what_is_over_and_not_delivered_comes_back(
    api: Emulator, path: Path
) -> None:
    """With its clips or its error, until it is marked."""
    async with session(api, path) as music:
        for key in ("told", "song"):
            await music.riffusion.create(key, key=key, metadata={"chat": key})
        api.fault("copyright", on="poll")
        failed = music.riffusion.create("bad", key="bad")
        with pytest.raises(ContentRefused):
            await failed
        told = (await music.resume(undelivered=True))[0]
        await told.mark("delivered")
        marks = told.marks

    async with session(api, path) as music:
        usual = await music.resume()
        jobs = await music.resume(undelivered=True)
        for job in jobs:
            await job.mark("delivered")
        again = await music.resume(undelivered=True)

        song, bad = jobs
        assert 2 == len(await song)
        with pytest.raises(ContentRefused):
            await bad
        record = await music.job("told")

    assert ([], []) == (usual, again)
    assert [("song", {"chat": "song"}), ("bad", {})] == [
        (job.key, job.metadata) for job in jobs
    ]
    assert record is not None
    assert ["delivered"] == list(marks)
    assert marks == record.marks
    assert 3 == api.submissions


async def test_a_job_that_waits_can_not_be_marked(api: Emulator, path: Path) -> None:
    """There is no row of it yet, and the mark would be lost."""
    async with session(api, path) as music:
        job = music.riffusion.create("rain")

        with pytest.raises(JournalError, match="it still waits to be sent"):
            await job.mark("delivered")
        with pytest.raises(ValueError, match="name is empty"):
            await job.mark("")
        with pytest.raises(TypeError, match="name is 5; it must be text"):
            await job.mark(5)  # type: ignore[arg-type]
        await job


async def test_what_was_never_granted_takes_a_mark(api: Emulator, path: Path) -> None:
    """It has no row and never comes back, so that nothing is lost with the mark."""
    async with session(api, path, max_credits=0) as music:
        job = music.riffusion.create("rain")
        with pytest.raises(BudgetExceeded, match="Nothing was sent"):
            await job

        await job.mark("delivered")

        assert ["delivered"] == list(job.marks)
        assert [] == await music.resume(queued=True, undelivered=True)


async def test_without_a_journal_a_mark_is_the_jobs_own(api: Emulator) -> None:
    """Nothing outlives the session, so nothing is given again either."""
    async with session(api, Path(), journal=None) as music:
        job = music.riffusion.create("rain")
        await job
        await job.mark("delivered")

        assert ["delivered"] == list(job.marks)
        assert [] == await music.resume(undelivered=True)
