"""The one writer of a job's life: the journal first, then those who wait for it."""

import asyncio
import contextlib
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast, final

import attrs

from aiomusic import _codec
from aiomusic._clock import Clock
from aiomusic._engine.job import TrackedJob
from aiomusic._job import JobState
from aiomusic._json import to_json
from aiomusic._log import log
from aiomusic.errors import (
    UNKNOWN_STEPS,
    Charged,
    JobCancelled,
    JobDetached,
    JournalError,
    MusicError,
    NextStep,
    SubmissionUnknown,
)
from aiomusic.journal import LEASE_S, Ending, Entry, Event, Journal, Limits, Record
from aiomusic.results import Clip, ClipState, TaskSnapshot

__all__ = ["Ledger"]


TAKEN = (
    "Another process has settled the purchase, given it up or taken it over since it"
    " was granted here, so this create was not sent. music.job(key) tells what became"
    " of it, and music.resume() goes on with it."
)
WAKING_TURNS = 5
# How many tasks a session remembers after their jobs are over.
MAX_OWNERS = 10_000


@final
@attrs.define(eq=False, kw_only=True)
class Ledger:
    """
    The jobs that are open, and what is written down of them.

    Attributes:
        changed: Set whenever there may be room for the next job, or work to stop.
        is_idle: Set while no job is open that somebody asked for.
    """

    journal: Journal
    limits: Limits
    clock: Clock
    open_jobs: dict[str, TrackedJob[Any]] = attrs.field(factory=dict)
    changed: asyncio.Event = attrs.field(factory=asyncio.Event)
    is_idle: asyncio.Event = attrs.field(factory=asyncio.Event)

    _works: int = 0
    # Open jobs under keys that have a later one open.
    _older: set[TrackedJob[Any]] = attrs.field(factory=set)
    _unheard: set[TrackedJob[Any]] = attrs.field(factory=set)
    # Tasks of others that are followed so that their slots are freed in time.
    _caretaken: set[TrackedJob[Any]] = attrs.field(factory=set)
    # The latest tasks and whose they are, for when no journal knows.
    _owners: dict[str, tuple[str, int]] = attrs.field(factory=dict)

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

    @property
    def jobs(self) -> list[TrackedJob[Any]]:
        """All jobs that are open."""
        return [*self.open_jobs.values(), *self._older, *self._caretaken]

    def open(self, job: TrackedJob[Any]) -> None:
        """Enter a new job, beside the one that its key may have."""
        if job.key in self.open_jobs:
            self._older.add(job)
        else:
            self.open_jobs[job.key] = job
        self.is_idle.clear()
        self.changed.set()
        job.announce()

    def take_care(self, job: TrackedJob[Any]) -> None:
        """Enter a job that nobody here asked for, and a clean exit does not await."""
        self._caretaken.add(job)

    def purchase(self, key: str, attempt: int) -> TrackedJob[Any] | None:
        """Return the open job of one purchase, of several that a key may have."""
        found = (job for job in (self.open_jobs.get(key), *self._older) if job)
        return next((j for j in found if (j.key, j.attempt) == (key, attempt)), None)

    def entry(
        self,
        job: TrackedJob[Any],
        *,
        balance: int | None = None,
        lease_s: float = LEASE_S,
    ) -> Entry:
        """
        Return what the journal keeps of a job before it is sent.

        Args:
            balance: Credits of the account when last seen; None: not known.
            lease_s: How long its slot is held where nobody sees its end, in seconds.
        """
        request = job.request
        is_kept = self.journal.is_kept and request is not None
        if is_kept and request and job.fingerprint is None:
            job.fingerprint = _codec.fingerprint(request)
        now = self.clock.wall()
        return Entry(
            key=job.key,
            attempt=job.requested_attempt,
            kind="attach" if request is None else request.kind(),
            provider=job.provider,
            request=_codec.request_to_json(request) if is_kept and request else None,
            fingerprint=job.fingerprint,
            cost=job.cost,
            metadata=job.metadata,
            made_at=now - job.elapsed_s,
            now=now,
            balance=balance,
            force_new=job.force_new,
            lease_s=lease_s,
        )

    # On the way to the wire.

    def granted(self, job: TrackedJob[Any], attempt: int) -> None:
        """Take the journal's leave to send a job."""
        job.attempt = attempt
        job.fingerprint = None

    def submitting(self, job: TrackedJob[Any]) -> None:
        """Note that a job is on its way to the wire."""
        job.advance(JobState.SUBMITTING)

    async def body_begins(self, job: TrackedJob[Any]) -> None:
        """
        Note that a create is about to leave, unless its job was cancelled meanwhile.

        Raises:
            JobCancelled: It was, so nothing may leave.
            JournalError: It can't be written down, or another process has settled
                the purchase since, so nothing may leave.
        """
        if job.done():
            raise dropped()
        # Whoever ends it while that is written must not call it unpaid: it leaves then.
        job.note_sent(is_sent=True)
        is_noted = False
        try:
            is_noted = await self.journal.note_sent(job.key, job.attempt)
        finally:
            if not is_noted:
                job.note_sent(is_sent=False)
        if not is_noted:
            # The row is another's by now, and stays as it is.
            job.is_row_closed = True
            raise JournalError(TAKEN, charged=Charged.UNKNOWN)

    def throttled(self, job: TrackedJob[Any]) -> None:
        """Note that the service refused a create for now, and bought nothing."""
        self.journal.note_unsent(job.key, job.attempt)
        job.note_sent(is_sent=False)

    def requeued(self, job: TrackedJob[Any]) -> None:
        """Note that a job waits, unpaid, until the service has room for it."""
        job.advance(JobState.QUEUED)

    # What a create came to.

    async def accepted(self, job: TrackedJob[Any], task_id: str) -> None:
        """
        Write a task's id down, before anybody sees it.

        A journal that fails now must not lose a task that is paid for, nor must a
        session that is closing: the job goes on without it, and the log says so.
        """
        self._unheard.discard(job)
        try:
            await self.journal.accept(job.key, job.attempt, task_id, self.clock.wall())
        except MusicError as error:
            log(
                logging.ERROR,
                "task %s of job %s is not in the journal: %s",
                task_id,
                job.key,
                error,
            )
        finally:
            job.accept(task_id, self.clock.now())
            if job.done():
                self._remember(job)

    def owner_of(self, task_id: str) -> tuple[str, int] | None:
        """Return the key and attempt that the task of a job that is over was for."""
        return self._owners.get(task_id)

    def _remember(self, job: TrackedJob[Any]) -> None:
        if job.task_id is None or not job.attempt:
            return
        self._owners[job.task_id] = (job.key, job.attempt)
        if len(self._owners) > MAX_OWNERS:
            del self._owners[next(iter(self._owners))]

    async def answered(self, job: TrackedJob[Any], result: object) -> None:
        """End a job with a result that its create's reply holds."""
        clips = _clips_of(result)
        await self._settle_row(job, Event.ANSWERED, result=result, clips=clips)
        self._close(job)
        job.settle(JobState.SUCCEEDED, result=result, clips=clips or None)
        log(logging.INFO, "job %s succeeded in %.1f s", job.key, job.elapsed_s)

    async def refused(self, job: TrackedJob[Any], error: MusicError) -> None:
        """End a job that the service refused."""
        await self._settle_row(job, Event.REFUSED, error=error)
        self._fail_handle(job, error)

    async def unsent(self, job: TrackedJob[Any], error: MusicError) -> None:
        """End a job that could not be sent."""
        await self._settle_row(job, Event.NOT_SENT, error=error)
        self._fail_handle(job, error)

    async def lost(
        self, job: TrackedJob[Any], error: SubmissionUnknown, balance: int | None
    ) -> None:
        """End a job whose create was sent and whose answer was lost."""
        is_refunded = error.charged is Charged.REFUNDED
        event = Event.REFUNDED if is_refunded else Event.LOST
        await self._settle_row(job, event, error=error, balance=balance)
        state = JobState.FAILED if is_refunded else JobState.UNKNOWN
        self._fail_handle(job, error, state=state)

    # What a poll saw.

    def progressed(self, job: TrackedJob[Any], snapshot: TaskSnapshot) -> None:
        """Notify those who watch of how far the task is."""
        is_pending = snapshot.state is ClipState.PENDING
        job.advance(
            job.state if is_pending else JobState.RUNNING,
            clips=snapshot.clips or None,
            progress=snapshot.progress,
        )

    def succeeded(
        self, job: TrackedJob[Any], result: object, clips: tuple[Clip, ...]
    ) -> None:
        """End a job whose task has succeeded."""
        self._end_row(job, Event.SUCCEEDED, result=result, clips=clips)
        self._close(job)
        job.settle(JobState.SUCCEEDED, result=result, clips=clips)
        log(logging.INFO, "job %s succeeded in %.1f s", job.key, job.elapsed_s)

    def failed(
        self,
        job: TrackedJob[Any],
        error: MusicError,
        clips: tuple[Clip, ...] = (),
    ) -> None:
        """End a job whose task has failed; a task that was made is never free."""
        if error.charged is Charged.NO:
            error.charged = Charged.UNKNOWN
        self._end_row(job, Event.FAILED, error=error, clips=clips)
        self._fail_handle(job, error, clips=clips)

    def never_seen(self, job: TrackedJob[Any], error: MusicError) -> None:
        """
        End a job whose task was named by hand, and is not known to the service.

        If a purchase was given that id, it is as unknown as it was before.
        """
        self._end_row(job, Event.NEVER_SEEN, error=error)
        state = JobState.FAILED if job.request is None else JobState.UNKNOWN
        self._fail_handle(job, error, state=state)

    def broke_off(self, job: TrackedJob[Any], error: MusicError) -> None:
        """End a job at a mistake of this library, by what its row says was sent."""
        if job.task_id is not None:
            self.detach(job, error)
        elif isinstance(error, SubmissionUnknown):
            self._end_row(job, Event.LOST, error=error)
            self._fail_handle(job, error, state=JobState.UNKNOWN)
        else:
            self._end_row(job, Event.NOT_SENT, error=error)
            self._fail_handle(job, error)

    # What happens to the handle alone.

    def unreadable(self, job: TrackedJob[Any], error: JournalError) -> None:
        """End a job whose row can't be followed; the row stays as it is."""
        job.is_row_closed = True
        self._fail_handle(job, error)

    def dropped(self, job: TrackedJob[Any], error: MusicError) -> None:
        """End a job that was not sent: cancelled, over the budget, its key refused."""
        if job.attempt:
            self._end_row(job, Event.DROPPED, error=error)
        elif self.journal.is_kept and self._is_first(job):
            # It may have been written down while it waited, as the first of its key.
            ending = self._ending(job, Event.DROPPED, error=error)
            self.journal.end(job.key, 1, ending)
        is_cancelled = isinstance(error, JobCancelled)
        state = JobState.CANCELLED if is_cancelled else JobState.FAILED
        self._fail_handle(job, error, state=state)

    def _is_first(self, job: TrackedJob[Any]) -> bool:
        """Check whether a job, and no other of its key, may have a row that waits."""
        return self.open_jobs.get(job.key) is job and not job.is_row_closed

    def detach(self, job: TrackedJob[Any], error: MusicError) -> None:
        """End the waiting for a job whose task lives on, for whoever resumes it."""
        if job.attempt and not job.is_row_closed and job.task_id is not None:
            job.is_row_closed = True
            self.journal.release(job.key, job.attempt)
        self._fail_handle(job, error, state=job.state)

    def abandon(self, job: TrackedJob[Any], error: MusicError) -> None:
        """
        End the waiting for a job that was cancelled, whose task may go on.

        Its slot and its credits stay taken until the task is over.
        """
        self._close(job)
        job.settle(JobState.CANCELLED, error=error)

    def unheard(self, job: TrackedJob[Any], error: SubmissionUnknown) -> None:
        """
        End the waiting for a job whose create is on the wire, and may be answered.

        Its row stays as it is until then, or until its session is closed.
        """
        self._unheard.add(job)
        self._fail_handle(job, error, state=JobState.UNKNOWN)

    def detach_all(self, why: str, cause: BaseException | None = None) -> None:
        """
        End the waiting for every open job; tasks at the service live on.

        No row is written: what becomes of them is told by their own records, when
        the journal is closed or its session is found dead.
        """
        for job in self.jobs:
            error = _detached(job, why, is_kept=self.journal.is_kept)
            error.__cause__ = cause
            job.is_row_closed = True
            is_lost = isinstance(error, SubmissionUnknown)
            state = JobState.UNKNOWN if is_lost else job.state
            self._fail_handle(job, error, state=state)

    def restore(self, job: TrackedJob[Any], record: Record) -> None:
        """Settle a job as the journal says that it ended."""
        self._close(job)
        job.attempt = record.attempt
        job.is_row_closed = True
        job.note_marks(record.marks)
        task_id = record.task_id
        try:
            if record.state is JobState.SUCCEEDED and not record.lacks_archive:
                clips, result = record.clips, record.result
                job.settle(record.state, result=result, clips=clips, task_id=task_id)
                return
            state = JobState.FAILED if record.lacks_archive else record.state
            clips, error = record.clips, record.error
            job.settle(state, error=error, clips=clips, task_id=task_id)
        except JournalError as damaged:
            job.settle(JobState.FAILED, error=damaged, task_id=task_id)

    async def mark(self, job: TrackedJob[Any], name: str) -> None:
        """
        Write down what the user notes of a job.

        Raises:
            JournalError: It could not be, or the job is not written down itself.
        """
        now = self.clock.wall()
        if job.attempt or not self.journal.is_kept:
            await self.journal.mark(job.key, job.attempt, name, now)
        elif job.state is not JobState.FAILED:
            message = f"{job!r} can't be marked: it still waits to be sent."
            raise JournalError(message, charged=Charged.NO)
        # What failed before it was granted has no row, and never comes back.
        job.note_marks({name: now} | dict(job.marks))

    def note_files(self, job: TrackedJob[Any], files: list[str]) -> None:
        """Write down where a job's clips are stored."""
        if job.attempt:
            self.journal.note_files(job.key, job.attempt, files)

    async def note_clip(self, clip: Clip, path: Path) -> None:
        """Write down where a clip is stored, if it is of a job of this journal's."""
        if clip.task_id is None or not self.journal.is_kept:
            return
        try:
            record = await self.journal.find_task(clip.provider, clip.task_id)
        except JournalError as error:
            log(logging.WARNING, "%s is stored, but not noted: %s", path, error)
            return
        if record is not None:
            self._note_stored(record, path)

    def _note_stored(self, record: Record, path: Path) -> None:
        files = [str(path.resolve())]
        self.journal.note_files(record.key, record.attempt, files)

    def give_up(self, job: TrackedJob[Any], *, is_charged: bool) -> None:
        """
        Take the user's verdict on a job whose answer is lost.

        Raises:
            ValueError: It is not: the answer may still come.
        """
        if job in self._unheard:
            message = (
                f"Job {job.key} can't be given up yet: its create was sent, and the"
                " answer may still come. Once it is lost, or the session is closed and"
                " music.resume() returns the job, it can."
            )
            raise ValueError(message)
        self.journal.give_up_soon(
            job.key, job.attempt, self.clock.wall(), is_charged=is_charged
        )
        job.close_unknown(is_charged=is_charged)

    def _fail_handle(
        self,
        job: TrackedJob[Any],
        error: MusicError,
        *,
        state: JobState = JobState.FAILED,
        clips: tuple[Clip, ...] = (),
    ) -> None:
        self._close(job)
        job.settle(state, error=error, clips=clips or None)
        log(logging.WARNING, "job %s is over: %s", job.key, error)

    def _close(self, job: TrackedJob[Any]) -> None:
        # An abandoned job ends twice, and its key may by then be another's.
        if self.open_jobs.get(job.key) is job:
            del self.open_jobs[job.key]
        self._older.discard(job)
        self._caretaken.discard(job)
        self._remember(job)
        self._rest()
        self.changed.set()

    async def _settle_row(
        self,
        job: TrackedJob[Any],
        event: Event,
        *,
        error: MusicError | None = None,
        result: object = None,
        clips: tuple[Clip, ...] = (),
        balance: int | None = None,
    ) -> None:
        """Write an end down durably; if it can't be, the log says so."""
        self._unheard.discard(job)
        if not job.attempt or job.is_row_closed:
            return
        ending = self._ending(
            job, event, error=error, result=result, clips=clips, balance=balance
        )
        job.is_row_closed = True
        try:
            await self.journal.settle(job.key, job.attempt, ending)
        except MusicError as trouble:
            words = "the end of job %s is not in the journal: %s"
            log(logging.ERROR, words, job.key, trouble)

    def _end_row(
        self,
        job: TrackedJob[Any],
        event: Event,
        *,
        error: MusicError | None = None,
        result: object = None,
        clips: tuple[Clip, ...] = (),
    ) -> None:
        """Have an end written down soon."""
        if not job.attempt or job.is_row_closed:
            return
        job.is_row_closed = True
        ending = self._ending(job, event, error=error, result=result, clips=clips)
        self.journal.end(job.key, job.attempt, ending)

    def _ending(
        self,
        job: TrackedJob[Any],
        event: Event,
        *,
        error: MusicError | None = None,
        result: object = None,
        clips: tuple[Clip, ...] = (),
        balance: int | None = None,
    ) -> Ending:
        is_kept = self.journal.is_kept
        is_told = event is Event.FAILED and error is not None
        return Ending(
            event=event,
            now=self.clock.wall(),
            charged=str(error.charged) if is_told and error else None,
            task_id=job.task_id,
            error=_codec.error_to_json(error) if is_kept and error else None,
            result=_codec.result_to_json(result) if is_kept else None,
            clips=cast("Sequence[object]", to_json(clips)) if is_kept else (),
            balance=balance,
        )


