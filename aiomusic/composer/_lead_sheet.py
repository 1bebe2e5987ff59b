"""Writing of lead sheets: chords, melody and words of every section."""

from collections import Counter

import attrs

from aiomusic.composer._form import (
    ENERGY,
    Part,
)
from aiomusic.composer._harmony import fill_bars, progressions
from aiomusic.composer._melody import (
    LinePosition,
    MelodyContext,
    Motif,
    melody_for,
    motif_for,
    unsung_syllables,
)
from aiomusic.composer._prompt import ParsedPrompt
from aiomusic.composer._random import SeededRandom
from aiomusic.composer._score import (
    LeadSheet,
    MelodyNote,
    SheetLine,
    SheetSection,
)
from aiomusic.composer._second_take import second_take
from aiomusic.composer._spec import SongSpec
from aiomusic.composer._strays import USUAL, strayed_chords
from aiomusic.composer._text import split_syllables
from aiomusic.composer._theory import Chord, Key
from aiomusic.composer._voice import Voice


@attrs.frozen(kw_only=True)
class LeadSheetWriter:
    """Writes the lead sheet of one song."""

    prompt: ParsedPrompt
    key: Key
    changes: dict[str, tuple[Chord, ...]]
    voice: Voice | None
    seed: int
    take: int
    variant: int = 0
    weirdness: float = USUAL

    def sheet(self, parts: tuple[Part, ...], tempo: float) -> LeadSheet:
        """Write a lead sheet of *parts*; half of a second take is the first one's."""
        sheet = _sheet(self, parts, tempo)
        if not self.take % 2:
            return sheet
        first = _sheet(attrs.evolve(self, take=0), parts, tempo)
        return second_take(first, sheet, [self._line_beats(part) for part in parts])

    def section(
        self,
        part: Part,
        number: int,
        chords: tuple[Chord, ...] = (),
        *,
        turn: int = 0,
    ) -> SheetSection:
        """
        Write one section.

        Args:
            number: Its number in the song.
            chords: Its chords; empty: those of its kind.
            turn: How many of its kind came before; those end in another line.
        """
        energy = ENERGY[part.kind] + 0.08 * self.prompt.tempo_bias
        if part.kind == "verse" and number > 2:
            energy += 0.07
        chords = fill_bars(chords or self.changes[part.kind], part.bars)
        melody, sheet_lines = self._sung_melody(part, chords, turn)
        if not part.lines and self._is_instrumental(part):
            melody = self._played_melody(part, chords, turn)
        return SheetSection(
            kind=part.kind,
            bars=part.bars,
            energy=round(min(1.0, energy), 3),
            chords=chords,
            melody=melody,
            lines=sheet_lines,
            meter=self.prompt.style.meter,
        )

    def _line_of(
        self, part: Part, turn: int, position: LinePosition
    ) -> tuple[Motif, SeededRandom]:
        """
        Return the motif and the dice of one line of a section.

        Lines share the motif of their kind of section, and choruses repeat; but they
        are others in the second take, and so is the last line of a section that has
        been heard before.
        """
        variant = (f"variant {self.variant}",) if self.variant else ()
        words: tuple[object, ...] = (self.seed, part.kind)
        if turn and position.is_last:
            words = (*words, "turn", turn)
        if self.take % 2:
            words = (*words, "take", self.take)
        motif = motif_for(part.kind, SeededRandom("motif", *words))
        dice = (*words, self.take, position.number, *variant)
        return motif, SeededRandom("tune", *dice)

    def _line_beats(self, part: Part) -> float:
        """Return the length of a line, sung or played."""
        bars = part.line_bars if part.lines and self.voice else 2 - part.bars % 2
        return float(bars * self.prompt.style.meter)

    def _is_instrumental(self, part: Part) -> bool:
        if part.kind in ("intro", "outro"):
            return False
        return part.kind == "inst" or self.voice is None

    def _context(self, chords: tuple[Chord, ...], low: int, high: int) -> MelodyContext:
        return MelodyContext(
            key=self.key,
            chords=chords,
            low=low,
            high=high,
            pulse=self.prompt.style.pulse,
            push=self.prompt.style.push,
            meter=self.prompt.style.meter,
            whim=1.6 * self.weirdness,
        )

    def _sung_melody(
        self, part: Part, chords: tuple[Chord, ...], turn: int
    ) -> tuple[tuple[MelodyNote, ...], tuple[SheetLine, ...]]:
        if self.voice is None:
            return (), ()
        context = self._context(chords, self.voice.low, self.voice.high)
        notes: list[MelodyNote] = []
        sheet_lines: list[SheetLine] = []
        length = self._line_beats(part)
        for number, text in enumerate(part.lines):
            position = LinePosition(
                start=number * length,
                length=length,
                number=number,
                is_last=number == len(part.lines) - 1,
            )
            motif, rng = self._line_of(part, turn, position)
            line = melody_for(split_syllables(text), position, context, motif, rng)
            notes += line
            if line:
                start, end = line[0].start, line[-1].start + line[-1].length
                sheet_lines.append(
                    SheetLine(text=text, start=start, length=end - start)
                )
        return tuple(notes), tuple(sheet_lines)

    def _played_melody(
        self, part: Part, chords: tuple[Chord, ...], turn: int
    ) -> tuple[MelodyNote, ...]:
        layer = next(la for la in self.prompt.style.layers if la.role == "lead")
        context = self._context(chords, layer.low, layer.high)
        length = self._line_beats(part)
        count = int(part.bars * context.meter / length)
        notes: list[MelodyNote] = []
        for number in range(count):
            position = LinePosition(
                start=number * length,
                length=length,
                number=number,
                is_last=number == count - 1,
            )
            motif, rng = self._line_of(part, turn, position)
            notes += melody_for(
                unsung_syllables(motif, position, context.meter),
                position,
                context,
                motif,
                rng,
            )
        return tuple(notes)


def _sheet(writer: LeadSheetWriter, parts: tuple[Part, ...], tempo: float) -> LeadSheet:
    turns = Counter[str]()
    sections: list[SheetSection] = []
    for number, part in enumerate(parts):
        sections.append(writer.section(part, number, turn=turns[part.kind]))
        turns[part.kind] += 1
    return LeadSheet(key=writer.key, tempo=tempo, sections=tuple(sections))


def lead_sheet_writer(
    spec: SongSpec, prompt: ParsedPrompt, key: Key, voice: Voice | None
) -> LeadSheetWriter:
    """Return the writer for a song."""
    changes = progressions(
        prompt.style, key, SeededRandom("changes", spec.seed, spec.style)
    )
    if spec.weirdness != USUAL:
        changes = {
            kind: strayed_chords(
                chords, spec.weirdness, SeededRandom("weirdness", spec.seed, kind)
            )
            for kind, chords in changes.items()
        }
    return LeadSheetWriter(
        prompt=prompt,
        key=key,
        changes=changes,
        voice=voice,
        seed=spec.seed,
        take=spec.take,
        variant=spec.variant,
        weirdness=spec.weirdness,
    )
