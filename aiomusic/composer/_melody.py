"""
Melody: a rhythm that fits the stress of the words, then pitches for the rhythm.

Both are found by dynamic programming: the cheapest path over the whole line.
"""

from collections.abc import Sequence
from typing import Final

import attrs

from aiomusic.composer._random import SeededRandom
from aiomusic.composer._score import MelodyNote
from aiomusic.composer._text import Syllable
from aiomusic.composer._theory import Chord, Key

# Contours of a line from start to end, in scale steps around its middle.
_SHAPES: Final = (
    (-1.5, 2.0, 3.0, -1.0),
    (2.5, 1.5, 0.0, -2.5),
    (-2.5, -0.5, 1.5, 2.5),
    (0.0, 3.0, 0.5, 2.0),
    (1.5, -2.0, 2.0, 0.0),
    (-2.0, 2.5, -0.5, -2.0),
    (0.0, 2.0, -1.5, 1.0, -2.0),
    (2.0, -1.0, 1.5, -1.5, 0.5),
)
_FORMS: Final = ("ABAC", "AABA", "AABC", "ABAB")
_RANGE: Final = {"verse": 0.36, "chorus": 0.6, "bridge": 0.54, "prechorus": 0.48}


@attrs.frozen(kw_only=True)
class Motif:
    """
    What the lines of one kind of section have in common.

    Args:
        slots: Rhythmic preferences: an extra cost for each slot of the grid.
        shapes: Contours of the lines, named A, B and C.
        form: The order of the contours, such as "ABAC".
        middle: Height in the range of the voice, 0 to 1.
        counts: Notes in a line without words, for each contour.
    """

    slots: tuple[float, ...]
    shapes: tuple[tuple[float, ...], ...]
    form: str
    middle: float
    counts: tuple[int, ...]


def motif_for(kind: str, rng: SeededRandom) -> Motif:
    """Return the motif of a *kind* of section."""
    shapes = rng.shuffled(_SHAPES)[:3]
    return Motif(
        slots=tuple(rng.uniform(-0.7, 0.7) for _ in range(64)),
        shapes=tuple(shapes),
        form=rng.choice(_FORMS),
        middle=_RANGE.get(kind, 0.5),
        counts=tuple(rng.randint(5, 9) for _ in range(3)),
    )


@attrs.frozen(kw_only=True)
class LinePosition:
    """Where a line stands in its section: start and length in beats, and number."""

    start: float
    length: float
    number: int
    is_last: bool
    is_sung: bool = True


@attrs.frozen(kw_only=True)
class MelodyContext:
    """The constraints of a melody: key, chords by half bar, range, grid, dice."""

    key: Key
    chords: tuple[Chord, ...]
    low: int
    high: int
    pulse: float
    push: float
    meter: int
    whim: float

    def chord_at(self, beat: float) -> Chord:
        """Return the chord at *beat* of the section."""
        half = int(2 * beat / self.meter + 1e-6)
        return self.chords[min(half, len(self.chords) - 1)]


def melody_for(
    syllables: Sequence[Syllable],
    position: LinePosition,
    context: MelodyContext,
    motif: Motif,
    rng: SeededRandom,
) -> tuple[MelodyNote, ...]:
    """Set one line of words to music."""
    if not syllables:
        return ()
    onsets = _rhythm(syllables, position, context, motif)
    ends = [*onsets[1:], position.length - min(0.5, position.length / 8)]
    lengths = [
        _note_length(start, end, is_end=n == len(onsets) - 1)
        for n, (start, end) in enumerate(zip(onsets, ends, strict=True))
    ]
    pitches = _pitches(onsets, lengths, position, context=context, motif=motif, rng=rng)
    return tuple(
        MelodyNote(
            start=position.start + onset,
            length=length,
            pitch=pitch,
            syllable=syllable.sung,
            accent=0.9 if syllable.is_stressed else 0.7,
        )
        for onset, length, pitch, syllable in zip(
            onsets, lengths, pitches, syllables, strict=True
        )
    )


def _note_length(start: float, end: float, *, is_end: bool) -> float:
    return max(0.12, min(end - start, 3.0 if is_end else 1.5))


def _rhythm(
    syllables: Sequence[Syllable],
    position: LinePosition,
    context: MelodyContext,
    motif: Motif,
) -> list[float]:
    """Choose the onsets: stressed syllables on beats, gaps of similar length."""
    count = len(syllables)
    available = position.length - (1.0 if position.length > context.meter else 0.5)
    pulse = context.pulse
    while available / pulse < count:
        pulse /= 2
    slots = int(available / pulse)
    ideal = min(max(1.0, slots / count), 1.0 / pulse)
    width = min(slots - count + 1, int(2 * ideal) + 3)
    best: list[dict[int, tuple[float, int]]] = []
    for number, syllable in enumerate(syllables):
        row: dict[int, tuple[float, int]] = {}
        for slot in range(number, slots - count + number + 1):
            base_cost = _onset_cost(slot, pulse, syllable, motif, context.push)
            if not number:
                row[slot] = (base_cost + 0.9 * slot * pulse, -1)
                continue
            row[slot] = (
                min(
                    (cost + base_cost + 0.35 * abs(slot - before - ideal), before)
                    for before, (cost, _) in best[-1].items()
                    if 0 < slot - before <= width
                )
                if any(0 < slot - b <= width for b in best[-1])
                else (1e9, -1)
            )
        best.append(row)
    return [slot * pulse for slot in _backtrack(best)]


