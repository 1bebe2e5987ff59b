"""What can be heard in an audio file."""

import attrs

from aiomusic.composer._theory import Chord, Key


class UnreadableAudio(ValueError):
    """The file is not audio that can be worked with; the message says why."""


@attrs.frozen(kw_only=True)
class AudioAnalysis:
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
