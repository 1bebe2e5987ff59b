"""Whatever asyncio takes to wait for something takes a job, and never ends its work."""

import asyncio
import copy
import gc
import os
import pickle
import threading
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import pytest

from aiomusic import JobFailed, JobState, MusicJob, MusicSession
from aiomusic.emulator import Emulator, Pace

pytestmark = pytest.mark.anyio

Job = MusicJob[Any]


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


@pytest.fixture(params=[False, True], ids=["plain", "debug"])
async def _debug(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Ask the loop to look more closely at what it is given."""
    loop = asyncio.get_running_loop()
    loop.set_debug(request.param)
    yield
    loop.set_debug(False)


async def in_a_group(job: Job) -> object:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(job)
    return task.result()


async def waited_for(job: Job) -> object:
    done, _ = await asyncio.wait([asyncio.create_task(job)])
    return done.pop().result()


async def gathered(job: Job) -> object:
    [found, again] = await asyncio.gather(job, job)
    assert found is again
    return found


async def as_completed(job: Job) -> object:
    [found] = [await one for one in asyncio.as_completed([job])]
    return found


async def from_another_thread(job: Job) -> object:
    loop = asyncio.get_running_loop()
    return await asyncio.to_thread(
        lambda: asyncio.run_coroutine_threadsafe(job, loop).result(10)
    )


async def within(job: Job) -> object:
    async with asyncio.timeout(10):
        return await job


WAYS: dict[str, Callable[[Job], Awaitable[object]]] = {
    "await": within,
    "create_task": asyncio.create_task,
    "create_task, named": lambda job: asyncio.create_task(job, name="a song"),
    "loop.create_task": lambda job: asyncio.get_running_loop().create_task(job),
    "ensure_future": asyncio.ensure_future,
    "TaskGroup": in_a_group,
    "wait": waited_for,
    "wait_for": lambda job: asyncio.wait_for(job, 10),
    "shield": asyncio.shield,
    "gather": gathered,
    "as_completed": as_completed,
    "run_coroutine_threadsafe": from_another_thread,
}
# What can be cancelled while it waits.
CANCELLABLE = {name: WAYS[name] for name in WAYS if name != "run_coroutine_threadsafe"}


@pytest.mark.usefixtures("_debug")
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
async def test_any_way_of_waiting_gives_the_result(
    music: MusicSession, way: Callable[[Job], Awaitable[object]]
) -> None:
    """A job that is open, and one that is over, can be waited for in every way."""
    job = music.riffusion.create("rain")

    found = [await way(job), await way(job)]

    assert [job.clips] * 2 == found


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
async def test_any_way_of_waiting_raises_its_error(
    music: MusicSession, way: Callable[[Job], Awaitable[object]]
) -> None:
    """A job that fails fails whoever waits, with an error of its own."""
    job = music.riffusion.create("[[fail]]")

    seen = []
    for _ in range(2):
        with pytest.raises((JobFailed, ExceptionGroup), match=r"\w") as caught:
            await way(job)
        error: BaseException = caught.value
        seen.append(error.exceptions[0] if isinstance(error, ExceptionGroup) else error)

    assert [JobFailed] * 2 == [type(error) for error in seen]
    assert seen[0] is not seen[1]


@pytest.mark.usefixtures("_debug")
@pytest.mark.parametrize("way", CANCELLABLE.values(), ids=CANCELLABLE.keys())
async def test_cancelling_any_way_of_waiting_leaves_the_job(
    api: Emulator, music: MusicSession, way: Callable[[Job], Awaitable[object]]
) -> None:
    """What was bought goes on, and others still get it."""
    api.fault("status", on="poll", status=500, times=3)
    job = music.riffusion.create("rain")

    async def waiting() -> object:
        return await way(job)

    waiter = asyncio.create_task(waiting())
    while job.state is JobState.QUEUED:
        await asyncio.sleep(0)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError, match="^$"):
        await waiter

    assert not job.done()
    assert 2 == len(await asyncio.create_task(job))
    assert 1 == api.submissions


async def test_a_group_that_fails_leaves_its_jobs(
    api: Emulator, music: MusicSession
) -> None:
    """One bad row ends the group's waiting, and no other row's work."""
    api.fault("status", on="poll", status=500, times=3)
    job = music.riffusion.create("rain")

    async def failing() -> None:
        while job.state is JobState.QUEUED:
            await asyncio.sleep(0)
        raise LookupError("a bad row")

    with pytest.raises(ExceptionGroup, match="unhandled"):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(job)
            tasks.create_task(failing())

    assert 2 == len(await job)


async def test_many_tasks_wait_for_one_job(music: MusicSession) -> None:
    """Tasks of one job don't get into each other's way."""
    job = music.riffusion.create("rain")
    tasks = [asyncio.create_task(job) for _ in range(50)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()

    found = await asyncio.gather(*tasks, return_exceptions=True)

    assert [job.clips] * 25 == found[1::2]
    assert {asyncio.CancelledError} == {type(one) for one in found[::2]}


async def test_a_job_that_nobody_awaits_warns_of_nothing(music: MusicSession) -> None:
    """It is a coroutine to asyncio, but none that would have to be started."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        job: Coroutine[Any, Any, object] = music.riffusion.create("rain")
        job.close()
        del job
        gc.collect()

    assert "1 open" in repr(music)


async def test_wait_says_what_to_do(music: MusicSession) -> None:
    """`asyncio.wait` takes no coroutine, and says that it wants tasks."""
    job = music.riffusion.create("rain")

    with pytest.raises(TypeError, match="use tasks explicitly"):
        await asyncio.wait([job])  # type: ignore[type-var]


def elsewhere(do: Callable[[], object]) -> BaseException | None:
    """Do something in a thread of its own; return what it raises."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            do()
        except RuntimeError as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(30)
    return raised[0] if raised else None


async def test_another_thread_is_sent_to_the_loop() -> None:
    """There nobody would be woken; the error says how to hand it over, which works."""
    async with (
        Emulator(pace=Pace.polls(pending=10**9), media=False) as api,
        MusicSession(api.key, base_url=api.url, poll_every_s=0.001) as music,
    ):
        job = music.suno.create("rain", key="rain")
        calls: list[Callable[[], object]] = [
            lambda: music.suno.create("wind"),
            lambda: asyncio.run(waiting(job)),
            lambda: asyncio.run(music.jobs()),
            job.cancel,
        ]

        found = [await asyncio.to_thread(elsewhere, one) for one in calls]

        told = ["run_coroutine_threadsafe" in str(error) for error in found]
        assert told == [True] * 4
        async with asyncio.timeout(30):
            while job.task_id is None:
                await asyncio.sleep(0)
        await api.finish()
        loop = asyncio.get_running_loop()
        handed = await asyncio.to_thread(
            lambda: asyncio.run_coroutine_threadsafe(waiting(job), loop).result(30)
        )
        assert handed == await job
        # What is over is the same wherever it is asked for.
        assert await asyncio.to_thread(lambda: asyncio.run(waiting(job))) == handed
        assert api.charged == 10


async def waiting(job: Job) -> object:
    return await job


# The child asks for one thing and ends; from 3.12 on Python warns of threads.
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
async def test_a_fork_is_told_to_open_a_session_of_its_own(
    api: Emulator, music: MusicSession
) -> None:
    """Its parent's loop does not run there: a job would wait for ever."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            music.suno.create("rain")
        except RuntimeError as error:
            os.write(write, str(error).encode())
        finally:
            os._exit(0)

    os.close(write)
    await asyncio.to_thread(os.waitpid, child, 0)
    with os.fdopen(read) as told:
        assert "Open a session in each process" in told.read()
    assert api.submissions == 0


async def test_a_copy_of_a_job_is_the_job(music: MusicSession) -> None:
    """As of its session: data classes copy deep, and only one can be settled."""
    job = music.suno.create("rain")

    assert copy.deepcopy({"job": job, "music": music}) == {"job": job, "music": music}
    assert (job, music) == (copy.copy(job), copy.copy(music))
    for one in (job, music):
        with pytest.raises(TypeError, match="can't be pickled"):
            pickle.dumps(one)
    assert await copy.copy(job) == await job
