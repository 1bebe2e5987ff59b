# ruff: noqa: PLR2004 (tolerances in seconds are what this file is about)
"""
Edits: new scores out of old ones.

An edit never renders. It cuts a song into spans of what was played and puts
other spans between them, so that what was not edited stays as it was, sample
by sample.
"""

from collections.abc import Callable
from typing import Final

import attrs

from aiomusic.emulator.music._arrange import perform
from aiomusic.emulator.music._brief import Brief
from aiomusic.emulator.music._compose import (
    band_of,
    laid_out,
    scored,
    timeline,
    writer_of,
)
from aiomusic.emulator.music._dice import Dice
from aiomusic.emulator.music._form import Part, bar_length
from aiomusic.emulator.music._hearing import Hearing
from aiomusic.emulator.music._prompt import Wish, read, style_in
from aiomusic.emulator.music._score import (
    BEATS,
    Line,
    Note,
    Origin,
    Performance,
    Recording,
    Score,
    Section,
    Sheet,
    Span,
    Stretch,
    Tone,
    Track,
)
from aiomusic.emulator.music._voice import Voice, gender_in, voice_in
from aiomusic.emulator.music._words import stanzas_of, syllables_of
from aiomusic.emulator.music.styles import STYLES, Layer

_JOIN_S: Final = 0.03
_CONTEXT_S: Final = 6.0
_RING_S: Final = 1.7


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
    wish = _same_wish(score, brief)
    voice = _same_voice(score, brief, wish)
    lead_s = _to_next_bar(score, at_s)
    order = _continued(score, brief, lead_s)
    parts, _, duration_s = laid_out(order, wish, score.tempo, voice)
    parts = _without_intro(parts)
    sheet = writer_of(order, wish, score.key, voice).sheet(parts, score.tempo)
    performance = perform(sheet, band_of(order, wish, voice), duration_s)
    performance = _led_in(performance, score, at_s, lead_s, duration_s + lead_s)
    sections, lines = _later(*timeline(sheet, wish, duration_s), lead_s)
    return Score(
        title=brief.title or score.title,
        style=wish.style.name,
        tempo=score.tempo,
        key=score.key,
        sections=_from_zero(sections),
        lines=lines,
        sheet=sheet,
        spans=(Span(source=performance, start_s=0.0, end_s=performance.duration_s),),
        voice=voice or score.voice,
        brief=attrs.evolve(order, style=score.brief.style, seed=score.brief.seed),
        origin=Origin(score=score, at_s=at_s),
    )


def _same_wish(score: Score, brief: Brief) -> Wish:
    """Return the wish of *score*, with the instruments that *brief* adds."""
    wish = read(score.brief.style, Dice("idea", score.brief.seed, score.brief.style))
    own = STYLES[score.style]
    if any(isinstance(span.source, Recording) for span in score.spans):
        # Nobody knows the style of a recording but who asks for more of it.
        own = style_in(brief.style) or own
    wish = attrs.evolve(wish, style=own, tempo=score.tempo)
    more = read(brief.style, Dice("idea", 0)).instruments
    return attrs.evolve(wish, instruments=more or wish.instruments)


def _same_voice(score: Score, brief: Brief, wish: Wish) -> Voice | None:
    if brief.instrumental or not brief.lyrics:
        return None
    if brief.singer or score.voice:
        return brief.singer or score.voice
    text = f"{brief.voice or ''} {brief.style}"
    default = Dice("voice", score.brief.seed, wish.style.name).pick(("female", "male"))
    return voice_in(text, default=gender_in(text) or default)


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


def _to_next_bar(score: Score, at_s: float) -> float:
    """Return the seconds from *at_s* to the next bar line of *score*."""
    bar_s = bar_length(score.tempo)
    sections = [section for section in score.sections if section.start_s <= at_s + 0.02]
    since = at_s - sections[-1].start_s if sections else at_s
    rest = -since % bar_s
    is_over = at_s >= score.duration_s - 2.5 and sections
    return 0.0 if rest < 0.02 or bar_s - rest < 0.02 or is_over else round(rest, 6)


def _led_in(
    performance: Performance, score: Score, at_s: float, lead_s: float, end_s: float
) -> Performance:
    """
    Begin *performance* after *lead_s* in which *score* plays its bar to the end.

    What *score* played before *at_s* stands before second 0, to ring on.
    """
    before: list[Track] = []
    for track in score.tracks:
        notes = [
            attrs.evolve(note, start_s=round(note.start_s - at_s, 6))
            for note in track.notes
            if at_s - _CONTEXT_S <= note.start_s < at_s + lead_s - 0.01
        ]
        before.append(attrs.evolve(track, notes=tuple(notes)))
    after = [_moved(track, lead_s) for track in performance.tracks]
    return attrs.evolve(
        performance, tracks=_merged(before, after), duration_s=round(end_s, 6)
    )


