"""
Who may send when: creates and polls each learn a pace from what is refused.

`Pace` is the arithmetic, with no clock: after a refusal one request is let through,
and the rest follow at the pace of those that got through, which rises by a step for
each of them and falls by a quarter at each refusal.
`Limiter` keeps those that wait in line for a pace; `Cap` is what creates and polls
share: the timer, and how many requests a second may go out together.
"""

import asyncio
import math
from collections import deque
from types import TracebackType
from typing import final

import attrs

from aiomusic._clock import Clock, Timer
from aiomusic.errors import (
    ApiError,
    AuthenticationFailed,
    JobFailed,
    QueueFull,
    RateLimited,
    ServiceFailed,
)

__all__ = ["Cap", "Limiter", "Pace", "Rate", "Turn", "backoff_s"]

FIRST_S = 0.5
MAX_S = 60.0
# A service that asks for more is asked again all the same.
MAX_HOLD_S = 300.0
# So many requests go out together before the first of them has got through.
FIRST_WINDOW = 4
# What a refusal leaves of a pace, and what share of it each success adds.
CUT, STEP = 0.75, 1 / 32
# Refusals come at once: an answer that takes longer, in real time, is none.
SLOW_S = 1.0
MAX_MARKS = 256
MIN_GAP_S = 0.001
# Of a limit that is shared: for how long turns are drawn together, and how late one
# may be used.
DRAWN_S, MIN_KEPT_S = 0.5, 0.05


def backoff_s(failures: int) -> float:
    """Return the wait after so many failures in a row, from 0.5 s to a minute."""
    return float(min(MAX_S, FIRST_S * 2 ** (failures - 1)))


@final
@attrs.define(eq=False)
class Rate:
    """How often something happens, what was long ago counting ever less."""

    span_s: float = 60.0
    _weight: float = attrs.field(default=0.0, init=False)
    _at: float = attrs.field(default=0.0, init=False)

    def count(self, now: float) -> None:
        """Note that it happened."""
        self._weight = self._faded(now) + 1.0
        self._at = now

    def per_s(self, now: float) -> float:
        """Return how often a second it happened of late."""
        return self._faded(now) / self.span_s

    def _faded(self, now: float) -> float:
        return self._weight * math.exp((self._at - now) / self.span_s)


@final
@attrs.frozen
class Turn:
    """
    The leave to send one request; what became of it must be told.

    Args:
        at: When it was given, by the session's clock.
        era: How many refusals had changed the pace before.
    """

    at: float
    era: int


