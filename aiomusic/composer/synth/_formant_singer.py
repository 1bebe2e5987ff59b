"""
Singing by letters: formant synthesis by overlapping grains.

Each period of the voice adds one grain, a sum of decaying formants, positioned to a
fraction of a sample; between two vowels the grains are blended. The words choose
the grains, the melody their times.
"""

from functools import lru_cache
from typing import Final, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from aiomusic.composer._phonemes import Phonemes, phonemes_of
from aiomusic.composer._score import Note
from aiomusic.composer._voice import Voice
from aiomusic.composer.synth._phrases import phrase_frames
from aiomusic.composer.synth._waves import (
    RATE,
    Curve,
    Sound,
    filtered,
    noise,
    resonances,
)

# Formants of a grown man: hertz of the first three, level of each in dB.
_FORMANTS: Final = {
    "A": ((730, 1090, 2440), (0, -4, -16)),
    "a": ((750, 1200, 2450), (0, -4, -15)),
    "&": ((660, 1720, 2410), (0, -6, -12)),
    "V": ((640, 1190, 2390), (0, -7, -16)),
    "e": ((530, 1840, 2480), (0, -8, -12)),
    "I": ((390, 1990, 2550), (0, -10, -13)),
    "i": ((280, 2250, 2950), (0, -12, -14)),
    "O": ((570, 840, 2410), (0, -3, -22)),
    "o": ((450, 820, 2400), (0, -5, -22)),
    "U": ((440, 1020, 2240), (0, -8, -20)),
    "u": ((310, 870, 2250), (0, -8, -24)),
    "3": ((490, 1350, 1690), (0, -7, -10)),
    "m": ((260, 1000, 2200), (-4, -22, -28)),
    "n": ((270, 1400, 2300), (-4, -20, -26)),
    "ng": ((270, 1800, 2400), (-5, -22, -26)),
    "l": ((350, 1050, 2700), (-3, -12, -20)),
    "r": ((380, 1150, 1600), (-3, -9, -13)),
    "w": ((300, 700, 2200), (-3, -12, -26)),
    "y": ((280, 2200, 2900), (-3, -12, -16)),
    "v": ((260, 1100, 2300), (-9, -20, -26)),
}
_SYMBOLS: Final = tuple(_FORMANTS)
_UPPER_FORMANTS: Final = ((3500, -16), (4500, -21))
# Presence boost, in dB at 3 kHz.
_PRESENCE: Final = 3.0
_WIDTHS: Final = (75.0, 95.0, 130.0, 200.0, 280.0)
# Noise of consonants: low and high (hertz), seconds, level.
_CONSONANT_NOISES: Final = {
    "s": (5200, 9500, 0.09, 0.050),
    "z": (5000, 9000, 0.06, 0.025),
    "sh": (2400, 6500, 0.09, 0.050),
    "ch": (2600, 7000, 0.07, 0.060),
    "f": (1500, 9000, 0.07, 0.015),
    "th": (1800, 9000, 0.06, 0.015),
    "h": (700, 3500, 0.06, 0.025),
    "t": (3000, 8000, 0.03, 0.065),
    "d": (2500, 6000, 0.018, 0.040),
    "k": (1400, 3800, 0.035, 0.060),
    "g": (1200, 3000, 0.018, 0.035),
    "p": (500, 2500, 0.025, 0.050),
    "b": (300, 1500, 0.015, 0.035),
}
_STOPS: Final = frozenset("tdkgpb")
_VOICED_CONSONANTS: Final = frozenset(("m", "n", "ng", "l", "r", "w", "y", "v"))
_GRAIN: Final = 1024
_SUBSAMPLES: Final = 8
_BATCH: Final = 400
_HOP: Final = 64
_CONSONANT_S: Final = 0.065

Grains: TypeAlias = npt.NDArray[np.float32]


@attrs.frozen(kw_only=True)
class _ArticulationPoint:
    """The phoneme and the level at one time of a phrase."""

    time_s: float
    symbol: str
    level: float


def sing_formants(
    notes: list[Note], voice: Voice, begin_s: float, pulses: Curve, name: str
) -> Sound:
    """
    Sing a phrase by the sound of its letters.

    Args:
        begin_s: The second of the song at which the sound begins.
        pulses: Seconds of it at which the voice has a period.
        name: Of the noise, which is the same for the same name.
    """
    frames = phrase_frames(notes, begin_s)
    syllables = [phonemes_of(note.syllable) for note in notes]
    points = _articulation(notes, syllables, begin_s)
    samples = _render_pulses(pulses, points, voice, frames)
    if voice.breath:
        samples += _breath_noise(points, voice, frames, name)
    for note, phonemes in zip(notes, syllables, strict=True):
        _add_consonants(samples, note, phonemes, begin_s)
    return samples


