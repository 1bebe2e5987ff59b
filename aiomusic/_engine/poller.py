"""One heap and one pool of workers for every task in flight."""

import asyncio
import contextlib
import heapq
import logging
import math
from functools import partial
from typing import Any, final

import attrs

from aiomusic._clock import Clock, Timer, hint_of_leaps
from aiomusic._engine.deadlines import Deadlines
from aiomusic._engine.interrupts import raised_once
from aiomusic._engine.job import TrackedJob
from aiomusic._engine.ledger import Ledger
from aiomusic._engine.listening import Listening
from aiomusic._http import wire
from aiomusic._http.limiter import Limiter, Rate, Turn, backoff_s
from aiomusic._http.transport import Transport
from aiomusic._log import log
from aiomusic._polling.callback_loss import CallbackLoss
from aiomusic._polling.ration import Ration
from aiomusic._polling.schedule import Fixed, Kind, Schedule, learned
from aiomusic.errors import (
    AuthenticationFailed,
    Charged,
    ContentRefused,
    JobDetached,
    JobFailed,
    JobTimedOut,
    MusicError,
    NextStep,
    RateLimited,
    TaskNotFound,
)
from aiomusic.providers._all import PROVIDERS
from aiomusic.providers._replies import Provider
from aiomusic.results import Clip, ClipState, TaskSnapshot

__all__ = ["LEARNED", "Poller"]

# Under what name a journal keeps how long tasks take, and how often: what a session
# that is killed has learned is not lost.
LEARNED = "learned"
KEEP_EVERY_S = 30.0

# So many polls that hang do not keep the others from being made.
POLL_WORKERS = 64
MAX_FAILURES = 20
# A key that was refused may have been changed: it is asked for so often in a row.
MAX_DENIED = 5
# A task that was never seen is not there after so long, less than a minute, and after
# so many polls; a new one may lag at the service by seconds.
MAX_LAG_S, MIN_ABSENT = 55.0, 5
# A task that has ended may add a clip, or the link of one, for so long.
LATE_S = 60.0
# Polls keep this part of a cap, however many creates there are.
MIN_LEFT = 0.1
# A service that asks for less, or for more, is not taken at its word.
MIN_ASKED_S, MAX_ASKED_S = 0.1, 300.0


# How long a task may hold its slot that nobody sees end, and how long an answer may
# take that holds the result itself.
MAX_LEASE_S, MAX_REPLY_S = 1800.0, 60.0

# How far before its callback a task ended, at most, for all that is known.
CALLBACK_DELAY_S = 1.0

_NOTHING_SEEN = TaskSnapshot(state=ClipState.PENDING)


@final
@attrs.frozen
class _Oddities:
    """
    What is told of few polls: how they failed, and what was odd in their replies.

    Attributes:
        failures: How many failed in a row.
        passes: How many polls of any task had got through when one of this failed.
        denied: How many in a row were refused for the key.
        absent: How many found that the service knows no such task.
        unknown: States that nobody knows.
    """

    failures: int = 0
    passes: int = -1
    denied: int = 0
    absent: int = 0
    unknown: frozenset[str] = frozenset()


_NOTHING_ODD = _Oddities()