def dropped() -> JobCancelled:
    """Return the error of a job that was cancelled before it was sent."""
    message = "The job was cancelled before it was sent; it costs nothing."
    return JobCancelled(message, next_steps=[NextStep.BUY_AGAIN])


def _detached(job: TrackedJob[Any], why: str, *, is_kept: bool) -> MusicError:
    if job.task_id is not None:
        message = f"{why} The task is paid for and goes on at the service."
        return JobDetached(message, next_steps=[NextStep.FOLLOW])
    if job.is_sent:
        message = (
            f"{why} The create was on the wire, so it may have been charged, and is not"
            " sent again. With a journal, music.resume() returns the job."
        )
        return SubmissionUnknown(message, next_steps=UNKNOWN_STEPS)
    if is_kept:
        message = (
            f"{why} The job had not been sent: nothing was charged. The journal keeps"
            " it under its key, so don't submit it again under another."
        )
        return JobDetached(message, charged=Charged.NO, next_steps=[NextStep.SEND])
    message = (
        f"{why} The job had not been sent, and was dropped unpaid: nothing was charged."
        " Submit it again."
    )
    return JobDetached(message, charged=Charged.NO)


def _clips_of(result: object) -> tuple[Clip, ...]:
    """Return the clips that a create's own reply held."""
    found = result if isinstance(result, tuple) else ()
    return tuple(one for one in found if isinstance(one, Clip))
