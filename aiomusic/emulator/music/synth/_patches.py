# ruff: noqa: PLR2004 (hertz are what this file is about)
"""
The instruments: each patch makes one long tone of a pitch.

A tone is made once and cut to the length of each note, so what a patch makes
must not depend on how long the note will be.
"""

from collections.abc import Callable
from typing import Final

import attrs
import numpy as np

from aiomusic.emulator.music.synth._strings import String, struck
from aiomusic.emulator.music.synth._waves import (
    RATE,
    Curve,
    Sound,
    bells,
    cycle,
    fall,
    hertz_of,
    noise,
    phases,
    played,
    rise,
    seconds,
    shaped,
)


@attrs.frozen(kw_only=True)
class Wave:
    """
    A held tone between a dark and a bright wave.

    Args:
        slope: how fast harmonics fall, as a power of their number.
        dark_hz: low-pass of the dark wave.
        bright_hz: low-pass of the bright wave.
        open_s: how long the brightness lives; 0 keeps it at *open_level*.
        open_level: share of brightness that stays.
        attack_s: seconds to full level.
        decay_s: seconds to fall to a third; 0 holds.
        vibrato: in semitones.
        odd: share by which even harmonics are taken away.
        cents: detunings; more than one makes the tone stereo.
        breath: share of noise.
        peaks: formants: hertz, width, height.
        sub: level of an octave below.
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
    """A struck bar, bell or tine: ratio, level and decay in seconds of each."""

    modes: tuple[tuple[float, float, float], ...]
    knock: float = 0.0
    tremolo: float = 0.0


@attrs.frozen(kw_only=True)
class Tine:
    """An electric piano: a tine that growls when struck."""

    growl: float = 0.8
    chime: float = 0.2
    tremolo: float = 0.25


@attrs.frozen(kw_only=True)
class Patch:
    """An instrument: its sound, seconds of release, level, drive and delay."""

    sound: String | Wave | Partials | Tine
    release_s: float = 0.08
    level: float = 1.0
    drive: float = 0.0


def made(patch: Patch, pitch: int, frames: int) -> Sound:
    """Make a tone of at least *frames* samples, or until it has died away."""
    hertz = hertz_of(pitch)
    match patch.sound:
        case String() as string:
            tone = struck(string, hertz)
        case Wave() as wave:
            tone = _held(wave, hertz, frames)
        case Partials() as partials:
            tone = _rung(partials, hertz)
        case Tine() as tine:
            tone = _tined(tine, hertz)
    return tone * np.float32(patch.level)


def _held(wave: Wave, hertz: float, frames: int) -> Sound:
    bright = cycle(_loudness(wave, wave.bright_hz), hertz)
    dark = cycle(_loudness(wave, wave.dark_hz), hertz)
    opening: Sound | float = wave.open_level
    if wave.open_s:
        opening = wave.open_level + (1 - wave.open_level) * fall(frames, wave.open_s)
    voices = [
        _voice(
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
    tone = voices[0] if len(voices) == 1 else _spread(voices)
    if wave.sub:
        tone = tone + wave.sub * np.sin(np.pi * hertz * 2 * 0.5 * seconds(frames))
    if wave.breath:
        air = shaped(noise(frames, "breath"), lambda f: bells(f, (hertz * 2, 600, 3)))
        tone = tone + wave.breath * 0.05 * air
    shape = rise(frames, wave.attack_s)
    if wave.decay_s:
        shape = shape * fall(frames, wave.decay_s)
    return (tone * shape).astype(np.float32)


def _voice(
    wave: Wave,
    hertz: float,
    frames: int,
    *,
    number: int,
    dark: Sound,
    bright: Sound,
    opening: Sound | float,
) -> Sound:
    phase = phases(hertz, frames, vibrato=wave.vibrato, rate=5.1 + 0.37 * number)
    # Voices begin at different places of the wave, none before its start.
    phase += 1.0 + 0.31 * number
    if isinstance(opening, float):
        return played(dark + (bright - dark) * np.float32(opening), phase)
    low = played(dark, phase)
    return low + (played(bright, phase) - low) * opening


def _spread(voices: list[Sound]) -> Sound:
    count = len(voices)
    share = [number / (count - 1) for number in range(count)]
    left = sum(
        voice * np.float32(1.0 - 0.7 * x)
        for voice, x in zip(voices, share, strict=False)
    )
    right = sum(
        voice * np.float32(0.3 + 0.7 * x)
        for voice, x in zip(voices, share, strict=False)
    )
    return np.stack([left, right]) * np.float32(1.3 / count)


def _loudness(wave: Wave, low_pass_hz: float) -> Callable[[Curve, Curve], Curve]:
    def loudness(number: Curve, hertz: Curve) -> Curve:
        level = number**-wave.slope / (1.0 + (hertz / low_pass_hz) ** 4) ** 0.5
        level = level * np.where(number % 2 == 0, 1.0 - wave.odd, 1.0)
        level = level * bells(hertz, *wave.peaks)
        return np.asarray(0.6 * level / np.sqrt(np.sum(level**2)))

    return loudness


def _rung(partials: Partials, hertz: float) -> Sound:
    longest = max(decay for _, _, decay in partials.modes)
    frames = int(min(4.0, 4.5 * longest) * RATE)
    time = seconds(frames)
    tone = np.zeros(frames, dtype=np.float32)
    life = (440.0 / hertz) ** 0.4
    for ratio, level, decay in partials.modes:
        if hertz * ratio < RATE * 0.4:
            turn = np.float32(2 * np.pi * hertz * ratio)
            count = min(frames, int(7 * decay * life * RATE))
            wave = np.sin(turn * time[:count]) * fall(count, decay * life)
            tone[:count] += np.float32(level) * wave
    if partials.knock:
        count = RATE // 20
        tone[:count] += partials.knock * noise(count, "knock") * fall(count, 0.004)
    tone *= rise(frames, 0.002)
    tone[-2000:] *= np.linspace(1, 0, 2000, dtype=np.float32)
    if not partials.tremolo:
        return tone
    wobble = partials.tremolo * np.sin(2 * np.pi * 5.5 * time)
    return np.stack([tone * (1 + wobble), tone * (1 - wobble)]).astype(np.float32)


def _tined(tine: Tine, hertz: float) -> Sound:
    frames = int(2.6 * RATE)
    time = seconds(frames)
    life = (330.0 / hertz) ** 0.5
    turn = np.float32(2 * np.pi * hertz) * time
    growl = tine.growl * fall(frames, 0.5 * life) * np.sin(turn)
    tone = np.sin(turn + growl) * fall(frames, 1.1 * life)
    ratio = 7.0 if hertz * 7 < 9000 else 3.0
    count = RATE // 2
    chime = np.sin(ratio * turn[:count]) * fall(count, 0.07)
    tone[:count] += tine.chime * chime
    tone *= rise(frames, 0.003)
    tone[-4000:] *= np.linspace(1, 0, 4000, dtype=np.float32)
    wobble = tine.tremolo * np.sin(2 * np.pi * 4.3 * time)
    return 0.7 * np.stack([tone * (1 + wobble), tone * (1 - wobble)]).astype(np.float32)


_GUITAR: Final = ((110.0, 30.0, 1.2), (205.0, 50.0, 1.0), (420.0, 90.0, 0.5))
_AH: Final = ((700.0, 130.0, 6.0), (1150.0, 150.0, 4.0), (2800.0, 250.0, 2.0))

PATCHES: Final[dict[str, Patch]] = {
    "piano": Patch(
        sound=String(
            decay_s=1.5,
            damp_hz=2500,
            bright_hz=900,
            place=0.12,
            stiffness=0.0004,
            twin_cents=0.9,
            body=((180, 120, 0.6), (900, 500, 0.4)),
        ),
        release_s=0.14,
        level=0.55,
    ),
    "nylon": Patch(
        sound=String(
            decay_s=0.7, damp_hz=1500, bright_hz=700, place=0.22, body=_GUITAR
        ),
        release_s=0.1,
        level=0.6,
    ),
    "steel": Patch(
        sound=String(
            decay_s=1.1,
            damp_hz=2800,
            bright_hz=2200,
            place=0.13,
            stiffness=0.00008,
            body=_GUITAR,
        ),
        release_s=0.09,
        level=0.5,
    ),
    "electric": Patch(
        sound=String(decay_s=1.6, damp_hz=2200, bright_hz=1300, place=0.2),
        release_s=0.06,
        level=0.5,
        drive=0.6,
    ),
    "distorted": Patch(
        sound=String(decay_s=2.4, damp_hz=1800, bright_hz=1200, place=0.25),
        release_s=0.05,
        level=0.45,
        drive=6.0,
    ),
    "pluck": Patch(
        sound=Wave(
            dark_hz=500, bright_hz=6000, open_s=0.09, open_level=0.05,
            attack_s=0.002, decay_s=0.22, cents=(-5, 5),
        ),
        release_s=0.12,
        level=0.8,
    ),
    "koto": Patch(
        sound=String(
            decay_s=0.9, damp_hz=3500, bright_hz=3200, place=0.08,
            body=((300, 80, 0.8), (800, 200, 0.5)),
        ),
        release_s=0.15,
        level=0.5,
    ),
    "epiano": Patch(sound=Tine(), release_s=0.12, level=0.6),
    "bell": Patch(
        sound=Partials(
            modes=(
                (1.0, 0.5, 0.9), (2.0, 0.25, 0.7), (2.76, 0.2, 0.5), (5.4, 0.12, 0.3),
                (8.9, 0.06, 0.15),
            )
        ),
        release_s=0.5,
        level=0.55,
    ),
    "vibes": Patch(
        sound=Partials(
            modes=((1.0, 0.7, 1.0), (4.0, 0.16, 0.25), (10.0, 0.05, 0.06)),
            knock=0.02,
            tremolo=0.2,
        ),
        release_s=0.25,
        level=0.6,
    ),
    "marimba": Patch(
        sound=Partials(
            modes=((1.0, 0.8, 0.28), (3.95, 0.2, 0.08), (9.2, 0.08, 0.03)), knock=0.05
        ),
        release_s=0.1,
        level=0.7,
    ),
    "organ": Patch(
        sound=Wave(
            slope=1.4, dark_hz=1800, bright_hz=4000, open_level=0.4, attack_s=0.008,
            vibrato=0.08, cents=(-1.5, 1.5),
        ),
        release_s=0.04,
        level=0.6,
    ),
    "strings": Patch(
        sound=Wave(
            dark_hz=1600, bright_hz=4500, open_level=0.45, attack_s=0.11, vibrato=0.13,
            cents=(-9, 0, 8), breath=0.25, peaks=((450, 150, 0.8), (1100, 300, 0.6)),
        ),
        release_s=0.25,
        level=0.6,
    ),
    "choir": Patch(
        sound=Wave(
            slope=0.9, dark_hz=2500, bright_hz=4000, attack_s=0.18, vibrato=0.2,
            cents=(-11, 2, 9), breath=0.6, peaks=_AH,
        ),
        release_s=0.35,
        level=0.55,
    ),
    "warm-pad": Patch(
        sound=Wave(
            dark_hz=500, bright_hz=1500, open_level=0.4, attack_s=0.25,
            cents=(-10, -3, 9),
        ),
        release_s=0.5,
        level=0.65,
    ),
    "saw-pad": Patch(
        sound=Wave(
            dark_hz=1200, bright_hz=5000, open_level=0.5, attack_s=0.06,
            cents=(-14, -5, 6, 13),
        ),
        release_s=0.3,
        level=0.6,
    ),
    "stab": Patch(
        sound=Wave(
            dark_hz=700, bright_hz=6000, open_s=0.12, open_level=0.08, attack_s=0.003,
            decay_s=0.5, cents=(-10, 0, 10),
        ),
        release_s=0.08,
        level=0.8,
    ),
    "brass": Patch(
        sound=Wave(
            dark_hz=900, bright_hz=4500, open_s=0.9, open_level=0.35, attack_s=0.05,
            vibrato=0.08, cents=(-6, 6), peaks=((1200, 400, 0.8),),
        ),
        release_s=0.12,
        level=0.65,
    ),
    "flute": Patch(
        sound=Wave(
            slope=1.9, dark_hz=1500, bright_hz=3500, open_level=0.5, attack_s=0.05,
            vibrato=0.2, breath=0.9,
        ),
        release_s=0.1,
        level=0.7,
    ),
    "sax": Patch(
        sound=Wave(
            slope=0.9, dark_hz=1600, bright_hz=4200, open_s=0.4, open_level=0.5,
            attack_s=0.03, vibrato=0.22, breath=0.6,
            peaks=((550, 160, 1.5), (1400, 300, 1.2)),
        ),
        release_s=0.08,
        level=0.6,
    ),
    "synth-lead": Patch(
        sound=Wave(
            dark_hz=1400, bright_hz=5500, open_s=0.5, open_level=0.35, attack_s=0.008,
            vibrato=0.15, cents=(-5, 5),
        ),
        release_s=0.1,
        level=0.65,
    ),
    "square": Patch(
        sound=Wave(odd=1.0, dark_hz=9000, bright_hz=9000, attack_s=0.002, vibrato=0.06),
        release_s=0.015,
        level=0.6,
    ),
    "triangle": Patch(
        sound=Wave(slope=2.0, odd=1.0, dark_hz=9000, bright_hz=9000, attack_s=0.002),
        release_s=0.015,
        level=0.9,
    ),
    "finger-bass": Patch(
        sound=String(decay_s=0.9, damp_hz=700, bright_hz=320, place=0.2),
        release_s=0.06,
        level=0.85,
    ),
    "upright": Patch(
        sound=String(
            decay_s=0.5, damp_hz=500, bright_hz=260, place=0.28,
            body=((90, 40, 0.6), (250, 80, 0.5)),
        ),
        release_s=0.08,
        level=0.9,
    ),
    "saw-bass": Patch(
        sound=Wave(
            dark_hz=220, bright_hz=1500, open_s=0.16, open_level=0.15, attack_s=0.004,
            decay_s=1.5, sub=0.25,
        ),
        release_s=0.04,
        level=0.85,
    ),
    "sub": Patch(
        sound=Wave(
            slope=2.6, dark_hz=180, bright_hz=500, open_s=0.05, open_level=0.2,
            attack_s=0.006, decay_s=1.6,
        ),
        release_s=0.06,
        level=0.95,
    ),
    "acid": Patch(
        sound=Wave(
            dark_hz=350, bright_hz=2600, open_s=0.1, open_level=0.1, attack_s=0.003,
            decay_s=0.5, peaks=((900, 120, 3.0),),
        ),
        release_s=0.03,
        level=0.7,
    ),
}  # fmt: skip
