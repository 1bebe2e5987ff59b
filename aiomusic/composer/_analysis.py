"""The result of analyzing an audio file."""

import attrs

from aiomusic.composer._theory import Chord, Key


class UnreadableAudio(ValueError):
    """The file cannot be analyzed; the message says why."""


@attrs.frozen(kw_only=True)
class AudioAnalysis:
    """
    Length, tempo, key and chords of an audio file.

    Args:
        path: The file.
        duration_s: Length in seconds.
        tempo: Beats per minute.
        key: The key of the whole file.
        downbeat_s: Time of the first downbeat.
        chords: One chord for each bar from the first downbeat.
    """

    path: str
    duration_s: float
    tempo: float
    key: Key
    downbeat_s: float
    chords: tuple[Chord, ...]
