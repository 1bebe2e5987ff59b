"""Lyrics as lines with times, from timed words, from LRC, or as plain text."""

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path
from typing import Final

from aiomusic.gallery._album import Line, Word, inside
from aiomusic.gallery._text import block, line, number

__all__ = ["is_lrc", "plain_lines", "read_lrc", "read_lrc_file", "read_words"]

MAX_WORDS: Final = 5000
MAX_LRC_BYTES: Final = 1024 * 1024
# Lines of words without a text to place them in: cut at a pause, or when long.
PAUSE_S: Final = 0.8
MAX_LINE_WORDS: Final = 8
# With fewer words of the text than that, the words are of another text.
MIN_SHARE: Final = 0.6

_STAMP: Final = re.compile(r"\[(\d{1,3}):(\d{1,2}(?:[.:]\d{1,3})?)\]")
_WORD_STAMP: Final = re.compile(r"<(\d{1,3}):(\d{1,2}(?:[.:]\d{1,3})?)>")
_HEADING: Final = re.compile(r"\[.*\]")
_OFFSET: Final = re.compile(r"^\[offset:\s*([+-]?\d{1,7})\s*\]", re.MULTILINE)


def plain_lines(text: object) -> tuple[Line, ...]:
    """Return a text's lines, without times."""
    found = block(text)
    return tuple(Line(one.strip()) for one in found.split("\n")) if found else ()


def is_lrc(text: str) -> bool:
    """Check whether at least half of a text's lines begin with a time."""
    lines = [one for one in text.splitlines() if one.strip()]
    timed = sum(1 for one in lines if _STAMP.match(one.strip()))
    return bool(lines) and 2 * timed >= len(lines)


def read_lrc(text: object) -> tuple[Line, ...]:
    """Return the lines of an LRC text in the order in which they are sung."""
    found = block(text)
    shift = _OFFSET.search(found)
    ahead_s = int(shift[1]) / 1000 if shift else 0.0
    timed: list[Line] = []
    for row in found.split("\n"):
        rest, starts = row.strip(), []
        while stamp := _STAMP.match(rest):
            starts.append(max(0.0, _seconds(stamp) - ahead_s))
            rest = rest[stamp.end() :]
        words = _stamped_words(rest, ahead_s) if len(starts) == 1 else ()
        words_text = line(_WORD_STAMP.sub(" ", rest))
        timed.extend(Line(words_text, start, words) for start in starts)
    return tuple(sorted(timed, key=lambda one: one.start_s or 0.0))


def read_lrc_file(folder: Path, name: object) -> tuple[Line, ...]:
    """Return the lines of an LRC file of the album; none if there is no such file."""
    path = inside(folder, name)
    if path is None or not path.is_file() or path.stat().st_size > MAX_LRC_BYTES:
        return ()
    try:
        return read_lrc(path.read_text(encoding="utf-8-sig", errors="replace"))
    except OSError:
        return ()


def read_words(words: object, lyrics: object) -> tuple[Line, ...]:
    """
    Return timed words as lines: as *lyrics* has them, else as they pause.

    Args:
        words: A list of start, end and word; what is none is left out.
    """
    timed = sorted(_timed(words))
    if not timed:
        return ()
    texts = [one.strip() for one in block(lyrics).split("\n")]
    placed = _placed(timed, texts)
    return placed or tuple(_line(part) for part in _parts(timed))


def _timed(words: object) -> Iterable[Word]:
    if not isinstance(words, Sequence) or isinstance(words, str):
        return
    for entry in words[:MAX_WORDS]:
        if not isinstance(entry, Sequence) or isinstance(entry, str) or not entry:
            continue
        start = number(entry[0], most=1e5)
        if start is not None:
            yield from ((start, word) for word in line(entry[-1]).split())


def _placed(timed: Sequence[Word], texts: Sequence[str]) -> tuple[Line, ...]:
    """Place each word in the line of the text that it belongs to, if most do."""
    tokens = [
        (row, word)
        for row, text in enumerate(texts)
        if not _HEADING.fullmatch(text)
        for word in text.split()
    ]
    starts = _starts([word for _, word in tokens], timed)
    if len(starts) < MIN_SHARE * len(timed):
        return ()
    rows: dict[int, list[Word]] = {}
    last_s: dict[int, float] = {}
    for place, (row, word) in enumerate(tokens):
        start = starts.get(place, last_s.get(row))
        if start is not None:
            last_s[row] = start
            rows.setdefault(row, []).append((start, word))
    return tuple(
        Line(text, rows[row][0][0], _whole_line(text, rows[row]))
        if row in rows
        else Line(text)
        for row, text in enumerate(texts)
    )


def _starts(words: Sequence[str], timed: Sequence[Word]) -> dict[int, float]:
    """Return when words of the text are sung, by their place in it."""
    of_text = [_bare(word) for word in words]
    of_times = [_bare(word) for _, word in timed]
    if of_text == of_times:
        # As it mostly is; to look for the likest takes a hundred times as long.
        return {place: start for place, (start, _) in enumerate(timed)}
    matcher = SequenceMatcher(None, of_text, of_times, autojunk=False)
    return {
        match.a + step: timed[match.b + step][0]
        for match in matcher.get_matching_blocks()
        for step in range(match.size)
    }


def _whole_line(text: str, words: Sequence[Word]) -> tuple[Word, ...]:
    """Return the words if they are all of the line, so that none goes unseen."""
    return tuple(words) if len(words) == len(text.split()) else ()


def _parts(timed: Sequence[Word]) -> Iterable[Sequence[Word]]:
    begin = 0
    for place, (before, after) in enumerate(pairwise(timed), start=1):
        is_long = place - begin >= MAX_LINE_WORDS
        if is_long or after[0] - before[0] > PAUSE_S * 2:
            yield timed[begin:place]
            begin = place
    yield timed[begin:]


def _line(words: Sequence[Word]) -> Line:
    return Line(" ".join(word for _, word in words), words[0][0], tuple(words))


def _stamped_words(rest: str, ahead_s: float) -> tuple[Word, ...]:
    stamps = list(_WORD_STAMP.finditer(rest))
    if not stamps:
        return ()
    ends = [stamp.start() for stamp in stamps[1:]] + [len(rest)]
    words = [
        (max(0.0, _seconds(stamp) - ahead_s), line(rest[stamp.end() : end]))
        for stamp, end in zip(stamps, ends, strict=True)
    ]
    return tuple((start, word) for start, word in words if word)


def _seconds(stamp: re.Match[str]) -> float:
    minutes, seconds = stamp.groups()
    return 60 * int(minutes) + float(seconds.replace(":", "."))


def _bare(word: str) -> str:
    return "".join(char for char in word.casefold() if char.isalnum())
