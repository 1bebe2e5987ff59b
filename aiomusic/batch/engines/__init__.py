"""
Engines that hand out tasks: the seam between a batch and a queue of somebody else's.

A task is a job's key.  An engine may run it twice, late, or on a machine that dies;
what is bought is the journal's to decide, by `aiomusic.batch.drive`.
"""

import asyncio
import contextlib
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Coroutine,
    Sequence,
)
from typing import Any, Final, Protocol, TypeAlias, final

import asyncpg
import attrs

__all__ = [
    "Body",
    "QueueAddress",
    "Task",
    "TaskQueue",
    "beside",
    "preparing",
    "unasked",
]

Body: TypeAlias = Callable[[str, int], Awaitable[float | None]]
"""
What is run for a key, told how often it was run before.

It returns in how many seconds to run it again; None: never.
"""

SUFFIX: Final = "_queue"


@final
@attrs.frozen
class Task:
    """
    A job to be driven.

    Attributes:
        key: The job's key.
        depth: Behind how many others it waits; those that wait for none go first.
    """

    key: str
    depth: int = 0


@final
@attrs.frozen(kw_only=True)
class QueueAddress:
    """
    Where an engine keeps its tasks.

    Attributes:
        dsn: The database, reached directly: engines listen, which no pooler in
            transaction mode passes on.
        schema: The schema of its tables, which it makes.
        name: The queue; that of an account, whose keys are no other's.
        stalled_s: How long a worker may be silent before its tasks are another's.
    """

    dsn: str = attrs.field(repr=False)
    schema: str
    name: str
    stalled_s: float = 30.0


class TaskQueue(Protocol):
    """A queue of tasks, as an engine keeps it."""

    async def open(self) -> None:
        """Connect, and make its tables if there are none."""

    async def aclose(self) -> None:
        """Close what was opened."""

    async def put(self, tasks: Sequence[Task]) -> int:
        """Add tasks, but for those that are there; return how many were added."""

    async def waiting(self) -> Collection[str]:
        """Return the keys whose tasks wait, or are being run."""

    async def work(self, body: Body, *, at_once: int, stop: asyncio.Event) -> None:
        """
        Run tasks until told to stop, and then wait for those that run.

        A connection that breaks is made again; tasks of workers that are gone are run
        by the others.
        """


@contextlib.asynccontextmanager
async def preparing(address: QueueAddress) -> AsyncIterator[None]:
    """Make the schema, and let one process at a time make tables in it."""
    db = await asyncpg.connect(address.dsn, statement_cache_size=0)
    try:
        lock = f"hashtextextended('aiomusic {address.schema}', 0)"
        await db.execute(f"SELECT pg_advisory_lock({lock})")
        await db.execute(f"CREATE SCHEMA IF NOT EXISTS {address.schema}")
        yield
    finally:
        # It lets go of the lock, too.
        await db.close()


@contextlib.asynccontextmanager
async def beside(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run coroutines for as long as the block takes, and then end them."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def unasked(stop: asyncio.Event, wait_s: float) -> bool:
    """Wait; return whether nobody has asked to stop meanwhile."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(wait_s):
            await stop.wait()
    return not stop.is_set()
