"""
A style as plain data: harmony, groove, layers and mix.

Patterns have one character for each sixteenth, for one bar or several. In drum and
chord patterns ``X``, ``x`` and ``o`` are loud, medium and soft notes; ``-`` holds the
note; ``.`` is a rest; a digit plays one note of the voicing. In bass patterns ``r`` is
the root (``R`` accented), ``3 5 7 8`` are intervals above it, ``a`` approaches the next
root by a semitone and ``w`` is a walking bass.
"""

from typing import Final

import attrs

VELOCITIES: Final = {"X": 1.0, "x": 0.75, "o": 0.42}


@attrs.frozen(kw_only=True)
class Changes:
    """Progressions in Roman numerals: one word a bar, ``a/b`` for two chords in it."""

    verse: tuple[str, ...]
    chorus: tuple[str, ...]
    bridge: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Groove:
    """Drum patterns for soft and full sections, and fills for their last bar."""

    soft: tuple[str, ...]
    full: tuple[str, ...]
    fills: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Layer:
    """
    One instrument of the band.

    Args:
        role: "bass", "chords", "pad", "arp", "lead" or "counter".
        patches: Patches to choose from, one for each take.
        patterns: Step patterns to choose from, one for each song.
        energy: The layer plays in sections whose energy is in this range.
        low, high: Range in MIDI pitches.
        voicing: "close", "open", "shell" or "power".
        gate: Share of its length for which a note sounds.
        strum_s: Delay between the notes of a chord, in seconds.
        gain_db: Level in the mix.
        pan: -1 (left) to 1 (right).
        send: Share sent to the reverb.
        duck: Depth of the ducking by the kick drum, 0 to 1.
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
    A musical style.

    Args:
        name: The name used here.
        words: Names that prompts use.
        tempo: Slowest and fastest, in beats per minute.
        modes: Modes to choose from; a repeated mode is more likely.
        major: Chord progressions in a major key.
        minor: Chord progressions in a minor key.
        groove: Drum patterns; None: no drums.
        kit: Name of the drum kit.
        layers: The instruments.
        swing: Delay of the off-beats, as a share of their step.
        swing_steps: Step of the off-beats: 1 swings sixteenths, 2 eighths.
        pulse: Grid of the melody in beats: 0.5 eighths, 0.25 sixteenths.
        push: Preference for stressed notes half a beat early.
        mix: Name of the mix preset.
        human_s: Size of the random timing errors, in seconds.
        drums_db: Level of the drums in the mix.
        voice_db: Level of the voice in the mix.
        meter: Beats of a bar.
        softest_db: Level of a verse below a chorus, which has more players, too: it
            is 3 to 4 LU louder in all.
        singer: Words for a voice that the style asks for.
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
    meter: int = 4
    softest_db: float = -2.3
    singer: str = ""
