"""
A small synthesiser that needs the standard library alone.

It works at half the sample rate, caches every tone, and adds tones with ``map()``,
the fastest way in pure Python.
"""

import math
import operator
import random
import sys
import wave
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import attrs

from aiomusic.composer._groove import DRUM_PITCHES
from aiomusic.composer._score import Note, Score, Track

_RATE: Final = 22050
_TABLE: Final = 1024
_NAMES: Final = {pitch: name for name, pitch in DRUM_PITCHES.items()}
# Harmonics, decay in seconds (0: sustained), attack in seconds.
_PATCHES: Final = {
    "voice": ((1, 0.6, 0.45, 0.25, 0.1, 0.06), 0.0, 0.05),
    "warm-pad": ((1, 0.3, 0.15, 0.06), 0.0, 0.25),
    "strings": ((1, 0.5, 0.33, 0.25, 0.2, 0.15), 0.0, 0.12),
    "choir": ((1, 0.5, 0.2, 0.1), 0.0, 0.2),
    "men": ((1, 0.6, 0.3, 0.15, 0.1), 0.0, 0.15),
    "accordion": ((1, 0.6, 0.5, 0.4, 0.3), 0.0, 0.03),
    "reese": ((1, 0.5, 0.33, 0.25), 0.0, 0.01),
    "high-gain": ((1, 0.9, 0.8, 0.7, 0.7, 0.6, 0.6, 0.5), 2.0, 0.004),
    "organ": ((1, 0.7, 0.4, 0.3, 0, 0.2), 0.0, 0.01),
    "flute": ((1, 0.2, 0.05), 0.0, 0.05),
    "synth-lead": ((1, 0.5, 0.33, 0.25, 0.2, 0.16), 0.0, 0.01),
    "brass": ((1, 0.8, 0.6, 0.4, 0.3, 0.2), 0.0, 0.04),
    "sax": ((1, 0.7, 0.5, 0.4, 0.2), 0.0, 0.03),
    "distorted": ((1, 0.9, 0.7, 0.6, 0.5, 0.4, 0.3), 3.0, 0.005),
    "square": ((1, 0, 0.33, 0, 0.2, 0, 0.14), 0.0, 0.003),
    "triangle": ((1, 0, -0.11, 0, 0.04), 0.0, 0.003),
    "saw-bass": ((1, 0.5, 0.33, 0.25, 0.2), 1.0, 0.004),
    "sub": ((1, 0.1), 1.5, 0.01),
}
_PLUCKED: Final = ((1, 0.5, 0.3, 0.2, 0.1, 0.05), 0.5, 0.003)

Samples = list[float]


def write_wav(score: Score, path: Path) -> None:
    """Render *score* to a 16-bit stereo WAV file of 44.1 kHz."""
    left, right = _mix(score)
    frames = array("h", bytes(8 * len(left)))
    frames[0::4] = _to_int16(left)
    frames[1::4] = _to_int16(right)
    frames[2::4] = _to_int16(_midpoints(left))
    frames[3::4] = _to_int16(_midpoints(right))
    if sys.byteorder == "big":
        frames.byteswap()
    samples = round(score.duration_s * 2 * _RATE)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(2 * _RATE)
        file.writeframes(frames[: 2 * samples].tobytes())


def _midpoints(samples: Samples) -> Iterator[float]:
    return ((a + b) / 2 for a, b in zip(samples, [*samples[1:], 0.0], strict=True))


def _to_int16(samples: Iterator[float] | Samples) -> "array[int]":
    return array("h", [int(32767 * sample) for sample in samples])


def _mix(score: Score) -> tuple[Samples, Samples]:
    whole = _sides(attrs.evolve(score, stem=None))
    levelled = _normalized(*whole)
    if score.stem is None:
        return levelled
    # Each sample is scaled as the mix is, so that the stems sum to it.
    left, right = (
        [part * out / mix if mix else 0.0 for part, out, mix in zip(*side, strict=True)]
        for side in zip(_sides(score), levelled, whole, strict=True)
    )
    return left, right


def _sides(score: Score) -> tuple[Samples, Samples]:
    """Sum the tracks that are heard, on both sides."""
    frames = math.ceil(score.duration_s * _RATE) + 1
    buses = [[0.0] * frames for _ in range(3)]
    cache = _ToneCache()
    for track in score.tracks:
        bus = buses[1 + (track.pan > 0.15) - (track.pan < -0.15)]
        _add_track(track, bus, cache)
    left_bus, middle, right_bus = buses
    left = [
        m + a + 0.4 * b for a, m, b in zip(left_bus, middle, right_bus, strict=True)
    ]
    right = [
        m + 0.4 * a + b for a, m, b in zip(left_bus, middle, right_bus, strict=True)
    ]
    return left, right


