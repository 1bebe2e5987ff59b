"""Go on from a second, and join what was continued."""

import attrs

from aiomusic.composer._arrange import perform
from aiomusic.composer._brief import Brief
from aiomusic.composer._compose import (
    band_of,
    laid_out,
    timeline,
)
from aiomusic.composer._form import Part, bar_length
from aiomusic.composer._score import (
    Line,
    Origin,
    Score,
    Section,
    Span,
    Stretch,
)
from aiomusic.composer._writer import writer_of
from aiomusic.composer.edits._common import (
    JOIN_S,
    after,
    cut,
    heard_on,
    later,
    led_in,
    same_voice,
    same_wish,
    shortened,
    to_next_bar,
)


def extend(score: Score, brief: Brief, *, at_s: float) -> Score:
    """
    Continue *score* from the second *at_s*: same key, tempo, style and voice.

    The continuation alone comes back; ``concat`` joins it to what it continues.

    Args:
        score: the song to continue.
        brief: lyrics, length and title of the continuation.
        at_s: where it takes over; a second beyond the end is the end.
    """
    at_s = min(at_s, score.duration_s)
    wish = same_wish(score, brief)
    voice = same_voice(score, brief, wish)
    lead_s = to_next_bar(score, at_s)
    order = _continued(score, brief, lead_s)
    parts, _, duration_s = laid_out(order, wish, score.tempo, voice)
    parts = _without_intro(parts)
    sheet = writer_of(order, wish, score.key, voice).sheet(parts, score.tempo)
    performance = perform(sheet, band_of(order, wish, voice), duration_s)
    performance = led_in(performance, score, at_s, lead_s, duration_s + lead_s)
    sections, lines = later(*timeline(sheet, wish, duration_s), lead_s)
    played = Span(source=performance, start_s=0.0, end_s=performance.duration_s)
    return Score(
        title=brief.title or score.title,
        style=wish.style.name,
        tempo=score.tempo,
        key=score.key,
        sections=_from_zero(sections),
        lines=lines,
        sheet=sheet,
        spans=after(heard_on(score, at_s, lead_s), played),
        voice=voice or score.voice,
        brief=attrs.evolve(order, style=score.brief.style, seed=score.brief.seed),
        origin=Origin(score=score, at_s=at_s),
    )


def _continued(score: Score, brief: Brief, lead_s: float) -> Brief:
    """Return *brief* with the ideas of *score*, so that its themes come back."""
    duration_s = brief.duration_s
    if duration_s and duration_s - lead_s > 1.0:
        duration_s = round(duration_s - lead_s, 6)
    return attrs.evolve(
        brief,
        style=score.brief.style,
        seed=score.brief.seed,
        take=score.brief.take,
        duration_s=duration_s,
    )


def _without_intro(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Turn an intro that nobody asked for into an interlude: the song has begun."""
    if parts[0].kind != "intro" or len(parts) == 1:
        return parts
    return (attrs.evolve(parts[0], kind="inst"), *parts[1:])


def _from_zero(sections: tuple[Section, ...]) -> tuple[Section, ...]:
    return (attrs.evolve(sections[0], start_s=0.0), *sections[1:])


def concat(score: Score) -> Score:
    """Join a continuation to what it continues; any other score stays as it is."""
    if score.origin is None:
        return score
    base, at_s = concat(score.origin.score), score.origin.at_s
    if score.origin.score.origin:
        # The continued song is itself a continuation: its seconds begin later.
        at_s = round(at_s + base.duration_s - score.origin.score.duration_s, 6)
    first, *rest = score.spans
    joined = attrs.evolve(first, fade_in_s=JOIN_S)
    head_sections, head_lines = _head(base, at_s)
    sections, lines = later(score.sections, score.lines, at_s)
    shift = len(head_sections)
    return attrs.evolve(
        score,
        title=base.title,
        sections=head_sections + sections,
        lines=head_lines
        + tuple(attrs.evolve(line, section=line.section + shift) for line in lines),
        sheet=attrs.evolve(
            base.sheet,
            stretches=_bars(base, at_s) + score.sheet.stretches,
        ),
        spans=(*cut(base.spans, 0.0, at_s), joined, *rest),
        brief=base.brief,
        origin=None,
    )


def _head(score: Score, at_s: float) -> tuple[tuple[Section, ...], tuple[Line, ...]]:
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


def _bars(score: Score, at_s: float) -> tuple[Stretch, ...]:
    """Return the stretches of *score* up to *at_s*, to the nearest bar."""
    kept: list[Stretch] = []
    bar_s = bar_length(score.tempo)
    for stretch, section in zip(score.sheet.stretches, score.sections, strict=False):
        bars = min(stretch.bars, round((at_s - section.start_s) / bar_s))
        if bars > 0:
            kept.append(shortened(stretch, bars))
    return tuple(kept)
