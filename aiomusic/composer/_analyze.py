"""
Analysis of an audio file: length, tempo, key and chords.

Needs numpy and soundfile, which are imported on first use.
"""

import importlib.util
import os
from typing import Final

from aiomusic.composer._analysis import AudioAnalysis

MAX_S: Final = 480.0
MIN_S: Final = 6.0
"""API: upload music (suno): from 6 s, later up to 8 minutes."""


def can_analyze() -> bool:
    """Check whether numpy and soundfile are installed."""
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
        path: The file.
        min_s: Minimum length in seconds.
        max_s: Maximum length in seconds, checked before the file is decoded.

    Raises:
        UnreadableAudio: The file is not audio, damaged, silent, too short or too
            long.
        RuntimeError: numpy or soundfile is missing.
    """
    if not can_analyze():
        raise RuntimeError("analyzing audio needs aiomusic[emulator]")
    # The analyzer imports numpy, which is optional.
    from aiomusic.composer.synth import analyze_file  # noqa: PLC0415

    return analyze_file(path, min_s, max_s)
