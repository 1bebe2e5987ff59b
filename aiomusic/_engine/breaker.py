"""How many creates may be on the wire at once, by what became of the last ones."""

import logging
from typing import final

import attrs

from aiomusic._clock import Clock
from aiomusic._gate import backoff_s
from aiomusic._log import say

__all__ = ["Breaker"]

# So many creates have connections at one time, however many tasks may be in flight.
MAX_ON_WIRE = 256
# Until the service has answered, few creates are at risk; each answer allows more.
FIRST_ON_WIRE = 16
MAX_LOST = 3


@final
@attrs.define(eq=False)
class Breaker:
    """
    Bounds what a service that loses answers can cost.

    Each answer makes room for two more creates on the wire.
    A lost answer takes all that back, and after three in a row one create probes at a
    time, each later than the one before, until an answer comes.

    Attributes:
        on_wire: How many creates are on the wire, or about to be.
    """

    _clock: Clock
    on_wire: int = 0
    _answers: int = 0
    _lost: int = 0
    _probes_at: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether only probes are sent."""
        return self._lost >= MAX_LOST

    @property
    def wait_s(self) -> float:
        """Return how long the next probe has to wait, in seconds."""
        return max(0.0, self._probes_at - self._clock.now()) if self.is_open else 0.0

    @property
    def room(self) -> int:
        """Return how many more creates may be sent now."""
        if self.is_open:
            return 1 if self.on_wire == 0 and self.wait_s == 0 else 0
        allowed = min(MAX_ON_WIRE, FIRST_ON_WIRE + 2 * self._answers)
        return max(0, allowed - self.on_wire)

    def answered(self) -> None:
        """Note that the service answered, whatever it said."""
        if self.is_open:
            say(logging.WARNING, "the service answers again: creates go on")
        self._lost = 0
        self._answers += 1

    def lost(self) -> None:
        """Note that a create was sent and its answer was lost."""
        self._answers = 0
        self._lost += 1
        if self._lost == MAX_LOST:
            words = (
                "%d answers to creates were lost in a row: from now on one create"
                " probes at a time, and the others stay queued and unpaid"
            )
            say(logging.ERROR, words, self._lost)
        if self.is_open:
            pause_s = backoff_s(self._lost - MAX_LOST + 2)
            self._probes_at = self._clock.now() + pause_s
