"""
The values of a song, from one note to the whole score.

A lead sheet holds bars, chords, melody and words, timed in beats.
A performance holds tracks of notes, timed in seconds.
A score is a sequence of spans of performances and recordings.
"""

from typing import Final

import attrs

from aiomusic.composer._spec import SongSpec
from aiomusic.composer._stems import is_in_stem
from aiomusic.composer._theory import Chord, Key
from aiomusic.composer._voice import Voice

BEATS_PER_BAR: Final = 4
STEPS_PER_BEAT: Final = 4


@attrs.frozen(kw_only=True)
class MelodyNote:
    """One note of the melody: beats within its section, MIDI pitch, syllable."""

    start: float
    length: float
    pitch: int
    syllable: str = ""
    accent: float = 0.8


@attrs.frozen(kw_only=True)
class SheetLine:
    """One line of the lyrics and its beats within the section."""

    text: str
    start: float
    length: float


@attrs.frozen(kw_only=True)
class SheetSection:
    """One section of a lead sheet: two chords a bar, melody and lyrics."""

    kind: str
    bars: int
    energy: float
    chords: tuple[Chord, ...]
    melody: tuple[MelodyNote, ...] = ()
    lines: tuple[SheetLine, ...] = ()
    meter: int = BEATS_PER_BAR

    @property
    def beats(self) -> int:
        """Return the length in beats."""
        return self.bars * self.meter

    @property
    def bar_steps(self) -> int:
        """Return the sixteenths of a bar."""
        return self.meter * STEPS_PER_BEAT

    @property
    def steps(self) -> int:
        """Return the length in sixteenths."""
        return self.bars * self.bar_steps

    def chord_at(self, step: int) -> Chord:
        """Return the chord at a sixteenth of the section."""
        half = 2 * step // self.bar_steps
        return self.chords[min(half, len(self.chords) - 1)]


@attrs.frozen(kw_only=True)
class LeadSheet:
    """A lead sheet: everything that a cover keeps of a song."""

    key: Key
    tempo: float
    sections: tuple[SheetSection, ...]

    @property
    def beats(self) -> int:
        """Return the number of beats."""
        return sum(section.beats for section in self.sections)

    @property
    def bars(self) -> int:
        """Return the number of bars."""
        return sum(section.bars for section in self.sections)

    @property
    def meter(self) -> int:
        """Return the beats of a bar."""
        return self.sections[0].meter

    @property
    def bar_s(self) -> float:
        """Return the length of a bar in seconds."""
        return 60.0 * self.meter / self.tempo


def with_start_beats(sheet: LeadSheet) -> list[tuple[float, SheetSection]]:
    """Return the sections of *sheet*, each with its first beat."""
    found: list[tuple[float, SheetSection]] = []
    beat = 0.0
    for section in sheet.sections:
        found.append((beat, section))
        beat += section.beats
    return found


@attrs.frozen(kw_only=True)
class Note:
    """One played note: seconds, MIDI pitch (or drum number), velocity 0 to 1."""

    start_s: float
    length_s: float
    pitch: int
    velocity: float
    syllable: str = ""


@attrs.frozen(kw_only=True)
class Track:
    """
    The notes of one instrument and its place in the mix.

    *pan* is -1 (left) to 1 (right), *send* the share sent to the reverb, *duck* the
    depth of the ducking by the kick drum, 0 to 1.
    """

    role: str
    patch: str
    notes: tuple[Note, ...]
    gain_db: float = 0.0
    pan: float = 0.0
    send: float = 0.2
    duck: float = 0.0


@attrs.frozen(kw_only=True)
class Performance:
    """
    The tracks of a band, the voice that sings, and the name of the mix preset.

    The drums are tuned to *tonic*, a pitch class. *levels* are times in seconds and
    the gain in dB from then on; *loudness_db* is added to the loudness of the whole.
    """

    tracks: tuple[Track, ...]
    duration_s: float
    mix: str
    tonic: int
    voice: Voice | None = None
    levels: tuple[tuple[float, float], ...] = ()
    loudness_db: float = 0.0

    def level_at(self, at_s: float) -> float:
        """Return the gain in dB at *at_s*."""
        passed = [gain for start, gain in self.levels if start <= at_s]
        return passed[-1] if passed else 0.0


