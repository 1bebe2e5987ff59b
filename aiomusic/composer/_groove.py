# ruff: noqa: PLR2004 (energies and bars are what this file is about)
"""Drums: patterns, fills and crashes."""

from functools import lru_cache
from typing import Final

import attrs

from aiomusic.composer._dice import Dice
from aiomusic.composer._score import BEATS, Sheet, Stretch
from aiomusic.composer.styles import LOUD, STEPS, Groove

DRUMS: Final = {
    "taiko": 35,
    "kick": 36,
    "rim": 37,
    "snare": 38,
    "clap": 39,
    "brush": 40,
    "timp": 41,
    "hat": 42,
    "lowtom": 43,
    "pedal": 44,
    "tom": 45,
    "open": 46,
    "hightom": 48,
    "crash": 49,
    "ride": 51,
    "tamb": 54,
    "cowbell": 56,
    "snap": 58,
    "conga": 63,
    "lowconga": 64,
    "shaker": 70,
    "clave": 75,
    "swell": 81,
}


@attrs.frozen(kw_only=True)
class Hit:
    """A struck, plucked or sung event: beats from the song's start."""

    start: float
    length: float
    pitch: int
    velocity: float
    syllable: str = ""


@lru_cache(maxsize=256)
def _grid(pattern: str) -> tuple[tuple[int, str], ...]:
    rows = (line.split() for line in pattern.strip().splitlines())
    return tuple((DRUMS[name], steps) for name, steps in rows)


def drums(sheet: Sheet, groove: Groove, dice: Dice) -> list[Hit]:
    """Play the whole song on the drums."""
    soft, full = dice.pick(groove.soft), dice.pick(groove.full)
    hits: list[Hit] = []
    start = 0.0
    last = 0.0
    for stretch in sheet.stretches:
        pattern = full if stretch.energy >= 0.7 else soft
        fill = dice.pick(groove.fills)
        hits += _section(stretch, start, pattern, fill, dice)
        if stretch.energy >= 0.7 and stretch.energy > last and start:
            hits.append(Hit(start=start, length=4, pitch=DRUMS["crash"], velocity=0.8))
        last = stretch.energy
        start += stretch.beats
    return hits


def _section(
    stretch: Stretch, start: float, pattern: str, fill: str, dice: Dice
) -> list[Hit]:
    hits: list[Hit] = []
    has_fill = stretch.bars >= 2 and stretch.kind != "outro"
    for bar in range(stretch.bars):
        place = start + bar * BEATS
        is_last = bar == stretch.bars - 1
        for pitch, steps in _grid(pattern):
            if stretch.kind == "intro" and pitch in _BACKBEAT:
                continue
            kept = _HALF if has_fill and is_last else STEPS
            hits += _bar(pitch, _of_bar(steps, bar)[:kept], place, dice)
        if has_fill and is_last:
            for pitch, steps in _grid(fill):
                late = "." * _HALF + _of_bar(steps, bar)[_HALF:]
                hits += _bar(pitch, late, place, dice)
    return hits


_HALF: Final = STEPS // 2
_BACKBEAT: Final = (DRUMS["snare"], DRUMS["clap"])


def _of_bar(steps: str, bar: int) -> str:
    bars = max(1, len(steps) // STEPS)
    place = bar % bars * STEPS
    return steps[place : place + STEPS]


def _bar(pitch: int, steps: str, start: float, dice: Dice) -> list[Hit]:
    return [
        Hit(
            start=start + step * BEATS / STEPS,
            length=0.25,
            pitch=pitch,
            velocity=round(LOUD[mark] * dice.between(0.9, 1.0), 3),
        )
        for step, mark in enumerate(steps)
        if mark in LOUD
    ]
