"""Rooms: the reverb and the colour that a style is mixed with."""

from typing import Final

import attrs
import numpy as np

from aiomusic.composer.synth._waves import RATE, Curve, Sound, noise, shaped


@attrs.frozen(kw_only=True)
class Room:
    """
    A space and a mix.

    Args:
        decay_s: seconds in which the sound falls by 60 dB.
        bright_hz: where the walls begin to swallow treble.
        early_s: delay before the first reflection.
        level: how loud the room is.
        drive: saturation of the whole mix; 0 for none.
        top_hz: where the mix ends; None for open.
        shine_db: how much the treble of the mix is raised, from 3 kHz up.
        crackle: level of the dust on the record.
    """

    decay_s: float = 1.4
    bright_hz: float = 5000.0
    early_s: float = 0.012
    level: float = 1.0
    drive: float = 0.0
    top_hz: float | None = None
    shine_db: float = 0.0
    crackle: float = 0.0


ROOMS: Final[dict[str, Room]] = {
    "pop": Room(decay_s=1.3),
    "soul": Room(decay_s=1.4, bright_hz=4000, drive=0.2),
    "tape": Room(decay_s=0.9, bright_hz=3000, drive=0.5, top_hz=6500, crackle=0.004),
    "club": Room(decay_s=1.2, bright_hz=6000, drive=0.2),
    "warehouse": Room(decay_s=2.4, bright_hz=4500, drive=0.3, shine_db=-3.0),
    "neon": Room(decay_s=2.0, bright_hz=7000, early_s=0.02, shine_db=2.0),
    "garage": Room(decay_s=0.8, bright_hz=6000, drive=0.3),
    "wood": Room(decay_s=0.9, bright_hz=4500),
    "cellar": Room(decay_s=0.7, bright_hz=4000, early_s=0.008),
    "dub": Room(decay_s=1.8, bright_hz=3000, early_s=0.03, shine_db=-4.0),
    "booth": Room(decay_s=0.7, bright_hz=6000, drive=0.3),
    "cathedral": Room(decay_s=3.4, bright_hz=3500, early_s=0.03, level=0.6),
    "stage": Room(
        decay_s=2.3, bright_hz=4500, early_s=0.025, level=0.9, shine_db=7.0
    ),
    "chip": Room(decay_s=0.3, bright_hz=8000, level=0.5, shine_db=8.0),
}  # fmt: skip


def impulse(room: Room) -> Sound:
    """Return the stereo answer of *room* to a click, of energy 1."""
    frames = int(min(4.0, 1.15 * room.decay_s) * RATE)
    time = np.arange(frames) / RATE
    tails = [_tail(room, side, time) for side in ("left", "right")]
    sound = np.stack(tails) / np.sqrt(np.sum(np.square(tails)) / 2)
    answer: Sound = (room.level * sound).astype(np.float32)
    return answer


def _tail(room: Room, side: str, time: Curve) -> Sound:
    hiss = noise(len(time), "room", side)
    dark = shaped(hiss, lambda f: 1 / (1 + (f / (0.35 * room.bright_hz)) ** 2))
    light = shaped(hiss, lambda f: 1 / (1 + (f / room.bright_hz) ** 2)) - dark
    tail = dark * np.exp(-6.9 * time / room.decay_s)
    tail += light * np.exp(-11.0 * time / room.decay_s)
    grown = 1 - np.exp(-time / 0.02)
    tail = tail * grown
    tail = shaped(tail, lambda f: 1 / (1 + (180 / np.maximum(f, 1)) ** 4))
    late = int(room.early_s * RATE)
    moved = np.zeros_like(tail)
    moved[late:] = tail[: len(tail) - late]
    return moved
