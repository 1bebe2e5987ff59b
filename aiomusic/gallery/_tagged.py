"""What is known of an audio file: its tags (the ``tags`` extra), and its sidecar."""

import importlib
import importlib.util
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, cast, final

import attrs

from aiomusic.gallery._text import block, fields_of, line, number
from aiomusic.providers._registry import FOLLOWED

__all__ = ["Tagged", "can_read_tags", "read_picture", "read_tags"]

# As this library's own tags name the clip.
_CLIP: Final = re.compile(rf"\b({'|'.join(FOLLOWED)}) clip (\S{{1,100}})")
_PICTURES: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"RIFF")
# How names begin that no format has a frame or an atom of its own for.
_OWN: Final = ("txxx:", "----:com.apple.itunes:")
MAX_SIDECAR_BYTES: Final = 4 * 1024 * 1024

# The names that ID3, MP4 and Vorbis comments have for the same, in lower case.
_NAMES: Final = {
    "title": ("tit2", "\xa9nam", "title"),
    "genre": ("tcon", "\xa9gen", "genre"),
    "lyrics": ("uslt", "\xa9lyr", "lyrics"),
    "comment": ("comm", "\xa9cmt", "comment"),
    "date": ("tdrc", "\xa9day", "date"),
    "provider": ("ai_provider",),
    "model": ("ai_model",),
    "clip_id": ("clip_id",),
    "task_id": ("task_id",),
    "request": ("request",),
    "source": ("digitalsourcetype",),
}


@final
@attrs.frozen(kw_only=True)
class Tagged:
    """What is known of one file; what is absent is empty."""

    title: str = ""
    genre: str = ""
    lyrics: str = ""
    date: str = ""
    provider: str = ""
    model: str = ""
    clip_id: str = ""
    task_id: str = ""
    request: Mapping[str, str] = attrs.field(factory=dict)
    is_generated: bool = False
    duration_s: float | None = None
    picture: bytes | None = attrs.field(default=None, repr=False)


class _File(Protocol):
    """An audio file, as mutagen opens it."""

    tags: Mapping[str, Any] | None


def can_read_tags() -> bool:
    """Check whether mutagen, the ``tags`` extra, is installed."""
    return importlib.util.find_spec("mutagen") is not None


def read_tags(path: Path) -> Tagged:
    """Return what a file's tags say, and its sidecar for what they leave out."""
    beside = _sidecar(path)
    file = _opened(path) if can_read_tags() else None
    tags = [] if file is None else _items(file.tags or {})
    said = {name: _text(tags, names) for name, names in _NAMES.items()}
    clip = _CLIP.search(said["comment"])
    if clip:
        said["provider"] = said["provider"] or clip[1]
        said["clip_id"] = said["clip_id"] or clip[2]

    def text(name: str, other: str = "") -> object:
        return said[name] or beside.get(other or name)

    return Tagged(
        title=line(text("title")),
        genre=line(text("genre", "style"), 2000),
        lyrics=block(text("lyrics")),
        date=line(text("date", "created_at"), 40),
        provider=line(text("provider")).lower(),
        model=line(text("model")),
        clip_id=line(text("clip_id")),
        task_id=line(text("task_id")),
        request=fields_of(_json(said["request"]) or beside.get("request")),
        is_generated=bool(clip or said["source"] or beside.get("generated") is True),
        duration_s=number(getattr(getattr(file, "info", None), "length", None)),
        picture=None if file is None else _picture(file, tags),
    )


def read_picture(path: Path) -> bytes | None:
    """Return the cover inside an audio file, if there is one that can be read."""
    file = _opened(path) if can_read_tags() else None
    return None if file is None else _picture(file, _items(file.tags or {}))


def _sidecar(path: Path) -> Mapping[str, object]:
    """Return what stands beside the music, if it is of this very file."""
    try:
        with path.with_suffix(".json").open("rb") as file:
            found = json.loads(file.read(MAX_SIDECAR_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    is_its = isinstance(found, dict) and found.get("file") == path.name
    return found if is_its else {}


def _opened(path: Path) -> "_File | None":
    mutagen = importlib.import_module("mutagen")
    try:
        return cast("_File | None", mutagen.File(path))
    except Exception:  # noqa: BLE001 - a file of others may be broken in any way
        return None


def _items(tags: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return values by names without what the format sets before its own."""
    items = []
    for key, value in tags.items():
        name = str(key).lower()
        own = next((start for start in _OWN if name.startswith(start)), "")
        items.append((name.removeprefix(own), value))
    return items


def _text(tags: Sequence[tuple[str, Any]], names: Sequence[str]) -> str:
    for name, value in tags:
        # ID3 adds language and description to its name: uslt::eng.
        if name in names or name.split(":")[0] in names:
            said = getattr(value, "text", value)
            texts = said if isinstance(said, list) else [said]
            return ", ".join(
                text.decode(errors="replace") if isinstance(text, bytes) else str(text)
                for text in texts
            )
    return ""


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _picture(file: _File, tags: Sequence[tuple[str, Any]]) -> bytes | None:
    found = [picture.data for picture in getattr(file, "pictures", [])]
    for name, value in tags:
        if name.startswith("apic"):
            found.append(value.data)
        elif name == "covr":
            found.extend(bytes(cover) for cover in value)
    return next((data for data in found if data.startswith(_PICTURES)), None)
