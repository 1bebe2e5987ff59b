"""Heavy metal: palm-muted riffs on high-gain guitars, double kick, always minor."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Groove, Layer, Style

_SOFT: Final = (
    """
    ride  X...X...X...X...
    snare ........X.......
    kick  X..x..X.X..x....
    """,
)
_FULL: Final = (
    """
    open  X...X...X...X...
    snare ....X.......X...
    kick  XxxxXxxxXxxxXxxx
    """,
    """
    crash X...............
    ride  X.x.X.x.X.x.X.x.
    snare ....X.......X...
    kick  X.xxX.xxX.xxX.xx
    """,
)
_FILLS: Final = (
    """
    snare   ....X...XxXx....
    hightom ............Xx..
    lowtom  ..............XX
    kick    XxxxXxxxX.X.X.X.
    """,
)
_CHANGES: Final = Changes(
    verse=("I5 I5 bVI5 bVII5", "I5 I5 bII5 I5", "I5 bIII5 I5 bVII5"),
    chorus=("I5 bVI5 bIII5 bVII5", "bVI5 bVII5 I5 I5"),
    bridge=("I5 bII5 I5 bII5", "IV5 IV5 bVI5 bVII5"),
)

METAL: Final = Style(
    name="metal",
    words=(
        "metal",
        "heavy metal",
        "death metal",
        "black metal",
        "thrash metal",
        "speed metal",
        "power metal",
        "nu metal",
        "metalcore",
        "deathcore",
    ),
    tempo=(132, 164),
    modes=("minor",),
    major=_CHANGES,
    minor=_CHANGES,
    groove=Groove(soft=_SOFT, full=_FULL, fills=_FILLS),
    kit="metal",
    layers=(
        Layer(
            role="bass",
            patches=("finger-bass", "finger-bass"),
            patterns=("RrrrRrrrRrrrRrrr", "R.rrR.rrR.rrR.rr"),
            energy=(0.3, 1.0),
            low=28,
            high=40,
            gate=0.8,
            gain_db=-9.0,
            send=0.01,
        ),
        Layer(
            role="chords",
            patches=("high-gain", "high-gain"),
            patterns=("XxxxX-xxXxxxX-x-", "X.xxX.xxX.xxX---", "XxxX--XxxX--X-X-"),
            low=38,
            high=57,
            voicing="power",
            gate=0.75,
            gain_db=-3.0,
            pan=-0.8,
            send=0.06,
        ),
        Layer(
            role="chords",
            patches=("high-gain", "high-gain"),
            patterns=("X-------X-------", "X-----X-X-----X-"),
            energy=(0.5, 1.0),
            low=40,
            high=60,
            voicing="power",
            gain_db=-4.0,
            pan=0.8,
            send=0.06,
        ),
        Layer(
            role="lead",
            patches=("high-gain", "distorted"),
            low=64,
            high=86,
            gain_db=-8.0,
            send=0.3,
        ),
    ),
    push=0.1,
    mix="arena",
    voice_db=1.0,
    human_s=0.003,
    drums_db=-11.0,
    softest_db=-2.9,
)
