"""
The queue: who may be sent next, and what becomes of each create.

Jobs wait here for a slot and credits, which the journal grants.  Each that is granted
sends its create until one try has an answer (`aiomusic._engine.submission`), and the
ledger writes down what it came to.
"""

import asyncio
import collections
import contextlib
import functools
import itertools
import logging
from typing import TYPE_CHECKING, Any, final

import attrs

from aiomusic._clock import Clock
from aiomusic._engine.balance import Balance
from aiomusic._engine.breaker import Breaker
from aiomusic._engine.deadlines import Deadlines
from aiomusic._engine.interrupts import raised_once
from aiomusic._engine.job import TrackedJob
from aiomusic._engine.known_keys import another_request, used_already
from aiomusic._engine.ledger import Ledger, dropped
from aiomusic._engine.listening import Listening
from aiomusic._engine.poller import MAX_DENIED, Poller
from aiomusic._engine.recovery import Recovery
from aiomusic._engine.serving import serve_files
from aiomusic._engine.submission import (
    MAY_BE_CHARGED,
    Accepted,
    Answered,
    Outcome,
    Refused,
    Throttled,
    Unknown,
    Unsent,
    send,
)
from aiomusic._http.deadline import is_cancelled
from aiomusic._http.limiter import Limiter, Turn, backoff_s
from aiomusic._http.transport import Transport
from aiomusic._job import JobState
from aiomusic._log import log
from aiomusic._request import OnKnownKey
from aiomusic._sending import Sending
from aiomusic.errors import (
    UNKNOWN_STEPS,
    AuthenticationFailed,
    BudgetExceeded,
    Charged,
    InvalidRequest,
    JobDetached,
    JobTimedOut,
    JournalError,
    MusicError,
    NextStep,
    NotSent,
    QueueFull,
    Retry,
    SubmissionUnknown,
)
from aiomusic.journal import (
    Damaged,
    Entry,
    Granted,
    KnownKey,
    Limits,
    NoCapacity,
    OverBudget,
    Record,
    Verdict,
)

if TYPE_CHECKING:
    from aiomusic.webhooks import Callbacks

__all__ = ["Admission"]

MAX_UNSENT_TRIES = 5
# So many refusals in a row, with nothing let through between them, end a job.
MAX_429_TRIES = 10
TOO_MANY_REQUESTS = 429
MAX_ADMITTED_TOGETHER = MAX_IDLE = 64
# How often to ask again for what another process may have freed, or found out.
SHARED_S, MAX_SHARED_S = 0.25, 2.0
# So many tasks that nobody follows are taken care of at a time.
MAX_CARETAKEN = 16
CARETAKE_EVERY_S = 5.0


@final
@attrs.define
class _Tries:
    """
    How often one create was tried.

    Attributes:
        deadline: Until when it may be.
        job: Whose create it is; None: it is tried no more.
        is_under_way: Whether a try is being made.
        unsent: How often it could not be sent.
        denied: How often its key was refused.
        key_number: Which key that was.
        refused: How often it was refused for now, since one of any job got through.
        passes: How many had got through when it was refused last.
        last: What the last try ended with.
    """

    deadline: float
    job: TrackedJob[Any] | None
    is_under_way: bool = False
    unsent: int = 0
    denied: int = 0
    key_number: int = 0
    refused: int = 0
    passes: int = -1
    last: MusicError | None = None

    @property
    def is_over(self) -> bool:
        return self.job is None


