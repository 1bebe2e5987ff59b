"""Journals to test, entries for them, and how the sessions that keep them die."""

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import pg_server
import pytest

from aiomusic.journal import Ending, Entry, Event, Journal, Limits
from aiomusic.journal.liveness import HEADER_BYTES, _boot_id
from aiomusic.journal.memory import MemoryJournal
from aiomusic.journal.postgres import PostgresJournal
from aiomusic.journal.sqlite import SqliteJournal

# Every commit is synced, which memory does at once.
FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None
NO_LIMITS = Limits(concurrency=1_000)


def sqlite_journal(folder: Path) -> SqliteJournal:
    return SqliteJournal(folder / "songs.db", lock_wait_s=5.0)


def postgres_journal(folder: Path) -> PostgresJournal:
    return PostgresJournal(pg_server.running().url(folder))


def pooled_journal(folder: Path) -> PostgresJournal:
    return PostgresJournal(pg_server.running().url(folder, is_pooled=True))


KEPT: Mapping[str, Callable[[Path], Journal]] = {
    "sqlite": sqlite_journal,
    "postgres": postgres_journal,
    "pgbouncer": pooled_journal,
}
"""Journals that outlive their session, by name: each made again on one folder."""

ALL: Mapping[str, Callable[[Path], Journal]] = {
    "memory": lambda _: MemoryJournal(),
    **KEPT,
}


PLACES: Mapping[str, Callable[[Path], str]] = {
    "sqlite": lambda folder: str(folder / "songs.db"),
    "postgres": lambda folder: pg_server.running().url(folder),
}
"""What a session is given for each, by name."""


def params(names: Mapping[str, object]) -> list[Any]:
    """Return names of journals to run a test with, as far as they can be had."""
    needed = {"postgres": pg_server.NEEDED, "pgbouncer": pg_server.NEEDED}
    return [pytest.param(name, marks=needed.get(name, ())) for name in names]


def entry(key: str = "k", **fields: Any) -> Entry:
    given: dict[str, Any] = {
        "kind": "suno.create",
        "provider": "suno",
        "request": {"kind": "suno.create", "description": "rain"},
        "fingerprint": "f",
        "cost": 10,
        "metadata": {},
        "made_at": 100.0,
        "now": 101.0,
    }
    return Entry(key=key, **{**given, **fields})


def ending(charged: str = "yes", state: str = "succeeded", **fields: Any) -> Ending:
    """Return the event that ends a job so; a task that was made is never free."""
    event = {
        ("yes", "succeeded"): Event.SUCCEEDED,
        ("no", "failed"): Event.REFUSED,
        ("no", "cancelled"): Event.DROPPED,
        ("unknown", "unknown"): Event.LOST,
    }.get((charged, state), Event.FAILED)
    given: dict[str, Any] = {"event": event, "charged": charged, "now": 110.0}
    return Ending(**{**given, **fields})


async def over(
    journal: Journal,
    key: str,
    attempt: int = 1,
    charged: str = "yes",
    state: str = "succeeded",
    **fields: Any,
) -> None:
    """End a job so; its task is accepted first where only a poll can tell its end."""
    end = ending(charged, state, **fields)
    if end.event in {Event.SUCCEEDED, Event.FAILED}:
        await journal.accept(key, attempt, f"t-{key}-{attempt}", 105.0)
    journal.end(key, attempt, end)


async def crash(journal: SqliteJournal | PostgresJournal) -> None:
    """End its session as a kill does, and nothing is settled."""
    writer, journal._writer = journal._writer, None
    assert writer is not None
    await writer.stop()
    if isinstance(journal, SqliteJournal):
        journal._lock.forget()
    else:
        await expire(journal)


async def expire(journal: PostgresJournal) -> None:
    """End the lease of a session, as if it had been silent for that long."""
    await query(
        journal,
        "UPDATE sessions SET until = clock_timestamp() - interval '1 s'"
        f" WHERE name = '{journal.owner}'",
    )


async def query(journal: PostgresJournal, text: str) -> list[dict[str, Any]]:
    """Ask the database of a journal, past the journal."""
    db = await asyncpg.connect(journal._address.dsn, statement_cache_size=0)
    try:
        await db.execute("BEGIN")
        await db.execute(f"SET LOCAL search_path TO {journal._address.schema}")
        found = await db.fetch(text)
        await db.execute("COMMIT")
    finally:
        await db.close()
    return [dict(row) for row in found]


async def take_for_dead(
    journal: SqliteJournal | PostgresJournal, *, is_sure_of_marks: bool
) -> None:
    """
    Have others take a session that lives for dead.

    Args:
        is_sure_of_marks: Whether they can tell what it has sent: nothing.
    """
    if isinstance(journal, PostgresJournal):
        if not is_sure_of_marks:
            await journal.note_sent("a", 1)
        await expire(journal)
        return
    # Somebody tidied the folder under it.
    lock = journal.path.with_name(f"{journal.path.name}-owner-{journal.owner}")
    lock.unlink()
    if is_sure_of_marks:
        lock.write_bytes(_boot_id().ljust(HEADER_BYTES, b"\0"))


def rows(path: Path) -> dict[tuple[str, int], dict[str, Any]]:
    """Read the jobs of a file, past the journal."""
    db = sqlite3.connect(path)
    try:
        db.row_factory = sqlite3.Row
        found = db.execute("SELECT * FROM jobs ORDER BY rowid").fetchall()
        return {(row["key"], row["attempt"]): dict(row) for row in found}
    finally:
        db.close()


def totals(path: Path) -> tuple[int, int, int]:
    """Read slots, reserved and spent."""
    db = sqlite3.connect(path)
    try:
        found = db.execute("SELECT slots, reserved, spent FROM totals").fetchone()
        return int(found[0]), int(found[1]), int(found[2])
    finally:
        db.close()
