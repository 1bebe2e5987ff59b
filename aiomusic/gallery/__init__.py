"""
A page to listen to an album, and to choose: what ``aiomusic gallery`` writes.

The page is one file beside the audio, and asks no host for anything.  It reads the
``manifest.jsonl`` of a batch; a folder without one is shown by its files' tags.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, final
from urllib.parse import quote

import attrs

from aiomusic._notebook import facts, frame, stack
from aiomusic.gallery._album import Album, AlbumError
from aiomusic.gallery._covers import with_covers
from aiomusic.gallery._kept import Kept, read_kept, write_kept
from aiomusic.gallery._lines import MANIFEST_NAME
from aiomusic.gallery._manifest import read_manifest
from aiomusic.gallery._model import to_model
from aiomusic.gallery._page import MARK, render_page
from aiomusic.gallery._peaks import Waveform, can_decode, measure_all
from aiomusic.gallery._scan import scan
from aiomusic.gallery._text import line

__all__ = [
    "AlbumError",
    "Gallery",
    "Kept",
    "read_kept",
    "take_kept",
    "write_gallery",
]

_NO_DECODER: Final = (
    "There are no waveforms: to draw them, pip install 'aiomusic[emulator]' and"
    " write this page again."
)


@final
@attrs.frozen(kw_only=True)
class Gallery:
    """
    A page that is written.

    Attributes:
        page: The file to open.
        songs, takes: How many it shows.
        notes: What could not be read, found or drawn, in sentences.
    """

    page: Path
    songs: int
    takes: int
    notes: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        """Show the page in a notebook; its address is told from where it runs."""
        try:
            page = self.page.resolve().relative_to(Path.cwd())
        except ValueError:
            page = self.page
        line = facts(f"{self.songs} songs, {self.takes} takes", *self.notes)
        return stack([line, frame(quote(page.as_posix()), page.as_posix())])


def write_gallery(
    folder: str | Path,
    *,
    page: str = "index.html",
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Gallery:
    """
    Write the page of an album into its folder.

    Args:
        folder: A batch's album, or any folder of audio files.
        page: The file's name; a page of an earlier call is replaced, and no other.
        progress: Called with how many files are measured, and how many there are.

    Raises:
        AlbumError: The folder is not there or holds no songs, ``kept.json`` is
            damaged, or a file of that name is no gallery.
        OSError: Something can't be read or written.
    """
    root = Path(folder)
    album = _read(root)
    target = _target(root, page)
    files = [take.file for song in album.songs for take in song.takes if take.file]
    waveforms = measure_all(root, files, progress)
    notes = (*album.notes, *_wave_notes(files, waveforms))
    model = to_model(with_covers(album), waveforms, notes)
    _write(target, render_page(album.title, model))
    takes = sum(len(song.takes) for song in album.songs)
    return Gallery(page=target, songs=len(album.songs), takes=takes, notes=notes)


def take_kept(folder: str | Path, file: str | Path) -> Kept:
    """
    Take a ``kept.json`` that the page exported into the album; it replaces another.

    Raises:
        AlbumError: The file or the folder is not there, or the file is damaged.
        OSError: Something can't be read or written.
    """
    if not Path(file).is_file():
        raise AlbumError(f"There is no file {file}: export it from the gallery's page.")
    if not Path(folder).is_dir():
        raise AlbumError(
            f"There is no folder {folder}: name that of a batch or of audio."
        )
    try:
        kept = read_kept(file)
    except ValueError as error:
        raise AlbumError(f"{error} Export it again.") from error
    write_kept(Path(folder), kept)
    return kept


def _read(folder: Path) -> Album:
    if not folder.is_dir():
        raise AlbumError(
            f"There is no folder {folder}: name that of a batch or of audio."
        )
    try:
        kept = read_kept(folder)
    except ValueError as error:
        raise AlbumError(f"{error} Mend it or move it away.") from error
    has_manifest = (folder / MANIFEST_NAME).is_file()
    songs, notes = (read_manifest if has_manifest else scan)(folder, kept)
    if not songs:
        what = f"{MANIFEST_NAME} names no song" if has_manifest else "no audio files"
        raise AlbumError(
            f"There is nothing to show in {folder}: {what}. Save songs there first."
        )
    title = line(folder.resolve().name) or "Album"
    return Album(folder=folder, title=title, songs=songs, notes=notes)


def _target(folder: Path, page: str) -> Path:
    """Return where the page stands, if it may stand there."""
    if Path(page).name != page or not page.lower().endswith((".html", ".htm")):
        raise AlbumError(f"The page can't be {page!r}: name a file such as index.html.")
    target = folder / page
    if target.exists() and not _is_gallery(target):
        raise AlbumError(
            f"{target} is there and is no gallery, so it is left alone;"
            " name another file with --page."
        )
    return target


def _write(target: Path, text: str) -> None:
    part = target.with_name(f"{target.name}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _is_gallery(page: Path) -> bool:
    with page.open(encoding="utf-8", errors="replace") as file:
        return MARK in file.read(2000)


def _wave_notes(files: list[str], waveforms: dict[str, Waveform]) -> tuple[str, ...]:
    missing = [name for name in files if name not in waveforms]
    if not missing:
        return ()
    if not can_decode():
        return (_NO_DECODER,)
    if len(missing) == 1:
        return (f"{missing[0]} could not be decoded: it has no waveform.",)
    return (f"{len(missing)} files could not be decoded: they have no waveform.",)
