"""Helpers of several edits: bar lines, lead-ins, cutting of spans."""

import itertools
from typing import Final

import attrs

from aiomusic.composer._compose import band_for
from aiomusic.composer._lead_sheet import lead_sheet_writer
from aiomusic.composer._players import restrict
from aiomusic.composer._prompt import ParsedPrompt, parse_prompt
from aiomusic.composer._random import SeededRandom
from aiomusic.composer._score import (
    Line,
    Performance,
    Recording,
    Score,
    Section,
    SheetSection,
    Span,
    Track,
)
from aiomusic.composer._spec import SongSpec
from aiomusic.composer._voice import Voice, parse_gender, parse_voice, voice_description
from aiomusic.composer.edits._words import add_singing, sing_new_words
from aiomusic.composer.styles import STYLES, in_meter

JOIN_S: Final = 0.03
EARLY_S: Final = 0.02
"""How early a note of the next bar may be, as people play."""
_CONTEXT_S: Final = 6.0


def prompt_of(score: Score, spec: SongSpec) -> ParsedPrompt:
    """Return the parsed prompt of *score*, with what the words of *spec* change."""
    prompt = parse_prompt(
        score.spec.style, SeededRandom("idea", score.spec.seed, score.spec.style)
    )
    more = parse_prompt(spec.style, SeededRandom("idea", 0), spec.avoid)
    if more.style_word and more.style.name != score.style:
        style = in_meter(more.style, score.sheet.meter)
        prompt = attrs.evolve(prompt, style=style, style_word=more.style_word)
    else:
        prompt = in_style_of(score, prompt)
        style = restrict(prompt.style, spec.style.lower())
        prompt = attrs.evolve(prompt, style=style)
    return attrs.evolve(
        prompt,
        tempo=score.tempo,
        tempo_bias=more.tempo_bias or prompt.tempo_bias,
        instruments=more.instruments or prompt.instruments,
    )


def words_of(score: Score, spec: SongSpec, prompt: ParsedPrompt) -> str:
    """Return the style in words of an edit of *score* by *spec*."""
    return score.spec.style if prompt.style.name == score.style else spec.style


def in_style_of(score: Score, prompt: ParsedPrompt) -> ParsedPrompt:
    """Return *prompt* in the style and with the players of *score*."""
    words = score.spec.style
    own = parse_prompt(words, SeededRandom("idea", score.spec.seed, words)).style
    style = own if own.name == score.style else STYLES[score.style]
    style = in_meter(style, score.sheet.meter)
    return attrs.evolve(prompt, style=style, style_word=score.style_word)


def edit_voice(score: Score, spec: SongSpec, prompt: ParsedPrompt) -> Voice | None:
    """Return the voice of an edit of *score*; None if nobody sings."""
    if spec.instrumental or not spec.lyrics:
        return None
    text = voice_description(spec.voice, spec.style)
    gender = parse_gender(text)
    if spec.singer:
        return spec.singer
    if score.voice and gender in (None, score.voice.gender):
        return score.voice
    default = SeededRandom("voice", score.spec.seed, prompt.style.name).choice(
        ("female", "male")
    )
    return parse_voice(text, default=gender or default)


def with_lyrics(score: Score, lyrics: str | None, voice: Voice | None = None) -> Score:
    """
    Return *score* with other words; an instrumental song gets a voice that sings them.

    Args:
        lyrics: None or empty: the words stay.
        voice: Who sings if nobody did; None: as the song's style suggests.
    """
    if not lyrics or lyrics == score.lyrics:
        return score
    if score.lines:
        return sing_new_words(score, lyrics)
    spec = attrs.evolve(score.spec, lyrics=lyrics, instrumental=False)
    prompt = prompt_of(score, attrs.evolve(spec, style=""))
    singer = voice or edit_voice(score, spec, prompt)
    writer = lead_sheet_writer(spec, prompt, score.key, singer)
    band = band_for(spec, prompt, singer)
    return add_singing(attrs.evolve(score, spec=spec), lyrics, writer, band)


def end_of_bars(score: Score) -> float:
    """Return the time of the last bar line; after it the last chord rings out."""
    number = len(score.sections) - 1
    start_s = score.sections[number].start_s if number else score.downbeat_s
    bars = score.sheet.sections[-1].bars
    end_s = start_s + bars * score.sheet.bar_s
    while end_s > score.duration_s + 0.001 and bars > 0:
        end_s, bars = end_s - score.sheet.bar_s, bars - 1
    return round(end_s, 6)


def seconds_to_next_bar(score: Score, at_s: float) -> float:
    """Return the time in seconds from *at_s* to the next bar line of *score*."""
    bar_s = score.sheet.bar_s
    starts = [section.start_s for section in score.sections[1:]]
    bar_lines = [start for start in starts if start <= at_s + 0.02]
    rest = -(at_s - (bar_lines or [score.downbeat_s])[-1]) % bar_s
    return 0.0 if rest < 0.02 or bar_s - rest < 0.02 else round(rest, 6)


