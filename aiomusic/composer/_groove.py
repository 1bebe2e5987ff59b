"""Drums: patterns, fills and crashes."""

from functools import lru_cache
from typing import Final

import attrs

from aiomusic.composer._random import SeededRandom
from aiomusic.composer._score import STEPS_PER_BEAT, LeadSheet, SheetSection
from aiomusic.composer.styles import VELOCITIES, Groove

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
    """One note of any instrument, timed in beats from the start of the song."""

    start: float
    length: float
    pitch: int
    velocity: float
    syllable: str = ""


@lru_cache(maxsize=256)
def _parse_pattern(pattern: str) -> tuple[tuple[int, str], ...]:
    rows = (line.split() for line in pattern.strip().splitlines())
    return tuple((DRUM_PITCHES[name], steps) for name, steps in rows)


def drum_events(sheet: LeadSheet, groove: Groove, rng: SeededRandom) -> list[NoteEvent]:
    """Return the drum notes of the whole song."""
    soft, full = rng.choice(groove.soft), rng.choice(groove.full)
    events: list[NoteEvent] = []
    start = 0.0
    last = 0.0
    for section in sheet.sections:
        pattern = full if section.energy >= 0.7 else soft
        fill = rng.choice(groove.fills)
        events += _section_events(section, start, pattern, fill, rng)
        if section.energy >= 0.7 and section.energy > last and start:
            events.append(
                NoteEvent(
                    start=start, length=4, pitch=DRUM_PITCHES["crash"], velocity=0.8
                )
            )
        last = section.energy
        start += section.beats
    return events


def _section_events(
    section: SheetSection, start: float, pattern: str, fill: str, rng: SeededRandom
) -> list[NoteEvent]:
    events: list[NoteEvent] = []
    has_fill = section.bars >= 2 and section.kind != "outro"
    size, half = section.bar_steps, section.bar_steps // 2
    for bar in range(section.bars):
        position = start + bar * section.meter
        is_last = bar == section.bars - 1
        for pitch, steps in _parse_pattern(pattern):
            if section.kind == "intro" and pitch in _BACKBEAT:
                continue
            kept = half if has_fill and is_last else size
            played = _bar_steps(steps, bar, size)[:kept]
            events += _bar_events(pitch, played, position, rng)
        if has_fill and is_last:
            for pitch, steps in _parse_pattern(fill):
                fill_steps = "." * half + _bar_steps(steps, bar, size)[half:]
                events += _bar_events(pitch, fill_steps, position, rng)
    return events


_BACKBEAT: Final = (DRUM_PITCHES["snare"], DRUM_PITCHES["clap"])


def _bar_steps(steps: str, bar: int, size: int) -> str:
    bars = max(1, len(steps) // size)
    position = bar % bars * size
    return steps[position : position + size]


def _bar_events(
    pitch: int, steps: str, start: float, rng: SeededRandom
) -> list[NoteEvent]:
    return [
        NoteEvent(
            start=start + step / STEPS_PER_BEAT,
            length=0.25,
            pitch=pitch,
            velocity=round(VELOCITIES[mark] * rng.uniform(0.9, 1.0), 3),
        )
        for step, mark in enumerate(steps)
        if mark in VELOCITIES
    ]
