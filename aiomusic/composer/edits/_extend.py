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
    EARLY_S,
    JOIN_S,
    cut_spans,
    edit_voice,
    end_of_bars,
    first_bars,
    prompt_of,
    recording_spans,
    seconds_to_next_bar,
    shift_timeline,
    with_lead_in,
    with_lead_spans,
    words_of,
)
from aiomusic.composer.edits._words import cut_lines


def extend(score: Score, spec: SongSpec, *, at_s: float) -> Score:
    """
    Return a continuation of *score* from *at_s*, in the same key, tempo and style.

    The result is the continuation alone; ``concat()`` joins it to *score*.

    Args:
        score: The song to continue.
        spec: Lyrics, length and title of the continuation.
        at_s: Where it takes over, in seconds; at most the last bar line, so that the
            song does not ring out before it goes on.
    """
    at_s = min(at_s, end_of_bars(score) or score.duration_s)
    prompt = prompt_of(score, spec)
    voice = edit_voice(score, spec, prompt)
    lead_s = seconds_to_next_bar(score, at_s)
    words = words_of(score, spec, prompt)
    extension = attrs.evolve(_extension_spec(score, spec, lead_s), style=words)
    parts, _, duration_s = plan_sections(extension, prompt, score.tempo, voice)
    parts = _without_intro(parts)
    sheet = lead_sheet_writer(extension, prompt, score.key, voice).sheet(
        parts, score.tempo
    )
    performance = perform(sheet, band_for(extension, prompt, voice), duration_s)
    performance = with_lead_in(performance, score, at_s, lead_s, duration_s + lead_s)
    sections, lines = shift_timeline(*timeline(sheet, prompt, duration_s), lead_s)
    _, before = shift_timeline(
        (), cut_lines(score, at_s, at_s + lead_s - EARLY_S), -at_s
    )
    played = Span(source=performance, start_s=0.0, end_s=performance.duration_s)
    return Score(
        title=spec.title or score.title,
        style=prompt.style.name,
        style_word=prompt.style_word,
        tempo=score.tempo,
        key=score.key,
        sections=_starting_at_zero(sections),
        lines=(*(attrs.evolve(line, section=0) for line in before), *lines),
        sheet=sheet,
        spans=with_lead_spans(recording_spans(score, at_s, lead_s), played),
        voice=voice or score.voice,
        spec=extension,
        downbeat_s=lead_s,
        origin=Origin(score=score, at_s=at_s),
    )


def _extension_spec(score: Score, spec: SongSpec, lead_s: float) -> SongSpec:
    """Return *spec* with the seed of *score*, so that its themes return."""
    duration_s = spec.duration_s
    if duration_s and duration_s - lead_s > 1.0:
        duration_s = round(duration_s - lead_s, 6)
    return attrs.evolve(
        spec,
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
    bar_s = round(at_s + score.downbeat_s, 6)
    head_sections = _sections_to_bar(base, at_s, bar_s)
    head_lines = cut_lines(base, 0.0, at_s)
    sections, lines = shift_timeline(score.sections, score.lines, at_s)
    shift = len(head_sections)
    if shift:
        sections = (attrs.evolve(sections[0], start_s=bar_s), *sections[1:])
    later = tuple(
        attrs.evolve(
            line, section=max(0, line.section + shift - (line.start_s < bar_s))
        )
        for line in lines
    )
    return attrs.evolve(
        score,
        title=base.title,
        sections=head_sections + sections,
        lines=_joined_lines(base, head_lines, later),
        sheet=attrs.evolve(
            base.sheet,
            sections=_sections_until(base, bar_s) + score.sheet.sections,
        ),
        spans=(*cut_spans(base.spans, 0.0, at_s), joined, *rest),
        style=base.style,
        style_word=base.style_word,
        spec=base.spec,
        downbeat_s=base.downbeat_s,
        origin=None,
    )


def _sections_to_bar(score: Score, at_s: float, bar_s: float) -> tuple[Section, ...]:
    """Return the sections until *at_s*; the last goes on to the bar line *bar_s*."""
    sections = tuple(one for one in score.sections if one.start_s < at_s - 0.01)
    return (
        *sections[:-1],
        *(attrs.evolve(last, end_s=bar_s) for last in sections[-1:]),
    )


def _joined_lines(
    score: Score, head: tuple[Line, ...], tail: tuple[Line, ...]
) -> tuple[Line, ...]:
    """Join *head* and *tail*; a line of *score* that was cut in two is one again."""
    if not (head and tail):
        return head + tail
    first, second = head[-1], tail[0]
    pieces = _letters(first.text + second.text)
    whole = [line for line in score.lines if _letters(line.text) == pieces]
    if not whole:
        return head + tail
    joined = attrs.evolve(first, text=whole[0].text, end_s=second.end_s)
    return (*head[:-1], joined, *tail[1:])


def _letters(text: str) -> str:
    return "".join(text.split())


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
