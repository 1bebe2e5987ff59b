"""New words for an existing song: to its melody, or to one that is written for them."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import attrs

from aiomusic.composer._arrange import Band, perform
from aiomusic.composer._form import Part
from aiomusic.composer._lead_sheet import LeadSheetWriter
from aiomusic.composer._score import (
    LeadSheet,
    Line,
    MelodyNote,
    Note,
    Performance,
    Recording,
    Score,
    Section,
    SheetLine,
    SheetSection,
    Span,
    Track,
)
from aiomusic.composer._sung_words import notes_by_line
from aiomusic.composer._text import parse_stanzas, split_syllables

_MIN_S: Final = 0.1
_UNSUNG: Final = ("intro", "outro", "inst")


def cut_lines(score: Score, start_s: float, end_s: float) -> tuple[Line, ...]:
    """
    Return the lines of *score* with only the syllables that begin in that time.

    Of a word that is cut its heard syllables are left.
    """
    kept: list[Line] = []
    for line, notes in zip(score.lines, notes_by_line(score), strict=True):
        inside = [note for note in notes if start_s <= note.start_s < end_s]
        if not inside:
            continue
        if len(inside) == len(split_syllables(line.text)):
            kept.append(line)
            continue
        first, last = inside[0], inside[-1]
        part = attrs.evolve(
            line,
            text=" ".join(_heard_words(line.text, notes, inside)),
            start_s=round(first.start_s, 3),
            end_s=round(last.start_s + last.length_s, 3),
        )
        kept.append(part)
    return tuple(kept)


def _heard_words(text: str, notes: list[Note], inside: list[Note]) -> Iterator[str]:
    position = 0
    for word in text.split():
        size = len(split_syllables(word))
        own = notes[position : position + size]
        position += size
        heard = [note.syllable for note in own if note in inside]
        if heard:
            yield word if len(heard) == size else "".join(heard).replace("-", "")


def heard_lines(score: Score) -> Score:
    """Return *score* with only the words that are sung in it."""
    return attrs.evolve(score, lines=cut_lines(score, 0.0, score.duration_s))


def lines_of_sections(
    sections: Sequence[tuple[str, int]], lyrics: str
) -> list[tuple[str, ...]]:
    """
    Return the lines of *lyrics* for each section.

    Sections get the stanzas of their kind in turn, the last of them again and again;
    if a kind is missing, all lines go in order to as many as each section takes.

    Args:
        sections: Kind of each section, and how many lines it takes.
    """
    stanzas = parse_stanzas(lyrics)
    kinds = {kind for kind, size in sections if size}
    if kinds <= {stanza.kind for stanza in stanzas if stanza.lines}:
        return _by_kind(sections, lyrics)
    lines = [line for stanza in stanzas for line in stanza.lines]
    given: list[tuple[str, ...]] = []
    for position, (_, size) in enumerate(sections):
        room = sum(size for _, size in sections[position:])
        # If there are more lines than places, some places take several.
        share = -(-len(lines) * size // room) if room else 0
        count = max(share, min(size, len(lines)))
        given.append(tuple(lines[:count]))
        lines = lines[count:]
    return given


def _by_kind(sections: Sequence[tuple[str, int]], lyrics: str) -> list[tuple[str, ...]]:
    stanzas = [stanza for stanza in parse_stanzas(lyrics) if stanza.lines]
    used: dict[str, int] = {}
    given: list[tuple[str, ...]] = []
    for kind, size in sections:
        own = [stanza for stanza in stanzas if stanza.kind == kind]
        turn = used.get(kind, 0)
        used[kind] = turn + bool(size)
        given.append(own[min(turn, len(own) - 1)].lines if size else ())
    return given


def groups(items: Sequence[str], size: int) -> list[tuple[str, ...]]:
    """Split *items* into *size* groups of similar length, the first ones larger."""
    ends = [-(-len(items) * (n + 1) // size) for n in range(size)]
    return [tuple(items[a:b]) for a, b in itertools.pairwise([0, *ends])]


def fit_lines(
    notes: Sequence[MelodyNote], texts: Sequence[str], shortest: float
) -> list[tuple[str, list[MelodyNote]]]:
    """
    Set *texts* to *notes*; lines for which no time is left are not among the results.

    Args:
        shortest: The least length of a note.
    """
    if not notes:
        return []
    room = max(len(notes), int(sum(note.length for note in notes) / shortest))
    counts = [len(split_syllables(text)) for text in texts]
    ends = list(itertools.accumulate(counts))
    sung = [text for text, end in zip(texts, ends, strict=True) if end <= room]
    fitted = iter(fit_syllables(list(notes), " ".join(sung)))
    return [
        (text, list(itertools.islice(fitted, len(split_syllables(text)))))
        for text in sung
        if split_syllables(text)
    ]


def fit_syllables(notes: list[MelodyNote], text: str) -> list[MelodyNote]:
    """Match *notes* to the syllables of *text*: split long notes, tie spare ones."""
    syllables = split_syllables(text)
    notes = list(notes)
    while len(notes) < len(syllables):
        longest = max(range(len(notes)), key=lambda n: (notes[n].length, -n))
        note = notes[longest]
        half = note.length / 2
        notes[longest : longest + 1] = [
            attrs.evolve(note, length=half),
            attrs.evolve(note, start=note.start + half, length=half),
        ]
    while len(notes) > len(syllables) > 0:
        position = min(range(1, len(notes)), key=lambda n: (notes[n - 1].length, n))
        end = notes[position].start + notes[position].length
        kept = attrs.evolve(notes[position - 1], length=end - notes[position - 1].start)
        notes[position - 1 : position + 1] = [kept]
    return [
        attrs.evolve(note, syllable=syllable.sung)
        for note, syllable in zip(notes, syllables, strict=False)
    ]


def with_new_words(sheet: LeadSheet, lyrics: str) -> LeadSheet:
    """Set new words to the melody of *sheet*, section by section."""
    shortest = _MIN_S * sheet.tempo / 60
    given = lines_of_sections([(s.kind, len(s.lines)) for s in sheet.sections], lyrics)
    sections = (
        _with_words(section, texts, shortest) if section.lines else section
        for section, texts in zip(sheet.sections, given, strict=True)
    )
    return attrs.evolve(sheet, sections=tuple(sections))


def _with_words(
    section: SheetSection, texts: tuple[str, ...], shortest: float
) -> SheetSection:
    notes: list[MelodyNote] = []
    lines: list[SheetLine] = []
    for place, group in zip(
        section.lines, groups(texts, len(section.lines)), strict=True
    ):
        end = place.start + place.length
        there = [n for n in section.melody if place.start - 1e-6 <= n.start < end]
        for text, sung in fit_lines(there, group, shortest):
            notes += sung
            length = sung[-1].start + sung[-1].length - sung[0].start
            lines.append(SheetLine(text=text, start=sung[0].start, length=length))
    return attrs.evolve(section, melody=tuple(notes), lines=tuple(lines))


def with_new_melody(
    sheet: LeadSheet, lyrics: str, writer: LeadSheetWriter
) -> LeadSheet:
    """Write a melody for *lyrics* over the chords of *sheet*."""
    places = [
        (s.kind, 0 if s.kind in _UNSUNG else max(1, s.bars // 2))
        for s in sheet.sections
    ]
    if not any(size for _, size in places):
        places = [(s.kind, max(1, s.bars // 2)) for s in sheet.sections]
    given = lines_of_sections(places, lyrics)
    sections = tuple(
        writer.section(_part(section, texts), number, section.chords)
        if texts
        else section
        for number, (section, texts) in enumerate(
            zip(sheet.sections, given, strict=True)
        )
    )
    return attrs.evolve(sheet, sections=sections)


def _part(section: SheetSection, texts: tuple[str, ...]) -> Part:
    per_line = 2 if 2 * len(texts) <= section.bars else 1
    return Part(
        kind=section.kind,
        bars=section.bars,
        lines=texts[: section.bars // per_line],
        line_bars=per_line,
    )


def sing_new_words(score: Score, lyrics: str) -> Score:
    """Sing *lyrics* to the melody of *score*; nothing else changes."""
    places = [
        (section.kind, sum(line.section == number for line in score.lines))
        for number, section in enumerate(score.sections)
    ]
    texts = _texts_of_lines(score, lines_of_sections(places, lyrics))
    notes: dict[str, list[Note]] = {}
    lines: list[Line] = []
    for role in ("voice", "harmony"):
        known = zip(score.lines, texts, notes_by_line(score, role), strict=True)
        for line, group, played in known:
            there = [_melody_note(note) for note in played]
            for text, sung in fit_lines(there, group, _MIN_S):
                notes.setdefault(role, []).extend(_note(one) for one in sung)
                if role == "voice":
                    lines.append(_line(text, sung, line.section))
    return attrs.evolve(
        score,
        spans=_with_sung_notes(score, notes),
        lines=tuple(lines),
        sheet=with_new_words(score.sheet, lyrics),
    )


def _texts_of_lines(
    score: Score, given: list[tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """Return the new lines that take the place of each line of *score*."""
    texts: list[tuple[str, ...]] = []
    for number, group in enumerate(given):
        size = sum(line.section == number for line in score.lines)
        texts += groups(group, size) if size else []
    return texts


def _line(text: str, sung: Sequence[MelodyNote], section: int) -> Line:
    return Line(
        text=text,
        start_s=round(sung[0].start, 3),
        end_s=round(sung[-1].start + sung[-1].length, 3),
        section=section,
    )


def _melody_note(note: Note) -> MelodyNote:
    return MelodyNote(
        start=note.start_s,
        length=note.length_s,
        pitch=note.pitch,
        accent=note.velocity,
    )


def _note(note: MelodyNote) -> Note:
    return Note(
        start_s=round(note.start, 6),
        length_s=round(note.length, 6),
        pitch=note.pitch,
        velocity=note.accent,
        syllable=note.syllable,
    )


def add_singing(
    score: Score, lyrics: str, writer: LeadSheetWriter, band: Band
) -> Score:
    """Sing *lyrics* to a new melody over *score*, in place of the lead instrument."""
    sheet = with_new_melody(score.sheet, lyrics, writer)
    notes: dict[str, list[Note]] = {}
    lines: list[Line] = []
    template: Track | None = None
    for number, section in enumerate(sheet.sections[: len(score.sections)]):
        if not section.lines:
            continue
        start_s = _first_bar_s(score, number)
        alone = attrs.evolve(sheet, sections=(section,))
        for track in perform(alone, band, score.duration_s - start_s).tracks:
            if track.patch == "voice":
                template = template or track
                notes.setdefault(track.role, []).extend(_later(track.notes, start_s))
        beat_s = 60.0 / sheet.tempo
        lines += [
            Line(
                text=line.text,
                start_s=round(start_s + line.start * beat_s, 3),
                end_s=round(start_s + (line.start + line.length) * beat_s, 3),
                section=number,
            )
            for line in section.lines
        ]
    sung = {line.section for line in lines}
    spans = _with_sung_notes(
        score,
        notes,
        template=template,
        silenced=[score.sections[number] for number in sung],
    )
    return attrs.evolve(
        score, spans=spans, lines=tuple(lines), sheet=sheet, voice=band.voice
    )


def _first_bar_s(score: Score, number: int) -> float:
    return score.sections[number].start_s if number else score.downbeat_s


def _later(notes: Sequence[Note], by_s: float) -> Iterator[Note]:
    for note in notes:
        yield attrs.evolve(note, start_s=round(note.start_s + by_s, 6))


def _with_sung_notes(
    score: Score,
    notes: Mapping[str, Sequence[Note]],
    *,
    template: Track | None = None,
    silenced: Sequence[Section] = (),
) -> tuple[Span, ...]:
    """
    Return the spans of *score* with other notes of the singers.

    Args:
        notes: By role, in seconds of the song.
        template: What a singer's track is like that is new.
        silenced: Sections in which the lead instrument pauses.
    """
    places: dict[int, list[tuple[float, float, float]]] = {}
    position = 0.0
    for span in score.spans:
        end = position + span.duration_s
        places.setdefault(id(span.source), []).append(
            (position, end, position - span.start_s)
        )
        position = end

    def sung(performance: Performance) -> Performance:
        heard = _Heard(tuple(places[id(performance)]))
        tracks = [
            _paused(track, heard, silenced) if track.role == "lead" else track
            for track in performance.tracks
        ]
        for role, new in notes.items():
            tracks = _with_role(tracks, role, heard.own(new), heard, template)
        return attrs.evolve(performance, tracks=tuple(t for t in tracks if t.notes))

    return map_performances(score.spans, sung)


@attrs.frozen
class _Heard:
    """Where a performance is heard: start and end in the song, and their shift."""

    places: tuple[tuple[float, float, float], ...]

    def in_song(self, note: Note) -> float | None:
        """Return when a note of the performance begins in the song; None: never."""
        for start, end, shift in self.places:
            if start <= note.start_s + shift < end:
                return note.start_s + shift
        return None

    def own(self, notes: Iterable[Note]) -> tuple[Note, ...]:
        """Return the notes of the song that the performance plays, in its time."""
        return tuple(
            attrs.evolve(note, start_s=round(note.start_s - shift, 6))
            for note in notes
            for start, end, shift in self.places
            if start <= note.start_s < end
        )


def _with_role(
    tracks: list[Track],
    role: str,
    new: tuple[Note, ...],
    heard: _Heard,
    template: Track | None,
) -> list[Track]:
    for position, track in enumerate(tracks):
        if track.role == role:
            # What only rings on from before is sung as it was.
            kept = tuple(note for note in track.notes if heard.in_song(note) is None)
            changed = attrs.evolve(track, notes=kept + new)
            return [*tracks[:position], changed, *tracks[position + 1 :]]
    if template is None or not new:
        return tracks
    return [*tracks, attrs.evolve(template, role=role, notes=new)]


def _paused(track: Track, heard: _Heard, silenced: Sequence[Section]) -> Track:
    def is_heard(note: Note) -> bool:
        at = heard.in_song(note)
        return at is None or not any(
            one.start_s - 0.02 <= at < one.end_s - 0.02 for one in silenced
        )

    return attrs.evolve(track, notes=tuple(filter(is_heard, track.notes)))


def map_performances(
    spans: tuple[Span, ...], change: Callable[[Performance], Performance]
) -> tuple[Span, ...]:
    """Apply *change* once to each performance in *spans*."""
    changed: dict[int, Performance | Recording] = {}
    for span in spans:
        source = span.source
        if id(source) not in changed:
            changed[id(source)] = (
                change(source) if isinstance(source, Performance) else source
            )
    return tuple(attrs.evolve(span, source=changed[id(span.source)]) for span in spans)
