"""
How much may be in flight, and how much may be spent.

A pure room: it counts, and whoever asks decides how to wait.
"""

import enum
from typing import final

import attrs

from aiomusic.errors import BudgetExceeded

__all__ = ["Admission", "Limits"]


@final
class Admission(enum.Enum):
    """What a job at the head of the queue is told."""

    GRANTED = enum.auto()
    WAIT = enum.auto()


@final
@attrs.define(kw_only=True)
class Limits:
    """
    Slots for tasks at the service, and credits.

    Credits are reserved before a create is sent, and then either spent or given
    back; reserved and spent together never exceed *max_credits*.

    Args:
        concurrency: Tasks that may be in flight at one time.
        max_credits: The ceiling; None: none.
    """

    concurrency: int
    max_credits: int | None = None
    in_flight: int = 0
    reserved: int = 0
    spent: int = 0

    def admit(self, cost: int) -> Admission:
        """
        Take a slot and reserve *cost*, or say that it has to wait.

        It waits for a slot, and for credits that others may yet give back.

        Raises:
            BudgetExceeded: Even if they all did, it would not be enough.
        """
        if self.max_credits is not None and self.spent + cost > self.max_credits:
            message = (
                f"It costs {cost} credits, and {self.spent} of max_credits="
                f"{self.max_credits} are spent. Nothing was sent."
            )
            raise BudgetExceeded(message)
        if self.in_flight >= self.concurrency or not self._covers(cost):
            return Admission.WAIT
        self.in_flight += 1
        self.reserved += cost
        return Admission.GRANTED

    def _covers(self, cost: int) -> bool:
        taken = self.spent + self.reserved + cost
        return self.max_credits is None or taken <= self.max_credits

    def spend(self, cost: int) -> None:
        """Turn a reservation into spending."""
        self.reserved -= cost
        self.spent += cost

    def give_back(self, cost: int) -> None:
        """Drop a reservation: nothing was bought, or it was refunded."""
        self.reserved -= cost

    def free_slot(self) -> None:
        """Let the next task in."""
        self.in_flight -= 1
