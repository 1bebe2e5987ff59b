"""What a music file tells of itself, and what we write into it."""

import base64
import importlib
import importlib.util
import logging
import os
import re
import shutil
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from aiomusic.results import Clip

__all__ = ["HEAD_BYTES", "KINDS", "can_tag", "describe", "flaw", "sniff", "tag"]

_log = logging.getLogger("aiomusic")

KINDS = (".mp3", ".wav", ".flac", ".ogg", ".m4a")
HEAD_BYTES = 64
# Below 4 kbit/s nothing is music.
LEAST_BYTES_PER_S = 500
# Services round their durations, and a whole song must never be refused.
SHORTEST_SHARE = 0.8
SHORTEST_SLACK_S = 1.0
COPY_BYTES = 1024 * 1024


def sniff(head: bytes) -> str | None:
    """Give the extension that the first bytes of a file ask for; None: no music."""
    if head.startswith(b"RIFF"):
        return ".wav" if head[8:12] == b"WAVE" else None
    if head[4:8] == b"ftyp":
        return ".m4a"
    for magic, kind in ((b"ID3", ".mp3"), (b"fLaC", ".flac"), (b"OggS", ".ogg")):
        if head.startswith(magic):
            return kind
    return ".mp3" if _MPEG.match(head) else None


def describe(head: bytes) -> str:
    """Say what the first bytes of something that is no music look like."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not start:
        return "nothing"
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "a web page"
    for magic, words in ((b"<", "XML"), (b"{", "JSON"), (b"[", "JSON")):
        if start.startswith(magic):
            return words
    is_text = all(byte >= 0x20 or byte in b"\t\r\n" for byte in start)  # noqa: PLR2004
    return "text" if is_text else "data of an unknown kind"


def flaw(path: Path, duration: float | None) -> str | None:
    """
    Say what shows that a file of music is cut; None if nothing does.

    Args:
        path: A file that `sniff` knows.
        duration: How many seconds it should play; None if that is not known.
    """
    with path.open("rb") as file:
        kind = sniff(file.read(HEAD_BYTES))
        size = file.seek(0, os.SEEK_END)
        if kind is None:
            return "it is no music"
        return _gap(file, kind, size) or _shortness(file, kind, size, duration)


def _gap(file: IO[bytes], kind: str, size: int) -> str | None:
    """Compare what the file holds with what it announces."""
    if kind == ".m4a" and _is_m4a_cut(file, size):
        return "its last part is missing"
    if kind == ".wav":
        seconds, announced = _wav_seconds(file, size)
        if seconds is None:
            return "its samples are missing"
        if announced is not None and seconds < announced:
            return f"it holds {seconds:.1f} s of the {announced:.1f} s it announces"
    return None


def _shortness(
    file: IO[bytes], kind: str, size: int, duration: float | None
) -> str | None:
    """Compare what the file holds with what the service says it should play."""
    if duration is None:
        return None
    seconds = _seconds(file, kind, size)
    if seconds is not None and seconds < SHORTEST_SHARE * duration - SHORTEST_SLACK_S:
        return f"it plays {seconds:.1f} s of {duration:.1f} s"
    if size < duration * LEAST_BYTES_PER_S:
        return f"{size} bytes can't hold {duration:.1f} s of music"
    return None


def _seconds(file: IO[bytes], kind: str, size: int) -> float | None:
    """Tell how long it plays, where that can be told from what is there."""
    if kind == ".wav":
        return _wav_seconds(file, size)[0]
    if kind == ".mp3":
        file.seek(0)
        return _mp3_seconds(file.read())
    return None


def _wav_seconds(file: IO[bytes], size: int) -> tuple[float | None, float | None]:
    """Give the seconds that are there, and those that the header announces."""
    rate = 0
    at = 12
    while at + 8 <= size:
        file.seek(at)
        name, length = struct.unpack("<4sI", file.read(8))
        if name == b"fmt ":
            rate = struct.unpack("<I", file.read(16)[8:12].ljust(4, b"\0"))[0]
        if name == b"data" and rate:
            here = size - at - 8
            # Who streams a WAV does not know its length, and writes a huge one.
            if length == 0 or length >= 0x7FFF_F000:  # noqa: PLR2004
                return here / rate, None
            return min(here, length) / rate, length / rate
        at += 8 + length + length % 2
    return None, None


def _is_m4a_cut(file: IO[bytes], size: int) -> bool:
    at = 0
    while at + 8 <= size:
        file.seek(at)
        length = int.from_bytes(file.read(4), "big")
        if length == 1:
            file.seek(at + 8)
            length = int.from_bytes(file.read(8), "big")
        if length == 0:
            return False
        at += max(length, 8)
    return at != size


# A frame of layer III: its sync, no reserved version, bit rate or sample rate.
_MPEG = re.compile(
    rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]"
    rb"[\x10-\x1b\x20-\x2b\x30-\x3b\x40-\x4b\x50-\x5b\x60-\x6b\x70-\x7b"
    rb"\x80-\x8b\x90-\x9b\xa0-\xab\xb0-\xbb\xc0-\xcb\xd0-\xdb\xe0-\xeb].",
    re.DOTALL,
)
_MPEG1_KBITS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG2_KBITS = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_MPEG1_HZ = (44_100, 48_000, 32_000)
# By the version's bits: MPEG 2.5, reserved, 2, 1.
_SLOWER = (4, 0, 2, 1)


def _frame(data: bytes, at: int) -> tuple[int, float] | None:
    """Give the bytes and the seconds of the frame there; None if there is none."""
    if not _MPEG.match(data, at):
        return None
    slower = _SLOWER[data[at + 1] >> 3 & 3]
    kbits = (_MPEG1_KBITS if slower == 1 else _MPEG2_KBITS)[data[at + 2] >> 4]
    hz = _MPEG1_HZ[data[at + 2] >> 2 & 3] // slower
    samples = 1152 if slower == 1 else 576
    return samples * kbits * 125 // hz + (data[at + 2] >> 1 & 1), samples / hz


def _mp3_seconds(data: bytes) -> float | None:
    """Add up the frames that are there; None if they can't be followed."""
    at = _after_id3(data)
    seconds = 0.0
    while frame := _frame(data, at):
        if at + frame[0] > len(data):
            break
        at += frame[0]
        seconds += frame[1]
    rest = len(data) - at
    is_end = rest < 4096 or data[at : at + 8] == b"APETAGEX"  # noqa: PLR2004
    return seconds if is_end and seconds else None


