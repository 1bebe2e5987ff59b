"""The bins that durations are counted in, and what is asked of a survival curve."""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["BINS", "EDGES_S", "WIDTHS_S", "bin_of", "survival", "tail_of"]

# From a quarter of a second to two and a half hours.  Bins are 7 % wide, and half of
# that where songs end: else they can't tell where tasks as short as the floor are best
# polled.
_FIRST_S, _LAST_S = 0.25, 9_000.0
_STEP, _FINE_STEP = math.exp(0.07), math.exp(0.035)
_FINE_FROM_S, _FINE_TO_S = 4.0, 600.0


def _edges() -> Iterator[float]:
    edge_s = _FIRST_S
    while edge_s < _LAST_S:
        yield edge_s
        is_fine = _FINE_FROM_S <= edge_s < _FINE_TO_S
        edge_s *= _FINE_STEP if is_fine else _STEP


EDGES_S = (0.0, *_edges())
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
