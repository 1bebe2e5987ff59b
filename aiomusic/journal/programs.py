"""
What a journal does with its database, as programs that do no I/O themselves.

A program is a generator: it yields statements and is sent the rows that each of them
gives.  A thread drives them against SQLite; a network database is driven by awaits.
All that changes a purchase goes through `transition`, and so through the one table in
`aiomusic.journal.policy`.
"""

import contextlib
import functools
import json
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar, final

import attrs

from aiomusic._job import JobState
from aiomusic.journal import (
    OPEN_STATES,
    Damaged,
    Entry,
    Granted,
    KnownKey,
    Limits,
    NoCapacity,
    OverBudget,
    Record,
    Verdict,
)
from aiomusic.journal.packing import PACKED
from aiomusic.journal.policy import Change, Event, Row, Stage, apply, may_begin
from aiomusic.journal.rows import (
    MAX_INTEGER,
    DamagedRow,
    columns,
    dump,
    entered,
    integer,
    money,
    readable,
    record,
    shown_cell,
    unsent,
)
from aiomusic.journal.sql_syntax import SqlSyntax
from aiomusic.journal.tags import tag_text

__all__ = [
    "Context",
    "Moved",
    "Program",
    "Statement",
    "admit",
    "attach",
    "begin",
    "claim",
    "draw",
    "enqueue",
    "find",
    "find_lost",
    "find_task",
    "hold",
    "is_granted",
    "keep",
    "leave",
    "mark",
    "note_balance",
    "note_files",
    "note_held",
    "owners",
    "pack_all",
    "recall",
    "transition",
    "unbegin",
]

R = TypeVar("R")

SET_BACK_S = 5.0
# Who has not asked for so long does not wait any more.
WAITING_S = 5.0

PAGE_ROWS = 1_000
# Stands for bytes that are no UTF-8.
BAD = "\ufffd"
# So many are written by one statement: SQLite takes 999 values.
TAGS_TOGETHER = 100

Statement: TypeAlias = tuple[str, Mapping[str, Any]]
Rows: TypeAlias = Sequence[Mapping[str, Any]]
Program: TypeAlias = Generator[Statement, Rows, R]

# The last purchase under a key; one that was refused unpaid, or never sent, hides none
# before it.
LAST_ATTEMPT = (
    "attempt = (SELECT coalesce(max(CASE WHEN state <> 'queued'"
    " AND (charged IS NULL OR charged <> 'no') THEN attempt END), max(attempt))"
    " FROM jobs AS j WHERE j.account = jobs.account AND j.key = jobs.key)"
)
# As the partial indexes have them: only so are they used.
OPEN = f"state IN {OPEN_STATES!r}"
UNSETTLED = "state IN ('queued', 'unknown')"
# Where one purchase stands, and where those under a key do.
PURCHASE = "account = :account AND key = :key AND attempt = :attempt"
KEYED = "account = :account AND key = :key"
# Not looked for by itself: one account may have all rows.
MINE = "+account = :account"


def _sums(*columns: str) -> str:
    """Add up whole numbers to one: PostgreSQL makes decimals of them."""
    return ", ".join(
        f"CAST(coalesce(sum({column}), 0) AS BIGINT) AS {column}" for column in columns
    )


_STRANDED = (
    f"SELECT {_sums('reserved')} FROM jobs WHERE {OPEN} AND owner IS NULL AND {MINE}"
)
# What limits are held against, of an account's totals.
_SUMS = f"{_sums('slots', 'reserved', 'spent')}, ({_STRANDED}) AS stranded"
_LEASE_OVER = "slot_until IS NOT NULL AND slot_until <= :now"
WHOLE = "*, (SELECT name FROM accounts WHERE id = jobs.account) AS account_name"


class Context(Protocol):
    """What a program must know of the session that it works for."""

    @property
    def owner(self) -> str:
        """The session's name."""

    @property
    def account(self) -> int:
        """The account that it works for."""

    @property
    def sql(self) -> SqlSyntax:
        """What its database spells in its own way."""

    def is_sent(self, found: Mapping[str, Any]) -> bool:
        """Check whether the create's body of a row may have left, by its mark."""

    def dead_owners(self) -> Program[set[str]]:
        """Return the sessions that own rows and are gone."""


