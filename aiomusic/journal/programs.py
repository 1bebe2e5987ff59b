"""
What a journal does with its database, as programs that do no I/O themselves.

A program is a generator: it yields statements and is sent the rows that each of them
gives.  A thread drives them against SQLite; a network database is driven by awaits.
All that changes a purchase goes through `transition`, and so through the one table in
`aiomusic.journal.policy`.
"""

import json
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

import attrs

from aiomusic.journal import (
    OPEN_STATES,
    Busy,
    Entry,
    Granted,
    Grouping,
    Known,
    Limits,
    Record,
    Spending,
    Verdict,
)
from aiomusic.journal.policy import Change, Event, Row, Stage, apply

__all__ = [
    "Context",
    "Program",
    "Statement",
    "admit",
    "adopt",
    "attach",
    "enqueue",
    "find",
    "find_task",
    "leave",
    "note_balance",
    "note_files",
    "records",
    "spending",
    "transition",
]

R = TypeVar("R")

Statement: TypeAlias = tuple[str, Mapping[str, Any]]
Rows: TypeAlias = Sequence[Mapping[str, Any]]
Program: TypeAlias = Generator[Statement, Rows, R]

# The last purchase under a key; one that was refused unpaid, or never sent, hides none
# before it.
LAST_ATTEMPT = (
    "attempt = (SELECT coalesce(max(CASE WHEN state <> 'queued'"
    " AND (charged IS NULL OR charged <> 'no') THEN attempt END), max(attempt))"
    " FROM jobs AS j WHERE j.key = jobs.key)"
)
OPEN = f"state IN {OPEN_STATES!r}"

_MONEY = (
    "key, attempt, state, cost, charged, owner, slot, slot_until, lease_s, reserved,"
    " spent, task_id, sent_at, accepted_at, ended_at"
)
_STAGES = {
    "pending": Stage.TASK,
    "running": Stage.TASK,
    **{str(stage): stage for stage in Stage if stage not in {Stage.TASK}},
}
_STATES = {
    **{stage: str(stage) for stage in Stage},
    Stage.GRANTED: "submitting",
    Stage.SENT: "submitting",
    Stage.TASK: "pending",
}
STATES = frozenset({*_STATES.values(), "running"})


class Context(Protocol):
    """What a program must know of the session that it works for."""

    @property
    def owner(self) -> str:
        """The session's name."""

    def is_sent(self, owner: str, key: str, attempt: int) -> bool:
        """Check whether a create's body may have left, by the row's own mark."""

    def dead_owners(self) -> Program[set[str]]:
        """Return the sessions that own rows and are gone."""


def transition(
    me: Context,
    key: str,
    attempt: int,
    change: Change,
    facts: Mapping[str, Any] | None = None,
) -> Program[Row | None]:
    """
    Apply an event to a purchase.

    Args:
        facts: Columns to set beside it, if it changes the row.

    Returns:
        The row as it is afterwards; None if there is no such purchase.
    """
    found = yield (
        f"SELECT {_MONEY} FROM jobs WHERE key = :key AND attempt = :attempt",
        {"key": key, "attempt": attempt},
    )
    if change.task_id is not None and not (found and found[0]["task_id"] is not None):
        # A task that was attached may be known under another key.
        found = (
            yield (
                f"SELECT {_MONEY} FROM jobs WHERE task_id = :task_id"
                " ORDER BY rowid DESC LIMIT 1",
                {"task_id": change.task_id},
            )
        ) or found
    if not found:
        return None
    return (yield from _change(me, found[0], change, facts))


def _change(
    me: Context,
    found: Mapping[str, Any],
    change: Change,
    facts: Mapping[str, Any] | None = None,
) -> Program[Row]:
    old = _row(me, found)
    new = apply(old, change)
    if new is old:
        return old
    values = {**_columns(new), **(facts or {})}
    sets = ", ".join(f"{name} = :{name}" for name in values)
    changed = yield (
        f"UPDATE jobs SET {sets} WHERE key = :key AND attempt = :attempt"
        " RETURNING attempt",
        {**values, "key": found["key"], "attempt": found["attempt"]},
    )
    assert len(changed) == 1
    return new


def _row(me: Context, found: Mapping[str, Any]) -> Row:
    return Row(
        stage=_stage(me, found),
        cost=found["cost"],
        charged=found["charged"],
        owner=found["owner"],
        has_slot=bool(found["slot"]),
        slot_until=found["slot_until"],
        lease_s=found["lease_s"],
        reserved=found["reserved"],
        spent=found["spent"],
        task_id=found["task_id"],
        sent_at=found["sent_at"],
        accepted_at=found["accepted_at"],
        ended_at=found["ended_at"],
    )


