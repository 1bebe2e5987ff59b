"""
When to look at a task again: a pace that learns how long tasks take.

Pure arithmetic: ages and durations in seconds go in, the age of the next look out.
Looks are placed to cost least in all, where each costs its price and each second that a
finished task waits unseen costs a second: Barlow and Proschan's inspection problem,
solved by dynamic programming over what is known of the durations.

How long tasks take is learned by two forecasters: a histogram with a long memory, and a
bell curve over the logarithms with a short one.
They are believed as they foretold the latest ends, so a sudden change hands the word to
the bell curve, and a steady service hands it back.
An end is never known exactly, only that it lies between two looks: it is spread over
that interval as the forecast of the day would have it.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from itertools import accumulate, pairwise
from operator import mul, neg
from typing import TYPE_CHECKING, TypedDict, final

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Fixed", "Kind", "Learned", "Ration", "Schedule", "ScheduleState"]

# Bins are 7 % wide, from a quarter of a second to two and a half hours.
_STEP = 0.07
_FIRST_S = 0.25
_EDGES_S = (0.0, *(_FIRST_S * math.exp(_STEP * k) for k in range(150)))
_WIDTHS_S = tuple(b - a for a, b in pairwise(_EDGES_S))
_BINS = len(_WIDTHS_S)
_LOGS = tuple(math.log(_FIRST_S) + _STEP * (k - 0.5) for k in range(_BINS))

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
# So many ends say how long a kind of task may take.
_FEW = 6
_LONGEST_WAIT = 16
_NEWS = 0.01

# While little was seen a look also teaches: it is priced at an 80th of the typical time
# at most, and at as much again for each ten ends. Without, a few looks a task could
# mistake the shape for good, for what lies between them only the forecast tells.
_FIRST_PRICE = 1.0 / 80.0
_SCHOOLING = 10.0

# A rationed price moves by a fifth at a time, and looks ten thousand times as rare are
# the rarest.
_PRICE_STEP = math.log(1.2)
_DEAREST = 1e8

# Of the bell curve: how many ends, and the sums of their logs and of the squares.
_MOMENTS = 3

_STATE_VERSION = 2


class TableState(TypedDict):
    """Hold as JSON what is known of one kind of task."""

    typical_s: float
    ends: int
    lead: float
    counts: list[float]
    moments: list[float]


class ScheduleState(TypedDict):
    """Hold as JSON all that a schedule has learned."""

    version: int
    whole: dict[str, TableState]
    begun: dict[str, TableState]


@final
@attrs.frozen(kw_only=True)
class Kind:
    """
    Name tasks that take about equally long.

    Args:
        name: Provider, operation and model, as in ``"suno/create/chirp-v4-5"``.
        typical_s: How long one takes until that is learned; better low than high.
        floor_s: The shortest gap between two looks the provider wants.
    """

    name: str
    typical_s: float = attrs.field(default=30.0, validator=attrs.validators.gt(0.0))
    floor_s: float = attrs.field(default=0.5, validator=attrs.validators.gt(0.0))


@final
@attrs.frozen(kw_only=True)
class Fixed:
    """Look every *every_s* seconds, whatever is known or the provider wants."""

    every_s: float = attrs.field(validator=attrs.validators.ge(0.0))


@final
@attrs.frozen(kw_only=True)
class Learned:
    """
    Look where an end is likely.

    Args:
        delay_price: How many looks one second of delay is worth. At the default of 4 a
            service that takes a minute is looked at about nine times a task and its
            ends are seen some two seconds late; four times as much halves the delay
            and doubles the looks. Where looks are dear, the first hundred tasks of a
            kind get more, to learn from.
        ceiling_s: The longest gap between two looks.
    """

    delay_price: float = attrs.field(default=4.0, validator=attrs.validators.gt(0.0))
    ceiling_s: float = attrs.field(default=60.0, validator=attrs.validators.gt(0.0))

    @property
    def price_s(self) -> float:
        """Return what one look is worth in seconds of delay."""
        return 1.0 / self.delay_price


@final
@attrs.define(eq=False, kw_only=True)
class Ration:
    """
    Price looks so that those in flight ask for no more than a rate allows.

    The looks that tasks ask for go with one over the root of the price, so the price
    follows from their sum at once and needs no feedback.
    It is the same for tasks of all kinds: that is what costs least in all.
    Whoever schedules a task calls `enter` and, before its next, `leave`.

    Args:
        per_s: How many looks a second are allowed; it may be set anew at any time.
        least_s: The price while the rate is not reached: `Learned.price_s`.
    """

    per_s: float = attrs.field(validator=attrs.validators.gt(0.0))
    least_s: float = attrs.field(validator=attrs.validators.gt(0.0))
    _demand: float = attrs.field(default=0.0, init=False)

    @property
    def price_s(self) -> float:
        """Return what one look is worth just now, in seconds of delay."""
        if not self.is_short:
            return self.least_s
        dearer = 0.5 * (self._demand / self.per_s) ** 2 / self.least_s
        # In steps, for a schedule makes a plan for each price it is asked at.
        step = round(math.log(min(dearer, _DEAREST)) / _PRICE_STEP)
        return self.least_s * math.exp(step * _PRICE_STEP)

    @property
    def is_short(self) -> bool:
        """Say whether more looks are asked for than the rate allows."""
        return self._demand > self.per_s * math.sqrt(2.0 * self.least_s)

    def enter(self, gap_s: float) -> float:
        """
        Count a task whose next look is *gap_s* away and return its share of the demand.

        The share is the root of its hazard: at price ``p`` a hazard ``h`` asks for a
        gap of ``sqrt(2 * p / h)``.
        """
        share = math.sqrt(2.0 * self.price_s) / gap_s
        self._demand += share
        return share

    def leave(self, share: float) -> None:
        """Take back the *share* that `enter` returned."""
        self._demand = max(0.0, self._demand - share)


def _bin_of(age_s: float) -> int:
    return min(bisect_right(_EDGES_S, age_s) - 1, _BINS - 1)


def _survival(tail: Sequence[float], age_s: float) -> float:
    """Return the odds of outliving *age_s*, given those at the edges."""
    k = _bin_of(age_s)
    part = min((age_s - _EDGES_S[k]) / _WIDTHS_S[k], 1.0)
    return tail[k] + part * (tail[k + 1] - tail[k])


def _tail(mass: Iterable[float]) -> list[float]:
    """Sum from the far end, where small numbers must not drown."""
    tail = list(accumulate(reversed([*mass]), initial=0.0))
    tail.reverse()
    return tail


_FLAT = tuple(_tail([1.0 / _BINS] * _BINS))


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
    odds = [(1.0 + (log - centre) ** 2 / part) ** power for log in _LOGS]
    total = sum(odds)
    return [each / total for each in odds]


@final
@attrs.define(eq=False, repr=False)
class _Curve:
    """Answer questions about a duration of which the survival at each edge is known."""

    tail: Sequence[float]
    area: Sequence[float]
    _plans: dict[tuple[float, float], _Plan] = attrs.field(factory=dict, init=False)

    @classmethod
    def of(cls, tail: Sequence[float]) -> _Curve:
        means = ((a + b) / 2.0 for a, b in pairwise(tail))
        return cls(tail, [*accumulate(map(mul, means, _WIDTHS_S), initial=0.0)])

    def survival(self, age_s: float) -> float:
        return _survival(self.tail, age_s)

    def quantile(self, alive: float) -> float:
        """Return the age that a share *alive* of all tasks outlives."""
        k = bisect_left(self.tail, -alive, lo=1, hi=_BINS, key=neg) - 1
        fall = self.tail[k] - self.tail[k + 1]
        part = (self.tail[k] - alive) / fall if fall > 0.0 else 1.0
        return _EDGES_S[k] + min(part, 1.0) * _WIDTHS_S[k]

    def look_after(self, age_s: float, price_s: float, floor_s: float) -> float:
        """Return the age of the next look; the plan behind it is kept."""
        plan = self._plans.get((price_s, floor_s))
        if plan is None:
            plan = _Plan.of(self.tail, self.area, price_s, floor_s)
            self._plans[price_s, floor_s] = plan
        return plan.look_after(age_s)


@final
@attrs.define(eq=False, repr=False)
class _Plan:
    """
    Place looks on a curve at one price, none sooner than a floor after the last.

    Seen from the start, the cost of a look at *x* by a task last seen when a share *s*
    was alive is ``s * x + after(x)`` and a constant: *after* is the cost from *x* on
    less the area below the curve up to *x*.
    So the best look from some edge on is a corner of the convex hull of
    ``(x, after(x))`` from that edge on, the one where its slope passes ``-s``, and one
    sweep from the far end finds all costs and hulls.
    The hulls share their far ends: for each edge the next *corner* is enough, and the
    *slope* to there.
    """

    price_s: float
    floor_s: float
    tail: Sequence[float]
    area: Sequence[float]
    after: list[float]
    corner: list[int]
    slope: list[float]

    @classmethod
    def of(
        cls,
        tail: Sequence[float],
        area: Sequence[float],
        price_s: float,
        floor_s: float,
    ) -> _Plan:
        after = [price_s * tail[_BINS] - area[_BINS]] * (_BINS + 1)
        corner, slope = [_BINS] * (_BINS + 1), [math.inf] * (_BINS + 1)
        plan = cls(price_s, floor_s, tail, area, after, corner, slope)
        for k in range(_BINS - 1, -1, -1):
            plan._price_edge(k)
            plan._extend_hull(k)
        return plan

    def look_after(self, age_s: float) -> float:
        """
        Return the age of the look that follows one at *age_s*.

        Where that is too near for the bins to tell, the wait decides.
        """
        if age_s >= _EDGES_S[-1]:
            return math.inf
        alive = _survival(self.tail, age_s)
        here = _bin_of(age_s)
        best, _ = self._best_look(alive, age_s + self.floor_s, here + 1)
        look_s = max(self._between_edges(best, alive), _EDGES_S[here + 1])
        if best > here + 1:
            return look_s
        return min(look_s, self._look_near(age_s, alive, here))

    def _price_edge(self, k: int) -> None:
        """Find *after* of an edge, all beyond it being known."""
        alive, edge, width = self.tail[k], _EDGES_S[k], _WIDTHS_S[k]
        best, cost = self._best_look(alive, edge + self.floor_s, k + 1)
        self.after[k] = (self.price_s - edge) * alive + cost
        # Where several looks fall into one bin, they are evenly spaced.
        fall = alive - self.tail[k + 1]
        gap = max(math.sqrt(2.0 * self.price_s * alive * width / fall), self.floor_s)
        if best == k + 1 and gap < width:
            many = self.price_s * alive * width / gap + fall * gap / 2.0
            self.after[k] = many + self.after[best] + self.area[best] - self.area[k]

    def _best_look(self, alive: float, soonest_s: float, k: int) -> tuple[int, float]:
        """
        Return the best edge to look at, from *k* and the soonest on, and the cost.

        The soonest look of all lies between two edges; the nearer stands for it.
        """
        near = max(k, bisect_left(_EDGES_S, soonest_s))
        best = min(near, _BINS)
        while self.slope[best] < -alive:
            best = self.corner[best]
        cost = alive * _EDGES_S[best] + self.after[best]
        if k < near <= _BINS:
            part = (_EDGES_S[near] - soonest_s) * self._slope(near - 1, near)
            soonest = alive * soonest_s + self.after[near] - part
            if soonest < cost:
                return near - 1, soonest
        return best, cost

    def _extend_hull(self, k: int) -> None:
        near = k + 1
        while self.slope[near] <= self._slope(k, near):
            near = self.corner[near]
        self.corner[k], self.slope[k] = near, self._slope(k, near)

    def _slope(self, a: int, b: int) -> float:
        return (self.after[b] - self.after[a]) / (_EDGES_S[b] - _EDGES_S[a])

    def _between_edges(self, k: int, alive: float) -> float:
        """Refine the look at edge *k* by a parabola through its neighbours."""
        if not 0 < k < _BINS:
            return _EDGES_S[k]
        left, right = alive + self._slope(k - 1, k), alive + self._slope(k, k + 1)
        if right <= left:
            return _EDGES_S[k]
        step = (_EDGES_S[k + 1] - _EDGES_S[k - 1]) / 2.0
        return (_EDGES_S[k - 1] + _EDGES_S[k]) / 2.0 - step * left / (right - left)

    def _look_near(self, age_s: float, alive: float, here: int) -> float:
        """
        Return the age at which the wait unseen since *age_s* comes to the price.

        That wait is the integral of ``alive - S(t)``, quadratic in a bin; beyond the
        next bin nobody asks.
        """
        goal = alive * self.price_s
        gone, edge = 0.0, age_s
        for k in (here, here + 1):
            if k == _BINS:
                break
            width = _EDGES_S[k + 1] - edge
            fall = (self.tail[k] - self.tail[k + 1]) * width / _WIDTHS_S[k]
            wait = (gone + fall / 2.0) * width
            if 0.0 < goal <= wait:
                rate = fall / width
                root = math.sqrt(gone * gone + 2.0 * rate * goal)
                return edge + 2.0 * goal / (gone + root)
            goal, gone, edge = goal - wait, gone + fall, _EDGES_S[k + 1]
        return math.inf


@final
@attrs.define(eq=False, repr=False)
class _Table:
    """
    Learn how long one kind of task takes.

    Ends are counted by bin, the older ones ever less; what the bell curve needs of the
    latest is how many there were, and the sums of their logarithms and of the squares.
    """

    typical_s: float
    ends: int = 0
    lead: float = 0.0
    counts: list[float] = attrs.field(factory=lambda: [0.0] * _BINS)
    moments: list[float] = attrs.field(factory=lambda: [0.0] * _MOMENTS)
    _fresh: list[tuple[float, float]] = attrs.field(factory=list, init=False)
    _histogram: Sequence[float] = attrs.field(default=(), init=False)
    _bell: Sequence[float] = attrs.field(default=(), init=False)
    _curve: _Curve | None = attrs.field(default=None, init=False)

    @property
    def curve(self) -> _Curve:
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
    def from_state(cls, state: TableState) -> _Table:
        counts = [float(count) for count in state["counts"]]
        moments = [float(moment) for moment in state["moments"]]
        typical_s, lead = float(state["typical_s"]), float(state["lead"])
        is_whole = len(counts) == _BINS and len(moments) == _MOMENTS
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
            _survival(tail, lower_s) - _survival(tail, upper_s) + 1e-9
            for tail in (self._histogram, self._bell)
        )
        lead = _FADE * self.lead + math.log(counted / fitted)
        self.lead = min(max(lead, -_LONGEST_LEAD), _LONGEST_LEAD)

    def _spread(self, curve: _Curve, lower_s: float, upper_s: float) -> None:
        """Count an end as the *curve* would have it between two ages."""
        first, last = _bin_of(lower_s), _bin_of(upper_s)
        inner = curve.tail[first + 1 : last + 1]
        alive = [curve.survival(lower_s), *inner, curve.survival(upper_s)]
        total = alive[0] - alive[-1]
        logs = squares = 0.0
        for k, (before, after) in enumerate(pairwise(alive), first):
            share = (before - after) / total
            self.counts[k] += share
            logs += share * _LOGS[k]
            squares += share * _LOGS[k] ** 2
        keep = 1.0 - 1.0 / _SHORT
        sums = zip(self.moments, (1.0, logs, squares), strict=True)
        self.moments = [keep * old + new for old, new in sums]

    def _refit(self) -> _Curve:
        seen, bell = sum(self.counts), self._fit()
        blurred = _smoothed(self.counts, _BLUR + _FIRST_BLUR / (1.0 + seen))
        counted = zip(blurred, bell, strict=True)
        whole = seen + _LEAN
        self._histogram = _tail((n + _LEAN * odds) / whole for n, odds in counted)
        self._bell = _tail(bell)
        belief = (1.0 - _SURPRISE) / (1.0 + math.exp(-self.lead))
        doubt = 1.0 - _SURPRISE - belief
        rows = zip(self._histogram, self._bell, _FLAT, strict=True)
        return _Curve.of([belief * a + doubt * b + _SURPRISE * c for a, b, c in rows])

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


@final
@attrs.define(eq=False, kw_only=True)
class Schedule:
    """
    Say when to look at a task again, and learn from each end.

    It holds no clock and no task: every age is counted in seconds from the moment the
    task was submitted, and belongs to the caller.
    Of a task the caller keeps the age at which it was last seen unfinished and, if it
    ever said so, the age at which it was last seen pending.

    Args:
        pace: `Learned`, or `Fixed` for a pace that only learns for the sake of `eta`.
    """

    pace: Fixed | Learned = attrs.field(factory=Learned)
    _whole: dict[str, _Table] = attrs.field(factory=dict, init=False)
    _begun: dict[str, _Table] = attrs.field(factory=dict, init=False)

    def __repr__(self) -> str:
        ends = sum(table.ends for table in self._whole.values())
        return f"<Schedule {self.pace} kinds={len(self._whole)} ends={ends}>"

    def next_look(
        self,
        kind: Kind,
        age_s: float,
        *,
        seen_s: float | None = None,
        pending_s: float = 0.0,
        price_s: float | None = None,
    ) -> float:
        """
        Return the age at which to look at a task next.

        Args:
            kind: What it is.
            age_s: Its age now.
            seen_s: Its age when it was last seen unfinished; None is now. It differs
                after a look that failed.
            pending_s: Its age when it last said that it had not begun; 0 is never.
            price_s: What one look is worth in seconds of delay, where looks are
                rationed; None is the pace's own.

        Returns:
            An age later than *age_s* by the kind's floor at least, and by the pace's
            ceiling at most (unless the floor is higher). Looks rationed to a dearer
            price stretch the ceiling, by the root as they do every gap.
        """
        pace = self.pace
        if isinstance(pace, Fixed):
            return age_s + pace.every_s
        ceiling_s = pace.ceiling_s
        price_s = pace.price_s if price_s is None else price_s
        if price_s > pace.price_s:
            ceiling_s *= math.sqrt(price_s / pace.price_s)
        else:
            ends = self._table(self._whole, kind).ends
            lesson_s = kind.typical_s * _FIRST_PRICE * (1.0 + ends / _SCHOOLING)
            price_s = min(price_s, lesson_s)
        seen_s = age_s if seen_s is None else min(seen_s, age_s)
        curve, since_s = self._curve(kind, pending_s)
        look_s = since_s + curve.look_after(
            max(seen_s - since_s, 0.0), price_s, kind.floor_s
        )
        if 0.0 < pending_s >= seen_s:
            # Of a service that says so to the end, only the whole time tells anything.
            whole, _ = self._curve(kind, 0.0)
            look_s = max(look_s, whole.look_after(seen_s, price_s, kind.floor_s))
        return max(age_s + kind.floor_s, min(look_s, age_s + ceiling_s))

    def observe(
        self, kind: Kind, lower_s: float, upper_s: float, *, pending_s: float = 0.0
    ) -> None:
        """
        Learn that a task ended, well or badly, between two ages.

        Args:
            kind: What it was.
            lower_s: The age at which it was last seen unfinished.
            upper_s: The age at which it was seen finished; the same as *lower_s* if
                the end is known exactly, ``math.inf`` if it was given up unfinished.
            pending_s: The age at which it last said that it had not begun; 0 is never.

        Raises:
            ValueError: The ages are negative or the wrong way round.
        """
        if not 0.0 <= pending_s <= lower_s <= upper_s:
            raise ValueError(
                f"an end between {lower_s} s and {upper_s} s, pending at {pending_s} s,"
                " cannot be: give ages in order"
            )
        self._observe(self._table(self._whole, kind), lower_s, upper_s)
        if pending_s:
            begun = self._table(self._begun, kind)
            self._observe(begun, lower_s - pending_s, upper_s - pending_s)

    def eta(
        self,
        kind: Kind,
        age_s: float,
        *,
        seen_s: float | None = None,
        pending_s: float = 0.0,
    ) -> tuple[float, float]:
        """
        Return between how few and how many seconds a task has still to go.

        Four tasks in five end within that range.
        Once a task is later than nine in ten, the range grows by each second it is
        late: what has lasted that long may well last as long again.
        The arguments are those of `next_look`; nobody knows how long a task will stay
        pending, so for one that was last seen so the whole time counts.
        """
        seen_s = age_s if seen_s is None else seen_s
        curve, since_s = self._curve(kind, pending_s if pending_s < seen_s else 0.0)
        age_s = max(age_s - since_s, 0.0)
        late_s = max(age_s - curve.quantile(0.1), 0.0)
        due_s = age_s - late_s
        alive = curve.survival(due_s)
        low_s = curve.quantile(0.9 * alive) - due_s
        high_s = curve.quantile(0.1 * alive) - due_s
        return max(low_s, 0.0), max(high_s, 0.0) + late_s

    def longest_s(self, kind: Kind) -> float | None:
        """Return when 99 of 100 tasks of a kind have ended; None: too few were seen."""
        table = self._table(self._whole, kind)
        return table.curve.quantile(0.01) if table.ends >= _FEW else None

    def to_state(self) -> ScheduleState:
        """Return all that was learned, fit for JSON: a few kilobytes a kind."""
        return {
            "version": _STATE_VERSION,
            "whole": {name: table.to_state() for name, table in self._whole.items()},
            "begun": {name: table.to_state() for name, table in self._begun.items()},
        }

    @classmethod
    def from_state(
        cls, state: ScheduleState, *, pace: Fixed | Learned | None = None
    ) -> Schedule:
        """
        Return a schedule that knows what `to_state` wrote; None is the default *pace*.

        A state of another version is passed over: it is soon learned again.

        Raises:
            LookupError, TypeError, ValueError: It is something else.
        """
        schedule = cls(pace=pace or Learned())
        if state["version"] == _STATE_VERSION:
            for tables, saved in (
                (schedule._whole, state["whole"]),
                (schedule._begun, state["begun"]),
            ):
                tables.update({k: _Table.from_state(saved[k]) for k in saved})
        return schedule

    def _curve(self, kind: Kind, pending_s: float) -> tuple[_Curve, float]:
        """Return what is known of a task, and the age from which that is counted."""
        tables = self._begun if pending_s > 0.0 else self._whole
        return self._table(tables, kind).curve, pending_s

    def _table(self, tables: dict[str, _Table], kind: Kind) -> _Table:
        table = tables.get(kind.name)
        if table is None:
            table = tables[kind.name] = _Table(_guess_s(tables, kind))
        return table

    @staticmethod
    def _observe(table: _Table, lower_s: float, upper_s: float) -> None:
        # An interval of no length has no odds, and none ends beyond the last bin.
        lower_s = min(lower_s, _EDGES_S[-2])
        table.observe(lower_s, min(max(upper_s, lower_s * 1.001 + 1e-3), _EDGES_S[-1]))


def _guess_s(tables: dict[str, _Table], kind: Kind) -> float:
    """Return how long an unknown *kind* takes: as its operation's fastest model."""
    operation = kind.name.rpartition("/")[0]
    known = [
        table.curve.quantile(0.5)
        for name, table in tables.items()
        if table.ends and name.rpartition("/")[0] == operation
    ]
    return min(known, default=kind.typical_s)
