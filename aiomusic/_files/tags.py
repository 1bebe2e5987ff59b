"""
Title, style, lyrics, cover and origin, written into a copy of a music file.

The origin is what laws on generated media name: that a model made it, whose and which
one, when, and the clip's id.
"""

import base64
import importlib
import importlib.util
import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Protocol, final

import attrs

from aiomusic._files.audio import Music, examine
from aiomusic._files.credentials import has_credentials
from aiomusic._redact import kept
from aiomusic._timed_lyrics import lrc_text, timed_lines
from aiomusic.results import Clip

__all__ = ["GENERATED", "NO_LABEL", "Label", "can_tag", "origin_of", "plain", "tag"]

_log = logging.getLogger("aiomusic")

COPY_BYTES = 256 * 1024
# Ten times the longest lyrics; writing megabytes of them takes long.
MAX_CHARS = 100_000
# IPTC's name for what a trained model made.
GENERATED: Final = (
    "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
)


@final
@attrs.frozen(kw_only=True)
class Label:
    """
    What is written into a file beside the clip's own words.

    Attributes:
        album: The album's name.
        track: Its place in the album, from 1.
        request: What was asked for, as JSON.
    """

    album: str | None = None
    track: int | None = None
    request: Mapping[str, object] | None = None


NO_LABEL: Final = Label()


def can_tag() -> bool:
    """Check whether mutagen, the ``tags`` extra, is installed."""
    return importlib.util.find_spec("mutagen") is not None


def tag(
    path: Path,
    clip: Clip,
    cover: bytes | None = None,
    *,
    into: Path,
    label: Label = NO_LABEL,
    known: Music | None = None,
) -> bool:
    """
    Write what a clip says, its cover and its origin into a copy of the music.

    The copy gets its name only when it is whole, and the music at *path* stays as
    it is, whatever happens.  A failure is logged.

    Args:
        path: The music.
        clip: What to write.
        cover: A JPEG or PNG; None: no picture.
        into: The tagged copy's name.
        label: What else to write.
        known: What `examine` says of the music; None: that is not known yet.

    Returns:
        Whether there is a tagged copy; False without the ``tags`` extra, and for a
        file with Content Credentials, whose signature a tag would break.
    """
    if not can_tag() or has_credentials(path):
        return False
    copy = path.with_name(f"{path.name}.tagged")
    try:
        before = examine(path) if known is None else known
        _copy(path, copy)
        if not _write(copy, before, clip, cover, label):
            _log.warning("Clip %s stays untagged: its file is odd.", clip.clip_id)
            return False
        copy.replace(into)
    except Exception as error:  # noqa: BLE001 - music counts for more than its tags
        _log.warning("Clip %s stays untagged: %r", clip.clip_id, error)
        return False
    else:
        return True
    finally:
        _remove(copy)


def _write(
    copy: Path, before: Music, clip: Clip, cover: bytes | None, label: Label
) -> bool:
    """Write the tags, and check that the music is the same after it."""
    writer = _WRITERS.get(before.kind or "")
    if writer is None:
        return False
    writer(copy, _texts(clip, label), origin_of(clip, label), cover)
    with copy.open("rb+") as file:
        os.fsync(file.fileno())
    after = examine(copy)
    return (after.kind, after.sound) == (before.kind, before.sound)


def _copy(path: Path, copy: Path) -> None:
    # Recreated, as what stands there may be a link to somewhere else.
    copy.unlink(missing_ok=True)
    buffer = memoryview(bytearray(COPY_BYTES))
    with path.open("rb", buffering=0) as source, copy.open("xb") as target:
        while count := source.readinto(buffer):
            target.write(buffer[:count])


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        _log.warning("%s could not be removed: %r", path, error)


def _texts(clip: Clip, label: Label) -> dict[str, str]:
    """Return what players show; many follow lyrics as LRC has them."""
    timed = timed_lines(clip)
    made_at = clip.created_at
    return plain(
        {
            "title": clip.title,
            "artist": clip.provider.capitalize(),
            "album": label.album,
            "track": None if label.track is None else str(label.track),
            "date": None if made_at is None else f"{made_at:%Y-%m-%dT%H:%M:%S}",
            "genre": clip.tags,
            "lyrics": lrc_text(timed) if timed else clip.lyrics,
            "comment": f"{clip.provider} clip {clip.clip_id}",
        }
    )


def origin_of(clip: Clip, label: Label = NO_LABEL) -> dict[str, str]:
    """Return where it comes from, for which no format has a tag of its own."""
    request = label.request
    return plain(
        {
            "DigitalSourceType": GENERATED,
            "AI_PROVIDER": clip.provider,
            "AI_MODEL": clip.model,
            "CLIP_ID": clip.clip_id,
            "TASK_ID": clip.task_id,
            "REQUEST": json.dumps(request, ensure_ascii=False) if request else None,
        }
    )


def plain(texts: Mapping[str, str | None]) -> dict[str, str]:
    """Return texts without those that are empty, free of what no file may hold."""
    return {
        # JSON may hold half a surrogate pair; ID3 reads a NUL as a separator.
        name: str(kept(text[:MAX_CHARS]))
        .encode(errors="replace")
        .decode()
        .replace("\0", "")
        for name, text in texts.items()
        if text
    }