def _stage(me: Context, found: Mapping[str, Any]) -> Stage:
    if found["state"] != "submitting":
        return _STAGES[found["state"]]
    owner = found["owner"] or ""
    is_sent = me.is_sent(owner, found["key"], found["attempt"])
    return Stage.SENT if is_sent else Stage.GRANTED


def _columns(row: Row) -> dict[str, Any]:
    return {
        "state": _STATES[row.stage],
        "charged": row.charged,
        "owner": row.owner,
        "slot": int(row.has_slot),
        "slot_until": row.slot_until,
        "lease_s": row.lease_s,
        "reserved": row.reserved,
        "spent": row.spent,
        "task_id": row.task_id,
        "sent_at": row.sent_at,
        "accepted_at": row.accepted_at,
        "ended_at": row.ended_at,
    }


def admit(
    me: Context, entries: Sequence[Entry], limits: Limits
) -> Program[tuple[list[Verdict], set[str]]]:
    """Judge jobs in their order; return the verdicts, and which dead were settled."""
    verdicts: list[Verdict] = []
    dead: set[str] = set()
    yield from _end_leases(me, max((entry.now for entry in entries), default=0.0))
    for entry in entries:
        verdict = yield from _judge(me, entry, limits)
        if _may_have_died(verdict):
            gone = yield from _reap(me, entry.now)
            dead |= gone
            if gone:
                verdict = yield from _judge(me, entry, limits)
        if isinstance(verdict, Known) and verdict.record.is_open:
            # It takes its slot again before another is granted one.
            verdict = yield from _take_up(me, verdict.record, entry.now)
        verdicts.append(verdict)
        if isinstance(verdict, Busy):
            break
    return verdicts, dead


def _may_have_died(verdict: Verdict) -> bool:
    """Check whether it may be otherwise once the dead are reaped."""
    is_open = isinstance(verdict, Known) and verdict.record.is_open
    return is_open or isinstance(verdict, Busy)


def _end_leases(me: Context, now: float) -> Program[None]:
    """Free the slots of tasks that nobody sees end, when their time has passed."""
    over = yield (
        f"SELECT {_MONEY} FROM jobs WHERE slot_until IS NOT NULL AND slot_until <= :now",
        {"now": now},
    )
    for found in over:
        yield from _change(me, found, Change(event=Event.LEASE_OVER, now=now))


def _judge(me: Context, entry: Entry, limits: Limits) -> Program[Verdict]:
    known = yield from _select(f"key = :key AND {LAST_ATTEMPT}", {"key": entry.key})
    last = known[0] if known else None
    if last is not None and not _is_free(me, last) and not _is_wanted(entry, last):
        return Known(last)
    [totals] = yield ("SELECT slots, reserved, spent FROM totals", {})
    refused = limits.refuse(
        entry.cost,
        slots=totals["slots"],
        reserved=totals["reserved"],
        spent=totals["spent"],
        stranded=(yield from _stranded()),
    )
    if refused is not None:
        return refused
    if last is not None and last.state == Stage.QUEUED:
        yield from _drop_row(last)
        attempt = last.attempt
    else:
        attempt = yield from _next_attempt(entry.key)
    granted = apply(
        _fresh(entry), Change(event=Event.GRANTED, now=entry.now, by=me.owner)
    )
    yield _insert(entry, attempt, granted)
    return Granted(attempt)


def _is_free(me: Context, last: Record) -> bool:
    """Check whether nothing was ever bought under a key, as its last row tells."""
    if last.state == Stage.QUEUED:
        return not last.is_followed or last.owner == me.owner
    return last.charged == "no"


def _is_wanted(entry: Entry, last: Record) -> bool:
    """Check whether to buy again under a key."""
    # What was unknown may have been recovered since its owner asked to send it again.
    is_over = not last.is_open and last.state != Stage.SUCCEEDED
    return entry.attempt == last.attempt + 1 and (is_over or entry.is_anew)


def _stranded() -> Program[int]:
    """Add up the credits of open jobs that no session follows."""
    [found] = yield (
        "SELECT coalesce(sum(reserved), 0) AS stranded FROM jobs"
        f" WHERE {OPEN} AND owner IS NULL",
        {},
    )
    return int(found["stranded"])


