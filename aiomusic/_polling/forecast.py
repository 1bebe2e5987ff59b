"""
How long tasks take, learned from the intervals in which they were seen to end.

Two forecasters learn: a histogram with a long memory, and a bell curve over the
logarithms with a short one.
Each is trusted as much as it foretold the latest ends, so after a sudden change the
bell curve leads, and with a steady service the histogram.
An end is never known exactly, only that it lies between two polls: it is spread over
that interval as the current forecast has it.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import accumulate, pairwise
from operator import mul, neg
from typing import TYPE_CHECKING, TypedDict, final

import attrs

from aiomusic._polling.bins import (
    BINS,
    EDGES_S,
    LOGS,
    WIDTHS_S,
    bin_of,
    survival,
    tail_of,
)
from aiomusic._polling.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Curve", "Table", "TableState"]

# How many ends the histogram remembers, and how many the bell curve.
_LONG, _SHORT = 300.0, 25.0

# The prior: worth a fifth of one end as to the middle, two ends as to the spread.
_PRIOR_ENDS = 0.2
_PRIOR_SPREAD = 0.35

# How far the histogram leans on the bell curve, in ends, and its blur in bins: half of
# one, and four more while little was seen.
_LEAN = 1.0
_BLUR = 0.5
_FIRST_BLUR = 4.0

# No duration is impossible: a late task is looked for over the whole range.
_SURPRISE = 0.0002

# The histogram's lead over the bell curve, in log-odds, fades by 3 % an end, and
# neither is ever quite dismissed.
_FADE = 0.97
_LONGEST_LEAD = 7.5

# A forecast is made anew after so many ends, or at once after one in the outer 1 %.
_LONGEST_WAIT = 16
_NEWS = 0.01

# Of the bell curve: how many ends, and the sums of their logs and of the squares.
_MOMENTS = 3

_FLAT = tuple(tail_of([1.0 / BINS] * BINS))


class TableState(TypedDict):
    """Hold as JSON what is known of one kind of task."""

    typical_s: float
    ends: int
    lead: float
    counts: list[float]
    moments: list[float]


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

    Ends are counted by bin, the older ones ever less; what the bell curve needs of the
    latest is how many there were, and the sums of their logarithms and of the squares.
    """

    typical_s: float
    ends: int = 0
    lead: float = 0.0
    counts: list[float] = attrs.field(factory=lambda: [0.0] * BINS)
    moments: list[float] = attrs.field(factory=lambda: [0.0] * _MOMENTS)
    _fresh: list[tuple[float, float]] = attrs.field(factory=list, init=False)
    _histogram: Sequence[float] = attrs.field(default=(), init=False)
    _bell: Sequence[float] = attrs.field(default=(), init=False)
    _curve: Curve | None = attrs.field(default=None, init=False)

    @property
    def curve(self) -> Curve:
        """Return the forecast of the day, made anew once enough has been seen."""
        if self._curve is None:
            self._curve = self._refit()
        return self._curve

    def observe(self, lower_s: float, upper_s: float) -> None:
        """Learn from an end between two ages."""
        alive = self.curve.survival(upper_s)
        self._fresh.append((lower_s, upper_s))
        self.ends += 1
        # An end far from where it was expected is news; others can wait a little.
        is_news = not _NEWS < alive < 1.0 - _NEWS
        if is_news or len(self._fresh) >= min(self.ends / 12, _LONGEST_WAIT):
            self._take_in()

    def to_state(self) -> TableState:
        if self._fresh:
            self._take_in()
        return {
            "typical_s": self.typical_s,
            "ends": self.ends,
            "lead": self.lead,
            "counts": [*self.counts],
            "moments": [*self.moments],
        }

    @classmethod
    def from_state(cls, state: TableState) -> Table:
        counts = [float(count) for count in state["counts"]]
        moments = [float(moment) for moment in state["moments"]]
        typical_s, lead = float(state["typical_s"]), float(state["lead"])
        is_whole = len(counts) == BINS and len(moments) == _MOMENTS
        numbers = (*counts, *moments, typical_s, lead)
        if not is_whole or min(counts) < 0.0 or not typical_s > 0.0:
            raise ValueError("no state of a table: counts or times are missing")
        if not all(map(math.isfinite, numbers)):
            raise ValueError("no state of a table: a number of it is none")
        return cls(typical_s, int(state["ends"]), lead, counts, moments)

    def _take_in(self) -> None:
        """Count the ends that the forecast of the day does not know of."""
        curve = self.curve
        keep = math.exp(-len(self._fresh) / _LONG)
        self.counts = [count * keep for count in self.counts]
        for lower_s, upper_s in self._fresh:
            self._judge(lower_s, upper_s)
            self._spread(curve, lower_s, upper_s)
        self._fresh.clear()
        self._curve = None

    def _judge(self, lower_s: float, upper_s: float) -> None:
        """Trust each forecaster by the odds it gave to what then happened."""
        counted, fitted = (
            survival(tail, lower_s) - survival(tail, upper_s) + 1e-9
            for tail in (self._histogram, self._bell)
        )
        lead = _FADE * self.lead + math.log(counted / fitted)
        self.lead = min(max(lead, -_LONGEST_LEAD), _LONGEST_LEAD)

    def _spread(self, curve: Curve, lower_s: float, upper_s: float) -> None:
        """Count an end as the *curve* would have it between two ages."""
        first, last = bin_of(lower_s), bin_of(upper_s)
        inner = curve.tail[first + 1 : last + 1]
        alive = [curve.survival(lower_s), *inner, curve.survival(upper_s)]
        total = alive[0] - alive[-1]
        logs = squares = 0.0
        for k, (before, after) in enumerate(pairwise(alive), first):
            share = (before - after) / total
            self.counts[k] += share
            logs += share * LOGS[k]
            squares += share * LOGS[k] ** 2
        keep = 1.0 - 1.0 / _SHORT
        sums = zip(self.moments, (1.0, logs, squares), strict=True)
        self.moments = [keep * old + new for old, new in sums]

    def _refit(self) -> Curve:
        seen, bell = sum(self.counts), self._fit()
        blurred = _smoothed(self.counts, _BLUR + _FIRST_BLUR / (1.0 + seen))
        counted = zip(blurred, bell, strict=True)
        whole = seen + _LEAN
        self._histogram = tail_of((n + _LEAN * odds) / whole for n, odds in counted)
        self._bell = tail_of(bell)
        belief = (1.0 - _SURPRISE) / (1.0 + math.exp(-self.lead))
        doubt = 1.0 - _SURPRISE - belief
        rows = zip(self._histogram, self._bell, _FLAT, strict=True)
        return Curve.of([belief * a + doubt * b + _SURPRISE * c for a, b, c in rows])

    def _fit(self) -> list[float]:
        """
        Return the odds of each bin by a log-normal fit that knows how little it saw.

        This is the predictive distribution, a Student t, under a normal-inverse-gamma
        prior.
        """
        seen, logs, squares = self.moments
        prior = math.log(self.typical_s)
        mean = logs / seen if seen else prior
        ends = _PRIOR_ENDS + seen
        centre = mean + (prior - mean) * _PRIOR_ENDS / ends
        scatter = 2.0 * _PRIOR_SPREAD**2 + max(squares - seen * mean**2, 0.0)
        scatter += _PRIOR_ENDS * seen / ends * (prior - mean) ** 2
        freedom = 2.0 + seen
        scale = scatter / freedom * (1.0 + 1.0 / ends)
        return _student(centre, scale, freedom)


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


def _student(centre: float, scale: float, freedom: float) -> list[float]:
    power = -(freedom + 1.0) / 2.0
    part = scale * freedom
    odds = [(1.0 + (log - centre) ** 2 / part) ** power for log in LOGS]
    total = sum(odds)
    return [each / total for each in odds]
