"""
Loudness and peaks: measured during the mix, corrected afterwards.

Loudness follows ITU-R BS.1770-4 (K-weighting, gating); peaks are measured with
twofold oversampling, by as many taps as the standard's.
"""

from typing import Final, final

import numpy as np
import numpy.typing as npt

from aiomusic.composer.synth._waves import RATE, Curve, Sound

TARGET_LUFS: Final = -14.0
# An MP3 encoder adds up to 2 dB to a peak; this leaves it below -1 dBFS.
CEILING: Final = 10 ** (-3.2 / 20)
HOP: Final = 64
_TENTH_FRAMES: Final = RATE // 10
_REACH: Final = 6


@final
class LoudnessMeter:
    """Measures the loudness and the peaks of a stream."""

    def __init__(self) -> None:
        self._weights = _k_weighting(_TENTH_FRAMES)
        self._rest = np.zeros((2, 0), dtype=np.float32)
        self._tail = np.zeros((2, 2 * _REACH), dtype=np.float32)
        self._energies: list[Curve] = []
        self._peaks: list[Sound] = []
        self._taps = _halfway_taps()

    def __repr__(self) -> str:
        return f"<Meter {len(self._energies)} blocks>"

    def feed(self, block: Sound) -> None:
        """Measure the next block; all but the last must be whole hops long."""
        self._peaks.append(self._true_peaks(block))
        sound = np.concatenate([self._rest, block], axis=1)
        tenths = sound.shape[1] // _TENTH_FRAMES
        cut = sound[:, : tenths * _TENTH_FRAMES].reshape(2, tenths, _TENTH_FRAMES)
        self._rest = sound[:, tenths * _TENTH_FRAMES :]
        spectrum = np.fft.rfft(cut)
        power = spectrum.real**2 + spectrum.imag**2
        self._energies.append(np.sum(power @ self._weights, axis=0))

    def _true_peaks(self, block: Sound) -> Sound:
        sound = np.concatenate([self._tail, block], axis=1)
        self._tail = sound[:, -2 * _REACH :]
        frames = block.shape[1]
        high = np.max(np.abs(sound[:, _REACH : _REACH + frames]), axis=0)
        for side in sound:
            between = np.abs(np.convolve(side, self._taps, "valid")[:frames])
            np.maximum(high[: len(between)], between, out=high[: len(between)])
        hops = -(-frames // HOP)
        padded = np.zeros(hops * HOP, dtype=np.float32)
        padded[:frames] = high
        peaks: Sound = np.max(padded.reshape(hops, HOP), axis=1)
        return peaks

    @property
    def loudness(self) -> float:
        """Return the integrated loudness of the stream, in LUFS."""
        return loudness(np.concatenate(self._energies))

    @property
    def true_peak(self) -> float:
        """Return the highest true peak of the stream; 1 is full scale."""
        return float(max(np.max(peaks) for peaks in self._peaks))

    def gain_curve(self, offset_db: float = 0.0) -> Sound:
        """
        Return the gain of each hop that brings the stream to the target loudness.

        Args:
            offset_db: Added to the target.
        """
        target = TARGET_LUFS + offset_db
        peaks = np.concatenate(self._peaks)
        energies = np.concatenate(self._energies)
        gain = 10 ** ((target - loudness(energies)) / 20)
        for _ in range(4):
            curve = _limited_gain(peaks, gain)
            now = loudness(energies * _mean_squares(curve, len(energies)))
            gain *= 10 ** (min(6.0, target - now) / 20)
        return _limited_gain(peaks, gain)


def loudness(energies: Curve) -> float:
    """Return the gated loudness in LUFS; *energies* are of blocks of 100 ms."""
    if len(energies) < 4:
        blocks = np.array([np.mean(energies)]) if len(energies) else np.array([1e-9])
    else:
        blocks = np.convolve(energies, np.full(4, 0.25), "valid")
    levels = -0.691 + 10 * np.log10(np.maximum(blocks, 1e-12))
    ungated = blocks[levels > -70.0]
    if not len(ungated):
        return -70.0
    gate = 10 * np.log10(np.mean(ungated)) - 0.691 - 10.0
    kept = blocks[levels > max(gate, -70.0)]
    return float(-0.691 + 10 * np.log10(np.mean(kept)))


def _limited_gain(peaks: Sound, gain: float) -> Sound:
    """Return *gain*, smoothly lowered where *peaks* would exceed the ceiling."""
    target = np.minimum(gain, CEILING / np.maximum(peaks, 1e-9)).astype(np.float32)
    reach = 12
    padded = np.pad(target, 2 * reach, mode="edge")
    lowest = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).min(axis=1)
    window = np.hanning(2 * reach + 1)
    window /= window.sum()
    curve: Sound = np.convolve(lowest, window, "valid").astype(np.float32)
    return curve


def _mean_squares(curve: Sound, tenths: int) -> Curve:
    position = (np.arange(tenths) * _TENTH_FRAMES / HOP).astype(int)
    sums = np.concatenate([[0.0], np.cumsum(curve.astype(np.float64) ** 2)])
    end = np.minimum(position + _TENTH_FRAMES // HOP, len(curve))
    width = np.maximum(1, end - position)
    squares: Curve = (sums[end] - sums[np.minimum(position, len(curve))]) / width
    return squares


def _k_weighting(frames: int) -> npt.NDArray[np.float32]:
    """
    Return the K-weighting of the power spectrum of *frames* samples.

    Its dot product with the power spectrum is the weighted mean square.
    """
    hertz = np.fft.rfftfreq(frames, 1 / RATE)
    z = np.exp(-2j * np.pi * hertz / RATE)
    shelf = _biquad(z, _shelf())
    high_pass = _biquad(z, _high_pass())
    weights = np.abs(shelf * high_pass) ** 2 * 2 / frames**2
    weights[0] /= 2
    return weights.astype(np.float32)


def _biquad(z: Curve, taps: tuple[tuple[float, ...], tuple[float, ...]]) -> Curve:
    above, below = taps
    top = above[0] + above[1] * z + above[2] * z**2
    ratio: Curve = top / (below[0] + below[1] * z + below[2] * z**2)
    return ratio


def _shelf() -> tuple[tuple[float, ...], tuple[float, ...]]:
    # The analogue prototype of the filter that BS.1770 gives for 48 kHz.
    tangent = np.tan(np.pi * 1681.974450955533 / RATE)
    quality = 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    norm = 1 + tangent / quality + tangent**2
    return (
        (
            (high + band * tangent / quality + tangent**2) / norm,
            2 * (tangent**2 - high) / norm,
            (high - band * tangent / quality + tangent**2) / norm,
        ),
        (1.0, 2 * (tangent**2 - 1) / norm, (1 - tangent / quality + tangent**2) / norm),
    )


def _high_pass() -> tuple[tuple[float, ...], tuple[float, ...]]:
    tangent = np.tan(np.pi * 38.13547087602444 / RATE)
    quality = 0.5003270373238773
    norm = 1 + tangent / quality + tangent**2
    return (
        (1.0, -2.0, 1.0),
        (1.0, 2 * (tangent**2 - 1) / norm, (1 - tangent / quality + tangent**2) / norm),
    )


def _halfway_taps() -> Sound:
    """Return a filter that interpolates halfway between two samples."""
    offset = np.arange(-_REACH + 1, _REACH + 1) - 0.5
    window = 0.5 + 0.5 * np.cos(np.pi * offset / (_REACH + 1))
    taps: Sound = (np.sinc(offset) * window).astype(np.float32)
    return taps
