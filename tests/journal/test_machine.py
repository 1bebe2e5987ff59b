"""Whatever happens, in whatever order: no ceiling is passed, nothing counted twice."""

import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import attrs
import pg_server
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from journaling import FAST, KEPT, crash, entry, postgres_journal, rows, totals

from aiomusic import JobState, JournalError, MusicError, MusicJob, MusicSession
from aiomusic.emulator import Emulator, Pace
from aiomusic.journal import (
    Ending,
    Entry,
    Granted,
    KnownKey,
    Limits,
    NoCapacity,
    OverBudget,
    Verdict,
)
from aiomusic.journal.memory import ME, MemoryJournal
from aiomusic.journal.policy import CLOSED, Change, Event, Row, Stage, apply
from aiomusic.journal.programs import WAITING_S
from aiomusic.testing import AutojumpClock

T = TypeVar("T")

KEYS = ("a", "b", "c", "d", "e")
COSTS = st.sampled_from([0, 1, 10])
SHARED = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


ENDS = st.sampled_from(
    [
        Event.SUCCEEDED,
        Event.FAILED,
        Event.REFUSED,
        Event.NOT_SENT,
        Event.ANSWERED,
        Event.LOST,
        Event.REFUNDED,
        Event.DROPPED,
    ]
)
TOLD = st.sampled_from(["yes", "no", "refunded", "unknown"])
STATES = {Stage.GRANTED: "submitting", Stage.SENT: "submitting", Stage.TASK: "pending"}


def fresh(one: Entry, owner: str) -> Row:
    return Row(stage=Stage.QUEUED, cost=one.cost, lease_s=one.lease_s, owner=owner)


def is_open(row: Row) -> bool:
    is_waited_for = row.stage is Stage.QUEUED and row.owner is not None
    return row.stage in {Stage.GRANTED, Stage.SENT, Stage.TASK} or is_waited_for


def expected(row: Row) -> tuple[object, ...]:
    return (
        STATES.get(row.stage, str(row.stage)),
        row.charged,
        int(row.has_slot),
        row.slot_until,
        row.reserved,
        row.spent,
        row.task_id,
        row.owner is not None,
    )


def seen(row: dict[str, Any]) -> tuple[object, ...]:
    names = ("state", "charged", "slot", "slot_until", "reserved", "spent", "task_id")
    return (*(row[name] for name in names), row["owner"] is not None)


class InPostgres:
    """What a machine asks its rows of, where its journal is in PostgreSQL."""

    folder: Path
    run: Callable[[Awaitable[Any]], Any]
    db: Any = None

    def rows(self) -> dict[tuple[str, int], dict[str, Any]]:
        found = self.ask("SELECT * FROM jobs ORDER BY rowid")
        return {(row["key"], row["attempt"]): row for row in found}

    def totals(self) -> tuple[int, int, int]:
        found = self.ask("SELECT slots, reserved, spent FROM totals")
        return tuple(found[0].values()) if found else (0, 0, 0)

    def ask(self, text: str) -> list[dict[str, Any]]:
        """Ask the database, past the journals and any pooler."""
        if self.db is None:
            address = postgres_journal(self.folder)._address
            path = {"search_path": address.schema}
            self.db = self.run(asyncpg.connect(address.dsn, server_settings=path))
        return [dict(row) for row in self.run(self.db.fetch(text))]

    def close(self) -> None:
        if self.db is not None:
            self.run(self.db.close())