@final
@attrs.define(kw_only=True, eq=False)
class Admission:
    """
    Sends queued jobs, first come, first served.

    A dear job at the head of the queue is not overtaken by cheap ones behind it.
    """

    transport: Transport
    ledger: Ledger
    balance: Balance
    poller: Poller
    recovery: Recovery
    creates: Limiter
    clock: Clock
    job_timeout_s: float
    callbacks: "Callbacks | None" = None
    on_known_key: OnKnownKey = "attach"
    listening: Listening = attrs.field(factory=Listening)
    is_leaving: bool = False
    breaker: Breaker = attrs.field(init=False)
    _queue: collections.deque[TrackedJob[Any]] = attrs.field(factory=collections.deque)
    # Those whose create is on the wire, or about to be written down.
    _sending: set[asyncio.Task[Any]] = attrs.field(factory=set)
    _admitting: asyncio.Lock = attrs.field(factory=asyncio.Lock)
    # Workers that wait for the next job.
    _idle: list[asyncio.Future[TrackedJob[Any] | None]] = attrs.field(factory=list)
    _deadlines: Deadlines[_Tries] = attrs.field(init=False)
    # Those that wait until the service takes another create.
    _in_line: set[TrackedJob[Any]] = attrs.field(factory=set)
    # Those that wait, and are not written down yet.
    _unwritten: list[TrackedJob[Any]] = attrs.field(factory=list)
    _caretook_at: float | None = None
    # How many other sessions have waited for a slot for longer.
    _ahead: int = 0

    def __attrs_post_init__(self) -> None:
        self.breaker = Breaker(self.clock)
        self._deadlines = Deadlines(self.clock, self._overdue)

    def queue(self, job: TrackedJob[Any]) -> None:
        """Take a job; `run` sends it when there is room."""
        self._queue.append(job)
        self._unwritten.append(job)
        self.ledger.open(job)

    async def run(self) -> None:
        """Send what is queued, for as long as there is a session."""
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    await self._admit(tasks)
        finally:
            self._deadlines.close()

    async def _admit(self, tasks: asyncio.TaskGroup) -> None:
        """Start what there is room for, and wait until there may be more."""
        self.ledger.changed.clear()
        async with self._admitting:
            is_waiting = await self._admit_all(tasks)
            self._write_queued()
        if not self._queue:
            self._dismiss()
        if is_waiting:
            await self.take_care()
        await self._wait_for_room(is_waiting=is_waiting)

    async def _wait_for_room(self, *, is_waiting: bool) -> None:
        timer = None
        if self._queue and self.breaker.wait_s > 0:
            due = self.clock.now() + self.breaker.wait_s
            timer = self.clock.call_at(due, self.ledger.changed.set)
        elif is_waiting and (free_s := self._free_in_s()) is not None:
            soon = self.clock.now() + free_s
            timer = self.clock.call_at(soon, self.ledger.changed.set)
        try:
            await self.ledger.changed.wait()
        finally:
            if timer is not None:
                timer.cancel()

    def _free_in_s(self) -> float | None:
        """Return when there may be room that nobody here makes; None: never."""
        journal = self.ledger.journal
        if journal.is_kept:
            # What is free is for those first who have waited for longer.
            return min(MAX_SHARED_S, SHARED_S * (1 + self._ahead))
        until = journal.lease_until
        return None if until is None else max(SHARED_S, until - self.clock.wall())

    def _write_queued(self) -> None:
        """Have jobs that must wait outlive this process; written soon."""
        waiting, self._unwritten = self._unwritten, []
        if self.ledger.journal.is_kept and not self.is_leaving:
            entries = [
                self.ledger.entry(job)
                for job in waiting
                if job.state is JobState.QUEUED
                and not job.done()
                and not job.requested_attempt
                and not job.attempt
            ]
            if entries:
                self.ledger.journal.enqueue(entries)

    async def take_care(self) -> None:
        """Follow tasks that nobody follows, whose slots are waited for."""
        now = self.clock.now()
        is_due = self._caretook_at is None or now - self._caretook_at > CARETAKE_EVERY_S
        if not (self.ledger.journal.is_kept and is_due):
            return
        self._caretook_at = now
        try:
            await self.recovery.take_care(MAX_CARETAKEN)
        except Exception as error:  # noqa: BLE001 - whatever rows hold, others wait
            log(logging.WARNING, "orphaned tasks can't be taken up: %s", error)

    async def leave(self, grace_s: float) -> None:
        """Send nothing new, and let what is on the wire hear its answer."""
        self.is_leaving = True
        async with self._admitting:
            pass
        if self._sending:
            await asyncio.wait(self._sending, timeout=grace_s)

    async def _admit_all(self, tasks: asyncio.TaskGroup) -> bool:
        """Start what there is room for; return whether the rest has to wait."""
        while (jobs := self._head()) and not self.is_leaving:
            verdicts = await self._judge(jobs)
            if verdicts is None:
                continue
            judged = list(zip(jobs, verdicts, strict=False))
            last = judged[-1][1]
            is_waiting = isinstance(last, NoCapacity)
            self._ahead = last.ahead if isinstance(last, NoCapacity) else 0
            answered = (one for one in judged if not isinstance(one[1], NoCapacity))
            self._pop([job for job, _ in answered])
            for job, verdict in judged:
                try:
                    self._start(job, verdict, tasks)
                except Exception as error:  # noqa: BLE001 - of its row or its request
                    self._unforeseen(job, error)
            if is_waiting:
                return True
        return False

    async def _judge(self, jobs: list[TrackedJob[Any]]) -> list[Verdict] | None:
        """Ask the journal; a job that it can't judge fails, and no other."""
        balance = await self.balance.before_create()
        journal, limits = self.ledger.journal, self.ledger.limits
        try:
            entries = [self._entry(job, balance) for job in jobs]
            return await journal.admit(entries, limits)
        except MusicError as error:
            self._pop(jobs)
            for job in jobs:
                self.ledger.dropped(job, error._fresh())
        except Exception as error:  # noqa: BLE001 - of these jobs, not everybody's
            self._pop(jobs)
            for job in jobs:
                self._unforeseen(job, error)
        return None

    def _entry(self, job: TrackedJob[Any], balance: int | None) -> Entry:
        lease_s = self.poller.lease_s(job)
        return self.ledger.entry(job, balance=balance, lease_s=lease_s)

    def _head(self) -> list[TrackedJob[Any]]:
        """Return the first jobs of the queue; those that were cancelled are gone."""
        while self._queue and self._queue[0].done():
            self._queue.popleft()
        # The journal decides; this is so as not to write out many that must wait.
        busy = len(self.ledger.open_jobs) - len(self._queue)
        free = max(1, self.ledger.limits.concurrency - busy)
        most = min(free, MAX_ADMITTED_TOGETHER, self.breaker.capacity)
        first = itertools.islice(self._queue, most)
        return list(itertools.takewhile(lambda job: not job.done(), first))

    def _pop(self, jobs: list[TrackedJob[Any]]) -> None:
        for job in jobs:
            assert self._queue[0] is job
            self._queue.popleft()

    def _start(
        self, job: TrackedJob[Any], verdict: Verdict, tasks: asyncio.TaskGroup
    ) -> None:
        match verdict:
            case Granted(attempt):
                self.ledger.granted(job, attempt)
                self.breaker.on_wire += 1
                self._hand(job, tasks)
            case KnownKey():
                self._resolve_known_key(job, verdict, tasks)
            case Damaged(why):
                message = f"The journal has {why}. It is damaged, and nothing was sent."
                error = JournalError(message, charged=Charged.UNKNOWN)
                self.ledger.unreadable(job, error)
            case OverBudget():
                over = _over_budget(job.cost, verdict, self.ledger.limits)
                self.ledger.dropped(job, over)
            case NoCapacity():
                pass

    def _resolve_known_key(
        self, job: TrackedJob[Any], known: KnownKey, tasks: asyncio.TaskGroup
    ) -> None:
        """Do with a key that is in the journal what the session says."""
        assert job.request is not None
        record = known.record
        policy = job.on_known_key or self.on_known_key
        other = another_request(job.key, record, job.request)
        # A song that failed and is asked for in other words is another purchase.
        if record.state == JobState.FAILED and other is not None:
            self._buy_again(job, known)
        elif other is not None:
            self._refuse_key(job, known, other)
        elif policy == "error":
            self._refuse_key(job, known, used_already(job.key, record.state))
        elif policy == "new" and (job.force_new or not job.requested_attempt):
            self._buy_again(job, known)
        else:
            tasks.create_task(raised_once(self._follow_existing, job, record))

    def _buy_again(self, job: TrackedJob[Any], known: KnownKey) -> None:
        if known.record.state == JobState.UNKNOWN:
            words = "job %s is bought again, and what was bought before is unknown"
            log(logging.WARNING, words, job.key)
        self._release(known)
        job.requested_attempt = known.record.attempt + 1
        job.force_new = True
        self._queue.appendleft(job)

    def _release(self, known: KnownKey) -> None:
        """Leave a job to others, unless this session followed it before."""
        if known.is_taken_up:
            self.ledger.journal.release(known.record.key, known.record.attempt)

    def _refuse_key(
        self, job: TrackedJob[Any], known: KnownKey, error: InvalidRequest
    ) -> None:
        self._release(known)
        self.ledger.dropped(job, error)

    async def _follow_existing(self, job: TrackedJob[Any], record: Record) -> None:
        """Copy what the journal knows into a job, and follow it from there."""
        journal = self.ledger.journal
        found: Record | None = record
        try:
            while found is not None and found.is_open and not job.done():
                claimed = await journal.claim(self.clock.wall(), job.key)
                found = claimed[0] if claimed else await journal.find(job.key)
                if found is not None and found.is_open and found.task_id is not None:
                    # Another session may follow it too: whoever sees its end first
                    # writes it down.
                    self.recovery.follow(job, found)
                    return
                if found is not None and found.is_open:
                    await self.clock.sleep(SHARED_S)
            if found is not None and found.archive is not None:
                found = await journal.find(job.key, found.attempt) or found
        except MusicError as error:
            self.ledger.dropped(job, error)
        except Exception as error:  # noqa: BLE001 - one row's fault, not everybody's
            self._unforeseen(job, error)
        if job.done():
            return
        if found is None or found.charged == "no" or found.state == JobState.QUEUED:
            # What ended unpaid was never bought: it is this job's turn.
            self._queue.append(job)
            self.ledger.changed.set()
        else:
            self.ledger.restore(job, found)

    # Workers: a task costs as much as a tenth of a create, so each sends one after the
    # other for as long as jobs wait.

    def _hand(self, job: TrackedJob[Any], tasks: asyncio.TaskGroup) -> None:
        """Have a job submitted by a worker that is idle, or by a new one."""
        while self._idle:
            hand = self._idle.pop()
            if not hand.done():
                hand.set_result(job)
                return
        tasks.create_task(raised_once(self._work, job))

    async def _work(self, job: TrackedJob[Any]) -> None:
        handed: TrackedJob[Any] | None = job
        while handed is not None:
            try:
                await self._submit(handed)
            finally:
                self._sending.discard(_this_task())
            handed = await self._handed()

    async def _handed(self) -> TrackedJob[Any] | None:
        """Wait to be handed a job; None: there is none to wait for."""
        if self.is_leaving or not self._queue or len(self._idle) == MAX_IDLE:
            return None
        hand: asyncio.Future[TrackedJob[Any] | None] = (
            asyncio.get_running_loop().create_future()
        )
        self._idle.append(hand)
        return await hand

    def _dismiss(self) -> None:
        """Let the idle workers end."""
        idle, self._idle = self._idle, []
        for hand in idle:
            if not hand.done():
                hand.set_result(None)

    async def _submit(self, job: TrackedJob[Any]) -> None:
        deadline = self.clock.now() + self.job_timeout_s
        try:
            self.ledger.submitting(job)
            outcome = await self._send_off_the_wire(job, deadline)
            await self._write_down(job, outcome, deadline)
        except asyncio.CancelledError as error:
            if is_cancelled() or self.is_leaving:
                # The session is closing; what its row says, the journal knows.
                raise
            self._unforeseen(job, error)
        except Exception as error:  # noqa: BLE001 - one job's end, not everybody's
            self._unforeseen(job, error)

    async def _send_off_the_wire(
        self, job: TrackedJob[Any], deadline: float
    ) -> Outcome:
        tries = _Tries(deadline, job)
        self._deadlines.watch(tries)
        try:
            return await self._send_until_answered(job, tries)
        finally:
            tries.job = None
            self._deadlines.over()
            # There is room on the wire for the next.
            self.breaker.on_wire -= 1
            self.ledger.changed.set()

    async def _write_down(
        self, job: TrackedJob[Any], outcome: Outcome, deadline: float
    ) -> None:
        match outcome:
            case Accepted(task_id, retry_after_s):
                await self._accepted(job, task_id, retry_after_s)
            case Answered(result):
                self.balance.spend(job.cost)
                await self.ledger.answered(job, result)
            case Unknown(error):
                await self._lost(job, error, deadline)
            case Unsent(error) if error.charged is Charged.NO:
                await self.ledger.unsent(job, error)
            case Refused(JobDetached() as error):
                # Its row is held, as those are that wait.
                self.ledger.detach(job, error)
            case Refused(error) | Throttled(error) | Unsent(error):
                if job.done() and not job.is_sent:
                    self.ledger.dropped(job, error)
                else:
                    await self.ledger.refused(job, error)

    async def _accepted(
        self, job: TrackedJob[Any], task_id: str, retry_after_s: float | None
    ) -> None:
        self.balance.spend(job.cost)
        log(logging.INFO, "job %s is task %s", job.key, task_id)
        await self.ledger.accepted(job, task_id)
        self.poller.follow(job, retry_after_s)
        if self.callbacks is not None and self.callbacks.parked(job.key, job.attempt):
            self.poller.called_back(job)

    async def _lost(
        self, job: TrackedJob[Any], error: SubmissionUnknown, deadline: float
    ) -> None:
        """Wait for a callback that names the task, where one may come."""
        # Leaving the session need not wait for this.
        self._sending.discard(_this_task())
        task_id = None
        if not self.is_leaving:
            task_id = await self.recovery.await_callback(job, deadline)
        if task_id is not None:
            lost_at = self.clock.now()
            await self.ledger.accepted(job, task_id)
            self.recovery.came_late(job, lost_at)
            return
        before = self.balance.value
        after = await self.balance.after_unknown()
        if before is not None and after is not None:
            seen = f"The balance was {before} credits before it and is {after} now."
            error.args = (f"{error.args[0]} {seen}",)
        await self.ledger.lost(job, error, after)

    def _unforeseen(self, job: TrackedJob[Any], error: BaseException) -> None:
        """Keep a mistake of this library, or of what it calls, to the job it hit."""
        seen = f"Submitting ended in {type(error).__name__}, a mistake in aiomusic"
        ended: MusicError
        if job.task_id is not None:
            ended = JobDetached(
                f"{seen}. The task is paid for and goes on at the service.",
                next_steps=[NextStep.FOLLOW],
            )
        elif job.is_sent:
            ended = SubmissionUnknown(
                f"{seen}. {MAY_BE_CHARGED}", next_steps=UNKNOWN_STEPS
            )
        else:
            message = f"{seen}: please report it. Nothing was sent or charged."
            ended = NotSent(message, retry=Retry.NEVER)
        ended.__cause__ = error
        self.ledger.broke_off(job, ended)

    async def _send_until_answered(
        self, job: TrackedJob[Any], tries: "_Tries"
    ) -> Outcome:
        """Send the create again for as long as it was not sent, or not now."""
        while True:
            outcome = await self._send_in_turn(job, tries)
            is_denied = isinstance(outcome, Refused) and isinstance(
                outcome.error, AuthenticationFailed
            )
            if is_denied and await self._is_denied_for_good(tries):
                return outcome
            pause_s = self._sent_again_in_s(job, outcome, tries)
            if pause_s is None:
                return outcome
            self._sending.discard(_this_task())
            if pause_s:
                left_s = max(0.0, tries.deadline - self.clock.now())
                await self.clock.sleep(min(pause_s, left_s))

    async def _is_denied_for_good(self, tries: "_Tries") -> bool:
        """Check whether there is no other key to try than the one that was refused."""
        tries.denied += 1
        left_s = max(0.0, tries.deadline - self.clock.now())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left_s):
                is_new = await self.transport.has_newer_key(tries.key_number)
                return not is_new or tries.denied == MAX_DENIED
        return True

    def _sent_again_in_s(
        self, job: TrackedJob[Any], outcome: Outcome, tries: "_Tries"
    ) -> float | None:
        """Return how long to wait before a create is sent again; None: it is not."""
        match outcome:
            case Unsent(error):
                tries.last = error
                tries.unsent += 1
                is_hopeless = error.retry is not Retry.NOW
                is_last = is_hopeless or tries.unsent == MAX_UNSENT_TRIES
                return None if is_last else backoff_s(tries.unsent)
            case Refused(AuthenticationFailed() as error):
                tries.last = error
                self.ledger.throttled(job)
                return backoff_s(tries.denied)
            case Throttled(error):
                tries.last = error
                self.ledger.throttled(job)
                return 0.0 if self._may_be_refused_again(job, error, tries) else None
            case _:
                return None

    def _may_be_refused_again(
        self, job: TrackedJob[Any], error: MusicError, tries: "_Tries"
    ) -> bool:
        """Check whether a create that was refused for now is worth another try."""
        if isinstance(error, QueueFull):
            # There is no telling when there is room, so the job's own limit decides.
            for waiting in (job, *self._in_line):
                self.ledger.requeued(waiting)
            return True
        passes = self.creates.pace.passes
        tries.refused = tries.refused + 1 if passes == tries.passes else 1
        tries.passes = passes
        return tries.refused < MAX_429_TRIES

    async def _send_in_turn(self, job: TrackedJob[Any], tries: "_Tries") -> Outcome:
        """Send a create when it may be, unless its job is given up before."""
        turn = await self._wait_for_turn(job, tries)
        if not isinstance(turn, Turn):
            return turn
        self.ledger.submitting(job)
        tried = self.breaker.begin()
        sending = Sending(functools.partial(self.ledger.body_begins, job))
        tries.is_under_way = True
        try:
            outcome = await self._send_once(job, sending)
        except BaseException as error:
            self.creates.end(turn, error)
            self.breaker.unsent(tried)
            raise
        finally:
            tries.is_under_way = False
        tries.key_number = sending.key_number
        if not sending.is_sent:
            self.breaker.unsent(tried)
        elif isinstance(outcome, Unknown) and outcome.error.charged is Charged.UNKNOWN:
            self.breaker.lost(tried)
        else:
            self.breaker.answered(tried)
        if isinstance(outcome, (Accepted, Answered)):
            self.creates.end(turn, None)
        else:
            self.creates.end(turn, outcome.error)
        return outcome

    def _overdue(self, tries: "_Tries") -> None:
        """End the waiting for a create; what is on the wire still hears its answer."""
        job = tries.job
        if job is None or not tries.is_under_way:
            # Whatever it waits for ends in time by itself.
            return
        limit = f"job_timeout_s={self.job_timeout_s:g} s"
        if job.is_sent:
            self.ledger.unheard(
                job,
                SubmissionUnknown(
                    f"The create was sent, and no answer came within {limit}."
                    f" {MAY_BE_CHARGED} An answer that comes later is taken as long as"
                    " the session is open: await music.job(key) tells.",
                    next_steps=UNKNOWN_STEPS,
                ),
            )
            return
        self.ledger.broke_off(
            job,
            JobTimedOut(
                f"The create could not be sent within {limit}: there was no connection"
                " yet, or no key. It is dropped unpaid: nothing was charged. Check the"
                " network and api_key, or take a longer job_timeout_s.",
                charged=Charged.NO,
                retry=Retry.LATER,
            ),
        )

    async def _wait_for_turn(
        self, job: TrackedJob[Any], tries: "_Tries"
    ) -> Turn | Refused:
        """Wait until breaker and service take a create, or say why none is sent."""
        while (kept_back := self._kept_back(job, tries)) is None:
            if not self.breaker.is_due:
                await self.clock.sleep(SHARED_S)
                continue
            turn = await self._stand_in_line(job, tries)
            if turn is None:
                continue
            kept_back = self._kept_back(job, tries)
            if kept_back is None and self.breaker.is_due:
                return turn
            self.creates.give_back(turn)
        return kept_back

    async def _stand_in_line(
        self, job: TrackedJob[Any], tries: "_Tries"
    ) -> Turn | None:
        if (turn := self.creates.enter_now()) is not None:
            return turn
        if self.creates.pace.is_full:
            self.ledger.requeued(job)
        self._in_line.add(job)
        try:
            return await self.creates.enter(tries.deadline)
        finally:
            self._in_line.discard(job)

    def _kept_back(self, job: TrackedJob[Any], tries: "_Tries") -> Refused | None:
        """Return why a create must not be sent any more."""
        if job.done():
            return Refused(dropped())
        if self.is_leaving:
            message = "The session closed before the job was sent; it costs nothing."
            return Refused(JobDetached(message, charged=Charged.NO))
        if self.clock.now() >= tries.deadline:
            return Refused(self._too_late(tries))
        return None

    def _too_late(self, tries: "_Tries") -> JobTimedOut:
        """Return the error of a create that was not taken in time."""
        why = "others were before it in line, and the service takes no more at a time."
        if tries.last is not None:
            why = f"the last try ended so: {tries.last.args[0]}"
        error = JobTimedOut(
            f"The service took no create within job_timeout_s={self.job_timeout_s:g} s:"
            f" {why} The job is dropped unpaid: nothing was charged. Try later, or with"
            " a longer job_timeout_s.",
            charged=Charged.NO,
            retry=Retry.LATER,
        )
        error.__cause__ = tries.last
        return error

    async def _send_once(self, job: TrackedJob[Any], sending: Sending) -> Outcome:
        assert job.request is not None
        self._sending.add(_this_task())
        fields: dict[str, object] = {}
        if self.callbacks is not None and job.request.WEBHOOK:
            fields = self.callbacks.fields(job.key, job.attempt)
        try:
            served = await serve_files(job, self.callbacks)
        except InvalidRequest as error:
            return Refused(error)
        return await send(
            self.transport,
            job.request,
            sending,
            fields,
            overrides=served,
            timeout_s=job.request_timeout_s,
            headers=self.listening.headers(job, "create"),
            hear=job.note_reply,
        )


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task


def _over_budget(cost: int, verdict: OverBudget, limits: Limits) -> BudgetExceeded:
    nothing = "Nothing was sent or charged."
    if verdict.tag is None:
        message = (
            f"It costs {cost} credits, and {verdict.spent} of max_credits="
            f"{limits.max_credits} are spent, or held by tasks that only"
            f" music.resume() follows. Raise max_credits= to buy it. {nothing}"
        )
        return BudgetExceeded(message)
    name, value = verdict.tag
    message = (
        f"It costs {cost} credits, and {verdict.spent} of limits[{name!r}]="
        f"{limits.by_tag[name]} are spent or reserved where {name} is {value!r}. Raise"
        f" it to buy more, or wait for what is given back. {nothing}"
    )
    return BudgetExceeded(message, tag=verdict.tag)
