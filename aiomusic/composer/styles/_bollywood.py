"""Bollywood: tabla, plucked strings, high violins."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Groove, Layer, Style

_SOFT: Final = (
    """
    conga    x.o.X.o.x.o.X.oo
    lowconga X.......X.......
    """,
)
_FULL: Final = (
    """
    conga    X.xoX.xoX.xoX.xx
    lowconga X.....o.X.....o.
    tamb     x...X...x...X...
    clap     ....x.......x...
    kick     X...x...X...x...
    """,
    """
    conga    X.o.X.xoX.o.X.xx
    lowconga X..o....X..o..o.
    shaker   XoxoXoxoXoxoXoxo
    kick     X...x...X...x...
    """,
)
_FILLS: Final = (
    """
    conga    x.xxx.xxxxxxxxxx
    lowconga X..X..X.........
    tamb     ....x.......x.x.
    """,
)

BOLLYWOOD: Final = Style(
    name="bollywood",
    words=("bollywood", "filmi", "bhangra", "qawwali"),
    tempo=(94, 116),
    modes=("minor", "mixolydian", "major"),
    major=Changes(
        verse=("I I bVII I", "I IV bVII I"),
        chorus=("IV I bVII I", "I bVII IV I"),
        bridge=("vi IV bVII I",),
    ),
    minor=Changes(
        verse=("i i bVII i", "i bVI bVII i"),
        chorus=("bVI bVII i i", "i bVII bVI i"),
        bridge=("iv iv bVII i",),
    ),
    groove=Groove(soft=_SOFT, full=_FULL, fills=_FILLS),
    kit="latin",
    layers=(
        Layer(
            role="bass",
            patches=("finger-bass", "sub"),
            patterns=("R-----r-R-----5-", "R-----r-R---r-5-"),
            energy=(0.45, 1.0),
            low=29,
            high=43,
            gain_db=-4.0,
            send=0.02,
        ),
        Layer(
            role="arp",
            patches=("koto", "koto"),
            patterns=("0.0.1.2.0.0.2.1.", "0.1.2.1.3.2.1.2."),
            low=57,
            high=79,
            gain_db=-4.0,
            pan=-0.3,
            send=0.3,
        ),
        Layer(
            role="pad",
            patches=("strings", "strings"),
            energy=(0.5, 1.0),
            low=60,
            high=84,
            voicing="open",
            gain_db=-8.0,
            pan=0.25,
            send=0.4,
        ),
        Layer(
            role="counter",
            patches=("strings", "flute"),
            patterns=("............x-x-", "x-x-x---........"),
            energy=(0.7, 1.0),
            low=67,
            high=86,
            gain_db=-11.0,
            send=0.4,
        ),
        Layer(
            role="lead",
            patches=("flute", "strings"),
            low=62,
            high=82,
            gain_db=-6.0,
            send=0.35,
        ),
    ),
    pulse=0.25,
    push=0.3,
    mix="pop",
    voice_db=-1.0,
    human_s=0.006,
    drums_db=-3.0,
    softest_db=-2.6,
)
