"""Drum and bass: a broken beat at 174, a growling bass at half its pace."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Groove, Layer, Style

_SOFT: Final = (
    """
    hat   X.o.X.o.X.o.X.o.
    rim   ....X.......X...
    kick  X.........x.....
    """,
)
_FULL: Final = (
    """
    ride  X.o.X.o.X.o.X.o.X.o.X.o.X.o.X.o.
    snare ....X..o.o..X..o....X..o.o....X.
    kick  X.X.......XX....X.X.......X.....
    """,
    """
    hat   X.ooX.ooX.ooX.ooX.ooX.ooX.ooX.oo
    snare ....X..o....X.......X..o.o..X..o
    kick  X.........X.....X.....x...X.....
    """,
)
_FILLS: Final = (
    """
    snare ....X..oX.X.XxXx
    kick  X.X.......X.....
    """,
    """
    snare ....X..o.x.xXXXX
    tom   ..........x.....
    kick  X.........XX....
    """,
)

DNB: Final = Style(
    name="drum and bass",
    words=("drum and bass", "dnb", "jungle", "liquid funk"),
    tempo=(170, 176),
    modes=("minor", "minor", "dorian"),
    major=Changes(
        verse=("I I vi vi", "I I IV IV"),
        chorus=("IV V vi I", "vi vi IV V"),
        bridge=("IV IV ii V",),
    ),
    minor=Changes(
        verse=("i i bVI bVI", "i9 i9 iv9 iv9"),
        chorus=("i bVI bIII bVII", "bVI bVII i i"),
        bridge=("iv iv bVI bVI",),
    ),
    groove=Groove(soft=_SOFT, full=_FULL, fills=_FILLS),
    kit="break",
    layers=(
        Layer(
            role="bass",
            patches=("reese", "sub"),
            patterns=(
                "R-------------r-..r-----5-------",
                "R-----r---------r-----8-----5---",
            ),
            energy=(0.5, 1.0),
            low=28,
            high=42,
            gate=0.95,
            gain_db=-4.0,
            send=0.02,
            duck=0.5,
        ),
        Layer(
            role="pad",
            patches=("warm-pad", "strings"),
            patterns=("x-------------------------------",),
            low=50,
            high=74,
            voicing="open",
            gain_db=-11.0,
            send=0.5,
            duck=0.2,
        ),
        Layer(
            role="arp",
            patches=("pluck", "bell"),
            patterns=("0...2...3...1...", "..0...2...3...2."),
            energy=(0.6, 1.0),
            low=64,
            high=84,
            gain_db=-9.0,
            pan=0.3,
            send=0.4,
        ),
        Layer(
            role="chords",
            patches=("epiano", "stab"),
            patterns=("x-----------x---", "......x-----x---"),
            energy=(0.0, 0.8),
            low=55,
            high=76,
            gain_db=-8.0,
            pan=-0.2,
            send=0.35,
        ),
        Layer(
            role="lead",
            patches=("synth-lead", "pluck"),
            low=64,
            high=83,
            gain_db=-8.0,
            send=0.45,
        ),
    ),
    push=0.4,
    mix="club",
    voice_db=-1.0,
    human_s=0.001,
    drums_db=-4.0,
)
