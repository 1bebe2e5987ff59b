"""Afrobeat: a rim pattern against shakers, talking guitars, a bouncing bass."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Groove, Layer, Style

_SOFT: Final = (
    """
    rim    ...x..x...x.....
    shaker x.xox.xox.xox.xo
    kick   X.....x.........
    """,
)
_FULL: Final = (
    """
    rim    ...X..X...X.X...
    shaker x.xox.xox.xox.xo
    kick   X...X...X...X...
    snare  ......x.......x.
    conga  ..x..x....x..x..
    """,
    """
    rim    ...X..X...X.....
    shaker xoxxxoxxxoxxxoxx
    kick   X..x....X..x....
    snare  ....o..x....X..o
    lowconga ..........x..x..
    """,
)
_FILLS: Final = (
    """
    rim      ...X..X...X.....
    conga    ..x..x..x.xx.x.x
    lowconga .............x.x
    kick     X.......X.......
    """,
)

AFROBEAT: Final = Style(
    name="afrobeat",
    words=("afrobeats", "afrobeat", "afropop", "afroswing", "afrofusion", "highlife"),
    tempo=(98, 114),
    modes=("major", "dorian", "minor"),
    major=Changes(
        verse=("I IV V IV", "I vi IV V"),
        chorus=("IV V iii vi", "I IV I V"),
        bridge=("ii ii V V",),
    ),
    minor=Changes(
        verse=("i bVI bVII i", "i iv i bVII"),
        chorus=("bVI bVII i i", "i bIII bVII iv"),
        bridge=("iv iv bVII bVII",),
    ),
    groove=Groove(soft=_SOFT, full=_FULL, fills=_FILLS),
    kit="latin",
    layers=(
        Layer(
            role="bass",
            patches=("finger-bass", "sub"),
            patterns=("R..r..r-..5-..8-", "R..r....r.5-r...", "R-.r..5-.r..5-r."),
            energy=(0.4, 1.0),
            low=28,
            high=43,
            gate=0.85,
            gain_db=-3.0,
            send=0.02,
        ),
        Layer(
            role="arp",
            patches=("electric", "steel"),
            patterns=("0.2.1.3.0.2.1.2.", "3.2.0.2.3.1.0.1.", "0..2.1..3..1.2.."),
            low=62,
            high=81,
            gate=0.7,
            gain_db=-3.0,
            pan=-0.4,
            send=0.2,
        ),
        Layer(
            role="chords",
            patches=("epiano", "organ"),
            patterns=("...x..x...x.....", "x..x..x...x.x..."),
            energy=(0.5, 1.0),
            low=55,
            high=74,
            gate=0.8,
            gain_db=-6.0,
            pan=0.3,
            send=0.2,
        ),
        Layer(
            role="counter",
            patches=("brass", "sax"),
            patterns=("........x..x..x-", "x-x..x-........."),
            energy=(0.8, 1.0),
            low=58,
            high=77,
            gain_db=-11.0,
            pan=0.15,
            send=0.3,
        ),
        Layer(
            role="lead",
            patches=("sax", "marimba"),
            low=60,
            high=79,
            gain_db=-7.0,
            send=0.25,
        ),
    ),
    pulse=0.25,
    push=0.6,
    mix="wood",
    voice_db=-1.0,
    human_s=0.006,
    drums_db=-3.5,
)
