"""
That a journal's file is opened where those who share it look for each other.

Its log, and the locks of its sessions, stand beside it under its name.  Who opened the
same file by another name would see neither, and buy again what others have bought.
So while it is open, a companion beside it repeats a number that the file holds, and
both are compared by whoever joins; a file that says it is open and has no companion is
taken only if nobody has it open, and its log came along.
"""

import contextlib
import os
import sqlite3
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Final

from aiomusic.errors import JournalError
from aiomusic.journal.schema import APPLICATION_ID

__all__ = ["check_new", "join", "leave", "settle"]

MOUNTS: Final = Path("/proc/self/mountinfo")
RETRY_S: Final = 0.01
# Whoever comes or goes at the same moment is done with it by then.
MAX_WAIT_S: Final = 1.0
MAX_BYTES: Final = 200
# The step of the schema that brought the number.
FIRST_VERSION: Final = 6


def _companion(path: Path) -> Path:
    return path.with_name(f"{path.name}-owners")


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def check_new(path: Path) -> None:
    """
    Check that no new file would take the place of one whose log is still there.

    Raises:
        JournalError: It would, and SQLite would delete the log.
        OSError: It can't be told.
    """
    log = _log(path)
    # The file is looked for last: another session may make it at this moment.
    if not log.exists() or not log.stat().st_size or path.exists():
        return
    message = (
        f"There is no journal {path}, but the log of one, {log.name}: what was bought"
        " last stands in that alone. Where the file was moved, move its log along,"
        f" under the file's new name and -wal. To begin a new journal, delete"
        f" {log.name}. Nothing is sent."
    )
    raise JournalError(message)


def settle(path: Path, wait_s: float, has_company: Callable[[], bool]) -> None:
    """
    Make sure that a file may be opened by its name, before it is.

    Args:
        wait_s: How long to wait for others who come or go.
        has_company: Whether another session is on it, by the same name.

    Raises:
        JournalError: It must not be.
        sqlite3.Error: It can't be read.
    """
    if _is_mount(path):
        message = (
            f"The journal {path} is a file that is mounted by itself: its log and its"
            " locks, which stand beside it, would not be shared. Mount its folder"
            " instead. Nothing is sent."
        )
        raise JournalError(message)
    deadline = time.monotonic() + min(wait_s, MAX_WAIT_S)
    # It is looked for first: whoever reads the file makes one, and deletes it.
    has_log = _log(path).exists()
    while not _is_free(path, has_company, has_log=has_log):
        if time.monotonic() >= deadline:
            is_alone = path.stat().st_nlink == 1 and not _companion(path).exists()
            is_cut_off = is_alone and not has_log
            raise _log_missing(path) if is_cut_off else _open_elsewhere(path)
        time.sleep(RETRY_S)


def _is_mount(path: Path) -> bool:
    try:
        mounts = MOUNTS.read_bytes()
    except OSError:
        return False
    shown = os.fsencode(path)
    for code in b"\\ \t\n":
        shown = shown.replace(bytes([code]), b"\\%03o" % code)
    return any(shown == line.split(b" ")[4] for line in mounts.splitlines())


def _is_free(path: Path, has_company: Callable[[], bool], *, has_log: bool) -> bool:
    """Check whether nobody has it open by another name, and its log is there."""
    has_links = path.stat().st_nlink > 1
    has_companion = _companion(path).exists()
    if has_companion and (not has_links or has_company()):
        return True
    try:
        is_open = _is_open(path)
        if is_open and has_links and not has_companion:
            # Whoever died on it left its log beside its other name.
            raise _open_elsewhere(path)
        if is_open and not (has_companion or has_log):
            # Whoever opens it at this moment is about to write a companion.
            return False
        return not (is_open or has_links) or _is_nobodys(path)
    except sqlite3.OperationalError as error:
        # So SQLite says that this process has the file open by its other name.
        if has_links and error.sqlite_errorname.startswith("SQLITE_IOERR"):
            raise _open_elsewhere(path) from error
        raise


def _is_open(path: Path) -> bool:
    """Check whether a file says that it is open, or was not left as it should be."""
    with contextlib.closing(sqlite3.connect(path, timeout=1.0)) as db:
        [owner] = db.execute("PRAGMA application_id").fetchone()
        [version] = db.execute("PRAGMA user_version").fetchone()
        if owner != APPLICATION_ID or version < FIRST_VERSION:
            return False
        return _told(db, "is_open") == "1"


def _is_nobodys(path: Path) -> bool:
    """Check whether no connection, by whatever name, has it open."""
    with contextlib.closing(sqlite3.connect(path, timeout=0.0)) as db:
        try:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY"):
                raise
            return False
        return True


def _log_missing(path: Path) -> JournalError:
    name = _log(path).name
    message = (
        f"The journal {path} was not closed as it should be, and its log, {name}, is"
        " not beside it: what was bought last may stand in that alone, and would be"
        f" bought again. Put the log there as {name}; it stands where the file was"
        " moved or copied from. If it is lost, or this is a backup, make an empty file"
        " of that name, and the journal opens without it. Nothing is sent."
    )
    return JournalError(message)


def _open_elsewhere(path: Path) -> JournalError:
    message = (
        f"The journal {path} is open, or was not closed as it should be, under another"
        " name: as a hard link, or a mount of the file alone. Those who share it would"
        " not see each other, and buy twice. Open it by the name that the others use;"
        " if it is another program that reads it, close that. Nothing is sent."
    )
    return JournalError(message)


def _told(db: sqlite3.Connection, name: str) -> str:
    found = db.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
    return "" if found is None else str(found[0])


def join(db: sqlite3.Connection, path: Path, version: int) -> bool:
    """
    Join those who have it open, within a transaction.

    Args:
        version: Which step of the schema the file had before.

    Returns:
        Whether that is to be seen in the file itself, and not in its log.

    Raises:
        JournalError: What stands beside it belongs to another file.
        OSError: The companion can't be read, or written.
    """
    number, companion = _told(db, "nonce"), _companion(path)
    if version < FIRST_VERSION:
        # What may stand there is of one who died before the number was in the file.
        companion.unlink(missing_ok=True)
    try:
        with companion.open("rb") as file:
            found = file.read(MAX_BYTES).strip().decode("ascii", "replace")
    except FileNotFoundError:
        _write(companion, number)
        found = number
    except PermissionError:
        # It is of another user, who let this one use the file.
        found = number
    if found != number:
        message = (
            f"{companion} belongs to another journal than {path}: the file was copied"
            " or moved there, beside what others left. Put back what belongs together;"
            f" if no aiomusic uses either, delete {companion.name} and {path.name}-wal,"
            " and open the journal again. Nothing is sent."
        )
        raise JournalError(message)
    is_new = _told(db, "is_open") != "1"
    if is_new:
        db.execute("UPDATE about SET value = '1' WHERE name = 'is_open'")
    return is_new


def leave(db: sqlite3.Connection, path: Path) -> None:
    """Leave it as the last who had it open, within a transaction."""
    with contextlib.suppress(OSError):
        _companion(path).unlink(missing_ok=True)
        db.execute("UPDATE about SET value = '0' WHERE name = 'is_open'")


def _write(companion: Path, number: str) -> None:
    """Write a companion, whole or not at all."""
    young = companion.with_name(f"{companion.name}-{uuid.uuid4().hex}")
    descriptor = os.open(young, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{number}\n")
        young.replace(companion)
    except BaseException:
        young.unlink(missing_ok=True)
        raise
