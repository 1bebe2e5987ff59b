"""Room for the voice: what hides words in the band is lowered while they are sung."""

from typing import Final, final

import numpy as np

from aiomusic.composer.synth._convolve import ShortFilter
from aiomusic.composer.synth._waves import RATE, Curve, Sound

_BAND_HZ: Final = (1300.0, 5500.0)
_DEPTH_DB: Final = -10.0
_TAPS: Final = 512
_HOP: Final = 512
_LOUD: Final = 0.012
_RELEASE: Final = 0.93
_ATTACK: Final = 0.5


@final
class RoomForVoice:
    """Follows the voice: how much room it needs, from 0 to 1."""

    def __init__(self) -> None:
        self._last = 0.0

    def curve(self, sung: Sound) -> Sound:
        """Return the need for room during the next block of the voice."""
        hops = np.sqrt(np.mean((sung**2).reshape(2, -1, _HOP), axis=(0, 2)))
        need = np.clip(hops / _LOUD, 0.0, 1.0)
        levels = [self._last]
        for wanted in need.tolist():
            rise = levels[-1] + _ATTACK * (wanted - levels[-1])
            levels.append(max(rise, _RELEASE * levels[-1]))
        self._last = levels[-1]
        place = np.arange(sung.shape[1]) / _HOP
        return np.interp(place, np.arange(len(levels)), levels).astype(np.float32)


@final
class VoiceDip:
    """Finds what of a band is to be taken away: its middle, in the hertz of words."""

    def __init__(self) -> None:
        self._filter = ShortFilter(_removed())

    def feed(self, both: Sound, curve: Sound) -> Sound:
        """Return what to take from each side; *both* is their sum."""
        removed: Sound = np.float32(0.5) * self._filter.feed(both[None])[0] * curve
        return removed


def _removed() -> Sound:
    """Return the response of what a dip of minimum phase takes away."""
    hertz = np.fft.rfftfreq(2 * _TAPS, 1 / RATE)
    low, high = _BAND_HZ
    shape = _edge(hertz / low) * (1 - _edge(hertz / high))
    cepstrum = np.fft.irfft(shape * (_DEPTH_DB / 20 * np.log(10)))
    cepstrum[1:_TAPS] *= 2
    cepstrum[_TAPS + 1 :] = 0
    dip = np.fft.irfft(np.exp(np.fft.rfft(cepstrum)))[:_TAPS]
    dip *= np.linspace(1, 0, _TAPS)
    removed = -dip
    removed[0] += 1.0
    return removed.astype(np.float32)


def _edge(ratio: Curve) -> Curve:
    steep: Curve = np.maximum(ratio, 1e-3) ** 6
    return steep / (1 + steep)
