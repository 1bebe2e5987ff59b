"""Replacing a section; the rest of the song keeps the same samples."""

from typing import Final

import attrs

from aiomusic.composer._arrange import Band, level_of, perform
from aiomusic.composer._compose import (
    band_for,
    timeline,
)
from aiomusic.composer._form import Part
from aiomusic.composer._lead_sheet import lead_sheet_writer
from aiomusic.composer._prompt import ParsedPrompt
from aiomusic.composer._random import SeededRandom
from aiomusic.composer._score import (
    LeadSheet,
    Line,
    Score,
    Span,
)
from aiomusic.composer._spec import SongSpec
from aiomusic.composer._text import parse_stanzas
from aiomusic.composer._voice import Voice
from aiomusic.composer.edits._common import (
    EARLY_S,
    JOIN_S,
    cut_spans,
    edit_voice,
    first_bars,
    prompt_of,
    recording_spans,
    seconds_to_next_bar,
    shift_timeline,
    with_lead_in,
    with_lead_spans,
    words_of,
)
from aiomusic.composer.edits._words import cut_lines, heard_lines

_OVERLAP_S: Final = 3.0
# Louder than the whole song is its chorus, and by how much its softer parts fall
# below that for each dB of their level, as they have fewer players, too.
_CHORUS_DB: Final = 1.3
_FALL: Final = 1.5


def replace_section(
    score: Score, spec: SongSpec, *, start_s: float, end_s: float | None = None
) -> Score:
    """
    Replace the music from *start_s* to *end_s*; the rest is unchanged.

    Args:
        score: The song.
        spec: Lyrics (None: an instrumental passage) and additional instruments.
        start_s: Start of the replacement, in seconds.
        end_s: Its end; None: the end of the song.

    Raises:
        ValueError: *start_s* is outside the song, or *end_s* not after it.
    """
    end_s = score.duration_s if end_s is None else min(end_s, score.duration_s)
    if not 0 <= start_s < end_s:
        raise ValueError(f"nothing to replace from {start_s} s to {end_s} s")
    prompt = prompt_of(score, spec)
    voice = edit_voice(score, spec, prompt)
    lead_s = seconds_to_next_bar(score, start_s)
    if 2 * lead_s > end_s - start_s:
        # No whole bar is left: start off the beat.
        lead_s = 0.0
    inner_spec = attrs.evolve(
        _replacement_spec(score, spec, start_s, end_s),
        style=words_of(score, spec, prompt),
    )
    sheet = _inner_sheet(
        score, inner_spec, prompt, voice, start_s=start_s, end_s=end_s - lead_s
    )
    band = band_for(inner_spec, prompt, voice)
    inner = _inner_span(score, sheet, band, lead_s, start_s=start_s, end_s=end_s)
    timing = timeline(sheet, prompt, end_s - start_s)
    _, lines = shift_timeline(*timing, start_s + lead_s)
    replaced = attrs.evolve(
        score,
        title=spec.title or score.title,
        lines=_replaced_lines(score, lines, start_s + lead_s, end_s),
        sheet=_replaced_sheet(score, sheet, start_s, end_s),
        spans=(
            *cut_spans(score.spans, 0.0, start_s),
            *with_lead_spans(recording_spans(score, start_s, lead_s), inner),
            *cut_spans(score.spans, end_s, score.duration_s),
        ),
        voice=score.voice or voice,
    )
    return heard_lines(replaced)


def _inner_span(
    score: Score,
    sheet: LeadSheet,
    band: Band,
    lead_s: float,
    *,
    start_s: float,
    end_s: float,
) -> Span:
    """Return the replacement; it is played longer than it is heard, to fade out."""
    length_s = end_s - start_s
    played = perform(sheet, band, length_s - lead_s + _OVERLAP_S)
    played = with_lead_in(played, score, start_s, lead_s, length_s + _OVERLAP_S)
    level = level_of(
        sheet.sections[0].energy,
        max(s.energy for s in score.sheet.sections),
        band.style.softest_db,
    )
    loudness_db = _CHORUS_DB + _FALL * level
    played = attrs.evolve(played, levels=(), loudness_db=round(loudness_db, 2))
    return Span(
        source=played,
        start_s=0.0,
        end_s=round(length_s, 6),
        fade_in_s=JOIN_S if start_s else 0.0,
        fade_out_s=JOIN_S if end_s < score.duration_s else 0.0,
    )


def _replacement_spec(
    score: Score, spec: SongSpec, start_s: float, end_s: float
) -> SongSpec:
    words = ("replace", score.spec.seed, spec.seed, start_s, end_s, spec.lyrics)
    return attrs.evolve(
        spec,
        seed=SeededRandom(*words).randint(0, 2**31),
        take=1 - score.spec.take,
        duration_s=None,
    )


def _inner_sheet(
    score: Score,
    inner_spec: SongSpec,
    prompt: ParsedPrompt,
    voice: Voice | None,
    *,
    start_s: float,
    end_s: float,
) -> LeadSheet:
    """Write the bars from *start_s* to *end_s*, over the existing chords."""
    bar_s = score.sheet.bar_s
    bars = max(1, -(-round(1000 * (end_s - start_s)) // round(1000 * bar_s)))
    position = next(
        (n for n, one in enumerate(score.sections) if one.end_s > start_s + 0.02),
        len(score.sections) - 1,
    )
    kind = score.sections[position].kind
    lines = [
        line for one in parse_stanzas(inner_spec.lyrics or "") for line in one.lines
    ]
    per_line = max(1, bars // max(1, len(lines)))
    part = Part(
        kind=kind,
        bars=bars,
        lines=tuple(lines[:bars]) if voice else (),
        line_bars=min(2, per_line),
    )
    writer = lead_sheet_writer(inner_spec, prompt, score.key, voice)
    known = next(
        (s.chords for s in score.sheet.sections if s.kind == kind),
        writer.changes[kind],
    )
    writer = attrs.evolve(writer, changes={**writer.changes, kind: known})
    return writer.sheet((part,), score.tempo)


def _replaced_lines(
    score: Score, new: tuple[Line, ...], bar_s: float, end_s: float
) -> tuple[Line, ...]:
    """Return the words before the bar line *bar_s*, the *new* ones, those after."""
    kept = (
        *cut_lines(score, 0.0, bar_s - EARLY_S),
        *cut_lines(score, end_s, score.duration_s),
    )
    placed = [
        attrs.evolve(
            line,
            end_s=min(line.end_s, end_s),
            section=max(
                n
                for n, s in enumerate(score.sections)
                if s.start_s <= line.start_s + 0.02
            ),
        )
        for line in new
    ]
    return tuple(sorted([*kept, *placed], key=lambda line: line.start_s))


def _replaced_sheet(
    score: Score, new: LeadSheet, start_s: float, end_s: float
) -> LeadSheet:
    """Replace the melody of the section in the middle of the replacement."""
    middle = (start_s + end_s) / 2
    sheet_sections = list(score.sheet.sections)
    for position, section in enumerate(score.sections[: len(sheet_sections)]):
        if section.start_s <= middle < section.end_s:
            bars = sheet_sections[position].bars
            inner = first_bars(new.sections[0], bars)
            sheet_sections[position] = attrs.evolve(
                sheet_sections[position], melody=inner.melody, lines=inner.lines
            )
    return attrs.evolve(score.sheet, sections=tuple(sheet_sections))
