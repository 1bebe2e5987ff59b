"""Plain tones in place of a band: for tests, which need a real file soon."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from aiomusic.composer._score import Note, Score, Track
from aiomusic.composer.synth._waves import RATE, Sound

_LEVEL: Final = 0.1
_EDGE_S: Final = 0.01


def sine_blocks(score: Score) -> Iterator[Sound]:
    """Render each note of *score*, drums aside, as a sine."""
    mix: Sound = np.zeros(round(score.duration_s * RATE), dtype=np.float32)
    for track in score.tracks:
        if track.role != "drums":
            for note in track.notes:
                _add_tone(mix, track, note)
    yield np.stack([mix, mix])


def _add_tone(mix: Sound, track: Track, note: Note) -> None:
    start = max(0, round(note.start_s * RATE))
    span = mix[start : start + round(note.length_s * RATE)]
    at = np.arange(len(span), dtype=np.float32)
    hertz = 440 * 2 ** ((note.pitch - 69) / 12)
    edges = np.minimum(1, np.minimum(at, len(span) - at) / (_EDGE_S * RATE))
    level = _LEVEL * note.velocity * 10 ** (track.gain_db / 20)
    span += level * edges * np.sin(at * np.float32(2 * np.pi * hertz / RATE))
