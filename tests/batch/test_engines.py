"""Every engine hands out each key, puts back what asks for it, and what is left."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pg_server
import pytest

from aiomusic.batch.engines import QueueAddress, Task, TaskQueue
from aiomusic.batch.engines._opening import ENGINES, queue_of
from aiomusic.journal.opening import address_of

pytestmark = [pytest.mark.anyio, pg_server.NEEDED]

BOUND_S = 60.0


@pytest.fixture(params=ENGINES)
async def queues(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[list[TaskQueue]]:
    """Two connections to one queue, as two processes have them."""
    at = address_of(pg_server.running().url(tmp_path))
    address = QueueAddress(
        dsn=at.dsn, schema=at.schema, name="aiomusic-1", stalled_s=1.0
    )
    made = [queue_of(request.param, address) for _ in range(2)]
    await asyncio.gather(*(queue.open() for queue in made))
    yield made
    for queue in made:
        await queue.aclose()


@contextlib.asynccontextmanager
async def working(queue: TaskQueue, body: object) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    async with asyncio.timeout(BOUND_S), asyncio.TaskGroup() as tasks:
        tasks.create_task(queue.work(body, at_once=4, stop=stop))  # type: ignore[arg-type]
        yield stop
        stop.set()


async def test_each_task_is_run_once_those_that_wait_for_none_first(
    queues: list[TaskQueue],
) -> None:
    """What is there already is not put there again."""
    mine, theirs = queues
    ran: list[str] = []
    done = asyncio.Event()

    async def body(key: str, tries: int) -> float | None:
        ran.append(f"{key}-{tries}")
        if len(ran) == 3:
            done.set()
        return None

    assert 2 == await mine.put([Task("b", depth=1), Task("a")])
    assert 1 == await theirs.put([Task("a"), Task("c", depth=2)])
    assert {"a", "b", "c"} == set(await theirs.waiting())
    async with working(mine, body):
        await done.wait()

    assert ["a-0", "b-0", "c-0"] == sorted(ran)
    assert [] == list(await theirs.waiting())


async def test_what_asks_for_it_is_run_again(queues: list[TaskQueue]) -> None:
    """Told how often it was run, and no sooner than it asked for."""
    mine, _ = queues
    ran: list[tuple[int, float]] = []
    done = asyncio.Event()

    async def body(key: str, tries: int) -> float | None:  # noqa: ARG001
        ran.append((tries, asyncio.get_running_loop().time()))
        if tries == 2:
            done.set()
        return {0: 0.0, 1: 0.2}.get(tries)

    await mine.put([Task("a")])
    async with working(mine, body):
        await done.wait()

    assert [0, 1, 2] == [tries for tries, _ in ran]
    assert ran[2][1] - ran[1][1] >= 0.2
