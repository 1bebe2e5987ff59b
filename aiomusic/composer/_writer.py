# ruff: noqa: PLR2004 (bars are what this file is about)
"""The writer of sheets: chords, melody and words of every section."""

import attrs

from aiomusic.composer._brief import Brief
from aiomusic.composer._dice import Dice
from aiomusic.composer._form import (
    ENERGY,
    Part,
)
from aiomusic.composer._harmony import fitted, progressions
from aiomusic.composer._melody import (
    Ground,
    Idea,
    Place,
    hummed,
    idea_of,
    line_of,
)
from aiomusic.composer._prompt import Wish
from aiomusic.composer._score import (
    BEATS,
    Sheet,
    Stretch,
    Tone,
    Verse,
)
from aiomusic.composer._theory import Chord, Key
from aiomusic.composer._voice import Voice
from aiomusic.composer._words import syllables_of


@attrs.frozen(kw_only=True)
class Writer:
    """Writes the stretches of one song from the ideas it is built on."""

    wish: Wish
    key: Key
    changes: dict[str, tuple[Chord, ...]]
    voice: Voice | None
    seed: int
    take: int

    def sheet(self, parts: tuple[Part, ...], tempo: float) -> Sheet:
        """Write chords, melody and words of every part."""
        stretches = [self.stretch(part, number) for number, part in enumerate(parts)]
        return Sheet(key=self.key, tempo=tempo, stretches=tuple(stretches))

    def stretch(
        self, part: Part, number: int, chords: tuple[Chord, ...] = ()
    ) -> Stretch:
        """Write one section, over *chords* where they are given."""
        energy = ENERGY[part.kind] + 0.08 * self.wish.haste
        if part.kind == "verse" and number > 2:
            energy += 0.07
        chords = fitted(chords or self.changes[part.kind], part.bars)
        idea = idea_of(part.kind, Dice("motif", self.seed, part.kind))
        # One dice for all sections of a kind: a chorus comes back as it was.
        dice = Dice("tune", self.seed, self.take, part.kind)
        melody, verses = self._sung(part, chords, idea, dice)
        if not part.lines and self._is_played(part):
            melody = self._played(part, chords, idea, dice)
        return Stretch(
            kind=part.kind,
            bars=part.bars,
            energy=round(min(1.0, energy), 3),
            chords=chords,
            melody=melody,
            verses=verses,
        )

    def _is_played(self, part: Part) -> bool:
        if part.kind in ("intro", "outro"):
            return False
        return part.kind == "inst" or self.voice is None

    def _ground(self, chords: tuple[Chord, ...], low: int, high: int) -> Ground:
        return Ground(
            key=self.key,
            chords=chords,
            low=low,
            high=high,
            pulse=self.wish.style.pulse,
            push=self.wish.style.push,
        )

    def _sung(
        self, part: Part, chords: tuple[Chord, ...], idea: Idea, dice: Dice
    ) -> tuple[tuple[Tone, ...], tuple[Verse, ...]]:
        if self.voice is None:
            return (), ()
        ground = self._ground(chords, self.voice.low, self.voice.high)
        tones: list[Tone] = []
        verses: list[Verse] = []
        length = float(part.line_bars * BEATS)
        for number, text in enumerate(part.lines):
            place = Place(
                start=number * length,
                length=length,
                number=number,
                is_last=number == len(part.lines) - 1,
            )
            line = line_of(syllables_of(text), place, ground, idea, dice)
            tones += line
            if line:
                start, end = line[0].start, line[-1].start + line[-1].length
                verses.append(Verse(text=text, start=start, length=end - start))
        return tuple(tones), tuple(verses)

    def _played(
        self, part: Part, chords: tuple[Chord, ...], idea: Idea, dice: Dice
    ) -> tuple[Tone, ...]:
        layer = next(la for la in self.wish.style.layers if la.role == "lead")
        ground = self._ground(chords, layer.low, layer.high)
        size = 2 if part.bars % 2 == 0 else 1
        count = part.bars // size
        tones: list[Tone] = []
        for number in range(count):
            place = Place(
                start=float(number * size * BEATS),
                length=float(size * BEATS),
                number=number,
                is_last=number == count - 1,
            )
            tones += line_of(hummed(idea, place), place, ground, idea, dice)
        return tuple(tones)


def writer_of(brief: Brief, wish: Wish, key: Key, voice: Voice | None) -> Writer:
    """Prepare what every section of the song is written from."""
    changes = progressions(wish.style, key, Dice("changes", brief.seed, brief.style))
    return Writer(
        wish=wish,
        key=key,
        changes=changes,
        voice=voice,
        seed=brief.seed,
        take=brief.take,
    )
