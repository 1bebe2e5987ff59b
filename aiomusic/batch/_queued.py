"""Put a batch on a queue: rows into the journal, keys to where workers take them."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, final

import attrs

from aiomusic._engine.known_keys import another_request
from aiomusic._fields import unwarned
from aiomusic._job import JobState
from aiomusic._request import Request
from aiomusic._session import MusicSession
from aiomusic.batch._manifest import KEPT_NAME, Kept
from aiomusic.batch._outcome import Outcome
from aiomusic.batch._plan import Plan, PlannedRow
from aiomusic.batch._rows import Reference
from aiomusic.batch._runner import Batch
from aiomusic.batch.engines import Task, TaskQueue, TaskSink
from aiomusic.errors import (
    Charged,
    InvalidRequest,
    JournalError,
    MusicError,
    NotSent,
    Retry,
)
from aiomusic.journal import Record

__all__ = ["Put", "follow", "put"]

# How often to see which rows are over.
WATCH_S: Final = 1.0


@final
@attrs.frozen(kw_only=True)
class Put:
    """
    What came of putting a batch on a queue.

    Attributes:
        keys: The rows that are left to workers, in the order of the plan.
        added: How many of them were not on the queue before.
        bought: The keys of those that are over already.
        outcomes: Of the rows that can't be sent, and why.
    """

    keys: tuple[str, ...]
    added: int
    bought: tuple[str, ...]
    outcomes: tuple[Outcome, ...]


def follow(
    music: MusicSession,
    queue: TaskQueue,
    plan: Plan,
    out: str | Path,
    *,
    name: str | None = None,
    kept: str | Path | None = None,
) -> Batch:
    """
    Store what workers buy of a batch that was `put` on a queue, and say what became.

    Args:
        music: A session that follows what is bought; with ``max_credits=0`` it can't
            buy itself.
        queue: Where the batch was put.
        plan, out, name, kept: As in `run`.
    """
    folder = Path(out).expanduser()
    return Batch(
        music,
        plan,
        folder,
        name=name,
        kept=folder / KEPT_NAME if kept is None else Path(kept).expanduser(),
        watch=_QueueWatch(music, queue),
    )


async def put(
    music: MusicSession, queue: TaskSink, plan: Plan, kept: Kept | None = None
) -> Put:
    """
    Write a batch's rows into the journal, and then their keys on a queue.

    In this order, so that a crash between the two leaves rows that nobody sends, which
    the next run puts on the queue, and never a key without a row.  Run it again, and
    only what is missing is added.

    Args:
        queue: Takes the keys: anything that has such a ``put``.
        kept: Which takes were chosen, for rows that are made from them.

    Raises:
        JournalError: The rows can't be written down.
    """
    putting = _Putting(music, kept or Kept())
    outcomes = [Outcome.of_bad(bad) for bad in plan.bad]
    for row in plan.rows:
        try:
            await putting.add(row)
        except (MusicError, ValueError, TypeError) as error:
            outcomes.append(_refused(row, error))
    known = await music.hold(putting.requests, made_from=putting.made_from)
    tasks: list[Task] = []
    bought: list[str] = []
    for key, request in putting.requests.items():
        record = known.get(key)
        other = None
        if record is not None and key not in putting.made_from:
            other = another_request(key, record, request)
        if record is not None and other is not None:
            outcomes.append(_refused(putting.rows[key], other))
        elif record is not None and _is_over(record):
            bought.append(key)
        else:
            tasks.append(Task(key, putting.depths[key]))
    added = await queue.put(tasks)
    return Put(
        keys=tuple(task.key for task in tasks),
        added=added,
        bought=tuple(bought),
        outcomes=tuple(outcomes),
    )


def _is_over(record: Record) -> bool:
    return record.state is not JobState.QUEUED and not record.is_open


@final
@attrs.frozen
class _QueueWatch:
    """Reports rows that are on no queue any more, so that a `Batch` stores them."""

    music: MusicSession
    queue: TaskQueue
    every_s: float = WATCH_S

    async def over(self, keys: Sequence[str]) -> Mapping[str, Record | None]:
        """
        Return, in a while, what the journal has of those keys that are over.

        Raises:
            JournalError: Queue or journal can't be read.
        """
        await asyncio.sleep(self.every_s)
        try:
            there = await self.queue.waiting()
        except Exception as error:
            message = (
                f"The queue can't be read: {error}. Workers go on with what is on it;"
                " run the same line again to have it."
            )
            raise JournalError(message) from error
        return {key: await self.music.job(key) for key in keys if key not in there}


@final
@attrs.define
class _Putting:
    """The rows of a batch, as the journal holds them."""

    music: MusicSession
    kept: Kept
    rows: dict[str, PlannedRow] = attrs.field(factory=dict)
    requests: dict[str, Request[Any]] = attrs.field(factory=dict)
    made_from: dict[str, dict[str, str]] = attrs.field(factory=dict)
    depths: dict[str, int] = attrs.field(factory=dict)

    async def add(self, row: PlannedRow) -> None:
        """
        Add a row, after those that it refers to.

        Raises:
            MusicError: It can't be sent later.
        """
        references = {
            name: str(await self._chosen(value))
            for name, value in row.arguments.items()
            if isinstance(value, Reference)
        }
        with unwarned():
            request = attrs.evolve(row.draft(), key=row.key, metadata=row.metadata)
        if request.local_files():
            message = (
                f"{row.row.place}: it uploads a file of this machine, which workers"
                " can't read; put it on a server and give its address."
                " Nothing was sent for it."
            )
            raise InvalidRequest(message)
        self.rows[row.key] = row
        self.requests[row.key] = request
        if references:
            self.made_from[row.key] = references
        self.depths[row.key] = 1 + max(self._depths_of(row.references), default=-1)

    def _depths_of(self, references: Iterable[Reference]) -> Iterable[int]:
        return (self.depths.get(reference.key, 0) for reference in references)

    async def _chosen(self, reference: Reference) -> Reference:
        """Name the take that was kept by its number: workers have no such choice."""
        if not reference.is_kept:
            return reference
        source = await self.music.job(reference.key)
        clips = () if source is None else source.clips
        for take, clip in enumerate(clips):
            if self.kept.choice(clip.clip_id):
                return attrs.evolve(reference, take=take, is_kept=False)
        message = (
            f"not put on the queue: no take of {reference.key!r} was kept yet: choose"
            " one in the gallery, and run the batch again. Nothing was sent for it."
        )
        raise NotSent(message, charged=Charged.NO, retry=Retry.LATER)


def _refused(row: PlannedRow, error: Exception) -> Outcome:
    if isinstance(error, NotSent):
        return Outcome.waiting(row, error)
    if not isinstance(error, MusicError):
        error = InvalidRequest(f"{row.row.place}: {error} Nothing was sent for it.")
    return Outcome(
        key=row.key, number=row.row.number, state="refused", row=row, error=error
    )