def recording_spans(score: Score, at_s: float, lead_s: float) -> tuple[Span, ...]:
    """Return the recordings that play from *at_s*; they have no notes to continue."""
    spans = cut_spans(score.spans, at_s, at_s + lead_s)
    return tuple(
        itertools.takewhile(lambda span: isinstance(span.source, Recording), spans)
    )


def with_lead_spans(lead: tuple[Span, ...], played: Span) -> tuple[Span, ...]:
    """Replace the beginning of *played* by *lead*."""
    if not lead:
        return (played,)
    lead_s = round(sum(span.duration_s for span in lead), 6)
    return (*lead, attrs.evolve(played, start_s=lead_s, fade_in_s=JOIN_S))


def with_lead_in(
    performance: Performance, score: Score, at_s: float, lead_s: float, end_s: float
) -> Performance:
    """
    Start *performance* after *lead_s*, in which *score* finishes its bar.

    The notes of *score* before *at_s* get negative times, so that they ring on.
    """
    before: list[Track] = []
    for track in score.tracks:
        notes = [
            attrs.evolve(note, start_s=round(note.start_s - at_s, 6))
            for note in track.notes
            if at_s - _CONTEXT_S <= note.start_s < at_s + lead_s - EARLY_S
        ]
        before.append(attrs.evolve(track, notes=tuple(notes)))
    after = [_shifted_track(track, lead_s) for track in performance.tracks]
    levels = [(round(start + lead_s, 3), gain) for start, gain in performance.levels]
    return attrs.evolve(
        performance,
        levels=((-1.0, _level_at(score, at_s)), *levels),
        tracks=_merge_tracks(before, after),
        duration_s=round(end_s, 6),
    )


def _level_at(score: Score, at_s: float) -> float:
    """Return the level in dB at *at_s* of the song."""
    for span in cut_spans(score.spans, at_s - JOIN_S, at_s):
        if isinstance(span.source, Performance):
            return span.source.level_at(span.start_s)
    return 0.0


def _shifted_track(track: Track, by_s: float) -> Track:
    notes = (
        attrs.evolve(note, start_s=round(note.start_s + by_s, 6))
        for note in track.notes
    )
    return attrs.evolve(track, notes=tuple(notes))


def _merge_tracks(before: list[Track], after: list[Track]) -> tuple[Track, ...]:
    tracks = {(track.role, track.patch): track for track in before}
    for track in after:
        position = (track.role, track.patch)
        earlier = tracks[position].notes if position in tracks else ()
        tracks[position] = attrs.evolve(track, notes=earlier + track.notes)
    return tuple(track for track in tracks.values() if track.notes)


def shift_timeline(
    sections: tuple[Section, ...], lines: tuple[Line, ...], by_s: float
) -> tuple[tuple[Section, ...], tuple[Line, ...]]:
    """Return sections and lines, moved by *by_s* seconds."""
    return (
        tuple(
            attrs.evolve(
                one,
                start_s=round(one.start_s + by_s, 6),
                end_s=round(one.end_s + by_s, 6),
            )
            for one in sections
        ),
        tuple(
            attrs.evolve(
                one,
                start_s=round(one.start_s + by_s, 3),
                end_s=round(one.end_s + by_s, 3),
            )
            for one in lines
        ),
    )


def first_bars(section: SheetSection, bars: int) -> SheetSection:
    """Return the first *bars* of a section."""
    end = bars * section.meter
    return attrs.evolve(
        section,
        bars=bars,
        chords=section.chords[: 2 * bars],
        melody=tuple(note for note in section.melody if note.start < end),
        lines=tuple(line for line in section.lines if line.start < end),
    )


def cut_spans(
    spans: tuple[Span, ...], start_s: float, end_s: float
) -> tuple[Span, ...]:
    """Return the part of *spans* from *start_s* to *end_s* of the song."""
    kept: list[Span] = []
    position = 0.0
    for span in spans:
        low = max(start_s - position, 0.0)
        high = min(end_s - position, span.duration_s)
        position += span.duration_s
        if high - low > 1e-6:
            kept.append(
                attrs.evolve(
                    span,
                    start_s=round(span.start_s + low, 6),
                    end_s=round(span.start_s + high, 6),
                    fade_in_s=span.fade_in_s if low < 1e-6 else 0.0,
                    fade_out_s=span.fade_out_s if high == span.duration_s else 0.0,
                )
            )
    return tuple(kept)


def octave_shift(pitches: list[int], voice: Voice) -> int:
    """Return the semitones, in whole octaves, that bring *pitches* into range."""
    if not pitches:
        return 0
    middle = (max(pitches) + min(pitches)) / 2
    return 12 * round(((voice.low + voice.high) / 2 - middle) / 12)
