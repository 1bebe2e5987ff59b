"""When each word of a song is sung, as its notes have it."""

from collections.abc import Iterator

import attrs

from aiomusic.composer._score import Line, Note, Score
from aiomusic.composer._text import split_syllables

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
    notes = sorted(
        (
            note
            for track in score.tracks
            if track.role == "voice"
            for note in track.notes
            if note.syllable
        ),
        key=lambda note: note.start_s,
    )
    words: list[SungWord] = []
    for number, line in enumerate(score.lines):
        is_last = number + 1 == len(score.lines)
        end_s = score.duration_s if is_last else score.lines[number + 1].start_s
        words += _words_of(line, number, _between(notes, line.start_s, end_s))
    return tuple(words)


def _between(notes: list[Note], start_s: float, end_s: float) -> list[Note]:
    low, high = start_s - _EARLY_S, end_s - _EARLY_S
    return [note for note in notes if low <= note.start_s < high]


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