def _moved(track: Track, by_s: float) -> Track:
    notes = (
        attrs.evolve(note, start_s=round(note.start_s + by_s, 6))
        for note in track.notes
    )
    return attrs.evolve(track, notes=tuple(notes))


def _merged(before: list[Track], after: list[Track]) -> tuple[Track, ...]:
    tracks = {(track.role, track.patch): track for track in before}
    for track in after:
        place = (track.role, track.patch)
        earlier = tracks[place].notes if place in tracks else ()
        tracks[place] = attrs.evolve(track, notes=earlier + track.notes)
    return tuple(track for track in tracks.values() if track.notes)


def _later(
    sections: tuple[Section, ...], lines: tuple[Line, ...], by_s: float
) -> tuple[tuple[Section, ...], tuple[Line, ...]]:
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
    joined = attrs.evolve(first, fade_in_s=_JOIN_S)
    head_sections, head_lines = _head(base, at_s)
    sections, lines = _later(score.sections, score.lines, at_s)
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
        spans=(*_cut(base.spans, 0.0, at_s), joined, *rest),
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
            kept.append(_shortened(stretch, bars))
    return tuple(kept)


def _shortened(stretch: Stretch, bars: int) -> Stretch:
    end = bars * BEATS
    return attrs.evolve(
        stretch,
        bars=bars,
        chords=stretch.chords[: 2 * bars],
        melody=tuple(tone for tone in stretch.melody if tone.start < end),
        verses=tuple(verse for verse in stretch.verses if verse.start < end),
    )


def _cut(spans: tuple[Span, ...], start_s: float, end_s: float) -> tuple[Span, ...]:
    """Return what *spans* play from *start_s* to *end_s* of the song."""
    kept: list[Span] = []
    place = 0.0
    for span in spans:
        low = max(start_s - place, 0.0)
        high = min(end_s - place, span.duration_s)
        place += span.duration_s
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
    wish = _same_wish(score, brief)
    voice = _same_voice(score, brief, wish)
    lead_s = _to_next_bar(score, start_s)
    sheet = _inner_sheet(
        score, order, wish, voice, start_s=start_s, end_s=end_s - lead_s
    )
    # The inner music plays beyond its end, so that the join does not cut it.
    length_s = end_s - start_s
    band = band_of(order, wish, voice)
    played = perform(sheet, band, length_s - lead_s + 3.0)
    played = _led_in(played, score, start_s, lead_s, length_s + 3.0)
    inner = Span(
        source=played,
        start_s=0.0,
        end_s=round(length_s, 6),
        fade_in_s=_JOIN_S if start_s else 0.0,
        fade_out_s=_JOIN_S if end_s < score.duration_s else 0.0,
    )
    spans = (
        *_cut(score.spans, 0.0, start_s),
        inner,
        *_cut(score.spans, end_s, score.duration_s),
    )
    _, lines = _later(*timeline(sheet, wish, length_s), start_s + lead_s)
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
            new = _shortened(fresh.stretches[0], bars)
            stretches[place] = attrs.evolve(
                stretches[place], melody=new.melody, verses=new.verses
            )
    return attrs.evolve(score.sheet, stretches=tuple(stretches))


def from_recording(hearing: Hearing, *, title: str, seed: int = 0) -> Score:
    """
    Make a score of an audio file, so that it can be extended and covered.

    Its sound is the file itself; its sheet has the chords that were heard.
    """
    size = 8
    bars = [hearing.chords[n : n + size] for n in range(0, len(hearing.chords), size)]
    stretches = tuple(
        Stretch(
            kind=("verse", "chorus")[n % 2],
            bars=len(group),
            energy=(0.55, 0.9)[n % 2],
            chords=tuple(chord for chord in group for _ in range(2)),
        )
        for n, group in enumerate(bars)
    )
    bar_s = bar_length(hearing.tempo)
    starts = [hearing.downbeat_s + n * size * bar_s for n in range(len(bars))]
    ends = [*starts[1:], hearing.duration_s]
    recording = Recording(path=hearing.path, duration_s=hearing.duration_s)
    return Score(
        title=title,
        style="pop",
        tempo=hearing.tempo,
        key=hearing.key,
        sections=tuple(
            Section(kind=one.kind, start_s=round(start, 6), end_s=round(end, 6))
            for one, start, end in zip(stretches, starts, ends, strict=True)
        ),
        lines=(),
        sheet=Sheet(key=hearing.key, tempo=hearing.tempo, stretches=stretches),
        spans=(Span(source=recording, start_s=0.0, end_s=hearing.duration_s),),
        voice=None,
        brief=Brief(style="pop", seed=seed),
    )


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
    text = f"{brief.voice or ''} {brief.style}"
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
    shift = _octaves(pitches, voice)
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


