"""A job can be held, awaited, watched and given up, any number of times."""

import asyncio
import copy
import traceback
from collections.abc import AsyncIterator

import pytest

from aiomusic import (
    JobCancelled,
    JobFailed,
    JobState,
    JobTimedOut,
    MusicJob,
    MusicSession,
)
from aiomusic.emulator import Emulator, Pace

pytestmark = pytest.mark.anyio


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    async with Emulator(pace=Pace.polls(), media=False) as api:
        yield api


@pytest.fixture
async def music(api: Emulator) -> AsyncIterator[MusicSession]:
    async with MusicSession(
        api_key=api.key, base_url=api.url, poll_every_s=0.001
    ) as music:
        yield music


async def never_over(api: Emulator) -> None:
    """Let no poll succeed, so that a job stays open until the test is done with it."""
    api.fault("status", on="poll", status=500, times=1_000_000)


async def in_flight(job: MusicJob[object]) -> None:
    async for update in job.updates():
        if update.state in {JobState.PENDING, JobState.RUNNING}:
            return


async def test_a_create_is_a_plain_call_that_gives_a_queued_job(
    music: MusicSession,
) -> None:
    """The job is there before anything was awaited."""
    job = music.riffusion.create("r&b pop song")

    assert (JobState.QUEUED, None, 10, False) == (
        job.state,
        job.task_id,
        job.cost,
        job.done(),
    )


async def test_awaiting_gives_the_clips(music: MusicSession) -> None:
    """A job's result is its clips, and it says so in its state and repr."""
    job = music.riffusion.create("r&b pop song")

    clips = await job

    assert 2 == len(clips)
    assert JobState.SUCCEEDED is job.state
    assert clips == job.clips
    assert (
        f"<MusicJob {job.key} riffusion.create SUCCEEDED task={job.task_id}>"
        == repr(job)
    )


async def test_awaiting_twice_gives_the_same_result(music: MusicSession) -> None:
    """A result is no stream: it is there for whoever comes again."""
    job = music.riffusion.create("r&b pop song")

    first, second = await job, await job

    assert first is second


async def test_many_waiters_cost_one_poller(api: Emulator, music: MusicSession) -> None:
    """Ten tasks that await one job see one result, polled once."""
    alone = music.riffusion.create("r&b pop song")
    await alone
    polls_alone = api.polls

    job = music.riffusion.create("r&b pop song")
    results = await asyncio.gather(*(job for _ in range(10)))

    assert 1 == len({id(result) for result in results})
    assert polls_alone == api.polls - polls_alone


async def test_a_job_tells_how_often_it_was_asked_for(
    api: Emulator, music: MusicSession
) -> None:
    """As the service counts it."""
    job = music.riffusion.create("pop")
    before = job.polls

    await job

    assert before == 0
    assert api.polls == job.polls > 0


async def test_gather_runs_jobs_side_by_side(music: MusicSession) -> None:
    """A list of plain calls can be gathered as it is."""
    jobs = [music.riffusion.create(f"song {n}") for n in range(5)]

    results = await asyncio.gather(*jobs)

    assert [job.clips for job in jobs] == results


async def test_wait_for_leaves_the_job_alone(
    api: Emulator, music: MusicSession
) -> None:
    """A waiter that runs out of patience costs the job nothing."""
    job = music.riffusion.create("r&b pop song")

    with pytest.raises(TimeoutError, match="^$"):
        await asyncio.wait_for(job, 0)

    assert not job.done()
    assert 2 == len(await job)
    assert 1 == api.submissions


async def test_timeout_leaves_the_job_alone(music: MusicSession) -> None:
    """So does a block that is given up."""
    job = music.riffusion.create("r&b pop song")

    with pytest.raises(TimeoutError, match="^$"):
        async with asyncio.timeout(0):
            await job

    assert 2 == len(await job)


async def test_wait_says_that_the_job_goes_on(music: MusicSession) -> None:
    """The error of a limited wait is a TimeoutError, and tells what to do."""
    job = music.riffusion.create("r&b pop song")

    with pytest.raises(JobTimedOut, match="It goes on: wait for it again") as caught:
        await job.wait(timeout_s=0)

    assert isinstance(caught.value, TimeoutError)
    assert job.key == caught.value.key
    assert f"The job is {caught.value.state} after 0 s" in str(caught.value)
    assert caught.value.elapsed_s is not None
    assert 2 == len(await job.wait(timeout_s=60))


async def test_cancelling_one_waiter_leaves_the_others(music: MusicSession) -> None:
    """Of two tasks that await a job, one can be cancelled."""
    job = music.riffusion.create("r&b pop song")
    one = asyncio.create_task(job.wait())
    other = asyncio.create_task(job.wait())
    await asyncio.sleep(0)

    one.cancel()

    assert 2 == len(await other)
    assert one.cancelled()


async def test_a_task_group_can_wait_for_jobs(music: MusicSession) -> None:
    """`wait` is the coroutine that a task group takes."""
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(music.riffusion.create("one").wait())
        second = tasks.create_task(music.riffusion.create("two").wait())

    assert (2, 2) == (len(first.result()), len(second.result()))


async def test_a_cancelled_task_group_leaves_the_job_alone(
    music: MusicSession,
) -> None:
    """A sibling's failure cancels the waiting, not the job."""
    job = music.riffusion.create("r&b pop song")

    async def fail() -> None:
        message = "sibling"
        raise ValueError(message)

    with pytest.RaisesGroup(pytest.RaisesExc(ValueError, match="sibling")):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(job.wait())
            tasks.create_task(fail())

    assert 2 == len(await job)


