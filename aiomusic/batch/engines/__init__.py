"""
Engines that hand out tasks: the seam between a batch and a queue of somebody else's.

A task is a job's key.  An engine may run it twice, late, or on a machine that dies;
what is bought is the journal's to decide, by `aiomusic.batch.drive`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol, TypeAlias, final

import attrs

__all__ = ["Body", "QueueAddress", "Task", "TaskQueue", "TaskSink"]

Body: TypeAlias = Callable[[str, int], Awaitable[float | None]]
"""
What is run for a key, told how often it was run before.

It returns in how many seconds to run it again; None: never.
"""


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


class TaskSink(Protocol):
    """Where tasks are put."""

    async def put(self, tasks: Sequence[Task]) -> int:
        """Add tasks, but for those that are there; return how many were added."""


class TaskQueue(TaskSink, Protocol):
    """A queue of tasks, as an engine keeps it."""

    async def open(self) -> None:
        """Connect, and make its tables if there are none."""

    async def aclose(self) -> None:
        """Close what was opened."""

    async def waiting(self) -> Collection[str]:
        """Return the keys whose tasks wait, or are being run."""

    async def work(self, body: Body, *, at_once: int, stop: asyncio.Event) -> None:
        """
        Run tasks until told to stop, and then wait for those that run.

        A connection that breaks is made again; tasks of workers that are gone are run
        by the others.
        """
