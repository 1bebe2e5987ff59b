"""Many jobs at once: run in bounded memory and stopped by rule, or waited for."""

import asyncio
import collections
import contextlib
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Iterable,
    Mapping,
)
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast, final, overload

import attrs

from aiomusic._arguments import all_of
from aiomusic._engine.job import TrackedJob
from aiomusic._job import MusicJob
from aiomusic.errors import BudgetExceeded, MusicError

if TYPE_CHECKING:
    from aiomusic._request import Request

__all__ = ["Requests", "Source", "run_all", "wait_all"]

K = TypeVar("K")
R = TypeVar("R")

Source: TypeAlias = "Request[R] | tuple[str, Request[R]]"
"""A request, or its job's key and the request."""

Sources: TypeAlias = "Iterable[Source[R]] | AsyncIterable[Source[R]]"

Requests: TypeAlias = "Sources[R] | Mapping[str, Request[R]]"


# Sets that keep their order, and can be taken from at both ends.
_Jobs: TypeAlias = collections.OrderedDict[MusicJob[Any], None]


@final
@attrs.define(eq=False, kw_only=True)
class _Batch:
    """
    Jobs between their request and whoever takes them.

    Args:
        at_once: How many jobs may be open at one time.
        stop_after: So many failures end the pulling; None: none do.
    """

    at_once: int
    stop_after: int | None
    is_pulled: bool = False
    failures: int = 0
    open_jobs: int = 0
    made: _Jobs = attrs.field(factory=collections.OrderedDict)
    ended: _Jobs = attrs.field(factory=collections.OrderedDict)
    changed: asyncio.Event = attrs.field(factory=asyncio.Event)

    @property
    def has_room(self) -> bool:
        """Whether another job may be open, and another result be kept."""
        is_free = self.open_jobs < self.at_once
        return is_free and self.open_jobs + len(self.ended) < 2 * self.at_once

    @property
    def is_stopped(self) -> bool:
        """Whether a rule says to buy nothing more."""
        return self.stop_after is not None and self.failures >= self.stop_after

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to give."""
        return (self.is_pulled or self.is_stopped) and not self.made

    def add(self, job: MusicJob[Any]) -> None:
        if job in self.made:
            # One key twice is one job.
            return
        self.open_jobs += 1
        self.made[job] = None
        assert isinstance(job, TrackedJob)
        job.when_over(self.take)

    def take(self, job: MusicJob[Any]) -> None:
        """Hear that a job is over."""
        self.open_jobs -= 1
        self.ended[job] = None
        assert isinstance(job, TrackedJob)
        error = job.stored_error
        if isinstance(error, BudgetExceeded) and error.tag is None:
            self.stop_after = 0
        self.failures += job.stored_error is not None
        self.changed.set()


async def run_all(
    requests: "Sources[R]",
    submit: "Callable[[Source[R]], MusicJob[R]]",
    *,
    at_once: int,
    ordered: bool,
    stop_after_failures: int | None,
) -> AsyncGenerator[MusicJob[R], None]:
    """Yield each request's job when it is over; see `MusicSession.run`."""
    batch = _Batch(at_once=at_once, stop_after=stop_after_failures)
    pulling = asyncio.create_task(_pull(requests, submit, batch))
    try:
        while not batch.is_over:
            job = _next(batch, ordered=ordered)
            if job is not None:
                batch.changed.set()
                yield job
                continue
            batch.changed.clear()
            await batch.changed.wait()
        if batch.is_pulled:
            await pulling
    finally:
        # Whoever leaves early leaves what is in flight to the session.
        pulling.cancel()
        await asyncio.wait([pulling])


def _next(batch: _Batch, *, ordered: bool) -> MusicJob[Any] | None:
    """Return a job that is over, and forget it."""
    first = next(iter(batch.made if ordered else batch.ended), None)
    if first is None or first not in batch.ended:
        return None
    del batch.made[first]
    del batch.ended[first]
    return first


async def _pull(
    requests: "Sources[R]",
    submit: "Callable[[Source[R]], MusicJob[R]]",
    batch: _Batch,
) -> None:
    """Take requests only as jobs end, until there are none, or a rule stops it."""
    try:
        async for source in _aiter(requests):
            # A source may take its time, and a rule strike meanwhile.
            if batch.is_stopped:
                return
            batch.add(submit(source))
            while not batch.has_room and not batch.is_stopped:
                batch.changed.clear()
                await batch.changed.wait()
            if batch.is_stopped:
                return
    finally:
        batch.is_pulled = True
        batch.changed.set()


async def _aiter(requests: "Sources[R]") -> "AsyncIterator[Source[R]]":
    if isinstance(requests, AsyncIterable):
        async for source in requests:
            yield source
    else:
        for source in requests:
            yield source


@overload
async def wait_all(jobs: Mapping[K, MusicJob[R]]) -> dict[K, R | MusicError]: ...  # type: ignore[overload-overlap]
@overload
async def wait_all(jobs: Iterable[MusicJob[R]]) -> list[R | MusicError]: ...
async def wait_all(
    jobs: Iterable[MusicJob[R]] | Mapping[K, MusicJob[R]],
) -> list[R | MusicError] | dict[K, R | MusicError]:
    """
    Wait until all jobs are over, and give what each of them ended with.

    Unlike `asyncio.gather` it makes no task for any of them, so that a hundred
    thousand cost no more to wait for than one.
    Cancelling it touches no job.

    Args:
        jobs: Of one session or of several; they are all taken before the first is
            waited for.

    Returns:
        Each job's result or, in its place, its error, which is not raised; under
        the same keys, if *jobs* is a mapping.

    Raises:
        TypeError: Something in *jobs* is no job.
    """
    if isinstance(jobs, Mapping):
        return dict(zip(jobs, await wait_all(jobs.values()), strict=True))
    takes = "jobs, as a list, another iterable or a mapping"
    waited = all_of("wait_all()", MusicJob, jobs, takes)
    for job in waited:
        with contextlib.suppress(MusicError):
            await job
    return [job.error or cast("R", _result(job)) for job in waited]


def _result(job: MusicJob[Any]) -> object:
    assert isinstance(job, TrackedJob)
    return job.stored_result