def _normalized(left: Samples, right: Samples) -> tuple[Samples, Samples]:
    """Normalize the loudness, compress peaks and fade out the end."""
    power = sum(map(operator.mul, left, left)) + sum(map(operator.mul, right, right))
    gain = 0.16 / max(1e-6, math.sqrt(power / (2 * len(left))))
    fade = min(len(left) // 4, int(1.2 * _RATE))
    slope = [1.0] * (len(left) - fade) + [1 - n / fade for n in range(fade)]
    tanh = math.tanh
    return (
        [0.85 * tanh(gain * x) * s for x, s in zip(left, slope, strict=True)],
        [0.85 * tanh(gain * x) * s for x, s in zip(right, slope, strict=True)],
    )


def _add_track(track: Track, bus: Samples, cache: "_ToneCache") -> None:
    gain = 10 ** (track.gain_db / 20)
    for note in track.notes:
        level = round(16 * note.velocity) / 16 * gain
        tone = cache.tone(track, note, level)
        start = int(note.start_s * _RATE)
        end = min(len(bus), start + len(tone))
        bus[start:end] = map(operator.add, bus[start:end], tone)


class _ToneCache:
    """Makes tones and caches them."""

    def __init__(self) -> None:
        self._tones: dict[tuple[str, int, int, float], Samples] = {}
        self._waves: dict[str, Samples] = {}

    def tone(self, track: Track, note: Note, level: float) -> Samples:
        """Return the samples of *note*, scaled by *level*."""
        is_drum = track.role == "drums"
        length = 0 if is_drum else round(note.length_s * 25)
        key = (track.patch, note.pitch, length, level)
        if key not in self._tones:
            plain = (track.patch, note.pitch, length, 0.0)
            if plain not in self._tones:
                self._tones[plain] = (
                    _drum(_NAMES[note.pitch])
                    if is_drum
                    else self._make_tone(track.patch, note.pitch, length / 25)
                )
            self._tones[key] = [level * sample for sample in self._tones[plain]]
        return self._tones[key]

    def _make_tone(self, patch: str, pitch: int, length_s: float) -> Samples:
        harmonics, decay_s, attack_s = _PATCHES.get(patch, _PLUCKED)
        hertz = 440 * 2 ** ((pitch - 69) / 12)
        wave_table = self._wave_table(patch, harmonics, hertz)
        frames = int((max(0.06, length_s) + 0.06) * _RATE)
        step = hertz * _TABLE / _RATE
        shape = _envelope(frames, decay_s, attack_s)
        mask = _TABLE - 1
        return [wave_table[int(n * step) & mask] * s for n, s in enumerate(shape)]

    def _wave_table(
        self, patch: str, harmonics: tuple[float, ...], hertz: float
    ) -> Samples:
        high = max(1, int(0.45 * _RATE / hertz))
        name = f"{patch}/{min(high, len(harmonics))}"
        if name not in self._waves:
            omega = 2 * math.pi / _TABLE
            level = 0.3 / sum(map(abs, harmonics)) ** 0.5
            self._waves[name] = [
                level
                * sum(
                    part * math.sin(omega * n * (k + 1))
                    for k, part in enumerate(harmonics[:high])
                )
                for n in range(_TABLE)
            ]
        return self._waves[name]


def _envelope(frames: int, decay_s: float, attack_s: float) -> Iterator[float]:
    attack = min(frames // 3, int(attack_s * _RATE)) or 1
    release = min(frames // 3, int(0.06 * _RATE)) or 1
    fall = math.exp(-1 / (decay_s * _RATE)) if decay_s else 1.0
    level = 1.0
    for n in range(frames):
        level *= fall
        yield level * min(1.0, n / attack, (frames - n) / release)


def _drum(name: str) -> Samples:
    make = _DRUM_KINDS.get(name, _tick)
    return make(name)


def _kick(name: str) -> Samples:
    low = 38.0 if name in ("taiko", "timp") else 48.0
    frames = int(0.35 * _RATE)
    phase = 0.0
    tone: Samples = []
    for n in range(frames):
        phase += 2 * math.pi * (low + 110 * math.exp(-n / 400)) / _RATE
        tone.append(0.95 * math.sin(phase) * math.exp(-n / 2600) * (1 - n / frames))
    return tone


def _snare(name: str) -> Samples:
    noise = random.Random(name)
    frames = int(0.2 * _RATE)
    omega = 2 * math.pi * 190 / _RATE
    return [
        (0.35 * noise.uniform(-1, 1) + 0.3 * math.sin(omega * n) * math.exp(-n / 700))
        * math.exp(-n / 1300)
        * (1 - n / frames)
        for n in range(frames)
    ]


def _tom(name: str) -> Samples:
    hertz = {"lowtom": 90, "tom": 130, "hightom": 170}.get(name, 220)
    frames = int(0.25 * _RATE)
    omega = 2 * math.pi * hertz / _RATE
    return [
        0.5 * math.sin(omega * n) * math.exp(-n / 1500) * (1 - n / frames)
        for n in range(frames)
    ]


def _tick(name: str) -> Samples:
    noise = random.Random(name)
    length_s = {"crash": 1.2, "open": 0.3, "ride": 0.5, "swell": 1.0}.get(name, 0.06)
    frames = int(length_s * _RATE)
    before = 0.0
    tone: Samples = []
    for n in range(frames):
        sample = noise.uniform(-1, 1)
        tone.append(0.16 * (sample - before) * math.exp(-4 * n / frames))
        before = sample
    return tone


_DRUM_KINDS: Final[dict[str, Callable[[str], Samples]]] = {
    "kick": _kick,
    "taiko": _kick,
    "timp": _kick,
    "snare": _snare,
    "clap": _snare,
    "brush": _snare,
    "lowtom": _tom,
    "tom": _tom,
    "hightom": _tom,
    "conga": _tom,
    "lowconga": _tom,
}