def _articulation(
    notes: list[Note], syllables: list[Phonemes], begin_s: float
) -> list[_ArticulationPoint]:
    """Return the articulation of a phrase over time."""
    points = [_ArticulationPoint(time_s=0.0, symbol="V", level=0.0)]
    for number, (note, phonemes) in enumerate(zip(notes, syllables, strict=True)):
        start = note.start_s - begin_s
        end = start + note.length_s
        after = notes[number + 1].start_s - begin_s if number + 1 < len(notes) else end
        is_joined = after - end < 0.06 and number + 1 < len(notes)
        points += _onset(phonemes, start, points[-1], note.velocity)
        points += _nucleus(phonemes, start, after if is_joined else end, note.velocity)
        points += _coda(phonemes, after if is_joined else end, note.velocity, is_joined)
    return points


def _onset(
    phonemes: Phonemes, start: float, before: _ArticulationPoint, level: float
) -> list[_ArticulationPoint]:
    voiced = [sound for sound in phonemes.onset if sound in _VOICED_CONSONANTS]
    has_gap = any(sound in _CONSONANT_NOISES for sound in phonemes.onset)
    first = start - 0.03 - _CONSONANT_S * len(voiced)
    first = max(first, before.time_s + 0.02)
    points: list[_ArticulationPoint] = []
    if not before.level:
        rest = max(before.time_s + 0.01, first - 0.04)
        points.append(attrs.evolve(before, time_s=rest))
    elif has_gap:
        gap = max(before.time_s + 0.01, first - 0.05)
        points.append(_ArticulationPoint(time_s=gap, symbol=before.symbol, level=0.0))
        silent = _ArticulationPoint(
            time_s=first, symbol=(voiced or phonemes.vowel)[0], level=0.0
        )
        points.append(silent)
    for number, sound in enumerate(voiced):
        time_s = first + 0.012 + _CONSONANT_S * number
        points.append(
            _ArticulationPoint(time_s=time_s, symbol=sound, level=0.55 * level)
        )
    return points


def _nucleus(
    phonemes: Phonemes, start: float, end: float, level: float
) -> list[_ArticulationPoint]:
    coda_s = 0.05 + 0.04 * len(phonemes.coda)
    stop = max(start + 0.05, end - min(coda_s, 0.4 * (end - start)))
    first, last = phonemes.vowel[0], phonemes.vowel[-1]
    glide_s = start + (0.62 if first != last else 0.5) * (stop - start)
    return [
        _ArticulationPoint(time_s=start + 0.03, symbol=first, level=level),
        _ArticulationPoint(
            time_s=max(start + 0.035, glide_s), symbol=first, level=level
        ),
        _ArticulationPoint(
            time_s=max(start + 0.04, stop), symbol=last, level=0.92 * level
        ),
    ]


def _coda(
    phonemes: Phonemes, end: float, level: float, is_joined: bool
) -> list[_ArticulationPoint]:
    voiced = [sound for sound in phonemes.coda if sound in _VOICED_CONSONANTS]
    points: list[_ArticulationPoint] = []
    if voiced:
        points.append(
            _ArticulationPoint(time_s=end - 0.02, symbol=voiced[0], level=0.5 * level)
        )
    if not is_joined:
        symbol = voiced[0] if voiced else phonemes.vowel[-1]
        points.append(_ArticulationPoint(time_s=end + 0.09, symbol=symbol, level=0.0))
    return points


