"""What the bytes of a file tell of it: its kind, how long it plays, if it is cut."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, final

import attrs

from aiomusic._files.formats.flac import probe_flac
from aiomusic._files.formats.matroska import probe_matroska
from aiomusic._files.formats.mp4 import probe_mp4
from aiomusic._files.formats.mpeg import (
    MAX_JUNK_BYTES,
    first_frame,
    probe_aac,
    probe_mpeg,
)
from aiomusic._files.formats.ogg import probe_ogg
from aiomusic._files.formats.riff import probe_aiff, probe_wav
from aiomusic._files.formats.source import Probe, Sound, Source
from aiomusic._magic import HEAD_BYTES, not_music, sniff, tag_bytes

__all__ = [
    "ENDINGS",
    "HEAD_BYTES",
    "USUAL",
    "Flaw",
    "Music",
    "examine",
    "flaw",
    "not_music",
    "sniff",
]

USUAL: Final = (".mp3", ".wav", ".flac", ".ogg", ".m4a")
UNKNOWN: Final = ".bin"
ENDINGS: Final = (
    *USUAL,
    *(".aac", ".webm", ".aiff", ".caf", ".amr", ".au", ".wma", ".mid", ".wv"),
    *(".ape", ".tta", ".dsf", ".mpc", ".ac3", UNKNOWN),
)
"""All that a file of music may end with here, the usual ones first."""

# Below 4 kbit/s nothing is music.
MIN_BYTES_PER_S: Final = 500
# Of what it should play, so much must be there.
WHOLE_SHARE: Final = 0.98
MAX_TAGS: Final = 16
MAX_PADDING_BYTES: Final = 1 << 24
# What holds fewer different bytes than that is no music, whatever it is.
MIN_BYTE_VALUES: Final = 16

_PROBES: Mapping[str, Probe] = {
    ".mp3": probe_mpeg,
    ".aac": probe_aac,
    ".wav": probe_wav,
    ".flac": probe_flac,
    ".ogg": probe_ogg,
    ".m4a": probe_mp4,
    ".webm": probe_matroska,
    ".aiff": probe_aiff,
}


@final
@attrs.frozen
class Flaw:
    """
    What shows that a file is not the whole song.

    Attributes:
        text: In words, for an error.
        is_certain: Whether the file itself shows it; else it is only shorter than
            the service says, or has no mark of its end.
    """

    text: str
    is_certain: bool


@final
@attrs.frozen(kw_only=True)
class Music:
    """
    A file, examined.

    Attributes:
        kind: The ending that its content asks for; None: it is no music.
        sound: What was found.
        size_bytes: Its length.
    """

    kind: str | None
    sound: Sound
    size_bytes: int

    @property
    def seconds(self) -> float | None:
        """How long it plays; None: that can't be told."""
        return self.sound.seconds

    def flaw(self, duration: float | None) -> Flaw | None:
        """
        Return what shows that it is not the whole song; None if nothing does.

        Args:
            duration: How many seconds it should play; None if that is not known.
        """
        if self.sound.damage is not None:
            return Flaw(self.sound.damage, is_certain=True)
        if duration is None:
            has_end = self.sound.has_end or self.kind != ".ogg"
            return (
                None if has_end else Flaw("its end mark is missing", is_certain=False)
            )
        if self.seconds is not None and self.seconds < WHOLE_SHARE * duration:
            text = f"it plays {self.seconds:.1f} s of {duration:.1f} s"
            return Flaw(text, is_certain=not self.sound.has_end)
        if self.size_bytes < duration * MIN_BYTES_PER_S:
            text = f"{self.size_bytes} bytes can't hold {duration:.1f} s of music"
            return Flaw(text, is_certain=False)
        return None


def examine(path: Path) -> Music:
    """
    Look at a file, in bounded memory.

    Raises:
        OSError: It can't be read, or is no regular file, which is not opened.
    """
    # A pipe would be waited for.
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(f"{path} is no regular file")
    with os.fdopen(os.open(path, flags), "rb") as file:
        source = Source(file, file.seek(0, os.SEEK_END))
        kind, sound = _examine(source)
        return Music(kind=kind, sound=sound, size_bytes=source.size)


def flaw(path: Path, duration: float | None) -> Flaw | None:
    """Return what shows that a file is not the whole song, as `Music.flaw` does."""
    return examine(path).flaw(duration)


def _examine(source: Source) -> tuple[str | None, Sound]:
    at = _behind_tags(source)
    head = source.read(at, HEAD_BYTES)
    other = not_music(head)
    if other is not None:
        words = "it is empty" if other == "nothing" else f"it is {other}, not music"
        return None, Sound(damage=words)
    kind = sniff(head)
    if kind is None or (kind in {".mp3", ".aac"} and not _is_stream(source, at, kind)):
        kind = _behind_junk(source, at)
    if kind is not None:
        probe = _PROBES.get(kind)
        return kind, Sound() if probe is None else probe(source, at)
    says_more = sniff(head) or tag_bytes(source.read(0, 32))
    if says_more or len(set(source.read(at, MAX_JUNK_BYTES))) < MIN_BYTE_VALUES:
        return None, Sound(damage="it is no music")
    return UNKNOWN, Sound()


def _behind_tags(source: Source) -> int:
    """Return where the tags at the front end, and what pads them."""
    at = 0
    for _ in range(MAX_TAGS):
        length = tag_bytes(source.read(at, 32))
        if not length:
            break
        at += length
    if at or source.read(0, 1) == b"\0":
        at = _behind_zeros(source, at)
    return min(at, source.size)


def _behind_zeros(source: Source, at: int) -> int:
    begin = at
    while at - begin < MAX_PADDING_BYTES:
        block = source.read(at, MAX_JUNK_BYTES)
        rest = len(block.lstrip(b"\0"))
        at += len(block) - rest
        if rest or not block:
            break
    # The boxes of MP4 and other heads begin with zeros.
    is_padding = at == source.size or sniff(source.read(begin, HEAD_BYTES)) is None
    return at if is_padding else begin


def _is_stream(source: Source, at: int, kind: str) -> bool:
    """Check what only begins like music, as any two bytes may."""
    if kind == ".mp3":
        return first_frame(source, at) is not None
    return probe_aac(source, at).damage is None


def _behind_junk(source: Source, at: int) -> str | None:
    """Look for MP3 behind bytes that belong to nothing."""
    return ".mp3" if first_frame(source, at) is not None else None
