"""The journal of a session that keeps none: limits alone, for as long as it lives."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, final

import attrs

from aiomusic.errors import Charged, JournalError
from aiomusic.journal import (
    EVERYTHING,
    Ending,
    Entry,
    Event,
    Granted,
    Grouping,
    Identity,
    Journal,
    Limits,
    NoCapacity,
    Record,
    Spending,
    Verdict,
    Wanted,
)
from aiomusic.journal.identity import digest_of, place_of
from aiomusic.journal.policy import CLOSED, Change, Row, Stage, apply, may_begin
from aiomusic.journal.tags import tag_text

__all__ = ["MemoryJournal"]

ME = "me"

_Purchase: TypeAlias = str | tuple[str, int]
"""A key and an attempt; the first attempt is the key alone, which is half as large."""


_Tag: TypeAlias = tuple[str, str]
"""A name in a job's metadata that has a ceiling, and the text of its value."""


def _purchase(key: str, attempt: int) -> _Purchase:
    return key if attempt == 1 else (key, attempt)


def _parts(purchase: _Purchase) -> tuple[str, int]:
    return (purchase, 1) if isinstance(purchase, str) else purchase


@final
@attrs.define(eq=False)
class _Account:
    """What one account has bought: what is not over, and the sums of all."""

    spent: int = 0
    reserved: int = 0
    slots: int = 0
    next_at: float = 0.0
    rows: dict[_Purchase, Row] = attrs.field(factory=dict)
    leased: set[_Purchase] = attrs.field(factory=set)
    tags: dict[_Purchase, tuple[_Tag, ...]] = attrs.field(factory=dict)
    by_tag: dict[_Tag, int] = attrs.field(factory=dict)

    def put(self, purchase: _Purchase, old: Row, new: Row) -> None:
        """Keep a row for as long as something may become of it."""
        self.slots += new.has_slot - old.has_slot
        self.reserved += new.reserved - old.reserved
        self.spent += new.spent - old.spent
        for tag in self.tags.get(purchase, ()):
            more = new.reserved + new.spent - old.reserved - old.spent
            self.by_tag[tag] = self.by_tag.get(tag, 0) + more
        if (new.stage in CLOSED or new.owner is None) and not new.has_slot:
            # Credits that nobody will settle any more are spent.
            self.reserved -= new.reserved
            self.spent += new.reserved
            self.rows.pop(purchase, None)
            self.leased.discard(purchase)
            self.tags.pop(purchase, None)
            return
        self.rows[purchase] = new
        if new.slot_until is None:
            self.leased.discard(purchase)
        else:
            self.leased.add(purchase)