def _render_pulses(
    time: Curve, points: list[_ArticulationPoint], voice: Voice, frames: int
) -> Sound:
    level, left, right, share = _interpolate(points, time)
    rate = np.gradient(time) if len(time) > 1 else np.full(len(time), 0.005)
    # Loudness must not depend on the number of pulses per second.
    level = level * np.sqrt(np.clip(rate, 0.001, 0.02) * 200)
    out = np.zeros(frames + _GRAIN, dtype=np.float32)
    grains = _grains(voice.formant_scale, voice.bright)
    audible = np.flatnonzero(level > 1e-3)
    # In batches, to bound the memory of a long phrase.
    for batch in np.array_split(audible, len(audible) // _BATCH + 1):
        position = time[batch] * RATE
        start = position.astype(int)
        subsample = ((position - start) * _SUBSAMPLES).astype(int)
        weight = (share[batch] * level[batch]).astype("f4")[:, None]
        rest = level[batch].astype("f4")[:, None] - weight
        chosen = (
            grains[left[batch], subsample] * rest
            + grains[right[batch], subsample] * weight
        )
        for begin, grain in zip(start.tolist(), chosen, strict=True):
            out[begin : begin + _GRAIN] += grain
    return out[:frames]


def _interpolate(
    points: list[_ArticulationPoint], time: Curve
) -> tuple[Curve, npt.NDArray[np.int64], npt.NDArray[np.int64], Curve]:
    times = np.maximum.accumulate(np.array([point.time_s for point in points]))
    levels = np.array([point.level for point in points])
    symbols = np.array([_SYMBOLS.index(point.symbol) for point in points])
    right = np.clip(np.searchsorted(times, time), 1, len(points) - 1)
    left = right - 1
    width = np.maximum(1e-6, times[right] - times[left])
    share = np.clip((time - times[left]) / width, 0.0, 1.0)
    level = levels[left] + (levels[right] - levels[left]) * share
    level = np.where(time > times[-1], 0.0, level)
    return level, symbols[left], symbols[right], share


@lru_cache(maxsize=8)
def _grains(formant_scale: float, bright: float) -> Grains:
    """Return the grain of each symbol at each subsample offset."""
    time = np.arange(_GRAIN * _SUBSAMPLES) / (RATE * _SUBSAMPLES)
    grains = np.empty((len(_SYMBOLS), _SUBSAMPLES, _GRAIN), dtype=np.float32)
    fade = np.clip((_GRAIN / RATE - time) / 0.004, 0.0, 1.0)
    for number, symbol in enumerate(_SYMBOLS):
        grain = _grain(symbol, formant_scale, bright, time) * fade
        delayed = grain.reshape(_GRAIN, _SUBSAMPLES).T
        # Part p of a sample late means that much earlier in the grain.
        grains[number, 0] = delayed[0]
        for subsample in range(1, _SUBSAMPLES):
            grains[number, subsample, 1:] = delayed[_SUBSAMPLES - subsample][:-1]
            grains[number, subsample, 0] = 0.0
    return grains


def _grain(symbol: str, formant_scale: float, bright: float, time: Curve) -> Curve:
    hertz, decibels = _FORMANTS[symbol]
    centers = [*hertz, *(center for center, _ in _UPPER_FORMANTS)]
    levels = [*decibels, *(level + min(decibels[0], 0) for _, level in _UPPER_FORMANTS)]
    total = np.zeros_like(time)
    attack = np.clip(time / 0.0012, 0.0, 1.0)
    attack = 0.5 - 0.5 * np.cos(np.pi * attack)
    for center, decibel, width in zip(centers, levels, _WIDTHS, strict=True):
        hz = center * formant_scale
        tilt = (bright + _PRESENCE) * (hz - 500) / 2500 if hz > 500 else 0.0
        level = 10 ** ((decibel + tilt) / 20)
        ring = np.exp(-np.pi * width * formant_scale * time) * np.sin(
            2 * np.pi * hz * time
        )
        total += level * ring * attack
    # The chest resonance carries the pitch below the vowel.
    chest = np.exp(-np.pi * 160 * time) * np.sin(2 * np.pi * 220 * formant_scale * time)
    grain: Curve = total + 0.45 * 10 ** (decibels[0] / 20) * chest * attack
    return 0.4 * grain


def _breath_noise(
    points: list[_ArticulationPoint], voice: Voice, frames: int, name: str
) -> Sound:
    time = np.arange(0, frames, _HOP) / RATE
    level, _, _, _ = _interpolate(points, time)
    curve = np.interp(np.arange(frames), np.arange(len(time)) * _HOP, level)
    air = filtered(
        noise(frames, "air", name),
        lambda f: (
            resonances(f, (1500 * voice.formant_scale, 500, 2), (3000, 900, 2))
            * (f / (f + 900.0))
            / (1 + (f / 7000.0) ** 4)
        ),
    )
    sound: Sound = (0.05 * voice.breath * air * curve).astype(np.float32)
    return sound


@lru_cache(maxsize=64)
def _burst(sound: str) -> Sound:
    low, high, length_s, level = _CONSONANT_NOISES[sound]
    frames = int(length_s * RATE)
    air = filtered(
        noise(frames, "burst", sound),
        lambda f: 1 / (1 + (low / np.maximum(f, 1)) ** 6) / (1 + (f / high) ** 6),
    )
    time = np.linspace(0, 1, frames)
    shape = (1 - time) ** 2 if sound in _STOPS else np.sin(np.pi * time) ** 0.7
    return (level * air * shape / np.std(air)).astype(np.float32)


def _add_consonants(
    samples: Sound, note: Note, phonemes: Phonemes, begin_s: float
) -> None:
    start = note.start_s - begin_s
    voiced = sum(sound in _VOICED_CONSONANTS for sound in phonemes.onset)
    position = start - 0.02 - _CONSONANT_S * voiced
    for sound in reversed([s for s in phonemes.onset if s in _CONSONANT_NOISES]):
        position -= _add_burst(samples, sound, position, note.velocity)
    end = start + note.length_s
    for sound in [s for s in phonemes.coda if s in _CONSONANT_NOISES][-1:]:
        length_s = _CONSONANT_NOISES[sound][2]
        _add_burst(samples, sound, end + 0.3 * length_s, 0.7 * note.velocity)


def _add_burst(samples: Sound, sound: str, end_s: float, level: float) -> float:
    """Add a consonant that ends at *end_s*; return its length in seconds."""
    burst = _burst(sound)
    start = int(end_s * RATE) - len(burst)
    low = max(0, start)
    high = min(len(samples), start + len(burst))
    if high > low:
        samples[low:high] += np.float32(level) * burst[low - start : high - start]
    return len(burst) / RATE
