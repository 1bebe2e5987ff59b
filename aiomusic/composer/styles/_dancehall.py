"""Dancehall: three kicks against two, a deep bass, off-beat stabs."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Groove, Layer, Style

_SOFT: Final = (
    """
    rim    ...x..x....x..x.
    shaker XoxoXoxoXoxoXoxo
    kick   X.......X.......
    """,
)
_FULL: Final = (
    """
    hat    X.o.X.o.X.o.X.o.
    snare  ...x..x....x..x.
    clap   ......x.......x.
    kick   X..x....X..x....
    """,
    """
    hat    X.x.X.x.X.x.X.x.
    snare  ......X.......X.
    rim    ...x..x....x....
    kick   X..X..x.X..X..x.
    """,
)
_FILLS: Final = (
    """
    snare   ...X..X.X.X.XxXx
    hightom ..........x.....
    kick    X..x....X.......
    """,
)

DANCEHALL: Final = Style(
    name="dancehall",
    words=("dancehall", "dance hall", "ragga", "raggamuffin", "bashment"),
    tempo=(92, 110),
    modes=("minor", "minor", "major"),
    major=Changes(
        verse=("I I IV IV", "I IV V IV"),
        chorus=("I V vi IV", "IV V I I"),
        bridge=("ii ii V V",),
    ),
    minor=Changes(
        verse=("i i bVII bVII", "i bVI i bVII"),
        chorus=("i bVI bVII i", "bVI bVII i i"),
        bridge=("iv iv bVII bVII",),
    ),
    groove=Groove(soft=_SOFT, full=_FULL, fills=_FILLS),
    kit="808",
    layers=(
        Layer(
            role="bass",
            patches=("sub", "finger-bass"),
            patterns=("R--r....5-r-....", "R--R--r-..5-r---"),
            energy=(0.45, 1.0),
            low=28,
            high=42,
            gate=0.85,
            gain_db=-7.0,
            send=0.01,
        ),
        Layer(
            role="chords",
            patches=("stab", "organ"),
            patterns=("..x...x...x...x.", "...x..x....x..x."),
            low=57,
            high=76,
            gate=0.5,
            gain_db=-6.0,
            pan=-0.3,
            send=0.3,
        ),
        Layer(
            role="arp",
            patches=("marimba", "pluck"),
            patterns=("0..2..1.0..2..3.", "3..2..0....2..0."),
            energy=(0.5, 1.0),
            low=62,
            high=81,
            gain_db=-6.0,
            pan=0.3,
            send=0.25,
        ),
        Layer(
            role="lead",
            patches=("synth-lead", "brass"),
            low=60,
            high=79,
            gain_db=-8.0,
            send=0.3,
        ),
    ),
    pulse=0.25,
    push=0.4,
    mix="dub",
    voice_db=-1.0,
    human_s=0.004,
    drums_db=-4.5,
)
