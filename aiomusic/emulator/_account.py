"""The account's credits."""

from typing import final

import attrs

__all__ = ["Account"]


@final
@attrs.define(kw_only=True)
class Account:
    """
    What the account has and has paid.

    Attributes:
        credits: Of the subscription.
        extra_credits: Bought once; spent first (API: credits usage guide).
        charged: All that was taken, less what was given back.
        charges, refunds: How often.
    """

    credits: int
    extra_credits: int = 0
    charged: int = 0
    charges: int = 0
    refunds: int = 0

    @property
    def balance(self) -> int:
        """All that can be spent."""
        return self.credits + self.extra_credits

    def charge(self, cost: int) -> bool:
        """Take *cost*, or nothing and say so if the balance does not cover it."""
        if cost > self.balance:
            return False
        extra = min(cost, self.extra_credits)
        self.extra_credits -= extra
        self.credits -= cost - extra
        self.charged += cost
        self.charges += 1
        return True

    def refund(self, cost: int) -> None:
        """Refund *cost*; it goes to the subscription's credits."""
        self.credits += cost
        self.charged -= cost
        self.refunds += 1
