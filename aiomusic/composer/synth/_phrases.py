"""Phrases of a singer: the notes of one breath, and the pitch that they have."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from aiomusic.composer._score import Note
from aiomusic.composer._voice import Voice
from aiomusic.composer.synth._waves import RATE, Curve, pitch_to_hertz

_BREATH_GAP_S: Final = 0.22
_MAX_PHRASE_S: Final = 8.0
_TAIL_S: Final = 0.35
_HOP: Final = 64


def phrases_of(notes: Sequence[Note]) -> Iterator[list[Note]]:
    """Yield the notes of each phrase, which ends where the singer breathes."""
    phrase: list[Note] = []
    for note in sorted(notes, key=lambda note: note.start_s):
        end_s = phrase[-1].start_s + phrase[-1].length_s if phrase else 0.0
        is_breath = note.start_s - end_s > _BREATH_GAP_S
        is_long = bool(phrase) and note.start_s - phrase[0].start_s > _MAX_PHRASE_S
        if phrase and (is_breath or is_long):
            yield phrase
            phrase = []
        phrase.append(note)
    if phrase:
        yield phrase


def phrase_frames(notes: Sequence[Note], begin_s: float) -> int:
    """Return the length of the sound of a phrase that begins at *begin_s*."""
    end_s = notes[-1].start_s + notes[-1].length_s
    return int((end_s - begin_s + _TAIL_S) * RATE)


def pulse_times(notes: Sequence[Note], voice: Voice, begin_s: float) -> Curve:
    """Return the seconds from *begin_s* at which the voice has a period."""
    phase = _phase(notes, voice, begin_s, phrase_frames(notes, begin_s))
    pulses = np.arange(1, int(phase[-1]))
    times: Curve = np.interp(pulses, phase, np.arange(len(phase)) * (_HOP / RATE))
    return times


def _phase(notes: Sequence[Note], voice: Voice, begin_s: float, frames: int) -> Curve:
    """Return the phase of the voice in periods, one value for each hop."""
    hops = frames // _HOP + 2
    time = np.arange(hops) * (_HOP / RATE)
    glide_s = 0.004 if voice.robot else 0.07
    pitch = np.full(hops, float(notes[0].pitch))
    vibrato = np.zeros(hops)
    for before, note in zip([notes[0], *notes], notes, strict=False):
        start = note.start_s - begin_s
        moved = np.clip((time - start + 0.6 * glide_s) / glide_s, 0.0, 1.0)
        pitch += (note.pitch - before.pitch) * (moved * moved * (3 - 2 * moved))
        held = np.clip((time - start - 0.22) / 0.35, 0.0, 1.0)
        vibrato = np.where(time >= start, held, vibrato)
    drift = 0.0 if voice.robot else 0.05
    pitch += drift * np.sin(2 * np.pi * (0.9 * time + 0.13 * begin_s))
    pitch += voice.vibrato * vibrato * np.sin(2 * np.pi * 5.6 * time)
    hertz = pitch_to_hertz(69) * 2.0 ** ((pitch - 69) / 12)
    return np.cumsum(hertz) * (_HOP / RATE)
