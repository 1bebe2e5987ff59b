"""Phonk: cowbell melodies over a driven 808, always minor."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Groove, Layer, Style

_SOFT: Final = (
    """
    hat   x.x.x.x.x.x.x.x.
    kick  X.....x...x.....
    """,
)
_FULL: Final = (
    """
    hat   xxxxxxxxxxxxxxxx
    clap  ....X.......X...
    snare ....x.......x...
    kick  X..X..X...X..X..
    """,
    """
    open  ..x...x...x...x.
    clap  ....X.......X...
    kick  X...X...X...X...
    """,
)
_FILLS: Final = (
    """
    snare ....X...x.x.xxxx
    kick  X..X..X.........
    """,
)
_CHANGES: Final = Changes(
    verse=("i i bVI v", "i i i bVII", "i bVI i v"),
    chorus=("i bVI bVII v", "i i bVI bVII"),
    bridge=("bVI bVI v v",),
)

PHONK: Final = Style(
    name="phonk",
    words=("phonk", "drift phonk", "baile funk", "memphis rap"),
    tempo=(130, 152),
    modes=("minor",),
    major=_CHANGES,
    minor=_CHANGES,
    groove=Groove(soft=_SOFT, full=_FULL, fills=_FILLS),
    kit="808",
    layers=(
        Layer(
            role="bass",
            patches=("sub", "saw-bass"),
            patterns=("R--R--R---R--R--", "R-----R---R-----"),
            energy=(0.4, 1.0),
            low=28,
            high=41,
            gain_db=-7.0,
            send=0.01,
        ),
        Layer(
            role="arp",
            patches=("cowbell", "cowbell"),
            patterns=("0..2..3.2..0..1.", "3.3.2.0.3.3.1.0."),
            low=64,
            high=83,
            gate=0.6,
            gain_db=-6.0,
            pan=0.15,
            send=0.15,
        ),
        Layer(
            role="pad",
            patches=("choir", "saw-pad"),
            energy=(0.5, 1.0),
            low=50,
            high=69,
            gain_db=-13.0,
            send=0.4,
            duck=0.5,
        ),
        Layer(
            role="lead",
            patches=("cowbell", "synth-lead"),
            low=64,
            high=83,
            gain_db=-5.0,
            send=0.2,
        ),
    ),
    pulse=0.25,
    push=0.3,
    mix="hot",
    voice_db=-1.5,
    human_s=0.001,
    drums_db=-4.0,
)
