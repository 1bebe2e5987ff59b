"""
Patches: each renders one long tone of a pitch.

A tone is rendered once and truncated to the length of each note, so it must not
depend on that length.
"""

from collections.abc import Callable
from typing import Final

import attrs
import numpy as np

from aiomusic.composer.synth._strings import String, pluck
from aiomusic.composer.synth._waves import (
    RATE,
    Curve,
    Sound,
    attack_curve,
    decay_curve,
    make_cycle,
    noise,
    phase_curve,
    pitch_to_hertz,
    read_cycle,
    resonances,
    sample_times,
)

_AIR: Final = 1 << 16


@attrs.frozen(kw_only=True)
class Wave:
    """
    A sustained tone that blends a dark and a bright waveform.

    Args:
        slope: Exponent of the decrease of the harmonics with their number.
        dark_hz: Low-pass of the dark waveform.
        bright_hz: Low-pass of the bright waveform.
        open_s: Decay of the brightness in seconds; 0: constant *open_level*.
        open_level: Remaining share of brightness.
        attack_s: Attack in seconds.
        decay_s: Decay to 1/e in seconds; 0: sustained.
        vibrato: Depth in semitones.
        odd: Share by which even harmonics are reduced.
        cents: Detuning of each oscillator; more than one makes the tone stereo.
        breath: Share of noise.
        peaks: Formants: hertz, width, height.
        sub: Level of an octave below.
    """

    slope: float = 1.0
    dark_hz: float = 800.0
    bright_hz: float = 5000.0
    open_s: float = 0.0
    open_level: float = 0.5
    attack_s: float = 0.01
    decay_s: float = 0.0
    vibrato: float = 0.0
    odd: float = 0.0
    cents: tuple[float, ...] = (0.0,)
    breath: float = 0.0
    peaks: tuple[tuple[float, float, float], ...] = ()
    sub: float = 0.0


@attrs.frozen(kw_only=True)
class Partials:
    """A struck bar or bell: frequency ratio, level and decay of each mode."""

    modes: tuple[tuple[float, float, float], ...]
    knock: float = 0.0
    tremolo: float = 0.0


@attrs.frozen(kw_only=True)
class Tine:
    """An electric piano by frequency modulation."""

    growl: float = 0.8
    chime: float = 0.2
    tremolo: float = 0.25


@attrs.frozen(kw_only=True)
class Patch:
    """An instrument: its sound, release in seconds, level and drive."""

    sound: String | Wave | Partials | Tine
    release_s: float = 0.08
    level: float = 1.0
    drive: float = 0.0


def render_patch(patch: Patch, pitch: int, frames: int) -> Sound:
    """Render a tone of at least *frames* samples, or until it has decayed."""
    hertz = pitch_to_hertz(pitch)
    match patch.sound:
        case String() as string:
            tone = pluck(string, hertz)
        case Wave() as wave:
            tone = _wave_tone(wave, hertz, frames)
        case Partials() as partials:
            tone = _modal_tone(partials, hertz)
        case Tine() as tine:
            tone = _fm_tone(tine, hertz)
    return tone * np.float32(patch.level)


def _wave_tone(wave: Wave, hertz: float, frames: int) -> Sound:
    bright = make_cycle(_harmonic_levels(wave, wave.bright_hz), hertz)
    dark = make_cycle(_harmonic_levels(wave, wave.dark_hz), hertz)
    opening: Sound | float = wave.open_level
    if wave.open_s:
        opening = wave.open_level + (1 - wave.open_level) * decay_curve(
            frames, wave.open_s
        )
    oscillators = [
        _oscillator(
            wave,
            hertz * 2 ** (cents / 1200),
            frames,
            number=number,
            dark=dark,
            bright=bright,
            opening=opening,
        )
        for number, cents in enumerate(wave.cents)
    ]
    tone = oscillators[0] if len(oscillators) == 1 else _stereo(oscillators)
    if wave.sub:
        tone = tone + wave.sub * np.sin(np.pi * hertz * 2 * 0.5 * sample_times(frames))
    if wave.breath:
        tone = tone + wave.breath * _breath_noise(frames, hertz)
    shape = attack_curve(frames, wave.attack_s)
    if wave.decay_s:
        shape = shape * decay_curve(frames, wave.decay_s)
    return (tone * shape).astype(np.float32)


