"""Where a job's life is written: the journal first, then those who wait for it."""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, final

import attrs

from aiomusic import _codec
from aiomusic._clock import Clock
from aiomusic._job import JobState, MusicJob
from aiomusic._log import say
from aiomusic.errors import (
    Charged,
    JobCancelled,
    JobDetached,
    JournalError,
    MusicError,
    SubmissionUnknown,
)
from aiomusic.journal import Ending, Entry, Journal, Limits, Record
from aiomusic.results import Clip, ClipState

__all__ = ["Books"]


WAKING_TURNS = 5


@final
@attrs.define(eq=False, kw_only=True)
class Books:
    """
    The jobs that are open, and what is written down of them.

    Attributes:
        changed: Set whenever there may be room for the next job, or work to stop.
        is_idle: Set while no job is open.
    """

    journal: Journal
    limits: Limits
    clock: Clock
    open_jobs: dict[str, MusicJob[Any]] = attrs.field(factory=dict)
    changed: asyncio.Event = attrs.field(factory=asyncio.Event)
    is_idle: asyncio.Event = attrs.field(factory=asyncio.Event)

    _works: int = 0
    # Open jobs under keys that have a later one open.
    _older: set[MusicJob[Any]] = attrs.field(factory=set)

    def __attrs_post_init__(self) -> None:
        self.is_idle.set()

    async def idle(self) -> None:
        """
        Wait until no job is open and nothing is being saved.

        Whoever waited for the last job may be about to make the next one, so the
        loop is given a few turns to wake them.
        """
        turns = 0
        while turns < WAKING_TURNS:
            await self.is_idle.wait()
            await asyncio.sleep(0)
            turns = turns + 1 if self.is_idle.is_set() else 0

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """Count work that a clean exit waits for, beside the open jobs."""
        self._works += 1
        self.is_idle.clear()
        try:
            yield
        finally:
            self._works -= 1
            self._rest()

    def _rest(self) -> None:
        if not (self.open_jobs or self._older or self._works):
            self.is_idle.set()

    def open(self, job: MusicJob[Any]) -> None:
        """Enter a new job, beside the one that its key may have."""
        if job.key in self.open_jobs:
            self._older.add(job)
        else:
            self.open_jobs[job.key] = job
        self.is_idle.clear()
        self.changed.set()

    def entry(self, job: MusicJob[Any], balance: int | None = None) -> Entry:
        """Say what the journal keeps of a job before it is sent."""
        request = job.request
        is_kept = self.journal.is_kept and request is not None
        now = self.clock.wall()
        return Entry(
            key=job.key,
            attempt=job._asked_attempt,
            kind="attach" if request is None else request.kind(),
            provider=job.provider,
            request=_codec.request_to_json(request) if is_kept and request else None,
            fingerprint=_codec.fingerprint(request) if is_kept and request else None,
            cost=job.cost,
            metadata=job.metadata,
            made_at=now - job.elapsed_s,
            now=now,
            balance=balance,
            is_anew=job._is_anew,
        )

    async def accept(self, job: MusicJob[Any], task_id: str) -> None:
        """
        Write a task's id down, before anybody sees it.

        A journal that fails now must not lose a task that is paid for, nor must a
        session that is left: the job goes on without it, and the log says so.
        """
        try:
            await self.journal.accept(job.key, job._attempt, task_id, self.clock.wall())
        except MusicError:
            say(
                logging.ERROR,
                "task %s of job %s is not in the journal",
                task_id,
                job.key,
            )
        finally:
            job._accept(task_id, self.clock.now())

    def succeed(
        self,
        job: MusicJob[Any],
        result: object,
        clips: tuple[Clip, ...] = (),
    ) -> None:
        """End a job with its result."""
        state = JobState.CANCELLED if job.done() else JobState.SUCCEEDED
        self._end(job, state, Charged.YES, result=result, clips=clips)
        self._close(job)
        job._settle(JobState.SUCCEEDED, result=result, clips=clips or None)
        say(logging.INFO, "job %s succeeded in %.1f s", job.key, job.elapsed_s)

    def fail(
        self,
        job: MusicJob[Any],
        error: MusicError,
        *,
        state: JobState = JobState.FAILED,
        clips: tuple[Clip, ...] = (),
        balance: int | None = None,
    ) -> None:
        """End a job, and its hold on the limits, without its result."""
        self._end(job, state, error.charged, error=error, clips=clips, balance=balance)
        self._close(job)
        job._settle(state, error=error, clips=clips or None)
        say(logging.WARNING, "job %s is over: %s", job.key, error)

    def detach(self, job: MusicJob[Any], error: MusicError) -> None:
        """End the waiting for a job whose task lives on, for whoever resumes it."""
        if job._attempt and not job._is_ended:
            job._is_ended = True
            self.journal.release(job.key, job._attempt)
        self._close(job)
        job._settle(job.state, error=error)
        say(logging.WARNING, "job %s is left: %s", job.key, error)

    def abandon(self, job: MusicJob[Any], error: MusicError) -> None:
        """
        End the waiting for a job that was cancelled, whose task may go on.

        Its slot and its credits stay taken until the task is over.
        """
        self._close(job)
        job._settle(JobState.CANCELLED, error=error)

    def detach_all(self, why: str, cause: BaseException | None = None) -> None:
        """End the waiting for every open job; tasks at the service live on."""
        for job in [*self.open_jobs.values(), *self._older]:
            error = _detached(job, why)
            error.__cause__ = cause
            if job.task_id is None:
                # It was never sent, so its row is over, whatever the job was at.
                self._end(job, JobState.CANCELLED, error.charged, error=error)
                self.fail(job, error, state=job.state)
            else:
                self.detach(job, error)

    def restore(self, job: MusicJob[Any], record: Record) -> None:
        """Settle a job as the journal says that it ended."""
        self._close(job)
        job._attempt = record.attempt
        job._is_ended = True
        job._task_id = record.task_id
        try:
            self._settle_again(job, record)
        except ValueError as error:
            message = (
                f"What the journal has of the job can't be read: {error}. It was"
                f" {record.state}, and is not bought again by itself."
            )
            damaged = JournalError(message, charged=Charged.UNKNOWN)
            damaged.__cause__ = error
            job._settle(JobState.FAILED, error=damaged)

    def _settle_again(self, job: MusicJob[Any], record: Record) -> None:
        clips = _codec.clips_from_json(record.clips)
        state = JobState(record.state)
        if state is JobState.SUCCEEDED:
            made = tuple(c for c in clips if c.state is ClipState.SUCCEEDED)
            result = _codec.result_from_json(record.result)
            job._settle(state, result=result or made, clips=clips)
            return
        job._settle(state, error=_recorded_error(record), clips=clips)

    def note_files(self, job: MusicJob[Any], files: list[str]) -> None:
        """Write down where a job's clips are stored."""
        if job._attempt:
            self.journal.note_files(job.key, job._attempt, files)

    def _close(self, job: MusicJob[Any]) -> None:
        # An abandoned job ends twice, and its key may by then be another's.
        if self.open_jobs.get(job.key) is job:
            del self.open_jobs[job.key]
        self._older.discard(job)
        self._rest()
        self.changed.set()

    def _end(
        self,
        job: MusicJob[Any],
        state: JobState,
        charged: Charged,
        *,
        error: MusicError | None = None,
        result: object = None,
        clips: tuple[Clip, ...] = (),
        balance: int | None = None,
    ) -> None:
        # One that is not granted has no row: what it asks for may be another's.
        if not job._attempt or job._is_ended:
            return
        is_kept = self.journal.is_kept
        ending = Ending(
            state=str(state),
            # What is not known to be unpaid counts as paid: the ceiling is hard.
            is_charged=charged not in {Charged.NO, Charged.REFUNDED},
            charged=str(charged),
            now=self.clock.wall(),
            task_id=job.task_id,
            is_attached=job.request is None,
            error=_codec.error_to_json(error) if is_kept and error else None,
            result=_codec.result_to_json(result) if is_kept else None,
            clips=_codec.to_json(clips) if is_kept else (),
            balance=balance,
        )
        self.journal.end(job.key, job._attempt, ending)
        job._is_ended = True


