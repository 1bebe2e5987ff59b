"""
Analysis of speech: what it is made of every five milliseconds.

Each frame is the envelope of its spectrum, without the harmonics of the speaker's own
pitch, and the share of it that is voiced. From these the words are sung at any pitch.
"""

from functools import lru_cache
from typing import Any, Final, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from aiomusic.composer.synth._espeak import SPEECH_RATE, Syllables, speech_of
from aiomusic.composer.synth._waves import Curve, Sound

BINS: Final = 513
HOP_S: Final = 0.005
_SIZE: Final = 1024
_HERTZ: Final = np.fft.rfftfreq(_SIZE, 1 / SPEECH_RATE)
# The pitch is looked for in speech of a quarter of the samples.
_THINNED: Final = 4
_PITCH_FRAMES: Final = 300
_PITCH_SIZE: Final = 1024
_PERIODS: Final = np.arange(22, 92)
# The vowel is heard in these hertz; it is louder than this below the loudest.
_VOWEL_BAND: Final = (_HERTZ > 250) & (_HERTZ < 3500)
_VOWEL_DB: Final = 7.5
_EDGE: Final = 64

Frames: TypeAlias = npt.NDArray[np.float32]
Places: TypeAlias = npt.NDArray[np.integer[Any]]


@attrs.frozen(kw_only=True, eq=False)
class SpokenSyllable:
    """
    The frames of a syllable.

    Args:
        envelopes: Log power of each frame at ``BINS`` frequencies from 0 Hz up.
        voiced: Share of each frame that is voiced, 0 to 1.
        vowel: First frame of the vowel, and the one after its last.
    """

    envelopes: Frames
    voiced: Frames
    vowel: tuple[int, int]

    @property
    def size(self) -> int:
        """Return the number of frames."""
        return len(self.envelopes)


@lru_cache(maxsize=32)
def spoken_syllables(
    syllables: Syllables, language: str, program: str
) -> tuple[SpokenSyllable, ...]:
    """
    Return the frames of *syllables* as the program speaks them.

    Raises:
        NotSpoken: The program isn't there, or it can't say them.
    """
    samples, edges = speech_of(syllables, language, program)
    places = np.arange(0, len(samples), round(HOP_S * SPEECH_RATE))
    periods, voiced = _pitch(samples, places)
    is_voiced = voiced > 0.5
    period = float(np.median(periods[is_voiced])) if is_voiced.any() else 220.0
    envelopes = _envelopes(samples, places, period)
    frames = [np.searchsorted(places, edge) for edge in edges]
    level = _level(envelopes[is_voiced]) if is_voiced.any() else 0.0
    return tuple(
        _syllable(envelopes[first:last] - level, voiced[first:last])
        for first, last in frames
    )


def _syllable(envelopes: Curve, voiced: Curve) -> SpokenSyllable:
    return SpokenSyllable(
        envelopes=envelopes.astype(np.float32),
        voiced=voiced.astype(np.float32),
        vowel=_vowel(envelopes, voiced),
    )


def _level(envelopes: Curve) -> float:
    """Return the mean log power of frames."""
    return float(np.log(np.mean(np.exp(envelopes)) + 1e-12))


def _vowel(envelopes: Curve, voiced: Curve) -> tuple[int, int]:
    """Return where the vowel begins and ends: the loud frames around the loudest."""
    power = np.sum(np.exp(envelopes[:, _VOWEL_BAND]), axis=1) + 1e-12
    decibels = 10 * np.log10(power) - 12.0 * (voiced < 0.4)
    loudest = int(np.argmax(decibels))
    is_quiet = np.flatnonzero(decibels < decibels[loudest] - _VOWEL_DB)
    before, after = is_quiet[is_quiet < loudest], is_quiet[is_quiet > loudest]
    first = int(before[-1]) + 1 if len(before) else 0
    last = int(after[0]) if len(after) else len(envelopes)
    return first, max(last, first + 1)


def _pitch(samples: Sound, places: Places) -> tuple[Curve, Curve]:
    """Return the period in frames, and the share that is voiced, at *places*."""
    size = len(samples) // _THINNED * _THINNED
    thin = samples[:size].reshape(-1, _THINNED).mean(axis=1)
    window = np.hanning(_PITCH_FRAMES)
    padded = np.pad(thin, _PITCH_FRAMES)
    starts = places // _THINNED + _PITCH_FRAMES // 2
    frames = padded[starts[:, None] + np.arange(_PITCH_FRAMES)] * window
    correlation = _autocorrelation(frames)[:, : _PERIODS[-1] + 1]
    own = _autocorrelation(window[None])[0, : _PERIODS[-1] + 1]
    energy = correlation[:, :1] + 1e-7
    likeness = (correlation / energy / (own / own[0]))[:, _PERIODS]
    best = np.argmax(likeness, axis=1)
    share = likeness[np.arange(len(best)), best]
    return _PERIODS[best] * _THINNED, np.clip((share - 0.4) / 0.3, 0.0, 1.0)


def _autocorrelation(frames: Curve) -> Curve:
    spectrum = np.fft.rfft(frames, _PITCH_SIZE)
    found: Curve = np.fft.irfft(np.abs(spectrum) ** 2)
    return found


def _envelopes(samples: Sound, places: Places, period: float) -> Curve:
    """Return the log power at *places*, smoothed over the harmonics of *period*."""
    half = _SIZE // 2
    time = np.arange(-half, half) / period
    window = np.where(np.abs(time) < 1.5, 0.5 + 0.5 * np.cos(np.pi * time / 1.5), 0.0)
    window /= np.sqrt(np.sum(window**2))
    padded = np.pad(samples, half)
    frames = padded[places[:, None] + np.arange(_SIZE)] * window
    power = np.abs(np.fft.rfft(frames, _SIZE)) ** 2
    hertz = SPEECH_RATE / period
    smooth = _box(power, hertz * 2 / 3 / _HERTZ[1])
    # What is left of the harmonics, and the box itself, are taken out of the cepstrum.
    cepstrum = np.fft.irfft(np.log(smooth + 1e-10), _SIZE)
    lag = np.minimum(np.arange(_SIZE), _SIZE - np.arange(_SIZE)) / period
    cepstrum *= np.sinc(lag) * (1.18 - 0.18 * np.cos(2 * np.pi * lag))
    envelopes: Curve = np.fft.rfft(cepstrum).real
    return envelopes


def _box(power: Curve, width: float) -> Curve:
    """Return the mean of *power* over *width* bins around each."""
    mirrored = np.pad(power, ((0, 0), (_EDGE, _EDGE)), mode="reflect")
    total = np.cumsum(np.pad(mirrored, ((0, 0), (1, 0))), axis=1)
    centre = np.arange(power.shape[1]) + _EDGE + 0.5

    def up_to(place: Curve) -> Curve:
        whole = place.astype(int)
        part = place - whole
        found: Curve = total[:, whole] * (1 - part) + total[:, whole + 1] * part
        return found

    smooth: Curve = (up_to(centre + width / 2) - up_to(centre - width / 2)) / width
    return smooth