@final
@attrs.define(eq=False, weakref_slot=False)
class _Followed:
    """
    One task in flight, and how polling it went.

    Attributes:
        due: When it is polled next, as its entry in the heap has it; None while it is
            polled.
        seen: A digest of the last reply, which *snapshot* was read from.
        odd: What went wrong; shared by all where nothing did.
        turn: The leave to poll it, while it is polled.
        ended_at: When its end was first seen, though something may still come.
        is_hinted: Whether a poll was asked for while it was polled.
        has_callback: Whether a callback may still tell of its end.
        called_at: When a callback told of its end, which no poll has shown yet.
        share: Of the polls that a rate allows.
        is_over: Whether it is not followed any more.
    """

    job: TrackedJob[Any]
    kind: Kind
    deadline: float
    seen_s: float = 0.0
    pending_s: float = 0.0
    ended_at: float | None = None
    seen: int = 0
    odd: _Oddities = _NOTHING_ODD
    snapshot: TaskSnapshot = _NOTHING_SEEN
    asked_s: float | None = None
    due: float | None = None
    turn: Turn | None = None
    is_hinted: bool = False
    has_callback: bool = False
    called_at: float | None = None
    share: float = 0.0
    is_age_sure: bool = True
    is_over: bool = False

    def __lt__(self, other: "_Followed") -> bool:
        """Of two that are due at the same time, the older goes first."""
        return self.deadline < other.deadline

    @property
    def provider(self) -> Provider:
        return PROVIDERS[self.job.provider]

    @property
    def clips_due(self) -> int:
        request = self.job.request
        return self.provider.clips if request is None else request.clips

    @property
    def made(self) -> list[Clip]:
        """The clips that have succeeded."""
        return [c for c in self.snapshot.clips if c.state is ClipState.SUCCEEDED]

    @property
    def linked(self) -> list[Clip]:
        """Those of them that can be fetched."""
        return [clip for clip in self.made if clip.audio_url]

    @property
    def lacks(self) -> bool:
        """Whether a clip, or the link of one, may still come."""
        is_short = len(self.snapshot.clips) < self.clips_due
        return is_short or len(self.linked) < len(self.made)


