"""
Whose purchases a journal holds: an account at a service, as programs with no I/O.

Purchases belong to an account and to the address of a service.  A session works for
one: rows of others are not met by their keys, not counted, and not followed.
"""

from typing import Final

from aiomusic.journal import Identity
from aiomusic.journal.identity import digest_of, place_of
from aiomusic.journal.programs import Program

__all__ = ["NOBODY", "claim", "others", "sought", "with_key"]

NOBODY: Final = 0
"""No account has this number, and so no rows."""

SHOWN: Final = 8


def sought(identity: Identity | None) -> Program[int]:
    """Return the account that somebody means who only looks; `NOBODY`: none."""
    rows = yield ("SELECT id, name FROM accounts ORDER BY id", {})
    if identity is None:
        # Where there is but one, nobody need say which.
        return int(rows[0]["id"]) if len(rows) == 1 else NOBODY
    digest = yield from _digest(identity)
    found, _ = yield from _known(identity, digest)
    unclaimed = [int(row["id"]) for row in rows if row["name"] is None]
    return found or (unclaimed or [NOBODY])[0]


def claim(identity: Identity) -> Program[tuple[int, bool]]:
    """
    Return the account of somebody who buys, and whether it is new beside others.

    Who has none yet takes that of the rows which were written before there were
    accounts, if nobody has it, or a new one.
    """
    is_new = False
    digest = yield from _digest(identity)
    found, is_named = yield from _known(identity, digest)
    if not found:
        unclaimed = yield ("SELECT id FROM accounts WHERE name IS NULL", {})
        [last] = yield ("SELECT max(id) AS id FROM accounts", {})
        found = int(unclaimed[0]["id"] if unclaimed else last["id"] + 1)
        is_new = not unclaimed
    if not is_named:
        values = {
            "id": found,
            "name": identity.name or f"key-{(digest or '')[:SHOWN]}",
            "place": place_of(identity.base_url),
            "is_named": int(identity.name is not None),
        }
        yield (
            (
                "INSERT INTO accounts (id, name, base_url, is_named)"
                " VALUES (:id, :name, :place, :is_named) ON CONFLICT (id) DO UPDATE SET"
                " name = :name, base_url = :place, is_named = :is_named"
            ),
            values,
        )
    if digest is not None:
        insert = "INSERT INTO account_keys VALUES (:digest, :id) ON CONFLICT DO NOTHING"
        yield insert, {"digest": digest, "id": found}
    return found, is_new


def others(account: int | None) -> Program[list[str]]:
    """Return the names of accounts that have jobs, and are another; None: no other."""
    rows = yield (
        (
            "SELECT name FROM accounts WHERE id <> :account"
            " AND id IN (SELECT account FROM totals) ORDER BY id"
        ),
        {"account": account},
    )
    return [row["name"] or "" for row in rows]


def with_key(key: str) -> Program[list[str]]:
    """Return the names of the accounts that have a job of that key."""
    rows = yield (
        (
            "SELECT name FROM accounts WHERE EXISTS (SELECT 1 FROM jobs WHERE"
            " jobs.account = accounts.id AND jobs.key = :key) ORDER BY id"
        ),
        {"key": key},
    )
    return [row["name"] or "" for row in rows]


def _digest(identity: Identity) -> Program[str | None]:
    [row] = yield ("SELECT value FROM about WHERE name = 'salt'", {})
    return digest_of(identity, bytes.fromhex(row["value"]))


def _known(identity: Identity, digest: str | None) -> Program[tuple[int, bool]]:
    """
    Return the account of that name, else that of the key, or `NOBODY`.

    The second is whether it has the name that it is to have.
    """
    if identity.name is not None:
        rows = yield (
            "SELECT id FROM accounts WHERE name = :name AND base_url = :place",
            {"name": identity.name, "place": place_of(identity.base_url)},
        )
        if rows:
            return int(rows[0]["id"]), True
    rows = yield (
        (
            "SELECT id, is_named FROM accounts WHERE id ="
            " (SELECT account FROM account_keys WHERE digest = :digest)"
        ),
        {"digest": digest},
    )
    if not rows or (identity.name is not None and rows[0]["is_named"]):
        # A key may be handed to another account, if that is said.
        return NOBODY, False
    return int(rows[0]["id"]), identity.name is None
