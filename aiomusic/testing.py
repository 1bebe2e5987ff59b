"""
For tests of code that uses aiomusic: pytest fixtures, and time that never waits.

The fixtures come with the package: name ``aiomusic_emulator`` or
``aiomusic_session`` in a test that runs under anyio's pytest plugin.
"""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, final

try:
    import pytest
except ModuleNotFoundError:  # The clock is of use without it.
    pytest = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from aiomusic import MusicSession
    from aiomusic.emulator import Emulator

__all__ = ["LeapingClock", "aiomusic_emulator", "aiomusic_session"]


@final
class LeapingClock:
    """
    A clock that leaps to whatever is waited for next, in order.

    Real work between two waits, such as a request over a socket, takes no time at
    all on it.

    Attributes:
        slept: How long each ``sleep`` was meant to last.
    """

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._now = 0.0
        self._due: list[tuple[float, int, _Timer]] = []
        self._order = itertools.count()

    def now(self) -> float:
        """Give seconds since the clock was made."""
        return self._now

    def wall(self) -> float:
        """Give seconds since 1970, beginning with the year 2000."""
        return 946_684_800.0 + self._now

    def advance(self, seconds: float) -> None:
        """Let time pass, and wake whatever was due by then."""
        until = self._now + seconds
        while self._due and self._due[0][0] <= until:
            self._leap()
        self._now = until

    async def sleep(self, seconds: float) -> None:
        """Wait, without waiting."""
        self.slept.append(seconds)
        woken = asyncio.Event()
        timer = self.call_at(self._now + seconds, woken.set)
        try:
            await woken.wait()
        finally:
            timer.cancel()

    def call_at(self, when: float, wake: Callable[[], None]) -> "_Timer":
        """Call *wake* as soon as nothing is due before it."""
        timer = _Timer(wake)
        heapq.heappush(self._due, (when, next(self._order), timer))
        asyncio.get_running_loop().call_soon(self._leap)
        return timer

    def _leap(self) -> None:
        while self._due:
            when, _, timer = heapq.heappop(self._due)
            if timer.wake is not None:
                self._now = max(self._now, when)
                timer.wake()
                return


class _Timer:
    def __init__(self, wake: Callable[[], None]) -> None:
        self.wake: Callable[[], None] | None = wake

    def cancel(self) -> None:
        self.wake = None


async def aiomusic_emulator() -> "AsyncIterator[Emulator]":
    """The API in this process, without audio, at a pace counted in polls."""
    from aiomusic.emulator import Emulator, Pace  # noqa: PLC0415 - costs its import

    async with Emulator(pace=Pace.polls(), media=False) as api:
        yield api


async def aiomusic_session(
    aiomusic_emulator: "Emulator",
) -> "AsyncIterator[MusicSession]":
    """A session on the emulator that polls as fast as it can."""
    from aiomusic import MusicSession  # noqa: PLC0415 - costs its import

    api = aiomusic_emulator
    async with MusicSession(
        api_key=api.key, base_url=api.url, poll_every_s=0.0
    ) as music:
        yield music


if pytest is not None:
    aiomusic_emulator = pytest.fixture(aiomusic_emulator)
    aiomusic_session = pytest.fixture(aiomusic_session)