def _mime(cover: bytes) -> str:
    return "image/png" if cover.startswith(b"\x89PNG") else "image/jpeg"


def _mutagen(name: str) -> ModuleType:
    # Loaded where it is used: it is an extra, and takes time.
    return importlib.import_module(f"mutagen.{name}")


_ID3_FRAMES: Final = {
    "title": "TIT2",
    "artist": "TPE1",
    "album": "TALB",
    "track": "TRCK",
    "date": "TDRC",
    "genre": "TCON",
}


class _Frames(Protocol):
    """The tags of an MP3 or WAV file, as mutagen has them."""

    def setall(self, key: str, values: list[Any]) -> None: ...


def _fill_id3(
    tags: _Frames,
    texts: dict[str, str],
    origin: dict[str, str],
    cover: bytes | None,
) -> None:
    id3 = _mutagen("id3")

    for name, frame in _ID3_FRAMES.items():
        if name in texts:
            tags.setall(frame, [getattr(id3, frame)(encoding=3, text=texts[name])])
    if "lyrics" in texts:
        lyrics = id3.USLT(encoding=3, lang="XXX", desc="", text=texts["lyrics"])
        tags.setall("USLT", [lyrics])
    comment = id3.COMM(encoding=3, lang="XXX", desc="", text=texts["comment"])
    tags.setall("COMM", [comment])
    for name, text in origin.items():
        tags.setall(f"TXXX:{name}", [id3.TXXX(encoding=3, desc=name, text=text)])
    if cover:
        picture = id3.APIC(encoding=3, mime=_mime(cover), type=3, desc="", data=cover)
        tags.setall("APIC", [picture])


def _write_mp3(
    path: Path,
    texts: dict[str, str],
    origin: dict[str, str],
    cover: bytes | None,
) -> None:
    id3 = _mutagen("id3")

    try:
        tags = id3.ID3(path)
    except id3.ID3NoHeaderError:
        tags = id3.ID3()
    _fill_id3(tags, texts, origin, cover)
    # Version 2.3, which every player reads.
    tags.update_to_v23()
    tags.save(path, v2_version=3)


def _write_wav(
    path: Path,
    texts: dict[str, str],
    origin: dict[str, str],
    cover: bytes | None,
) -> None:
    file = _mutagen("wave").WAVE(path)
    if file.tags is None:
        file.add_tags()
    _fill_id3(file.tags, texts, origin, cover)
    file.save()


class _Picture(Protocol):
    """A cover, as FLAC and Vorbis comments have it in mutagen."""

    type: int
    mime: str
    data: bytes

    def write(self) -> bytes:
        """Return it as a FLAC file holds it."""


def _picture(cover: bytes) -> "_Picture":
    picture: _Picture = _mutagen("flac").Picture()
    picture.type, picture.mime, picture.data = 3, _mime(cover), cover
    return picture


def _vorbis(texts: dict[str, str], origin: dict[str, str]) -> dict[str, str]:
    names = {"track": "tracknumber"}
    return {names.get(name, name): text for name, text in (texts | origin).items()}


def _write_flac(
    path: Path,
    texts: dict[str, str],
    origin: dict[str, str],
    cover: bytes | None,
) -> None:
    file = _mutagen("flac").FLAC(path)
    if file.tags is None:
        file.add_tags()
    file.update(_vorbis(texts, origin))
    if cover:
        file.clear_pictures()
        file.add_picture(_picture(cover))
    file.save()


def _write_ogg(
    path: Path,
    texts: dict[str, str],
    origin: dict[str, str],
    cover: bytes | None,
) -> None:
    file = _mutagen("_file").File(path)
    file.update(_vorbis(texts, origin))
    if cover:
        block = base64.b64encode(_picture(cover).write()).decode()
        file["metadata_block_picture"] = block
    file.save()


_ATOMS: Final = {
    "title": "\xa9nam",
    "artist": "\xa9ART",
    "album": "\xa9alb",
    "date": "\xa9day",
    "genre": "\xa9gen",
    "lyrics": "\xa9lyr",
    "comment": "\xa9cmt",
}


def _write_m4a(
    path: Path,
    texts: dict[str, str],
    origin: dict[str, str],
    cover: bytes | None,
) -> None:
    mp4 = _mutagen("mp4")
    file = mp4.MP4(path)
    for name, atom in _ATOMS.items():
        if name in texts:
            file[atom] = texts[name]
    if "track" in texts:
        file["trkn"] = [(int(texts["track"]), 0)]
    for name, text in origin.items():
        file[f"----:com.apple.iTunes:{name}"] = text.encode()
    if cover:
        is_png = _mime(cover) == "image/png"
        image = mp4.MP4Cover.FORMAT_PNG if is_png else mp4.MP4Cover.FORMAT_JPEG
        file["covr"] = [mp4.MP4Cover(cover, imageformat=image)]
    file.save()


_Writer = Callable[[Path, dict[str, str], dict[str, str], bytes | None], None]
_WRITERS: Mapping[str, _Writer] = {
    ".mp3": _write_mp3,
    ".wav": _write_wav,
    ".flac": _write_flac,
    ".ogg": _write_ogg,
    ".m4a": _write_m4a,
}
