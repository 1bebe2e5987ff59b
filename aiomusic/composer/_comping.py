"""Chords, pads, arpeggios and bass: step patterns over a chord progression."""

from collections.abc import Iterator
from typing import Final

import attrs

from aiomusic.composer._groove import NoteEvent
from aiomusic.composer._harmony import bass_pitch, voice_chord
from aiomusic.composer._random import SeededRandom
from aiomusic.composer._score import STEPS_PER_BEAT, LeadSheet, SheetSection
from aiomusic.composer._theory import Chord
from aiomusic.composer.styles import VELOCITIES, Layer

_STEP: Final = 1.0 / STEPS_PER_BEAT


def pattern_steps(pattern: str, total: int) -> Iterator[tuple[int, str, int]]:
    """Yield each note of a pattern over *total* steps: step, mark and length."""
    line = (pattern * (total // len(pattern) + 1))[:total]
    position = 0
    while position < total:
        end = position + 1
        while end < total and line[end] == "-":
            end += 1
        if line[position] not in ".-":
            yield position, line[position], end - position
        position = end


def _next_change(section: SheetSection, step: int, held: int) -> int:
    """Return the step of the next chord change, at most *held* steps away."""
    chord = section.chord_at(step)
    for later in range(step + 1, step + held):
        if section.chord_at(later) != chord:
            return later
    return step + held


def chord_events(sheet: LeadSheet, layer: Layer, rng: SeededRandom) -> list[NoteEvent]:
    """Return the notes of a chord, pad or arpeggio layer for the whole song."""
    pattern = rng.choice(layer.patterns)
    events: list[NoteEvent] = []
    before: tuple[int, ...] = ()
    start = 0.0
    for section in sheet.sections:
        if layer.energy[0] <= section.energy <= layer.energy[1]:
            for step, mark, held in pattern_steps(pattern, section.steps):
                for position, length in _split_at_changes(section, step, held):
                    before = voice_chord(
                        section.chord_at(position),
                        before,
                        low=layer.low,
                        high=layer.high,
                        voicing=layer.voicing,
                    )
                    beat = start + position * _STEP
                    chord = _chord_events(
                        mark, before, beat, length, layer=layer, rng=rng
                    )
                    events += [
                        _scaled_by_energy(event, section.energy) for event in chord
                    ]
        start += section.beats
    return events


def _scaled_by_energy(event: NoteEvent, energy: float) -> NoteEvent:
    """Lower the velocity in sections of low energy."""
    velocity = event.velocity * (0.66 + 0.34 * min(1.0, energy / 0.9))
    return attrs.evolve(event, velocity=round(velocity, 3))


def _split_at_changes(
    section: SheetSection, step: int, held: int
) -> Iterator[tuple[int, float]]:
    end = step + held
    while step < end:
        change = _next_change(section, step, end - step)
        yield step, (change - step) * _STEP
        step = change


def _chord_events(
    mark: str,
    pitches: tuple[int, ...],
    beat: float,
    length: float,
    *,
    layer: Layer,
    rng: SeededRandom,
) -> list[NoteEvent]:
    chosen = (_chord_tone(pitches, int(mark)),) if mark.isdigit() else pitches
    velocity = VELOCITIES.get(mark, 0.7)
    return [
        NoteEvent(
            start=beat,
            length=length * layer.gate,
            pitch=pitch,
            velocity=round(velocity * rng.uniform(0.88, 1.0), 3),
        )
        for pitch in chosen
    ]


def _chord_tone(pitches: tuple[int, ...], number: int) -> int:
    octave, position = divmod(number, len(pitches))
    return pitches[position] + 12 * octave


def bass_events(sheet: LeadSheet, layer: Layer, rng: SeededRandom) -> list[NoteEvent]:
    """Return the notes of the bass for the whole song."""
    pattern = rng.choice(layer.patterns)
    events: list[NoteEvent] = []
    near = layer.low + 5.0
    start = 0.0
    for number, section in enumerate(sheet.sections):
        next_section = sheet.sections[(number + 1) % len(sheet.sections)]
        if layer.energy[0] <= section.energy <= layer.energy[1]:
            for step, mark, held in pattern_steps(pattern, section.steps):
                position = _next_change(section, step, held)
                pitch = _bass_pitch(
                    mark,
                    section,
                    step,
                    next_section_chord=next_section.chords[0],
                    layer=layer,
                    near=near,
                    rng=rng,
                )
                near = 0.5 * pitch + 0.5 * (layer.low + 6)
                events.append(
                    NoteEvent(
                        start=start + step * _STEP,
                        length=(position - step) * _STEP * layer.gate,
                        pitch=pitch,
                        velocity=0.95 if mark == "R" else 0.82,
                    )
                )
        start += section.beats
    return events


def _bass_pitch(
    mark: str,
    section: SheetSection,
    step: int,
    *,
    next_section_chord: Chord,
    layer: Layer,
    near: float,
    rng: SeededRandom,
) -> int:
    chord = section.chord_at(step)
    beyond = (step // section.bar_steps + 1) * section.bar_steps
    is_end = beyond >= section.steps
    next_chord = next_section_chord if is_end else section.chord_at(beyond)
    match mark:
        case "a" if next_chord.root != chord.root:
            below = bass_pitch(next_chord.root, layer.low, layer.high, near)
            return below - 1 if below > layer.low else below + 1
        case "a" | "5":
            tone = chord.tones[2 if len(chord.tones) > 2 else 1]
        case "3":
            tone = chord.tones[1]
        case "7":
            tone = chord.tones[-1]
        case "w":
            return _walking_pitch(
                chord, next_chord, step, layer=layer, near=near, rng=rng
            )
        case "8":
            root = bass_pitch(chord.root, layer.low, layer.high, near)
            return root + 12
        case _:
            tone = chord.root
    return bass_pitch(tone, layer.low, layer.high, near)


def _walking_pitch(
    chord: Chord,
    next_chord: Chord,
    step: int,
    *,
    layer: Layer,
    near: float,
    rng: SeededRandom,
) -> int:
    beat = step // STEPS_PER_BEAT % 4
    if beat == 0:
        return bass_pitch(chord.root, layer.low, layer.high, near)
    if beat == 3:
        goal = bass_pitch(next_chord.root, layer.low, layer.high, near)
        return goal + (-1 if rng.chance(0.6) and goal > layer.low else 1)
    tone = chord.tones[1] if beat == 1 else chord.tones[2 % len(chord.tones)]
    return bass_pitch(tone, layer.low, layer.high, near + rng.uniform(-3, 3))
