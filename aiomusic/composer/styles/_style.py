"""
What a style is: harmony, groove, layers, form and room, as plain data.

Patterns are written in steps of a sixteenth, one character each, so that a
style can be read aloud. In drum lines and chords ``X``, ``x`` and ``o`` strike
hard, medium and soft; ``-`` holds; ``.`` is silence; a digit plays one tone of
the voicing. In bass lines ``r`` is the root (``R`` accented), ``3 5 7 8`` are
tones over it, ``a`` leads into the next root by a half step and ``w`` walks.
"""

from typing import Final

import attrs

STEPS: Final = 16
VELOCITIES: Final = {"X": 1.0, "x": 0.75, "o": 0.42}


@attrs.frozen(kw_only=True)
class Changes:
    """Progressions in roman numerals, one word a bar, ``a/b`` for two in a bar."""

    verse: tuple[str, ...]
    chorus: tuple[str, ...]
    bridge: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Groove:
    """Drum patterns from quiet to full, and fills for the last bar of a section."""

    soft: tuple[str, ...]
    full: tuple[str, ...]
    fills: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Layer:
    """
    One instrument of the band.

    Args:
        role: "bass", "chords", "pad", "arp", "lead" or "counter".
        patches: sounds to choose from, one per take.
        patterns: step patterns to choose from, one per song.
        energy: the layer plays in sections whose energy lies in this range.
        low: lowest pitch.
        high: highest pitch.
        voicing: "close", "open", "shell" or "power".
        gate: share of its length that a note sounds.
        strum_s: seconds from the first to the last tone of a chord.
        gain_db: level in the mix.
        pan: -1 left to 1 right.
        send: share that goes into the room.
        duck: how deep the kick pushes it down, 0 to 1.
    """

    role: str
    patches: tuple[str, ...]
    patterns: tuple[str, ...] = ("x---------------",)
    energy: tuple[float, float] = (0.0, 1.0)
    low: int = 52
    high: int = 76
    voicing: str = "close"
    gate: float = 0.95
    strum_s: float = 0.0
    gain_db: float = 0.0
    pan: float = 0.0
    send: float = 0.2
    duck: float = 0.0


@attrs.frozen(kw_only=True)
class Style:
    """
    A kind of music, as the composer and the band need to know it.

    Args:
        name: what this project calls it.
        words: what people call it.
        tempo: slowest and fastest, in beats a minute.
        modes: modes to choose from; repeat one to make it likelier.
        major: changes in a major key.
        minor: changes in a minor key.
        groove: drums; None for a style without.
        kit: which drum kit.
        layers: the band.
        swing: how late the off-beats come, as a share of their step.
        swing_steps: the off-beat's step: 1 swings sixteenths, 2 eighths.
        pulse: melody grid in beats: 0.5 eighths, 0.25 sixteenths.
        push: chance that a strong note comes half a beat early.
        mix: which mix.
        human_s: how far hands stray from the grid, in seconds.
        drums_db: level of the drums in the mix.
        voice_db: level of the singer.
    """

    name: str
    words: tuple[str, ...]
    tempo: tuple[int, int]
    modes: tuple[str, ...]
    major: Changes
    minor: Changes
    groove: Groove | None
    kit: str
    layers: tuple[Layer, ...]
    swing: float = 0.0
    swing_steps: int = 1
    pulse: float = 0.5
    push: float = 0.2
    mix: str = "hall"
    human_s: float = 0.006
    drums_db: float = 0.0
    voice_db: float = -3.0
