"""``aiomusic open``: hand a file, or an album's page, to the platform's player."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from aiomusic.cli._exits import Exit, UsageError, exit_for
from aiomusic.cli._journal import JournalPath, find_job, reader_of
from aiomusic.cli._show import print_result, report
from aiomusic.errors import MusicError
from aiomusic.journal import Record

__all__ = ["open_it"]

PAGE: Final = "index.html"
# A player that ends at once with a code was not found, or can't play it.
SETTLE_S: Final = 3.0


def open_it(what: str, journal: str | None) -> Exit:
    """Open what a path or a job's key means; its path is what is printed."""
    try:
        path = _path(what, journal)
    except (MusicError, UsageError) as error:
        report(str(error.args[0]))
        return exit_for(error)
    print_result(str(path))
    trouble = _opened(path)
    if trouble is not None:
        report(f"{path} could not be opened: {trouble}. Open it yourself.")
        return Exit.FILES
    return Exit.DONE


def _path(what: str, journal: str | None) -> Path:
    """
    Return the file that is meant.

    Raises:
        UsageError: There is none.
    """
    path = Path(what).expanduser()
    if path.is_dir():
        page = path / PAGE
        if not page.is_file():
            raise UsageError(
                f"{path} has no page yet: 'aiomusic gallery {what}' writes it."
            )
        return page.resolve()
    if path.is_file():
        return path.resolve()
    return _file_of(what, JournalPath.of(journal))


def _file_of(key: str, place: JournalPath) -> Path:
    """Return the first file of a job that is still there."""
    record = asyncio.run(_record(key, place))
    files = [Path(file) for file in record.files]
    found = next((file for file in files if file.is_file()), None)
    if found is None:
        seen = "are gone" if files else "were never saved"
        raise UsageError(
            f"The files of job {record.key} {seen}:"
            f" 'aiomusic jobs resume {record.key}{place.option}' saves them."
        )
    return found


async def _record(key: str, place: JournalPath) -> Record:
    try:
        return await find_job(await reader_of(place), place, key)
    except UsageError as error:
        raise UsageError(f"There is no file {key!r}. {error.args[0]}") from error


def _opened(path: Path) -> str | None:
    """Start the player; return why that failed."""
    if sys.platform == "win32":
        try:
            os.startfile(path)  # noqa: S606 - it is there for this
        except OSError as error:
            return error.strerror or "Windows refuses"
        return None
    name = "open" if sys.platform == "darwin" else "xdg-open"
    program = shutil.which(name)
    if program is None:
        return f"{name} is not installed"
    quiet = subprocess.DEVNULL
    started = subprocess.Popen(  # noqa: S603 - a path, and no shell
        [program, str(path)],
        stdin=quiet,
        stdout=quiet,
        stderr=quiet,
        start_new_session=True,
    )
    with contextlib.suppress(subprocess.TimeoutExpired):
        if code := started.wait(SETTLE_S):
            return f"{name} ended with code {code}"
    # It plays on; nobody waits for it.
    started.returncode = 0
    return None
