"""House: four on the floor, off-beat open hi-hats, chords ducked by the kick."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Groove, Layer, Style

_SOFT: Final = (
    """
    hat   ..x...x...x...x.
    kick  X...X...X...X...
    """,
    """
    shaker x.o.x.o.x.o.x.o.
    kick   X...X...X...X...
    """,
)
_FULL: Final = (
    """
    open  ..X...X...X...X.
    hat   x.o.x.o.x.o.x.oo
    clap  ....X.......X...
    kick  X...X...X...X...
    """,
    """
    open   ..X...X...X...X.
    shaker xoxoxoxoxoxoxoxo
    clap   ....X.......X..o
    kick   X...X...X...X...
    """,
)
_FILLS: Final = (
    """
    open  ..X...X...X.....
    clap  ....X.......x.xx
    kick  X...X...X.......
    """,
    """
    snare x...x...x.x.xxxx
    kick  X...X...X...X...
    """,
)

HOUSE: Final = Style(
    name="house",
    words=("house", "deep house", "club", "dance", "four on the floor", "dancefloor"),
    tempo=(120, 127),
    modes=("minor", "minor", "dorian", "major"),
    major=Changes(
        verse=("I I vi vi", "Imaj7 ii7 iii7 ii7"),
        chorus=("IV V vi I", "vi IV I V"),
        bridge=("IV IV vi V",),
    ),
    minor=Changes(
        verse=("i7 i7 iv7 iv7", "i7 bVII i7 bVII"),
        chorus=("i7 bVImaj7 bIII bVII", "bVImaj7 bVII i7 i7"),
        bridge=("iv7 iv7 bVImaj7 bVII",),
    ),
    groove=Groove(soft=_SOFT, full=_FULL, fills=_FILLS),
    kit="house",
    layers=(
        Layer(
            role="bass",
            patches=("saw-bass", "sub"),
            patterns=("..r...r...r...r.", "..r..r8...r..r5.", ".rr..rr..rr..r8."),
            energy=(0.5, 1.0),
            low=33,
            high=48,
            gate=0.8,
            gain_db=-3.5,
            send=0.02,
            duck=0.6,
        ),
        Layer(
            role="chords",
            patches=("stab", "organ"),
            patterns=("...x..x....x..x.", "x..x..x...x..x..", "..x..x....x..x.."),
            low=55,
            high=76,
            gate=0.7,
            gain_db=-3.0,
            send=0.35,
            duck=0.3,
        ),
        Layer(
            role="chords",
            patches=("piano", "epiano"),
            patterns=("x..x..x.x..x..x.", "x..x...x..x..x.."),
            energy=(0.75, 1.0),
            low=57,
            high=79,
            gate=0.75,
            gain_db=-8.0,
            pan=0.25,
            send=0.25,
            duck=0.3,
        ),
        Layer(
            role="pad",
            patches=("saw-pad", "warm-pad"),
            energy=(0.5, 1.0),
            low=57,
            high=79,
            voicing="open",
            gain_db=-14.0,
            send=0.45,
            duck=0.85,
        ),
        Layer(
            role="lead",
            patches=("pluck", "synth-lead"),
            low=64,
            high=84,
            gain_db=-2.0,
            send=0.35,
            duck=0.2,
        ),
    ),
    swing=0.1,
    push=0.4,
    mix="club",
    voice_db=0.0,
    human_s=0.0015,
    drums_db=-5.5,
)