def _next_attempt(key: str) -> Program[int]:
    [found] = yield (
        "SELECT coalesce(max(attempt), 0) + 1 AS attempt FROM jobs WHERE key = :key",
        {"key": key},
    )
    return int(found["attempt"])


def _drop_row(record: Record) -> Program[None]:
    """Make room for the same purchase, which is written down whole again."""
    yield (
        "DELETE FROM jobs WHERE key = :key AND attempt = :attempt AND state = 'queued'",
        {"key": record.key, "attempt": record.attempt},
    )


def _fresh(entry: Entry) -> Row:
    return Row(stage=Stage.QUEUED, cost=entry.cost, lease_s=entry.lease_s)


def _insert(entry: Entry, attempt: int, row: Row) -> Statement:
    values = {
        "key": entry.key,
        "attempt": attempt,
        "kind": entry.kind,
        "provider": entry.provider,
        "request": None if entry.request is None else dump(entry.request),
        "fingerprint": entry.fingerprint,
        "metadata": dump(dict(entry.metadata)),
        "cost": entry.cost,
        "made_at": entry.made_at,
        "balance_before": entry.balance,
        **_columns(row),
    }
    names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
    return f"INSERT INTO jobs ({names}) VALUES ({marks})", values


def _take_up(me: Context, record: Record, now: float) -> Program[Known]:
    """Follow an open job, if no session does."""
    if record.is_followed or record.task_id is None:
        return Known(record)
    change = Change(event=Event.TAKEN_UP, now=now, by=me.owner)
    yield from transition(me, record.key, record.attempt, change)
    return Known(record, is_taken_up=True)


def enqueue(me: Context, entry: Entry) -> Program[None]:
    """Write down a job that waits, unless its key is known."""
    known = yield ("SELECT 1 FROM jobs WHERE key = :key LIMIT 1", {"key": entry.key})
    if not known:
        row = attrs.evolve(_fresh(entry), owner=me.owner)
        yield _insert(entry, 1, row)


def attach(me: Context, entry: Entry, task_id: str) -> Program[None]:
    """Write down a task that was made elsewhere, or whose create's answer was lost."""
    known = yield from _select(f"key = :key AND {LAST_ATTEMPT}", {"key": entry.key})
    if known and known[0].task_id is None:
        change = Change(event=Event.FOUND, now=entry.now, by=me.owner, task_id=task_id)
        yield from transition(me, entry.key, known[0].attempt, change, {"error": None})
        return
    task = {"provider": entry.provider, "task_id": task_id}
    known = known or (
        yield from _select("provider = :provider AND task_id = :task_id", task)
    )
    if not known:
        row = Row(
            stage=Stage.TASK,
            cost=0,
            owner=me.owner,
            task_id=task_id,
            sent_at=entry.now,
            lease_s=entry.lease_s,
        )
        yield _insert(entry, 1, row)


def leave(me: Context, owner: str, event: Event, now: float) -> Program[int]:
    """Apply the end of a session to all its rows; return how many there were."""
    rows = yield (f"SELECT {_MONEY} FROM jobs WHERE owner = :owner", {"owner": owner})
    for found in rows:
        yield from _change(me, found, Change(event=event, now=now, by=owner))
    return len(rows)


def _reap(me: Context, now: float) -> Program[set[str]]:
    """Settle what sessions that died have left; return their names."""
    gone = yield from me.dead_owners()
    for name in gone:
        yield from leave(me, name, Event.DIED, now)
    return gone


def adopt(
    me: Context, now: float, key: str | None = None, limit: int | None = None
) -> Program[tuple[list[Record], set[str]]]:
    """
    Take over what nobody follows, and return it with what is unknown or held.

    Args:
        limit: Take only so many tasks, and nothing else; None: all.
    """
    dead = yield from _reap(me, now)
    # A task that is paid for is taken up whatever was bought after it.
    tasks = f"{OPEN} AND owner IS NULL AND task_id IS NOT NULL"
    unsettled = (
        f"(state = 'unknown' OR state = 'queued' AND owner IS NULL) AND {LAST_ATTEMPT}"
    )
    if limit is not None:
        which = tasks
    elif key is None:
        which = f"({tasks} OR {unsettled})"
    else:
        which = f"key = :key AND ({tasks} AND {LAST_ATTEMPT} OR {unsettled})"
    found = yield from _select(which, {} if key is None else {"key": key}, limit)
    for one in found:
        change = Change(event=Event.TAKEN_UP, now=now, by=me.owner)
        yield from transition(me, one.key, one.attempt, change)
    return found, dead