def _after_id3(data: bytes) -> int:
    at = 0
    while data[at : at + 3] == b"ID3" and len(data) >= at + 10:
        size = 0
        for byte in data[at + 6 : at + 10]:
            size = size << 7 | byte & 0x7F
        at += 10 + size + (10 if data[at + 5] & 0x10 else 0)
    while data[at : at + 1] == b"\0":
        at += 1
    return at


def can_tag() -> bool:
    """Tell whether mutagen, the ``tags`` extra, is installed."""
    return importlib.util.find_spec("mutagen") is not None


def tag(
    path: Path, clip: Clip, cover: bytes | None = None, *, into: Path | None = None
) -> bool:
    """
    Write title, style, lyrics, the clip's id and its cover into a music file.

    The tags go into a copy, which takes its place only when it is whole, so
    whatever happens, the music at *path* is not harmed.  A failure is logged.

    Args:
        path: The music.
        clip: What to write.
        cover: A JPEG or PNG; None: no picture.
        into: Where the tagged copy goes, with *path* left as it is; None: in the
            place of *path*.

    Returns:
        Whether there is a tagged file now; False also without the ``tags`` extra.
    """
    if not can_tag():
        return False
    copy = path.with_name(f"{path.name}.tagged")
    try:
        _copy(path, copy)
        before = _playtime(path)
        if before[0] is None:
            return False
        _WRITERS[before[0]](copy, _texts(clip), cover)
        if _playtime(copy) != before or flaw(copy, None):
            _log.warning("Clip %s stays untagged: its file is odd.", clip.clip_id)
            return False
        with copy.open("rb+") as file:
            os.fsync(file.fileno())
        copy.replace(path if into is None else into)
    except Exception as error:  # noqa: BLE001 - music counts for more than its tags
        _log.warning("Clip %s stays untagged: %r", clip.clip_id, error)
        return False
    else:
        return True
    finally:
        _remove(copy)


def _copy(path: Path, copy: Path) -> None:
    # Made anew, as what stands there may be a link to somewhere else.
    copy.unlink(missing_ok=True)
    with path.open("rb") as source, copy.open("xb") as target:
        shutil.copyfileobj(source, target, COPY_BYTES)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        _log.warning("%s could not be removed: %r", path, error)


