"""The price of a poll where the rate of all polls is capped."""

from __future__ import annotations

import math
from typing import final

import attrs

__all__ = ["Ration"]

# A rationed price moves by a fifth at a time, and polls ten thousand times as rare are
# the rarest.
_PRICE_STEP = math.log(1.2)
_DEAREST = 1e8


@final
@attrs.define(eq=False, kw_only=True)
class Ration:
    """
    Price polls so that those in flight ask for no more than a rate allows.

    The polls that tasks ask for go with one over the root of the price, so the price
    follows from their sum at once and needs no feedback.
    It is the same for tasks of all kinds: that is what costs least in all.
    Whoever schedules a task calls `enter` and, before its next, `leave`.

    Args:
        per_s: How many polls a second are allowed; it may be changed at any time.
        least_s: The price while the rate is not reached: `Learned.price_s`.
    """

    per_s: float = attrs.field(validator=attrs.validators.gt(0.0))
    least_s: float = attrs.field(validator=attrs.validators.gt(0.0))
    _demand: float = attrs.field(default=0.0, init=False)

    @property
    def price_s(self) -> float:
        """Return what one poll is worth just now, in seconds of delay."""
        if not self.is_short:
            return self.least_s
        dearer = 0.5 * (self._demand / self.per_s) ** 2 / self.least_s
        # In steps, for a schedule makes a plan for each price it is asked at.
        step = round(math.log(min(dearer, _DEAREST)) / _PRICE_STEP)
        return self.least_s * math.exp(step * _PRICE_STEP)

    @property
    def is_short(self) -> bool:
        """Check whether more polls are asked for than the rate allows."""
        return self._demand > self.per_s * math.sqrt(2.0 * self.least_s)

    def enter(self, gap_s: float) -> float:
        """
        Count a task whose next poll is *gap_s* away and return its share of the demand.

        The share is the root of its hazard: at price ``p`` a hazard ``h`` asks for a
        gap of ``sqrt(2 * p / h)``.
        """
        share = math.sqrt(2.0 * self.price_s) / gap_s
        self._demand += share
        return share

    def leave(self, share: float) -> None:
        """Take back the *share* that `enter` returned."""
        self._demand = max(0.0, self._demand - share)