@final
@attrs.define(eq=False)
class Pace:
    """
    How fast requests of one kind may go out, by what became of the last ones.

    Attributes:
        window: How many may wait for their answers: twice as many with each round
            of answers, and one after a refusal.
        per_s: How many a second; infinite until one was refused.
        opens_at: Until when none goes out.
        passes: How many ever got through.
        refusals: How many were refused since one got through.
        is_full: Whether it is a full queue that holds all back.
    """

    window: int = FIRST_WINDOW
    per_s: float = math.inf
    opens_at: float = -math.inf
    passes: int = 0
    refusals: int = 0
    is_full: bool = False
    _step: float = 0.0
    _sent_at: float = -math.inf
    _out: int = 0
    _era: int = 0
    # Whether the next that gets through sets the pace.
    _is_cut: bool = False
    # When those were sent that got through since the pace was set.
    _marks: deque[float] = attrs.field(factory=lambda: deque(maxlen=MAX_MARKS))

    @property
    def is_waiting(self) -> bool:
        """Whether answers are waited for before another may go out."""
        return self._out >= self.window

    @property
    def slow_s(self) -> float:
        """Return for how long, in real time, they are waited for."""
        return min(SLOW_S, 1.0 / self.per_s) if self.per_s < math.inf else SLOW_S

    @property
    def ready_at(self) -> float:
        """Return when the next may go out; infinite: after an answer."""
        if self.is_waiting:
            return math.inf
        return max(self.opens_at, self._sent_at + 1.0 / self.per_s)

    def take(self, now: float) -> Turn:
        """Let one go out."""
        self._out += 1
        self._sent_at = now
        return Turn(now, self._era)

    def passed(self, turn: Turn) -> None:
        """Take it that the service let one through."""
        self.passes += 1
        if turn.era == self._era:
            self._passed_now(turn.at)
        self._marks.append(turn.at)
        self.over(turn)

    def _passed_now(self, at: float) -> None:
        if not self._is_cut:
            self.per_s += self._step
        elif self._marks:
            self.per_s = self._learned_per_s(at)
            self._step = STEP * self.per_s
            self._marks.clear()
        if self.per_s == math.inf:
            # Nothing is known yet of how much gets through: more are tried each time.
            self.window += 1
        self.refusals = 0
        self.is_full = self._is_cut = False

    def _learned_per_s(self, at: float) -> float:
        """Return how many a second got through of late: at best, so as not to idle."""
        counted = enumerate(reversed(self._marks), 1)
        seen = max(n / max(at - mark, MIN_GAP_S) for n, mark in counted)
        if self.per_s == math.inf:
            return seen
        return min(CUT * self.per_s, max(seen, CUT**self.refusals * self.per_s))

    def refused(
        self, turn: Turn, now: float, asked_s: float | None, *, is_full: bool = False
    ) -> None:
        """
        Take a refusal: none goes out for a while, and then one.

        Args:
            asked_s: What the service asks for; less than the backoff is none.
            is_full: Whether it has no room, whatever the pace.
        """
        if turn.era == self._era:
            # The others that were sent before it are refused by the same limit.
            self._era += 1
            self._out = 0
            self.window = 1
            self.refusals += 1
            self._is_cut |= not is_full
            self.is_full = is_full
        hold_s = max(asked_s or 0.0, backoff_s(max(1, self.refusals)))
        self.opens_at = max(self.opens_at, now + min(hold_s, MAX_HOLD_S))

    def over(self, turn: Turn) -> None:
        """Take it that one is over, with nothing said of the pace."""
        if turn.era == self._era:
            self._out = max(0, self._out - 1)

    def overlook(self) -> None:
        """Wait no longer for answers that are slow."""
        self._out = 0

    def make_room(self, now: float) -> None:
        """Take it that the service has room again: a full queue is tried at once."""
        if self.is_full:
            self.opens_at = min(self.opens_at, now)


@final
@attrs.frozen(eq=False)
class _Waiter:
    """
    Who waits in line.

    Args:
        called: Set to whether it may go; if not, it has waited long enough.
        until: When that is.
    """

    called: asyncio.Future[bool]
    until: float


