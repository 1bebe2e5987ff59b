"""
The money room: a slot, the credits, the intent, the POST, and what it came to.

A POST ends in one of three ways.  *Not sent*: tried again.  *Refused*: nothing was
bought; a 429 is tried again when the service says, the rest is the job's error.
*Unknown*: it was sent and its answer was lost, so it may be paid for; it is never
sent again.
"""

import asyncio
import collections
import contextlib
import functools
import itertools
import logging
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, final

import attrs

from aiomusic import _codec, _wire
from aiomusic._balance import Balance
from aiomusic._books import Books
from aiomusic._clock import Clock
from aiomusic._gate import Gate, backoff_s
from aiomusic._job import JobState, MusicJob, Sending
from aiomusic._log import say
from aiomusic._poller import Poller
from aiomusic._transport import Transport
from aiomusic.errors import (
    BudgetExceeded,
    Charged,
    InvalidRequest,
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
from aiomusic.journal import Busy, Granted, Known, OverBudget, Record, Verdict

if TYPE_CHECKING:
    from aiomusic.webhooks import Hooks

__all__ = ["OnKnownKey", "Submitter"]

OnKnownKey: TypeAlias = Literal["attach", "new", "error"]

MOST_UNSENT_TRIES = 5
MOST_429_TRIES = 10
TOO_MANY_REQUESTS = 429
MOST_ADMITTED_TOGETHER = 64
# So many creates have connections at one time, however many tasks may be in flight.
MOST_ON_WIRE = 256
# How often to ask again for what another process may have freed, or found out.
SHARED_S = 0.25
# How long a callback may take to bring home a task id that was lost.
HOME_S = 600.0
# How often to see whether it came to another process that shares the journal.
LOOK_HOME_S = 2.0


@final
@attrs.define(kw_only=True, eq=False)
class Submitter:
    """
    Sends queued jobs, first come, first served.

    A dear job at the head of the queue is not overtaken by cheap ones behind it.
    """

    transport: Transport
    books: Books
    balance: Balance
    poller: Poller
    gate: Gate
    clock: Clock
    hooks: "Hooks | None" = None
    on_known_key: OnKnownKey = "attach"
    is_leaving: bool = False
    _queue: collections.deque[MusicJob[Any]] = attrs.field(factory=collections.deque)
    # Those whose create is on the wire, or about to be written down.
    _sending: set[asyncio.Task[Any]] = attrs.field(factory=set)
    _admitting: asyncio.Lock = attrs.field(factory=asyncio.Lock)
    _line: asyncio.Lock = attrs.field(factory=asyncio.Lock)
    _on_wire: int = 0

    def queue(self, job: MusicJob[Any]) -> None:
        """Take a job; `run` sends it when there is room."""
        self._queue.append(job)
        self.books.open(job)

    async def run(self) -> None:
        """Send what is queued, for as long as there is a session."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self.books.changed.clear()
                async with self._admitting:
                    is_waiting = await self._admit_all(tasks)
                timer = None
                if is_waiting and self.books.journal.is_kept:
                    soon = self.clock.now() + SHARED_S
                    timer = self.clock.call_at(soon, self.books.changed.set)
                try:
                    await self.books.changed.wait()
                finally:
                    if timer is not None:
                        timer.cancel()

    async def leave(self, grace_s: float) -> None:
        """Send nothing new, and let what is on the wire hear its answer."""
        self.is_leaving = True
        async with self._admitting:
            pass
        if self._sending:
            await asyncio.wait(self._sending, timeout=grace_s)

    async def _admit_all(self, tasks: asyncio.TaskGroup) -> bool:
        """Start what there is room for; tell whether the rest has to wait."""
        while (jobs := self._head()) and not self.is_leaving:
            balance = await self.balance.before_create()
            entries = [self.books.entry(job, balance) for job in jobs]
            try:
                verdicts = await self.books.journal.admit(entries, self.books.limits)
            except MusicError as error:
                for job in jobs:
                    self.books.fail(job, error._fresh())
                continue
            judged = list(zip(jobs, verdicts, strict=False))
            is_waiting = isinstance(judged[-1][1], Busy)
            self._pop([job for job, verdict in judged if not isinstance(verdict, Busy)])
            for job, verdict in judged:
                self._start(job, verdict, tasks)
            if is_waiting:
                return True
        return False

    def _head(self) -> list[MusicJob[Any]]:
        """Give the first jobs of the queue; those that were cancelled are gone."""
        while self._queue and self._queue[0].done():
            self._queue.popleft()
        # The journal decides; this is so as not to write out many that must wait.
        busy = len(self.books.open_jobs) - len(self._queue)
        free = max(1, self.books.limits.concurrency - busy)
        room = min(free, MOST_ADMITTED_TOGETHER, MOST_ON_WIRE - self._on_wire)
        first = itertools.islice(self._queue, room)
        return list(itertools.takewhile(lambda job: not job.done(), first))

    def _pop(self, jobs: list[MusicJob[Any]]) -> None:
        for job in jobs:
            assert self._queue[0] is job
            self._queue.popleft()

    def _start(
        self, job: MusicJob[Any], verdict: Verdict, tasks: asyncio.TaskGroup
    ) -> None:
        match verdict:
            case Granted(attempt):
                job._attempt = attempt
                self._on_wire += 1
                task = tasks.create_task(self._submit(job))
                task.add_done_callback(self._sending.discard)
            case Known():
                self._meet(job, verdict, tasks)
            case OverBudget(spent):
                message = (
                    f"It costs {job.cost} credits, and {spent} of max_credits="
                    f"{self.books.limits.max_credits} are spent, or held by tasks"
                    " that only music.resume() follows. Nothing was sent."
                )
                self.books.fail(job, BudgetExceeded(message))
            case Busy():
                pass

    def _meet(self, job: MusicJob[Any], known: Known, tasks: asyncio.TaskGroup) -> None:
        """Do with a key that is in the journal what the session says."""
        assert job.request is not None
        record = known.record
        if record.fingerprint != _codec.fingerprint(job.request):
            other = _codec.difference(
                record.request or {}, _codec.request_to_json(job.request)
            )
            self._refuse_key(
                job, known, f"the journal has it with another request: {other}"
            )
        elif self.on_known_key == "error":
            self._refuse_key(
                job, known, f"the journal has it already, as {record.state}"
            )
        elif self.on_known_key == "new" and (job._is_anew or not job._asked_attempt):
            if record.state == JobState.UNKNOWN:
                words = "job %s is bought again, and what was bought before is unknown"
                say(logging.WARNING, words, job.key)
            self._let_go(known)
            job._asked_attempt = record.attempt + 1
            job._is_anew = True
            self._queue.appendleft(job)
        else:
            tasks.create_task(self._join(job, record))

    def _let_go(self, known: Known) -> None:
        """Leave a job to others, unless this session followed it before."""
        if known.is_taken_up:
            self.books.journal.release(known.record.key, known.record.attempt)

    def _refuse_key(self, job: MusicJob[Any], known: Known, why: str) -> None:
        self._let_go(known)
        message = f"key {job.key!r} can't be used: {why}. Nothing was sent."
        error = InvalidRequest(message, field="key", rule="one key, one request")
        self.books.fail(job, error)

    async def _join(self, job: MusicJob[Any], record: Record) -> None:
        """Give a job what the journal knows of it, and follow it from there."""
        journal = self.books.journal
        found: Record | None = record
        try:
            while found is not None and found.is_open and not job.done():
                adopted = await journal.adopt(self.clock.wall(), job.key)
                found = adopted[0] if adopted else await journal.find(job.key)
                if found is not None and found.is_open and found.task_id is not None:
                    # Another session may follow it too: whoever sees its end first
                    # writes it down.
                    job._attempt = found.attempt
                    age_s = found.task_age_s(self.clock.wall())
                    job._accept(found.task_id, self.clock.now() - age_s)
                    self.poller.follow(job, 0.0)
                    return
                await self.clock.sleep(SHARED_S)
        except MusicError as error:
            self.books.fail(job, error)
        if job.done():
            return
        if found is None or found.charged == "no":
            # What ended unpaid was never bought: it is this job's turn.
            self._queue.append(job)
            self.books.changed.set()
        else:
            self.books.restore(job, found)

    async def _submit(self, job: MusicJob[Any]) -> None:
        note_unsent = self.books.journal.note_unsent
        sending = job._sending = Sending(
            functools.partial(self._note_sent, job),
            functools.partial(note_unsent, job.key, job._attempt),
        )
        job._advance(JobState.SUBMITTING)
        try:
            await self._buy(job, sending)
        except asyncio.CancelledError:
            self._cut_off(job, sending)
            raise
        except Exception as error:  # noqa: BLE001 - one job's end, not everybody's
            self._unforeseen(job, error)

    def _note_sent(self, job: MusicJob[Any]) -> None:
        """Let a create leave, unless its job was cancelled on the way to the wire."""
        if job.done():
            raise _dropped()
        self.books.journal.note_sent(job.key, job._attempt)

    async def _buy(self, job: MusicJob[Any], sending: Sending) -> None:
        """Send the create, and write down what it came to."""
        try:
            created = await self._create_once(job, sending)
        except SubmissionUnknown as error:
            await self._unknown(job, error)
        except MusicError as error:
            self.books.fail(job, error)
        else:
            await self._created(job, created)

    async def _created(self, job: MusicJob[Any], created: object) -> None:
        self.balance.spend(job.cost)
        if not isinstance(created, _wire.Accepted):
            self.books.succeed(job, created)
            return
        say(logging.INFO, "job %s is task %s", job.key, created.task_id)
        await self.books.accept(job, created.task_id)
        self.poller.follow(job, created.retry_after_s)
        if self.hooks is not None and self.hooks.parked(job.key, job._attempt):
            self.poller.look_now(job)

    async def _unknown(self, job: MusicJob[Any], error: SubmissionUnknown) -> None:
        """Wait for a callback that brings the task's id home, where one may come."""
        task_id, lost_at = None, self.clock.now()
        if self.hooks is not None and job.request is not None and job.request.WEBHOOK:
            task_id = self.hooks.parked(job.key, job._attempt)
            if task_id is None and not self.is_leaving:
                task_id = await self._wait_home(job)
        if task_id is not None:
            await self.books.accept(job, task_id)
            # Its callback came at its end: that is not when it began.
            job._sent_at = lost_at
            self.poller.follow(job, 0.0)
            self.poller.look_now(job)
            return
        before = self.balance.value
        after = await self.balance.after_unknown()
        if before is not None and after is not None:
            seen = f"The balance was {before} credits before it and is {after} now."
            error.args = (f"{error.args[0]} {seen}",)
        self.books.fail(job, error, state=JobState.UNKNOWN, balance=after)

    async def _wait_home(self, job: MusicJob[Any]) -> str | None:
        assert self.hooks is not None
        # Leaving the session need not wait for this.
        self._sending.discard(_this_task())
        job._advance(JobState.UNKNOWN)
        deadline = self.clock.now() + HOME_S
        while (task_id := await self._home(job)) is None:
            now = self.clock.now()
            if now >= deadline or job.done():
                break
            home = self.hooks.expect(job.key, job._attempt)
            timer = self.clock.call_at(min(deadline, now + LOOK_HOME_S), home.set)
            try:
                await home.wait()
            finally:
                timer.cancel()
        return task_id

    async def _home(self, job: MusicJob[Any]) -> str | None:
        """Give the id that a callback brought here, or to who shares the journal."""
        assert self.hooks is not None
        record = None
        with contextlib.suppress(MusicError):
            record = await self.books.journal.find(job.key)
        parked = self.hooks.parked(job.key, job._attempt)
        if parked is None and record is not None and record.attempt == job._attempt:
            return record.task_id
        return parked

    def _unforeseen(self, job: MusicJob[Any], error: Exception) -> None:
        """Keep a mistake of this library, or of what it calls, to the job it hit."""
        seen = f"Submitting ended in {type(error).__name__}, a mistake in aiomusic"
        ended: MusicError
        if job.task_id is not None:
            ended = JobDetached(f"{seen}. The task goes on at the service.")
            ended.__cause__ = error
            self.books.detach(job, ended)
        elif job._is_sent:
            ended = SubmissionUnknown(f"{seen}; it may have been charged.")
            ended.__cause__ = error
            self.books.fail(job, ended, state=JobState.UNKNOWN)
        else:
            ended = NotSent(f"{seen}; nothing was sent.", retry=Retry.NEVER)
            ended.__cause__ = error
            self.books.fail(job, ended)

    def _cut_off(self, job: MusicJob[Any], sending: Sending) -> None:
        """Say what is known of a create whose session was left under it."""
        # A job whose task is known is left to whoever resumes it.
        if sending.is_sent and job.task_id is None:
            message = (
                "The session was left while the create was on the wire, so it may"
                " have been charged. Look at your credits before you repeat it."
            )
            self.books.fail(job, SubmissionUnknown(message), state=JobState.UNKNOWN)
        elif job.done() and job.task_id is None:
            self.books.fail(job, _dropped(), state=JobState.CANCELLED)

    async def _create_once(self, job: MusicJob[Any], sending: Sending) -> object:
        try:
            return await self._create(job, sending)
        finally:
            # There is room on the wire for the next.
            self._on_wire -= 1
            self.books.changed.set()

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
            # What was refused before is not on its way while the gate is shut.
            sending.undo()
            self._sending.discard(_this_task())
            await self._pass_gate(job)
            self._sending.add(_this_task())
            try:
                return await self._post(job, sending)
            except NotSent as error:
                unsent += 1
                if unsent == MOST_UNSENT_TRIES or error.retry is not Retry.NOW:
                    raise
                self._sending.discard(_this_task())
                await self.clock.sleep(backoff_s(unsent))
            except RateLimited as error:
                limited += 1
                if limited == MOST_429_TRIES or error.status != TOO_MANY_REQUESTS:
                    raise
                self.gate.close(error.retry_after_s, limited)

    async def _pass_gate(self, job: MusicJob[Any]) -> None:
        """Wait until the host takes requests, unless the job is given up."""
        if not self.gate.pass_now():
            # One at a time waits in line with the looks, so that they take turns.
            async with self._line:
                await self.gate.wait()
        if job.done():
            raise _dropped()
        if self.is_leaving:
            message = "The session was left before the job was sent; it costs nothing."
            raise JobDetached(message, charged=Charged.NO)

    async def _post(self, job: MusicJob[Any], sending: Sending) -> object:
        request = job.request
        assert request is not None
        body = request.to_body()
        if self.hooks is not None and request.WEBHOOK:
            body = {**self.hooks.fields(job.key, job._attempt), **body}
        try:
            reply = await self.transport.post(
                request.PATH, _wire.encode(body), sending, reply_s=request.REPLY_S
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


def _dropped() -> JobCancelled:
    message = "The job was cancelled before it was sent; it costs nothing."
    return JobCancelled(message)


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task
