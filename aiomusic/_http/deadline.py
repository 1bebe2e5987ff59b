"""The time limits of calls; a loop that stood still cuts none short."""

import asyncio
from collections import deque
from types import TracebackType
from typing import Self, final

__all__ = ["CallTimer", "Deadline", "is_cancelled"]

# A timer that is so late says that the loop stood still, not that nothing came: what
# lies in the socket is read first.
LATE_S, GRACE_S, MAX_GRACES = 0.1, 1.0, 3
# So many that are over are kept in line, before it is cleared of them.
MAX_OVER = 100


def is_cancelled() -> bool:
    """Check whether the running task was cancelled, and not just what it waits for."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


@final
class CallTimer:
    """
    One timer for all calls that may take equally long: the first ends first.

    Args:
        limit_s: How long each may take, in seconds.
    """

    __slots__ = ("_line", "_open", "_timer", "limit_s", "loop")

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self.loop = asyncio.get_running_loop()
        self._line: deque[Deadline] = deque()
        self._open = 0
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, call: "Deadline") -> None:
        """Take a call that begins now."""
        self._open += 1
        self._line.append(call)
        if len(self._line) > 2 * self._open + MAX_OVER:
            self._line = deque(one for one in self._line if not one.is_over)
        if self._timer is None:
            self._timer = self.loop.call_at(call.until, self._go_off)

    def over(self) -> None:
        """Count a call that is over."""
        self._open -= 1

    def _go_off(self) -> None:
        self._timer, now = None, self.loop.time()
        while self._line and (self._line[0].is_over or self._line[0].until <= now):
            call = self._line.popleft()
            call.end(call.until)
        if self._line:
            self._timer = self.loop.call_at(self._line[0].until, self._go_off)


@final
class Deadline:
    """
    Ends the block in it by `TimeoutError`, as `asyncio.timeout` does.

    Attributes:
        until: When, in the loop's time.
        is_over: Whether the block has ended, or is being ended.
    """

    __slots__ = (
        "__weakref__",
        "_cancels",
        "_graces",
        "_is_ended",
        "_soon",
        "_task",
        "_timer",
        "is_over",
        "until",
    )

    def __init__(self, timer: CallTimer) -> None:
        self._timer = timer
        self._soon: asyncio.TimerHandle | None = None
        self._graces = MAX_GRACES
        self._is_ended = self.is_over = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None
        self._task, self._cancels = task, task.cancelling()
        self.until = self._timer.loop.time() + self._timer.limit_s
        self._timer.watch(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.is_over = True
        self._timer.over()
        if self._soon is not None:
            self._soon.cancel()
        task = self._task
        # The timer may keep it for a while.
        del self._task
        if self._is_ended:
            # Whoever else cancelled the task is not to be mistaken for the limit.
            is_alone = task.uncancel() <= self._cancels
            if is_alone and isinstance(error, asyncio.CancelledError):
                raise TimeoutError from error

    def end_soon(self, wait_s: float) -> None:
        """End it after so many seconds, unless its limit comes first."""
        if not self.is_over:
            self._end_at(min(self.until, self._timer.loop.time() + wait_s))

    def _end_at(self, when: float) -> None:
        if self._soon is not None:
            self._soon.cancel()
        self._soon = self._timer.loop.call_at(when, self.end, when)

    def end(self, due: float) -> None:
        """End what was due to be ended by now, unless the loop stood still."""
        if self.is_over:
            return
        now = self._timer.loop.time()
        if self._graces and now - due > LATE_S:
            self._graces -= 1
            self.until = now + GRACE_S
            self._end_at(self.until)
        else:
            self.is_over = self._is_ended = True
            self._task.cancel()
