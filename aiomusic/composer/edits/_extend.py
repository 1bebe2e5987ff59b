"""Extending a song, and joining the extension to the song."""

import attrs

from aiomusic.composer._arrange import perform
from aiomusic.composer._compose import (
    band_for,
    plan_sections,
    timeline,
)
from aiomusic.composer._form import Part
from aiomusic.composer._lead_sheet import lead_sheet_writer
from aiomusic.composer._score import (
    Line,
    Origin,
    Score,
    Section,
    SheetSection,
    Span,
)
from aiomusic.composer._spec import SongSpec
from aiomusic.composer.edits._common import (
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
)


def extend(score: Score, spec: SongSpec, *, at_s: float) -> Score:
    """
    Return a continuation of *score* from *at_s*, in the same key, tempo and style.

    The result is the continuation alone; ``concat()`` joins it to *score*.

    Args:
        score: The song to continue.
        spec: Lyrics, length and title of the continuation.
        at_s: Where it takes over, in seconds; at most the end of the song.
    """
    at_s = min(at_s, score.duration_s)
    prompt = prompt_of(score, spec)
    voice = edit_voice(score, spec, prompt)
    lead_s = seconds_to_next_bar(score, at_s)
    extension = _extension_spec(score, spec, lead_s)
    parts, _, duration_s = plan_sections(extension, prompt, score.tempo, voice)
    parts = _without_intro(parts)
    sheet = lead_sheet_writer(extension, prompt, score.key, voice).sheet(
        parts, score.tempo
    )
    performance = perform(sheet, band_for(extension, prompt, voice), duration_s)
    performance = with_lead_in(performance, score, at_s, lead_s, duration_s + lead_s)
    sections, lines = shift_timeline(*timeline(sheet, prompt, duration_s), lead_s)
    played = Span(source=performance, start_s=0.0, end_s=performance.duration_s)
    return Score(
        title=spec.title or score.title,
        style=prompt.style.name,
        style_word=prompt.style_word,
        tempo=score.tempo,
        key=score.key,
        sections=_starting_at_zero(sections),
        lines=lines,
        sheet=sheet,
        spans=with_lead_spans(recording_spans(score, at_s, lead_s), played),
        voice=voice or score.voice,
        spec=attrs.evolve(extension, style=score.spec.style, seed=score.spec.seed),
        origin=Origin(score=score, at_s=at_s),
    )


def _extension_spec(score: Score, spec: SongSpec, lead_s: float) -> SongSpec:
    """Return *spec* with the seed of *score*, so that its themes return."""
    duration_s = spec.duration_s
    if duration_s and duration_s - lead_s > 1.0:
        duration_s = round(duration_s - lead_s, 6)
    return attrs.evolve(
        spec,
        style=score.spec.style,
        seed=score.spec.seed,
        take=score.spec.take,
        duration_s=duration_s,
    )


def _without_intro(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Turn a generated intro into an interlude: the song has already begun."""
    if parts[0].kind != "intro" or len(parts) == 1:
        return parts
    return (attrs.evolve(parts[0], kind="inst"), *parts[1:])


def _starting_at_zero(sections: tuple[Section, ...]) -> tuple[Section, ...]:
    return (attrs.evolve(sections[0], start_s=0.0), *sections[1:])


def concat(score: Score) -> Score:
    """Join a continuation to its song; any other score is returned unchanged."""
    if score.origin is None:
        return score
    base, at_s = concat(score.origin.score), score.origin.at_s
    if score.origin.score.origin:
        # The song is itself a continuation: its times start later.
        at_s = round(at_s + base.duration_s - score.origin.score.duration_s, 6)
    first, *rest = score.spans
    joined = attrs.evolve(first, fade_in_s=JOIN_S)
    head_sections, head_lines = _timeline_until(base, at_s)
    sections, lines = shift_timeline(score.sections, score.lines, at_s)
    shift = len(head_sections)
    return attrs.evolve(
        score,
        title=base.title,
        sections=head_sections + sections,
        lines=head_lines
        + tuple(attrs.evolve(line, section=line.section + shift) for line in lines),
        sheet=attrs.evolve(
            base.sheet,
            sections=_sections_until(base, at_s) + score.sheet.sections,
        ),
        spans=(*cut_spans(base.spans, 0.0, at_s), joined, *rest),
        spec=base.spec,
        origin=None,
    )


def _timeline_until(
    score: Score, at_s: float
) -> tuple[tuple[Section, ...], tuple[Line, ...]]:
    sections = tuple(
        attrs.evolve(section, end_s=min(section.end_s, at_s))
        for section in score.sections
        if section.start_s < at_s - 0.01
    )
    lines = tuple(
        attrs.evolve(line, end_s=min(line.end_s, at_s))
        for line in score.lines
        if line.start_s < at_s - 0.01
    )
    return sections, lines


def _sections_until(score: Score, at_s: float) -> tuple[SheetSection, ...]:
    """Return the sections of the lead sheet until *at_s*, to the nearest bar."""
    kept: list[SheetSection] = []
    bar_s = score.sheet.bar_s
    for sheet_section, section in zip(
        score.sheet.sections, score.sections, strict=False
    ):
        bars = min(sheet_section.bars, round((at_s - section.start_s) / bar_s))
        if bars > 0:
            kept.append(first_bars(sheet_section, bars))
    return tuple(kept)