def _playtime(path: Path) -> tuple[str | None, float | None]:
    with path.open("rb") as file:
        kind = sniff(file.read(HEAD_BYTES))
        size = file.seek(0, os.SEEK_END)
        return kind, None if kind is None else _seconds(file, kind, size)


def _texts(clip: Clip) -> dict[str, str]:
    texts = {
        "title": clip.title,
        "genre": clip.tags,
        "lyrics": clip.lyrics,
        "comment": f"{clip.provider} clip {clip.clip_id}",
    }
    return {
        # JSON may hold half a surrogate pair; ID3 reads a NUL as a separator.
        name: text.encode(errors="replace").decode().replace("\0", "")
        for name, text in texts.items()
        if text
    }


def _mime(cover: bytes) -> str:
    return "image/png" if cover.startswith(b"\x89PNG") else "image/jpeg"


def _mutagen(name: str) -> Any:  # noqa: ANN401 - mutagen has no types
    # Loaded where it is used: it is an extra, and takes time.
    return importlib.import_module(f"mutagen.{name}")


def _fill_id3(tags: Any, texts: Mapping[str, str], cover: bytes | None) -> None:  # noqa: ANN401 - likewise
    id3 = _mutagen("id3")

    if "title" in texts:
        tags.setall("TIT2", [id3.TIT2(encoding=3, text=texts["title"])])
    if "genre" in texts:
        tags.setall("TCON", [id3.TCON(encoding=3, text=texts["genre"])])
    if "lyrics" in texts:
        lyrics = id3.USLT(encoding=3, lang="XXX", desc="", text=texts["lyrics"])
        tags.setall("USLT", [lyrics])
    comment = id3.COMM(encoding=3, lang="XXX", desc="", text=texts["comment"])
    tags.setall("COMM", [comment])
    if cover:
        picture = id3.APIC(encoding=3, mime=_mime(cover), type=3, desc="", data=cover)
        tags.setall("APIC", [picture])


def _write_mp3(path: Path, texts: Mapping[str, str], cover: bytes | None) -> None:
    id3 = _mutagen("id3")

    try:
        tags = id3.ID3(path)
    except id3.ID3NoHeaderError:
        tags = id3.ID3()
    _fill_id3(tags, texts, cover)
    # Version 2.3, which every player reads.
    tags.update_to_v23()
    tags.save(path, v2_version=3)


def _write_wav(path: Path, texts: Mapping[str, str], cover: bytes | None) -> None:
    file = _mutagen("wave").WAVE(path)
    if file.tags is None:
        file.add_tags()
    _fill_id3(file.tags, texts, cover)
    file.save()


def _picture(cover: bytes) -> Any:  # noqa: ANN401 - likewise
    picture = _mutagen("flac").Picture()
    picture.type, picture.mime, picture.data = 3, _mime(cover), cover
    return picture


def _write_flac(path: Path, texts: Mapping[str, str], cover: bytes | None) -> None:
    file = _mutagen("flac").FLAC(path)
    if file.tags is None:
        file.add_tags()
    file.update(texts)
    if cover:
        file.clear_pictures()
        file.add_picture(_picture(cover))
    file.save()


def _write_ogg(path: Path, texts: Mapping[str, str], cover: bytes | None) -> None:
    file = _mutagen("_file").File(path)
    file.update(texts)
    if cover:
        block = base64.b64encode(_picture(cover).write()).decode()
        file["metadata_block_picture"] = block
    file.save()


def _write_m4a(path: Path, texts: Mapping[str, str], cover: bytes | None) -> None:
    mp4 = _mutagen("mp4")
    file = mp4.MP4(path)
    atoms = {"title": "nam", "genre": "gen", "lyrics": "lyr", "comment": "cmt"}
    for name, text in texts.items():
        file[f"\xa9{atoms[name]}"] = text
    if cover:
        is_png = _mime(cover) == "image/png"
        image = mp4.MP4Cover.FORMAT_PNG if is_png else mp4.MP4Cover.FORMAT_JPEG
        file["covr"] = [mp4.MP4Cover(cover, imageformat=image)]
    file.save()


_Writer = Callable[[Path, Mapping[str, str], bytes | None], None]
_WRITERS: Mapping[str, _Writer] = {
    ".mp3": _write_mp3,
    ".wav": _write_wav,
    ".flac": _write_flac,
    ".ogg": _write_ogg,
    ".m4a": _write_m4a,
}
