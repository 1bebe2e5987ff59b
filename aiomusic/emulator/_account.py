"""The credits of the account."""

from typing import final

import attrs

__all__ = ["Account"]


@final
@attrs.define(kw_only=True)
class Account:
    """
    The balance and its history.

    Attributes:
        credits: Credits of the subscription.
        extra_credits: Credits of one-time packs; spent first (API: credits usage
            guide).
        charged: Credits charged, less refunds.
        charges, refunds: How often.
    """

    credits: int
    extra_credits: int = 0
    charged: int = 0
    charges: int = 0
    refunds: int = 0

    @property
    def balance(self) -> int:
        """All credits."""
        return self.credits + self.extra_credits

    def charge(self, cost: int) -> bool:
        """Charge *cost*; return False, without a charge, if the balance is too low."""
        if cost > self.balance:
            return False
        extra = min(cost, self.extra_credits)
        self.extra_credits -= extra
        self.credits -= cost - extra
        self.charged += cost
        self.charges += 1
        return True

    def refund(self, cost: int) -> None:
        """Refund *cost* to the credits of the subscription."""
        self.credits += cost
        self.charged -= cost
        self.refunds += 1
