"""``aiomusic gallery``: the page of an album."""

import sys
import webbrowser
from pathlib import Path

from aiomusic.cli._exits import Exit
from aiomusic.cli._show import print_result, report
from aiomusic.gallery import AlbumError, take_kept, write_gallery

__all__ = ["show_album"]


def show_album(folder: Path, page: str, *, kept: Path | None, is_opened: bool) -> Exit:
    """Write the page; its path is what is printed, and what it lacks beside that."""
    try:
        if kept is not None:
            take_kept(folder, kept)
        written = write_gallery(folder, page=page, progress=_progress)
    except AlbumError as error:
        report(str(error))
        return Exit.USAGE
    except OSError as error:
        why = error.strerror or error
        report(f"Can't write the page of {folder}: {error.filename or page}: {why}.")
        return Exit.FILES
    for note in written.notes:
        report(note)
    print_result(str(written.page))
    if is_opened and not webbrowser.open(written.page.resolve().as_uri()):
        report(f"No browser was found; open {written.page} in one.")
    return Exit.DONE


def _progress(done: int, of: int) -> None:
    """On a terminal, say how far the measuring of waveforms is."""
    if sys.stderr.isatty():
        end = "\n" if done == of else ""
        sys.stderr.write(f"\rdrawing waveforms: {done} of {of}{end}")
        sys.stderr.flush()
