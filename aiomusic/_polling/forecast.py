"""
How long tasks take, learned from the intervals in which they were seen to end.

A histogram with a long memory learns any shape, and log-normals of several spreads,
with a short memory, learn from few ends.
Each is trusted as much as it foretold the latest ends, so after a sudden change the
log-normals lead, and with a steady service the histogram.
Where several ends in a row are early, or late, it is weighed whether durations are
others altogether.
An end is never known exactly, only that it lies between two polls: the histogram
spreads it over that interval as the current forecast has it, and the log-normals are
fitted to the interval itself.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import accumulate, pairwise
from operator import mul, neg, sub
from typing import TYPE_CHECKING, TypedDict, final

import attrs

from aiomusic._polling.bells import SPREADS, Bell, mixed
from aiomusic._polling.bins import (
    BINS,
    EDGES_S,
    WIDTHS_S,
    bin_of,
    survival,
    tail_of,
)
from aiomusic._polling.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Curve", "Table", "TableState"]

# How many ends the histogram remembers.
_MEMORY = 300.0

# How far the histogram leans on the log-normals, in ends, and its blur in bins: half of
# one, and eight more while little was seen.
_LEAN = 1.0
_BLUR = 0.5
_FIRST_BLUR = 8.0

# No duration is impossible: a late task is looked for over the whole range.
_SURPRISE = 0.0002

# The trust in each, in log-odds, fades by 3 % an end, and none is ever quite dismissed.
_FADE = 0.97
_MIN_TRUST = -7.5

# A forecast is made again after so many ends, or at once after one in the outer 1 %.
_MAX_WAIT = 16
_NEWS = 0.01

# How likely it is, where several ends in a row were early, or late, that durations are
# others altogether.
_CHANGE = 0.01

_FLAT = tuple(tail_of([1.0 / BINS] * BINS))


class TableState(TypedDict):
    """Hold as JSON what is known of one kind of task."""

    typical_s: float
    ends: int
    counts: list[float]
    centres: list[float]
    doubts: list[float]
    trust: list[float]


@final
@attrs.define(eq=False, repr=False)
class Curve:
    """Answer questions about a duration of which the survival at each edge is known."""

    tail: Sequence[float]
    area: Sequence[float]
    _plans: dict[tuple[float, float], Plan] = attrs.field(factory=dict, init=False)

    @classmethod
    def of(cls, tail: Sequence[float]) -> Curve:
        means = ((a + b) / 2.0 for a, b in pairwise(tail))
        return cls(tail, [*accumulate(map(mul, means, WIDTHS_S), initial=0.0)])

    def survival(self, age_s: float) -> float:
        return survival(self.tail, age_s)

    def quantile(self, alive: float) -> float:
        """Return the age that a share *alive* of all tasks outlives."""
        k = bisect_left(self.tail, -alive, lo=1, hi=BINS, key=neg) - 1
        fall = self.tail[k] - self.tail[k + 1]
        part = (self.tail[k] - alive) / fall if fall > 0.0 else 1.0
        return EDGES_S[k] + min(part, 1.0) * WIDTHS_S[k]

    def poll_after(self, age_s: float, price_s: float, floor_s: float) -> float:
        """Return the age of the next poll; the plan behind it is kept."""
        plan = self._plans.get((price_s, floor_s))
        if plan is None:
            plan = Plan.of(self.tail, self.area, price_s, floor_s)
            self._plans[price_s, floor_s] = plan
        return plan.poll_after(age_s)


@final
@attrs.define(eq=False, repr=False)
class Table:
    """
    Learn how long one kind of task takes.

    Ends are counted by bin, the older ones ever less.
    The first *trust* is the histogram's, the others are those of the *bells*.
    """

    typical_s: float
    ends: int = 0
    counts: list[float] = attrs.field(factory=lambda: [0.0] * BINS)
    bells: list[Bell] = attrs.field(
        default=attrs.Factory(lambda self: _bells_at(self.typical_s), takes_self=True)
    )
    trust: list[float] = attrs.field(factory=lambda: [0.0] * (1 + len(SPREADS)))
    _fresh: list[tuple[float, float]] = attrs.field(factory=list, init=False)
    # How much earlier they were, in all, than the middle of the forecast.
    _drift: float = attrs.field(default=0.0, init=False)
    _histogram: Sequence[float] = attrs.field(default=(), init=False)
    _curve: Curve | None = attrs.field(default=None, init=False)

    @property
    def curve(self) -> Curve:
        """Return the forecast of the day, made again once enough has been seen."""
        if self._curve is None:
            self._curve = self._refit()
        return self._curve

    def observe(self, lower_s: float, upper_s: float) -> None:
        """Learn from an end between two ages."""
        before, alive = map(self.curve.survival, (lower_s, upper_s))
        self._fresh.append((lower_s, upper_s))
        self._drift += (before + alive - 1.0) / 2.0
        self.ends += 1
        # An end far from where it was expected is news; others can wait a little.
        is_news = self._is_drifting or not _NEWS < alive < 1.0 - _NEWS
        if is_news or len(self._fresh) >= min(self.ends / 12, _MAX_WAIT):
            self._take_in()

    @property
    def _is_drifting(self) -> bool:
        """Whether fresh ends were so early, or late, as one in fifty would be."""
        count = len(self._fresh)
        return count > 1 and abs(self._drift) > (0.5 - _NEWS) * math.sqrt(count)

    def to_state(self) -> TableState:
        if self._fresh:
            self._take_in()
        return {
            "typical_s": self.typical_s,
            "ends": self.ends,
            "counts": [*self.counts],
            "centres": [bell.centre for bell in self.bells],
            "doubts": [bell.doubt for bell in self.bells],
            "trust": [*self.trust],
        }

    @classmethod
    def from_state(cls, state: TableState) -> Table:
        typical_s = float(state["typical_s"])
        counts, centres, doubts, trust = (
            [float(each) for each in numbers]
            for numbers in (
                state["counts"],
                state["centres"],
                state["doubts"],
                state["trust"],
            )
        )
        sizes = [len(counts), len(centres), len(doubts), len(trust)]
        is_whole = sizes == [BINS, len(SPREADS), len(SPREADS), 1 + len(SPREADS)]
        if not is_whole or min(*counts, *doubts) < 0.0 or not typical_s > 0.0:
            raise ValueError("not the state of a table: counts or times are missing")
        if not all(map(math.isfinite, (*counts, *centres, *doubts, *trust, typical_s))):
            raise ValueError(
                "not the state of a table: one of its numbers is not finite"
            )
        bells = [Bell(*parts) for parts in zip(SPREADS, centres, doubts, strict=True)]
        return cls(typical_s, int(state["ends"]), counts, bells, trust)

    def _take_in(self) -> None:
        """Count the ends that the current forecast does not include."""
        curve = self.curve
        keep = math.exp(-len(self._fresh) / _MEMORY)
        change = _CHANGE if self._is_drifting else 0.0
        self.counts = [count * keep for count in self.counts]
        for lower_s, upper_s in self._fresh:
            self._judge(lower_s, upper_s, change)
            self._spread(curve, lower_s, upper_s)
        self._fresh.clear()
        self._drift, self._curve = 0.0, None

    def _judge(self, lower_s: float, upper_s: float, change: float) -> None:
        """Trust each forecaster by the odds that it gave to what then happened."""
        alive = (survival(self._histogram, age_s) for age_s in (lower_s, upper_s))
        bells = (bell.observe(lower_s, upper_s, change) for bell in self.bells)
        odds = [sub(*alive), *bells]
        trust = [
            _FADE * old + math.log(max(new, 0.0) + 1e-9)
            for old, new in zip(self.trust, odds, strict=True)
        ]
        best = max(trust)
        self.trust = [max(each - best, _MIN_TRUST) for each in trust]

    def _spread(self, curve: Curve, lower_s: float, upper_s: float) -> None:
        """Count an end as the *curve* would have it between two ages."""
        first, last = bin_of(lower_s), bin_of(upper_s)
        inner = curve.tail[first + 1 : last + 1]
        alive = [curve.survival(lower_s), *inner, curve.survival(upper_s)]
        total = alive[0] - alive[-1]
        for k, (before, after) in enumerate(pairwise(alive), first):
            self.counts[k] += (before - after) / total

    def _refit(self) -> Curve:
        weight, *weights = map(math.exp, self.trust)
        bell, seen = mixed(self.bells, weights), sum(self.counts)
        counted = tail_of(_smoothed(self.counts, _BLUR + _FIRST_BLUR / (1.0 + seen)))
        self._histogram = [
            (n + _LEAN * odds) / (seen + _LEAN)
            for n, odds in zip(counted, bell, strict=True)
        ]
        belief = (1.0 - _SURPRISE) * weight / (weight + sum(weights))
        doubt = 1.0 - _SURPRISE - belief
        rows = zip(self._histogram, bell, _FLAT, strict=True)
        return Curve.of([belief * a + doubt * b + _SURPRISE * c for a, b, c in rows])


def _bells_at(typical_s: float) -> list[Bell]:
    return [Bell(spread, math.log(typical_s)) for spread in SPREADS]


def _smoothed(counts: Sequence[float], bins: float) -> list[float]:
    """Blur *counts* by a two-sided exponential, twice: any width costs the same."""
    ratio = math.exp(-1.0 / bins)
    scale = (1.0 - ratio) / (1.0 + ratio)

    def step(total: float, count: float) -> float:
        return ratio * total + count

    blurred = list(counts)
    for _ in range(2):
        ahead = accumulate(blurred, step)
        behind = [*accumulate(reversed(blurred), step)]
        behind.reverse()
        blurred = [
            scale * (a + b - c) for a, b, c in zip(ahead, behind, blurred, strict=True)
        ]
    return blurred
