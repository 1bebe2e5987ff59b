"""Time, passed in, so that no test waits for it."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, final

import anyio

__all__ = ["Clock", "SystemClock", "Timer", "held", "hint_of_leaps"]


class Timer(Protocol):
    """A call that is due, and can be called off."""

    def cancel(self) -> None:
        """Do not make the call."""


class Clock(Protocol):
    """Where *now* comes from, and how to wait for *then*."""

    def now(self) -> float:
        """Return seconds that only ever grow."""

    def wall(self) -> float:
        """Return seconds since 1970, UTC."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""

    def call_at(self, when: float, wake: Callable[[], None]) -> Timer:
        """Call *wake* once ``now()`` has reached *when*."""


def held(clock: Clock) -> AbstractContextManager[None]:
    """
    Return a block in which a clock that leaps stands still.

    It is for real work that others wait for; the time of any other clock goes on.
    """
    hold: Callable[[], AbstractContextManager[None]] | None
    hold = getattr(clock, "hold", None)
    return nullcontext() if hold is None else hold()


def hint_of_leaps(clock: Clock) -> str:
    """Return the likely reason why time ran out by a clock that leaps, if it does."""
    if not hasattr(clock, "hold"):
        return ""
    return (
        " This session's clock leaps over every wait, which a service with another"
        " clock can't keep up with: give an emulator the same one,"
        " Emulator(clock=...)."
    )


@final
class SystemClock:
    """The time of this machine."""

    def now(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)

    def call_at(self, when: float, wake: Callable[[], None]) -> Timer:
        # loop.time() may have another origin than ours (uvloop's does).
        loop = asyncio.get_running_loop()
        return loop.call_later(max(0.0, when - self.now()), wake)