def _detached(job: MusicJob[Any], why: str) -> JobDetached:
    if job.task_id is None:
        message = f"{why} The job had not been sent, and was dropped unpaid."
        return JobDetached(message, charged=Charged.NO)
    message = (
        f"{why} The task goes on at the service: music.attach("
        f"{job.provider!r}, {job.task_id!r}) follows it again, and so does"
        " music.resume() with a journal."
    )
    return JobDetached(message)


def _recorded_error(record: Record) -> MusicError:
    if record.state == JobState.CANCELLED:
        return _given_up(record)
    if record.error is not None:
        return _codec.error_from_json(record.error)
    message = (
        f"The session ended while the create was on the wire ({_when(record)}), so it"
        f" may have been charged: {_balances(record)} It is not sent again unless you"
        " call job.resubmit(); job.give_up() closes it."
    )
    return SubmissionUnknown(message)


def _given_up(record: Record) -> JobCancelled:
    charged = Charged(record.charged or Charged.UNKNOWN)
    if record.task_id is None:
        message = (
            "The job was given up; whether its create was charged is not known."
            " job.resubmit() buys it again."
        )
    else:
        message = (
            "The job was given up while its task went on at the service:"
            f" music.attach({record.provider!r}, {record.task_id!r}) follows it."
        )
    return JobCancelled(message, charged=charged)


def _balances(record: Record) -> str:
    before, after = record.balance_before, record.balance_after
    now = "" if after is None else f" and was {_credits(after)} afterwards"
    return f"the balance before it was {_credits(before)}{now}."


def _when(record: Record) -> str:
    if record.sent_at is None:
        return "it is not known when"
    return f"{datetime.fromtimestamp(record.sent_at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _credits(value: int | None) -> str:
    return "not seen" if value is None else f"{value} credits"
