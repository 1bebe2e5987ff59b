"""When each line of a song is sung, as far as a reply tells, and as LRC text."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final, final

import attrs

from aiomusic.results import AlignedWord, Clip

__all__ = [
    "TimedLine",
    "lines_of",
    "lrc_text",
    "timed_lines",
    "timed_words",
    "with_lines",
]

MAX_LINES: Final = 5_000
MAX_CHARS: Final = 500
MAX_S: Final = 100_000.0
MAX_DEPTH: Final = 5
# Words that nothing splits into lines: a line ends at a pause, or when it is long.
PAUSE_S: Final = 1.5
MAX_WORDS: Final = 8

# Services and their wrappers name it in these ways; the shape within varies too.
_PLACES: Final = (
    *("aligned_lyrics", "alignedLyrics", "timed_lyrics", "lyrics_timestamped"),
    *("alignment", "aligned_words", "alignedWords", "timestamps", "timestamp"),
)
_PARTS: Final = frozenset({"lines", "sections"})
_WITHIN: Final = ("lines", "sections", *_PLACES, "segments", "words", "data")
_STARTS: Final = ("start_s", "startS", "start", "start_time", "startTime", "begin")
_STARTS_MS: Final = ("start_ms", "startMs", "begin_ms", "beginMs")
_ENDS: Final = ("end_s", "endS", "end", "end_time", "endTime")
_ENDS_MS: Final = ("end_ms", "endMs")
_STAMPED = re.compile(r"^\[(\d+):(\d+(?:\.\d+)?)\](.*)$", re.MULTILINE)
_HEADING = re.compile(r"\[[^\]\n]*\]")


@final
@attrs.frozen
class TimedLine:
    """
    A line of lyrics.

    Attributes:
        start_s: When it is sung, in seconds from the beginning.
    """

    start_s: float
    text: str


def timed_words(raw: Mapping[str, object]) -> tuple[AlignedWord, ...]:
    """Return the words of a reply in the order they are sung; none: it has no such."""
    for place in _PLACES:
        pieces = [one for one in _spread(raw.get(place), 0) if one.is_word]
        words = [
            AlignedWord(text=text, start_s=one.start_s, end_s=one.end_s)
            for one in pieces[:MAX_LINES]
            if (text := _line(one.text))
        ]
        if words:
            return tuple(sorted(words, key=lambda word: word.start_s))
    return ()


def timed_lines(clip: Clip) -> tuple[TimedLine, ...]:
    """Return the lines of a clip in the order they are sung; none: no reply tells."""
    return lines_of(clip.raw)


def lines_of(raw: Mapping[str, object]) -> tuple[TimedLine, ...]:
    """Return the lines of a reply in the order they are sung; none: it has no such."""
    for place in _PLACES:
        found = list(_spread(raw.get(place), 0))[:MAX_LINES]
        lines = _joined(found) if any(one.is_word for one in found) else found
        shown = [TimedLine(one.start_s, _line(one.text)) for one in lines]
        kept = sorted((one for one in shown if one.text), key=lambda one: one.start_s)
        if kept:
            return tuple(kept)
    return ()


def lrc_text(lines: Iterable[TimedLine], title: str | None = None) -> str:
    """Return lines as LRC has them, each behind its time."""
    rows = [f"[ti:{_line(title)}]"] if title else []
    for one in lines:
        minutes, hundredths = divmod(round(one.start_s * 100), 6_000)
        stamp = f"{minutes:02}:{hundredths // 100:02}.{hundredths % 100:02}"
        rows.append(f"[{stamp}]{one.text}")
    return "\n".join([*rows, ""])


def with_lines(raw: Mapping[str, Any], lrc: str) -> dict[str, Any]:
    """Return a clip's reply with the lines of an LRC text, which were asked for."""
    lines = [
        {"start": 60 * int(found[1]) + float(found[2]), "line": found[3]}
        for found in _STAMPED.finditer(lrc)
    ]
    return {**raw, _PLACES[0]: lines}


@final
@attrs.frozen
class _Piece:
    """A line, or a word with what breaks lines around it."""

    start_s: float
    text: str
    is_word: bool
    end_s: float | None = None


def _spread(value: object, depth: int) -> Iterator[_Piece]:
    """Yield what has a time and a text, in the finest form that holds lines."""
    if depth > MAX_DEPTH:
        return
    if isinstance(value, list):
        for entry in value[:MAX_LINES]:
            yield from _spread(entry, depth + 1)
    elif isinstance(value, dict):
        names = [one for one in _WITHIN if isinstance(value.get(one), (list, dict))]
        piece = _piece(value)
        if piece is not None and not _PARTS.intersection(names):
            yield piece
        elif names:
            yield from _spread(value[names[0]], depth + 1)


def _piece(entry: Mapping[str, object]) -> _Piece | None:
    start_s = _second(entry, _STARTS, _STARTS_MS)
    end_s = _second(entry, _ENDS, _ENDS_MS)
    for name in ("text", "line", "lyric", "word"):
        text = entry.get(name)
        if isinstance(text, str) and start_s is not None:
            return _Piece(start_s, text, name == "word", end_s)
    return None


def _second(
    entry: Mapping[str, object], seconds: tuple[str, ...], thousandths: tuple[str, ...]
) -> float | None:
    for names, scale in ((seconds, 1.0), (thousandths, 1e-3)):
        for name in names:
            value = entry.get(name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                continue
            # A whole number may be too large for a float.
            if 0 <= value <= MAX_S / scale and math.isfinite(value):
                return value * scale
    return None


def _joined(words: list[_Piece]) -> list[_Piece]:
    """Join words to lines: at their line breaks, else at pauses."""
    has_breaks = any("\n" in one.text for one in words)
    rows = _between_breaks(words) if has_breaks else _between_pauses(words)
    space = "" if has_breaks else " "
    return [
        _Piece(row[0].start_s, space.join(one.text for one in row), is_word=False)
        for row in rows
    ]


def _between_breaks(words: Iterable[_Piece]) -> Iterator[list[_Piece]]:
    numbered: list[tuple[int, _Piece]] = []
    row = 0
    for one in words:
        # A heading stands in front of the first word behind it.
        for place, part in enumerate(_HEADING.sub("", one.text).split("\n")):
            row += place > 0
            if part.strip():
                numbered.append((row, attrs.evolve(one, text=part)))
    for _, group in groupby(numbered, key=lambda pair: pair[0]):
        yield [one for _, one in group]


def _between_pauses(words: Iterable[_Piece]) -> Iterator[list[_Piece]]:
    parts: list[_Piece] = []
    for one in words:
        is_new = parts and one.start_s - parts[-1].start_s > PAUSE_S
        if is_new or len(parts) == MAX_WORDS:
            yield parts
            parts = []
        parts.append(one)
    if parts:
        yield parts


def _line(text: str) -> str:
    """Return a text as one line without headings, controls or brackets of a time."""
    bare = _HEADING.sub(" ", text[:MAX_CHARS])
    plain = "".join(char if char.isprintable() else " " for char in bare)
    return " ".join(plain.split())
