"""R&B: slow groove, ninth chords on the electric piano, syncopated bass."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Groove, Layer, Style

_SOFT: Final = (
    """
    hat   x.o.x.o.x.o.x.oo
    snap  ....x.......x...
    kick  X......x..x.....
    """,
)
_FULL: Final = (
    """
    hat   x.oox.o.x.oox.oo
    snare ....X.......X..o
    snap  ....x.......x...
    kick  X..x...x..x.....
    """,
    """
    hat   x.o.x.ooxoo.x.o.
    snare ....X..o....X...
    snap  ....x.......x...
    kick  X.....x..xx...x.
    """,
)
_FILLS: Final = (
    """
    hat   x.o.x.o.xoxo....
    snare ....X.......x.xx
    kick  X..x...x..x.....
    """,
)

RNB: Final = Style(
    name="r&b",
    words=("r&b", "rnb", "r & b", "rhythm and blues", "neo soul", "contemporary r&b"),
    tempo=(76, 94),
    modes=("major", "minor", "dorian"),
    major=Changes(
        verse=("Imaj9 vi9 ii9 V13", "IVmaj9 iii7 ii9 Imaj9"),
        chorus=("IVmaj9 V13 iii7 vi9", "IVmaj9 iii7/VI7 ii9 V7sus4"),
        bridge=("ii9 iii7 IVmaj9 V7sus4",),
    ),
    minor=Changes(
        verse=("i9 iv9 i9 v7", "i9 bVImaj7 bIIImaj7 bVII9"),
        chorus=("bVImaj9 v7 i9 bIIImaj7", "iv9 v7 i9 i9"),
        bridge=("bVImaj9 bVII9 i9 V7b9",),
    ),
    groove=Groove(soft=_SOFT, full=_FULL, fills=_FILLS),
    kit="soul",
    layers=(
        Layer(
            role="bass",
            patches=("finger-bass", "sub"),
            patterns=("R--r...r..5-8.a-", "R-----.r--r.5.a-", "R--.r--r..8-5-a-"),
            energy=(0.4, 1.0),
            low=30,
            high=47,
            gain_db=-3.5,
            send=0.02,
            duck=0.2,
        ),
        Layer(
            role="chords",
            patches=("epiano", "epiano"),
            patterns=("x-----.o--x-----", "x--.o-x-----o-x-", "x-------..x--o--"),
            low=52,
            high=74,
            voicing="shell",
            strum_s=0.018,
            gain_db=-8.0,
            send=0.25,
            duck=0.2,
        ),
        Layer(
            role="arp",
            patches=("electric", "nylon"),
            patterns=("..2.3.....1.2...", "......3.2.1...4."),
            energy=(0.6, 1.0),
            low=62,
            high=84,
            gate=0.7,
            gain_db=-10.0,
            pan=0.45,
            send=0.3,
        ),
        Layer(
            role="pad",
            patches=("warm-pad", "strings"),
            energy=(0.65, 1.0),
            low=57,
            high=79,
            voicing="open",
            gain_db=-17.0,
            send=0.4,
            duck=0.3,
        ),
        Layer(
            role="lead",
            patches=("epiano", "sax"),
            low=62,
            high=82,
            gain_db=-8.0,
            send=0.3,
        ),
    ),
    swing=0.2,
    pulse=0.25,
    push=0.5,
    mix="soul",
    human_s=0.009,
    drums_db=-4.0,
)
