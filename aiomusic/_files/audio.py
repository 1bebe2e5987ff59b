"""What the bytes of a file tell of it: its kind, how long it plays, if it is cut."""

import os
import re
import struct
from pathlib import Path
from typing import IO

__all__ = [
    "HEAD_BYTES",
    "KINDS",
    "describe",
    "flaw",
    "kind_and_seconds",
    "kind_of",
    "sniff",
]

KINDS = (".mp3", ".wav", ".flac", ".ogg", ".m4a")
HEAD_BYTES = 64
# Below 4 kbit/s nothing is music.
MIN_BYTES_PER_S = 500
# Services round their durations, and a whole song must never be refused.
SHORTEST_SHARE = 0.8
SHORTEST_SLACK_S = 1.0


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
        kind, size = _kind_and_size(file)
        if kind is None:
            return "it is no music"
        return _gap(file, kind, size) or _shortness(file, kind, size, duration)


def kind_of(path: Path) -> str | None:
    """Give the extension that a file's content asks for; None: no music."""
    with path.open("rb") as file:
        return sniff(file.read(HEAD_BYTES))


def kind_and_seconds(path: Path) -> tuple[str | None, float | None]:
    """Give a file's kind and how long it plays, each None if it can't be told."""
    with path.open("rb") as file:
        kind, size = _kind_and_size(file)
        return kind, None if kind is None else _seconds(file, kind, size)


def _kind_and_size(file: IO[bytes]) -> tuple[str | None, int]:
    return sniff(file.read(HEAD_BYTES)), file.seek(0, os.SEEK_END)


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
    if size < duration * MIN_BYTES_PER_S:
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