@final
@attrs.define(eq=False)
class Cap:
    """
    Calls those that wait, of all limiters in turn, from one timer.

    Args:
        per_s: How many requests a second go out in all, evenly spaced; None: no
            limit.
        is_shared: Whether others send under the same limit: turns are then drawn from
            what all share, by whoever asks `wanting` and answers with `grant`.
    """

    _clock: Clock
    per_s: float | None = None
    is_shared: bool = False
    is_closed: bool = attrs.field(default=False, init=False)
    _limiters: "list[Limiter]" = attrs.field(factory=list, init=False)
    _free_at: float = attrs.field(default=-math.inf, init=False)
    # Who was called, and has not gone yet.
    _called: _Waiter | None = attrs.field(default=None, init=False)
    _timer: Timer | None = attrs.field(default=None, init=False)
    _due: float = attrs.field(default=math.inf, init=False)
    _slow: asyncio.TimerHandle | None = attrs.field(default=None, init=False)
    # When requests may go out, where the limit is shared, and that more are waited for.
    _turns: deque[float] = attrs.field(factory=deque, init=False)
    _wanted: asyncio.Event = attrs.field(factory=asyncio.Event, init=False)

    def add(self, limiter: "Limiter") -> None:
        """Serve one more."""
        self._limiters.append(limiter)

    def is_free(self, now: float) -> bool:
        """Check whether a request may go out, of any kind."""
        return self._called is None and self._next_at(now) <= now

    def _next_at(self, now: float) -> float:
        """Return when the next request may go out; infinite: after turns are drawn."""
        if self.per_s is None or not self.is_shared:
            return self._free_at
        # A turn that was missed is lost: it would come beside another's.
        kept_s = max(1.0 / self.per_s, MIN_KEPT_S)
        while self._turns and self._turns[0] + kept_s <= now:
            self._turns.popleft()
        return self._turns[0] if self._turns else math.inf

    async def wanting(self) -> int:
        """Wait until turns are waited for that are not drawn; return how many."""
        while True:
            self._next_at(self._clock.now())
            waiting = sum(one.waiting for one in self._limiters)
            if (count := waiting - len(self._turns)) > 0:
                # No more than are soon used, so that others come between.
                return min(count, max(1, round(DRAWN_S * (self.per_s or 1.0))))
            self._wanted.clear()
            await self._wanted.wait()

    def grant(self, count: int, first_s: float) -> None:
        """Take turns that were drawn, the first of them in so many seconds."""
        assert self.per_s is not None
        first_at = self._clock.now() + first_s
        self._turns.extend(first_at + n / self.per_s for n in range(count))
        self.serve()

    def has_room(self, now: float) -> bool:
        """Check whether one that does not wait may go before those that do."""
        if self.per_s is None:
            return self._called is None
        return self.is_free(now) and not any(one.is_awaited for one in self._limiters)

    def count(self, limiter: "Limiter", now: float) -> None:
        """Count a request; the other kind goes first the next time."""
        if self._limiters[-1] is not limiter:
            self._limiters.remove(limiter)
            self._limiters.append(limiter)
        if self.is_shared and self._turns:
            self._turns.popleft()
        elif self.per_s is not None:
            self._free_at = now + 1.0 / self.per_s

    def serve(self) -> None:
        """Call whoever may go now, and come again for the next."""
        if not [limiter for limiter in self._limiters if limiter.is_awaited]:
            # As nearly always: nobody is held back.
            self._rest()
            return
        now = self._clock.now()
        for limiter in self._limiters:
            limiter.expire(now)
        awaited = [limiter for limiter in self._limiters if limiter.is_awaited]
        if self.is_free(now):
            ready = (one for one in awaited if one.pace.ready_at <= now)
            called = (limiter.call_first() for limiter in ready)
            self._called = next(filter(None, called), None)
        self._wanted.set()
        # The next is called when that one has gone.
        self._arm([] if self._called is not None else awaited)

    def came(self, waiter: _Waiter) -> None:
        """Take it that one that was called is there, or will never be."""
        if self._called is waiter:
            self._called = None

    def _rest(self) -> None:
        if self._timer is not None:
            self._set_timer(math.inf)
        if self._slow is not None:
            self._watch_answers(None)

    def _arm(self, awaited: "list[Limiter]") -> None:
        # What is under way is timed by the loop: it goes through real sockets.
        held = [limiter for limiter in awaited if not limiter.pace.is_waiting]
        ready_at = min((limiter.pace.ready_at for limiter in held), default=math.inf)
        until = min((limiter.first_until for limiter in held), default=math.inf)
        next_at = self._next_at(self._clock.now())
        self._set_timer(min(until, max(ready_at, next_at)))
        slow = [x.pace.slow_s for x in awaited if x.pace.is_waiting]
        self._watch_answers(min(slow, default=None))

    def _set_timer(self, due: float) -> None:
        if due == self._due:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._due = due
        self._timer = None
        if due < math.inf:
            self._timer = self._clock.call_at(due, self._go_off)

    def _go_off(self) -> None:
        self._timer, self._due = None, math.inf
        self.serve()

    def _watch_answers(self, slow_s: float | None) -> None:
        if slow_s is None and self._slow is not None:
            self._slow.cancel()
            self._slow = None
        elif slow_s is not None and self._slow is None:
            loop = asyncio.get_running_loop()
            self._slow = loop.call_later(slow_s, self._overlook)

    def _overlook(self) -> None:
        self._slow = None
        for limiter in self._limiters:
            if limiter.pace.is_waiting:
                limiter.pace.overlook()
        self.serve()

    def close(self) -> None:
        """Stop the timers, and let nobody wait any more."""
        self.is_closed = True
        self._rest()
        for limiter in self._limiters:
            limiter.dismiss()


