"""Covering a song in another style."""

from typing import Final

import attrs

from aiomusic.composer._compose import (
    build_score,
)
from aiomusic.composer._form import Part
from aiomusic.composer._lead_sheet import lead_sheet_writer
from aiomusic.composer._players import restrict
from aiomusic.composer._prompt import ParsedPrompt, parse_prompt
from aiomusic.composer._random import SeededRandom
from aiomusic.composer._score import (
    LeadSheet,
    MelodyNote,
    Score,
    SheetSection,
)
from aiomusic.composer._spec import SongSpec
from aiomusic.composer._text import parse_stanzas, split_syllables
from aiomusic.composer._voice import Voice, parse_gender, parse_voice, voice_description
from aiomusic.composer.edits._common import (
    in_style_of,
    octave_shift,
)
from aiomusic.composer.styles import in_meter

_RING_OUT_S: Final = 1.7


def cover(score: Score, spec: SongSpec) -> Score:
    """
    Arrange the melody and the form of *score* in the style of *spec*.

    The tempo is adapted to the new style; new lyrics are sung to the old melody.
    """
    prompt = parse_prompt(spec.style, SeededRandom("idea", score.spec.seed, spec.style))
    if prompt.style_word is None:
        prompt = in_style_of(score, prompt)
        style = restrict(prompt.style, spec.style.lower())
        prompt = attrs.evolve(prompt, style=style)
    fitted = in_meter(prompt.style, score.sheet.meter)
    prompt = attrs.evolve(prompt, style=fitted)
    tempo = prompt.tempo or _fit_tempo(score.tempo, prompt.style.tempo)
    voice = _cover_voice(score, spec)
    sheet = attrs.evolve(score.sheet, tempo=tempo)
    if not any(section.melody for section in sheet.sections):
        sheet = _with_new_melody(sheet, spec, prompt, voice)
    elif spec.lyrics:
        sheet = _with_new_lyrics(sheet, spec.lyrics)
    if voice and score.voice:
        sheet = _fit_to_voice(sheet, voice)
    duration_s = round(sheet.bars * sheet.bar_s + _RING_OUT_S, 2)
    title = spec.title or score.title
    cover_spec = attrs.evolve(spec, title=title, seed=score.spec.seed, take=spec.take)
    return build_score(sheet, cover_spec, prompt, voice, duration_s)


def _cover_voice(score: Score, spec: SongSpec) -> Voice | None:
    text = voice_description(spec.voice, spec.style)
    if spec.instrumental:
        return None
    if spec.singer:
        return spec.singer
    if parse_gender(text) or (spec.lyrics and not score.voice):
        return parse_voice(text, default="female")
    return score.voice


def _with_new_melody(
    sheet: LeadSheet, spec: SongSpec, prompt: ParsedPrompt, voice: Voice | None
) -> LeadSheet:
    """Write a melody over the chords of a lead sheet that has none."""
    writer = lead_sheet_writer(spec, prompt, sheet.key, voice)
    lines = [line for one in parse_stanzas(spec.lyrics or "") for line in one.lines]
    sections: list[SheetSection] = []
    for number, section in enumerate(sheet.sections):
        sung = tuple(lines[: section.bars]) if voice else ()
        lines = lines[section.bars :]
        part = Part(kind=section.kind, bars=section.bars, lines=sung)
        sections.append(writer.section(part, number, section.chords))
    return attrs.evolve(sheet, sections=tuple(sections))


def _fit_tempo(tempo: float, bounds: tuple[int, int]) -> float:
    """Bring *tempo* into *bounds*, by doubling or halving it if possible."""
    low, high = bounds
    for factor in (1.0, 2.0, 0.5):
        if low <= tempo * factor <= high:
            return round(tempo * factor, 2)
    return float(low if tempo < low else high)


def _with_new_lyrics(sheet: LeadSheet, lyrics: str) -> LeadSheet:
    """Set new words to the melody, line by line."""
    lines = iter([line for one in parse_stanzas(lyrics) for line in one.lines])
    sections: list[SheetSection] = []
    for section in sheet.sections:
        notes: list[MelodyNote] = []
        sheet_lines = []
        for sheet_line in section.lines:
            sung = [
                t
                for t in section.melody
                if _is_in(t.start, sheet_line.start, sheet_line.length)
            ]
            text = next(lines, sheet_line.text)
            notes += _fit_syllables(sung, text)
            sheet_lines.append(attrs.evolve(sheet_line, text=text))
        melody = tuple(notes) if sheet_lines else section.melody
        sections.append(attrs.evolve(section, melody=melody, lines=tuple(sheet_lines)))
    return attrs.evolve(sheet, sections=tuple(sections))


def _is_in(start: float, low: float, length: float) -> bool:
    return low - 1e-6 <= start < low + length


def _fit_syllables(notes: list[MelodyNote], text: str) -> list[MelodyNote]:
    """Match *notes* to the syllables of *text*: split long notes, tie spare ones."""
    syllables = split_syllables(text)
    notes = list(notes)
    while len(notes) < len(syllables):
        longest = max(range(len(notes)), key=lambda n: (notes[n].length, -n))
        note = notes[longest]
        half = note.length / 2
        notes[longest : longest + 1] = [
            attrs.evolve(note, length=half),
            attrs.evolve(note, start=note.start + half, length=half),
        ]
    while len(notes) > len(syllables) > 0:
        position = min(range(1, len(notes)), key=lambda n: (notes[n - 1].length, n))
        end = notes[position].start + notes[position].length
        kept = attrs.evolve(notes[position - 1], length=end - notes[position - 1].start)
        notes[position - 1 : position + 1] = [kept]
    return [
        attrs.evolve(note, syllable=syllable.text)
        for note, syllable in zip(notes, syllables, strict=False)
    ]


def _fit_to_voice(sheet: LeadSheet, voice: Voice) -> LeadSheet:
    pitches = [note.pitch for s in sheet.sections for note in s.melody if note.syllable]
    shift = octave_shift(pitches, voice)
    return attrs.evolve(
        sheet,
        sections=tuple(
            attrs.evolve(
                section,
                melody=tuple(
                    attrs.evolve(
                        note, pitch=note.pitch + (shift if note.syllable else 0)
                    )
                    for note in section.melody
                ),
            )
            for section in sheet.sections
        ),
    )
