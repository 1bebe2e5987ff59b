"""The gate of a host: its pace, a 429 that closes it, and how long between tries."""

import asyncio
import math
from typing import final

import attrs

from aiomusic._clock import Clock

__all__ = ["Gate", "Rate", "backoff_s"]

FIRST_S = 0.5
MOST_S = 60.0
# A service that asks for more is asked again all the same.
LONGEST_S = 300.0


def backoff_s(failures: int) -> float:
    """Give the wait after so many failures in a row, from 0.5 s to a minute."""
    return float(min(MOST_S, FIRST_S * 2 ** (failures - 1)))


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
        """Give how often a second it happened of late."""
        return self._faded(now) / self.span_s

    def _faded(self, now: float) -> float:
        return self._weight * math.exp((self._at - now) / self.span_s)


@final
@attrs.define(eq=False)
class Gate:
    """
    One for a host: every request passes it, and after a 429 all wait together.

    Args:
        per_s: How many requests a second pass, evenly spaced; None: no limit.
    """

    _clock: Clock
    per_s: float | None = None
    opens_at: float = attrs.field(default=0.0, init=False)
    # Whoever waits first goes first, before those that only now ask.
    _turn: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False)

    def close(self, retry_after_s: float | None, failures: int = 1) -> None:
        """Keep requests back, as the service says or, if it says nothing, a while."""
        asked_s = backoff_s(failures) if retry_after_s is None else retry_after_s
        wait_s = min(asked_s, LONGEST_S)
        self.opens_at = max(self.opens_at, self._clock.now() + wait_s)

    def pass_now(self) -> bool:
        """Let one request out if it need not wait; tell whether it may go."""
        if self._turn.locked() or self.opens_at > self._clock.now():
            return False
        self._count()
        return True

    async def wait(self) -> None:
        """Wait until one request may go out."""
        async with self._turn:
            while (wait_s := self.opens_at - self._clock.now()) > 0:
                await self._clock.sleep(wait_s)
            self._count()

    def _count(self) -> None:
        if self.per_s is not None:
            self.opens_at = self._clock.now() + 1.0 / self.per_s
