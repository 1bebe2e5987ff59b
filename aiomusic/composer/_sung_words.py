"""When each word of a song is sung, as its notes have it."""

from collections.abc import Iterator

import attrs

from aiomusic.composer._score import Line, Note, Score
from aiomusic.composer._text import parse_stanzas, split_syllables

# A singer may be this early.
_EARLY_S = 0.15


@attrs.frozen(kw_only=True)
class SungWord:
    """
    A word as it is sung.

    Args:
        text: With its punctuation.
        start_s, end_s: Seconds from the start of the song.
        line: The number of its line in ``Score.lines``.
    """

    text: str
    start_s: float
    end_s: float
    line: int


def sung_words(score: Score) -> tuple[SungWord, ...]:
    """Return the words of *score* that are sung, in order; none: nobody sings."""
    words: list[SungWord] = []
    for number, notes in enumerate(notes_by_line(score)):
        words += _words_of(score.lines[number], number, notes)
    return tuple(words)


def is_sung_whole(score: Score, lyrics: str) -> bool:
    """Check whether the lines of *lyrics* are sung, each once and in order."""
    lines = [line for one in parse_stanzas(lyrics) for line in one.lines]
    return lines == [line.text for line in score.lines]


def notes_by_line(score: Score, role: str = "voice") -> list[list[Note]]:
    """Return the notes to which each line of *score* is sung by a *role*."""
    notes = sorted(
        (
            note
            for track in score.tracks
            if track.role == role
            for note in track.notes
            if note.syllable
        ),
        key=lambda note: note.start_s,
    )
    starts = [line.start_s for line in score.lines]
    ends = [*starts[1:], score.duration_s + _EARLY_S]
    return [
        [note for note in notes if start <= note.start_s + _EARLY_S < end]
        for start, end in zip(starts, ends, strict=False)
    ]


def _words_of(line: Line, number: int, notes: list[Note]) -> Iterator[SungWord]:
    position = 0
    for text in line.text.split():
        count = len(split_syllables(text))
        sung = notes[position : position + count]
        position += count
        if sung:
            yield SungWord(
                text=text,
                start_s=round(sung[0].start_s, 3),
                end_s=round(sung[-1].start_s + sung[-1].length_s, 3),
                line=number,
            )
