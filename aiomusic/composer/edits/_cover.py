"""Play a song in another style."""

from typing import Final

import attrs

from aiomusic.composer._brief import Brief
from aiomusic.composer._compose import (
    scored,
)
from aiomusic.composer._dice import Dice
from aiomusic.composer._form import Part, bar_length
from aiomusic.composer._prompt import Wish, read, style_in
from aiomusic.composer._score import (
    Score,
    Sheet,
    Stretch,
    Tone,
)
from aiomusic.composer._voice import Voice, gender_in, singer_words, voice_in
from aiomusic.composer._words import stanzas_of, syllables_of
from aiomusic.composer._writer import writer_of
from aiomusic.composer.edits._common import (
    octaves,
)
from aiomusic.composer.styles import STYLES

_RING_S: Final = 1.7


def cover(score: Score, brief: Brief) -> Score:
    """
    Play the melody and the form of *score* in the style of *brief*.

    The tempo follows the new style; new lyrics are sung to the old melody.
    """
    wish = read(brief.style, Dice("idea", score.brief.seed, brief.style))
    style = style_in(brief.style) or STYLES[score.style]
    wish = attrs.evolve(wish, style=style)
    tempo = wish.tempo or _within(score.tempo, style.tempo)
    voice = _cover_voice(score, brief)
    sheet = attrs.evolve(score.sheet, tempo=tempo)
    if not any(stretch.melody for stretch in sheet.stretches):
        sheet = _sung_over(sheet, brief, wish, voice)
    elif brief.lyrics:
        sheet = _reworded(sheet, brief.lyrics)
    if voice and score.voice:
        sheet = _in_range(sheet, voice)
    duration_s = round(sheet.bars * bar_length(tempo) + _RING_S, 2)
    title = brief.title or score.title
    order = attrs.evolve(brief, title=title, seed=score.brief.seed, take=brief.take)
    return scored(sheet, order, wish, voice, duration_s)


def _cover_voice(score: Score, brief: Brief) -> Voice | None:
    text = singer_words(brief.voice, brief.style)
    if brief.instrumental:
        return None
    if brief.singer:
        return brief.singer
    if gender_in(text) or (brief.lyrics and not score.voice):
        return voice_in(text, default="female")
    return score.voice


def _sung_over(sheet: Sheet, brief: Brief, wish: Wish, voice: Voice | None) -> Sheet:
    """Write a melody over the chords of a sheet that has none."""
    writer = writer_of(brief, wish, sheet.key, voice)
    lines = [line for one in stanzas_of(brief.lyrics or "") for line in one.lines]
    stretches: list[Stretch] = []
    for number, stretch in enumerate(sheet.stretches):
        sung = tuple(lines[: stretch.bars]) if voice else ()
        lines = lines[stretch.bars :]
        part = Part(kind=stretch.kind, bars=stretch.bars, lines=sung)
        stretches.append(writer.stretch(part, number, stretch.chords))
    return attrs.evolve(sheet, stretches=tuple(stretches))


def _within(tempo: float, bounds: tuple[int, int]) -> float:
    """Bring *tempo* into *bounds*, by halves and doubles where that is enough."""
    low, high = bounds
    for factor in (1.0, 2.0, 0.5):
        if low <= tempo * factor <= high:
            return round(tempo * factor, 2)
    return float(low if tempo < low else high)


def _reworded(sheet: Sheet, lyrics: str) -> Sheet:
    """Put new words under the melody, line for line."""
    lines = iter([line for one in stanzas_of(lyrics) for line in one.lines])
    stretches: list[Stretch] = []
    for stretch in sheet.stretches:
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
        stretches.append(attrs.evolve(stretch, melody=melody, verses=tuple(verses)))
    return attrs.evolve(sheet, stretches=tuple(stretches))


def _is_in(start: float, low: float, length: float) -> bool:
    return low - 1e-6 <= start < low + length


def _under(tones: list[Tone], text: str) -> list[Tone]:
    """Give each syllable of *text* a tone: long tones are split, spare ones tied."""
    syllables = syllables_of(text)
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


def _in_range(sheet: Sheet, voice: Voice) -> Sheet:
    pitches = [
        tone.pitch for s in sheet.stretches for tone in s.melody if tone.syllable
    ]
    shift = octaves(pitches, voice)
    return attrs.evolve(
        sheet,
        stretches=tuple(
            attrs.evolve(
                stretch,
                melody=tuple(
                    attrs.evolve(
                        tone, pitch=tone.pitch + (shift if tone.syllable else 0)
                    )
                    for tone in stretch.melody
                ),
            )
            for stretch in sheet.stretches
        ),
    )
