"""Gospel: organ and piano in triplets, claps on two and four, a choir."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Groove, Layer, Style

_SOFT: Final = (
    """
    tamb  ....x.......x...
    kick  X.......x.......
    """,
)
_FULL: Final = (
    """
    clap  ....X.......X...
    tamb  x.x.X.x.x.x.X.x.
    snare ....X.......X...
    kick  X.....x.X.x.....
    """,
)
_FILLS: Final = (
    """
    clap    ....X.......X...
    snare   ....X...x.x.Xxxx
    hightom .............x..
    kick    X.......X.......
    """,
)

GOSPEL: Final = Style(
    name="gospel",
    words=("gospel", "black gospel", "gospel choir"),
    tempo=(78, 98),
    modes=("major",),
    major=Changes(
        verse=("I I7 IV IVm6", "I vi ii7 V7", "I IV I V7"),
        chorus=("IV I V7 I", "IV IV I VI7", "I I7 IV V7"),
        bridge=("ii7 V7 iii7 VI7",),
    ),
    minor=Changes(
        verse=("i iv i V7", "i bVI iv V7"),
        chorus=("iv i V7 i",),
        bridge=("bVI bVII i V7",),
    ),
    groove=Groove(soft=_SOFT, full=_FULL, fills=_FILLS),
    kit="soul",
    layers=(
        Layer(
            role="bass",
            patches=("finger-bass", "upright"),
            patterns=("R---..r-5---..a-", "R--r....5---3-a-"),
            energy=(0.4, 1.0),
            low=28,
            high=44,
            gain_db=-3.0,
            send=0.03,
        ),
        Layer(
            role="chords",
            patches=("organ", "organ"),
            patterns=("x---------------", "x-------x---x---"),
            low=53,
            high=72,
            gain_db=-7.0,
            pan=-0.3,
            send=0.3,
        ),
        Layer(
            role="chords",
            patches=("piano", "piano"),
            patterns=("x---x-x-x---x-x-", "X-..x-x-..x-x---"),
            low=55,
            high=76,
            gain_db=-5.0,
            pan=0.3,
            send=0.2,
        ),
        Layer(
            role="pad",
            patches=("choir", "choir"),
            energy=(0.6, 1.0),
            low=57,
            high=77,
            gain_db=-7.0,
            send=0.5,
        ),
        Layer(
            role="lead",
            patches=("organ", "piano"),
            low=60,
            high=80,
            gain_db=-7.0,
            send=0.3,
        ),
    ),
    swing=0.3,
    swing_steps=2,
    push=0.3,
    mix="soul",
    voice_db=-0.5,
    human_s=0.008,
    drums_db=-5.0,
)
