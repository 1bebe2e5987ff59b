"""What a gallery shows, as frozen values: songs, their takes, and where they are."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias, final

import attrs

__all__ = ["Album", "AlbumError", "Failure", "Line", "Origin", "Song", "Take", "inside"]

Word: TypeAlias = tuple[float, str]
"""When a word begins, in seconds, and the word."""


class AlbumError(Exception):
    """A folder holds nothing that a gallery could show, or not where it is asked."""


@final
@attrs.frozen
class Line:
    """
    A line of lyrics.

    Attributes:
        start_s: When it is sung; None if that is not known.
        words: Its words with their times; empty if only the line has one.
    """

    text: str
    start_s: float | None = None
    words: tuple[Word, ...] = ()


@final
@attrs.frozen(kw_only=True)
class Take:
    """
    One audio file, or the clip that has none.

    Attributes:
        file: The audio, relative to the album; None where it is not there.
        missing: The name of a file that should be there; None if it is.
        cover: A picture, relative to the album; None without one.
        picture: The bytes of a cover that is only inside the audio file.
        kept: The choice of the listener, if there is one.
    """

    clip_id: str
    number: int
    title: str = ""
    tags: tuple[str, ...] = ()
    lyrics: tuple[Line, ...] = ()
    model: str = ""
    duration_s: float | None = None
    created_at: str = ""
    file: str | None = None
    missing: str | None = None
    size_bytes: int | None = None
    cover: str | None = None
    picture: bytes | None = attrs.field(default=None, repr=False)
    kept: bool | None = None


@final
@attrs.frozen(kw_only=True)
class Origin:
    """
    What a song was made from.

    Attributes:
        key: The song of this album; None if the clip is of another place.
        relation: How: ``"extend"``, ``"cover"``, ``"concat"`` and so on.
    """

    key: str | None
    take: int | None
    clip_id: str
    relation: str


@final
@attrs.frozen(kw_only=True)
class Failure:
    """Why there is no song."""

    kind: str
    message: str
    advice: str = ""
    charged: str = ""


@final
@attrs.frozen(kw_only=True)
class Song:
    """
    One request and all that came of it.

    Attributes:
        is_generated: Whether it is known to be made by an AI service.
        request, metadata: As they are shown: names and texts.
    """

    key: str
    row: int | None = None
    provider: str = ""
    operation: str = ""
    is_generated: bool = True
    request: Mapping[str, str] = attrs.field(factory=dict)
    metadata: Mapping[str, str] = attrs.field(factory=dict)
    state: str = "succeeded"
    charged: str = ""
    cost: float | None = None
    task_id: str = ""
    model: str = ""
    made_at: str = ""
    elapsed_s: float | None = None
    origins: tuple[Origin, ...] = ()
    takes: tuple[Take, ...] = ()
    failure: Failure | None = None


@final
@attrs.frozen(kw_only=True)
class Album:
    """
    All songs of a folder.

    Attributes:
        notes: What could not be read or found, in sentences.
    """

    folder: Path
    title: str
    songs: tuple[Song, ...]
    notes: tuple[str, ...] = ()


def inside(folder: Path, name: object) -> Path | None:
    """Return the file of a relative path with ``/``; None if it leaves *folder*."""
    if not isinstance(name, str) or not name.strip("/.") or set(name) & {"\0", "\\"}:
        return None
    path = folder / name
    try:
        is_inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        return None
    return path if is_inside else None
