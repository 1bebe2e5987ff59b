"""Mix presets: reverb, saturation and tone of each style."""

from typing import Final

import attrs
import numpy as np

from aiomusic.composer.synth._waves import RATE, Curve, Sound, filtered, noise


@attrs.frozen(kw_only=True)
class MixPreset:
    """
    The parameters of a mix.

    Args:
        decay_s: Decay of the reverb by 60 dB, in seconds.
        bright_hz: Frequency above which the reverb is damped.
        pre_delay_s: Delay before the first reflection, in seconds.
        level: Level of the reverb.
        drive: Saturation of the whole mix; 0: none.
        low_pass_hz: Low-pass of the whole mix; None: none.
        treble_db: Gain of the treble from 3 kHz up.
        crackle: Level of vinyl crackle.
    """

    decay_s: float = 1.4
    bright_hz: float = 5000.0
    pre_delay_s: float = 0.012
    level: float = 1.0
    drive: float = 0.0
    low_pass_hz: float | None = None
    treble_db: float = 0.0
    crackle: float = 0.0


MIX_PRESETS: Final[dict[str, MixPreset]] = {
    "pop": MixPreset(decay_s=1.3),
    "soul": MixPreset(decay_s=1.4, bright_hz=4000, drive=0.2),
    "tape": MixPreset(
        decay_s=0.9, bright_hz=3000, drive=0.5, low_pass_hz=6500, crackle=0.004
    ),
    "club": MixPreset(decay_s=1.2, bright_hz=6000, drive=0.2),
    "warehouse": MixPreset(decay_s=2.4, bright_hz=4500, drive=0.3, treble_db=-3.0),
    "neon": MixPreset(decay_s=2.0, bright_hz=7000, pre_delay_s=0.02, treble_db=2.0),
    "garage": MixPreset(decay_s=0.8, bright_hz=6000, drive=0.3),
    "arena": MixPreset(decay_s=1.1, bright_hz=7000, drive=0.4, treble_db=5.0),
    "hot": MixPreset(decay_s=1.0, bright_hz=5000, drive=1.2),
    "wood": MixPreset(decay_s=0.9, bright_hz=4500),
    "cellar": MixPreset(decay_s=0.7, bright_hz=4000, pre_delay_s=0.008),
    "dub": MixPreset(decay_s=1.8, bright_hz=3000, pre_delay_s=0.03, treble_db=-4.0),
    "booth": MixPreset(decay_s=0.7, bright_hz=6000, drive=0.3),
    "cathedral": MixPreset(decay_s=3.4, bright_hz=3500, pre_delay_s=0.03, level=0.6),
    "stage": MixPreset(
        decay_s=2.3, bright_hz=4500, pre_delay_s=0.025, level=0.9, treble_db=7.0
    ),
    "chip": MixPreset(decay_s=0.3, bright_hz=8000, level=0.5, treble_db=8.0),
}  # fmt: skip


def impulse_response(preset: MixPreset) -> Sound:
    """Return the stereo impulse response of the reverb, with energy 1."""
    frames = int(min(4.0, 1.15 * preset.decay_s) * RATE)
    time = np.arange(frames) / RATE
    tails = [_tail(preset, side, time) for side in ("left", "right")]
    sound = np.stack(tails) / np.sqrt(np.sum(np.square(tails)) / 2)
    response: Sound = (preset.level * sound).astype(np.float32)
    return response


def _tail(preset: MixPreset, side: str, time: Curve) -> Sound:
    hiss = noise(len(time), "room", side)
    dark = filtered(hiss, lambda f: 1 / (1 + (f / (0.35 * preset.bright_hz)) ** 2))
    light = filtered(hiss, lambda f: 1 / (1 + (f / preset.bright_hz) ** 2)) - dark
    tail = dark * np.exp(-6.9 * time / preset.decay_s)
    tail += light * np.exp(-11.0 * time / preset.decay_s)
    fade_in = 1 - np.exp(-time / 0.02)
    tail = tail * fade_in
    tail = filtered(tail, lambda f: 1 / (1 + (180 / np.maximum(f, 1)) ** 4))
    pre_delay = int(preset.pre_delay_s * RATE)
    moved = np.zeros_like(tail)
    moved[pre_delay:] = tail[: len(tail) - pre_delay]
    return moved
