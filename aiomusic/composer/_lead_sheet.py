# ruff: noqa: PLR2004 (bars are what this file is about)
"""The writer of sheets: chords, melody and words of every section."""

import attrs

from aiomusic.composer._form import (
    ENERGY,
    Part,
)
from aiomusic.composer._harmony import fill_bars, progressions
from aiomusic.composer._melody import (
    Ground,
    Idea,
    Place,
    hummed,
    idea_of,
    line_of,
)
from aiomusic.composer._prompt import ParsedPrompt
from aiomusic.composer._random import SeededRandom
from aiomusic.composer._score import (
    BEATS_PER_BAR,
    LeadSheet,
    SheetLine,
    SheetSection,
    Tone,
)
from aiomusic.composer._spec import SongSpec
from aiomusic.composer._text import split_syllables
from aiomusic.composer._theory import Chord, Key
from aiomusic.composer._voice import Voice


@attrs.frozen(kw_only=True)
class LeadSheetWriter:
    """Writes the stretches of one song from the ideas it is built on."""

    prompt: ParsedPrompt
    key: Key
    changes: dict[str, tuple[Chord, ...]]
    voice: Voice | None
    seed: int
    take: int

    def sheet(self, parts: tuple[Part, ...], tempo: float) -> LeadSheet:
        """Write chords, melody and words of every part."""
        sheet_sections = [
            self.stretch(part, number) for number, part in enumerate(parts)
        ]
        return LeadSheet(key=self.key, tempo=tempo, sections=tuple(sheet_sections))

    def stretch(
        self, part: Part, number: int, chords: tuple[Chord, ...] = ()
    ) -> SheetSection:
        """Write one section, over *chords* where they are given."""
        energy = ENERGY[part.kind] + 0.08 * self.prompt.tempo_bias
        if part.kind == "verse" and number > 2:
            energy += 0.07
        chords = fill_bars(chords or self.changes[part.kind], part.bars)
        idea = idea_of(part.kind, SeededRandom("motif", self.seed, part.kind))
        # One dice for all sections of a kind: a chorus comes back as it was.
        rng = SeededRandom("tune", self.seed, self.take, part.kind)
        melody, verses = self._sung(part, chords, idea, rng)
        if not part.lines and self._is_played(part):
            melody = self._played(part, chords, idea, rng)
        return SheetSection(
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
            pulse=self.prompt.style.pulse,
            push=self.prompt.style.push,
        )

    def _sung(
        self, part: Part, chords: tuple[Chord, ...], idea: Idea, rng: SeededRandom
    ) -> tuple[tuple[Tone, ...], tuple[SheetLine, ...]]:
        if self.voice is None:
            return (), ()
        ground = self._ground(chords, self.voice.low, self.voice.high)
        tones: list[Tone] = []
        verses: list[SheetLine] = []
        length = float(part.line_bars * BEATS_PER_BAR)
        for number, text in enumerate(part.lines):
            place = Place(
                start=number * length,
                length=length,
                number=number,
                is_last=number == len(part.lines) - 1,
            )
            line = line_of(split_syllables(text), place, ground, idea, rng)
            tones += line
            if line:
                start, end = line[0].start, line[-1].start + line[-1].length
                verses.append(SheetLine(text=text, start=start, length=end - start))
        return tuple(tones), tuple(verses)

    def _played(
        self, part: Part, chords: tuple[Chord, ...], idea: Idea, rng: SeededRandom
    ) -> tuple[Tone, ...]:
        layer = next(la for la in self.prompt.style.layers if la.role == "lead")
        ground = self._ground(chords, layer.low, layer.high)
        size = 2 if part.bars % 2 == 0 else 1
        count = part.bars // size
        tones: list[Tone] = []
        for number in range(count):
            place = Place(
                start=float(number * size * BEATS_PER_BAR),
                length=float(size * BEATS_PER_BAR),
                number=number,
                is_last=number == count - 1,
            )
            tones += line_of(hummed(idea, place), place, ground, idea, rng)
        return tuple(tones)


def lead_sheet_writer(
    spec: SongSpec, prompt: ParsedPrompt, key: Key, voice: Voice | None
) -> LeadSheetWriter:
    """Prepare what every section of the song is written from."""
    changes = progressions(
        prompt.style, key, SeededRandom("changes", spec.seed, spec.style)
    )
    return LeadSheetWriter(
        prompt=prompt,
        key=key,
        changes=changes,
        voice=voice,
        seed=spec.seed,
        take=spec.take,
    )