@final
@attrs.define(kw_only=True, eq=False)
class Poller:
    """
    Follows tasks to their end.

    One bad poll never loses a job: polls may fail so many times in a row before a
    job is given up, apart from the time that it may take.

    Args:
        ration: Prices polls by how many the host takes; None: it takes all.
        callback_loss: How many callbacks are lost; None: the service has no address to
            call back.
    """

    transport: Transport
    ledger: Ledger
    polls: Limiter
    creates: Limiter
    schedule: Schedule
    clock: Clock
    job_timeout_s: float
    ration: Ration | None = None
    callback_loss: CallbackLoss | None = None
    listening: Listening = attrs.field(factory=Listening)
    _heap: list[tuple[float, _Followed]] = attrs.field(factory=list)
    _kinds: dict[str, Kind] = attrs.field(factory=dict)
    _kept_at: float = -math.inf
    _create_rate: Rate = attrs.field(factory=Rate)
    _idle: list[asyncio.Future[_Followed | None]] = attrs.field(factory=list)
    _timer: Timer | None = None
    _last_lease_s: float = 0.0
    # When the timer hands out next.
    _hands_at: float = math.inf
    _is_in_line: bool = False
    _deadlines: Deadlines[_Followed] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._deadlines = Deadlines(self.clock, self._time_out)

    def follow(
        self,
        job: TrackedJob[Any],
        asked_s: float | None = None,
        *,
        is_age_sure: bool = True,
    ) -> None:
        """
        Take a job that has a task, to poll first when the service asks.

        Args:
            is_age_sure: Whether this process saw the task begin, so that how long it
                takes can be learned.
        """
        provider = PROVIDERS[job.provider]
        now = self.clock.now()
        deadline = now + self.job_timeout_s
        followed = _Followed(job, self._kind(job, provider), deadline)
        followed.is_age_sure = is_age_sure
        if self.callback_loss is not None and job.request is not None:
            followed.has_callback = job.request.WEBHOOK
        job.followed = followed
        self._deadlines.watch(followed)
        if self.ration is not None:
            self._create_rate.count(now)
        # What began elsewhere may be over by now.
        wait_s = self._wait_s(followed, now, asked_s) if is_age_sure else 0.0
        self._plan(followed, now, wait_s)

    def _kind(self, job: TrackedJob[Any], provider: Provider) -> Kind:
        """Return the name of those tasks that take about as long as this one."""
        request = job.request
        operation = "any" if request is None else request.OPERATION
        model = getattr(request, "model", None) or getattr(request, "version", None)
        name = f"{provider.name}/{operation}/{model or 'any'}"
        kind = self._kinds.get(name)
        if kind is None:
            kind = self._kinds[name] = Kind(
                name=name, typical_s=provider.typical_s[0], floor_s=provider.pace_s
            )
        return kind

    def lease_s(self, job: TrackedJob[Any]) -> float:
        """
        Return for how long a create's slot is held where nobody sees its task's end.

        The service may take as long as a reply may to begin, and 99 of 100 tasks of
        the job's kind have ended after the rest.
        """
        begins_s = self.transport.timeout_s
        if job.provider not in PROVIDERS:
            return begins_s + MAX_REPLY_S
        provider = PROVIDERS[job.provider]
        longest_s = self.schedule.longest_s(self._kind(job, provider))
        if longest_s is None:
            longest_s = 3 * provider.typical_s[1]
        lease_s = begins_s + min(longest_s, MAX_LEASE_S)
        if lease_s != self._last_lease_s:
            self._last_lease_s = lease_s
        # One number is shared by all rows that have it.
        return self._last_lease_s

    def eta(self, job: TrackedJob[Any]) -> tuple[float, float] | None:
        """Guess the seconds until a task ends, as a range that holds 8 of 10."""
        followed = job.followed
        if not isinstance(followed, _Followed):
            return None
        age_s = _age_s(job, self.clock.now())
        return self.schedule.eta(
            followed.kind,
            age_s,
            seen_s=min(followed.seen_s, age_s),
            pending_s=min(followed.pending_s, age_s),
        )

    def _wait_s(self, followed: _Followed, now: float, asked_s: float | None) -> float:
        """Return how long to wait; what the service asks for goes before the plan."""
        is_asked = asked_s is not None and not isinstance(self.schedule.pace, Fixed)
        least_s = min(max(asked_s or 0.0, MIN_ASKED_S), MAX_ASKED_S)
        if is_asked and not followed.has_callback:
            return least_s
        age_s = _age_s(followed.job, now)
        poll_s = self.schedule.next_poll(
            followed.kind,
            age_s,
            seen_s=followed.seen_s,
            pending_s=followed.pending_s,
            price_s=self._price_s(followed),
        )
        return max(poll_s - age_s, least_s if is_asked else 0.0)

    def _price_s(self, followed: _Followed) -> float | None:
        """Return what a poll is worth in seconds of delay; None: what the pace says."""
        price_s = None if self.ration is None else self.ration.price_s
        loss, pace = self.callback_loss, self.schedule.pace
        if loss is None or not followed.has_callback or isinstance(pace, Fixed):
            return price_s
        return loss.price_s(pace.price_s if price_s is None else price_s)

    def called_back(self, job: TrackedJob[Any], *, is_end: bool = True) -> None:
        """
        Poll a task of which the service has called; no callback is believed.

        Args:
            is_end: Whether the callback says that the task is over.
        """
        followed = job.followed
        if not isinstance(followed, _Followed):
            return
        if is_end:
            followed.called_at = self.clock.now()
        if followed.due is not None:
            self._push(followed, self.clock.now())
        # The reply that is on its way may be from before.
        followed.is_hinted = followed.due is None

    async def run(self) -> None:
        """Poll tasks as they fall due, for as long as there is a session."""
        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(POLL_WORKERS):
                    workers.create_task(raised_once(self._keep_polling))
        finally:
            self._set_timer(math.inf)
            self._deadlines.close()

    async def _keep_polling(self) -> None:
        while True:
            # Who has polled polls on; only when nothing is due is it handed a task.
            followed = self._take_due() or await self._handed()
            if followed is not None:
                await self._poll(followed)

    async def _handed(self) -> _Followed | None:
        """Wait to be handed a task that is due; None: another was quicker."""
        hand: asyncio.Future[_Followed | None] = (
            asyncio.get_running_loop().create_future()
        )
        self._idle.append(hand)
        if len(self._idle) == 1:
            self._hand_out()
        followed = await hand
        if followed is None:
            # Where a poll is held back, one waits in line for all.
            turn = await self.polls.enter(self._deadlines.first)
            self._is_in_line = False
            if turn is None:
                self._deadlines.expire()
            elif self._first_due() <= self.clock.now():
                followed = self._pop(turn)
            else:
                self.polls.give_back(turn)
            self._hand_out()
        return followed

    def _hand_out(self) -> None:
        """Hand what is due to those that wait for it, and come again for the next."""
        while self._idle and (followed := self._take_due()) is not None:
            self._hand(followed)
        due = self._first_due() if self._idle else math.inf
        if due <= self.clock.now() and not self._is_in_line:
            self._is_in_line = True
            self._hand(None)
        self._set_timer(math.inf if self._is_in_line else due)

    def _hand(self, followed: _Followed | None) -> None:
        hand = self._idle.pop()
        # One that was cancelled takes nothing more, nor do the others.
        if not hand.done():
            hand.set_result(followed)

    def _set_timer(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._hands_at = due
        if due == math.inf:
            self._timer = None
        elif due <= self.clock.now():
            self._timer = asyncio.get_running_loop().call_soon(self._hand_out)
        else:
            self._timer = self.clock.call_at(due, self._hand_out)

    def _first_due(self) -> float:
        """Return when the next poll is due."""
        heap = self._heap
        while heap and heap[0][1].due is not heap[0][0]:
            # A hint has moved this poll to another time.
            heapq.heappop(heap)
        return heap[0][0] if heap else math.inf

    def _take_due(self) -> _Followed | None:
        """Take the first poll that is due, if it may go out at once."""
        if self._first_due() <= self.clock.now():
            turn = self.polls.enter_now()
            return None if turn is None else self._pop(turn)
        return None

    def _pop(self, turn: Turn) -> _Followed:
        _, followed = heapq.heappop(self._heap)
        followed.due, followed.is_hinted = None, False
        followed.turn = turn
        self._leave_ration(followed)
        return followed

    def _leave_ration(self, followed: _Followed) -> None:
        if self.ration is not None:
            self.ration.leave(followed.share)

    def _push(self, followed: _Followed, due: float) -> None:
        followed.due = due
        heapq.heappush(self._heap, (due, followed))
        if self._idle and due < self._hands_at and not self._is_in_line:
            self._set_timer(due)

    async def _poll(self, followed: _Followed) -> None:
        assert followed.turn is not None
        try:
            with self.polls.using(followed.turn):
                is_news = await self._ask(followed)
            if not followed.is_over:
                if followed.odd is not _NOTHING_ODD:
                    followed.odd = attrs.evolve(followed.odd, failures=0, denied=0)
                self._take(followed, is_news=is_news)
        except Exception as error:  # noqa: BLE001 - one bad poll, whatever it is
            # Its time may have run out while it was polled.
            if not followed.is_over:
                self._polled_in_vain(followed, error)

    def _polled_in_vain(self, followed: _Followed, error: Exception) -> None:
        match error:
            case JobFailed() | ContentRefused():
                self.ledger.failed(followed.job, error)
                self._close(followed)
            case AuthenticationFailed():
                self._denied(followed, error)
            case TaskNotFound() if not followed.seen:
                self._absent(followed, error)
            case _:
                self._failed(followed, error)

    def _denied(self, followed: _Followed, error: AuthenticationFailed) -> None:
        """Poll again with a fresh key, where there may be one; or stop following."""
        denied = followed.odd.denied + 1
        followed.odd = attrs.evolve(followed.odd, denied=denied)
        job, now = followed.job, self.clock.now()
        if self.transport.asks_for_key and denied < MAX_DENIED:
            log(logging.INFO, "the key was refused for %r: it is read again", job)
            self._again(followed, now, backoff_s(denied))
            return
        # The task lives on, but this key will not see it.
        error.charged = Charged.YES
        where = f"The job is {job.state} after {job.elapsed_s:.1f} s."
        error.args = (f"{error.message} {where} {STILL_THERE}",)
        error.next_steps = (NextStep.FOLLOW,)
        self._close(followed)
        self.ledger.detach(job, error)

    def _absent(self, followed: _Followed, error: TaskNotFound) -> None:
        """Poll again soon for a task that was never seen: the service may lag."""
        absent = followed.odd.absent + 1
        followed.odd = attrs.evolve(followed.odd, absent=absent)
        now = self.clock.now()
        left_s = followed.deadline - self.job_timeout_s + MAX_LAG_S - now
        if left_s <= 0 and absent >= MIN_ABSENT:
            self._never_seen(followed, error)
            return
        wait_s = backoff_s(absent)
        self._again(followed, now, min(wait_s, left_s) if left_s > 0 else wait_s)

    def _never_seen(
        self, followed: _Followed, error: TaskNotFound | None = None
    ) -> None:
        """End a task that the service never knew."""
        job = followed.job
        is_named = job.is_named or job.request is None
        self._close(followed)
        found = TaskNotFound(
            f"{followed.odd.absent} polls in {_age_s(job, self.clock.now()):.0f} s were"
            f" answered that {job.provider} has no task {job.task_id}, and none has"
            f" ever seen it. {_named_money(job) if is_named else BOUGHT}",
            charged=Charged.UNKNOWN if is_named else Charged.YES,
            status=None if error is None else error.status,
            text="" if error is None else error.text,
        )
        found.__cause__ = error
        if is_named:
            self.ledger.never_seen(job, found)
        else:
            found.next_steps = (NextStep.FOLLOW,)
            self.ledger.detach(job, found)

    async def _answer(
        self, job: TrackedJob[Any], provider: Provider, task_id: str
    ) -> wire.Reply:
        headers = self.listening.headers(job, "poll")
        reply: wire.Reply | None = None
        try:
            reply = await self.transport.get(
                provider.path_of(task_id),
                job.request_timeout_s,
                headers,
                max_bytes=provider.max_reply_bytes,
            )
        finally:
            self.listening.polled(job, None if reply is None else reply.status)
        return reply

    async def _ask(self, followed: _Followed) -> bool:
        """Poll, and tell whether the reply is another than the last one."""
        task_id = followed.job.task_id
        assert task_id is not None
        followed.asked_s = None
        reply = await self._answer(followed.job, followed.provider, task_id)
        followed.job.count_poll()
        followed.job.note_reply(reply)
        followed.asked_s = wire.retry_after_s(reply)
        # Most polls show what the one before showed; those are not read again.
        seen = hash((reply.status, reply.body))
        if seen == followed.seen:
            return False
        followed.snapshot = wire.read_task(followed.provider, task_id, reply)
        followed.seen = seen
        return True

    def _failed(self, followed: _Followed, error: Exception) -> None:
        """Count a poll that failed; too many in a row end the following."""
        odd, passes = followed.odd, self.polls.pace.passes
        # One that is refused while others get through has but to wait.
        is_counted = not isinstance(error, RateLimited) or passes == odd.passes
        failures = odd.failures + is_counted
        followed.odd = attrs.evolve(odd, failures=failures, passes=passes)
        words = "poll %d at %r failed: %s"
        log(logging.INFO, words, failures, followed.job, error)
        if failures >= MAX_FAILURES:
            message = (
                f"{failures} polls of the task failed in a row, the last"
                f" with: {_words(error)} {STILL_THERE}"
            )
            ended = JobDetached(message, next_steps=[NextStep.FOLLOW])
            ended.__cause__ = error
            self._close(followed)
            self.ledger.detach(followed.job, ended)
            return
        # However fast the pace, an outage of minutes is outlasted.
        now = self.clock.now()
        pace_s = self._wait_s(followed, now, None)
        least_s = backoff_s(max(1, failures)) / 5
        # A service that says when it is back is not given up before.
        asked_s = min(followed.asked_s or 0.0, MAX_ASKED_S)
        self._again(followed, now, max(pace_s, least_s, asked_s))

    def _take(self, followed: _Followed, *, is_news: bool) -> None:
        """Pass on what a poll showed."""
        now = self.clock.now()
        if self._is_over(followed, now):
            self._end(followed, followed.snapshot)
            return
        if is_news:
            self.ledger.progressed(followed.job, followed.snapshot)
            self._log_unknown(followed)
        wait_s = self._until_next_s(followed, now)
        self._again(followed, now, 0.0 if followed.is_hinted else wait_s)

    def _is_over(self, followed: _Followed, now: float) -> bool:
        """Check whether a task has ended, and all that was paid for is there."""
        if not followed.snapshot.state.is_final:
            followed.ended_at = None
            return False
        if followed.ended_at is None:
            followed.ended_at = now
        if not followed.lacks:
            return True
        # A song that can't be fetched is none; one of two is one after a while.
        is_late = now - followed.ended_at >= LATE_S or now >= followed.deadline
        return is_late and not (followed.made and not followed.linked)

    def _until_next_s(self, followed: _Followed, now: float) -> float:
        """Return how long to wait; what a task adds after its end teaches nothing."""
        if followed.ended_at is not None:
            return self._late_wait_s(followed, now, followed.ended_at)
        followed.seen_s = _age_s(followed.job, now)
        if followed.called_at is not None and not followed.is_hinted:
            # Its callback came too early, and will not come again.
            followed.called_at, followed.has_callback = None, False
        if followed.snapshot.state is ClipState.PENDING:
            followed.pending_s = followed.seen_s
        return self._wait_s(followed, now, followed.asked_s)

    def _late_wait_s(self, followed: _Followed, now: float, ended_at: float) -> float:
        pace = self.schedule.pace
        pace_s = pace.every_s if isinstance(pace, Fixed) else followed.provider.pace_s
        left_s = ended_at + LATE_S - now
        return min(pace_s, left_s) if left_s > 0 else pace_s

    def _log_unknown(self, followed: _Followed) -> None:
        """Name a state that nobody knows as soon as it is seen, once."""
        new = set(followed.snapshot.unknown_states) - followed.odd.unknown
        if new:
            unknown = followed.odd.unknown | new
            followed.odd = attrs.evolve(followed.odd, unknown=unknown)
            words = "task %s of job %s is in a state that is not known: %s"
            names = ", ".join(sorted(new))
            job = followed.job
            log(logging.WARNING, words, job.task_id, job.key, names)

    def _end(self, followed: _Followed, snapshot: TaskSnapshot) -> None:
        # A full queue at the service has room again.
        self.creates.make_room()
        job = followed.job
        assert followed.ended_at is not None
        self._learn(followed, _age_s(job, followed.ended_at))
        if snapshot.state is ClipState.SUCCEEDED:
            self._log_lacking(followed)
            self.ledger.succeeded(job, tuple(followed.made), snapshot.clips)
        else:
            error = _task_failed(job.provider, snapshot.clips)
            self.ledger.failed(job, error, snapshot.clips)
        self._close(followed)

    def _log_lacking(self, followed: _Followed) -> None:
        """Let no song that is paid for be missing in silence."""
        if followed.lacks:
            job, made, linked = followed.job, followed.made, followed.linked
            words = "task %s of job %s ended with %d of %d clips, %d of them to fetch"
            counts = (len(made), followed.clips_due, len(linked))
            log(logging.WARNING, words, job.task_id, job.key, *counts)

    def _learn(self, followed: _Followed, ended_s: float) -> None:
        """Note that the task ended between its last unfinished poll and *ended_s*."""
        job = followed.job
        if job.request is None or not followed.is_age_sure:
            # When it began is not known, or by another clock, which may have jumped.
            return
        running_s = followed.seen_s
        if followed.called_at is not None:
            called_s = _age_s(job, followed.called_at)
            running_s = max(running_s, min(called_s, ended_s) - CALLBACK_DELAY_S)
        self.schedule.observe(
            followed.kind,
            running_s,
            max(running_s, ended_s),
            pending_s=followed.pending_s,
        )
        if self.callback_loss is not None and followed.has_callback:
            self.callback_loss.ended(is_called=followed.called_at is not None)
        if self.clock.now() - self._kept_at >= KEEP_EVERY_S:
            self.keep_learned()

    def keep_learned(self) -> None:
        """Share with other sessions how long tasks take, and learn it from them."""
        self._kept_at = self.clock.now()
        journal = self.ledger.journal
        if journal.is_kept:
            change = partial(learned, ends=self.schedule.take_untold())
            with contextlib.suppress(MusicError):
                journal.keep(LEARNED, change, self.schedule.take_up)

    def _again(self, followed: _Followed, now: float, wait_s: float) -> None:
        if now < followed.deadline:
            self._plan(followed, now, min(wait_s, followed.deadline - now))
        else:
            self._time_out(followed)

    def _time_out(self, followed: _Followed) -> None:
        """End what is over its limit, be it polled, held back or waited for."""
        if followed.odd.absent and not followed.seen:
            self._never_seen(followed)
            return
        # Were only those learned from that end in time, none would seem to be late.
        self._learn(followed, math.inf)
        job = followed.job
        message = (
            f"The task is still {job.state} after job_timeout_s="
            f"{self.job_timeout_s:g} s. {_so_far(followed)}{STILL_THERE}"
            f"{hint_of_leaps(self.clock)}"
        )
        self._close(followed)
        self.ledger.detach(job, JobTimedOut(message, next_steps=[NextStep.FOLLOW]))

    def _close(self, followed: _Followed) -> None:
        """Follow a task no longer."""
        if followed.due is not None:
            followed.due = None
            self._leave_ration(followed)
        followed.is_over = True
        self._deadlines.over()

    def _plan(self, followed: _Followed, now: float, wait_s: float) -> None:
        """Enter the next poll, and its share of what the host takes."""
        per_s = self.polls.requests_per_s
        if self.ration is not None and per_s is not None:
            # What creates need of the cap is not there for polls.
            left_per_s = per_s - self._create_rate.per_s(now)
            self.ration.per_s = max(left_per_s, MIN_LEFT * per_s)
            followed.share = self.ration.enter(max(wait_s, MIN_ASKED_S))
        self._push(followed, now + wait_s)


def _age_s(job: TrackedJob[Any], now: float) -> float:
    """Return how long ago the service took a task."""
    assert job.accepted_at is not None
    return max(0.0, now - job.accepted_at)


def _so_far(followed: _Followed) -> str:
    """Log which clips are ready, and what was seen that nobody knows."""
    snapshot, ready = followed.snapshot, len(followed.linked)
    due = max(len(snapshot.clips), followed.clips_due)
    told = []
    if ready:
        is_one = ready == 1
        told.append(f"{ready} of {due} clips {'is' if is_one else 'are'} ready:")
        told.append(f"job.save() stores {'it' if is_one else 'them'}.")
    if unlinked := len(followed.made) - ready:
        told.append(f"{unlinked} of {due} clips succeeded, without a link so far.")
    if followed.odd.unknown:
        names = ", ".join(sorted(followed.odd.unknown))
        told.append(f"The service says a state that is not known: {names}.")
    if snapshot.unreadable:
        count = snapshot.unreadable
        entries = "1 entry" if count == 1 else f"{count} entries"
        told.append(f"{entries} of its reply can't be read.")
    return "".join(f"{sentence} " for sentence in told)


STILL_THERE = "The task is paid for and may live on."
BOUGHT = (
    "Its create was accepted, so it counts as paid: see the service's own list of"
    " songs."
)


def _named_money(job: TrackedJob[Any]) -> str:
    check = "Check the provider and the id, which were given by hand."
    if job.request is None:
        return f"Nothing is known to be paid for it. {check}"
    return (
        f"{check} The job's create may have been charged, as before:"
        " job.found(task_id) takes another id."
    )


def _words(error: Exception) -> str:
    """Return what an error says, without the job that it is told for anyhow."""
    if isinstance(error, MusicError):
        return error.message
    return f"a mistake in aiomusic ({type(error).__name__}: {error})."


def _task_failed(provider: str, clips: tuple[Clip, ...]) -> JobFailed:
    words = "; ".join(dict.fromkeys(clip.error for clip in clips if clip.error))
    is_back = wire.says_refunded(words) or all(
        wire.is_refunded(clip.raw) for clip in clips
    )
    return wire.task_failed(f"{provider} task", words, is_back=is_back)