@final
@attrs.frozen
class Moved:
    """
    What an event found, and left.

    Attributes:
        row: The row as it is afterwards; None: there is none.
        is_own: Whether it is that of the purchase which was named, and not that of
            the task, which may be known under another key.
    """

    row: Row | None = None
    is_own: bool = True

    @property
    def is_mark_over(self) -> bool:
        """Whether the purchase needs no mark any more: its row tells by itself."""
        row = self.row
        is_told = row is not None and row.stage not in {Stage.GRANTED, Stage.SENT}
        return self.is_own and is_told


def transition(
    me: Context,
    key: str,
    attempt: int,
    change: Change,
    facts: Mapping[str, Any] | None = None,
) -> Program[Moved]:
    """
    Apply an event to a purchase.

    Args:
        facts: Columns to set beside it, if it changes the row.

    Raises:
        DamagedRow: What the row holds can't be.
    """
    found = yield (
        f"SELECT {me.sql.money} FROM jobs WHERE {PURCHASE}",
        {"account": me.account, "key": key, "attempt": attempt},
    )
    is_seen = change.event in {Event.SUCCEEDED, Event.FAILED}
    if not found or (is_seen and found[0]["task_id"] is None):
        # A task that was attached may be known under another key.
        which = f"task_id = :task_id AND {MINE}"
        which += " ORDER BY rowid DESC LIMIT 1"
        task = {"task_id": change.task_id, "account": me.account}
        others = yield f"SELECT {me.sql.money} FROM jobs WHERE {which}", task
        if others:
            other = yield from _change(me, others[0], change, facts)
            return Moved(other, is_own=False)
    if not found:
        return Moved()
    return Moved((yield from _change(me, found[0], change, facts)))


def is_granted(me: Context, key: str, attempt: int) -> Program[bool]:
    """
    Check whether a create may leave.

    Raises:
        DamagedRow: Stage or owner of its row can't be.
    """
    found = yield (
        f"SELECT key, task_id, state, owner FROM jobs WHERE {PURCHASE}",
        {"account": me.account, "key": key, "attempt": attempt},
    )
    return bool(found) and may_begin(unsent(found[0]), found[0]["owner"], me.owner)


def begin(me: Context, key: str, attempt: int) -> Program[bool]:
    """Mark that a create is about to leave, in its row; return whether it may."""
    marked = yield from _mark(me, key, attempt, is_begun=True)
    return bool(marked)


def unbegin(me: Context, key: str, attempt: int) -> Program[None]:
    """Take the mark of a create back, which was refused and bought nothing."""
    yield from _mark(me, key, attempt, is_begun=False)


def _mark(me: Context, key: str, attempt: int, *, is_begun: bool) -> Program[Rows]:
    return (
        yield (
            # As `may_begin` has it.
            (
                f"UPDATE jobs SET begun = :begun WHERE {PURCHASE} AND owner = :owner"
                " AND state = 'submitting' RETURNING attempt"
            ),
            {
                "begun": is_begun,
                "account": me.account,
                "key": key,
                "attempt": attempt,
                "owner": me.owner,
            },
        )
    )


def _change(
    me: Context,
    found: Mapping[str, Any],
    change: Change,
    facts: Mapping[str, Any] | None = None,
) -> Program[Row]:
    key, attempt = found["key"], found["attempt"]

    old = money(found, is_sent=lambda: me.is_sent(found))
    new = apply(old, change)
    if new is old:
        return old
    # What stays is not set: its indexes, and the totals, need not follow.
    values = {k: v for k, v in columns(new).items() if v != found[k]}
    values.update(_packed(me, facts or {}))
    if not values:
        return new
    changed = yield (
        _updating(tuple(values)),
        {**values, "account": found["account"], "key": key, "attempt": attempt},
    )
    assert len(changed) == 1
    return new


