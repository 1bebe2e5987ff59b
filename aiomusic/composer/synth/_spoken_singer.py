"""Singing with the words of ``espeak-ng``: which of its frames is heard when."""

from collections.abc import Iterator, Sequence
from typing import Final

import attrs
import numpy as np

from aiomusic.composer._score import Note
from aiomusic.composer.synth._espeak import Syllables, phonemes_of_words
from aiomusic.composer.synth._letters import lettered_syllable
from aiomusic.composer.synth._speech import HOP_S, SpokenSyllable, spoken_syllables
from aiomusic.composer.synth._vocoder import Utterance

_EARLY_S: Final = 0.08
_LATE_S: Final = 0.07
_CODA_S: Final = 0.2
_EDGE_S: Final = 0.045
_JOINED_S: Final = 0.06
_SILENCE_S: Final = 0.012


@attrs.frozen(kw_only=True)
class _Unit:
    """A syllable and when it is sung; joined: the next one follows at once."""

    syllable: SpokenSyllable
    start_s: float
    end_s: float
    level: float
    is_joined: bool = False

    @property
    def onset_s(self) -> float:
        return min(self.syllable.vowel[0] * HOP_S, _EARLY_S + _LATE_S)

    @property
    def coda_s(self) -> float:
        return min((self.syllable.size - self.syllable.vowel[1]) * HOP_S, _CODA_S)

    @property
    def early_s(self) -> float:
        return min(self.onset_s, _EARLY_S)


def utterance_of(
    notes: Sequence[Note], begin_s: float, language: str, program: str
) -> Utterance:
    """
    Return what is sung to *notes*, with seconds from *begin_s*.

    Raises:
        NotSpoken: The program isn't there, or it can't say the words.
    """
    words = tuple(_words(notes))
    texts = tuple("".join(n.syllable.rstrip("-") for n in word) for word in words)
    spoken = phonemes_of_words(texts, language, program)
    flat: Syllables = tuple(syllable for word in spoken for syllable in word)
    frames = iter(spoken_syllables(flat, language, program))
    units: list[_Unit] = []
    for word, syllables in zip(words, spoken, strict=True):
        units += _units(word, [next(frames) for _ in syllables], begin_s)
    return _utterance(_joined(units))


def lettered_utterance(notes: Sequence[Note], begin_s: float) -> Utterance:
    """Return what is sung to *notes* by the sound of their letters."""
    units: list[_Unit] = []
    for note in notes:
        units += _units([note], [lettered_syllable(note.syllable)], begin_s)
    return _utterance(_joined(units))


def _words(notes: Sequence[Note]) -> Iterator[list[Note]]:
    """Yield the notes of each word: all but its last syllable end in a hyphen."""
    word: list[Note] = []
    for note in notes:
        word.append(note)
        if not note.syllable.endswith("-"):
            yield word
            word = []
    if word:
        yield word


def _units(
    word: Sequence[Note], syllables: Sequence[SpokenSyllable], begin_s: float
) -> Iterator[_Unit]:
    """Share the notes of a word out among its syllables, in order."""
    count = len(syllables)
    for number, syllable in enumerate(syllables):
        first = number * len(word) // count
        last = max(first, (number + 1) * len(word) // count - 1)
        # More syllables than notes: those of a note share its time.
        sharers = [n for n in range(count) if n * len(word) // count == first]
        part = word[first].length_s / len(sharers)
        place = number - sharers[0]
        end = word[last].start_s + word[last].length_s
        if len(sharers) > 1:
            end = word[first].start_s + (place + 1) * part
        yield _Unit(
            syllable=syllable,
            start_s=word[first].start_s + place * part - begin_s,
            end_s=end - begin_s,
            level=word[first].velocity,
        )


def _joined(units: Sequence[_Unit]) -> list[_Unit]:
    """Let each unit last until the next one, where the pause is short."""
    found: list[_Unit] = []
    for unit, after in zip(units, [*units[1:], None], strict=True):
        if after and after.start_s - unit.end_s < _JOINED_S:
            end_s = max(unit.start_s + 0.05, after.start_s - after.early_s)
            found.append(attrs.evolve(unit, end_s=end_s, is_joined=True))
        else:
            found.append(unit)
    return found


def _utterance(units: Sequence[_Unit]) -> Utterance:
    times, places, levels = [0.0], [0.0], [0.0]
    offset = 0
    for before, unit in zip([None, *units], units, strict=False):
        first, last = unit.syllable.vowel
        size = unit.syllable.size
        start = unit.start_s - unit.early_s
        if not (before and before.is_joined):
            times.append(max(times[-1], start - _SILENCE_S))
            places.append(offset)
            levels.append(0.0)
        end = unit.end_s + (0.0 if unit.is_joined else min(0.12, unit.coda_s))
        vowel_s = unit.start_s + unit.onset_s - unit.early_s
        coda_s = max(end - unit.coda_s, vowel_s + 0.5 * (end - vowel_s))
        knots = [(start, 0), *_vowel_knots(vowel_s, coda_s, first, last), (end, size)]
        for time_s, place in knots:
            times.append(max(times[-1], time_s))
            places.append(offset + min(place, size - 1))
            levels.append(unit.level)
        if not unit.is_joined:
            times.append(times[-1] + 0.06)
            places.append(offset + size - 1)
            levels.append(0.0)
        offset += size
    return Utterance(
        envelopes=np.concatenate([unit.syllable.envelopes for unit in units]),
        voiced=np.concatenate([unit.syllable.voiced for unit in units]),
        times=np.array(times),
        places=np.array(places),
        levels=np.array(levels),
    )


def _vowel_knots(
    start_s: float, end_s: float, first: int, last: int
) -> list[tuple[float, float]]:
    """Return when the vowel is where: its edges keep their speed."""
    edge = _EDGE_S / HOP_S
    if last - first < 2.5 * edge or end_s - start_s < (last - first) * HOP_S:
        return [(start_s, first), (end_s, last)]
    return [
        (start_s, first),
        (start_s + _EDGE_S, first + edge),
        (end_s - _EDGE_S, last - edge),
        (end_s, last),
    ]
