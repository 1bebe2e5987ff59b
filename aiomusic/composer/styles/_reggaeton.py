"""Reggaeton: the dembow of kick and snare, a sub bass, plucked chords."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Groove, Layer, Style

_SOFT: Final = (
    """
    rim   ...x..x....x..x.
    kick  X...X...X...X...
    """,
)
_FULL: Final = (
    """
    hat   x.x.x.x.x.x.x.x.
    snare ...X..X....X..X.
    rim   ...x..x....x..x.
    kick  X...X...X...X...
    """,
    """
    shaker xoxoxoxoxoxoxoxo
    snare  ...X..X....X..X.
    conga  ..........x..x..
    kick   X...X...X...X...
    """,
)
_FILLS: Final = (
    """
    snare   ...X..X....XX.Xx
    hightom ..............xx
    kick    X...X...X.......
    """,
)

REGGAETON: Final = Style(
    name="reggaeton",
    words=(
        "reggaeton",
        "reggaetón",
        "dembow",
        "perreo",
        "moombahton",
        "latin trap",
        "reggae-ton",
    ),
    tempo=(88, 100),
    modes=("minor", "minor", "dorian"),
    major=Changes(
        verse=("I V vi IV", "vi IV I V"),
        chorus=("vi IV I V", "IV V vi vi"),
        bridge=("IV IV V V",),
    ),
    minor=Changes(
        verse=("i bVI bIII bVII", "i i bVI bVII"),
        chorus=("bVI bVII i i", "i bVII bVI v"),
        bridge=("iv iv bVI bVII",),
    ),
    groove=Groove(soft=_SOFT, full=_FULL, fills=_FILLS),
    kit="808",
    layers=(
        Layer(
            role="bass",
            patches=("sub", "sub"),
            patterns=("R--r--r-R--r--r-", "R--r..r-R--r..5-"),
            energy=(0.45, 1.0),
            low=28,
            high=41,
            gate=0.8,
            gain_db=-8.0,
            send=0.01,
            duck=0.3,
        ),
        Layer(
            role="chords",
            patches=("pluck", "marimba"),
            patterns=("...x..x....x..x.", "x..x..x.x..x..x."),
            low=57,
            high=76,
            gate=0.8,
            gain_db=-6.0,
            pan=-0.25,
            send=0.25,
        ),
        Layer(
            role="pad",
            patches=("warm-pad", "saw-pad"),
            energy=(0.7, 1.0),
            low=52,
            high=72,
            gain_db=-15.0,
            send=0.4,
            duck=0.4,
        ),
        Layer(
            role="arp",
            patches=("nylon", "bell"),
            patterns=("0..1..2...3..2..", "2..1..0.2..1..0."),
            energy=(0.0, 0.7),
            low=60,
            high=79,
            gain_db=-7.0,
            pan=0.3,
            send=0.3,
        ),
        Layer(
            role="lead",
            patches=("synth-lead", "flute"),
            low=62,
            high=81,
            gain_db=-8.0,
            send=0.3,
        ),
    ),
    pulse=0.25,
    push=0.5,
    mix="club",
    voice_db=-1.0,
    human_s=0.003,
    drums_db=-7.0,
)
