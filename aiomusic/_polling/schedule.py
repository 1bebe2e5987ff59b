"""
When to poll a task again: a pace that learns how long tasks take.

Pure arithmetic: ages and durations in seconds go in, the age of the next poll out.
Polls are placed to cost least in all, where each costs its price and each second that a
finished task waits unseen costs a second: Barlow and Proschan's inspection problem,
solved by dynamic programming over what is known of the durations.
"""

from __future__ import annotations

import collections
import contextlib
import math
from typing import TYPE_CHECKING, TypedDict, cast, final

import attrs

from aiomusic._polling.bins import EDGES_S
from aiomusic._polling.forecast import Curve, Table, TableState

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["End", "Fixed", "Kind", "Learned", "Schedule", "ScheduleState", "learned"]

# So many ends say how long a kind of task may take.
_FEW = 6

_STATE_VERSION = 4

# So many ends wait to be told to others; more would say little that is new.
_MAX_UNTOLD = 1_000


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
        floor_s: The shortest gap between two polls the provider wants.
    """

    name: str
    typical_s: float = attrs.field(default=30.0, validator=attrs.validators.gt(0.0))
    floor_s: float = attrs.field(default=0.5, validator=attrs.validators.gt(0.0))


@final
@attrs.frozen
class End:
    """One end that was seen, as `Schedule.observe` takes it."""

    kind: Kind
    lower_s: float
    upper_s: float
    pending_s: float = 0.0


@final
@attrs.frozen(kw_only=True)
class Fixed:
    """Poll every *every_s* seconds, whatever is known or the provider wants."""

    every_s: float = attrs.field(validator=attrs.validators.ge(0.0))


@final
@attrs.frozen(kw_only=True)
class Learned:
    """
    Poll where an end is likely.

    Args:
        delay_price: How many polls one second of delay is worth. At the default of 4 a
            service that takes a minute is polled about nine times a task and its
            ends are seen some two seconds late; four times as much halves the delay
            and doubles the polls.
        ceiling_s: The longest gap between two polls.
    """

    delay_price: float = attrs.field(default=4.0, validator=attrs.validators.gt(0.0))
    ceiling_s: float = attrs.field(default=60.0, validator=attrs.validators.gt(0.0))

    @property
    def price_s(self) -> float:
        """Return what one poll is worth in seconds of delay."""
        return 1.0 / self.delay_price


@final
@attrs.define(eq=False, kw_only=True)
class Schedule:
    """
    Decides when to poll a task again, and learns from each end.

    It holds no clock and no task: every age is counted in seconds from the moment the
    task was submitted, and belongs to the caller.
    Of a task the caller keeps the age at which it was last seen unfinished and, if it
    ever said so, the age at which it was last seen pending.

    Args:
        pace: `Learned`, or `Fixed` for a pace that only learns for the sake of `eta`.
    """

    pace: Fixed | Learned = attrs.field(factory=Learned)
    _whole: dict[str, Table] = attrs.field(factory=dict, init=False)
    _begun: dict[str, Table] = attrs.field(factory=dict, init=False)
    _untold: collections.deque[End] = attrs.field(
        factory=lambda: collections.deque(maxlen=_MAX_UNTOLD), init=False
    )

    def __repr__(self) -> str:
        ends = sum(table.ends for table in self._whole.values())
        return f"<Schedule {self.pace} kinds={len(self._whole)} ends={ends}>"

    def next_poll(
        self,
        kind: Kind,
        age_s: float,
        *,
        seen_s: float | None = None,
        pending_s: float = 0.0,
        price_s: float | None = None,
    ) -> float:
        """
        Return the age at which to poll a task next.

        Args:
            kind: What it is.
            age_s: Its age now.
            seen_s: Its age when it was last seen unfinished; None is now. It differs
                after a poll that failed.
            pending_s: Its age when it last said that it had not begun; 0 is never.
            price_s: What one poll is worth in seconds of delay, where polls are
                rationed; None is the pace's own.

        Returns:
            An age later than *age_s* by the kind's floor at least, and by the pace's
            ceiling at most (unless the floor is higher). Polls rationed to a dearer
            price stretch the ceiling, by the root as they do every gap.
        """
        pace = self.pace
        if isinstance(pace, Fixed):
            return age_s + pace.every_s
        ceiling_s = pace.ceiling_s
        price_s = pace.price_s if price_s is None else price_s
        if price_s > pace.price_s:
            ceiling_s *= math.sqrt(price_s / pace.price_s)
        seen_s = age_s if seen_s is None else min(seen_s, age_s)
        curve, since_s = self._curve(kind, pending_s)
        poll_s = since_s + curve.poll_after(
            max(seen_s - since_s, 0.0), price_s, kind.floor_s
        )
        if 0.0 < pending_s >= seen_s:
            # Of a service that says so to the end, only the whole time tells anything.
            whole, _ = self._curve(kind, 0.0)
            poll_s = max(poll_s, whole.poll_after(seen_s, price_s, kind.floor_s))
        return max(age_s + kind.floor_s, min(poll_s, age_s + ceiling_s))

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
        end = End(kind, lower_s, upper_s, pending_s)
        self._untold.append(end)
        self._learn(end)

    def take_untold(self) -> tuple[End, ...]:
        """Return the ends since the last time, to be `learned` by all."""
        ends = tuple(self._untold)
        self._untold.clear()
        return ends

    def take_up(self, state: object) -> None:
        """Know what all have learned, and the ends since, which they don't know."""
        with contextlib.suppress(LookupError, TypeError, ValueError):
            told = cast("ScheduleState", state)
            if told["version"] != _STATE_VERSION:
                return
            self._whole, self._begun = _tables_of(told)
            for end in self._untold:
                self._learn(end)

    def _learn(self, end: End) -> None:
        kind, pending_s = end.kind, end.pending_s
        lower_s, upper_s = end.lower_s, end.upper_s
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
        The arguments are those of `next_poll`; nobody knows how long a task will stay
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
        schedule._whole, schedule._begun = _tables_of(state)
        return schedule

    def _curve(self, kind: Kind, pending_s: float) -> tuple[Curve, float]:
        """Return what is known of a task, and the age from which that is counted."""
        tables = self._begun if pending_s > 0.0 else self._whole
        return self._table(tables, kind).curve, pending_s

    def _table(self, tables: dict[str, Table], kind: Kind) -> Table:
        table = tables.get(kind.name)
        if table is None:
            table = tables[kind.name] = Table(_guess_s(tables, kind))
        return table

    @staticmethod
    def _observe(table: Table, lower_s: float, upper_s: float) -> None:
        # An interval of no length has no odds, and none ends beyond the last bin.
        lower_s = min(lower_s, EDGES_S[-2])
        table.observe(lower_s, min(max(upper_s, lower_s * 1.001 + 1e-3), EDGES_S[-1]))


def _tables_of(state: ScheduleState) -> tuple[dict[str, Table], dict[str, Table]]:
    if state["version"] != _STATE_VERSION:
        return {}, {}
    whole, begun = (
        {name: Table.from_state(saved[name]) for name in saved}
        for saved in (state["whole"], state["begun"])
    )
    return whole, begun


def _guess_s(tables: dict[str, Table], kind: Kind) -> float:
    """Return how long an unknown *kind* takes: as its operation's fastest model."""
    operation = kind.name.rpartition("/")[0]
    known = [
        table.curve.quantile(0.5)
        for name, table in tables.items()
        if table.ends and name.rpartition("/")[0] == operation
    ]
    return min(known, default=kind.typical_s)


def learned(state: object, ends: Iterable[End]) -> object:
    """
    Return the state of a schedule that has learned these ends too; the same if none.

    Args:
        state: What `Schedule.to_state` gave; of what can't be read, nothing is known.
    """
    ends = tuple(ends)
    if not ends:
        return state
    schedule = Schedule()
    schedule.take_up(state)
    for end in ends:
        schedule.observe(end.kind, end.lower_s, end.upper_s, pending_s=end.pending_s)
    return schedule.to_state()
