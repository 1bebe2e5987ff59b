"""A folder without a manifest: audio files, and what their tags say."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from aiomusic.gallery._album import Song, Take, inside
from aiomusic.gallery._kept import Kept
from aiomusic.gallery._lyrics import is_lrc, plain_lines, read_lrc, read_lrc_file
from aiomusic.gallery._tagged import Tagged, can_read_tags, read_tags
from aiomusic.gallery._text import line, split_tags

__all__ = ["scan"]

# What a browser can play.
_ENDINGS: Final = frozenset(
    {".mp3", ".wav", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".webm"}
)
_COVERS: Final = (".jpg", ".jpeg", ".png", ".webp")
# "01 Intro (2)": the second take.
_TAKE: Final = re.compile(r"(.+?) ?\((\d{1,2})\)")


def scan(folder: Path, kept: Kept) -> tuple[tuple[Song, ...], tuple[str, ...]]:
    """
    Read the audio files of a folder and of those in it.

    Returns:
        The songs by name, and what could not be read.
    """
    groups: dict[tuple[str, str], list[tuple[int, Path]]] = {}
    for path in sorted(_files(folder), key=lambda path: _natural(folder, path)):
        match = _TAKE.fullmatch(path.stem)
        name, number = (match[1], int(match[2])) if match else (path.stem, 1)
        groups.setdefault((str(path.parent), name), []).append((number, path))
    has_tags = can_read_tags()
    songs = tuple(
        _song(folder, name, files, kept, has_tags=has_tags)
        for (_, name), files in groups.items()
    )
    notes = () if has_tags or not songs else (_NO_TAGS,)
    return songs, notes


_NO_TAGS: Final = (
    "Titles are those of the files: to read tags, pip install 'aiomusic[tags]'."
)


def _files(folder: Path) -> Iterable[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(parent, name)
            is_audio = path.suffix.lower() in _ENDINGS and not name.startswith(".")
            relative = path.relative_to(folder).as_posix()
            if is_audio and inside(folder, relative) and path.is_file():
                yield path


def _natural(folder: Path, path: Path) -> list[tuple[int, str]]:
    parts = re.split(r"(\d{1,9})", path.relative_to(folder).as_posix().casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _song(
    folder: Path,
    name: str,
    files: Sequence[tuple[int, Path]],
    kept: Kept,
    *,
    has_tags: bool,
) -> Song:
    read = [
        (number, path, read_tags(path) if has_tags else Tagged())
        for number, path in files
    ]
    takes = [
        _take(folder, path, tags, kept=kept, name=name, number=number)
        for number, path, tags in read
    ]
    relative = files[0][1].parent.relative_to(folder) / name
    return Song(
        key=line(relative.as_posix()),
        provider=next((tags.provider for *_, tags in read if tags.provider), ""),
        is_generated=any(tags.is_generated for *_, tags in read),
        made_at=next((tags.date for *_, tags in read if tags.date), ""),
        takes=tuple(takes),
    )


def _take(
    folder: Path, path: Path, tags: Tagged, *, kept: Kept, name: str, number: int
) -> Take:
    file = path.relative_to(folder).as_posix()
    # A file that names no clip is known by its name.
    clip_id = tags.clip_id or line(file)
    cover = next((c for c in map(path.with_suffix, _COVERS) if c.is_file()), None)
    beside = read_lrc_file(folder, str(Path(file).with_suffix(".lrc").as_posix()))
    lines = read_lrc(tags.lyrics) if is_lrc(tags.lyrics) else plain_lines(tags.lyrics)
    return Take(
        clip_id=clip_id,
        number=number,
        title=tags.title or line(name),
        tags=split_tags(tags.genre),
        lyrics=beside or lines,
        duration_s=tags.duration_s,
        created_at=tags.date,
        file=file,
        size_bytes=path.stat().st_size,
        cover=cover.relative_to(folder).as_posix() if cover else None,
        picture=None if cover else tags.picture,
        kept=kept.choice(clip_id),
    )