@attrs.frozen(kw_only=True)
class Recording:
    """An audio file, such as an upload."""

    path: str
    duration_s: float


@attrs.frozen(kw_only=True)
class Span:
    """
    A part of a performance or a recording, from *start_s* to *end_s* of it.

    The first *fade_in_s* crossfade from the source of the previous span, the last
    *fade_out_s* into the source of the next. Both lie inside the span.
    """

    source: Performance | Recording
    start_s: float
    end_s: float
    fade_in_s: float = 0.0
    fade_out_s: float = 0.0

    @property
    def duration_s(self) -> float:
        """Return the length in seconds."""
        return self.end_s - self.start_s


@attrs.frozen(kw_only=True)
class Section:
    """A section of the song, in seconds."""

    kind: str
    start_s: float
    end_s: float


@attrs.frozen(kw_only=True)
class Line:
    """One line of the lyrics, its time in seconds and the number of its section."""

    text: str
    start_s: float
    end_s: float
    section: int


@attrs.frozen(kw_only=True)
class Origin:
    """The song that a continuation continues, and from which second."""

    score: "Score"
    at_s: float


@attrs.frozen(kw_only=True)
class Score:
    """
    A whole song, ready to be rendered.

    Args:
        style: The name of its style, a key of ``STYLES``.
        tempo: Beats per minute.
        sections, lines: What is played and sung when, in seconds.
        sheet: The lead sheet that covers and edits work on.
        spans: The audio: parts of performances and recordings, in order.
        voice: None: nobody sings.
        spec: What it was composed from.
        origin: Of a continuation: the song that it continues.
        style_word: The word of the prompt that named the style; None: a guess.
        downbeat_s: The time of the first bar line; a continuation finishes a bar first.
        stem: Of a stem: which of ``BASIC_STEMS`` or ``FULL_STEMS`` is heard; None: the
            whole mix.
    """

    title: str
    style: str
    tempo: float
    key: Key
    sections: tuple[Section, ...]
    lines: tuple[Line, ...]
    sheet: LeadSheet
    spans: tuple[Span, ...]
    voice: Voice | None
    spec: SongSpec
    origin: Origin | None = None
    stem: str | None = None
    style_word: str | None = None
    downbeat_s: float = 0.0

    @property
    def is_guess(self) -> bool:
        """Return whether the style was guessed, since the prompt names none."""
        return self.style_word is None

    @property
    def duration_s(self) -> float:
        """Return the length of the song in seconds, exact without rendering."""
        return round(sum(span.duration_s for span in self.spans), 6)

    @property
    def tracks(self) -> tuple[Track, ...]:
        """Return the tracks that are heard in the whole song, edits included."""
        return tuple(
            track
            for track in _tracks_of(self.spans)
            if track.notes and self._is_heard(track)
        )

    def _is_heard(self, track: Track) -> bool:
        return self.stem is None or is_in_stem(track.role, track.patch, self.stem)

    @property
    def lyrics(self) -> str:
        """Return the lyrics with section tags."""
        return "\n".join(_lyrics_lines(self.sections, self.lines))


def _lyrics_lines(sections: tuple[Section, ...], lines: tuple[Line, ...]) -> list[str]:
    text: list[str] = []
    for position, section in enumerate(sections):
        sung = [line.text for line in lines if line.section == position]
        if sung:
            text += ["", f"[{section.kind.title()}]", *sung]
    return text[1:]


def _tracks_of(spans: tuple[Span, ...]) -> list[Track]:
    tracks: dict[tuple[str, str], Track] = {}
    offset = 0.0
    for span in spans:
        source = span.source
        for track in source.tracks if isinstance(source, Performance) else ():
            notes = _notes_within(track.notes, span, offset)
            known = tracks.get((track.role, track.patch))
            before = known.notes if known else ()
            tracks[track.role, track.patch] = attrs.evolve(track, notes=before + notes)
        offset += span.duration_s
    return list(tracks.values())


def _notes_within(
    notes: tuple[Note, ...], span: Span, offset: float
) -> tuple[Note, ...]:
    return tuple(
        attrs.evolve(
            note,
            start_s=round(note.start_s - span.start_s + offset, 6),
            length_s=min(note.length_s, span.end_s - note.start_s),
        )
        for note in notes
        if span.start_s <= note.start_s < span.end_s
    )
