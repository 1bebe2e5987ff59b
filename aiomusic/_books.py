"""Where a job's end is written: the money first, then those who wait for it."""

import asyncio
import logging
from typing import Any, final

import attrs

from aiomusic._job import JobState, MusicJob
from aiomusic._limits import Limits
from aiomusic.errors import Charged, JobDetached, MusicError
from aiomusic.results import Clip

__all__ = ["Books"]

_log = logging.getLogger("aiomusic")


@final
@attrs.define(eq=False)
class Books:
    """
    The jobs that are open, and what they hold of the limits.

    Attributes:
        changed: Set whenever there may be room for the next job, or work to stop.
        is_idle: Set while no job is open.
    """

    limits: Limits
    open_jobs: dict[str, MusicJob[Any]] = attrs.field(factory=dict)
    changed: asyncio.Event = attrs.field(factory=asyncio.Event)
    is_idle: asyncio.Event = attrs.field(factory=asyncio.Event)

    def __attrs_post_init__(self) -> None:
        self.is_idle.set()

    def open(self, job: MusicJob[Any]) -> None:
        """Enter a new job."""
        self.open_jobs[job.key] = job
        self.is_idle.clear()
        self.changed.set()

    def succeed(
        self,
        job: MusicJob[Any],
        result: object,
        clips: tuple[Clip, ...] | None = None,
    ) -> None:
        """End a job with its result."""
        self._release(job, Charged.YES)
        self._close(job)
        job._settle(JobState.SUCCEEDED, result=result, clips=clips)
        _log.info("job %s succeeded in %.1f s", job.key, job.elapsed_s)

    def fail(
        self,
        job: MusicJob[Any],
        error: MusicError,
        *,
        state: JobState = JobState.FAILED,
        clips: tuple[Clip, ...] | None = None,
    ) -> None:
        """End a job, and its hold on the limits, without its result."""
        self._release(job, error.charged)
        self._close(job)
        job._settle(state, error=error, clips=clips)
        _log.warning("job %s is over: %s", job.key, error)

    def abandon(self, job: MusicJob[Any], error: MusicError) -> None:
        """
        End the waiting for a job whose task may go on.

        Its slot and its credits stay taken until the task is over.
        """
        self._close(job)
        job._settle(JobState.CANCELLED, error=error)
        self.changed.set()

    def detach_all(self, why: str, cause: BaseException | None = None) -> None:
        """End the waiting for every open job; tasks at the service live on."""
        for job in list(self.open_jobs.values()):
            error = _detached(job, why)
            error.__cause__ = cause
            self._release(job, error.charged)
            self._close(job)
            job._settle(job.state, error=error)

    def _close(self, job: MusicJob[Any]) -> None:
        # An abandoned job ends twice, and its key may by then be another's.
        if self.open_jobs.get(job.key) is job:
            del self.open_jobs[job.key]
        if not self.open_jobs:
            self.is_idle.set()

    def _release(self, job: MusicJob[Any], charged: Charged) -> None:
        if not job._is_admitted:
            return
        job._is_admitted = False
        self.limits.free_slot()
        # What is not known to be unpaid counts as paid: the ceiling is hard.
        if charged in {Charged.NO, Charged.REFUNDED}:
            self.limits.give_back(job.cost)
        else:
            self.limits.spend(job.cost)
        self.changed.set()


def _detached(job: MusicJob[Any], why: str) -> JobDetached:
    if job.task_id is None:
        message = f"{why} The job had not been sent, and was dropped unpaid."
        return JobDetached(message, charged=Charged.NO)
    message = (
        f"{why} The task goes on at the service: music.attach("
        f"{job.provider!r}, {job.task_id!r}) follows it again."
    )
    return JobDetached(message)
