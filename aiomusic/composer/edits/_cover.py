"""Covering a song in another style."""

from typing import Final

import attrs

from aiomusic.composer._compose import (
    build_score,
)
from aiomusic.composer._form import Part
from aiomusic.composer._harmony import fill_bars
from aiomusic.composer._lead_sheet import lead_sheet_writer
from aiomusic.composer._players import restrict
from aiomusic.composer._prompt import ParsedPrompt, parse_prompt
from aiomusic.composer._random import SeededRandom
from aiomusic.composer._score import (
    STEPS_PER_BEAT,
    LeadSheet,
    MelodyNote,
    Score,
    SheetSection,
)
from aiomusic.composer._spec import SongSpec
from aiomusic.composer._strays import USUAL, strayed_chords
from aiomusic.composer._theory import Chord, nearest
from aiomusic.composer._voice import Voice, parse_gender, parse_voice, voice_description
from aiomusic.composer.edits._common import (
    in_style_of,
    octave_shift,
)
from aiomusic.composer.edits._words import with_new_melody, with_new_words
from aiomusic.composer.styles import in_meter

_RING_OUT_S: Final = 1.7


def cover(score: Score, spec: SongSpec, *, faithfulness: float = 0.5) -> Score:
    """
    Arrange the melody and the form of *score* in the style of *spec*.

    The tempo is adapted to the new style; new lyrics are sung to the old melody.

    Args:
        faithfulness: 0 to 1: how close to stay to *score*: at 1 it keeps its tempo,
            at 0 it gets other chords, and a melody over those.
    """
    prompt = parse_prompt(
        spec.style, SeededRandom("idea", score.spec.seed, spec.style), spec.avoid
    )
    if prompt.style_word is None:
        prompt = in_style_of(score, prompt)
        style = restrict(prompt.style, spec.style.lower())
        prompt = attrs.evolve(prompt, style=style)
    fitted = in_meter(prompt.style, score.sheet.meter)
    prompt = attrs.evolve(prompt, style=fitted)
    fit = _fit_tempo(score.tempo, prompt.style.tempo)
    kept = max(0.0, 2 * faithfulness - 1)
    tempo = prompt.tempo or round(fit + (score.tempo - fit) * kept, 2)
    voice = _cover_voice(score, spec)
    sheet = attrs.evolve(score.sheet, tempo=tempo)
    sheet = _with_words(
        _reharmonized(sheet, spec, prompt, faithfulness), spec, prompt, voice
    )
    if voice and score.voice:
        sheet = _fit_to_voice(sheet, voice)
    duration_s = round(sheet.bars * sheet.bar_s + _RING_OUT_S, 2)
    title = spec.title or score.title
    cover_spec = attrs.evolve(spec, title=title, seed=score.spec.seed)
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


def _reharmonized(
    sheet: LeadSheet, spec: SongSpec, prompt: ParsedPrompt, faithfulness: float
) -> LeadSheet:
    """Return *sheet* with other chords; the less faithful, the more of them."""
    share = max(0.0, 1 - 2 * faithfulness)
    is_weird = spec.weirdness != USUAL
    writer = lead_sheet_writer(spec, prompt, sheet.key, None)
    rng = SeededRandom("faithfulness", spec.seed)
    sections: list[SheetSection] = []
    for section in sheet.sections:
        own = section.chords
        if rng.chance(share):
            own = fill_bars(writer.changes[section.kind], section.bars)
        elif is_weird:
            dice = SeededRandom("weirdness", spec.seed, section.kind)
            own = strayed_chords(own, spec.weirdness, dice)
        sections.append(_over(section, own))
    return attrs.evolve(sheet, sections=tuple(sections))


def _over(section: SheetSection, chords: tuple[Chord, ...]) -> SheetSection:
    """Return *section* over other *chords*, the melody moved to fit them."""
    moved = attrs.evolve(section, chords=chords)
    if chords == section.chords:
        return moved
    melody = tuple(
        attrs.evolve(note, pitch=_nearest_tone(note, moved)) for note in section.melody
    )
    return attrs.evolve(moved, melody=melody)


def _nearest_tone(note: MelodyNote, section: SheetSection) -> int:
    """Return the pitch of a long *note* that is in its chord; others stay."""
    if note.length < 1:
        return note.pitch
    tones = section.chord_at(int(note.start * STEPS_PER_BEAT)).tones
    return min(
        (nearest(tone, note.pitch) for tone in tones), key=lambda p: abs(p - note.pitch)
    )


def _with_words(
    sheet: LeadSheet, spec: SongSpec, prompt: ParsedPrompt, voice: Voice | None
) -> LeadSheet:
    """Set the words of *spec* to the melody; write one where there is none."""
    lyrics = spec.lyrics if voice and spec.lyrics else ""
    if lyrics and any(section.lines for section in sheet.sections):
        return with_new_words(sheet, lyrics)
    writer = lead_sheet_writer(spec, prompt, sheet.key, voice)
    if lyrics:
        return with_new_melody(sheet, lyrics, writer)
    if any(section.melody for section in sheet.sections):
        return sheet
    parts = (Part(kind=section.kind, bars=section.bars) for section in sheet.sections)
    written = (
        writer.section(part, number, section.chords)
        for number, (part, section) in enumerate(
            zip(parts, sheet.sections, strict=True)
        )
    )
    return attrs.evolve(sheet, sections=tuple(written))


def _fit_tempo(tempo: float, bounds: tuple[int, int]) -> float:
    """Bring *tempo* into *bounds*, by doubling or halving it if possible."""
    low, high = bounds
    for factor in (1.0, 2.0, 0.5):
        if low <= tempo * factor <= high:
            return round(tempo * factor, 2)
    return float(low if tempo < low else high)


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
