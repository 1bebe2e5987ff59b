"""Play a song in another style."""

from typing import Final

import attrs

from aiomusic.composer._compose import (
    build_score,
)
from aiomusic.composer._form import Part, bar_length
from aiomusic.composer._lead_sheet import lead_sheet_writer
from aiomusic.composer._prompt import ParsedPrompt, parse_style, read
from aiomusic.composer._random import SeededRandom
from aiomusic.composer._score import (
    LeadSheet,
    Score,
    SheetSection,
    Tone,
)
from aiomusic.composer._spec import SongSpec
from aiomusic.composer._text import parse_stanzas, split_syllables
from aiomusic.composer._voice import Voice, parse_gender, parse_voice, voice_description
from aiomusic.composer.edits._common import (
    octaves,
)
from aiomusic.composer.styles import STYLES

_RING_S: Final = 1.7


def cover(score: Score, spec: SongSpec) -> Score:
    """
    Play the melody and the form of *score* in the style of *spec*.

    The tempo follows the new style; new lyrics are sung to the old melody.
    """
    prompt = read(spec.style, SeededRandom("idea", score.spec.seed, spec.style))
    style = parse_style(spec.style) or STYLES[score.style]
    prompt = attrs.evolve(prompt, style=style)
    tempo = prompt.tempo or _within(score.tempo, style.tempo)
    voice = _cover_voice(score, spec)
    sheet = attrs.evolve(score.sheet, tempo=tempo)
    if not any(stretch.melody for stretch in sheet.sections):
        sheet = _sung_over(sheet, spec, prompt, voice)
    elif spec.lyrics:
        sheet = _reworded(sheet, spec.lyrics)
    if voice and score.voice:
        sheet = _in_range(sheet, voice)
    duration_s = round(sheet.bars * bar_length(tempo) + _RING_S, 2)
    title = spec.title or score.title
    order = attrs.evolve(spec, title=title, seed=score.spec.seed, take=spec.take)
    return build_score(sheet, order, prompt, voice, duration_s)


def _cover_voice(score: Score, spec: SongSpec) -> Voice | None:
    text = voice_description(spec.voice, spec.style)
    if spec.instrumental:
        return None
    if spec.singer:
        return spec.singer
    if parse_gender(text) or (spec.lyrics and not score.voice):
        return parse_voice(text, default="female")
    return score.voice


def _sung_over(
    sheet: LeadSheet, spec: SongSpec, prompt: ParsedPrompt, voice: Voice | None
) -> LeadSheet:
    """Write a melody over the chords of a sheet that has none."""
    writer = lead_sheet_writer(spec, prompt, sheet.key, voice)
    lines = [line for one in parse_stanzas(spec.lyrics or "") for line in one.lines]
    sheet_sections: list[SheetSection] = []
    for number, stretch in enumerate(sheet.sections):
        sung = tuple(lines[: stretch.bars]) if voice else ()
        lines = lines[stretch.bars :]
        part = Part(kind=stretch.kind, bars=stretch.bars, lines=sung)
        sheet_sections.append(writer.stretch(part, number, stretch.chords))
    return attrs.evolve(sheet, sections=tuple(sheet_sections))


def _within(tempo: float, bounds: tuple[int, int]) -> float:
    """Bring *tempo* into *bounds*, by halves and doubles where that is enough."""
    low, high = bounds
    for factor in (1.0, 2.0, 0.5):
        if low <= tempo * factor <= high:
            return round(tempo * factor, 2)
    return float(low if tempo < low else high)


def _reworded(sheet: LeadSheet, lyrics: str) -> LeadSheet:
    """Put new words under the melody, line for line."""
    lines = iter([line for one in parse_stanzas(lyrics) for line in one.lines])
    sheet_sections: list[SheetSection] = []
    for stretch in sheet.sections:
        tones: list[Tone] = []
        verses = []
        for verse in stretch.verses:
            sung = [
                t for t in stretch.melody if _is_in(t.start, verse.start, verse.length)
            ]
            text = next(lines, verse.text)
            tones += _under(sung, text)
            verses.append(attrs.evolve(verse, text=text))
        melody = tuple(tones) if verses else stretch.melody
        sheet_sections.append(
            attrs.evolve(stretch, melody=melody, verses=tuple(verses))
        )
    return attrs.evolve(sheet, sections=tuple(sheet_sections))


def _is_in(start: float, low: float, length: float) -> bool:
    return low - 1e-6 <= start < low + length


def _under(tones: list[Tone], text: str) -> list[Tone]:
    """Give each syllable of *text* a tone: long tones are split, spare ones tied."""
    syllables = split_syllables(text)
    tones = list(tones)
    while len(tones) < len(syllables):
        longest = max(range(len(tones)), key=lambda n: (tones[n].length, -n))
        tone = tones[longest]
        half = tone.length / 2
        tones[longest : longest + 1] = [
            attrs.evolve(tone, length=half),
            attrs.evolve(tone, start=tone.start + half, length=half),
        ]
    while len(tones) > len(syllables) > 0:
        place = min(range(1, len(tones)), key=lambda n: (tones[n - 1].length, n))
        end = tones[place].start + tones[place].length
        kept = attrs.evolve(tones[place - 1], length=end - tones[place - 1].start)
        tones[place - 1 : place + 1] = [kept]
    return [
        attrs.evolve(tone, syllable=syllable.text)
        for tone, syllable in zip(tones, syllables, strict=False)
    ]


def _in_range(sheet: LeadSheet, voice: Voice) -> LeadSheet:
    pitches = [tone.pitch for s in sheet.sections for tone in s.melody if tone.syllable]
    shift = octaves(pitches, voice)
    return attrs.evolve(
        sheet,
        sections=tuple(
            attrs.evolve(
                stretch,
                melody=tuple(
                    attrs.evolve(
                        tone, pitch=tone.pitch + (shift if tone.syllable else 0)
                    )
                    for tone in stretch.melody
                ),
            )
            for stretch in sheet.sections
        ),
    )
