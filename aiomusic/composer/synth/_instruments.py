"""The instruments, as plain data: which sound, how it ends, how loud it is."""

from typing import Final

from aiomusic.composer.synth._patches import Partials, Patch, Tine, Wave
from aiomusic.composer.synth._strings import String

_GUITAR: Final = ((110.0, 30.0, 1.2), (205.0, 50.0, 1.0), (420.0, 90.0, 0.5))
_OH: Final = ((480.0, 110.0, 6.0), (880.0, 130.0, 4.0), (2500.0, 250.0, 1.5))
_AH: Final = ((700.0, 130.0, 6.0), (1150.0, 150.0, 4.0), (2800.0, 250.0, 2.0))

PATCHES: Final[dict[str, Patch]] = {
    "piano": Patch(
        sound=String(
            decay_s=1.5,
            damp_hz=2500,
            bright_hz=900,
            strike_position=0.12,
            stiffness=0.0004,
            twin_cents=0.9,
            body=((180, 120, 0.6), (900, 500, 0.4)),
        ),
        release_s=0.14,
        level=0.55,
    ),
    "nylon": Patch(
        sound=String(
            decay_s=0.7, damp_hz=1500, bright_hz=700, strike_position=0.22, body=_GUITAR
        ),
        release_s=0.1,
        level=0.6,
    ),
    "steel": Patch(
        sound=String(
            decay_s=1.1,
            damp_hz=2800,
            bright_hz=2200,
            strike_position=0.13,
            stiffness=0.00008,
            body=_GUITAR,
        ),
        release_s=0.09,
        level=0.5,
    ),
    "electric": Patch(
        sound=String(decay_s=1.6, damp_hz=2200, bright_hz=1300, strike_position=0.2),
        release_s=0.06,
        level=0.5,
        drive=0.6,
    ),
    "distorted": Patch(
        sound=String(decay_s=2.4, damp_hz=1800, bright_hz=1200, strike_position=0.25),
        release_s=0.05,
        level=0.45,
        drive=6.0,
    ),
    "high-gain": Patch(
        sound=String(decay_s=2.2, damp_hz=9000, bright_hz=9000, strike_position=0.06),
        release_s=0.03,
        level=0.5,
        drive=12.0,
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
            decay_s=0.9, damp_hz=3500, bright_hz=3200, strike_position=0.08,
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
            dark_hz=1800, bright_hz=6000, open_level=0.5, attack_s=0.11, vibrato=0.13,
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
    "men": Patch(
        sound=Wave(
            slope=1.0, dark_hz=1600, bright_hz=3000, attack_s=0.14, vibrato=0.12,
            cents=(-9, 1, 8), breath=0.4, peaks=_OH,
        ),
        release_s=0.35,
        level=0.6,
    ),
    "accordion": Patch(
        sound=Wave(
            slope=0.8, odd=0.3, dark_hz=2000, bright_hz=5500, open_level=0.6,
            attack_s=0.03, vibrato=0.05, cents=(-8, 0, 8), peaks=((900, 400, 0.8),),
        ),
        release_s=0.06,
        level=0.6,
    ),
    "cowbell": Patch(
        sound=Partials(
            modes=(
                (1.0, 0.6, 0.16), (1.48, 0.5, 0.13), (2.76, 0.2, 0.06),
                (4.1, 0.15, 0.04), (6.3, 0.1, 0.02),
            ),
            knock=0.06,
        ),
        release_s=0.05,
        level=0.6,
        drive=1.2,
    ),
    "reese": Patch(
        sound=Wave(
            dark_hz=260, bright_hz=1400, open_level=0.45, attack_s=0.01,
            cents=(-22, 0, 21), sub=0.3,
        ),
        release_s=0.06,
        level=0.8,
        drive=0.8,
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
            dark_hz=1000, bright_hz=6000, open_s=0.9, open_level=0.4, attack_s=0.05,
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
        level=0.48,
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
        sound=String(decay_s=0.9, damp_hz=700, bright_hz=320, strike_position=0.2),
        release_s=0.06,
        level=0.85,
    ),
    "upright": Patch(
        sound=String(
            decay_s=0.5, damp_hz=500, bright_hz=260, strike_position=0.28,
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
