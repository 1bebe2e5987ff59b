"""
Jobs that are over, moved to a file of JSON lines beside the journal.

A line is on the disk before its row lets go of what it holds, so that whatever ends
the process loses nothing; at worst a line stands there twice.  The row keeps its key,
fingerprint, task and money, and where its line is.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self, TypeAlias, final

import attrs

from aiomusic.errors import JournalError
from aiomusic.journal import Record
from aiomusic.journal.liveness import lock_file
from aiomusic.journal.programs import PURCHASE, WHOLE, Program
from aiomusic.journal.rows import DamagedRow, record

__all__ = ["ArchiveFile", "Archived", "move_all", "whole"]

PAGE_ROWS: Final = 500
# So many rows are changed in one transaction, for which whoever buys has to wait.
MOVED_TOGETHER: Final = 50
OVER: Final = (
    "state IN ('succeeded', 'failed', 'cancelled') AND owner IS NULL AND slot = 0"
    " AND reserved = 0 AND archive IS NULL"
)
# What a row lets go of; all else is a column that it keeps.
MOVED: Final = ("request", "error", "files", "result", "clips")

Found: TypeAlias = tuple[Mapping[str, Any], Record]
"""A row's own columns, and what they tell."""

Line: TypeAlias = tuple[Mapping[str, Any], int]
"""A row's own columns, and where in the file its line begins."""

Place: TypeAlias = tuple[float, int]
"""Where a row stands in the order in which jobs were made."""

FIRST: Final[Place] = (float("-inf"), 0)


@final
@attrs.frozen
class Archived:
    """
    What was moved.

    Attributes:
        jobs: How many.
        file: Where they are.
    """

    jobs: int
    file: Path


def _finished(before: float, after: Place) -> Program[tuple[Place | None, list[Found]]]:
    """
    Return the next jobs that are over and ended before, and the place of the last.

    Args:
        after: The place of the row that was looked at last.
    """
    rows = yield (
        (
            # None ended before it was made, so the index holds what is looked at.
            f"SELECT rowid AS place, {WHOLE} FROM jobs WHERE made_at < :before"
            f" AND (made_at, rowid) > (:made, :after) AND {OVER}"
            " AND coalesce(ended_at, made_at) < :before"
            " ORDER BY made_at, rowid LIMIT :limit"
        ),
        {"before": before, "made": after[0], "after": after[1], "limit": PAGE_ROWS},
    )
    found = []
    for row in rows:
        # One that is damaged stays where it is.
        with contextlib.suppress(DamagedRow):
            found.append((row, record(row)))
    return (rows[-1]["made_at"], rows[-1]["place"]) if rows else None, found


def _move(file: str, lines: Sequence[Line]) -> Program[int]:
    """Have rows let go of what stands in a file; return how many still were over."""
    moved = 0
    for row, place in lines:
        changed = yield (
            (
                "UPDATE jobs SET request = NULL, error = NULL, files = '[]',"
                " result = NULL, clips = '[]', archive = :file, archive_place = :place"
                f" WHERE {PURCHASE} AND {OVER} RETURNING attempt"
            ),
            {
                "file": file,
                "place": place,
                "account": row["account"],
                "key": row["key"],
                "attempt": row["attempt"],
            },
        )
        moved += len(changed)
    return moved


async def move_all(
    before: float,
    path: Path,
    *,
    read: Callable[[Callable[[], Program[Any]]], Awaitable[Any]],
    write: Callable[[Callable[[], Program[Any]]], Awaitable[Any]],
) -> Archived:
    """
    Move jobs that are over and ended before to a file of JSON lines.

    Args:
        read, write: Run a program beside the journal's writer, and as its writer.

    Raises:
        JournalError: It can't be written, or not all; what was not is as it was.
    """
    file = ArchiveFile(path)
    moved, place = 0, FIRST
    try:
        with contextlib.ExitStack() as stack:
            while True:
                last, found = await read(partial(_finished, before, place))
                if last is None:
                    return Archived(moved, file.path)
                if place is FIRST:
                    await asyncio.to_thread(stack.enter_context, file)
                place = last
                lines = await asyncio.to_thread(file.append, found)
                for at in range(0, len(lines), MOVED_TOGETHER):
                    some = lines[at : at + MOVED_TOGETHER]
                    moved += await write(partial(_move, str(file.path), some))
    except OSError as error:
        raise JournalError(
            f"Jobs can't be moved to {file.path}: {error.strerror or error}. They"
            " stay in the journal."
        ) from error


@final
class ArchiveFile:
    """
    A file of JSON lines, written by one at a time.

    Raises:
        OSError: It can't be written, or another archives into it.
    """

    def __init__(self, path: Path) -> None:
        self.path: Path = path.expanduser().absolute()

    def __enter__(self) -> Self:
        is_new = not self.path.exists()
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        self._file: IO[bytes] = os.fdopen(descriptor, "r+b", buffering=0)
        try:
            lock_file(self._file)
        except OSError as error:
            self._file.close()
            message = f"another aiomusic archives into {self.path}"
            raise OSError(message) from error
        self._mend()
        if is_new and os.name != "nt":
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def _mend(self) -> None:
        """End a line that was cut off: its row was not let go of."""
        size = self._file.seek(0, os.SEEK_END)
        if size:
            self._file.seek(size - 1)
            is_whole = self._file.read(1) == b"\n"
            if not is_whole:
                self._file.write(b"\n")

    def append(self, found: Sequence[Found]) -> list[Line]:
        """Write a line for each, durably, and return where each begins."""
        place = self._file.seek(0, os.SEEK_END)
        lines: list[Line] = []
        text = bytearray()
        for row, one in found:
            lines.append((row, place + len(text)))
            text += f"{json.dumps(_line(one))}\n".encode()
        view = memoryview(text)
        while view:
            view = view[self._file.write(view) :]
        os.fsync(self._file.fileno())
        return lines


def _line(one: Record) -> dict[str, Any]:
    """Return all that is known of a job; times are seconds since 1970."""
    left_out = {"is_followed", "owner", "damage", "is_other_account"}
    left_out |= {"archive", "archive_place"}
    fields = one.to_json()
    told = {name: value for name, value in fields.items() if name not in left_out}
    return {"event": "archived", **told}


async def whole(one: Record | None, journal: Path | None = None) -> Record | None:
    """
    Return a job whole, if its line can be read where it was moved to.

    Args:
        journal: The journal's file, beside which the archive may be now; None: it
            is no file.
    """
    if one is None or one.archive is None:
        return one
    return await asyncio.to_thread(_restored, one, one.archive, journal)


def _restored(one: Record, archive: str, journal: Path | None) -> Record:
    path = Path(archive)
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
        if journal is not None and not path.exists():
            path = journal.with_name(path.name)
        with path.open("rb") as file:
            file.seek(one.archive_place or 0)
            found = json.loads(file.readline())
        if (found["key"], found["attempt"]) == (one.key, one.attempt):
            moved = {_field(name): found[name] for name in MOVED}
            return attrs.evolve(one, **moved)
    return one


def _field(name: str) -> str:
    """Return what a record calls what a row calls so."""
    return name if name == "files" else f"raw_{name}"
