"""Styles that are played by the band of another one, with some changes."""

from typing import Final

import attrs

from aiomusic.composer.styles._pop import POP
from aiomusic.composer.styles._reggae import REGGAE
from aiomusic.composer.styles._style import Groove, Layer, Style
from aiomusic.composer.styles._waltz import WALTZ

_SLEIGH_BELLS: Final = (
    """
    tamb  X.x.X.x.X.x.X.x.
    snare ....x.......x...
    kick  x.......x.......
    """,
)
CHRISTMAS: Final = attrs.evolve(
    POP,
    name="christmas",
    words=(),
    tempo=(104, 124),
    modes=("major",),
    groove=Groove(
        soft=(
            """
            tamb  X.x.X.x.X.x.X.x.
            """,
        ),
        full=_SLEIGH_BELLS,
        fills=_SLEIGH_BELLS,
    ),
    layers=(
        *POP.layers,
        Layer(
            role="arp",
            patches=("bell", "vibes"),
            patterns=("0...2...1...2...", "2..1..0...2.3..."),
            low=72,
            high=91,
            gain_db=-5.0,
            pan=0.3,
            send=0.5,
        ),
    ),
)

LULLABY: Final = attrs.evolve(
    WALTZ,
    name="lullaby",
    words=(),
    tempo=(76, 92),
    modes=("major",),
    groove=None,
    layers=(
        Layer(
            role="arp",
            patches=("bell", "nylon"),
            patterns=("0.1.2.3.2.1.", "0...2...1..."),
            low=67,
            high=88,
            gain_db=-5.0,
            pan=-0.2,
            send=0.5,
        ),
        Layer(
            role="pad",
            patches=("warm-pad", "strings"),
            patterns=("x-----------",),
            low=52,
            high=72,
            gain_db=-12.0,
            send=0.5,
        ),
        Layer(
            role="lead",
            patches=("bell", "flute"),
            low=65,
            high=82,
            gain_db=-5.0,
            send=0.5,
        ),
    ),
    mix="wood",
)

_SKA: Final = (
    """
    hat   x.x.x.x.x.x.x.x.
    snare ....X.......X...
    kick  X.......X.......
    """,
)
_SKA_FILL: Final = """
    snare   ....X...XxXxX.X.
    hightom ..........xx....
    kick    X.......X.......
    """
SKA: Final[Style] = attrs.evolve(
    REGGAE,
    name="ska",
    words=("ska", "two tone", "ska punk"),
    tempo=(144, 168),
    groove=Groove(soft=_SKA, full=_SKA, fills=(_SKA_FILL,)),
    layers=tuple(
        attrs.evolve(layer, patterns=("..X...X...X...X.",), energy=(0.0, 1.0))
        if layer.role == "chords"
        else attrs.evolve(layer, patterns=("r-3-5-3-r-3-5-a-", "r-5-8-5-r-5-8-a-"))
        if layer.role == "bass"
        else layer
        for layer in REGGAE.layers
    ),
    swing=0.0,
    pulse=0.5,
    mix="garage",
)
