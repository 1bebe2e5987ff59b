"""Run a command's coroutine, and end cleanly when told to."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine
from typing import Any

from aiomusic.cli._exits import Exit

__all__ = ["run"]


def run(work: Coroutine[Any, Any, Exit]) -> Exit:
    """Run it to its end, or to Ctrl-C, SIGTERM or SIGHUP, which cancel it."""
    try:
        return asyncio.run(_run_until_told(work))
    except KeyboardInterrupt:
        return Exit.INTERRUPTED


async def _run_until_told(work: Coroutine[Any, Any, Exit]) -> Exit:
    task = asyncio.ensure_future(work)
    is_told = False

    def end() -> None:
        nonlocal is_told
        is_told = True
        task.cancel()

    for name in ("SIGTERM", "SIGHUP"):
        _handle(name, end)
    try:
        return await task
    except asyncio.CancelledError:
        if not is_told:
            raise
        return Exit.TERMINATED


def _handle(name: str, end: Callable[[], None]) -> None:
    """Call *end* at a signal, unless it is ignored, as under nohup."""
    number = getattr(signal, name, None)
    if number is None or signal.getsignal(number) is signal.SIG_IGN:
        return
    # Windows has no such handlers; there the signal just ends the process.
    with contextlib.suppress(NotImplementedError):
        asyncio.get_running_loop().add_signal_handler(number, end)
