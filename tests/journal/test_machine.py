"""Whatever happens, in whatever order: no ceiling is passed, nothing counted twice."""

import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, TypeVar

import attrs
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
from journaling import FAST, crash, ending, entry, rows, totals

from aiomusic import JobState, MusicError, MusicJob, MusicSession
from aiomusic.emulator import Emulator, Pace
from aiomusic.journal import Busy, Entry, Granted, Known, Limits, OverBudget, Verdict
from aiomusic.journal.memory import MemoryJournal
from aiomusic.journal.sqlite import SqliteJournal
from aiomusic.testing import LeapingClock

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


@attrs.define(eq=False)
class Row:
    """What a purchase should look like in the journal."""

    cost: int
    state: str = "submitting"
    charged: str | None = None
    owner: int | None = None
    slot: int = 1
    reserved: int = 0
    spent: int = 0
    task_id: str | None = None
    is_sent: bool = False

    @property
    def is_open(self) -> bool:
        return self.state in {"submitting", "pending"}

    @property
    def is_waiting(self) -> bool:
        return self.state == "pending" and self.owner is None

    def leave(self) -> None:
        """Be left by a session that is gone."""
        if self.state == "submitting" and self.is_sent:
            self.end("unknown", "unknown")
        elif self.state == "submitting":
            self.end("failed", "no")
        self.owner, self.slot = None, 0

    def end(self, state: str, charged: str) -> None:
        self.state, self.charged = state, charged
        self.owner, self.slot, self.reserved = None, 0, 0
        self.spent = 0 if charged in {"no", "refunded"} else self.cost

    @property
    def seen(self) -> tuple[object, ...]:
        return (
            self.state,
            self.charged,
            self.slot,
            self.reserved,
            self.spent,
            self.task_id,
            self.owner is not None,
        )


def seen(row: dict[str, Any]) -> tuple[object, ...]:
    names = ("state", "charged", "slot", "reserved", "spent", "task_id")
    return (*(row[name] for name in names), row["owner"] is not None)


