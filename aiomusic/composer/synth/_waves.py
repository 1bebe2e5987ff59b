"""
Oscillators, noise, envelopes and filters, all band-limited.

Sounds are float32 arrays of shape ``(n,)`` (mono) or ``(2, n)`` (stereo).
"""

import zlib
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

RATE: Final = 44100
CYCLE: Final = 1 << 15
_MAX_HARMONICS: Final = 512
"""Harmonics of a cycle: few enough to read its samples without interpolation."""
_TOP_HZ: Final = 17000.0

Sound: TypeAlias = npt.NDArray[np.float32]
Curve: TypeAlias = npt.NDArray[np.floating[Any]]
Spectrum: TypeAlias = npt.NDArray[np.complexfloating[Any]]


def pitch_to_hertz(pitch: float) -> float:
    """Return the frequency of a MIDI pitch."""
    return float(440.0 * 2.0 ** ((pitch - 69) / 12))


def sample_times(frames: int) -> Sound:
    """Return the times of *frames* samples, in seconds."""
    return (np.arange(frames, dtype=np.float64) / RATE).astype(np.float32)


def make_cycle(loudness: Callable[[Curve, Curve], Curve], hertz: float) -> Sound:
    """
    Return one cycle of a waveform, band-limited for *hertz*.

    Args:
        loudness: Returns the levels of harmonics for their numbers and hertz.
        hertz: The frequency at which the cycle will be played.
    """
    count = max(1, min(_MAX_HARMONICS, int(_TOP_HZ / hertz)))
    number = np.arange(1, count + 1, dtype=np.float64)
    spectrum = np.zeros(CYCLE // 2 + 1, dtype=np.complex128)
    # Quadratic phases spread the energy over the cycle.
    phase = np.exp(1j * np.pi * number * (number - 1) / (count + 8))
    spectrum[1 : count + 1] = -0.5j * CYCLE * loudness(number, number * hertz) * phase
    return np.fft.irfft(spectrum).astype(np.float32)


def read_cycle(wave: Sound, phase: Curve) -> Sound:
    """Return the samples of *wave* at *phase*, in cycles from 0."""
    index = (phase * CYCLE).astype(np.int64)
    index &= CYCLE - 1
    return wave[index]


def phase_curve(
    hertz: float, frames: int, *, vibrato: float = 0.0, rate: float = 5.3
) -> Curve:
    """
    Return the phase of each sample in cycles, with *vibrato* in semitones.

    The vibrato fades in over the first half second.
    """
    phase = np.arange(frames, dtype=np.float64) * (hertz / RATE)
    if vibrato:
        time = sample_times(frames)
        depth = np.float32(hertz * vibrato * 0.0577 / (2 * np.pi * rate))
        grown = np.minimum(np.float32(1.0), 4 * time * time)
        phase -= depth * grown * np.cos(np.float32(2 * np.pi * rate) * time)
    return phase


def noise(frames: int, *words: object) -> Sound:
    """Return white noise that is the same for the same *words*."""
    seed = zlib.crc32(repr(words).encode())
    rng = np.random.Generator(np.random.PCG64(seed))
    return rng.standard_normal(frames, dtype=np.float32)


def filtered(sound: Sound, loudness: Callable[[Curve], Curve]) -> Sound:
    """Return *sound*, filtered by a curve over hertz, without delay."""
    frames = sound.shape[-1]
    size = (
        1 << (2 * frames - 1).bit_length() if frames < RATE // 2 else fast_size(frames)
    )
    spectrum = np.fft.rfft(sound, size)
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    filtered = np.fft.irfft(spectrum * loudness(hertz).astype(np.float32), size)
    return filtered[..., :frames].astype(np.float32)


def fast_size(frames: int) -> int:
    """Return the next power of two, for which an FFT is fast."""
    return 1 << (frames - 1).bit_length()


def decay_curve(frames: int, decay_s: float) -> Sound:
    """Return an exponential decay to 1/e in *decay_s*."""
    return np.exp(np.float32(-1.0 / (decay_s * RATE)) * np.arange(frames, dtype="f4"))


def attack_curve(frames: int, attack_s: float) -> Sound:
    """Return a raised-cosine attack from 0 to 1 in *attack_s*."""
    curve = np.ones(frames, dtype=np.float32)
    count = min(frames, max(2, int(attack_s * RATE)))
    curve[:count] = 0.5 - 0.5 * np.cos(np.pi * np.arange(count) / count)
    return curve


def resonances(hertz: Curve, *peaks: tuple[float, float, float]) -> Curve:
    """Return a gain curve with *peaks*: centre and width in hertz, and height."""
    curve = np.ones_like(hertz)
    for center, width, height in peaks:
        curve += height / (1.0 + ((hertz - center) / width) ** 2)
    return curve
