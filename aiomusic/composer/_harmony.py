"""Chord progressions of a section, and voicings with smooth voice leading."""

from itertools import pairwise
from typing import Final

from aiomusic.composer._random import SeededRandom
from aiomusic.composer._theory import Chord, Key, chord_of, nearest
from aiomusic.composer.styles import Changes, Style

_PROGRESSION_OF_SECTION: Final = {
    "verse": "verse",
    "intro": "verse",
    "prechorus": "bridge",
    "bridge": "bridge",
    "chorus": "chorus",
    "inst": "chorus",
    "outro": "chorus",
}


def changes_of(style: Style, key: Key) -> Changes:
    """Return the chord progressions of *style* for the mode of *key*."""
    return style.minor if key.is_minor else style.major


def progressions(
    style: Style, key: Key, rng: SeededRandom
) -> dict[str, tuple[Chord, ...]]:
    """Choose a progression for each kind of section, two chords a bar."""
    changes = changes_of(style, key)
    chosen = {
        "verse": rng.choice(changes.verse),
        "chorus": rng.choice(changes.chorus),
        "bridge": rng.choice(changes.bridge),
    }
    return {
        kind: _chords_by_half_bar(chosen[source], key.tonic)
        for kind, source in _PROGRESSION_OF_SECTION.items()
    }


def _chords_by_half_bar(progression: str, tonic: int) -> tuple[Chord, ...]:
    halves: list[Chord] = []
    for bar in progression.split():
        first, _, second = bar.partition("/")
        halves += [chord_of(first, tonic), chord_of(second or first, tonic)]
    return tuple(halves)


def fill_bars(chords: tuple[Chord, ...], bars: int) -> tuple[Chord, ...]:
    """Repeat or truncate *chords* to fill *bars*, two chords a bar."""
    times = -(-2 * bars // len(chords))
    return (chords * times)[: 2 * bars]


def voice_chord(
    chord: Chord, before: tuple[int, ...], *, low: int, high: int, voicing: str
) -> tuple[int, ...]:
    """Return the pitches of *chord* in the range, close to the pitches *before*."""
    tones = _tones(chord, voicing)
    target = sum(before) / len(before) if before else (low + high) / 2
    shapes = [_stack(tones, inversion, low, voicing) for inversion in range(len(tones))]
    lifted = [
        tuple(pitch + 12 * octave for pitch in shape)
        for shape in shapes
        for octave in range(4)
    ]
    fitting = [s for s in lifted if s[0] >= low and s[-1] <= high] or lifted
    return min(fitting, key=lambda shape: _distance(shape, before, target))


def _tones(chord: Chord, voicing: str) -> tuple[int, ...]:
    match voicing:
        case "power":
            fifth = 7 if 7 in chord.intervals else chord.intervals[-1] % 12
            return (chord.root, (chord.root + fifth) % 12, chord.root)
        case "shell" if len(chord.tones) > 3:
            # The bass plays the root: keep the third, the seventh and extensions.
            kept = [s for s in chord.intervals[1:] if s != 7] or [4]
            kept = kept if len(kept) > 1 else [*kept, 7]
            return tuple((chord.root + step) % 12 for step in kept)
        case _:
            return chord.tones


def _stack(
    tones: tuple[int, ...], inversion: int, low: int, voicing: str
) -> tuple[int, ...]:
    inverted = tones if voicing == "power" else tones[inversion:] + tones[:inversion]
    stack = [inverted[0] + 12 * -(-(low - inverted[0]) // 12)]
    for tone in inverted[1:]:
        stack.append(tone + 12 * ((stack[-1] - tone) // 12 + 1))
    if voicing == "open" and len(stack) > 2:
        stack[-2] -= 12
        stack[-2] += 12 if stack[-2] < low else 0
    return tuple(sorted(stack))


def _distance(
    shape: tuple[int, ...], before: tuple[int, ...], target: float
) -> tuple[float, tuple[int, ...]]:
    middle = abs(sum(shape) / len(shape) - target)
    moves = sum(min((abs(p - q) for q in before), default=0) for p in shape)
    clash = sum(1.0 for p, q in pairwise(shape) if q - p == 1)
    return (middle * 0.5 + moves + clash, shape)


def bass_pitch(pitch_class: int, low: int, high: int, near: float) -> int:
    """Return a bass pitch close to *near*, within the range."""
    pitch = nearest(pitch_class, near)
    while pitch < low:
        pitch += 12
    while pitch > high:
        pitch -= 12
    return pitch
