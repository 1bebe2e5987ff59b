"""
What is read of a journal at leisure, as programs that write nothing.

A list is read in pages, so that whoever drives it can let others have their turn, and
without clips and results: `programs.find` gives a job whole.
"""

import itertools
import json
from collections.abc import Mapping
from typing import Any

import attrs

from aiomusic.journal import Grouping, Record, Spending, Wanted
from aiomusic.journal.programs import LAST_ATTEMPT, MINE, OPEN, UNSETTLED, Program
from aiomusic.journal.rows import LISTED, MAX_INTEGER, readable
from aiomusic.journal.sql_syntax import SqlSyntax

__all__ = ["bought", "find_near", "neighbours", "records", "spending", "states"]

# Decoding one page takes less than a thread may hold the interpreter for.
PAGE_ROWS = 50
# No text has a character after it.
LAST = chr(0x10FFFF)
# Of keys that are looked up together.
PAGE_KEYS = 500
_IS_OPEN = f"({OPEN} OR state = 'queued' AND owner IS NOT NULL)"
# Those that an index of their own finds: they are few.
_FEW = {
    **dict.fromkeys(("submitting", "pending", "running"), (OPEN,)),
    **dict.fromkeys(("queued", "unknown"), (UNSETTLED,)),
    "open": (OPEN, UNSETTLED),
}


def records(
    sql: SqlSyntax, wanted: Wanted, account: int | None
) -> Program[list[Record]]:
    """
    Return the last purchase under every key and all that is open, oldest first.

    Args:
        account: Whose rows are told from those of others; None: nobody's.
    """
    terms, values = _terms(sql, wanted)
    if wanted.are_own and account is not None:
        terms.insert(0, MINE)
        values["account"] = account
    are_few = bool(wanted.states) and all(one in _FEW for one in wanted.states)
    found: list[Record] = []
    left = MAX_INTEGER if wanted.limit is None else min(wanted.limit, MAX_INTEGER)
    while left > 0:
        page = left if are_few else min(left, PAGE_ROWS)
        order = f"{'+' if are_few else ''}made_at DESC, rowid DESC"
        rows = yield (
            (
                f"SELECT rowid AS place, {LISTED} FROM jobs"
                f" WHERE {' AND '.join(terms)} ORDER BY {order} LIMIT :page"
            ),
            {**values, "page": page},
        )
        found += [_of(row, account) for row in rows]
        left -= page
        if len(rows) < page:
            break
        if "made" not in values:
            terms.insert(0, "(made_at, rowid) < (:made, :place)")
        values.update(made=rows[-1]["made_at"], place=rows[-1]["place"])
    found.reverse()
    return found


def _of(row: Mapping[str, Any], account: int | None) -> Record:
    found = readable(row)
    if account is None or row["account"] == account:
        return found
    return attrs.evolve(found, is_other_account=True)


def _terms(sql: SqlSyntax, wanted: Wanted) -> tuple[list[str], dict[str, Any]]:
    """Return what a row must be, the cheapest to find out first."""
    terms: list[str] = []
    values: dict[str, Any] = {}
    if wanted.states:
        if all(one in _FEW for one in wanted.states):
            indexes = {term for one in wanted.states for term in _FEW[one]}
            terms.append(f"({' OR '.join(sorted(indexes))})")
        terms.append(f"({' OR '.join(_state(one, values) for one in wanted.states)})")
    if wanted.made_after is not None:
        terms.append("made_at >= :after")
        values["after"] = wanted.made_after
    for at, (name, value) in enumerate(wanted.tags.items()):
        terms.append(sql.tagged.format(at))
        values |= {f"name{at}": name, f"value{at}": value}
    if wanted.lacks_mark is not None:
        terms.append(f"NOT {sql.marked}")
        values["mark"] = wanted.lacks_mark
    terms.append(f"({LAST_ATTEMPT} OR {OPEN})")
    if wanted.clips is not None:
        # What is long stands last, where rows that are not wanted never go.
        terms.append(sql.made)
        values["clips"] = json.dumps([*wanted.clips])
    return terms, values


def _state(state: str, values: dict[str, Any]) -> str:
    if state == "open":
        return _IS_OPEN
    name = f"state{len(values)}"
    values[name] = state
    return f"state = :{name}"


def find_near(account: int, start: str, limit: int) -> Program[list[str]]:
    """Return keys of an account that begin so."""
    rows = yield (
        (
            "SELECT DISTINCT key FROM jobs WHERE account = :account AND key >= :start"
            " AND key <= :end AND substr(key, 1, length(:start)) = :start"
            " ORDER BY key LIMIT :limit"
        ),
        # By the index alone, also where none begins so.
        {"account": account, "start": start, "end": start + LAST * 4, "limit": limit},
    )
    return [row["key"] for row in rows]


def bought(sql: SqlSyntax, account: int, keys: list[str]) -> Program[set[str]]:
    """Return which keys of an account were bought, or may have been."""
    found: set[str] = set()
    for start in range(0, len(keys), PAGE_KEYS):
        rows = yield (
            (
                "SELECT DISTINCT key FROM jobs WHERE account = :account"
                f" AND key IN ({sql.listed}) AND state <> 'queued'"
                " AND (charged IS NULL OR charged <> 'no')"
            ),
            {"account": account, "keys": json.dumps(keys[start : start + PAGE_KEYS])},
        )
        found |= {row["key"] for row in rows}
    return found


def states(account: int | None) -> Program[dict[str, int]]:
    """Count an account's purchases by state; None: everybody's."""
    rows = yield (
        (
            "SELECT state, count(*) AS jobs FROM jobs"
            " WHERE account = coalesce(:account, account) GROUP BY state ORDER BY state"
        ),
        {"account": account},
    )
    return {row["state"]: row["jobs"] for row in rows}


def neighbours(keys: list[str]) -> Program[list[str]]:
    """Return keys, and of each those before and after it in their order."""
    found = set(keys)
    accounts = yield ("SELECT id FROM accounts", {})
    for key, account in itertools.product(keys, accounts):
        for way, end in (("<", "max"), (">", "min")):
            rows = yield (
                (
                    f"SELECT {end}(key) AS key FROM jobs WHERE account = :account"
                    f" AND key {way} :key"
                ),
                {"account": account["id"], "key": key},
            )
            found |= {row["key"] for row in rows if row["key"] is not None}
    return sorted(found)


def spending(
    sql: SqlSyntax, by: Grouping, tag: str | None, account: int | None
) -> Program[dict[str, Spending]]:
    """Add up what an account bought; None: what all have."""
    headings = {"operation": "kind", "day": sql.day}
    heading = headings[by] if tag is None else sql.tag
    rows = yield (
        (
            f"SELECT coalesce(CAST({heading} AS TEXT), '') AS heading,"
            " count(*) AS jobs, CAST(sum(CAST(spent AS BIGINT)) AS BIGINT) AS spent,"
            " CAST(sum(CAST(reserved AS BIGINT)) AS BIGINT) AS reserved FROM jobs"
            " WHERE spent + reserved > 0 AND account = coalesce(:account, account)"
            " GROUP BY heading ORDER BY heading"
        ),
        {"account": account} | ({} if tag is None else {"tag": tag}),
    )
    return {
        row["heading"]: Spending(
            jobs=row["jobs"], credits=row["spent"], reserved=row["reserved"]
        )
        for row in rows
    }
