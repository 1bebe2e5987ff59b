"""Where to poll next, given a survival curve, the price of a poll and a floor."""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import TYPE_CHECKING, final

import attrs

from aiomusic._polling.bins import BINS, EDGES_S, WIDTHS_S, bin_of, survival

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Plan"]


@final
@attrs.define(eq=False, repr=False)
class Plan:
    """
    Place polls on a curve at one price, none sooner than a floor after the last.

    Seen from the start, the cost of a poll *x* by a task last seen when a share *s*
    was alive is ``s * x + after(x)`` and a constant: *after* is the cost from *x* on
    less the area below the curve up to *x*.
    So the best poll from some edge on is a corner of the convex hull of
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
    ) -> Plan:
        after = [price_s * tail[BINS] - area[BINS]] * (BINS + 1)
        corner, slope = [BINS] * (BINS + 1), [math.inf] * (BINS + 1)
        plan = cls(price_s, floor_s, tail, area, after, corner, slope)
        for k in range(BINS - 1, -1, -1):
            plan._price_edge(k)
            plan._extend_hull(k)
        return plan

    def poll_after(self, age_s: float) -> float:
        """
        Return the age of the poll that follows one at *age_s*.

        Where that is too near for the bins to tell, the wait decides.
        """
        if age_s >= EDGES_S[-1]:
            return math.inf
        alive = survival(self.tail, age_s)
        here = bin_of(age_s)
        best, _ = self._best_poll(alive, age_s + self.floor_s, here + 1)
        poll_s = max(self._between_edges(best, alive), EDGES_S[here + 1])
        if best > here + 1:
            return poll_s
        return min(poll_s, self._poll_near(age_s, alive, here))

    def _price_edge(self, k: int) -> None:
        """Find *after* of an edge, all beyond it being known."""
        alive, edge, width = self.tail[k], EDGES_S[k], WIDTHS_S[k]
        best, cost = self._best_poll(alive, edge + self.floor_s, k + 1)
        self.after[k] = (self.price_s - edge) * alive + cost
        # Where several polls fall into one bin, they are evenly spaced.
        fall = alive - self.tail[k + 1]
        gap = max(math.sqrt(2.0 * self.price_s * alive * width / fall), self.floor_s)
        if best == k + 1 and gap < width:
            many = self.price_s * alive * width / gap + fall * gap / 2.0
            self.after[k] = many + self.after[best] + self.area[best] - self.area[k]

    def _best_poll(self, alive: float, soonest_s: float, k: int) -> tuple[int, float]:
        """
        Return the best edge to poll, from *k* and the soonest on, and the cost.

        The soonest poll of all lies between two edges; the nearer stands for it.
        """
        near = max(k, bisect_left(EDGES_S, soonest_s))
        best = min(near, BINS)
        while self.slope[best] < -alive:
            best = self.corner[best]
        cost = alive * EDGES_S[best] + self.after[best]
        if k < near <= BINS:
            part = (EDGES_S[near] - soonest_s) * self._slope(near - 1, near)
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
        return (self.after[b] - self.after[a]) / (EDGES_S[b] - EDGES_S[a])

    def _between_edges(self, k: int, alive: float) -> float:
        """Refine the poll edge *k* by a parabola through its neighbours."""
        if not 0 < k < BINS:
            return EDGES_S[k]
        left, right = alive + self._slope(k - 1, k), alive + self._slope(k, k + 1)
        if right <= left:
            return EDGES_S[k]
        step = (EDGES_S[k + 1] - EDGES_S[k - 1]) / 2.0
        return (EDGES_S[k - 1] + EDGES_S[k]) / 2.0 - step * left / (right - left)

    def _poll_near(self, age_s: float, alive: float, here: int) -> float:
        """
        Return the age at which the wait unseen since *age_s* comes to the price.

        That wait is the integral of ``alive - S(t)``, quadratic in a bin; beyond the
        next bin nobody asks.
        """
        goal = alive * self.price_s
        gone, edge = 0.0, age_s
        for k in (here, here + 1):
            if k == BINS:
                break
            width = EDGES_S[k + 1] - edge
            fall = (self.tail[k] - self.tail[k + 1]) * width / WIDTHS_S[k]
            wait = (gone + fall / 2.0) * width
            if 0.0 < goal <= wait:
                rate = fall / width
                root = math.sqrt(gone * gone + 2.0 * rate * goal)
                return edge + 2.0 * goal / (gone + root)
            goal, gone, edge = goal - wait, gone + fall, EDGES_S[k + 1]
        return math.inf
