# ruff: noqa: PLR2004 (energies and bars are what this file is about)
"""Drums: patterns, fills and crashes."""

from functools import lru_cache
from typing import Final

import attrs

from aiomusic.composer._random import SeededRandom
from aiomusic.composer._score import BEATS_PER_BAR, LeadSheet, SheetSection
from aiomusic.composer.styles import STEPS, VELOCITIES, Groove

DRUM_PITCHES: Final = {
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
class NoteEvent:
    """A struck, plucked or sung event: beats from the song's start."""

    start: float
    length: float
    pitch: int
    velocity: float
    syllable: str = ""


@lru_cache(maxsize=256)
def _grid(pattern: str) -> tuple[tuple[int, str], ...]:
    rows = (line.split() for line in pattern.strip().splitlines())
    return tuple((DRUM_PITCHES[name], steps) for name, steps in rows)


def drums(sheet: LeadSheet, groove: Groove, rng: SeededRandom) -> list[NoteEvent]:
    """Play the whole song on the drums."""
    soft, full = rng.choice(groove.soft), rng.choice(groove.full)
    hits: list[NoteEvent] = []
    start = 0.0
    last = 0.0
    for stretch in sheet.sections:
        pattern = full if stretch.energy >= 0.7 else soft
        fill = rng.choice(groove.fills)
        hits += _section(stretch, start, pattern, fill, rng)
        if stretch.energy >= 0.7 and stretch.energy > last and start:
            hits.append(
                NoteEvent(
                    start=start, length=4, pitch=DRUM_PITCHES["crash"], velocity=0.8
                )
            )
        last = stretch.energy
        start += stretch.beats
    return hits


def _section(
    stretch: SheetSection, start: float, pattern: str, fill: str, rng: SeededRandom
) -> list[NoteEvent]:
    hits: list[NoteEvent] = []
    has_fill = stretch.bars >= 2 and stretch.kind != "outro"
    for bar in range(stretch.bars):
        place = start + bar * BEATS_PER_BAR
        is_last = bar == stretch.bars - 1
        for pitch, steps in _grid(pattern):
            if stretch.kind == "intro" and pitch in _BACKBEAT:
                continue
            kept = _HALF if has_fill and is_last else STEPS
            hits += _bar(pitch, _of_bar(steps, bar)[:kept], place, rng)
        if has_fill and is_last:
            for pitch, steps in _grid(fill):
                late = "." * _HALF + _of_bar(steps, bar)[_HALF:]
                hits += _bar(pitch, late, place, rng)
    return hits


_HALF: Final = STEPS // 2
_BACKBEAT: Final = (DRUM_PITCHES["snare"], DRUM_PITCHES["clap"])


def _of_bar(steps: str, bar: int) -> str:
    bars = max(1, len(steps) // STEPS)
    place = bar % bars * STEPS
    return steps[place : place + STEPS]


def _bar(pitch: int, steps: str, start: float, rng: SeededRandom) -> list[NoteEvent]:
    return [
        NoteEvent(
            start=start + step * BEATS_PER_BAR / STEPS,
            length=0.25,
            pitch=pitch,
            velocity=round(VELOCITIES[mark] * rng.uniform(0.9, 1.0), 3),
        )
        for step, mark in enumerate(steps)
        if mark in VELOCITIES
    ]