class TwoSessions(RuleBasedStateMachine):
    """
    Two sessions on one journal buy, end, die and come back; a model predicts it all.

    What an event does to a row is the table's, which has its own tests; here it is
    who may be granted, whose rows are whose, and that the journal keeps up with it.
    """

    kind = "sqlite"

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(dir=FAST))
        self.path = self.folder / "songs.db"
        self.journals: dict[int, Any] = {}
        self.model: dict[tuple[str, int], Row] = {}
        # Who waits for a slot: since when, and until when it counts.
        self.line: dict[str, tuple[float, float]] = {}
        self.limits = Limits(concurrency=1)
        self.now = 101.0
        self.tasks = 0

    def run(self, work: Awaitable[T]) -> T:
        async def wait() -> T:
            return await work

        return self.runner.run(wait())

    @initialize(concurrency=st.integers(1, 4), most=st.none() | st.integers(0, 45))
    def begin(self, concurrency: int, most: int | None) -> None:
        self.limits = Limits(concurrency=concurrency, max_credits=most)
        for which in (0, 1):
            self.open(which)

    def open(self, which: int) -> None:
        self.journals[which] = KEPT[self.kind](self.folder)
        self.run(self.journals[which].open())

    def rows(self) -> dict[tuple[str, int], dict[str, Any]]:
        return rows(self.path)

    def totals(self) -> tuple[int, int, int]:
        return totals(self.path)

    def settle(self, which: int) -> None:
        """Wait until what was posted is written."""
        self.run(self.journals[which].recall("nothing"))

    def happen(self, at: tuple[str, int], event: Event, **fields: Any) -> Row:
        change = Change(event=event, **{"now": self.now, **fields})
        self.model[at] = apply(self.model[at], change)
        return self.model[at]

    def reap(self) -> bool:
        living = {journal.owner for journal in self.journals.values()}
        left = [
            at for at, row in self.model.items() if row.owner not in {None, *living}
        ]
        for at in left:
            self.line.pop(self.model[at].owner or "", None)
            self.happen(at, Event.DIED, by=self.model[at].owner)
        return bool(left)

    def ahead(self, owner: str) -> int:
        """Count those who have waited for longer."""
        here = {o: since for o, (since, end) in self.line.items() if end > self.now}
        mine = (here.get(owner, self.now + 1.0), owner)
        return sum((since, other) < mine for other, since in here.items())

    def stand_in_line(self, owner: str, verdicts: list[Verdict]) -> None:
        if not isinstance(verdicts[-1], NoCapacity):
            self.line.pop(owner, None)
            return
        since, end = self.line.get(owner, (self.now, 0.0))
        if end <= self.now or any(isinstance(one, Granted) for one in verdicts):
            since = self.now
        self.line[owner] = (since, self.now + WAITING_S)

    def last(self, key: str) -> tuple[int, Row] | None:
        """Return the last purchase under a key, if any a paid one."""
        found = {a: row for (k, a), row in self.model.items() if k == key}
        paid = [
            a
            for a, row in found.items()
            if row.stage is not Stage.QUEUED and row.charged != "no"
        ]
        attempt = max(paid or found, default=0)
        return (attempt, found[attempt]) if attempt else None

    def predict(self, one: Entry, owner: str, ahead: int) -> type[Verdict]:
        last, cost = self.last(one.key), one.cost
        if last is not None and not self.is_free(last[1], owner):
            is_over = not is_open(last[1]) and last[1].stage is not Stage.SUCCEEDED
            if one.attempt != last[0] + 1 or not (is_over or one.force_new):
                return KnownKey
        held = self.model.values()
        most = self.limits.max_credits
        spent = sum(row.spent for row in held)
        reserved = sum(row.reserved for row in held)
        stranded = sum(row.reserved for row in held if row.owner is None)
        if most is not None and spent + reserved + cost > most:
            return OverBudget if spent + stranded + cost > most else NoCapacity
        if ahead + sum(row.has_slot for row in held) >= self.limits.concurrency:
            return NoCapacity
        return Granted

    def is_free(self, row: Row, owner: str) -> bool:
        if row.stage is Stage.QUEUED:
            return row.owner in {None, owner}
        return row.charged == "no"

    @rule(
        which=st.integers(0, 1),
        wanted=st.lists(
            st.tuples(st.sampled_from(KEYS), COSTS, st.integers(0, 2)),
            min_size=1,
            max_size=3,
        ),
    )
    def admit(self, which: int, wanted: list[tuple[str, int, int]]) -> None:
        entries, owner = [], self.journals[which].owner
        for key, cost, wish in wanted:
            last = self.last(key)
            attempt = last[0] + 1 if last and wish else 0
            one = entry(key, cost=cost, attempt=attempt, force_new=wish == 2)
            entries.append(attrs.evolve(one, now=self.now))

        verdicts = self.run(self.journals[which].admit(entries, self.limits))

        self.end_leases()
        ahead = self.ahead(owner)
        for one, verdict in zip(entries, verdicts, strict=False):
            predicted = self.predict(one, owner, ahead)
            found = self.last(one.key)
            is_met = predicted is KnownKey and found is not None and is_open(found[1])
            if (is_met or predicted is NoCapacity) and self.reap():
                predicted = self.predict(one, owner, ahead)
            assert predicted is type(verdict)
            if isinstance(verdict, KnownKey):
                self.meet(one.key, owner)
            if isinstance(verdict, Granted):
                self.grant(one, verdict.attempt, owner)
        self.stand_in_line(owner, verdicts)
        assert len(verdicts) == len(entries) or isinstance(verdicts[-1], NoCapacity)

    def end_leases(self) -> None:
        for at, row in self.model.items():
            if row.slot_until is not None and row.slot_until <= self.now:
                self.happen(at, Event.LEASE_OVER)

    def grant(self, one: Entry, attempt: int, owner: str) -> None:
        last = self.last(one.key)
        if last is not None and last[1].stage is Stage.QUEUED:
            # What waited is sent as the purchase that it was written down as.
            assert last[0] == attempt
        else:
            assert (one.key, attempt) not in self.model
            assert attempt == 1 + max(
                (a for k, a in self.model if k == one.key), default=0
            )
        self.model[one.key, attempt] = fresh(one, owner)
        self.happen((one.key, attempt), Event.GRANTED, by=owner)
        # Only a grant has to respect the slots: what is claimed is in flight.
        slots = sum(row.has_slot for row in self.model.values())
        assert slots <= self.limits.concurrency

    def meet(self, key: str, owner: str) -> None:
        """Follow the task of a key that comes again, if nobody does."""
        last = self.last(key)
        assert last is not None
        if last[1].stage is Stage.TASK and last[1].owner is None:
            self.happen((key, last[0]), Event.TAKEN_UP, by=owner)

    @rule(which=st.integers(0, 1), key=st.sampled_from(KEYS), cost=COSTS)
    def enqueue(self, which: int, key: str, cost: int) -> None:
        one = entry(key, cost=cost)
        self.journals[which].enqueue([one])
        self.settle(which)

        if self.last(key) is None:
            self.model[key, 1] = fresh(one, self.journals[which].owner)

    @rule(seconds=st.sampled_from([1.0, 400.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    def pick(self, data: st.DataObject) -> tuple[str, int]:
        return data.draw(st.sampled_from(sorted(self.model)))

    @precondition(lambda self: self.model)
    @rule(data=st.data(), is_refused=st.booleans())
    def send(self, data: st.DataObject, *, is_refused: bool) -> None:
        """Its create leaves; or it is refused, which buys nothing."""
        at = self.pick(data)
        row = self.model[at]
        for journal in self.journals.values():
            if journal.owner == row.owner and row.stage in {Stage.GRANTED, Stage.SENT}:
                self.run(journal.note_sent(*at))
                self.happen(at, Event.BODY_BEGINS)
                if is_refused:
                    journal.note_unsent(*at)
                    self.happen(at, Event.RATE_LIMITED)

    @precondition(lambda self: self.model)
    @rule(which=st.integers(0, 1), data=st.data())
    def accept(self, which: int, data: st.DataObject) -> None:
        """The service has answered; or a callback recovers an unknown job."""
        at = self.pick(data)
        # What was never sent has no answer.
        if self.model[at].stage is Stage.QUEUED:
            return
        self.tasks += 1
        task_id, journal = f"t-{self.tasks}", self.journals[which]
        row = self.happen(at, Event.ACCEPTED, by=journal.owner, task_id=task_id)

        try:
            self.run(journal.accept(*at, task_id, self.now))
        except JournalError:
            assert row.task_id != task_id
        else:
            assert row.task_id == task_id

    @precondition(lambda self: self.model)
    @rule(which=st.integers(0, 1), data=st.data())
    def find_lost(self, which: int, data: st.DataObject) -> None:
        """The user names the task of what was paid, as far as anybody knows."""
        at = self.pick(data)
        if self.model[at].charged != "unknown":
            return
        self.tasks += 1
        task_id, journal = f"t-{self.tasks}", self.journals[which]
        row = self.happen(at, Event.FOUND, by=journal.owner, task_id=task_id)

        is_found = self.run(journal.find_lost(*at, task_id, self.now))

        assert is_found == (row.task_id == task_id)

    @precondition(lambda self: self.model)
    @rule(
        which=st.integers(0, 1),
        data=st.data(),
        event=ENDS,
        charged=TOLD,
        times=st.integers(1, 2),
    )
    def end(
        self, which: int, data: st.DataObject, event: Event, charged: str, times: int
    ) -> None:
        """Be over as it may; to be told so again changes nothing."""
        at, journal = self.pick(data), self.journals[which]
        is_unsent = self.model[at].stage is Stage.QUEUED
        if is_unsent and event in {Event.ANSWERED, Event.LOST}:
            # What was never sent has no answer.
            return
        told = {"task_id": self.model[at].task_id, "charged": charged}
        for _ in range(times):
            journal.end(*at, Ending(event=event, now=self.now, **told))  # type: ignore[arg-type]
        self.settle(which)

        self.happen(at, event, by=journal.owner, **told)

    @precondition(lambda self: self.model)
    @rule(which=st.integers(0, 1), data=st.data())
    def release(self, which: int, data: st.DataObject) -> None:
        at, journal = self.pick(data), self.journals[which]

        journal.release(*at)
        self.settle(which)

        self.happen(at, Event.RELEASED, by=journal.owner)

    @precondition(lambda self: self.model)
    @rule(which=st.integers(0, 1), data=st.data(), is_charged=st.booleans())
    def give_up(self, which: int, data: st.DataObject, *, is_charged: bool) -> None:
        at = self.pick(data)

        self.journals[which].give_up_soon(*at, self.now, is_charged=is_charged)
        self.settle(which)

        self.happen(at, Event.GIVEN_UP if is_charged else Event.GIVEN_UP_UNPAID)

    @rule(which=st.integers(0, 1), key=st.none() | st.sampled_from(KEYS))
    def claim(self, which: int, key: str | None) -> None:
        found = self.run(self.journals[which].claim(self.now, key))

        self.reap()
        lasts = {(k, last[0]) for k in KEYS if (last := self.last(k)) is not None}
        free = {at for at, row in self.model.items() if row.owner is None}
        # A task that is paid for is taken up, whatever was bought after it.
        waiting = {at for at in free if self.model[at].stage is Stage.TASK}
        unsettled = {
            at
            for at in lasts & free
            if self.model[at].stage in {Stage.UNKNOWN, Stage.QUEUED}
        }
        due = waiting | unsettled
        if key is not None:
            due = {at for at in due & lasts if at[0] == key}
        assert due == {(one.key, one.attempt) for one in found}
        for at in due:
            self.happen(at, Event.TAKEN_UP, by=self.journals[which].owner)

    @rule(which=st.integers(0, 1), is_crash=st.booleans())
    def leave(self, which: int, *, is_crash: bool) -> None:
        """Leave well, or leave nothing but the rows, and come back as another."""
        journal = self.journals[which]
        self.run(crash(journal) if is_crash else journal.aclose())
        self.open(which)
        if not is_crash:
            self.line.pop(journal.owner, None)
        for at in self.model if not is_crash else ():
            row = self.happen(at, Event.LEFT, by=journal.owner)
            if row.stage is Stage.UNKNOWN and row.ended_at == self.now:
                # Its session left, and so lost it, by the clock on the wall.
                until = self.rows()[at]["slot_until"]
                self.model[at] = attrs.evolve(row, slot_until=until)

    @invariant()
    def the_ceiling_holds(self) -> None:
        most = self.limits.max_credits
        if self.journals:
            _, reserved, spent = self.totals()
            assert most is None or spent + reserved <= most

    @invariant()
    def the_totals_are_those_of_the_rows(self) -> None:
        if self.journals:
            found = self.rows().values()
            sums = [sum(r[n] for r in found) for n in ("slot", "reserved", "spent")]
            assert sums == [*self.totals()]

    @invariant()
    def every_row_is_as_predicted(self) -> None:
        if self.journals:
            found = {at: seen(row) for at, row in self.rows().items()}
            assert {at: expected(row) for at, row in self.model.items()} == found

    def close(self) -> None:
        """Close what a kind of it has opened beside."""

    def teardown(self) -> None:
        for journal in self.journals.values():
            self.run(journal.aclose())
        self.close()
        self.runner.close()
        shutil.rmtree(self.folder)


TestTwoSessions = TwoSessions.TestCase
TestTwoSessions.settings = SHARED


class OverPostgres(InPostgres, TwoSessions):
    """The same, where the journal is in PostgreSQL."""

    kind = "postgres"


class ThroughABouncer(OverPostgres):
    """The same, where each transaction may go over another connection."""

    kind = "pgbouncer"


TestOverPostgres = pg_server.NEEDED(OverPostgres.TestCase)
TestOverPostgres.settings = settings(SHARED, max_examples=8)
TestThroughABouncer = pg_server.NEEDED(ThroughABouncer.TestCase)
TestThroughABouncer.settings = settings(SHARED, max_examples=4)


class WithoutAFile(RuleBasedStateMachine):
    """The limits of a session that keeps no journal, whatever its jobs do."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.journal = MemoryJournal(wall=lambda: self.now)
        self.limits = Limits(concurrency=1)
        self.held: dict[tuple[str, int], Row] = {}
        self.over = 0
        self.now = 101.0

    @initialize(concurrency=st.integers(1, 4), most=st.none() | st.integers(0, 45))
    def begin(self, concurrency: int, most: int | None) -> None:
        self.limits = Limits(concurrency=concurrency, max_credits=most)

    @property
    def reserved(self) -> int:
        return sum(row.reserved for row in self.held.values())

    @property
    def spent(self) -> int:
        return self.over + sum(row.spent for row in self.held.values())

    @property
    def slots(self) -> int:
        return sum(row.has_slot for row in self.held.values())

    def happen(self, at: tuple[str, int], event: Event, **fields: Any) -> None:
        change = Change(event=event, **{"now": self.now, "by": ME, **fields})
        row = apply(self.held[at], change)
        self.held[at] = row
        if not row.has_slot and (row.owner is None or row.stage in CLOSED):
            # Nobody will hear of it again.
            self.over += row.spent + row.reserved
            del self.held[at]

    @rule(key=st.sampled_from(KEYS), cost=COSTS, attempt=st.integers(0, 2))
    def admit(self, key: str, cost: int, attempt: int) -> None:
        asked = attrs.evolve(entry(key, cost=cost, attempt=attempt), now=self.now)
        for at, row in list(self.held.items()):
            if row.slot_until is not None and row.slot_until <= self.now:
                self.happen(at, Event.LEASE_OVER)
        most = self.limits.max_credits
        stranded = sum(row.reserved for row in self.held.values() if row.owner is None)
        is_over = most is not None and self.spent + stranded + cost > most
        is_dear = most is not None and self.spent + self.reserved + cost > most
        is_full = self.slots >= self.limits.concurrency

        [verdict] = self.runner.run(self.journal.admit([asked], self.limits))

        assert is_over == isinstance(verdict, OverBudget)
        assert (not is_over and (is_dear or is_full)) == isinstance(verdict, NoCapacity)
        if isinstance(verdict, Granted):
            at = key, verdict.attempt
            assert at not in self.held
            self.held[at] = fresh(asked, ME)
            self.happen(at, Event.GRANTED)
            assert self.slots <= self.limits.concurrency

    @rule(seconds=st.sampled_from([1.0, 400.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    def pick(self, data: st.DataObject) -> tuple[str, int]:
        return data.draw(st.sampled_from(sorted(self.held)))

    @precondition(lambda self: self.held)
    @rule(data=st.data(), how=st.sampled_from(["sent", "refused", "accepted"]))
    def send(self, data: st.DataObject, how: str) -> None:
        at = self.pick(data)
        if how == "accepted":
            task_id = f"t-{at}"
            self.runner.run(self.journal.accept(*at, task_id, self.now))
            self.happen(at, Event.ACCEPTED, task_id=task_id)
            return
        self.runner.run(self.journal.note_sent(*at))
        self.happen(at, Event.BODY_BEGINS)
        if how == "refused":
            self.journal.note_unsent(*at)
            self.happen(at, Event.RATE_LIMITED)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), event=ENDS, charged=TOLD, times=st.integers(1, 2))
    def end(self, data: st.DataObject, event: Event, charged: str, times: int) -> None:
        at = self.pick(data)
        task_id = self.held[at].task_id
        told = Ending(event=event, now=self.now, charged=charged, task_id=task_id)
        for _ in range(times):
            self.journal.end(*at, told)
        self.happen(at, event, charged=charged, task_id=task_id)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), how=st.sampled_from(["release", "give up", "give up unpaid"]))
    def let_go(self, data: st.DataObject, how: str) -> None:
        at = self.pick(data)
        if how == "release":
            self.journal.release(*at)
            self.happen(at, Event.RELEASED)
        else:
            is_charged = how == "give up"
            self.journal.give_up_soon(*at, self.now, is_charged=is_charged)
            self.happen(at, Event.GIVEN_UP if is_charged else Event.GIVEN_UP_UNPAID)

    @rule()
    def open_again(self) -> None:
        self.runner.run(self.journal.aclose())
        self.runner.run(self.journal.open())
        for at in list(self.held):
            self.happen(at, Event.LEFT)

    @invariant()
    def the_books_tell_what_happened(self) -> None:
        journal, most = self.journal, self.limits.max_credits
        assert (self.slots, self.reserved, self.spent) == (
            journal.in_flight,
            journal.reserved,
            journal.spent,
        )
        ends = [row.slot_until for row in self.held.values() if row.slot_until]
        assert min(ends, default=None) == journal.lease_until
        assert most is None or journal.spent + journal.reserved <= most

    def teardown(self) -> None:
        self.runner.close()


TestWithoutAFile = WithoutAFile.TestCase
TestWithoutAFile.settings = SHARED


# What is ordered of the service for one create, and whether it then charges for it.
FATES: dict[str, tuple[str, dict[str, Any], bool]] = {
    "well": ("rain", {}, True),
    "refunded": ("[[fail]]", {}, False),
    "unrefunded": ("[[fail-unrefunded]]", {}, True),
    "one clip": ("[[fail-one]]", {}, True),
    "answer lost": ("rain", {"kind": "drop_after_body"}, True),
    "refused": ("rain", {"kind": "status", "status": 403, "body": "no"}, False),
    "broke unpaid": ("rain", {"kind": "status", "status": 500}, False),
    "limited": ("rain", {"kind": "status", "status": 429}, True),
}
MAYBE = {"answer lost", "broke unpaid"}


class Bought(RuleBasedStateMachine):
    """A real session on a real file, against a service that counts what it takes."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(dir=FAST))
        self.api = Emulator(credits=10_000, pace=Pace.polls(), media=False)
        self.music: MusicSession
        self.is_entered = False
        self.jobs: list[MusicJob[Any]] = []
        self.unknown = 0
        self.unpaid_unknown = 0
        self.most: int | None = None

    def run(self, work: Awaitable[T]) -> T:
        async def wait() -> T:
            return await work

        return self.runner.run(wait())

    @initialize(most=st.none() | st.integers(20, 60))
    def begin(self, most: int | None) -> None:
        self.most = most
        self.run(self.api.start())
        self.enter()

    def enter(self) -> None:
        self.music = MusicSession(
            api_key=self.api.key,
            base_url=self.api.url,
            clock=AutojumpClock(),
            journal=self.where(),
            max_credits=self.most,
        )
        self.run(self.music.__aenter__())
        self.is_entered = True

    def where(self) -> str:
        return str(self.folder / "songs.db")

    def rows(self) -> dict[tuple[str, int], dict[str, Any]]:
        return rows(self.folder / "songs.db")

    @rule(
        fate=st.sampled_from(sorted(FATES)),
        how=st.sampled_from(["wait", "leave open", "cancel"]),
    )
    def buy(self, fate: str, how: str) -> None:
        self.run(self.bought(fate, how))

    async def bought(self, fate: str, how: str) -> None:
        text, fault, is_charged = FATES[fate]
        before = self.api.submissions
        if fault:
            options = dict(fault)
            order = self.api.fault(options.pop("kind"), on="create", **options)
        job = self.music.suno.create(text)
        self.jobs.append(job)
        await self.reach(job, JobState.PENDING)
        if fault:
            order.cancel()
        if self.api.submissions > before and fate in MAYBE:
            self.unknown += 10
            self.unpaid_unknown += 0 if is_charged else 10
        if how == "cancel":
            job.cancel()
        if how == "wait":
            await self.over(job)

    async def reach(self, job: MusicJob[Any], state: JobState) -> None:
        async for update in job.updates():
            if update.state is state:
                return

    async def over(self, job: MusicJob[Any]) -> None:
        try:
            await job
        except MusicError:
            assert job.done()

    @precondition(lambda self: any(j.state is JobState.UNKNOWN for j in self.jobs))
    @rule(is_again=st.booleans())
    def decide(self, *, is_again: bool) -> None:
        job = next(j for j in self.jobs if j.state is JobState.UNKNOWN)
        self.jobs.remove(job)

        async def decided() -> None:
            if is_again:
                await self.over(job.resubmit())
            else:
                job.give_up()

        self.run(decided())

    @rule(is_crash=st.booleans())
    def leave_and_resume(self, *, is_crash: bool) -> None:
        async def again() -> None:
            error = KeyError("crash") if is_crash else None
            await self.music.__aexit__(type(error) if error else None, error, None)

        self.run(again())
        self.enter()
        self.jobs = self.run(self.music.resume())

    @rule()
    def wait_for_all(self) -> None:
        async def waited() -> None:
            for job in self.jobs:
                await self.over(job)

        self.run(waited())

    @invariant()
    def the_books_balance(self) -> None:
        """All that was taken is in the journal, and no more but what is unknown."""
        if not self.is_entered:
            return
        # Whatever was posted before is written once this has been answered.
        self.run(self.music.spending())
        self.balance()

    def balance(self) -> None:
        found = self.rows().values()
        kept = sum(row["spent"] + row["reserved"] for row in found)
        # A task that failed gives its credits back before anybody has looked.
        held = {row["task_id"] for row in found if row["reserved"] > 0}
        early = sum(
            task.request.COST
            for task in self.api.tasks.values()
            if task.is_refunded and task.task_id in held
        )
        assert self.api.charged + early == kept - self.unpaid_unknown
        assert self.most is None or kept <= self.most

    def close(self) -> None:
        """Close what a kind of it has opened beside."""

    def teardown(self) -> None:
        self.run(self.music.__aexit__(None, None, None))
        self.balance()
        # What nobody will see end is in flight for as long as its kind takes.
        held = [row for row in self.rows().values() if row["slot"]]
        assert {"unknown", "cancelled"} >= {row["state"] for row in held}
        assert all(row["slot_until"] is not None for row in held)
        self.run(self.api.aclose())
        self.close()
        self.runner.close()
        shutil.rmtree(self.folder)


TestBought = Bought.TestCase
TestBought.settings = settings(SHARED, max_examples=50, stateful_step_count=25)


class BoughtOverPostgres(InPostgres, Bought):
    """The same, where the journal is in PostgreSQL."""

    def where(self) -> str:
        return pg_server.running().url(self.folder)


TestBoughtOverPostgres = pg_server.NEEDED(BoughtOverPostgres.TestCase)
TestBoughtOverPostgres.settings = settings(SHARED, max_examples=5)


BUYER = """
import asyncio, os, sys
from aiomusic.journal import NoCapacity, Ending, Entry, Event, Granted, Limits
from aiomusic.journal.sqlite import SqliteJournal

async def main(path, number):
    journal = SqliteJournal(path)
    await journal.open()
    limits = Limits(concurrency=3, max_credits=200)
    bought = 0
    for n in range(60):
        one = Entry(key=f"k{n}", kind="suno.create", provider="suno", request=None,
                    fingerprint=None, cost=10, metadata={}, made_at=1.0, now=1.0)
        [verdict] = await journal.admit([one], limits)
        while isinstance(verdict, NoCapacity):
            await asyncio.sleep(0)
            [verdict] = await journal.admit([one], limits)
        if isinstance(verdict, Granted):
            bought += 1
            await journal.note_sent(one.key, 1)
            print(one.key, flush=True)
            if number == 0 and bought == 2:
                os._exit(9)
            await journal.accept(one.key, 1, f"t{n}", 2.0)
            journal.end(one.key, 1, Ending(
                event=Event.SUCCEEDED, task_id=f"t{n}", now=3.0))
    await journal.aclose()

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


@pytest.mark.slow
def test_processes_that_share_a_file_buy_to_the_ceiling_and_no_further(
    tmp_path: Path,
) -> None:
    """Of four processes one dies with a job in hand: twenty are bought, none twice."""
    path = tmp_path / "songs.db"
    buyers = [
        subprocess.Popen(
            [sys.executable, "-c", BUYER, str(path), str(number)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]

    printed = [buyer.communicate(timeout=60)[0].split() for buyer in buyers]

    assert {0, 9} >= {buyer.returncode for buyer in buyers}
    bought = [key for keys in printed for key in keys]
    assert (20, 20) == (len(bought), len(set(bought)))
    assert set(bought) == {key for key, _ in rows(path)}
    slots, reserved, spent = totals(path)
    assert 200 == reserved + spent
    assert slots == sum(row["slot"] for row in rows(path).values())
