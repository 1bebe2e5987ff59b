"""The time limits of what is under way, kept by one timer."""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar, final

import attrs

from aiomusic._clock import Clock

__all__ = ["Deadlines"]

# What is asked at its very limit may still be answered.
GRACE_S = 0.5
# So many that are over are kept in line, before it is cleared of them.
MAX_OVER = 100


class Timed(Protocol):
    """What has a limit, by the session's clock, and may be over before."""

    deadline: float

    @property
    def is_over(self) -> bool:
        """Whether it has ended before."""


T = TypeVar("T", bound=Timed)


@final
@attrs.define(eq=False)
class Deadlines(Generic[T]):
    """
    Ends what is over its limit, whatever it waits for.

    All have the same time, so that those that began first end first.
    Time is the loop's, as for the answers that they wait for: a test's clock, which
    may leap while an answer is on its way, ends nothing too soon.

    Args:
        end: Called with what is over its limit.
    """

    _clock: Clock
    _end: Callable[[T], None]
    _line: deque[T] = attrs.field(factory=deque, init=False)
    _open: int = attrs.field(default=0, init=False)
    _timer: asyncio.TimerHandle | None = attrs.field(default=None, init=False)

    @property
    def first(self) -> float:
        """Return the earliest limit, by the session's clock; infinite: none."""
        while self._line and self._line[0].is_over:
            self._line.popleft()
        return self._line[0].deadline if self._line else math.inf

    def watch(self, limited: T) -> None:
        """Take one that begins now."""
        self._open += 1
        self._line.append(limited)
        if len(self._line) > 2 * self._open + MAX_OVER:
            self._line = deque(one for one in self._line if not one.is_over)
        if self._timer is None:
            self._arm()

    def over(self) -> None:
        """Count one that is over before its limit, or at it."""
        self._open -= 1

    def expire(self) -> None:
        """End those whose limit is over."""
        now = self._clock.now()
        while self.first <= now:
            self._end(self._line.popleft())

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self.close()
        if self.first < math.inf:
            left_s = max(0.0, self.first - self._clock.now()) + GRACE_S
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(left_s, self._go_off)

    def _go_off(self) -> None:
        self._timer = None
        try:
            self.expire()
        finally:
            self._arm()
