"""The bins that durations are counted in, and what is asked of a survival curve."""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["BINS", "EDGES_S", "WIDTHS_S", "bin_of", "survival", "tail_of"]

# Bins are 7 % wide, from a quarter of a second to two and a half hours.
_STEP = 0.07
_FIRST_S = 0.25
EDGES_S = (0.0, *(_FIRST_S * math.exp(_STEP * k) for k in range(150)))
WIDTHS_S = tuple(b - a for a, b in pairwise(EDGES_S))
BINS = len(WIDTHS_S)


def bin_of(age_s: float) -> int:
    return min(bisect_right(EDGES_S, age_s) - 1, BINS - 1)


def survival(tail: Sequence[float], age_s: float) -> float:
    """Return the odds of outliving *age_s*, given those at the edges."""
    k = bin_of(age_s)
    part = min((age_s - EDGES_S[k]) / WIDTHS_S[k], 1.0)
    return tail[k] + part * (tail[k + 1] - tail[k])


def tail_of(mass: Iterable[float]) -> list[float]:
    """Sum from the far end, where small numbers must not drown."""
    tail = list(accumulate(reversed([*mass]), initial=0.0))
    tail.reverse()
    return tail