def _onset_cost(
    slot: int, pulse: float, syllable: Syllable, motif: Motif, push: float
) -> float:
    beat = slot * pulse
    is_beat = beat % 1.0 == 0
    is_half = beat % 0.5 == 0
    cost = motif.slots[int(beat * 4) % len(motif.slots)]
    if syllable.is_stressed:
        return cost + (0.0 if is_beat else 1.2 - 2 * push if is_half else 1.8)
    return cost + (0.7 if beat % 2.0 == 0 else 0.2 if is_half else 0.6)


def _backtrack(best: list[dict[int, tuple[float, int]]]) -> list[int]:
    slot = min(best[-1], key=lambda s: (best[-1][s][0], s))
    path = [slot]
    for row, _ in zip(reversed(best), range(len(best) - 1), strict=False):
        slot = row[slot][1]
        path.append(slot)
    return path[::-1]


def _pitches(
    onsets: list[float],
    lengths: list[float],
    position: LinePosition,
    *,
    context: MelodyContext,
    motif: Motif,
    rng: SeededRandom,
) -> list[int]:
    """Choose pitches along the contour, with chord tones on strong beats."""
    scale_pitches = [
        pitch
        for pitch in range(context.low, context.high + 1)
        if pitch % 12 in context.key.scale
    ]
    letter = "ABC".index(motif.form[position.number % len(motif.form)])
    best: list[dict[int, tuple[float, int]]] = []
    for n, (onset, length) in enumerate(zip(onsets, lengths, strict=True)):
        target = _target_step(onset / position.length, motif, letter, scale_pitches)
        tones = context.chord_at(position.start + onset).tones
        is_end = n == len(onsets) - 1
        row: dict[int, tuple[float, int]] = {}
        for step, pitch in enumerate(scale_pitches):
            cost = 0.8 * abs(step - target) + rng.uniform(0, context.whim)
            cost += _dissonance_cost(pitch, tones, onset, length)
            if is_end:
                cost += _ending_cost(pitch, position, context, tones)
            row[step] = _best_predecessor(step, cost, best)
        best.append(row)
    return [scale_pitches[step] for step in _backtrack(best)]


def _target_step(
    fraction: float, motif: Motif, letter: int, scale_pitches: list[int]
) -> float:
    shape = motif.shapes[letter]
    x = fraction * (len(shape) - 1)
    left = min(int(x), len(shape) - 2)
    height = shape[left] + (shape[left + 1] - shape[left]) * (x - left)
    return motif.middle * (len(scale_pitches) - 1) + height


def _dissonance_cost(
    pitch: int, tones: tuple[int, ...], onset: float, length: float
) -> float:
    if pitch % 12 in tones:
        return 0.0
    is_heavy = onset % 1.0 == 0 or length >= 1.0
    is_harsh = (pitch - 1) % 12 in tones
    return (1.6 if is_heavy else 0.4) + (1.0 if is_harsh else 0.0)


def _ending_cost(
    pitch: int, position: LinePosition, context: MelodyContext, tones: tuple[int, ...]
) -> float:
    degree = context.key.scale.index(pitch % 12)
    if position.is_last:
        return {0: 0.0, 2: 1.0, 4: 1.4}.get(degree, 3.0)
    return 0.0 if pitch % 12 in tones else 1.5


def _best_predecessor(
    step: int, cost: float, best: list[dict[int, tuple[float, int]]]
) -> tuple[float, int]:
    if not best:
        return (cost, -1)
    return min(
        (total + cost + _leap_cost(step - b), b) for b, (total, _) in best[-1].items()
    )


def _leap_cost(steps: int) -> float:
    size = abs(steps)
    return (0.65, 0.0, 0.2, 0.5, 0.9, 1.5)[size] if size < 6 else 1.5 + size * 0.6


def unsung_syllables(
    motif: Motif, position: LinePosition, meter: int
) -> tuple[Syllable, ...]:
    """Return empty syllables for a line that an instrument plays."""
    count = motif.counts["ABC".index(motif.form[position.number % len(motif.form)])]
    if position.length <= meter:
        count = max(2, count // 2)
    return tuple(Syllable(text="", is_stressed=n % 2 == 0) for n in range(count))
