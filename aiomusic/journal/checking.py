"""
That a file is damaged, found before it counts: an index without a key buys it again.

To read a file through takes longer the more is over.  So it is done once a day, and
whenever somebody may have written to the file since it was left whole.  Whoever leaves
it last notes when, and gives the file that very time; whatever else writes to it, or
copies it, gives it another.  While it is open, a session that lives vouches for it.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

__all__ = ["check", "join", "leave", "note_time"]

# Comparing indexes takes about 5 s a gigabyte, looking at pages half of that.
MAX_COMPARED_BYTES: Final = 64_000_000
MAX_CHECKED_BYTES: Final = 1_000_000_000
DAY_S: Final = 86_400.0


def join(
    db: sqlite3.Connection, path: Path, owner: str, is_alive: Callable[[str], bool]
) -> bool:
    """
    Join those who have a file open, within a transaction.

    Args:
        owner: The session's name.
        is_alive: Whether the session of a name lives.

    Returns:
        Whether the file is to be read through.
    """
    left_at, voucher = _number(db, "left_at"), _told(db, "voucher")
    is_vouched = not left_at and is_alive(voucher)
    is_whole = is_vouched or left_at == path.stat().st_mtime_ns
    age_s = time.time() - _number(db, "checked_at") / 1e9
    _note(db, "left_at", 0)
    if not is_vouched:
        _note(db, "voucher", owner)
    if is_whole and 0.0 <= age_s < DAY_S:
        return False
    # Whoever joins before it is done looks, too.
    _note(db, "checked_at", 0)
    return True


def check(db: sqlite3.Connection, path: Path) -> None:
    """
    Read a file through, and note that it is whole.

    In a large file, indexes are not compared with their rows; one that is larger than
    a gigabyte is not read at all.

    Raises:
        sqlite3.DatabaseError: It is damaged.
    """
    size_bytes = path.stat().st_size
    if size_bytes > MAX_CHECKED_BYTES:
        return
    how = "integrity" if size_bytes <= MAX_COMPARED_BYTES else "quick"
    found: str = db.execute(f"PRAGMA {how}_check(1)").fetchone()[0]
    if found == "ok":
        wrong = db.execute(
            "SELECT account, sum(slot), sum(reserved), sum(spent) FROM jobs"
            " GROUP BY account"
            " EXCEPT SELECT account, slots, reserved, spent FROM totals"
        ).fetchone()
        found = "ok" if wrong is None else "its totals are not those of its jobs"
    if found != "ok":
        raise sqlite3.DatabaseError(found)
    # Where another keeps it locked, whoever comes next looks again.
    with contextlib.suppress(sqlite3.OperationalError):
        _note(db, "checked_at", time.time_ns())


def leave(db: sqlite3.Connection) -> int:
    """Note that the file is left whole, within a transaction; return when."""
    # Whole microseconds, which every usual file system can hold.
    now = time.time_ns() // 1_000 * 1_000
    _note(db, "left_at", now)
    return now


def note_time(path: Path, left_at: int) -> None:
    """Give a file that nobody has open the time at which it was left."""
    # The file of another user is read through each time.
    with contextlib.suppress(OSError):
        os.utime(path, ns=(left_at, left_at))


def _told(db: sqlite3.Connection, name: str) -> str:
    found = db.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
    return "" if found is None else str(found[0])


def _number(db: sqlite3.Connection, name: str) -> int:
    try:
        return int(_told(db, name))
    except ValueError:
        return 0


def _note(db: sqlite3.Connection, name: str, value: object) -> None:
    # What is so already is not written again.
    db.execute(
        "UPDATE about SET value = :value WHERE name = :name AND value <> :value",
        {"value": str(value), "name": name},
    )
