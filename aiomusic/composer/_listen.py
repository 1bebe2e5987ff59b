"""
Listen to an audio file: its length, its tempo, its key and its chords.

Needs numpy and soundfile; nothing is imported before it is asked for.
"""

import importlib.util
import os
from typing import Final

from aiomusic.composer._hearing import Hearing

LONGEST_S: Final = 480.0
SHORTEST_S: Final = 6.0
"""API: upload music (suno): from 6 s, later up to 8 minutes."""


def can_listen() -> bool:
    """Say whether numpy and soundfile are here."""
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
    # The studio imports numpy: only when somebody listens.
    from aiomusic.composer.synth import hear_file  # noqa: PLC0415

    return hear_file(path, shortest_s, longest_s)
