"""A call ends at its limit; what else cancels its task is not mistaken for it."""

import asyncio
import gc
import weakref
from typing import Any

import pytest

from aiomusic import MusicSession
from aiomusic._http.deadline import MAX_OVER, CallTimer, Deadline
from aiomusic.emulator import Emulator, Pace

pytestmark = pytest.mark.anyio

LONG_S = 3600.0


async def for_ever() -> None:
    await asyncio.Event().wait()


async def test_a_call_ends_at_its_limit() -> None:
    """By an error, and its task is not cancelled."""
    with pytest.raises(TimeoutError), Deadline(CallTimer(0.0)):
        await for_ever()

    await asyncio.sleep(0)


async def test_a_call_may_be_ended_sooner() -> None:
    """When it is known that no reply will come."""
    with pytest.raises(TimeoutError), Deadline(CallTimer(LONG_S)) as deadline:
        deadline.end_soon(0.0)
        await for_ever()


async def test_a_call_is_never_ended_later() -> None:
    """However often there is news that wants a little more time."""
    with pytest.raises(TimeoutError), Deadline(CallTimer(0.0)) as deadline:
        deadline.end_soon(LONG_S)
        await for_ever()


async def test_a_call_that_is_over_is_not_ended() -> None:
    """What comes for it afterwards cancels nothing of what its task does then."""
    with Deadline(CallTimer(LONG_S)) as deadline:
        pass

    deadline.end_soon(0.0)

    for _ in range(100):
        await asyncio.sleep(0)


async def test_a_task_that_is_cancelled_at_the_limit_stays_cancelled() -> None:
    """Whoever cancelled it is told so, and not that the time was over."""
    task = asyncio.current_task()
    assert task is not None

    with pytest.raises(asyncio.CancelledError), Deadline(CallTimer(0.0)):
        try:
            await for_ever()
        finally:
            task.cancel()

    assert 1 == task.cancelling()
    task.uncancel()


async def test_calls_of_one_length_end_in_order() -> None:
    """One timer ends each in its time, whatever others did meanwhile."""
    timer, ended = CallTimer(0.01), []

    async def call(name: int) -> None:
        try:
            with Deadline(timer):
                await (asyncio.sleep(0) if name % 2 else for_ever())
        except TimeoutError:
            ended.append(name)

    async with asyncio.timeout(30):
        await asyncio.gather(*map(call, range(6)))
        await call(6)

    assert [0, 2, 4, 6] == ended


async def test_a_call_that_hangs_keeps_nothing_of_others() -> None:
    """However many come and go while it is waited for."""
    timer, calls = CallTimer(LONG_S), []
    with Deadline(timer):
        for _ in range(10 * MAX_OVER):
            with Deadline(timer) as one:
                calls.append(weakref.ref(one))
            del one

    assert sum(call() is not None for call in calls) <= MAX_OVER + 2


def ended_calls() -> list[weakref.ref[asyncio.Task[Any]]]:
    """Return the tasks of calls that are over and yet kept, in this process."""
    gc.collect()
    return [
        weakref.ref(one)
        for one in gc.get_objects()
        if isinstance(one, asyncio.Task) and one.done() and "raised_once" in f"{one}"
    ]


async def test_a_connection_keeps_nothing_of_a_call_that_is_over() -> None:
    """Its time limit knew the task that made the call."""
    # What failed before keeps its tasks in its traceback.
    before = ended_calls()
    async with (
        Emulator(pace=Pace.polls(pending=10**9), media=False) as api,
        MusicSession(
            api.key, base_url=api.url, poll_every_s=3_600, on_exit="detach"
        ) as music,
    ):
        job = music.riffusion.create("rain")
        async with asyncio.timeout(30):
            while job.task_id is None:
                await asyncio.sleep(0)

            await asyncio.sleep(0)
        kept = [one for one in ended_calls() if one not in before]

    assert [] == kept
