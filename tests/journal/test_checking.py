"""A file is read through for damage where that may tell something, and only there."""

import contextlib
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from journaling import NO_LIMITS, crash, entry

from aiomusic import JournalError
from aiomusic.journal.sqlite import SqliteJournal

pytestmark = pytest.mark.anyio

DAY_S = 86_400


async def left(path: Path) -> None:
    """Write a journal, and leave it."""
    journal = SqliteJournal(path)
    await journal.open()
    await journal.admit([entry("a")], NO_LIMITS)
    await journal.aclose()


def tamper(path: Path, *, is_hidden: bool, checked_at: float | None = None) -> None:
    """Spoil the totals; hidden, as a disk would: the file keeps its time."""
    before = path.stat().st_mtime_ns
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE totals SET spent = 7")
        if checked_at is not None:
            words = "UPDATE about SET value = ? WHERE name = 'checked_at'"
            db.execute(words, (str(int(checked_at * 1e9)),))
    if is_hidden:
        os.utime(path, ns=(before, before))


async def is_found(path: Path) -> bool:
    """Check whether whoever opens a file is told that its totals are wrong."""
    journal = SqliteJournal(path)
    try:
        await journal.open()
    except JournalError as error:
        return "its totals are not those of its jobs" in str(error)
    await journal.aclose()
    return False


async def test_a_file_that_was_left_whole_is_not_read_again(tmp_path: Path) -> None:
    """However much is in it, a session is entered at once."""
    path = tmp_path / "songs.db"
    await left(path)
    tamper(path, is_hidden=True)

    assert [False, False] == [await is_found(path), await is_found(path)]


def copy_over(path: Path) -> None:
    """Have a spoilt file come from elsewhere."""
    tamper(path, is_hidden=True)
    copy = path.with_name("copy.db")
    shutil.copy(path, copy)
    copy.replace(path)


CHANGES: dict[str, Callable[[Path], object]] = {
    "written to": lambda path: tamper(path, is_hidden=False),
    "copied": copy_over,
    "checked yesterday": lambda path: tamper(
        path, is_hidden=True, checked_at=time.time() - DAY_S - 60
    ),
    "checked tomorrow": lambda path: tamper(
        path, is_hidden=True, checked_at=time.time() + DAY_S
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_a_file_that_may_have_changed_is_read_through_until_it_is_whole(
    tmp_path: Path, change: Callable[[Path], object]
) -> None:
    """By whatever wrote to it, and once a day."""
    path = tmp_path / "songs.db"
    await left(path)
    change(path)

    assert [True, True] == [await is_found(path), await is_found(path)]


async def test_a_file_whose_session_died_is_read_through(tmp_path: Path) -> None:
    """It may be torn; of those that come together, each looks until one has."""
    path = tmp_path / "songs.db"
    await left(path)
    journal = SqliteJournal(path)
    await journal.open()
    await crash(journal)
    tamper(path, is_hidden=True)
    others = [SqliteJournal(path) for _ in range(2)]

    for other in others:
        with pytest.raises(JournalError, match="totals are not those"):
            await other.open()


async def test_whoever_joins_a_living_session_trusts_it(tmp_path: Path) -> None:
    """And when that one is gone, the next reads the file through itself."""
    path = tmp_path / "songs.db"
    await left(path)
    first, second = SqliteJournal(path), SqliteJournal(path)
    await first.open()
    tamper(path, is_hidden=True)

    assert not await is_found(path)
    await second.open()
    await first.aclose()

    assert await is_found(path)
    await second.aclose()