def note_balance(key: str, attempt: int, balance: int) -> Program[None]:
    """Keep what the account held after an unknown purchase, if nobody has."""
    yield (
        "UPDATE jobs SET balance_after = :balance WHERE key = :key"
        " AND attempt = :attempt AND state = 'unknown' AND balance_after IS NULL",
        {"key": key, "attempt": attempt, "balance": balance},
    )


def note_files(key: str, attempt: int, files: Sequence[str]) -> Program[None]:
    """Add files that a job's clips were stored in."""
    where = {"key": key, "attempt": attempt}
    found = yield (
        "SELECT files FROM jobs WHERE key = :key AND attempt = :attempt",
        where,
    )
    if found:
        known = json.loads(found[0]["files"])
        known += [file for file in files if file not in known]
        yield (
            "UPDATE jobs SET files = :files WHERE key = :key AND attempt = :attempt",
            {**where, "files": dump(known)},
        )


def find(key: str, attempt: int | None) -> Program[Record | None]:
    """Return a purchase under a key; None: the last that was not refused unpaid."""
    which = LAST_ATTEMPT if attempt is None else "attempt = :attempt"
    values = {"key": key} if attempt is None else {"key": key, "attempt": attempt}
    found = yield from _select(f"key = :key AND {which}", values)
    return found[0] if found else None


def find_task(provider: str, task_id: str) -> Program[Record | None]:
    """Return the job that a task belongs to."""
    values = {"provider": provider, "task_id": task_id}
    found = yield from _select("provider = :provider AND task_id = :task_id", values)
    return found[-1] if found else None


def records(limit: int | None = None) -> Program[list[Record]]:
    """Return the last purchase under every key and all that is open, oldest first."""
    which = f"{LAST_ATTEMPT} OR {OPEN}"
    return (yield from _select(which, {}, limit, is_newest=True))


def _select(
    which: str,
    values: Mapping[str, Any],
    limit: int | None = None,
    *,
    is_newest: bool = False,
) -> Program[list[Record]]:
    if limit is None:
        rows = yield (
            f"SELECT * FROM jobs WHERE {which} ORDER BY made_at, rowid",
            values,
        )
    else:
        order = "DESC" if is_newest else "ASC"
        rows = yield (
            f"SELECT * FROM jobs WHERE {which} ORDER BY made_at {order},"
            f" rowid {order} LIMIT :limit",
            {**values, "limit": limit},
        )
        rows = list(reversed(rows)) if is_newest else rows
    return [_record(row) for row in rows]


def _record(row: Mapping[str, Any]) -> Record:
    if row["state"] not in STATES:
        message = f"state is {row['state']!r}"
        raise ValueError(message)
    same = (
        "key attempt kind provider fingerprint cost state charged owner task_id"
        " made_at sent_at accepted_at ended_at balance_before balance_after"
    )
    plain = {name: row[name] for name in same.split()}
    packed = ("request", "metadata", "error", "result", "clips", "files")
    unpacked = {name: row[name] and json.loads(row[name]) for name in packed}
    return Record(**plain, **unpacked, is_followed=row["owner"] is not None)


def spending(by: Grouping, tag: str | None) -> Program[dict[str, Spending]]:
    """Add up what was bought."""
    headings = {
        "operation": "kind",
        "day": "date(coalesce(sent_at, made_at), 'unixepoch')",
    }
    # A path of json_extract can't hold every name, nor find it spelt otherwise.
    tagged = "(SELECT value FROM json_each(metadata) WHERE json_each.key = :tag)"
    heading = headings[by] if tag is None else tagged
    rows = yield (
        f"SELECT coalesce(CAST({heading} AS TEXT), '') AS heading,"
        " count(*) AS jobs, sum(spent) AS spent,"
        " sum(reserved) AS reserved FROM jobs WHERE spent + reserved > 0"
        " GROUP BY heading ORDER BY heading",
        {} if tag is None else {"tag": tag},
    )
    return {
        row["heading"]: Spending(
            jobs=row["jobs"], credits=row["spent"], reserved=row["reserved"]
        )
        for row in rows
    }


def dump(value: object) -> str:
    """Return JSON text that a database can hold."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair, which JSON can spell and UTF-8 can't.
        return json.dumps(value)
    return text