async def test_as_completed_gives_each_job_once(music: MusicSession) -> None:
    """Jobs can be taken as they finish."""
    jobs = [music.riffusion.create(f"song {n}") for n in range(4)]

    results = [await one for one in asyncio.as_completed(jobs)]

    assert {job.clips for job in jobs} == set(results)


async def test_shield_works_and_is_not_needed(music: MusicSession) -> None:
    """A shielded wait that is cancelled leaves the job alone like any other."""
    job = music.riffusion.create("r&b pop song")
    waiting = asyncio.shield(job)

    waiting.cancel()

    assert 2 == len(await job)


async def test_each_waiter_gets_an_error_of_its_own(
    api: Emulator, music: MusicSession
) -> None:
    """A stored exception raised again would grow its traceback at each waiter."""
    job = music.riffusion.create("[[fail]]")
    caught: list[JobFailed] = []
    for _ in range(3):
        try:
            await job
        except JobFailed as error:
            caught.append(error)

    depths = [len(traceback.extract_tb(error.__traceback__)) for error in caught]

    assert 3 == len({id(error) for error in caught})
    assert 1 == len(set(depths))
    assert {(job.key, job.task_id)} == {(e.key, e.task_id) for e in caught}
    assert 0 == api.charged


async def test_a_failed_job_tells_why_without_being_awaited(
    music: MusicSession,
) -> None:
    """`error` is for those who only look."""
    job = music.riffusion.create("[[fail]]")

    updates = [update.state async for update in job.updates()]

    assert JobState.FAILED is updates[-1]
    assert isinstance(job.error, JobFailed)
    assert job.error is not job.error


async def test_updates_tell_every_change_and_each_clip_once(
    music: MusicSession,
) -> None:
    """The first clip is announced while the job is still running."""
    job = music.riffusion.create("r&b pop song")

    updates = [update async for update in job.updates()]

    states = [update.state for update in updates]
    assert [JobState.QUEUED, JobState.SUBMITTING, JobState.PENDING] == states[:3]
    assert JobState.SUCCEEDED is states[-1]
    assert 1 == states.count(JobState.SUCCEEDED)
    announced = [(u.state, c.clip_id) for u in updates for c in u.playable]
    assert [clip.clip_id for clip in job.clips] == [clip_id for _, clip_id in announced]
    assert JobState.RUNNING is announced[0][0]


async def test_a_late_watcher_gets_the_last_state_and_all_clips(
    music: MusicSession,
) -> None:
    """Watching a job that is over ends at once."""
    job = music.riffusion.create("r&b pop song")
    await job

    updates = [update async for update in job.updates()]

    assert [JobState.SUCCEEDED] == [update.state for update in updates]
    assert job.clips == updates[0].playable


async def test_watchers_do_not_take_from_each_other(music: MusicSession) -> None:
    """Two watchers see the same changes, and one that leaves harms nobody."""
    job = music.riffusion.create("r&b pop song")

    async def states() -> list[JobState]:
        return [update.state async for update in job.updates()]

    async def leave_early() -> None:
        async for _ in job.updates():
            return

    one, other, _ = await asyncio.gather(states(), states(), leave_early())

    assert one == other


async def test_cancelling_a_queued_job_costs_nothing(api: Emulator) -> None:
    """A job that was not sent is dropped."""
    async with MusicSession(
        api_key=api.key, base_url=api.url, concurrency=1, poll_every_s=0.001
    ) as music:
        first = music.riffusion.create("first")
        second = music.riffusion.create("second")
        await in_flight(first)

        assert second.cancel()

        with pytest.raises(JobCancelled, match="it costs nothing") as caught:
            await second
        await first

    assert "no" == caught.value.charged
    assert JobState.CANCELLED is second.state
    assert 1 == api.submissions
    assert not second.cancel()


async def test_cancelling_a_submitted_job_says_that_it_is_paid(
    api: Emulator, music: MusicSession
) -> None:
    """The service has no way to stop a task, and the error names it."""
    job = music.riffusion.create("r&b pop song")
    await in_flight(job)

    job.cancel()

    with pytest.raises(JobCancelled, match="it is paid for") as caught:
        await job
    assert "yes" == caught.value.charged
    assert job.task_id == caught.value.task_id
    assert 10 == api.charged


async def test_an_abandoned_task_keeps_its_slot_until_it_is_over(
    api: Emulator,
) -> None:
    """Slots count tasks at the service, not jobs that somebody waits for."""
    async with MusicSession(
        api_key=api.key, base_url=api.url, concurrency=1, poll_every_s=0.001
    ) as music:
        for _ in range(3):
            job = music.riffusion.create("given up")
            await in_flight(job)
            job.cancel()
        await music.riffusion.create("kept")

    assert 1 == api.peak_in_flight


async def test_a_job_can_be_adopted_by_its_task_id(
    api: Emulator, music: MusicSession
) -> None:
    """A task that was made elsewhere is followed without paying."""
    made = music.riffusion.create("r&b pop song")
    await made
    assert made.task_id is not None

    attached = music.attach("riffusion", made.task_id, metadata={"who": "bot"})

    assert await made == await attached
    assert (0, {"who": "bot"}) == (attached.cost, attached.metadata)
    assert 10 == api.charged


async def test_errors_can_be_copied_for_another_process(music: MusicSession) -> None:
    """A job's error keeps what it knows when it is copied."""
    job = music.riffusion.create("[[fail]]")
    with pytest.raises(JobFailed, match="failed at the service") as caught:
        await job

    copied = copy.deepcopy(caught.value)

    assert vars(caught.value) == vars(copied)
