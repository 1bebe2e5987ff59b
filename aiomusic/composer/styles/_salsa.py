"""Salsa: the 3-2 clave over two bars, piano montuno, tumbao of the bass, brass."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Groove, Layer, Style

_SOFT: Final = (
    """
    clave    X.....X.....X.......X...X.......
    shaker   x.o.x.o.x.o.x.o.x.o.x.o.x.o.x.o.
    conga    ............x.x.............x.x.
    """,
)
_FULL: Final = (
    """
    clave    X.....X.....X.......X...X.......
    conga    ....x.......x.x.....x.......x.x.
    lowconga ......o...............o...x.....
    cowbell  x...x...x...x...x...x...x...x...
    hat      ..o...o...o...o...o...o...o...o.
    kick     ......x.......x.......x.......x.
    """,
)
_FILLS: Final = (
    """
    clave    X.....X.....X.......X...X.......
    hightom  ........x.xx....
    tom      ............xxxx
    cowbell  x...x...........
    """,
)

SALSA: Final = Style(
    name="salsa",
    words=("salsa", "mambo", "timba", "son cubano", "latin", "latin jazz"),
    tempo=(160, 190),
    modes=("minor", "minor", "major"),
    major=Changes(
        verse=("I I IV V", "I IV V IV", "I vi ii V"),
        chorus=("I IV V IV", "ii V I VI7"),
        bridge=("IV IV I V7",),
    ),
    minor=Changes(
        verse=("i iv V7 iv", "i i V7 V7", "i bVII bVI V7"),
        chorus=("i iv V7 i", "iv i V7 i"),
        bridge=("bVI bVII i V7",),
    ),
    groove=Groove(soft=_SOFT, full=_FULL, fills=_FILLS),
    kit="latin",
    layers=(
        Layer(
            role="bass",
            patches=("upright", "finger-bass"),
            patterns=(
                "r-----5-----8---......5-----r---",
                "......5-----r-........5-----r---",
            ),
            energy=(0.3, 1.0),
            low=31,
            high=46,
            gate=0.9,
            gain_db=-2.0,
            send=0.04,
        ),
        Layer(
            role="chords",
            patches=("piano", "piano"),
            patterns=(
                "0.2.3.1.3...2.1.3.2.1...2.3.1.2.",
                "2...0.3...2.0.3...2.0.3.0.2...3.",
            ),
            low=57,
            high=79,
            gate=0.8,
            gain_db=-3.0,
            pan=-0.25,
            send=0.15,
        ),
        Layer(
            role="counter",
            patches=("brass", "brass"),
            patterns=("....x---..x.....x-------........", "x.x...x---......"),
            energy=(0.75, 1.0),
            low=60,
            high=79,
            gain_db=-10.0,
            pan=0.3,
            send=0.25,
        ),
        Layer(
            role="lead",
            patches=("brass", "flute"),
            low=62,
            high=82,
            gain_db=-7.0,
            send=0.25,
        ),
    ),
    push=0.7,
    mix="wood",
    voice_db=-1.0,
    human_s=0.006,
    drums_db=-3.0,
)
