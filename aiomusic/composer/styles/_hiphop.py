"""Hip hop: a loop, an 808 bass, rolling hi-hats."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Groove, Layer, Style

_SOFT: Final = (
    """
    hat   x.xxx.x.xxx.x.xx
    snap  ....x.......x...
    """,
)
_FULL: Final = (
    """
    hat   xxx.xxxxx.xxxxxx
    clap  ....X.......X...
    snare ....x.......x...
    kick  X.....x..xX.....
    """,
    """
    hat   xxxxx.xxxxxxx.xx
    clap  ....X.......X...
    snare ....x..o....x...
    kick  X..x......X..x..
    """,
)
_FILLS: Final = (
    """
    hat   x.x.x.x.xxxxxxxx
    clap  ....X.......X.X.
    kick  X.....x.........
    """,
)

HIPHOP: Final = Style(
    name="hip hop",
    words=(
        "hip hop",
        "hip-hop",
        "hiphop",
        "rap",
        "boom bap",
        "808",
        "trap rap",
        "pop rap",
    ),
    tempo=(80, 96),
    modes=("minor", "minor", "dorian"),
    major=Changes(
        verse=("I I IV IV", "I vi I vi"),
        chorus=("vi IV I V", "IV I V vi"),
        bridge=("IV IV V V",),
    ),
    minor=Changes(
        verse=("i i bVI bVI", "i i i bVII", "i iv i bVI"),
        chorus=("i bVI bIII bVII", "i bVI iv v"),
        bridge=("bVI bVI v v",),
    ),
    groove=Groove(soft=_SOFT, full=_FULL, fills=_FILLS),
    kit="808",
    layers=(
        Layer(
            role="bass",
            patches=("sub", "sub"),
            patterns=("R-----r--.r-----", "R--r------R--r--"),
            energy=(0.5, 1.0),
            low=27,
            high=40,
            gain_db=-5.0,
            send=0.01,
            duck=0.15,
        ),
        Layer(
            role="arp",
            patches=("bell", "piano"),
            patterns=("0..2..1.3..2....", "3.2...1.0.......", "0.1.2...1.0.2..."),
            low=64,
            high=83,
            gain_db=-8.0,
            pan=0.2,
            send=0.35,
        ),
        Layer(
            role="chords",
            patches=("piano", "koto"),
            patterns=("x-------x-------", "x---------x-----"),
            energy=(0.5, 1.0),
            low=50,
            high=69,
            gain_db=-9.0,
            pan=-0.25,
            send=0.2,
        ),
        Layer(
            role="pad",
            patches=("strings", "choir"),
            energy=(0.75, 1.0),
            low=55,
            high=74,
            gain_db=-16.0,
            send=0.4,
            duck=0.3,
        ),
        Layer(
            role="lead",
            patches=("vibes", "flute"),
            low=62,
            high=81,
            gain_db=-2.0,
            send=0.3,
        ),
    ),
    swing=0.12,
    pulse=0.25,
    push=0.35,
    mix="booth",
    voice_db=-1.5,
    human_s=0.005,
    drums_db=-7.0,
)
