"""The form of a song: its sections, their bars, and the lines sung in each."""

from typing import Final

import attrs

from aiomusic.composer._score import BEATS_PER_BAR
from aiomusic.composer._text import Stanza, split_syllables

ENERGY: Final = {
    "intro": 0.38,
    "verse": 0.55,
    "prechorus": 0.66,
    "chorus": 0.9,
    "bridge": 0.6,
    "inst": 0.78,
    "outro": 0.38,
}
# The form for each number of equal blocks.
_FORMS: Final = (
    ("chorus",),
    ("verse", "chorus"),
    ("intro", "verse", "chorus"),
    ("verse", "chorus", "verse", "chorus"),
    ("intro", "verse", "chorus", "verse", "chorus"),
    ("intro", "verse", "chorus", "verse", "chorus", "outro"),
    ("intro", "verse", "chorus", "verse", "chorus", "bridge", "chorus"),
    ("intro", "verse", "chorus", "verse", "chorus", "bridge", "chorus", "outro"),
)
_CYCLE: Final = ("verse", "chorus", "inst", "verse", "chorus", "bridge")
_LONG_LINE: Final = 13


@attrs.frozen(kw_only=True)
class Part:
    """A section to compose; each of *lines* takes *line_bars*, from the first bar."""

    kind: str
    bars: int
    lines: tuple[str, ...] = ()
    line_bars: int = 1


def free_form(bars: int) -> tuple[Part, ...]:
    """Return a form of exactly *bars*, for a song without lyrics."""
    size = 8 if bars >= 28 else 4 if bars >= 8 else 2 if bars >= 4 else bars
    blocks, rest = divmod(bars, size)
    parts = [Part(kind=kind, bars=size) for kind in _section_kinds(blocks)]
    return tuple(_with_rest(parts, rest))


def _section_kinds(blocks: int) -> tuple[str, ...]:
    if blocks <= len(_FORMS):
        return _FORMS[blocks - 1]
    middle = tuple(_CYCLE[n % len(_CYCLE)] for n in range(blocks - 3))
    return ("intro", *middle, "chorus", "outro")


def _with_rest(parts: list[Part], rest: int) -> list[Part]:
    if not rest:
        return parts
    if parts[0].kind != "intro":
        return [Part(kind="intro", bars=rest), *parts]
    if parts[-1].kind != "outro":
        return [*parts, Part(kind="outro", bars=rest)]
    return [*parts[:-1], attrs.evolve(parts[-1], bars=parts[-1].bars + rest)]


def sung_form(
    stanzas: tuple[Stanza, ...], bar_s: float, bars: int | None
) -> tuple[Part, ...]:
    """
    Return the form for lyrics.

    Args:
        stanzas: The lyrics.
        bar_s: Length of a bar in seconds.
        bars: Exact number of bars; None: as many as the lyrics need.
    """
    per_line = 1 if bar_s >= 1.75 else 2
    parts = [_part(stanza, per_line) for stanza in stanzas] or [
        _instrumental_part("inst", 4)
    ]
    if bars is None:
        return tuple(_with_intro_and_outro(parts))
    if per_line == 1 and 2 * _total(parts) <= bars:
        parts = [_part(stanza, 2) for stanza in stanzas] or parts
    if per_line == 2 and _total(parts) > bars:
        parts = [_part(stanza, 1) for stanza in stanzas] or parts
    return tuple(
        _truncated(parts, bars) if _total(parts) > bars else _extended(parts, bars)
    )


def _part(stanza: Stanza, per_line: int) -> Part:
    if not stanza.lines:
        return _instrumental_part(
            stanza.kind, 2 if stanza.kind in ("intro", "outro") else 4
        )
    if max(len(split_syllables(line)) for line in stanza.lines) > _LONG_LINE:
        per_line = 2
    bars = len(stanza.lines) * per_line
    return Part(
        kind=stanza.kind,
        bars=bars + bars % 2,
        lines=stanza.lines,
        line_bars=per_line,
    )


def _instrumental_part(kind: str, bars: int) -> Part:
    return Part(kind=kind, bars=bars)


def _total(parts: list[Part]) -> int:
    return sum(part.bars for part in parts)


def _with_intro_and_outro(parts: list[Part]) -> list[Part]:
    before = [] if parts[0].kind == "intro" else [_instrumental_part("intro", 2)]
    after = [] if parts[-1].kind == "outro" else [_instrumental_part("outro", 2)]
    return [*before, *parts, *after]


def _truncated(parts: list[Part], bars: int) -> list[Part]:
    kept: list[Part] = []
    for part in parts:
        left = bars - _total(kept)
        if left <= 0:
            break
        size = min(part.bars, left)
        lines = part.lines[: size // part.line_bars]
        kept.append(attrs.evolve(part, bars=size, lines=lines))
    return kept


def _extended(parts: list[Part], bars: int) -> list[Part]:
    """Extend to *bars*: an intro, repeats with breaks between, and an outro."""
    sung = [part for part in parts if part.lines] or parts
    spare = bars - _total(parts)
    if spare >= 2 and parts[0].kind != "intro":
        parts = [_instrumental_part("intro", 2 if spare < 6 else 4), *parts]
    number = _repeat_start(sung)
    while True:
        part = sung[number % len(sung)]
        # Two sections of the same kind need a break between them.
        break_bars = 4 if part.kind == parts[-1].kind or number % len(sung) == 0 else 0
        if bars - _total(parts) < part.bars + break_bars + 2:
            break
        parts = [
            *parts,
            *([_instrumental_part("inst", break_bars)] if break_bars else []),
            part,
        ]
        number += 1
    while bars - _total(parts) > 8:
        parts = [*parts, _instrumental_part("inst", 8)]
    return _with_outro(parts, bars - _total(parts))


def _repeat_start(sung: list[Part]) -> int:
    """Return the section at which a repeat starts: the chorus, if there is one."""
    kinds = [part.kind for part in sung]
    return kinds.index("chorus") if "chorus" in kinds and len(kinds) > 2 else 0


def _with_outro(parts: list[Part], spare: int) -> list[Part]:
    if not spare:
        return parts
    if parts[-1].kind == "outro":
        return [*parts[:-1], attrs.evolve(parts[-1], bars=parts[-1].bars + spare)]
    return [*parts, _instrumental_part("outro", spare)]


def timed_form(
    segments: tuple[tuple[str, float], ...], bar_s: float, bars: int
) -> tuple[Part, ...]:
    """Return sections of given lengths in seconds, each rounded to whole bars."""
    parts: list[Part] = []
    total_s = sum(length for _, length in segments)
    passed_s = 0.0
    for kind, length in segments:
        passed_s += length
        end = min(bars, max(_total(parts), round(passed_s / bar_s)))
        if passed_s >= total_s:
            end = bars
        if end > _total(parts):
            parts.append(Part(kind=kind, bars=end - _total(parts)))
    return tuple(parts)


def bar_length(tempo: float, meter: int = BEATS_PER_BAR) -> float:
    """Return the length of a bar of *meter* beats at *tempo* in seconds."""
    return 60.0 * meter / tempo
