"""
Listen to an audio file: its length, its tempo, its key and its chords.

Needs numpy and soundfile; nothing is imported before it is asked for.
"""

import importlib.util
import os
from typing import Final

from aiomusic.composer._analysis import AudioAnalysis

MAX_S: Final = 480.0
MIN_S: Final = 6.0
"""API: upload music (suno): from 6 s, later up to 8 minutes."""


def can_analyze() -> bool:
    """Say whether numpy and soundfile are here."""
    return all(importlib.util.find_spec(name) for name in ("numpy", "soundfile"))


def analyze_audio(
    path: str | os.PathLike[str],
    *,
    min_s: float = MIN_S,
    max_s: float = MAX_S,
) -> AudioAnalysis:
    """
    Read an audio file (WAV, FLAC, MP3, Ogg) and find its tempo and key.

    Args:
        path: the file.
        min_s: shorter files are refused.
        max_s: longer files are refused, before they are decoded.

    Raises:
        UnreadableAudio: not audio, broken, silent, too short or too long.
        RuntimeError: numpy or soundfile is missing.
    """
    if not can_analyze():
        raise RuntimeError("reading audio needs aiomusic[emulator]")
    # The studio imports numpy: only when somebody listens.
    from aiomusic.composer.synth import analyze_file  # noqa: PLC0415

    return analyze_file(path, min_s, max_s)