@final
@attrs.define(eq=False)
class MemoryJournal(Journal):
    """
    Purchases that are not over, and the sums of all; nothing outlives the process.

    Args:
        wall: Gives the time, in seconds since 1970.
    """

    _wall: Callable[[], float] = time.time
    _mine: _Account = attrs.field(factory=_Account, init=False)
    _named: dict[tuple[str, str], _Account] = attrs.field(factory=dict, init=False)
    _keyed: dict[str, _Account] = attrs.field(factory=dict, init=False)
    _kept: dict[str, Any] = attrs.field(factory=dict, init=False)

    @property
    def is_kept(self) -> bool:
        return False

    @property
    def spent(self) -> int:
        """Credits, over all sessions of the account that used it."""
        return self._mine.spent

    @property
    def reserved(self) -> int:
        """Credits of jobs that are not over."""
        return self._mine.reserved

    @property
    def in_flight(self) -> int:
        """How many slots are taken."""
        return self._mine.slots

    @property
    def lease_until(self) -> float | None:
        ends = [self._mine.rows[one].slot_until for one in self._mine.leased]
        return min((end for end in ends if end is not None), default=None)

    @property
    def takeover_s(self) -> float | None:
        return None

    async def open(self, identity: Identity | None = None) -> None:
        """Go on with what an earlier run has spent, and with the slots of its tasks."""
        if identity is None:
            return
        # The first who opens it goes on with what was there before.
        is_first = not (self._named or self._keyed)
        fresh = self._mine if is_first else _Account()
        name = None
        digest = digest_of(identity, b"")
        known = None if digest is None else self._keyed.get(digest)
        if identity.name is not None:
            name = (place_of(identity.base_url), identity.name)
            # A key may be handed to another account, if that is said.
            known = None if known in self._named.values() else known
            known = self._named.get(name, known)
        self._mine = known or fresh
        if name is not None:
            self._named[name] = self._mine
        if digest is not None:
            self._keyed.setdefault(digest, self._mine)

    async def aclose(self) -> None:
        change = Change(event=Event.LEFT, now=self._wall(), by=ME)
        for key, attempt in map(_parts, list(self._mine.rows)):
            self._apply(key, attempt, change)

    async def admit(self, entries: Sequence[Entry], limits: Limits) -> list[Verdict]:
        self._end_leases(max((entry.now for entry in entries), default=0.0))
        verdicts: list[Verdict] = []
        for entry in entries:
            verdicts.append(self._judge(entry, limits))
            if isinstance(verdicts[-1], NoCapacity):
                break
        return verdicts

    def _judge(self, entry: Entry, limits: Limits) -> Verdict:
        found = entry.metadata
        names = [name for name in limits.by_tag if name in found]
        tags = tuple((name, tag_text(found[name])) for name in names)
        for tag in tags:
            taken = self._mine.by_tag.get(tag, 0)
            over = limits.refuse_tag(entry.cost, tag, taken)
            if over is not None:
                return over
        refused = limits.refuse(
            entry.cost,
            slots=self._mine.slots,
            reserved=self.reserved,
            spent=self.spent,
            stranded=sum(self._mine.rows[one].reserved for one in self._mine.leased),
        )
        if refused is not None:
            return refused
        attempt = max(1, entry.attempt)
        # A job that was cancelled is in flight still, and its key may come again.
        while _purchase(entry.key, attempt) in self._mine.rows:
            attempt += 1
        fresh = Row(stage=Stage.QUEUED, cost=entry.cost, lease_s=entry.lease_s)
        change = Change(event=Event.GRANTED, now=entry.now, by=ME)
        if tags:
            self._mine.tags[_purchase(entry.key, attempt)] = tags
        self._mine.put(_purchase(entry.key, attempt), fresh, apply(fresh, change))
        return Granted(attempt)

    def _end_leases(self, now: float) -> None:
        for purchase in list(self._mine.leased):
            until = self._mine.rows[purchase].slot_until
            if until is not None and until <= now:
                change = Change(event=Event.LEASE_OVER, now=now)
                self._apply(*_parts(purchase), change)

    async def note_sent(self, key: str, attempt: int) -> bool:
        self._apply(key, attempt, Change(event=Event.BODY_BEGINS, now=self._wall()))
        row = self._mine.rows.get(_purchase(key, attempt))
        return row is not None and may_begin(row.stage, row.owner, ME)

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

    async def draw(self, count: int, per_s: float, now: float) -> float:
        first_at = max(now, self._mine.next_at)
        self._mine.next_at = first_at + count / per_s
        return first_at - now

    def _apply(self, key: str, attempt: int, change: Change) -> None:
        old = self._mine.rows.get(_purchase(key, attempt))
        if old is not None:
            self._mine.put(_purchase(key, attempt), old, apply(old, change))

    # What an archive keeps is not kept here: there is nothing to find again.

    def enqueue(self, entries: Sequence[Entry]) -> None:
        """Keep nothing: what waits ends with its session."""

    async def hold(self, entries: Sequence[Entry]) -> list[Record | None]:
        message = (
            "What is to be sent later must be kept: give MusicSession a journal=."
            " Nothing was written down or sent."
        )
        raise JournalError(message, charged=Charged.NO)

    async def note_held(self, key: str, error: Mapping[str, Any]) -> None:
        """Keep nothing: nothing is held."""

    def attach(self, entry: Entry, task_id: str) -> None:
        """Keep nothing: a task that was made elsewhere takes no slot."""

    async def find_lost(self, key: str, attempt: int, task_id: str, now: float) -> bool:
        await self.accept(key, attempt, task_id, now)
        row = self._mine.rows.get(_purchase(key, attempt))
        return row is not None and row.task_id == task_id

    def give_up_soon(
        self, key: str, attempt: int, now: float, *, is_charged: bool = True
    ) -> None:
        event = Event.GIVEN_UP if is_charged else Event.GIVEN_UP_UNPAID
        self._apply(key, attempt, Change(event=event, now=now))

    def note_balance(self, key: str, attempt: int, balance: int) -> None:
        """Keep nothing: there is no row to read it from."""

    async def recall(self, name: str) -> object:
        return self._kept.get(name)

    def keep(
        self,
        name: str,
        change: Callable[[object], object],
        then: Callable[[object], object] | None = None,
    ) -> None:
        self._kept[name] = change(self._kept.get(name))
        if then is not None:
            then(self._kept[name])

    def note_files(self, key: str, attempt: int, files: Sequence[str]) -> None:
        """Keep nothing: there is no row to read it from."""

    async def mark(self, key: str, attempt: int, name: str, now: float) -> None:
        """Keep nothing: there is no row to read it from."""

    async def find(
        self,
        key: str,
        attempt: int | None = None,
    ) -> Record | None:
        return None

    async def find_task(
        self,
        provider: str,
        task_id: str,
    ) -> Record | None:
        return None

    async def claim(
        self,
        now: float,
        key: str | None = None,
        limit: int | None = None,
    ) -> list[Record]:
        return []

    async def records(self, wanted: Wanted = EVERYTHING) -> list[Record]:
        return []

    async def spending(
        self,
        by: Grouping = "operation",
        tag: str | None = None,
    ) -> dict[str, Spending]:
        return {}
