"""Log-normals of fixed spread whose centres are learned from intervals."""

from __future__ import annotations

import math
from operator import mul
from typing import TYPE_CHECKING, final

import attrs

from aiomusic._polling.bins import EDGES_S

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SPREADS", "Bell", "mixed"]

# From tasks that all take about as long to those of which one takes ten times another.
SPREADS = (0.03, 0.05, 0.085, 0.14, 0.23, 0.38, 0.63, 1.05)

# A centre is doubted by a factor of two at first, and again once so many ends are over.
PRIOR_DOUBT = 0.7**2
_MEMORY = 30.0

# Where an interval was all but impossible, its nearer end is what was seen.
_POSSIBLE = 1e-6
_SHARE = 1e-3

_LOG_EDGES = (-math.inf, *map(math.log, EDGES_S[1:-1]), math.inf)
_ROOT_2, _ROOT_2_PI = math.sqrt(2.0), math.sqrt(2.0 * math.pi)


@final
@attrs.define
class Bell:
    """
    Learn the centre of a log-normal of one spread.

    Each end refines the centre by Bayes' rule for a normal of which only an interval
    was seen, matched in its first two moments.
    An interval that tells little (always finished at the first poll, say) leaves the
    doubt as it is, and the doubt then asks for an earlier poll.

    Args:
        spread: The standard deviation of the durations' logarithms.
        centre: Where the middle of the logarithms is believed to be.
        doubt: The variance of that belief.
    """

    spread: float
    centre: float
    doubt: float = PRIOR_DOUBT

    def tail(self) -> list[float]:
        """Return the odds of outliving each edge of the bins."""
        scale = math.sqrt(self.spread**2 + self.doubt) * _ROOT_2
        return [math.erfc((log - self.centre) / scale) / 2.0 for log in _LOG_EDGES]

    def observe(self, lower_s: float, upper_s: float, change: float = 0.0) -> float:
        """
        Learn from an end between two ages, and return the odds it had.

        Args:
            change: How likely it is that durations are others altogether since.
        """
        doubt = min(self.doubt * (1.0 + 1.0 / _MEMORY), PRIOR_DOUBT)
        odds, centre, doubt = self._fit(lower_s, upper_s, doubt)
        if change:
            # Both answers are weighed, and what lies between them is in doubt, too.
            anew, far, wide = self._fit(lower_s, upper_s, PRIOR_DOUBT)
            share = change * anew / (change * anew + (1.0 - change) * odds + 1e-12)
            doubt += share * (wide - doubt + (1.0 - share) * (far - centre) ** 2)
            centre += share * (far - centre)
        self.centre, self.doubt = centre, doubt
        return odds

    def _fit(
        self, lower_s: float, upper_s: float, doubt: float
    ) -> tuple[float, float, float]:
        """Return the odds of an end, and centre and doubt after it."""
        width = math.sqrt(self.spread**2 + doubt)
        low = (math.log(max(lower_s, 1e-9)) - self.centre) / width
        high = (math.log(upper_s) - self.centre) / width
        odds = _between(low, high)
        pull, sharpness = low if low > 0.0 else high, 1.0
        if odds > _POSSIBLE:
            at_low, at_high = _density(low) / odds, _density(high) / odds
            pull = at_low - at_high
            sharpness = pull * pull + high * at_high - low * at_low
        left = 1.0 - doubt / width**2 * min(max(sharpness, 0.0), 1.0)
        return odds, self.centre + doubt / width * pull, doubt * left


def mixed(bells: Sequence[Bell], weights: Sequence[float]) -> list[float]:
    """Return the tail of *bells* as a mixture; those of next to no weight are left."""
    least = _SHARE * sum(weights)
    kept = [
        (each.tail(), weight)
        for each, weight in zip(bells, weights, strict=True)
        if weight > least
    ]
    whole = sum(weight for _, weight in kept)
    rows = zip(*(tail for tail, _ in kept), strict=True)
    shares = [weight / whole for _, weight in kept]
    return [sum(map(mul, shares, row)) for row in rows]


def _between(low: float, high: float) -> float:
    if low > 0.0:
        # Far out, small numbers must not drown in the difference of two ones.
        low, high = -high, -low
    return (math.erfc(-high / _ROOT_2) - math.erfc(-low / _ROOT_2)) / 2.0


def _density(score: float) -> float:
    return math.exp(-score * score / 2.0) / _ROOT_2_PI
