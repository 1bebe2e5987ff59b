"""Drum kits: every drum is a pitch sweep plus filtered noise."""

from collections.abc import Callable
from typing import Final

import attrs
import numpy as np

from aiomusic.composer.synth._waves import (
    RATE,
    Curve,
    Sound,
    decay_curve,
    filtered,
    noise,
    pitch_to_hertz,
)


@attrs.frozen(kw_only=True)
class Kit:
    """
    The parameters of a drum kit.

    Args:
        kick_hz: Final frequency of the kick drum.
        kick_s: Its decay.
        click: Level of its attack.
        snare_hz: Frequency of the snare drum.
        snare_s: Decay of its noise.
        bright_hz: Upper limit of the noise of the whole kit.
        hat_s: Decay of the closed hi-hat.
        drive: Saturation.
        tonic: The pitch class to which low drums are tuned.
    """

    kick_hz: float = 50.0
    kick_s: float = 0.12
    click: float = 0.4
    snare_hz: float = 190.0
    snare_s: float = 0.09
    bright_hz: float = 15000.0
    hat_s: float = 0.03
    drive: float = 1.0
    tonic: int = 0


KITS: Final[dict[str, Kit]] = {
    "pop": Kit(),
    "soul": Kit(kick_hz=48, kick_s=0.16, click=0.25, snare_hz=200, bright_hz=11000),
    "dusty": Kit(
        kick_hz=55, kick_s=0.1, click=0.15, snare_hz=210, snare_s=0.07, bright_hz=6000,
        hat_s=0.025, drive=2.0,
    ),
    "house": Kit(kick_hz=49, kick_s=0.15, click=0.5, hat_s=0.028, drive=1.6),
    "techno": Kit(
        kick_hz=46, kick_s=0.17, click=0.7, snare_s=0.06, hat_s=0.022, drive=3.5
    ),
    "gated": Kit(
        kick_hz=56, kick_s=0.13, click=0.7, snare_hz=175, snare_s=0.17, drive=2.2
    ),
    "rock": Kit(
        kick_hz=58, kick_s=0.11, click=0.9, snare_hz=185, snare_s=0.12, hat_s=0.05,
        drive=1.6,
    ),
    "brush": Kit(
        kick_hz=60, kick_s=0.09, click=0.1, snare_hz=220, snare_s=0.06, bright_hz=10000,
        hat_s=0.035,
    ),
    "latin": Kit(kick_hz=62, kick_s=0.07, click=0.1, bright_hz=11000),
    "dub": Kit(kick_hz=52, kick_s=0.14, click=0.25, snare_hz=240, bright_hz=9000),
    "808": Kit(
        kick_hz=43, kick_s=0.26, click=0.6, snare_hz=180, snare_s=0.08, hat_s=0.018,
        bright_hz=9500,
        drive=1.8,
    ),
    "break": Kit(
        kick_hz=58, kick_s=0.09, click=0.8, snare_hz=215, snare_s=0.11, hat_s=0.03,
        drive=2.2,
    ),
    "metal": Kit(
        kick_hz=60, kick_s=0.06, click=1.6, snare_hz=200, snare_s=0.1, hat_s=0.05,
        drive=2.0,
    ),
    "stage": Kit(kick_hz=45, kick_s=0.3, click=0.2, bright_hz=8000),
    "chip": Kit(
        kick_hz=60, kick_s=0.06, click=0.8, snare_hz=240, snare_s=0.05, hat_s=0.015,
        drive=5.0,
    ),
}  # fmt: skip


def tune_kit(kit: Kit, tonic: int) -> Kit:
    """Return *kit* with the kick tuned to *tonic* and the snare to its fifth."""
    return attrs.evolve(
        kit,
        kick_hz=_nearest_hertz(kit.kick_hz, tonic),
        snare_hz=_nearest_hertz(kit.snare_hz, tonic + 7),
        tonic=tonic % 12,
    )


def _nearest_hertz(hertz: float, pitch_class: int) -> float:
    """Return the frequency of *pitch_class* nearest to *hertz*."""
    pitch = 69 + 12 * np.log2(hertz / 440.0)
    return pitch_to_hertz(pitch_class + 12 * round((pitch - pitch_class) / 12))


def drum_sound(kit: Kit, name: str, variant: int) -> Sound:
    """Return the sound of a drum; variants differ slightly, as by a human player."""
    sound = _MAKERS.get(name, _tick)(kit, name, variant)
    if kit.drive > 1.0:
        sound = np.tanh(kit.drive * sound) / np.float32(np.tanh(kit.drive))
    tail = min(400, len(sound))
    sound[-tail:] *= np.linspace(1, 0, tail, dtype=np.float32)
    return sound.astype(np.float32)


def _sweep(frames: int, high: float, low: float, speed_s: float) -> Sound:
    time = np.arange(frames) / RATE
    phase = low * time + (high - low) * speed_s * (1 - np.exp(-time / speed_s))
    return np.sin(2 * np.pi * phase).astype(np.float32)