class TwoSessions(RuleBasedStateMachine):
    """Two sessions on one file buy, end, die and come back; a model predicts it all."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(dir=FAST))
        self.path = self.folder / "songs.db"
        self.journals: dict[int, SqliteJournal] = {}
        self.model: dict[tuple[str, int], Row] = {}
        self.limits = Limits(concurrency=1)
        # Names a life of a session: number of the session, number of the life.
        self.lives = {0: 0, 1: 1}
        self.dead: set[int] = set()
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
        self.lives[which] += 2
        self.journals[which] = SqliteJournal(self.path)
        self.run(self.journals[which].open())

    def settle(self, which: int) -> None:
        """Wait until what was posted is written."""
        self.run(self.journals[which].records())

    def reap(self) -> bool:
        found = [row for row in self.model.values() if row.owner in self.dead]
        for row in found:
            row.leave()
        return bool(found)

    def last(self, key: str) -> tuple[int, Row] | None:
        """Give the last purchase under a key, of those that were not unpaid if any."""
        found = {a: row for (k, a), row in self.model.items() if k == key}
        paid = [a for a, row in found.items() if row.charged != "no"]
        attempt = max(paid or found, default=0)
        return (attempt, found[attempt]) if attempt else None

    def fresh(self, key: str) -> int:
        """Give the number of the next purchase under a key."""
        return 1 + max((a for k, a in self.model if k == key), default=0)

    def predict(self, one: Entry) -> type[Verdict]:
        last, cost = self.last(one.key), one.cost
        if last is not None and last[1].charged != "no":
            is_over = not last[1].is_open and last[1].state != "succeeded"
            if one.attempt != last[0] + 1 or not (is_over or one.is_anew):
                return Known
        held = self.model.values()
        most = self.limits.max_credits
        spent = sum(row.spent for row in held)
        reserved = sum(row.reserved for row in held)
        stranded = sum(row.reserved for row in held if row.owner is None)
        if most is not None and spent + reserved + cost > most:
            return OverBudget if spent + stranded + cost > most else Busy
        if sum(row.slot for row in held) >= self.limits.concurrency:
            return Busy
        return Granted

    @rule(
        which=st.integers(0, 1),
        wanted=st.lists(
            st.tuples(st.sampled_from(KEYS), COSTS, st.integers(0, 2)),
            min_size=1,
            max_size=3,
        ),
    )
    def admit(self, which: int, wanted: list[tuple[str, int, int]]) -> None:
        entries = []
        for key, cost, wish in wanted:
            last = self.last(key)
            attempt = last[0] + 1 if last and wish else 0
            one = entry(key, cost=cost, attempt=attempt, is_anew=wish == 2)
            entries.append(one)

        verdicts = self.run(self.journals[which].admit(entries, self.limits))

        for one, verdict in zip(entries, verdicts, strict=False):
            expected = self.predict(one)
            last_row = self.last(one.key)
            is_met = expected is Known and last_row is not None and last_row[1].is_open
            if (is_met or expected is Busy) and self.reap():
                expected = self.predict(one)
            assert expected is type(verdict)
            if isinstance(verdict, Known):
                self.meet(one.key, which)
            if isinstance(verdict, Granted):
                assert verdict.attempt == self.fresh(one.key)
                self.model[one.key, verdict.attempt] = Row(
                    one.cost, owner=self.lives[which], reserved=one.cost
                )
                # Only a grant has to respect the slots: what is adopted is in flight.
                slots = sum(row.slot for row in self.model.values())
                assert slots <= self.limits.concurrency
        assert len(verdicts) == len(entries) or isinstance(verdicts[-1], Busy)

    def meet(self, key: str, which: int) -> None:
        """Follow the task of a key that comes again, if nobody does."""
        last = self.last(key)
        assert last is not None
        row = last[1]
        if row.is_waiting:
            row.owner, row.slot = self.lives[which], int(row.cost > 0)

    def pick(self, data: st.DataObject) -> tuple[str, int]:
        return data.draw(st.sampled_from(sorted(self.model)))

    @precondition(lambda self: self.model)
    @rule(data=st.data(), is_refused=st.booleans())
    def send(self, data: st.DataObject, *, is_refused: bool) -> None:
        """Its create leaves; or it is refused, which buys nothing."""
        key, attempt = self.pick(data)
        row = self.model[key, attempt]
        owners = [w for w, life in self.lives.items() if life == row.owner]
        for which in owners:
            self.journals[which].note_sent(key, attempt)
            if is_refused:
                self.journals[which].note_unsent(key, attempt)
            row.is_sent = not is_refused

    @precondition(lambda self: self.model)
    @rule(which=st.integers(0, 1), data=st.data())
    def accept(self, which: int, data: st.DataObject) -> None:
        """The service has answered; or a callback brings an unknown job home."""
        key, attempt = self.pick(data)
        row = self.model[key, attempt]
        self.tasks += 1
        task_id = f"t-{self.tasks}"

        self.run(self.journals[which].accept(key, attempt, task_id, 105.0))

        if row.is_open or row.state == "unknown":
            row.state, row.charged, row.task_id = "pending", None, task_id
            row.owner, row.slot = self.lives[which], 1

    @precondition(lambda self: self.model)
    @rule(
        which=st.integers(0, 1),
        data=st.data(),
        charged=st.sampled_from(["yes", "no", "refunded", "unknown"]),
        times=st.integers(1, 2),
    )
    def end(self, which: int, data: st.DataObject, charged: str, times: int) -> None:
        """Be over as it may; to be told so again changes nothing."""
        state = {"yes": "succeeded", "unknown": "unknown"}.get(charged, "failed")
        key, attempt = self.pick(data)
        row = self.model[key, attempt]

        for _ in range(times):
            self.journals[which].end(key, attempt, ending(charged, state))
        self.settle(which)

        # What is unknown to one may have its task from another.
        if row.is_open and (state != "unknown" or row.task_id is None):
            row.end(state, charged)

    @precondition(lambda self: self.model)
    @rule(which=st.integers(0, 1), data=st.data())
    def release(self, which: int, data: st.DataObject) -> None:
        key, attempt = self.pick(data)
        row = self.model[key, attempt]

        self.journals[which].release(key, attempt)
        self.settle(which)

        if row.owner == self.lives[which] and row.task_id is not None:
            row.owner, row.slot = None, 0

    @precondition(lambda self: self.model)
    @rule(which=st.integers(0, 1), data=st.data())
    def give_up(self, which: int, data: st.DataObject) -> None:
        key, attempt = self.pick(data)
        row = self.model[key, attempt]

        self.journals[which].give_up(key, attempt, 120.0)
        self.settle(which)

        if row.state == "unknown":
            row.state = "cancelled"

    @rule(which=st.integers(0, 1), key=st.none() | st.sampled_from(KEYS))
    def adopt(self, which: int, key: str | None) -> None:
        found = self.run(self.journals[which].adopt(200.0, key))

        self.reap()
        lasts = {(k, last[0]) for k in KEYS if (last := self.last(k)) is not None}
        # A task that is paid for is taken up, whatever was bought after it.
        waiting = {at for at, row in self.model.items() if row.is_waiting}
        unknown = {at for at in lasts if self.model[at].state == "unknown"}
        due = waiting | unknown
        if key is not None:
            due = {at for at in due & lasts if at[0] == key}
        assert due == {(one.key, one.attempt) for one in found}
        for one in due:
            row = self.model[one]
            if row.is_open:
                row.owner, row.slot = self.lives[which], int(row.cost > 0)

    @rule(which=st.integers(0, 1))
    def close(self, which: int) -> None:
        """Leave well, and come back."""
        self.run(self.journals[which].aclose())
        for row in self.model.values():
            if row.owner == self.lives[which]:
                row.leave()
        self.open(which)

    @rule(which=st.integers(0, 1))
    def die(self, which: int) -> None:
        """Leave nothing but the rows, and come back as another."""
        self.run(crash(self.journals[which]))
        self.dead.add(self.lives[which])
        self.open(which)

    @invariant()
    def the_ceiling_holds(self) -> None:
        most = self.limits.max_credits
        if self.journals:
            _, reserved, spent = totals(self.path)
            assert most is None or spent + reserved <= most

    @invariant()
    def the_totals_are_those_of_the_rows(self) -> None:
        if self.journals:
            found = rows(self.path).values()
            sums = [sum(r[n] for r in found) for n in ("slot", "reserved", "spent")]
            assert sums == [*totals(self.path)]

    @invariant()
    def every_row_is_as_predicted(self) -> None:
        if self.journals:
            found = {at: seen(row) for at, row in rows(self.path).items()}
            assert {at: row.seen for at, row in self.model.items()} == found

    def teardown(self) -> None:
        for journal in self.journals.values():
            self.run(journal.aclose())
        self.runner.close()
        shutil.rmtree(self.folder)


TestTwoSessions = TwoSessions.TestCase
TestTwoSessions.settings = SHARED


class WithoutAFile(RuleBasedStateMachine):
    """The limits of a session that keeps no journal, whatever its jobs do."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.journal = MemoryJournal()
        self.limits = Limits(concurrency=1)
        self.held: dict[tuple[str, int], int] = {}
        self.spent = 0

    @initialize(concurrency=st.integers(1, 4), most=st.none() | st.integers(0, 45))
    def begin(self, concurrency: int, most: int | None) -> None:
        self.limits = Limits(concurrency=concurrency, max_credits=most)

    @rule(key=st.sampled_from(KEYS), cost=COSTS, attempt=st.integers(0, 2))
    def admit(self, key: str, cost: int, attempt: int) -> None:
        asked = [entry(key, cost=cost, attempt=attempt)]
        most = self.limits.max_credits
        is_over = most is not None and self.spent + cost > most
        is_dear = (
            most is not None and self.spent + sum(self.held.values()) + cost > most
        )
        is_full = len(self.held) >= self.limits.concurrency

        [verdict] = self.runner.run(self.journal.admit(asked, self.limits))

        assert is_over == isinstance(verdict, OverBudget)
        assert (not is_over and (is_dear or is_full)) == isinstance(verdict, Busy)
        if isinstance(verdict, Granted):
            assert (key, verdict.attempt) not in self.held
            self.held[key, verdict.attempt] = cost

    @precondition(lambda self: self.held)
    @rule(
        data=st.data(),
        how=st.sampled_from(["yes", "no", "refunded", "unknown", "release"]),
    )
    def end(self, data: st.DataObject, how: str) -> None:
        key, attempt = data.draw(st.sampled_from(sorted(self.held)))
        cost = self.held.pop((key, attempt))
        for _ in range(2):
            if how == "release":
                self.journal.release(key, attempt)
            else:
                self.journal.end(key, attempt, ending(how))
        self.spent += 0 if how in {"no", "refunded"} else cost

    @rule()
    def open_again(self) -> None:
        self.runner.run(self.journal.aclose())
        self.runner.run(self.journal.open())
        self.spent += sum(self.held.values())
        self.held.clear()

    @invariant()
    def the_books_tell_what_happened(self) -> None:
        journal, most = self.journal, self.limits.max_credits
        assert (len(self.held), sum(self.held.values()), self.spent) == (
            journal.in_flight,
            journal.reserved,
            journal.spent,
        )
        assert most is None or journal.spent + journal.reserved <= most
        assert journal.in_flight <= self.limits.concurrency

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
        self.path = self.folder / "songs.db"
        self.api = Emulator(credits=10_000, pace=Pace.polls(), media=False)
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
            clock=LeapingClock(),
            journal=self.path,
            max_credits=self.most,
        )
        self.run(self.music.__aenter__())

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
        if not self.path.exists():
            return
        # Whatever was posted before is written once this has been answered.
        self.run(self.music.spending())
        self.balance()

    def balance(self) -> None:
        found = rows(self.path).values()
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

    def teardown(self) -> None:
        self.run(self.music.__aexit__(None, None, None))
        self.balance()
        assert 0 == totals(self.path)[0]
        self.run(self.api.aclose())
        self.runner.close()
        shutil.rmtree(self.folder)


TestBought = Bought.TestCase
TestBought.settings = settings(SHARED, max_examples=50, stateful_step_count=25)


BUYER = """
import asyncio, os, sys
from aiomusic.journal import Busy, Ending, Entry, Granted, Limits
from aiomusic.journal.sqlite import SqliteJournal

async def main(path, number):
    journal = SqliteJournal(path)
    await journal.open()
    limits = Limits(concurrency=3, max_credits=200)
    bought = 0
    for n in range(60):
        one = Entry(key=f"k{n}", kind="suno.create", provider="suno", request=None,
                    fingerprint=None, cost=10, metadata={}, made_at=1.0, now=1.0)
        while isinstance(verdict := (await journal.admit([one], limits))[0], Busy):
            await asyncio.sleep(0)
        if isinstance(verdict, Granted):
            bought += 1
            journal.note_sent(one.key, 1)
            print(one.key, flush=True)
            if number == 0 and bought == 2:
                os._exit(9)
            await journal.accept(one.key, 1, f"t{n}", 2.0)
            journal.end(one.key, 1, Ending(
                state="succeeded", is_charged=True, charged="yes", now=3.0))
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
