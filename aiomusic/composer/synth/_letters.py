"""
Speech made from phonemes alone, for machines without a program that speaks.

Each phoneme is a few frames with formants, a level, and noise; formants glide from one
to the next, and plosives are closed before they burst.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, TypeAlias

import attrs
import numpy as np

from aiomusic.composer._phonemes import Phonemes, phonemes_of
from aiomusic.composer.synth._espeak import SPEECH_RATE
from aiomusic.composer.synth._speech import BINS, SpokenSyllable
from aiomusic.composer.synth._waves import Curve

_HERTZ: Final = np.linspace(0.0, SPEECH_RATE / 2, BINS)
_NEPER: Final = np.log(10) / 10
_SILENT_DB: Final = -70.0
_VOWEL_FRAMES: Final = 40
_GLIDE: Final = 9
_PRESENCE_DB: Final = 9.0
_LOUDNESS_DB: Final = 4.5
"""What makes these syllables stand before a band, as spoken ones do."""
_UPPER: Final = (3500.0, 4500.0)
_WIDTHS: Final = (70.0, 90.0, 130.0, 220.0, 300.0)

Formants: TypeAlias = tuple[float, float, float]

_VOWELS: Final[dict[str, Formants]] = {
    "A": (730, 1090, 2440), "a": (750, 1250, 2450), "&": (660, 1720, 2410),
    "V": (640, 1190, 2390), "e": (530, 1840, 2480), "I": (390, 1990, 2550),
    "i": (280, 2280, 3000), "O": (570, 840, 2410), "o": (450, 820, 2400),
    "U": (440, 1020, 2240), "u": (310, 900, 2250), "3": (490, 1350, 1690),
    "@": (500, 1450, 2450),
}  # fmt: skip


@attrs.frozen
class _Part:
    """
    Some frames of a consonant.

    Args:
        frames: How many, of 5 ms.
        formants: Where they glide to; 0: as in the vowel.
        voice_db: Level of the voice, to that of a vowel.
        noise_db, low, high: Level of noise, and its hertz; low 0: as a vowel's.
    """

    frames: int
    formants: Formants
    voice_db: float = _SILENT_DB
    noise_db: float = _SILENT_DB
    low: float = 0.0
    high: float = 0.0


_LIPS: Final = (250.0, 850.0, 2200.0)
_TEETH: Final = (250.0, 1750.0, 2650.0)
_PALATE: Final = (250.0, 1950.0, 2500.0)
_OPEN: Final = (0.0, 0.0, 0.0)
_BAR_DB: Final = -16.0


def _stop(place: Formants, noise: tuple[float, float, float]) -> tuple[_Part, ...]:
    level, low, high = noise
    return (
        _Part(13, place),
        _Part(3, place, noise_db=level, low=low, high=high),
        _Part(9, _OPEN, noise_db=-17.0),
    )


def _soft_stop(place: Formants, noise: tuple[float, float, float]) -> tuple[_Part, ...]:
    level, low, high = noise
    return (
        _Part(11, place, voice_db=_BAR_DB),
        _Part(2, place, voice_db=_BAR_DB, noise_db=level - 5, low=low, high=high),
    )


_T_BURST: Final = (-4.0, 3000.0, 8000.0)
_K_BURST: Final = (-3.0, 1400.0, 3200.0)
_P_BURST: Final = (-10.0, 400.0, 1800.0)
_HUSH: Final = (2200.0, 6500.0)
_HISS: Final = (4300.0, 9500.0)
_CONSONANTS: Final[dict[str, tuple[_Part, ...]]] = {
    "m": (_Part(15, (270, 950, 2200), -7),),
    "n": (_Part(14, (270, 1550, 2600), -7),),
    "ng": (_Part(14, (270, 2000, 2500), -8),),
    "l": (_Part(13, (350, 1050, 2750), -5),),
    "r": (_Part(13, (340, 1150, 1550), -5),),
    "w": (_Part(13, (300, 680, 2200), -5),),
    "y": (_Part(12, (270, 2250, 3000), -5),),
    "v": (_Part(13, _LIPS, -9, -20, 1200, 9000),),
    "dh": (_Part(10, (270, 1400, 2550), -8, -22, 1400, 9000),),
    "z": (_Part(17, _TEETH, -10, -7, *_HISS),),
    "zh": (_Part(17, _PALATE, -10, -6, *_HUSH),),
    "s": (_Part(27, _TEETH, noise_db=-1.0, low=_HISS[0], high=_HISS[1]),),
    "sh": (_Part(26, _PALATE, noise_db=0.0, low=_HUSH[0], high=_HUSH[1]),),
    "f": (_Part(22, _LIPS, noise_db=-12.0, low=1000, high=9500),),
    "th": (_Part(20, (270, 1400, 2550), noise_db=-14.0, low=1400, high=9500),),
    "h": (_Part(13, _OPEN, noise_db=-11.0),),
    "x": (_Part(18, _PALATE, noise_db=-7.0, low=1200, high=3500),),
    "ch": (_Part(12, _PALATE), _Part(17, _PALATE, _SILENT_DB, 0.0, *_HUSH)),
    "j": (
        _Part(9, _PALATE, _BAR_DB),
        _Part(10, _PALATE, -14.0, -5.0, *_HUSH),
    ),
    "ts": (_Part(12, _TEETH), _Part(17, _TEETH, _SILENT_DB, -2.0, *_HISS)),
    "t": _stop(_TEETH, _T_BURST),
    "k": _stop(_PALATE, _K_BURST),
    "p": _stop(_LIPS, _P_BURST),
    "d": _soft_stop(_TEETH, _T_BURST),
    "g": _soft_stop(_PALATE, _K_BURST),
    "b": _soft_stop(_LIPS, _P_BURST),
}


@lru_cache(maxsize=512)
def lettered_syllable(text: str) -> SpokenSyllable:
    """Return the frames of a written syllable, by the sound of its letters."""
    phonemes = phonemes_of(text)
    onset = [part for sound in phonemes.onset for part in _CONSONANTS[sound]]
    coda = [part for sound in phonemes.coda for part in _coda_parts(sound)]
    first = sum(part.frames for part in onset)
    parts = [*onset, *_vowel_parts(phonemes), *coda]
    formants = _smooth(np.array(list(_formants(parts, phonemes))), _GLIDE)
    levels = np.array(
        [(p.voice_db, p.noise_db) for p in parts for _ in range(p.frames)]
    )
    levels = _smooth(levels, 3)
    voice = _resonances(formants)
    noise = np.stack([_noise(part) for part in parts])
    noise = np.repeat(noise, [part.frames for part in parts], axis=0)
    is_open = np.repeat([part.low == 0 for part in parts], [p.frames for p in parts])
    noise = np.where(is_open[:, None], voice - _tilt(), noise)
    powers = [np.exp(_NEPER * level[:, None]) for level in levels.T]
    voiced = powers[0] * np.exp(voice)
    total = voiced + powers[1] * np.exp(noise) + 1e-9
    share = np.sum(voiced, axis=1) / np.sum(total, axis=1)
    return SpokenSyllable(
        envelopes=(np.log(total) + _NEPER * _LOUDNESS_DB).astype(np.float32),
        voiced=np.clip(1.15 * share, 0.0, 1.0).astype(np.float32),
        vowel=(first, first + _VOWEL_FRAMES),
    )


def _vowel_parts(phonemes: Phonemes) -> list[_Part]:
    first, last = phonemes.vowel[0], phonemes.vowel[-1]
    glide = 18 if first != last else 10
    return [
        _Part(_VOWEL_FRAMES - glide, _VOWELS[first], 0.0),
        _Part(glide, _VOWELS[last], -1.0),
    ]


def _coda_parts(sound: str) -> Iterator[_Part]:
    """Yield the parts at the end of a syllable: no breath follows a burst."""
    for part in _CONSONANTS[sound]:
        if part.formants == _OPEN and sound != "h":
            continue
        yield part


def _formants(parts: list[_Part], phonemes: Phonemes) -> Iterator[Formants]:
    """Yield the formants of each frame; where a part has none, those of the vowel."""
    near = _VOWELS[phonemes.vowel[0]]
    for part in parts:
        own = part.formants if part.formants != _OPEN else near
        if own == _PALATE and near[1] < 1200:
            # Before a back vowel the tongue closes further back.
            own = (250.0, near[1] * 1.25, 2250.0)
        for _ in range(part.frames):
            yield own


def _smooth(values: Curve, size: int) -> Curve:
    kernel = np.hanning(size + 2)[1:-1]
    kernel /= np.sum(kernel)
    padded = np.pad(values, ((size // 2, size // 2), (0, 0)), mode="edge")
    columns = [np.convolve(column, kernel, mode="valid") for column in padded.T]
    return np.stack(columns, axis=1)


def _tilt() -> Curve:
    """Return how the voice falls with the frequency, in log power."""
    shelf = (_HERTZ / 1000.0) ** 2
    presence = _NEPER * _PRESENCE_DB * shelf / (1 + shelf)
    tilt: Curve = presence - np.log(1 + (_HERTZ / 450.0) ** 2)
    return tilt


def _resonances(formants: Curve) -> Curve:
    """Return the log power of the vocal tract for the formants of each frame."""
    total = np.tile(_tilt(), (len(formants), 1))
    upper = np.tile(np.array(_UPPER), (len(formants), 1))
    for center, width in zip(np.hstack([formants, upper]).T, _WIDTHS, strict=True):
        ratio = (_HERTZ[None, :] / center[:, None]) ** 2
        damping = (_HERTZ * width)[None, :] / center[:, None] ** 2
        total -= np.log((1 - ratio) ** 2 + damping**2)
    # The tubes above these make up for what the five leave out.
    total += 1.6 * (_HERTZ / 4000.0) ** 2
    loudest: Curve = np.log(np.mean(np.exp(total), axis=1, keepdims=True))
    return np.minimum(total - loudest, 6.0)


def _noise(part: _Part) -> Curve:
    """Return the log power of the noise of a part."""
    low, high = max(part.low, 1.0), max(part.high, 2.0)
    rise = (np.maximum(_HERTZ, 1.0) / low) ** 4
    fall = (np.maximum(_HERTZ, 1.0) / high) ** 6
    shape = np.log(rise / (1 + rise) / (1 + fall) + 1e-9)
    noise: Curve = shape - np.log(np.mean(np.exp(shape)))
    return noise
