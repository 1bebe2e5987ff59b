"""The journal of a session that keeps none: limits alone, for as long as it lives."""

import time
from collections.abc import Callable, Sequence
from typing import Any, final

import attrs

from aiomusic.journal import (
    EVERYTHING,
    Busy,
    Ending,
    Entry,
    Event,
    Granted,
    Grouping,
    Limits,
    Record,
    Spending,
    Verdict,
    Wanted,
)
from aiomusic.journal.policy import CLOSED, Change, Row, Stage, apply

__all__ = ["MemoryJournal"]

ME = "me"


@final
@attrs.define(eq=False)
class MemoryJournal:
    """
    Purchases that are not over, and the sums of all; nothing outlives the process.

    Attributes:
        spent, reserved: Credits, over all sessions that used it.

    Args:
        wall: Gives the time, in seconds since 1970.
    """

    spent: int = 0
    reserved: int = 0
    _wall: Callable[[], float] = time.time
    _slots: int = 0
    _rows: dict[tuple[str, int], Row] = attrs.field(factory=dict)
    _leased: set[tuple[str, int]] = attrs.field(factory=set)
    _kept: dict[str, Any] = attrs.field(factory=dict)

    @property
    def is_kept(self) -> bool:
        return False

    @property
    def in_flight(self) -> int:
        """How many slots are taken."""
        return self._slots

    @property
    def lease_until(self) -> float | None:
        ends = [self._rows[one].slot_until for one in self._leased]
        return min((end for end in ends if end is not None), default=None)

    async def open(self) -> None:
        """Go on with what an earlier run has spent, and with the slots of its tasks."""

    async def aclose(self) -> None:
        change = Change(event=Event.LEFT, now=self._wall(), by=ME)
        for key, attempt in list(self._rows):
            self._apply(key, attempt, change)

    async def admit(self, entries: Sequence[Entry], limits: Limits) -> list[Verdict]:
        self._end_leases(max((entry.now for entry in entries), default=0.0))
        verdicts: list[Verdict] = []
        for entry in entries:
            verdicts.append(self._judge(entry, limits))
            if isinstance(verdicts[-1], Busy):
                break
        return verdicts

    def _judge(self, entry: Entry, limits: Limits) -> Verdict:
        refused = limits.refuse(
            entry.cost,
            slots=self._slots,
            reserved=self.reserved,
            spent=self.spent,
            stranded=sum(self._rows[one].reserved for one in self._leased),
        )
        if refused is not None:
            return refused
        attempt = max(1, entry.attempt)
        # A job that was cancelled is in flight still, and its key may come again.
        while (entry.key, attempt) in self._rows:
            attempt += 1
        fresh = Row(stage=Stage.QUEUED, cost=entry.cost, lease_s=entry.lease_s)
        change = Change(event=Event.GRANTED, now=entry.now, by=ME)
        self._put((entry.key, attempt), fresh, apply(fresh, change))
        return Granted(attempt)

    def _end_leases(self, now: float) -> None:
        for key, attempt in list(self._leased):
            until = self._rows[key, attempt].slot_until
            if until is not None and until <= now:
                change = Change(event=Event.LEASE_OVER, now=now)
                self._apply(key, attempt, change)

    async def note_sent(self, key: str, attempt: int) -> None:
        self._apply(key, attempt, Change(event=Event.BODY_BEGINS, now=self._wall()))

    def note_unsent(self, key: str, attempt: int) -> None:
        self._apply(key, attempt, Change(event=Event.RATE_LIMITED, now=self._wall()))

    async def accept(self, key: str, attempt: int, task_id: str, now: float) -> None:
        change = Change(event=Event.ACCEPTED, now=now, by=ME, task_id=task_id)
        self._apply(key, attempt, change)

    async def settle(self, key: str, attempt: int, ending: Ending) -> None:
        self.end(key, attempt, ending)

    def end(self, key: str, attempt: int, ending: Ending) -> None:
        change = Change(
            event=ending.event,
            now=ending.now,
            by=ME,
            task_id=ending.task_id,
            charged=ending.charged,
        )
        self._apply(key, attempt, change)

    def release(self, key: str, attempt: int) -> None:
        change = Change(event=Event.RELEASED, now=self._wall(), by=ME)
        self._apply(key, attempt, change)

    def _apply(self, key: str, attempt: int, change: Change) -> None:
        old = self._rows.get((key, attempt))
        if old is not None:
            self._put((key, attempt), old, apply(old, change))

    def _put(self, purchase: tuple[str, int], old: Row, new: Row) -> None:
        """Keep a row for as long as something may become of it."""
        self._slots += new.has_slot - old.has_slot
        self.reserved += new.reserved - old.reserved
        self.spent += new.spent - old.spent
        if (new.stage in CLOSED or new.owner is None) and not new.has_slot:
            # Credits that nobody will settle any more are spent.
            self.reserved -= new.reserved
            self.spent += new.reserved
            self._rows.pop(purchase, None)
            self._leased.discard(purchase)
            return
        self._rows[purchase] = new
        if new.slot_until is None:
            self._leased.discard(purchase)
        else:
            self._leased.add(purchase)

    # What an archive keeps is not kept here: there is nothing to find again.

    def enqueue(self, entries: Sequence[Entry]) -> None:
        """Keep nothing: what waits ends with its session."""

    def attach(self, entry: Entry, task_id: str) -> None:
        """Keep nothing: a task that was made elsewhere takes no slot."""

    async def find_lost(self, key: str, attempt: int, task_id: str, now: float) -> bool:
        await self.accept(key, attempt, task_id, now)
        row = self._rows.get((key, attempt))
        return row is not None and row.task_id == task_id

    def give_up_soon(
        self, key: str, attempt: int, now: float, *, is_charged: bool = True
    ) -> None:
        event = Event.GIVEN_UP if is_charged else Event.GIVEN_UP_UNPAID
        self._apply(key, attempt, Change(event=event, now=now))

    def note_balance(self, key: str, attempt: int, balance: int) -> None:
        """Keep nothing: there is no row to read it from."""

    async def recall(self, name: str) -> Any | None:  # noqa: ANN401 - JSON
        return self._kept.get(name)

    def keep(self, name: str, value: object) -> None:
        self._kept[name] = value

    def note_files(self, key: str, attempt: int, files: Sequence[str]) -> None:
        """Keep nothing: there is no row to read it from."""

    async def find(
        self,
        key: str,  # noqa: ARG002
        attempt: int | None = None,  # noqa: ARG002
    ) -> Record | None:
        return None

    async def find_task(
        self,
        provider: str,  # noqa: ARG002
        task_id: str,  # noqa: ARG002
    ) -> Record | None:
        return None

    async def adopt(
        self,
        now: float,  # noqa: ARG002
        key: str | None = None,  # noqa: ARG002
        limit: int | None = None,  # noqa: ARG002
    ) -> list[Record]:
        return []

    async def records(self, wanted: Wanted = EVERYTHING) -> list[Record]:  # noqa: ARG002
        return []

    async def spending(
        self,
        by: Grouping = "operation",  # noqa: ARG002
        tag: str | None = None,  # noqa: ARG002
    ) -> dict[str, Spending]:
        return {}
