"""
The money room: a slot, the credits, the POST, and what it came to.

A POST ends in one of three ways.  *Not sent*: tried again.  *Refused*: nothing was
bought; a 429 is tried again when the service says, the rest is the job's error.
*Unknown*: it was sent and its answer was lost, so it may be paid for; it is never
sent again.
"""

import asyncio
import collections
import logging
from typing import Any, final

import attrs

from aiomusic import _wire
from aiomusic._books import Books
from aiomusic._clock import Clock
from aiomusic._gate import Gate, backoff_s
from aiomusic._job import JobState, MusicJob
from aiomusic._limits import Admission
from aiomusic._poller import Poller
from aiomusic._transport import Sending, Transport
from aiomusic.errors import (
    BudgetExceeded,
    Charged,
    JobCancelled,
    JobDetached,
    JobFailed,
    MusicError,
    NotSent,
    ProtocolError,
    RateLimited,
    Retry,
    ServiceFailed,
    SubmissionUnknown,
)

__all__ = ["Submitter"]

_log = logging.getLogger("aiomusic")

MOST_UNSENT_TRIES = 5
MOST_429_TRIES = 10
TOO_MANY_REQUESTS = 429


@final
@attrs.define(kw_only=True, eq=False)
class Submitter:
    """
    Sends queued jobs, first come, first served.

    A dear job at the head of the queue is not overtaken by cheap ones behind it.
    """

    transport: Transport
    books: Books
    poller: Poller
    gate: Gate
    clock: Clock
    is_leaving: bool = False
    _queue: collections.deque[MusicJob[Any]] = attrs.field(factory=collections.deque)
    _sending: set[asyncio.Task[None]] = attrs.field(factory=set)

    def queue(self, job: MusicJob[Any]) -> None:
        """Take a job; `run` sends it when there is room."""
        self._queue.append(job)
        self.books.open(job)

    async def run(self) -> None:
        """Send what is queued, for as long as there is a session."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self.books.changed.clear()
                while (job := self._admit_next()) is not None:
                    task = tasks.create_task(self._submit(job))
                    self._sending.add(task)
                    task.add_done_callback(self._sending.discard)
                await self.books.changed.wait()

    async def leave(self, grace_s: float) -> None:
        """Send nothing new, and let what is on the wire hear its answer."""
        self.is_leaving = True
        if self._sending:
            await asyncio.wait(self._sending, timeout=grace_s)

    def _admit_next(self) -> MusicJob[Any] | None:
        """Give the job at the head of the queue, if there is room for it."""
        while self._queue and not self.is_leaving:
            job = self._queue[0]
            if not job.done():
                try:
                    if self.books.limits.admit(job.cost) is Admission.WAIT:
                        return None
                except BudgetExceeded as error:
                    self._queue.popleft()
                    self.books.fail(job, error)
                    continue
                job._is_admitted = True
            self._queue.popleft()
            if job._is_admitted:
                return job
        return None

    async def _submit(self, job: MusicJob[Any]) -> None:
        sending = Sending()
        job._advance(JobState.SUBMITTING)
        try:
            created = await self._create(job, sending)
        except SubmissionUnknown as error:
            self.books.fail(job, error, state=JobState.UNKNOWN)
        except MusicError as error:
            self.books.fail(job, error)
        except Exception as error:  # noqa: BLE001 - one job's end, not everybody's
            state = JobState.UNKNOWN if sending.is_sent else JobState.FAILED
            self.books.fail(job, _unforeseen(error, sending), state=state)
        except asyncio.CancelledError:
            self._cut_off(job, sending)
            raise
        else:
            self._created(job, created)

    def _created(self, job: MusicJob[Any], created: object) -> None:
        if not isinstance(created, _wire.Accepted):
            self.books.succeed(job, created)
            return
        _log.info("job %s is task %s", job.key, created.task_id)
        job._accept(created.task_id, self.clock.now())
        self.poller.follow(job, created.retry_after_s)

    def _cut_off(self, job: MusicJob[Any], sending: Sending) -> None:
        """Say what is known of a create whose session was left under it."""
        if sending.is_sent:
            message = (
                "The session was left while the create was on the wire, so it may"
                " have been charged. Look at your credits before you repeat it."
            )
            self.books.fail(job, SubmissionUnknown(message), state=JobState.UNKNOWN)

    async def _create(self, job: MusicJob[Any], sending: Sending) -> object:
        """
        Send the create until it is sent once.

        Raises:
            NotSent: The service could not be reached.
            SubmissionUnknown: It was sent, and its answer was lost.
            ApiError: The service says no.
        """
        unsent = limited = 0
        while True:
            await self._pass_gate(job)
            try:
                return await self._post(job, sending)
            except NotSent as error:
                unsent += 1
                if unsent == MOST_UNSENT_TRIES or error.retry is not Retry.NOW:
                    raise
                await self.clock.sleep(backoff_s(unsent))
            except RateLimited as error:
                limited += 1
                if limited == MOST_429_TRIES or error.status != TOO_MANY_REQUESTS:
                    raise
                self.gate.close(error.retry_after_s, limited)

    async def _pass_gate(self, job: MusicJob[Any]) -> None:
        """Wait until the host takes requests, unless the job is given up."""
        await self.gate.wait()
        if job.done():
            message = "The job was cancelled before it was sent; it costs nothing."
            raise JobCancelled(message)
        if self.is_leaving:
            message = "The session was left before the job was sent; it costs nothing."
            raise JobDetached(message, charged=Charged.NO)

    async def _post(self, job: MusicJob[Any], sending: Sending) -> object:
        request = job.request
        assert request is not None
        sending.is_sent = False
        try:
            reply = await self.transport.post(
                request.PATH,
                _wire.encode(request.to_body()),
                sending,
                reply_s=request.REPLY_S,
            )
            return _wire.read_created(request, reply)
        except (ServiceFailed, ProtocolError, JobFailed) as error:
            # The service had it, and its answer does not tell what became of it.
            message = (
                f"{error} The request may have been charged, so it is not sent again."
            )
            is_refunded = error.charged is Charged.REFUNDED
            raise SubmissionUnknown(
                message, charged=error.charged if is_refunded else None
            ) from error


def _unforeseen(error: Exception, sending: Sending) -> MusicError:
    """Keep a mistake of this library, or of what it calls, to the job it hit."""
    seen = f"Submitting ended in {type(error).__name__}, which is a mistake in aiomusic"
    if sending.is_sent:
        ended: MusicError = SubmissionUnknown(f"{seen}; it may have been charged.")
    else:
        ended = NotSent(f"{seen}; nothing was sent.", retry=Retry.NEVER)
    ended.__cause__ = error
    return ended
