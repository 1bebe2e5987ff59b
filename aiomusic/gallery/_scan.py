"""A folder without a manifest: audio files, and what their tags say."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, final

import attrs

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


@final
@attrs.frozen(kw_only=True)
class _Found:
    """A file; *name* and *number* are those of a song and its take."""

    path: Path
    name: str
    number: int | None
    tags: Tagged

    @property
    def song(self) -> str:
        """What the takes of a song share: the task, or else the name."""
        return self.tags.task_id or str(self.path.parent / self.name)


def scan(folder: Path, kept: Kept) -> tuple[tuple[Song, ...], tuple[str, ...]]:
    """
    Read the audio files of a folder and of those in it.

    Returns:
        The songs by name, and what could not be read.
    """
    groups: dict[str, list[_Found]] = {}
    for path in sorted(_files(folder), key=lambda path: _natural(folder, path)):
        match = _TAKE.fullmatch(path.stem)
        found = _Found(
            path=path,
            name=match[1] if match else path.stem,
            number=int(match[2]) if match else None,
            tags=read_tags(path),
        )
        groups.setdefault(found.song, []).append(found)
    songs = tuple(_song(folder, found, kept) for found in groups.values())
    return songs, () if can_read_tags() or not songs else (_NO_TAGS,)


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


def _song(folder: Path, files: Sequence[_Found], kept: Kept) -> Song:
    numbers = [one.number for one in files]
    are_numbered = None not in numbers and len(set(numbers)) == len(numbers)
    takes = [
        _take(folder, one, kept, (are_numbered and one.number) or place)
        for place, one in enumerate(files, start=1)
    ]
    first = files[0]
    # A file without tags takes what another take of the song has.
    best = max((one.tags for one in files), key=lambda tags: tags.is_generated)
    return Song(
        key=line((first.path.parent.relative_to(folder) / first.name).as_posix()),
        provider=best.provider,
        is_generated=best.is_generated,
        request=best.request,
        task_id=best.task_id,
        model=best.model,
        made_at=best.date,
        takes=tuple(takes),
    )


def _take(folder: Path, found: _Found, kept: Kept, number: int) -> Take:
    path, tags = found.path, found.tags
    file = path.relative_to(folder).as_posix()
    # A file that names no clip is known by its name.
    clip_id = tags.clip_id or line(file)
    cover = next((c for c in map(path.with_suffix, _COVERS) if c.is_file()), None)
    beside = read_lrc_file(folder, Path(file).with_suffix(".lrc").as_posix())
    lines = read_lrc(tags.lyrics) if is_lrc(tags.lyrics) else plain_lines(tags.lyrics)
    return Take(
        clip_id=clip_id,
        number=number,
        title=tags.title or line(found.name),
        tags=split_tags(tags.genre),
        lyrics=beside or lines,
        model=tags.model,
        duration_s=tags.duration_s,
        created_at=tags.date,
        file=file,
        size_bytes=path.stat().st_size,
        cover=cover.relative_to(folder).as_posix() if cover else None,
        picture=None if cover else tags.picture,
        kept=kept.choice(clip_id),
    )