def _oscillator(
    wave: Wave,
    hertz: float,
    frames: int,
    *,
    number: int,
    dark: Sound,
    bright: Sound,
    opening: Sound | float,
) -> Sound:
    phase = phase_curve(hertz, frames, vibrato=wave.vibrato, rate=5.1 + 0.37 * number)
    # Oscillators start at different phases, none of them negative.
    phase += 1.0 + 0.31 * number
    if isinstance(opening, float):
        return read_cycle(dark + (bright - dark) * np.float32(opening), phase)
    low = read_cycle(dark, phase)
    return low + (read_cycle(bright, phase) - low) * opening


def _breath_noise(frames: int, hertz: float) -> Sound:
    """Return breath noise, with resonances near the pitch."""
    # Circular filtering, so that the noise can be looped.
    spectrum = np.fft.rfft(noise(_AIR, "breath"))
    f = np.fft.rfftfreq(_AIR, 1 / RATE)
    spectrum *= resonances(f, (hertz * 2, 600, 3)) / (1.0 + (f / 3500.0) ** 4)
    return np.resize(0.03 * np.fft.irfft(spectrum), frames).astype(np.float32)


def _stereo(oscillators: list[Sound]) -> Sound:
    count = len(oscillators)
    pans = [number / (count - 1) for number in range(count)]
    left = sum(
        oscillator * np.float32(1.0 - 0.7 * pan)
        for oscillator, pan in zip(oscillators, pans, strict=False)
    )
    right = sum(
        oscillator * np.float32(0.3 + 0.7 * pan)
        for oscillator, pan in zip(oscillators, pans, strict=False)
    )
    return np.stack([left, right]) * np.float32(1.3 / count)


def _harmonic_levels(wave: Wave, low_pass_hz: float) -> Callable[[Curve, Curve], Curve]:
    def loudness(number: Curve, hertz: Curve) -> Curve:
        level = number**-wave.slope / (1.0 + (hertz / low_pass_hz) ** 4) ** 0.5
        level = level * np.where(number % 2 == 0, 1.0 - wave.odd, 1.0)
        level = level * resonances(hertz, *wave.peaks)
        return np.asarray(0.6 * level / np.sqrt(np.sum(level**2)))

    return loudness


def _modal_tone(partials: Partials, hertz: float) -> Sound:
    longest = max(decay for _, _, decay in partials.modes)
    frames = int(min(4.0, 4.5 * longest) * RATE)
    time = sample_times(frames)
    tone = np.zeros(frames, dtype=np.float32)
    stretch = (440.0 / hertz) ** 0.4
    for ratio, level, decay in partials.modes:
        if hertz * ratio < RATE * 0.4:
            omega = np.float32(2 * np.pi * hertz * ratio)
            count = min(frames, int(7 * decay * stretch * RATE))
            wave = np.sin(omega * time[:count]) * decay_curve(count, decay * stretch)
            tone[:count] += np.float32(level) * wave
    if partials.knock:
        count = RATE // 20
        tone[:count] += (
            partials.knock * noise(count, "knock") * decay_curve(count, 0.004)
        )
    tone *= attack_curve(frames, 0.002)
    tone[-2000:] *= np.linspace(1, 0, 2000, dtype=np.float32)
    if not partials.tremolo:
        return tone
    lfo = partials.tremolo * np.sin(2 * np.pi * 5.5 * time)
    return np.stack([tone * (1 + lfo), tone * (1 - lfo)]).astype(np.float32)


def _fm_tone(tine: Tine, hertz: float) -> Sound:
    frames = int(2.6 * RATE)
    time = sample_times(frames)
    stretch = (330.0 / hertz) ** 0.5
    omega = np.float32(2 * np.pi * hertz) * time
    growl = tine.growl * decay_curve(frames, 0.5 * stretch) * np.sin(omega)
    tone = np.sin(omega + growl) * decay_curve(frames, 1.1 * stretch)
    ratio = 7.0 if hertz * 7 < 9000 else 3.0
    count = RATE // 2
    chime = np.sin(ratio * omega[:count]) * decay_curve(count, 0.07)
    tone[:count] += tine.chime * chime
    tone *= attack_curve(frames, 0.003)
    tone[-4000:] *= np.linspace(1, 0, 4000, dtype=np.float32)
    lfo = tine.tremolo * np.sin(2 * np.pi * 4.3 * time)
    return 0.7 * np.stack([tone * (1 + lfo), tone * (1 - lfo)]).astype(np.float32)
