"""Chiptune: two square waves, a triangle and noise, strictly quantized."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Groove, Layer, Style

_SOFT: Final = (
    """
    hat   x.x.x.x.x.x.x.x.
    kick  x.......x.......
    """,
)
_FULL: Final = (
    """
    hat   x.x.x.x.x.x.x.x.
    snare ....X.......X...
    kick  X.....x.X.......
    """,
    """
    hat   xxx.xxx.xxx.xxx.
    snare ....X.......X..x
    kick  X...x...X...x...
    """,
)
_FILLS: Final = (
    """
    snare ....X...x.x.xxxx
    kick  X.......X.......
    """,
)

CHIPTUNE: Final = Style(
    name="chiptune",
    words=(
        "chiptune",
        "8 bit",
        "8bit",
        "retro game",
        "arcade",
        "game boy",
        "pixel",
        "nes",
    ),
    tempo=(132, 160),
    modes=("major", "major", "minor"),
    major=Changes(
        verse=("I IV V I", "I vi IV V", "I V vi iii"),
        chorus=("IV V I vi", "I bVII bVI V", "IV V iii vi"),
        bridge=("bVI bVII I I", "ii V iii vi"),
    ),
    minor=Changes(
        verse=("i bVII bVI v", "i iv bVII bIII"),
        chorus=("bVI bVII i i", "i bIII bVII iv"),
        bridge=("bVI bVI bVII v",),
    ),
    groove=Groove(soft=_SOFT, full=_FULL, fills=_FILLS),
    kit="chip",
    layers=(
        Layer(
            role="bass",
            patches=("triangle", "triangle"),
            patterns=("r.r.8.r.r.r.8.r.", "r.8.r.8.r.8.r.8.", "r..r..r.5..5..5."),
            energy=(0.45, 1.0),
            low=36,
            high=50,
            gate=0.85,
            gain_db=-3.0,
            send=0.0,
        ),
        Layer(
            role="arp",
            patches=("square", "square"),
            patterns=("0120120120120120", "0123012301230123"),
            energy=(0.5, 1.0),
            low=60,
            high=79,
            gate=0.9,
            gain_db=-8.0,
            pan=-0.35,
            send=0.02,
        ),
        Layer(
            role="chords",
            patches=("triangle", "square"),
            patterns=("0.1.2.1.0.1.2.1.", "2.1.0.1.2.1.0.1."),
            energy=(0.0, 0.6),
            low=60,
            high=76,
            gate=0.8,
            gain_db=-2.0,
            pan=0.2,
            send=0.02,
        ),
        Layer(
            role="counter",
            patches=("square", "square"),
            patterns=("x-..x-..x-..x-..", "..x-..x-..x-..x-"),
            energy=(0.8, 1.0),
            low=55,
            high=67,
            gate=0.7,
            gain_db=-13.0,
            pan=0.35,
            send=0.02,
        ),
        Layer(
            role="lead",
            patches=("square", "square"),
            low=67,
            high=88,
            gain_db=-6.0,
            send=0.03,
        ),
    ),
    push=0.2,
    pulse=0.5,
    mix="chip",
    voice_db=1.0,
    drums_db=-6.0,
    human_s=0.0,
)
