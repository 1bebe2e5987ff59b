"""The time limit of one call; a loop that stood still cuts none short."""

import asyncio
from types import TracebackType
from typing import Self, final

__all__ = ["Deadline"]

# A timer that is so late says that the loop stood still, not that nothing came: what
# lies in the socket is read first.
LATE_S, GRACE_S, MAX_GRACES = 0.1, 1.0, 3


@final
class Deadline:
    """
    Ends the block in it by `TimeoutError`, as `asyncio.timeout` does.

    Args:
        limit_s: How long the block may take, in seconds.
    """

    __slots__ = (
        "_cancels",
        "_graces",
        "_is_over",
        "_loop",
        "_task",
        "_timer",
        "_until",
    )

    def __init__(self, limit_s: float) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task, self._cancels = task, task.cancelling()
        self._loop = asyncio.get_running_loop()
        self._graces = MAX_GRACES
        self._is_over = False
        self._until = self._loop.time() + limit_s

    def __enter__(self) -> Self:
        self._timer = self._loop.call_at(self._until, self._end)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        is_ended, self._is_over = self._is_over, True
        if is_ended:
            # Whoever else cancelled the task is not to be mistaken for the limit.
            is_alone = self._task.uncancel() <= self._cancels
            if is_alone and isinstance(error, asyncio.CancelledError):
                raise TimeoutError from error

    def end_soon(self, wait_s: float) -> None:
        """End it after so many seconds, unless its limit comes first."""
        if not self._is_over:
            self._timer.cancel()
            when = min(self._until, self._loop.time() + wait_s)
            self._timer = self._loop.call_at(when, self._end)

    def _end(self) -> None:
        now = self._loop.time()
        if self._graces and now - self._timer.when() > LATE_S:
            self._graces -= 1
            self._until = now + GRACE_S
            self._timer = self._loop.call_at(self._until, self._end)
        else:
            self._is_over = True
            self._task.cancel()
