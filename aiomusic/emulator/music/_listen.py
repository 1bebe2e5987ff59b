"""
Listen to an audio file: its length, its tempo, its key and its chords.

Needs numpy and soundfile; nothing is imported before it is asked for.
"""

import importlib.util
import os
from typing import Final

import attrs

from aiomusic.emulator.music._theory import Chord, Key

LONGEST_S: Final = 900.0
SHORTEST_S: Final = 6.0


class UnreadableAudio(ValueError):
    """
    The file is not audio that can be worked with; the message says why.
    """


@attrs.frozen(kw_only=True)
class Hearing:
    """
    What was heard in a file.

    *chords* holds one chord for each bar from the first downbeat, which is at
    *downbeat_s*.
    """

    path: str
    duration_s: float
    tempo: float
    key: Key
    downbeat_s: float
    chords: tuple[Chord, ...]


def can_listen() -> bool:
    """
    Say whether numpy and soundfile are here.
    """
    return all(importlib.util.find_spec(name) for name in ("numpy", "soundfile"))


def listen(
    path: str | os.PathLike[str],
    *,
    shortest_s: float = SHORTEST_S,
    longest_s: float = LONGEST_S,
) -> Hearing:
    """
    Read an audio file (WAV, FLAC, MP3, Ogg) and find its tempo and key.

    Args:
        path: the file.
        shortest_s: shorter files are refused.
        longest_s: longer files are refused, before they are decoded.

    Raises:
        UnreadableAudio: not audio, broken, silent, too short or too long.
        RuntimeError: numpy or soundfile is missing.
    """
    if not can_listen():
        raise RuntimeError("reading audio needs aiomusic[emulator]")
    from aiomusic.emulator.music.synth import hear_file

    return hear_file(path, shortest_s, longest_s)
