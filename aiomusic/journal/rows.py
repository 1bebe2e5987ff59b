"""How a purchase stands in a database: its columns, and what each of them must hold."""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, final

from aiomusic._spelling import shortened
from aiomusic.journal import Entry, Record
from aiomusic.journal.packing import PACKED, unpack
from aiomusic.journal.policy import Row, Stage

__all__ = [
    "LISTED",
    "MAX_INTEGER",
    "MONEY",
    "DamagedRow",
    "columns",
    "dump",
    "entered",
    "integer",
    "money",
    "readable",
    "record",
    "shown_cell",
    "unsent",
]

Found: TypeAlias = Mapping[str, Any]

MAX_INTEGER = 2**63 - 1
# The end of the year 9999, beyond which no calendar goes.
MAX_TIME = 253_402_300_800

MONEY = (
    "account, key, attempt, state, cost, charged, owner, slot, slot_until, lease_s,"
    " reserved, spent, task_id, sent_at, accepted_at, ended_at"
)
LISTED = (
    "account, key, attempt, kind, provider, request, fingerprint, metadata, cost,"
    " state, charged, owner, slot, slot_until, lease_s, reserved, spent, task_id,"
    " made_at, sent_at, accepted_at, ended_at, balance_before, balance_after, error,"
    " files, clip_count, archive, archive_place, marks,"
    " (SELECT name FROM accounts WHERE id = jobs.account) AS account_name"
)
"""All that a list tells of a job: clips are counted, and results are left out."""
_STAGES = {
    "pending": Stage.TASK,
    "running": Stage.TASK,
    **{str(stage): stage for stage in Stage if stage is not Stage.TASK},
}
_STATES = {
    **{stage: str(stage) for stage in Stage},
    Stage.GRANTED: "submitting",
    Stage.SENT: "submitting",
    Stage.TASK: "pending",
}
STATES = frozenset({*_STATES.values(), "running"})


@final
class DamagedRow(ValueError):
    """A row holds what no journal writes, so it is not guessed what it means."""

    def __init__(self, found: Found, why: str) -> None:
        task = found["task_id"]
        about = f"job {found['key']!r}" + ("" if task is None else f", task {task!r}")
        super().__init__(f"{about}: {why}")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and 0 <= value <= MAX_INTEGER


def _is_integer(value: object) -> bool:
    return isinstance(value, int)


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) < MAX_TIME


def _is_state(value: object) -> bool:
    return value in STATES


def _is_charged(value: object) -> bool:
    return value in {"yes", "no", "refunded", "unknown"}


_MUST: Mapping[str, Callable[[object], bool]] = {
    "key": _is_text,
    "attempt": _is_count,
    "kind": _is_text,
    "provider": _is_text,
    "cost": _is_count,
    "state": _is_state,
    "slot": _is_count,
    "lease_s": _is_time,
    "reserved": _is_count,
    "spent": _is_count,
    "clip_count": _is_count,
    "made_at": _is_time,
}
_MAY: Mapping[str, Callable[[object], bool]] = {
    "fingerprint": _is_text,
    "charged": _is_charged,
    "owner": _is_text,
    "archive": _is_text,
    "archive_place": _is_count,
    "slot_until": _is_time,
    "task_id": _is_text,
    "sent_at": _is_time,
    "accepted_at": _is_time,
    "ended_at": _is_time,
    "balance_before": _is_integer,
    "balance_after": _is_integer,
}

_RULES = {**_MUST, **_MAY}


def _check(found: Found) -> None:
    """Raise DamagedRow at the first of its columns that can't be."""
    for name in found.keys():  # noqa: SIM118 - a row of SQLite is no mapping
        value = found[name]
        if value is None:
            is_good = name not in _MUST
        else:
            rule = _RULES.get(name)
            is_good = rule is None or rule(value)
        if not is_good:
            raise DamagedRow(found, f"{name} is {shown_cell(value)}")


def shown_cell(value: object) -> str:
    """Return how what a column holds is shown."""
    return shortened(repr(value))


