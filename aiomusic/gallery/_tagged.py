"""What the tags inside an audio file say; they need mutagen, the ``tags`` extra."""

import importlib
import importlib.util
import re
from pathlib import Path
from typing import Any, Final, final

import attrs

from aiomusic.gallery._text import block, line, number

__all__ = ["Tagged", "can_read_tags", "read_tags"]

# As this library's own tags name the clip.
_CLIP: Final = re.compile(r"\b(suno|riffusion|nuro) clip (\S{1,100})")
_GENERATED: Final = "trainedalgorithmicmedia"
_PICTURES: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"RIFF")

# The names that ID3, MP4 and Vorbis comments have for the same.
_NAMES: Final = {
    "title": ("TIT2", "\xa9nam", "title"),
    "genre": ("TCON", "\xa9gen", "genre"),
    "lyrics": ("USLT", "\xa9lyr", "lyrics"),
    "comment": ("COMM", "\xa9cmt", "comment"),
    "date": ("TDRC", "\xa9day", "date"),
}


@final
@attrs.frozen(kw_only=True)
class Tagged:
    """The tags of one file; what is absent is empty."""

    title: str = ""
    genre: str = ""
    lyrics: str = ""
    date: str = ""
    provider: str = ""
    clip_id: str = ""
    is_generated: bool = False
    duration_s: float | None = None
    picture: bytes | None = attrs.field(default=None, repr=False)


def can_read_tags() -> bool:
    """Check whether mutagen, the ``tags`` extra, is installed."""
    return importlib.util.find_spec("mutagen") is not None


def read_tags(path: Path) -> Tagged:
    """Return the tags of a file; none at all if it can't be read."""
    mutagen = importlib.import_module("mutagen")
    try:
        file = mutagen.File(path)
    except Exception:  # noqa: BLE001 - a file of others may be broken in any way
        file = None
    if file is None:
        return Tagged()
    tags = file.tags or {}
    texts = {name: _text(tags, names) for name, names in _NAMES.items()}
    clip = _CLIP.search(texts["comment"])
    return Tagged(
        title=line(texts["title"]),
        genre=line(texts["genre"], 2000),
        lyrics=block(texts["lyrics"]),
        date=line(texts["date"], 40),
        provider=clip[1] if clip else "",
        clip_id=clip[2] if clip else "",
        is_generated=clip is not None or _is_marked(tags),
        duration_s=number(getattr(file.info, "length", None)),
        picture=_picture(file, tags),
    )


def _text(tags: Any, names: tuple[str, ...]) -> str:  # noqa: ANN401 - mutagen has no types
    for key, value in _items(tags):
        # ID3 adds language and description to its name: USLT::eng.
        if key.split(":")[0] in names or key.lower() in names:
            said = getattr(value, "text", value)
            texts = said if isinstance(said, list) else [said]
            return ", ".join(str(text) for text in texts)
    return ""


def _is_marked(tags: Any) -> bool:  # noqa: ANN401 - likewise
    return any(
        "digitalsourcetype" in key.replace(" ", "").lower()
        or _GENERATED in str(getattr(value, "text", value)[:4]).lower()
        for key, value in _items(tags)
        if isinstance(getattr(value, "text", value), (list, str))
    )


def _items(tags: Any) -> list[tuple[str, Any]]:  # noqa: ANN401 - likewise
    return [(str(key), value) for key, value in tags.items()]


def _picture(file: Any, tags: Any) -> bytes | None:  # noqa: ANN401 - likewise
    found = [picture.data for picture in getattr(file, "pictures", [])]
    for key, value in _items(tags):
        if key.startswith("APIC"):
            found.append(value.data)
        elif key == "covr":
            found.extend(bytes(cover) for cover in value)
    return next((data for data in found if data.startswith(_PICTURES)), None)
