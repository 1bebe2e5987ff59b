"""How far the service's callbacks can be relied on, and what that makes polls cost."""

from typing import final

import attrs

__all__ = ["CallbackLoss"]

# Before any end was seen, one callback in four is expected to fail, as if eight had
# shown it; later, the share follows the latest fifty ends, and is never quite nothing.
_FIRST_LOST = 0.25
_FIRST_ENDS = 8.0
_MEMORY = 50.0
_MIN_LOST = 0.01

# A poll before the callback costs what it costs, and one after it is made anyhow.
_EXTRA = 4.0


@final
@attrs.define(eq=False)
class CallbackLoss:
    """
    Learn how many ends are told by a callback in time, and price polls by it.

    A poll helps only where the callback is lost, so it is worth the share of those
    that are: where all come, a task is polled when its callback is overdue.

    Attributes:
        lost: The share of ends that a poll found before any callback.
    """

    lost: float = _FIRST_LOST
    _ends: float = attrs.field(default=_FIRST_ENDS, init=False)

    def ended(self, *, is_called: bool) -> None:
        """Count an end that was told by a callback, or found by a poll."""
        self._ends = min(self._ends + 1.0, _MEMORY)
        self.lost += ((not is_called) - self.lost) / self._ends
        self.lost = max(self.lost, _MIN_LOST)

    def price_s(self, price_s: float) -> float:
        """Return what a poll costs in seconds of delay, where *price_s* is its own."""
        return price_s * _EXTRA / self.lost
