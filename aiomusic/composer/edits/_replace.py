"""Play a section anew and leave the rest as it is, sample by sample."""

import attrs

from aiomusic.composer._arrange import perform
from aiomusic.composer._brief import Brief
from aiomusic.composer._compose import (
    band_of,
    timeline,
)
from aiomusic.composer._dice import Dice
from aiomusic.composer._form import Part, bar_length
from aiomusic.composer._prompt import Wish
from aiomusic.composer._score import (
    Line,
    Score,
    Sheet,
    Span,
)
from aiomusic.composer._voice import Voice
from aiomusic.composer._words import stanzas_of
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


def replace_section(
    score: Score, brief: Brief, *, start_s: float, end_s: float | None = None
) -> Score:
    """
    Play the seconds from *start_s* to *end_s* anew; the rest stays as it is.

    Args:
        score: the song.
        brief: lyrics (none: an instrumental passage) and more instruments.
        start_s: the first second that changes.
        end_s: the first that does not; None is the end of the song.

    Raises:
        ValueError: the end is not after the start, or the start not in the song.
    """
    end_s = score.duration_s if end_s is None else min(end_s, score.duration_s)
    if not 0 <= start_s < end_s:
        raise ValueError(f"nothing to replace from {start_s} s to {end_s} s")
    order = _anew(score, brief, start_s, end_s)
    wish = same_wish(score, brief)
    voice = same_voice(score, brief, wish)
    lead_s = to_next_bar(score, start_s)
    if 2 * lead_s > end_s - start_s:
        # There is no bar left to begin with: then off the beat, but it is an edit.
        lead_s = 0.0
    sheet = _inner_sheet(
        score, order, wish, voice, start_s=start_s, end_s=end_s - lead_s
    )
    # The inner music plays beyond its end, so that the join does not cut it.
    length_s = end_s - start_s
    band = band_of(order, wish, voice)
    played = perform(sheet, band, length_s - lead_s + 3.0)
    played = led_in(played, score, start_s, lead_s, length_s + 3.0)
    inner = Span(
        source=played,
        start_s=0.0,
        end_s=round(length_s, 6),
        fade_in_s=JOIN_S if start_s else 0.0,
        fade_out_s=JOIN_S if end_s < score.duration_s else 0.0,
    )
    spans = (
        *cut(score.spans, 0.0, start_s),
        *after(heard_on(score, start_s, lead_s), inner),
        *cut(score.spans, end_s, score.duration_s),
    )
    _, lines = later(*timeline(sheet, wish, length_s), start_s + lead_s)
    return attrs.evolve(
        score,
        title=brief.title or score.title,
        lines=_replaced_lines(score, lines, start_s, end_s),
        sheet=_replaced_sheet(score, sheet, start_s, end_s),
        spans=spans,
        voice=score.voice or voice,
    )


def _anew(score: Score, brief: Brief, start_s: float, end_s: float) -> Brief:
    words = ("replace", score.brief.seed, brief.seed, start_s, end_s, brief.lyrics)
    return attrs.evolve(
        brief,
        style=score.brief.style,
        seed=Dice(*words).whole(0, 2**31),
        take=1 - score.brief.take,
        duration_s=None,
    )


def _inner_sheet(
    score: Score,
    order: Brief,
    wish: Wish,
    voice: Voice | None,
    *,
    start_s: float,
    end_s: float,
) -> Sheet:
    """Write the bars between two seconds, over the chords that were there."""
    bar_s = bar_length(score.tempo)
    bars = max(1, -(-round(1000 * (end_s - start_s)) // round(1000 * bar_s)))
    place = next(
        (n for n, one in enumerate(score.sections) if one.end_s > start_s + 0.02),
        len(score.sections) - 1,
    )
    kind = score.sections[place].kind
    lines = [line for one in stanzas_of(order.lyrics or "") for line in one.lines]
    per_line = max(1, bars // max(1, len(lines)))
    part = Part(
        kind=kind,
        bars=bars,
        lines=tuple(lines[:bars]) if voice else (),
        line_bars=min(2, per_line),
    )
    writer = writer_of(order, wish, score.key, voice)
    known = next(
        (s.chords for s in score.sheet.stretches if s.kind == kind),
        writer.changes[kind],
    )
    writer = attrs.evolve(writer, changes={**writer.changes, kind: known})
    return writer.sheet((part,), score.tempo)


def _replaced_lines(
    score: Score, fresh: tuple[Line, ...], start_s: float, end_s: float
) -> tuple[Line, ...]:
    kept = [
        line
        for line in score.lines
        if line.end_s <= start_s + 0.5 or line.start_s >= end_s - 0.1
    ]
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
        for line in fresh
        if line.start_s < end_s
    ]
    return tuple(sorted([*kept, *placed], key=lambda line: line.start_s))


def _replaced_sheet(score: Score, fresh: Sheet, start_s: float, end_s: float) -> Sheet:
    """Put the new melody where it is heard; bars that were only touched stay."""
    middle = (start_s + end_s) / 2
    stretches = list(score.sheet.stretches)
    for place, section in enumerate(score.sections[: len(stretches)]):
        if section.start_s <= middle < section.end_s:
            bars = stretches[place].bars
            new = shortened(fresh.stretches[0], bars)
            stretches[place] = attrs.evolve(
                stretches[place], melody=new.melody, verses=new.verses
            )
    return attrs.evolve(score.sheet, stretches=tuple(stretches))