def money(found: Found, *, is_sent: Callable[[], bool]) -> Row:
    """
    Return the money side of a row.

    Args:
        is_sent: Whether its create's body may have left, by the row's own mark.

    Raises:
        DamagedRow: It can't be told.
    """
    _check(found)
    stage = _STAGES.get(found["state"])
    if stage is None:
        stage = Stage.SENT if is_sent() else Stage.GRANTED
    return Row(
        stage=stage,
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


def unsent(found: Found) -> Stage:
    """
    Return the stage of a row whose create has not left yet, as far as it tells.

    Raises:
        DamagedRow: It can't be told.
    """
    _check(found)
    return _STAGES.get(found["state"], Stage.GRANTED)


def columns(row: Row) -> dict[str, Any]:
    """Return the columns of the money side of a row."""
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


def entered(entry: Entry, attempt: int, row: Row) -> dict[str, Any]:
    """
    Return all columns of a job that is new.

    Raises:
        ValueError: No row can hold them.
    """
    if not _is_count(entry.cost):
        message = f"job {entry.key!r}: its cost is {entry.cost} credits"
        raise ValueError(message)
    if not _is_time(entry.made_at):
        message = f"job {entry.key!r}: it was made at {entry.made_at}"
        raise ValueError(message)
    return {
        "key": entry.key,
        "attempt": attempt,
        "kind": entry.kind,
        "provider": entry.provider,
        "request": None if entry.request is None else dump(entry.request),
        "fingerprint": entry.fingerprint,
        "metadata": dump(dict(entry.metadata)),
        "cost": entry.cost,
        "made_at": entry.made_at,
        "balance_before": integer(entry.balance),
        **columns(row),
    }


def integer(value: int | None) -> int | None:
    """Return a number that is kept as evidence alone; None: it is out of range."""
    return value if value is not None and abs(value) <= MAX_INTEGER else None


def record(found: Found) -> Record:
    """
    Return all that a row tells.

    Raises:
        DamagedRow: It can't be told.
    """
    _check(found)
    same = (
        "key attempt kind provider fingerprint cost state charged owner task_id"
        " made_at sent_at accepted_at ended_at balance_before balance_after clip_count"
    )
    packed: dict[str, Any] = {
        "metadata": Mapping,
        "files": list,
        "marks": Mapping,
    }
    raw: dict[str, Any] = {"error": Mapping | None}
    if "clips" in found.keys():  # noqa: SIM118 - a row of SQLite is no mapping
        raw |= {"result": object, "clips": list}
    return Record(
        **{name: found[name] for name in same.split()},
        **{name: _unpacked(found, name, kind) for name, kind in packed.items()},
        **{f"raw_{name}": _unpacked(found, name, kind) for name, kind in raw.items()},
        account=found["account_name"],
        archive=found["archive"],
        archive_place=found["archive_place"],
        raw_request=_request(found),
        is_followed=found["owner"] is not None,
    )


def _unpacked(found: Found, name: str, kind: Any) -> Any:  # noqa: ANN401 - JSON
    cell = found[name]
    try:
        if name in PACKED and isinstance(cell, bytes):
            cell = unpack(cell)
        value = None if cell is None else json.loads(cell)
    except (ValueError, TypeError, RecursionError) as error:
        raise DamagedRow(found, f"{name} can't be read: {error}") from error
    if not isinstance(value, kind):
        raise DamagedRow(found, f"{name} is {shown_cell(found[name])}")
    return value


def _request(found: Found) -> Mapping[str, Any] | None:
    """Return a job's request: without one, a task that is paid for is followed, too."""
    try:
        request = _unpacked(found, "request", Mapping | None)
    except DamagedRow:
        return {}
    return request  # type: ignore[no-any-return]


def readable(found: Found) -> Record:
    """Return all that a row tells; of one that is damaged, that it is."""
    try:
        return record(found)
    except DamagedRow as error:
        return _damaged(found, str(error))


def _damaged(found: Found, why: str) -> Record:
    attempt, made_at = found["attempt"], found["made_at"]
    return Record(
        key=str(found["key"]),
        attempt=attempt if _is_count(attempt) else 0,
        kind=str(found["kind"]),
        provider=str(found["provider"]),
        raw_request=None,
        fingerprint=None,
        metadata={},
        cost=0,
        state="unknown",
        charged="unknown",
        is_followed=False,
        task_id=None,
        made_at=made_at if _is_time(made_at) else 0.0,
        sent_at=None,
        accepted_at=None,
        ended_at=None,
        balance_before=None,
        balance_after=None,
        raw_error=None,
        files=(),
        damage=why,
    )


def dump(value: object) -> str:
    """Return JSON text that a database can hold."""
    if value == {}:
        return "{}"
    text = _JSON.encode(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair, which JSON can spell and UTF-8 can't.
        return json.dumps(value)
    return text


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