def _octaves(pitches: list[int], voice: Voice) -> int:
    if not pitches:
        return 0
    middle = (max(pitches) + min(pitches)) / 2
    return 12 * round(((voice.low + voice.high) / 2 - middle) / 12)


def swap_sound(score: Score, sound: str) -> Score:
    """
    Give the band other instruments; every note stays where it is.

    Args:
        score: the song.
        sound: instruments, or the style whose instruments are meant.
    """
    wish = read(sound, Dice("idea", sound))
    named = style_in(sound)
    donors = [*(named or STYLES[score.style]).layers]

    def swapped(performance: Performance) -> Performance:
        counts: dict[str, int] = {}
        tracks = []
        for track in performance.tracks:
            number = counts.get(track.role, 0)
            counts[track.role] = number + 1
            patch = _other_patch(track, number, wish, donors, is_named=bool(named))
            tracks.append(attrs.evolve(track, patch=patch))
        if named:
            tracks = [
                attrs.evolve(t, patch=named.kit) if t.role == "drums" else t
                for t in tracks
            ]
        room = named.room if named else performance.room
        return attrs.evolve(performance, tracks=tuple(tracks), room=room)

    style = f"{score.brief.style}, {sound}"
    brief = attrs.evolve(score.brief, style=style if not named else sound)
    return attrs.evolve(
        score,
        spans=_each(score.spans, swapped),
        style=named.name if named else score.style,
        brief=brief,
    )


_KINDS: Final = {
    "bass": ("finger-bass", "upright", "saw-bass", "sub"),
    "chords": ("piano", "epiano", "steel", "organ", "nylon", "stab"),
    "pad": ("strings", "warm-pad", "choir", "saw-pad"),
    "arp": ("bell", "pluck", "nylon", "marimba", "vibes"),
    "counter": ("brass", "vibes", "strings"),
    "lead": ("flute", "synth-lead", "sax", "vibes", "brass"),
}


def _other_patch(
    track: Track, number: int, wish: Wish, donors: list[Layer], *, is_named: bool
) -> str:
    if track.role not in _KINDS:
        return track.patch
    if wish.instruments:
        fitting = [name for name in wish.instruments if name in _KINDS[track.role]]
        chosen = fitting or [n for n in wish.instruments if track.role != "bass"]
        if chosen:
            return chosen[number % len(chosen)]
    if is_named:
        patches = [la.patches[0] for la in donors if la.role == track.role]
        if patches:
            return patches[number % len(patches)]
    others = [name for name in _KINDS[track.role] if name != track.patch]
    return others[number % len(others)]


def _each(
    spans: tuple[Span, ...], change: Callable[[Performance], Performance]
) -> tuple[Span, ...]:
    """Change every performance once, in all the spans that play it."""
    changed: dict[int, Performance | Recording] = {}
    for span in spans:
        source = span.source
        if id(source) not in changed:
            changed[id(source)] = (
                change(source) if isinstance(source, Performance) else source
            )
    return tuple(attrs.evolve(span, source=changed[id(span.source)]) for span in spans)


def swap_vocals(score: Score, voice: str | Voice) -> Score:
    """
    Let another voice sing, in octaves that suit it; nothing else changes.

    Args:
        score: the song.
        voice: a singer, or words such as "male, husky".
    """
    now = score.voice.gender if score.voice else "male"
    if isinstance(voice, str):
        other = "male" if now == "female" else "female"
        singer = voice_in(voice, default=gender_in(voice) or other)
    else:
        singer = voice
    pitches = [n.pitch for t in score.tracks if t.role == "voice" for n in t.notes]
    shift = _octaves(pitches, singer)

    def swapped(performance: Performance) -> Performance:
        tracks = tuple(
            _transposed(track, shift) if track.patch == "voice" else track
            for track in performance.tracks
        )
        return attrs.evolve(performance, tracks=tracks, voice=singer)

    return attrs.evolve(score, spans=_each(score.spans, swapped), voice=singer)


def _transposed(track: Track, semitones: int) -> Track:
    notes: tuple[Note, ...] = tuple(
        attrs.evolve(note, pitch=note.pitch + semitones) for note in track.notes
    )
    return attrs.evolve(track, notes=notes)
