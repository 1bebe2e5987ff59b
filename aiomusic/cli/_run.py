"""Run a command's coroutine, and end cleanly when told to."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine
from typing import Any, final

from aiomusic.cli._exits import Exit
from aiomusic.cli._interrupt import Interrupt

__all__ = ["run"]

# One ends the work, and one its waiting for what is on the wire.
MAX_CANCELS = 2


def run(work: Coroutine[Any, Any, Exit]) -> Exit:
    """Run it to its end, or to Ctrl-C, SIGTERM or SIGHUP, which cancel it."""
    interrupt, work_ = Interrupt.listen(), _Work()
    interrupt.end = work_.interrupt
    try:
        return asyncio.run(work_.run(work))
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    finally:
        interrupt.end = None
        # If it never began, nobody is to be warned of that.
        work.close()


@final
class _Work:
    """A coroutine that signals cancel: the second hurries its end, no more do."""

    def __init__(self) -> None:
        self._signals = 0
        self._task: asyncio.Future[Exit] | None = None
        self._told: Exit | None = None

    async def run(self, work: Coroutine[Any, Any, Exit]) -> Exit:
        self._task = asyncio.ensure_future(work)
        if self._told is not None:
            self._task.cancel()
        for name in ("SIGTERM", "SIGHUP"):
            _handle(name, self._terminate)
        try:
            return await self._task
        except asyncio.CancelledError:
            if self._told is None:
                raise
            return self._told

    def interrupt(self) -> None:
        """End with 130; called between any two steps of the loop."""
        self._told = self._told or Exit.INTERRUPTED
        if self._task is not None:
            # A loop that is closed by now has nothing left to end.
            with contextlib.suppress(RuntimeError):
                self._task.get_loop().call_soon_threadsafe(self._cancel)

    def _terminate(self) -> None:
        self._told = self._told or Exit.TERMINATED
        self._cancel()

    def _cancel(self) -> None:
        assert self._task is not None
        self._signals += 1
        if self._signals <= MAX_CANCELS:
            self._task.cancel()


def _handle(name: str, end: Callable[[], None]) -> None:
    """Call *end* at a signal, unless it is ignored, as under nohup."""
    number = getattr(signal, name, None)
    if number is None or signal.getsignal(number) is signal.SIG_IGN:
        return
    # Windows has no such handlers; there the signal just ends the process.
    with contextlib.suppress(NotImplementedError):
        asyncio.get_running_loop().add_signal_handler(number, end)
