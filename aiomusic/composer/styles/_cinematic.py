"""Cinematic: driving strings, low drums, brass in the loud sections."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Groove, Layer, Style

_SOFT: Final = (
    """
    timp  x...........o.o.
    """,
)
_FULL: Final = (
    """
    taiko   X..x..x.X..x..x.
    lowtom  ..o..o..o.o..o.o
    timp    X...............
    """,
    """
    taiko   X...x.x.X.x.x.xx
    lowtom  o.o.o.o.o.o.o.o.
    """,
)
_FILLS: Final = (
    """
    taiko   X..x..x.X.x.XXXX
    lowtom  ........oooooooo
    swell   ........x.......
    """,
)

CINEMATIC: Final = Style(
    name="cinematic",
    words=(
        "cinematic",
        "epic",
        "film",
        "trailer",
        "score",
        "symphonic",
        "movie",
        "fantasy",
        "heroic",
    ),
    tempo=(76, 100),
    modes=("minor", "minor", "major"),
    major=Changes(
        verse=("I I IV IV", "I iii IV V"),
        chorus=("I V vi IV", "IV I V vi"),
        bridge=("vi IV ii V",),
    ),
    minor=Changes(
        verse=("i i bVI bVI", "i v bVI iv"),
        chorus=("i bVI bIII bVII", "bVI bVII i i"),
        bridge=("iv bVI i V",),
    ),
    groove=Groove(soft=_SOFT, full=_FULL, fills=_FILLS),
    kit="stage",
    layers=(
        Layer(
            role="arp",
            patches=("strings", "strings"),
            patterns=("0101010101010101", "0.00.00.1.11.11.", "0020002000200020"),
            low=48,
            high=65,
            gate=0.7,
            gain_db=0.0,
            pan=-0.3,
            send=0.3,
        ),
        Layer(
            role="bass",
            patches=("strings", "strings"),
            patterns=("r---------------", "r-------r-------"),
            energy=(0.45, 1.0),
            low=34,
            high=48,
            gain_db=-2.0,
            pan=0.2,
            send=0.2,
        ),
        Layer(
            role="pad",
            patches=("strings", "choir"),
            energy=(0.5, 1.0),
            low=55,
            high=79,
            voicing="open",
            gain_db=-8.0,
            send=0.4,
        ),
        Layer(
            role="chords",
            patches=("brass", "brass"),
            patterns=("x-----------x---", "x-----x-----x---"),
            energy=(0.75, 1.0),
            low=48,
            high=69,
            gain_db=-8.0,
            pan=0.25,
            send=0.35,
        ),
        Layer(
            role="lead",
            patches=("brass", "strings"),
            low=60,
            high=81,
            gain_db=-7.0,
            send=0.4,
        ),
    ),
    push=0.05,
    mix="stage",
    voice_db=0.0,
    drums_db=-4.5,
    human_s=0.012,
)