def _band(low: float, high: float) -> Callable[[Curve], Curve]:
    def loudness(hertz: Curve) -> Curve:
        below = 1.0 / (1.0 + (low / np.maximum(hertz, 1.0)) ** 4)
        curve: Curve = below / (1.0 + (hertz / high) ** 6)
        return curve

    return loudness


def _kick(kit: Kit, name: str, variant: int) -> Sound:
    frames = int(6 * kit.kick_s * RATE)
    body = _sweep(frames, 4.5 * kit.kick_hz, kit.kick_hz, 0.022)
    body *= decay_curve(frames, kit.kick_s)
    count = RATE // 60
    click = filtered(noise(count, name, variant), _band(1500, kit.bright_hz))
    body[:count] += 0.35 * kit.click * click * decay_curve(count, 0.002)
    return 0.95 * body


def _snare(kit: Kit, name: str, variant: int) -> Sound:
    frames = int(6 * kit.snare_s * RATE)
    rattle = filtered(noise(frames, name, variant), _band(1200, kit.bright_hz))
    drum_head = _sweep(frames, 1.6 * kit.snare_hz, kit.snare_hz, 0.01)
    return 0.32 * rattle * decay_curve(
        frames, kit.snare_s
    ) + 0.55 * drum_head * decay_curve(frames, 0.05)


def _clap(kit: Kit, name: str, variant: int) -> Sound:
    frames = RATE // 3
    air = filtered(noise(frames, name, variant), _band(900, min(7000, kit.bright_hz)))
    shape = decay_curve(frames, 0.07) * 0.6
    for delay_s in (0, 0.011, 0.022):
        start = int(delay_s * RATE)
        shape[start:] += decay_curve(frames - start, 0.004)
    return 0.35 * air * shape


def _hat(kit: Kit, name: str, variant: int) -> Sound:
    decay = {"open": 0.16, "pedal": 0.02, "ride": 0.35}.get(name, kit.hat_s)
    frames = int(6 * decay * RATE)
    low = min(6500.0, 0.6 * kit.bright_hz)
    air = filtered(noise(frames, name, variant), _band(low, kit.bright_hz))
    if name == "ride":
        time = np.arange(frames, dtype=np.float32) / RATE
        ping = sum(np.sin(2 * np.pi * f * time) for f in (3110, 4230, 5380))
        return 0.14 * air * decay_curve(frames, decay) + 0.06 * ping * decay_curve(
            frames, 0.12
        )
    return 0.22 * air * decay_curve(frames, decay)


def _crash(kit: Kit, name: str, variant: int) -> Sound:
    frames = int(2.2 * RATE)
    air = filtered(noise(frames, name, variant), _band(3000, kit.bright_hz))
    return 0.24 * air * decay_curve(frames, 0.55)


def _tom(kit: Kit, name: str, variant: int) -> Sound:
    hertz = {
        "lowtom": 82.0, "tom": 115.0, "hightom": 155.0, "conga": 230.0,
        "lowconga": 165.0, "taiko": 58.0, "timp": 73.0,
    }[name]  # fmt: skip
    hertz = _nearest_hertz(hertz, kit.tonic + (7 if name in ("tom", "lowconga") else 0))
    decay = 0.45 if name in ("taiko", "timp") else 0.16
    frames = int(5 * decay * RATE)
    body = _sweep(frames, 1.7 * hertz, hertz, 0.03) * decay_curve(frames, decay)
    skin = filtered(noise(frames, name, variant), _band(300, 3000)) * decay_curve(
        frames, 0.02
    )
    return 0.8 * body + 0.2 * skin


def _tick(kit: Kit, name: str, variant: int) -> Sound:
    low, high, decay = {
        "rim": (900.0, 4500.0, 0.012),
        "snap": (1500.0, 5000.0, 0.02),
        "shaker": (5000.0, 12000.0, 0.04),
        "tamb": (6000.0, 14000.0, 0.08),
        "brush": (1000.0, 6000.0, 0.1),
        "swell": (500.0, 9000.0, 0.5),
    }.get(name, (1800.0, 3200.0, 0.02))
    frames = int(6 * decay * RATE)
    air = filtered(noise(frames, name, variant), _band(low, min(high, kit.bright_hz)))
    tone = _sweep(frames, 1700.0, 1650.0, 0.01) if name in ("rim", "clave") else 0.0
    if name == "cowbell":
        tone = np.sign(_sweep(frames, 560.0, 560.0, 0.01)) * np.float32(0.5)
    sound: Sound = (0.4 * air + 0.5 * tone) * decay_curve(frames, decay)
    return sound


_MAKERS: Final[dict[str, Callable[[Kit, str, int], Sound]]] = {
    "kick": _kick,
    "snare": _snare,
    "clap": _clap,
    "hat": _hat,
    "open": _hat,
    "pedal": _hat,
    "ride": _hat,
    "crash": _crash,
    "tom": _tom,
    "lowtom": _tom,
    "hightom": _tom,
    "conga": _tom,
    "lowconga": _tom,
    "taiko": _tom,
    "timp": _tom,
}