@final
@attrs.define(eq=False)
class Limiter:
    """
    Lets out requests of one kind, first come, first served.

    Each turn that it gives must be ended, by `end` or `using`.
    """

    _clock: Clock
    _cap: Cap
    pace: Pace = attrs.field(factory=Pace)
    _line: deque[_Waiter] = attrs.field(factory=deque, init=False)
    # Nobody in line gives up before.
    _first_until: float = attrs.field(default=math.inf, init=False)

    def __attrs_post_init__(self) -> None:
        self._cap.add(self)

    @property
    def requests_per_s(self) -> float | None:
        """How many requests of all kinds may go out in a second; None: any number."""
        return self._cap.per_s

    @property
    def is_awaited(self) -> bool:
        """Whether anybody waits."""
        return bool(self._line)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(not waiter.called.done() for waiter in self._line)

    @property
    def first_until(self) -> float:
        """Return until when, at least, all that wait wait on."""
        return self._first_until

    def enter_now(self) -> Turn | None:
        """Grant a turn to a request that need not wait; None: it has to."""
        now = self._clock.now()
        is_next = not self._line and self._cap.has_room(now)
        return self._take(now) if is_next else None

    async def enter(self, until: float = math.inf) -> Turn | None:
        """
        Wait for a turn.

        Args:
            until: When to give up, by the session's clock.

        Returns:
            The turn; None: it did not come in time.

        Raises:
            CancelledError: The session was closed.
        """
        turn = self.enter_now()
        waiter = None
        while turn is None:
            # Time may have gone on since it was called; it stays the first then.
            put = self._line.append if waiter is None else self._line.appendleft
            waiter = _Waiter(asyncio.get_running_loop().create_future(), until)
            put(waiter)
            self._first_until = min(self._first_until, until)
            if self._cap.is_closed:
                self.dismiss()
            self._cap.serve()
            if not await self._is_called(waiter):
                return None
            now = self._clock.now()
            turn = self._take(now) if self._cap.is_free(now) else None
        if waiter is not None:
            self._cap.serve()
        return turn

    async def _is_called(self, waiter: _Waiter) -> bool:
        try:
            return await waiter.called
        except asyncio.CancelledError:
            if waiter in self._line:
                self._line.remove(waiter)
            self._cap.came(waiter)
            self._cap.serve()
            raise
        finally:
            self._cap.came(waiter)

    def _take(self, now: float) -> Turn | None:
        if self.pace.ready_at > now:
            return None
        self._cap.count(self, now)
        return self.pace.take(now)

    def call_first(self) -> _Waiter | None:
        """Call the first in line; None: all that were in it are gone."""
        while self._line:
            waiter = self._line.popleft()
            if not waiter.called.done():
                waiter.called.set_result(True)
                return waiter
        return None

    def dismiss(self) -> None:
        """Send all away for good."""
        for waiter in self._line:
            waiter.called.cancel()
        self._line.clear()

    def expire(self, now: float) -> None:
        """Send away those that can't wait any longer."""
        if now < self._first_until:
            return
        line, self._line = self._line, deque()
        for waiter in line:
            if waiter.until > now:
                self._line.append(waiter)
            elif not waiter.called.done():
                waiter.called.set_result(False)
        self._first_until = min((one.until for one in self._line), default=math.inf)

    def end(self, turn: Turn, error: BaseException | None) -> None:
        """
        End a turn by what came of its request.

        Args:
            error: None: all is well.
        """
        match error:
            case None:
                self.pace.passed(turn)
            case RateLimited() | QueueFull():
                now, is_full = self._clock.now(), isinstance(error, QueueFull)
                self.pace.refused(turn, now, error.retry_after_s, is_full=is_full)
            case ServiceFailed() | AuthenticationFailed():
                self.pace.over(turn)
            case ApiError(status=int()) | JobFailed():
                self.pace.passed(turn)
            case _:
                # It was not answered, if it was sent at all.
                self.pace.over(turn)
        self._cap.serve()

    def give_back(self, turn: Turn) -> None:
        """Take back a turn that nothing was sent in."""
        self.pace.over(turn)
        self._cap.serve()

    def using(self, turn: Turn) -> "_Using":
        """End a turn by how the block ends."""
        return _Using(self, turn)

    def make_room(self) -> None:
        """Take it that the service has room again, for a task has ended."""
        self.pace.make_room(self._clock.now())
        self._cap.serve()


@final
@attrs.frozen(eq=False)
class _Using:
    """A block in which one request is sent."""

    limiter: Limiter
    turn: Turn

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.limiter.end(self.turn, error)
