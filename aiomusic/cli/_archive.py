"""``aiomusic jobs archive`` and ``vacuum``: what keeps a journal small."""

import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path

from aiomusic.cli._exits import Exit, UsageError
from aiomusic.cli._jobs import ending_well
from aiomusic.cli._journal import JournalPath, writing
from aiomusic.cli._options import seconds
from aiomusic.cli._show import print_result, report

__all__ = ["archive", "vacuum"]


def archive(
    before: str, to: Path | None, journal: str | None, *, as_json: bool
) -> Exit:
    """Move what is over, and ended before, out of the journal."""
    return ending_well(_archive(before, to, journal, as_json=as_json), as_json=as_json)


async def _archive(
    before: str, to: Path | None, typed: str | None, *, as_json: bool
) -> Exit:
    until = _moment(before)
    place = JournalPath.of(typed)
    if to is None and not isinstance(place.where, Path):
        raise UsageError(
            f"The journal {place.shown} is no file, so there is no archive beside it:"
            " name one with --to, where all machines find it. Nothing was moved."
        )
    async with writing(place) as journal:
        if journal is None:
            report(f"no jobs yet in {place.shown}.")
            return Exit.DONE
        moved = await journal.archive(until, to)
    if as_json:
        event = {"event": "archived", "jobs": moved.jobs, "file": str(moved.file)}
        print_result(json.dumps(event))
    elif moved.jobs:
        report(f"{moved.jobs} jobs were moved to {moved.file}.")
    else:
        report(f"no jobs in {place.shown} ended before {before}.")
    return Exit.DONE


def _moment(typed: str) -> float:
    """
    Read a day, a time, or an age as in ``30d``.

    Raises:
        UsageError: It is none.
    """
    if re.fullmatch(r"\d+ ?[smhdw]", typed):
        return time.time() - seconds("--before", typed)
    try:
        found = datetime.fromisoformat(typed)
    except ValueError as error:
        raise UsageError(
            f"--before is {typed!r}; write a day, as in 2026-01-31, or an age, as in"
            " 30d."
        ) from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def vacuum(journal: str | None, *, as_json: bool) -> Exit:
    """Return unused space of the journal to the disk."""
    return ending_well(_vacuum(journal, as_json=as_json), as_json=as_json)


async def _vacuum(typed: str | None, *, as_json: bool) -> Exit:
    place = JournalPath.of(typed)
    async with writing(place) as journal:
        if journal is None:
            report(f"no jobs yet in {place.shown}.")
            return Exit.DONE
        before, after = await journal.vacuum()
    if as_json:
        line = {"event": "vacuumed", "before": before, "after": after}
        print_result(json.dumps(line))
    else:
        report(f"{place.shown} had {before:,} bytes, and has {after:,}.")
    return Exit.DONE
