"""How many creates may be on the wire at once, by what became of the last ones."""

import logging
from typing import final

import attrs

from aiomusic._clock import Clock
from aiomusic._http.limiter import FIRST_WINDOW, backoff_s
from aiomusic._log import log

__all__ = ["Breaker", "Try"]

# So many creates have connections at one time, however many tasks may be in flight.
MAX_ON_WIRE = 256
# Until the service has answered, few creates are at risk; each answer allows more, and
# as many more as a pace's window does: whoever is let out here need not wait there.
FIRST_ON_WIRE = FIRST_WINDOW
MAX_LOST = 3
# `backoff_s` of so many failures is a second, which is when the first probe goes.
FIRST_PROBE = 2


@final
@attrs.frozen(kw_only=True)
class Try:
    """One create that may be sent: whether it was while only probes are."""

    is_probe: bool


@final
@attrs.define(eq=False)
class Breaker:
    """
    Bounds what a service that loses answers can cost.

    Each answer makes room for two creates on the wire: the next, and one more.
    A lost answer takes all that back, and after three in a row one create probes at a
    time: the first a second after the last loss, each later one twice as long after
    the one before, up to a minute, until an answer comes.

    Attributes:
        on_wire: How many creates are on the wire, or about to be.
    """

    _clock: Clock
    on_wire: int = 0
    _answers: int = 0
    _lost: int = 0
    _lost_probes: int = 0
    _is_probing: bool = False
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
    def capacity(self) -> int:
        """Return how many more creates may be taken from the queue now."""
        if self.is_open:
            return 1 if self.on_wire == 0 and self.wait_s == 0 else 0
        allowed = min(MAX_ON_WIRE, FIRST_ON_WIRE + self._answers)
        return max(0, allowed - self.on_wire)

    @property
    def is_due(self) -> bool:
        """Whether a create may be sent now: no other probes, and a probe is due."""
        return not self.is_open or not (self._is_probing or self.wait_s > 0)

    def begin(self) -> Try:
        """Send a create that is due; `answered`, `lost` or `unsent` end it."""
        self._is_probing = self._is_probing or self.is_open
        return Try(is_probe=self.is_open)

    def answered(self, tried: Try) -> None:
        """Note that the service answered, whatever it said."""
        self.unsent(tried)
        if self.is_open:
            log(logging.WARNING, "the service answers again: creates go on")
        self._lost = self._lost_probes = 0
        self._answers += 1

    def unsent(self, tried: Try) -> None:
        """Note that a create did not leave, which tells nothing of the service."""
        self._is_probing = self._is_probing and not tried.is_probe

    def lost(self, tried: Try) -> None:
        """Note that a create was sent and its answer was lost."""
        self.unsent(tried)
        self._answers = 0
        self._lost += 1
        if self._lost == MAX_LOST:
            words = (
                "%d answers to creates were lost in a row: from now on one create"
                " probes at a time, and the others stay queued and unpaid"
            )
            log(logging.ERROR, words, self._lost)
        if self.is_open:
            # All that was on the wire before is one fault of the service.
            self._lost_probes += tried.is_probe
            pause_s = backoff_s(FIRST_PROBE + self._lost_probes)
            self._probes_at = max(self._probes_at, self._clock.now() + pause_s)
