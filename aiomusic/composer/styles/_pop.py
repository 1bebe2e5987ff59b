"""Pop: four chords, a backbeat, more layers in the chorus."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Groove, Layer, Style

_SOFT: Final = (
    """
    hat   x.o.x.o.x.o.x.o.
    snare ....x.......x...
    kick  X.......X.......
    """,
    """
    hat   o.o.o.o.o.o.o.o.
    rim   ....x.......x...
    kick  X.......X.x.....
    """,
)
_FULL: Final = (
    """
    hat   X.x.X.x.X.x.X.x.
    snare ....X.......X...
    clap  ....x.......x...
    kick  X.....x.X.x.....
    """,
    """
    hat   X.x.X.x.X.x.X.xo
    snare ....X.......X...
    clap  ....x.......x...
    kick  X..x....X.x...x.
    """,
)
_FILLS: Final = (
    """
    snare ....X...o.x.X.X.
    tom   ..........x.x...
    kick  X.....x.X.......
    """,
    """
    snare ....X...x.x.x.xx
    kick  X.......X...X...
    """,
)

POP: Final = Style(
    name="pop",
    words=("pop", "top 40", "radio", "catchy", "anthem", "dance pop", "boy band"),
    tempo=(100, 124),
    modes=("major", "major", "minor"),
    major=Changes(
        verse=("I V vi IV", "vi IV I V", "I vi IV V"),
        chorus=("I V vi IV", "IV I V vi", "I IV vi V"),
        bridge=("vi IV I V", "ii IV vi V", "IV V vi I"),
    ),
    minor=Changes(
        verse=("i bVI bIII bVII", "i bVII bVI bVII"),
        chorus=("bVI bVII i i", "i bVI bIII bVII"),
        bridge=("iv bVI i bVII", "bVI bIII bVII i"),
    ),
    groove=Groove(soft=_SOFT, full=_FULL, fills=_FILLS),
    kit="pop",
    layers=(
        Layer(
            role="bass",
            patches=("finger-bass", "saw-bass"),
            patterns=("r--r--r-r--r--a-", "r-r-r-r-r-r-r-a-", "r-----r-r---5-a-"),
            energy=(0.4, 1.0),
            low=33,
            high=50,
            gain_db=-5.0,
            send=0.02,
            duck=0.25,
        ),
        Layer(
            role="chords",
            patches=("piano", "piano"),
            patterns=("x---x---x---x---", "x-----x-----x---", "x--x--x-x--x--x-"),
            low=52,
            high=74,
            gain_db=-8.0,
            pan=-0.25,
        ),
        Layer(
            role="chords",
            patches=("steel", "nylon"),
            patterns=("X-o-x-ox-ox-x-ox", "X---x-o---o-x-o-"),
            energy=(0.6, 1.0),
            low=50,
            high=72,
            voicing="open",
            strum_s=0.025,
            gain_db=-8.0,
            pan=0.5,
        ),
        Layer(
            role="pad",
            patches=("warm-pad", "strings"),
            energy=(0.55, 1.0),
            low=55,
            high=79,
            voicing="open",
            gain_db=-14.0,
            send=0.4,
            duck=0.35,
        ),
        Layer(
            role="arp",
            patches=("pluck", "bell"),
            patterns=("0.2.1.2.3.2.1.2.", "0..1..2.3..2..1."),
            energy=(0.8, 1.0),
            low=67,
            high=88,
            gate=0.8,
            gain_db=-11.0,
            pan=0.3,
            send=0.35,
        ),
        Layer(
            role="lead",
            patches=("synth-lead", "flute"),
            low=64,
            high=84,
            gain_db=-7.0,
            send=0.3,
        ),
    ),
    push=0.25,
    mix="pop",
    drums_db=-4.0,
)
