"""
Plucked and struck strings, computed in the frequency domain.

A string is a feedback loop: a wave returns after one period, slightly damped. The
sum over all periods is ``1 / (1 - loss)`` at each frequency, which one inverse FFT
turns into sound. The period need not be a whole number of samples, so the tuning is
exact; the period of a stiff string shrinks with frequency.
"""

from typing import Final

import attrs
import numpy as np

from aiomusic.composer.synth._waves import RATE, Curve, Sound, resonances

_TOP_HZ: Final = 13000.0
# Attenuates energy that would wrap around the end of the FFT.
_GUARD: Final = 5000.0
_LATE_S: Final = 0.001


@attrs.frozen(kw_only=True)
class String:
    """
    The parameters of a string instrument.

    Args:
        decay_s: Decay of a tone of 220 Hz to 1/e, in seconds.
        damp_hz: Frequency above which partials decay faster.
        bright_hz: Low-pass of the excitation.
        strike_position: Where the string is struck, as a share of its length.
        stiffness: Stretching of the partials.
        steep: Slope of the low-pass of the excitation.
        body: Resonances: hertz, width, height.
        twin_cents: Detuning of a second string; 0: no second string.
    """

    decay_s: float
    damp_hz: float
    bright_hz: float
    strike_position: float = 0.13
    stiffness: float = 0.0
    steep: float = 1.0
    body: tuple[tuple[float, float, float], ...] = ()
    twin_cents: float = 0.0


def pluck(string: String, hertz: float) -> Sound:
    """Return the sound of a string of *hertz* until it has decayed."""
    size = 1 << (17 if hertz < 450 else 16)
    count = int(_TOP_HZ / RATE * size)
    omega = np.arange(count) * (2 * np.pi * RATE / size)
    leak = np.log(_GUARD) / size * RATE
    spectrum = np.zeros(size // 2 + 1, dtype=np.complex128)
    spectrum[:count] = _loop_response(string, hertz, omega, leak)
    if string.twin_cents:
        twin = hertz * 2 ** (string.twin_cents / 1200)
        spectrum[:count] += 0.8 * _loop_response(string, twin, omega, leak)
    spectrum[:count] *= resonances(omega / (2 * np.pi), *string.body)
    # Delayed by 1 ms, to leave room for the pre-ringing of the band limit.
    spectrum[:count] *= np.exp(-1j * omega * _LATE_S)
    spectrum[0] = 0.0
    sound = np.fft.irfft(spectrum) * np.exp(np.arange(size) * (leak / RATE))
    delay = int(_LATE_S * RATE)
    sound[:delay] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(delay) / delay)
    fade = int(0.1 * size)
    sound[-fade:] *= np.linspace(1.0, 0.0, fade) ** 2
    tone: Sound = (sound / np.max(np.abs(sound[:22050]))).astype(np.float32)
    return tone


def _loop_response(string: String, hertz: float, omega: Curve, leak: float) -> Curve:
    stretch = 1.0 / np.sqrt(1.0 + string.stiffness * (omega / (2 * np.pi * hertz)) ** 2)
    period = stretch / hertz
    tone_decay_s = string.decay_s * (220.0 / hertz) ** 0.6
    tone_decay_s = tone_decay_s / (1.0 + (omega / (2 * np.pi * string.damp_hz)) ** 2)
    around = np.exp(-period * (1j * omega + leak + 1.0 / tone_decay_s))
    position = 1.0 - np.exp(-string.strike_position * period * (1j * omega + leak))
    strike = 1.0 / (1.0 + (omega / (2 * np.pi * string.bright_hz)) ** 2) ** string.steep
    high = omega / (omega + 2 * np.pi * 30.0)
    loop: Curve = high * strike * position / (1.0 - around)
    return loop
