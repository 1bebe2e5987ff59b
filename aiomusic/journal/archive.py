"""
Jobs that are over, moved to a file of JSON lines beside the journal.

A line is on the disk before its row lets go of what it holds, so that whatever ends
the process loses nothing; at worst a line stands there twice.  The row keeps its key,
fingerprint, task and money, and where its line is.
"""

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self, TypeAlias, final

import attrs

from aiomusic.journal import Record
from aiomusic.journal.liveness import lock_file
from aiomusic.journal.programs import PURCHASE, WHOLE, Program
from aiomusic.journal.rows import DamagedRow, record

__all__ = ["ArchiveFile", "Archived", "Line", "finished", "move", "restored"]

PAGE_ROWS: Final = 500
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


def finished(before: float, after_row: int) -> Program[tuple[int | None, list[Found]]]:
    """
    Return the next jobs that are over and ended before, and the last row of them.

    Args:
        after_row: The row that was looked at last.
    """
    rows = yield (
        (
            f"SELECT rowid AS place, {WHOLE} FROM jobs WHERE rowid > :after AND {OVER}"
            " AND coalesce(ended_at, made_at) < :before ORDER BY rowid LIMIT :limit"
        ),
        {"after": after_row, "before": before, "limit": PAGE_ROWS},
    )
    found = []
    for row in rows:
        # One that is damaged stays where it is.
        with contextlib.suppress(DamagedRow):
            found.append((row, record(row)))
    return (rows[-1]["place"] if rows else None), found


def move(file: str, lines: Sequence[Line]) -> Program[int]:
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


def restored(one: Record | None, journal: Path) -> Record | None:
    """
    Return a job whole, if its line can be read where it was moved to.

    Args:
        journal: The journal's file, beside which the archive may be now.
    """
    if one is None or one.archive is None:
        return one
    path = Path(one.archive)
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
        path = path if path.exists() else journal.with_name(path.name)
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
