"""What reads a journal's file at leisure, beside whoever writes it."""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar, final

import attrs

from aiomusic.errors import JournalError
from aiomusic.journal import (
    Identity,
    Record,
    accounts,
    programs,
)
from aiomusic.journal.archive import whole
from aiomusic.journal.faults import FAULTS, fault
from aiomusic.journal.packing import plain
from aiomusic.journal.programs import Program
from aiomusic.journal.reading import Reader
from aiomusic.journal.schema import APPLICATION_ID, STEPS
from aiomusic.journal.sql_syntax import SQLITE, SqlSyntax

__all__ = ["SqliteReader", "connect_to_read", "drive", "read_rows"]

R = TypeVar("R")

# Between two pages, others have the interpreter: a task's id must not wait for a list.
TURN_S = 0.000_5


@final
@attrs.frozen
class SqliteReader(Reader):
    """
    Reads a file that is there and up to date, and never changes or locks it.

    Each call sees the file as it was at one moment, on a connection of its own.

    Args:
        path: The file.
        lock_wait_s: How long to wait for another program that keeps it locked.
        identity: Whose rows are told from those of others; None: nobody's.
    """

    sql: ClassVar[SqlSyntax] = SQLITE

    path: Path
    lock_wait_s: float = 10.0
    identity: Identity | None = None

    async def is_there(self) -> bool:
        """Check whether there is a file."""
        return self.path.exists()

    async def is_current(self) -> bool:
        """
        Check whether the file has every step of the schema.

        Raises:
            JournalError: It can't be read.
        """

        def check(db: sqlite3.Connection) -> bool:
            [owner] = db.execute("PRAGMA application_id").fetchone()
            [version] = db.execute("PRAGMA user_version").fetchone()
            return (owner, version) == (APPLICATION_ID, len(STEPS))

        return await self._read(check)

    async def find(self, key: str, attempt: int | None = None) -> Record | None:
        """Return a purchase under a key whole; None: the last that counts."""

        def program() -> Program[Record | None]:
            account = yield from accounts.sought(self.identity)
            return (yield from programs.find(account, key, attempt))

        return await whole(await self.run(program), self.path)

    async def run(self, program: Callable[[], Program[R]]) -> R:
        """
        Run a program that only reads.

        Raises:
            JournalError: The file can't be read.
        """
        return await self._read(partial(drive, program=program, turn_s=TURN_S))

    async def _read(self, do: Callable[[sqlite3.Connection], R]) -> R:
        def work() -> R:
            with contextlib.closing(connect_to_read(self.path, self.lock_wait_s)) as db:
                db.execute("BEGIN")
                return do(db)

        try:
            return await asyncio.to_thread(work)
        except FAULTS as error:
            raise JournalError(fault(self.path, error)) from error


def connect_to_read(path: Path, lock_wait_s: float) -> sqlite3.Connection:
    """Open a file that is there, and can't be changed through it."""
    db = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro",
        uri=True,
        timeout=lock_wait_s,
        isolation_level=None,
        check_same_thread=False,
    )
    read_rows(db)
    return db


def read_rows(db: sqlite3.Connection) -> None:
    """Have rows read by name, and text that is none, or compressed, as text."""
    db.row_factory = sqlite3.Row
    db.create_function("plain", 1, plain, deterministic=True)
    db.text_factory = partial(str, encoding="utf-8", errors="replace")


def drive(
    db: sqlite3.Connection, program: Callable[[], Program[R]], turn_s: float = 0.0
) -> R:
    """
    Run a program against one connection.

    Args:
        turn_s: How long to let others have the interpreter between two statements.
    """
    steps = program()
    rows: list[Any] = []
    try:
        statement, values = next(steps)
        while True:
            rows = db.execute(statement, values).fetchall()
            statement, values = steps.send(rows)
            if turn_s:
                time.sleep(turn_s)
    except StopIteration as stop:
        found: R = stop.value
        return found