def _packed(me: Context, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return columns as the database holds them."""
    return {
        name: me.sql.pack(value) if value and name in PACKED else value
        for name, value in values.items()
    }


@functools.cache
def _updating(names: tuple[str, ...]) -> str:
    sets = ", ".join(f"{name} = :{name}" for name in names)
    return f"UPDATE jobs SET {sets} WHERE {PURCHASE} RETURNING attempt"


def _change_each(me: Context, rows: Rows, change: Change) -> Program[None]:
    """Apply an event to rows; one that is damaged stays, and keeps no other."""
    for found in rows:
        with contextlib.suppress(DamagedRow):
            yield from _change(me, found, change)


def admit(
    me: Context, entries: Sequence[Entry], limits: Limits
) -> Program[tuple[list[Verdict], set[str]]]:
    """Judge jobs in their order; return the verdicts, and which dead were settled."""
    verdicts: list[Verdict] = []
    dead: set[str] = set()
    now = max((entry.now for entry in entries), default=0.0)
    yield from _limit(limits.by_tag)
    line, capacity = yield from _survey(me, now)
    for entry in entries:
        verdict = yield from _judge(me, entry, limits, capacity)
        if _may_have_died(verdict):
            gone = yield from _settle_dead(me, entry.now)
            dead |= gone
            if gone:
                yield from capacity.read(me)
                verdict = yield from _judge(me, entry, limits, capacity)
        if isinstance(verdict, KnownKey) and verdict.record.is_open:
            # It takes its slot again before another is granted one.
            verdict = yield from _take_up(me, verdict.record, entry.now)
            yield from capacity.read(me)
        if isinstance(verdict, NoCapacity):
            verdict = (yield from _damaged_slots(me)) or NoCapacity(line.ahead)
        verdicts.append(verdict)
        if isinstance(verdict, NoCapacity):
            break
    yield from _stand_in_line(me, now, line, verdicts)
    return verdicts, dead


@final
@attrs.frozen
class _Line:
    """
    Where a session stands among those that wait for a slot.

    Attributes:
        ahead: How many others have waited for longer.
        since: Since when it has waited itself; None: it does not.
    """

    ahead: int
    since: float | None


def _stand_in_line(
    me: Context, now: float, line: _Line, verdicts: Sequence[Verdict]
) -> Program[None]:
    """Keep the place of a session that has to wait; who got something waits again."""
    where: dict[str, Any] = {"account": me.account, "owner": me.owner}
    if not (verdicts and isinstance(verdicts[-1], NoCapacity)):
        if line.since is not None:
            which = "account = :account AND owner = :owner"
            yield f"DELETE FROM waiters WHERE {which}", where
        return
    was_served = any(isinstance(one, Granted) for one in verdicts)
    since = now if line.since is None or was_served else line.since
    yield (
        (
            "INSERT INTO waiters (account, owner, since, until) VALUES (:account,"
            " :owner, :since, :until) ON CONFLICT (account, owner) DO UPDATE SET"
            " since = :since, until = :until"
        ),
        {**where, "since": since, "until": now + WAITING_S},
    )


def _damaged_slots(me: Context) -> Program[Damaged | None]:
    """Find a row that holds more slots than a purchase can: they are never freed."""
    open_rows = f"SELECT count(*) FROM jobs WHERE {OPEN}"
    leased = "SELECT count(*) FROM jobs WHERE slot_until IS NOT NULL"
    slots = "SELECT CAST(coalesce(sum(slots), 0) AS BIGINT) FROM totals"
    count = f"SELECT ({open_rows}) + ({leased}) AS most, ({slots}) AS slots"
    [found] = yield count, {}
    if found["slots"] <= found["most"]:
        return None
    rows = yield (
        f"SELECT {me.sql.money} FROM jobs WHERE slot NOT IN (0, 1) LIMIT 1",
        {},
    )
    for one in rows:
        return Damaged(str(DamagedRow(one, f"slot is {shown_cell(one['slot'])}")))
    return None


def _may_have_died(verdict: Verdict) -> bool:
    """Check whether it may be otherwise once the dead are reaped."""
    is_open = isinstance(verdict, KnownKey) and verdict.record.is_open
    return is_open or isinstance(verdict, NoCapacity)


def _end_leases(me: Context, now: float) -> Program[None]:
    """Free the slots of tasks that nobody sees end, when their time has passed."""
    which = f"SELECT {me.sql.money} FROM jobs WHERE {_LEASE_OVER}"
    over = yield which, {"now": now}
    yield from _change_each(me, over, Change(event=Event.LEASE_OVER, now=now))


@final
@attrs.define
class _Capacity:
    """
    What limits are held against: an account's slots and credits.

    Attributes:
        ahead: How many slots, when they are free, are for others first.
    """

    ahead: int = 0
    slots: int = 0
    reserved: int = 0
    spent: int = 0
    stranded: int = 0

    def read(self, me: Context) -> Program[None]:
        """Read it again."""
        where = {"account": me.account}
        [found] = yield f"SELECT {_SUMS} FROM totals WHERE account = :account", where
        self.take_in(found)

    def take_in(self, found: Mapping[str, Any]) -> None:
        """Know what a statement has found."""
        self.slots, self.reserved = found["slots"], found["reserved"]
        self.spent, self.stranded = found["spent"], found["stranded"]

    def take(self, row: Row) -> None:
        """Count a row that has been granted since."""
        self.slots += row.has_slot
        self.reserved += row.reserved

    def refuse(self, cost: int, limits: Limits) -> Verdict | None:
        """Return what stands against another purchase; None: nothing."""
        return limits.refuse(
            cost,
            slots=self.slots + self.ahead,
            reserved=self.reserved,
            spent=self.spent,
            stranded=self.stranded,
        )


def _survey(me: Context, now: float) -> Program[tuple[_Line, _Capacity]]:
    """Find out, in one statement, who waits and what limits are held against."""
    # What is free is for those first who came first.
    living = "account = :account AND until > :now AND since <= :now"
    mine = f"SELECT since FROM waiters WHERE {living} AND owner = :owner"
    before = f"(since, owner) < (coalesce(({mine}), :now + 1.0), :owner)"
    ahead = f"SELECT count(*) FROM waiters WHERE {living} AND {before}"
    over = f"SELECT 1 FROM jobs WHERE {_LEASE_OVER}"
    [found] = yield (
        (
            f"SELECT ({ahead}) AS ahead, ({mine}) AS since, {_SUMS},"
            f" CASE WHEN EXISTS ({over}) THEN 1 ELSE 0 END AS is_any_over"
            " FROM totals WHERE account = :account"
        ),
        {"account": me.account, "now": now, "owner": me.owner},
    )
    capacity = _Capacity(ahead=found["ahead"])
    capacity.take_in(found)
    if found["is_any_over"]:
        yield from _end_leases(me, now)
        yield from capacity.read(me)
    return _Line(found["ahead"], found["since"]), capacity


def _judge(
    me: Context, entry: Entry, limits: Limits, capacity: _Capacity
) -> Program[Verdict]:
    told = "attempt, state, owner, fingerprint, cost, metadata"
    rows = yield (
        f"SELECT {told} FROM jobs WHERE {KEYED} LIMIT 2",
        {"account": me.account, "key": entry.key},
    )
    is_waiting = len(rows) == 1 and _is_waiting_here(me, entry, rows[0])
    if rows and not is_waiting:
        return (yield from _judge_known(me, entry, limits, capacity))
    if (refused := (yield from _refused(me, entry, limits, capacity))) is not None:
        return refused
    granted = _granted(me, entry)
    if is_waiting:
        # What stays as `enqueue` wrote it is not set: its indexes need not follow.
        before = columns(_waiting(me, entry))
        values = {k: v for k, v in columns(granted).items() if v != before[k]}
        values["lease_s"] = entry.lease_s
        values["balance_before"] = integer(entry.balance)
        which = {"account": me.account, "key": entry.key, "attempt": 1}
        yield _updating(tuple(values)), {**values, **which}
    else:
        yield from _enter(me, entry, 1, granted)
    capacity.take(granted)
    return Granted(1)


def _is_waiting_here(me: Context, entry: Entry, row: Mapping[str, Any]) -> bool:
    """Check whether a row, as it stands, is the job's own, which has waited here."""
    is_first = (row["attempt"], row["state"]) == (1, JobState.QUEUED)
    told = (row["owner"], row["fingerprint"], row["cost"])
    is_own = told == (me.owner, entry.fingerprint, entry.cost)
    return is_first and is_own and row["metadata"] == dump(dict(entry.metadata))


def _judge_known(
    me: Context, entry: Entry, limits: Limits, capacity: _Capacity
) -> Program[Verdict]:
    """Judge a job whose key has rows."""
    try:
        last = yield from find(me.account, entry.key, None)
    except DamagedRow as error:
        return Damaged(str(error))
    if last is not None and not _is_free(me, last) and not _is_wanted(entry, last):
        return KnownKey(last)
    if (refused := (yield from _refused(me, entry, limits, capacity))) is not None:
        return refused
    if last is not None and last.state is JobState.QUEUED:
        yield from _drop_row(me, last)
        attempt = last.attempt
    else:
        attempt = yield from _next_attempt(me, entry.key)
    yield from _enter(me, entry, attempt, _granted(me, entry))
    yield from capacity.read(me)
    return Granted(attempt)


def _granted(me: Context, entry: Entry) -> Row:
    change = Change(event=Event.GRANTED, now=entry.now, by=me.owner)
    return apply(_waiting(me, entry), change)


def _refused(
    me: Context, entry: Entry, limits: Limits, capacity: _Capacity
) -> Program[Verdict | None]:
    """Return what stands against a purchase; None: nothing."""
    over = yield from _over_tag(me, entry, limits)
    return over or capacity.refuse(entry.cost, limits)


def _limit(names: Mapping[str, int]) -> Program[None]:
    """Count every job under the names that have a ceiling, from now on and before."""
    if not names:
        return
    known = yield "SELECT name FROM limited", {}
    new = {name for name in names if name not in {row["name"] for row in known}}
    for name in new:
        yield "INSERT INTO limited (name) VALUES (:name)", {"name": name}
    place: dict[str, Any] = {"account": 0, "key": "", "attempt": 0}
    while new:
        rows = yield (
            (
                "SELECT account, key, attempt, metadata FROM jobs WHERE"
                " (account, key, attempt) > (:account, :key, :attempt)"
                f" ORDER BY account, key, attempt LIMIT {PAGE_ROWS}"
            ),
            place,
        )
        tags: list[dict[str, Any]] = []
        for row in rows:
            place = {name: row[name] for name in place}
            tags += _tags(place, _metadata(row["metadata"]), new)
        yield from _tag(tags)
        if len(rows) < PAGE_ROWS:
            return


def _metadata(text: str) -> Mapping[str, object]:
    """Return a row's metadata; of one that is damaged, none."""
    try:
        found = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _tags(
    where: Mapping[str, Any], metadata: Mapping[str, object], names: Iterable[str]
) -> list[dict[str, Any]]:
    """Return the rows under which ceilings count a job."""
    return [
        {**where, "name": name, "value": tag_text(metadata[name])}
        for name in names
        if name in metadata
    ]


def _tag(tags: Sequence[Mapping[str, Any]]) -> Program[None]:
    for start in range(0, len(tags), TAGS_TOGETHER):
        some = tags[start : start + TAGS_TOGETHER]
        values = {f"{name}{n}": one[name] for n, one in enumerate(some) for name in one}
        yield _tagging(len(some)), values


@functools.cache
def _tagging(count: int) -> str:
    names = ("account", "name", "value", "key", "attempt")
    rows = (", ".join(f":{name}{n}" for name in names) for n in range(count))
    return f"INSERT INTO tags ({', '.join(names)}) VALUES ({'), ('.join(rows)})"


def _over_tag(me: Context, entry: Entry, limits: Limits) -> Program[OverBudget | None]:
    """Return the first ceiling of the entry's tags that it would break."""
    for name in limits.by_tag:
        if name not in entry.metadata:
            continue
        value = tag_text(entry.metadata[name])
        [found] = yield (
            (
                f"SELECT {_sums('reserved', 'spent')} FROM tags JOIN jobs ON"
                " jobs.account = tags.account AND jobs.key = tags.key AND jobs.attempt"
                " = tags.attempt WHERE tags.account = :account AND tags.name = :name"
                " AND tags.value = :value"
            ),
            {"account": me.account, "name": name, "value": value},
        )
        taken = found["reserved"] + found["spent"]
        refused = limits.refuse_tag(entry.cost, (name, value), taken)
        if refused is not None:
            return refused
    return None


def _is_free(me: Context, last: Record) -> bool:
    """Check whether nothing was ever bought under a key, as its last row tells."""
    if last.state is JobState.QUEUED:
        return not last.is_followed or last.owner == me.owner
    return last.charged == "no"


def _is_wanted(entry: Entry, last: Record) -> bool:
    """Check whether to buy again under a key."""
    # What was unknown may have been recovered since its owner asked to send it again.
    is_over = not last.is_open and last.state is not JobState.SUCCEEDED
    return entry.attempt == last.attempt + 1 and (is_over or entry.force_new)


def _next_attempt(me: Context, key: str) -> Program[int]:
    [found] = yield (
        f"SELECT coalesce(max(attempt), 0) + 1 AS attempt FROM jobs WHERE {KEYED}",
        {"account": me.account, "key": key},
    )
    return int(found["attempt"])


def _drop_row(me: Context, record: Record) -> Program[None]:
    """Make room for the same purchase, which is written down whole again."""
    where = {"account": me.account, "key": record.key, "attempt": record.attempt}
    yield f"DELETE FROM jobs WHERE {PURCHASE} AND state = 'queued'", where
    yield f"DELETE FROM tags WHERE {PURCHASE}", where


def _fresh(entry: Entry) -> Row:
    return Row(stage=Stage.QUEUED, cost=entry.cost, lease_s=entry.lease_s)


def _waiting(me: Context, entry: Entry) -> Row:
    """Return the row of a job that waits here to be sent."""
    return Row(
        stage=Stage.QUEUED, cost=entry.cost, owner=me.owner, lease_s=entry.lease_s
    )


def _enter(me: Context, entry: Entry, attempt: int, row: Row) -> Program[None]:
    """Write down a job that is new, and what its ceilings count it under."""
    yield _insert(me, entry, attempt, row)
    yield from _tag_all(me, entry, attempt)


def _tag_all(me: Context, entry: Entry, attempt: int) -> Program[None]:
    if not entry.metadata:
        return
    names = yield "SELECT name FROM limited", {}
    where = {"account": me.account, "key": entry.key, "attempt": attempt}
    yield from _tag(_tags(where, entry.metadata, [one["name"] for one in names]))


def _insert(me: Context, entry: Entry, attempt: int, row: Row) -> Statement:
    values = {"account": me.account, **_packed(me, entered(entry, attempt, row))}
    return _inserting(tuple(values)), values


@functools.cache
def _inserting(names: tuple[str, ...]) -> str:
    marks = ", ".join(f":{name}" for name in names)
    return f"INSERT INTO jobs ({', '.join(names)}) VALUES ({marks})"


def _take_up(me: Context, record: Record, now: float) -> Program[KnownKey]:
    """Follow an open job, if no session does."""
    if record.is_followed or record.task_id is None:
        return KnownKey(record)
    change = Change(event=Event.TAKEN_UP, now=now, by=me.owner)
    yield from transition(me, record.key, record.attempt, change)
    return KnownKey(record, is_taken_up=True)


def enqueue(me: Context, entry: Entry) -> Program[None]:
    """Write down a job that waits, unless its key is known."""
    # A key that is known has a first purchase.
    statement, values = _insert(me, entry, 1, _waiting(me, entry))
    statement += " ON CONFLICT (account, key, attempt) DO NOTHING RETURNING attempt"
    added = yield statement, values
    if added:
        yield from _tag_all(me, entry, 1)


def hold(me: Context, entries: Sequence[Entry]) -> Program[list[Record | None]]:
    """Write down jobs that nobody follows; return what keys have that are used."""
    known: list[Record | None] = []
    for entry in entries:
        where = {"account": me.account, "key": entry.key}
        found = yield from _select(f"{KEYED} AND {LAST_ATTEMPT}", where)
        last = found[0] if found else None
        if last is not None and not (last.owner is None and _is_free(me, last)):
            known.append(last)
            continue
        if last is not None and last.state is JobState.QUEUED:
            yield from _drop_row(me, last)
        attempt = yield from _next_attempt(me, entry.key)
        yield from _enter(me, entry, attempt, _fresh(entry))
        known.append(None)
    return known


def note_held(account: int, key: str, error: str) -> Program[None]:
    """Keep why a job that is held was not sent."""
    yield (
        (
            f"UPDATE jobs SET error = :error WHERE {KEYED} AND {LAST_ATTEMPT}"
            " AND state = 'queued' AND owner IS NULL"
        ),
        {"account": account, "key": key, "error": error},
    )


def attach(me: Context, entry: Entry, task_id: str) -> Program[None]:
    """Write down a task that was made elsewhere, or whose create's answer was lost."""
    known = yield from find(me.account, entry.key, None)
    if known is not None and known.task_id is None:
        change = Change(event=Event.FOUND, now=entry.now, by=me.owner, task_id=task_id)
        yield from transition(me, entry.key, known.attempt, change, {"error": None})
        return
    known = known or (yield from find_task(me.account, entry.provider, task_id))
    if known is None:
        row = Row(
            stage=Stage.TASK,
            cost=0,
            owner=me.owner,
            task_id=task_id,
            sent_at=entry.now,
            lease_s=entry.lease_s,
        )
        yield from _enter(me, entry, 1, row)


def find_lost(
    me: Context, key: str, attempt: int, task_id: str, now: float
) -> Program[Moved]:
    """Assign a task to a purchase whose answer was lost, unless it is another's."""
    others = yield (
        f"SELECT key, attempt FROM jobs WHERE task_id = :task_id AND {MINE}",
        {"task_id": task_id, "account": me.account},
    )
    if any((one["key"], one["attempt"]) != (key, attempt) for one in others):
        return Moved()
    change = Change(event=Event.ACCEPTED, now=now, by=me.owner, task_id=task_id)
    yield from transition(me, key, attempt, change)
    change = attrs.evolve(change, event=Event.FOUND)
    return (yield from transition(me, key, attempt, change, {"error": None}))


def leave(me: Context, owner: str, event: Event, now: float) -> Program[int]:
    """Apply the end of a session to all its rows; return how many there were."""
    rows = yield (
        f"SELECT {me.sql.money} FROM jobs WHERE owner = :owner",
        {"owner": owner},
    )
    yield from _change_each(me, rows, Change(event=event, now=now, by=owner))
    yield "DELETE FROM waiters WHERE owner = :owner", {"owner": owner}
    return len(rows)


def _settle_dead(me: Context, now: float) -> Program[set[str]]:
    """Settle what sessions that died have left; return their names."""
    gone = yield from me.dead_owners()
    for name in gone:
        yield from leave(me, name, Event.DIED, now)
    return gone


def claim(
    me: Context, now: float, key: str | None = None, limit: int | None = None
) -> Program[tuple[list[Record], set[str]]]:
    """
    Take over what nobody follows, and return it with what is unknown or held.

    Args:
        limit: Take only so many tasks, and nothing else; None: all.
    """
    dead = yield from _settle_dead(me, now)
    # A task that is paid for is taken up whatever was bought after it.
    tasks = f"{OPEN} AND owner IS NULL AND task_id IS NOT NULL"
    unsettled = (
        f"{UNSETTLED} AND (state = 'unknown' OR owner IS NULL) AND {LAST_ATTEMPT}"
    )
    values: dict[str, Any] = {"account": me.account}
    if limit is not None:
        which = f"{tasks} AND {MINE}"
    elif key is None:
        which = f"({tasks} OR {unsettled}) AND {MINE}"
    else:
        which = f"{KEYED} AND ({tasks} AND {LAST_ATTEMPT} OR {unsettled})"
        values["key"] = key
    found = yield from _select(which, values, limit)
    change = Change(event=Event.TAKEN_UP, now=now, by=me.owner)
    for one in found:
        if one.damage is None:
            yield from transition(me, one.key, one.attempt, change)
    return found, dead


def owners() -> Program[set[str]]:
    """Return the sessions that own rows, whether they live or not."""
    rows = yield ("SELECT DISTINCT owner FROM jobs WHERE owner IS NOT NULL", {})
    return {row["owner"] for row in rows}


def draw(me: Context, count: int, per_s: float, now: float) -> Program[float]:
    """
    Reserve the turns of so many requests, after those that are reserved already.

    Returns:
        In how many seconds the first is; the others follow evenly.
    """
    account = {"account": me.account}
    where = "SELECT next_at, drawn_at FROM paces WHERE account = :account"
    found = yield where, account
    first_at = now
    # A clock that was set back must not hold all back for as long.
    if found and found[0]["drawn_at"] <= now + SET_BACK_S:
        first_at = max(now, found[0]["next_at"])
    yield (
        (
            "INSERT INTO paces (account, next_at, drawn_at) VALUES (:account, :next,"
            " :now) ON CONFLICT (account) DO UPDATE SET next_at = :next,"
            " drawn_at = :now"
        ),
        {**account, "next": first_at + count / per_s, "now": now},
    )
    return first_at - now


def recall(name: str) -> Program[object]:
    """Return what is kept under a name."""
    rows = yield ("SELECT value FROM kept WHERE name = :name", {"name": name})
    return json.loads(rows[0]["value"]) if rows else None


def keep(name: str, change: Callable[[object], object]) -> Program[object]:
    """Change what is kept under a name, and return it; what can't be read is none."""
    known = None
    with contextlib.suppress(ValueError, RecursionError):
        known = yield from recall(name)
    value = change(known)
    if value is not known:
        yield (
            (
                "INSERT INTO kept VALUES (:name, :value)"
                " ON CONFLICT (name) DO UPDATE SET value = :value"
            ),
            {"name": name, "value": dump(value)},
        )
    return value


def note_balance(account: int, key: str, attempt: int, balance: int) -> Program[None]:
    """Keep what the account held after an unknown purchase, if nobody has."""
    yield (
        (
            f"UPDATE jobs SET balance_after = :balance WHERE {PURCHASE}"
            " AND state = 'unknown' AND balance_after IS NULL"
        ),
        {
            "account": account,
            "key": key,
            "attempt": attempt,
            "balance": integer(balance),
        },
    )


def note_files(
    account: int, key: str, attempt: int, files: Sequence[str]
) -> Program[None]:
    """Add files that a job's clips were stored in."""
    where = {"account": account, "key": key, "attempt": attempt}
    found = yield f"SELECT files FROM jobs WHERE {PURCHASE}", where
    if found:
        known = json.loads(found[0]["files"])
        known += [file for file in files if file not in known]
        yield (
            f"UPDATE jobs SET files = :files WHERE {PURCHASE}",
            {**where, "files": dump(known)},
        )


def mark(account: int, key: str, attempt: int, name: str, now: float) -> Program[bool]:
    """Note what the user says of a job, once; return whether there is one."""
    where = {"account": account, "key": key, "attempt": attempt}
    found = yield f"SELECT marks FROM jobs WHERE {PURCHASE}", where
    if found:
        marks = {name: now} | json.loads(found[0]["marks"])
        yield (
            f"UPDATE jobs SET marks = :marks WHERE {PURCHASE}",
            {**where, "marks": dump(marks)},
        )
    return bool(found)


def pack_all(me: Context) -> Program[None]:
    """Compress the long texts of rows that were written before they were."""
    names, place = sorted(PACKED), -1
    while True:
        rows = yield (
            (
                f"SELECT rowid AS place, {', '.join(names)} FROM jobs"
                f" WHERE rowid > :place ORDER BY rowid LIMIT {PAGE_ROWS}"
            ),
            {"place": place},
        )
        for row in rows:
            # What is no UTF-8 was read with marks in its place, and stays as it is.
            texts = {name: row[name] for name in names if isinstance(row[name], str)}
            values = {
                name: me.sql.pack(text)
                for name, text in texts.items()
                if BAD not in text
            }
            if any(isinstance(value, bytes) for value in values.values()):
                sets = ", ".join(f"{name} = :{name}" for name in values)
                where = {"place": row["place"]}
                yield f"UPDATE jobs SET {sets} WHERE rowid = :place", values | where
        if len(rows) < PAGE_ROWS:
            return
        place = rows[-1]["place"]


def find(account: int, key: str, attempt: int | None) -> Program[Record | None]:
    """
    Return a purchase under a key; None: the last that was not refused unpaid.

    Raises:
        DamagedRow: It can't be read.
    """
    which = LAST_ATTEMPT if attempt is None else "attempt = :attempt"
    values: dict[str, Any] = {"account": account, "key": key}
    if attempt is not None:
        values["attempt"] = attempt
    rows = yield f"SELECT {WHOLE} FROM jobs WHERE {KEYED} AND {which}", values
    return record(rows[0]) if rows else None


def find_task(account: int, provider: str, task_id: str) -> Program[Record | None]:
    """
    Return the job that a task belongs to.

    Raises:
        DamagedRow: It can't be read.
    """
    which = f"provider = :provider AND task_id = :task_id AND {MINE}"
    which += " ORDER BY made_at DESC, rowid DESC LIMIT 1"
    rows = yield (
        f"SELECT {WHOLE} FROM jobs WHERE {which}",
        {"provider": provider, "task_id": task_id, "account": account},
    )
    return record(rows[0]) if rows else None


def _select(
    which: str, values: Mapping[str, Any], limit: int | None = None
) -> Program[list[Record]]:
    if limit is None:
        # Few are looked for by their state.
        order, limited = "+made_at, rowid", values
    else:
        order = "made_at, rowid LIMIT :limit"
        limited = {**values, "limit": min(limit, MAX_INTEGER)}
    rows = yield f"SELECT {WHOLE} FROM jobs WHERE {which} ORDER BY {order}", limited
    return [readable(row) for row in rows]
