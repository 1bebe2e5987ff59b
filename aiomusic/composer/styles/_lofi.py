"""Lo-fi: dull drums behind the beat, seventh chords, vinyl crackle."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Groove, Layer, Style

_SOFT: Final = (
    """
    hat   xoxoxoxoxoxoxoxo
    kick  x.........x.....
    rim   ....o.......o...
    """,
)
_FULL: Final = (
    """
    hat   xoxxxoxxxoxxxoxx
    snare ....x.......x...
    kick  X......x..x.....
    """,
    """
    hat   xoxoxxxoxoxoxxxo
    snare ....x..o....x..o
    kick  X.x.......x..x..
    """,
)
_FILLS: Final = (
    """
    hat   x.o.x.o.x.......
    snare ....x.....o.x.o.
    kick  X......x........
    """,
)

LOFI: Final = Style(
    name="lo-fi",
    words=("lo-fi", "lofi", "lo fi", "chillhop", "study", "chill beats", "dusty"),
    tempo=(70, 86),
    modes=("major", "minor", "dorian"),
    major=Changes(
        verse=("ii9 V13 Imaj9 vi7", "Imaj9 iii7 ii9 V7sus4"),
        chorus=("IVmaj9 iii7 ii9 Imaj9", "IVmaj9 V13 iii7 vi9"),
        bridge=("IVmaj9 iv6 iii7 VI7b9",),
    ),
    minor=Changes(
        verse=("i9 iv9 bVII9 bIIImaj7", "i9 bVImaj7 iv9 v7"),
        chorus=("bVImaj9 v7 i9 i9", "iv9 bVII9 bIIImaj9 bVImaj7"),
        bridge=("bVImaj7 V7b9 i9 iv9",),
    ),
    groove=Groove(soft=_SOFT, full=_FULL, fills=_FILLS),
    kit="dusty",
    layers=(
        Layer(
            role="bass",
            patches=("upright", "sub"),
            patterns=("r-----r---5---a-", "r------r--r---8-", "r---------r-5-a-"),
            energy=(0.4, 1.0),
            low=31,
            high=48,
            gain_db=-4.0,
            send=0.02,
            duck=0.2,
        ),
        Layer(
            role="chords",
            patches=("epiano", "epiano"),
            patterns=("x---------o-x---", "x-----o---------", "x------x--o-----"),
            low=50,
            high=72,
            voicing="shell",
            strum_s=0.03,
            gain_db=-8.0,
            send=0.2,
            duck=0.3,
        ),
        Layer(
            role="arp",
            patches=("nylon", "vibes"),
            patterns=("....3...2.....1.", "..2...3.....1...", "......4.3...2..."),
            energy=(0.6, 1.0),
            low=60,
            high=81,
            gain_db=-11.0,
            pan=0.4,
            send=0.3,
        ),
        Layer(
            role="pad",
            patches=("warm-pad", "choir"),
            energy=(0.7, 1.0),
            low=55,
            high=76,
            gain_db=-18.0,
            send=0.4,
            duck=0.4,
        ),
        Layer(
            role="lead",
            patches=("vibes", "epiano"),
            low=62,
            high=81,
            gain_db=-9.0,
            send=0.3,
        ),
    ),
    swing=0.32,
    pulse=0.5,
    push=0.3,
    mix="tape",
    human_s=0.012,
    drums_db=-4.0,
    voice_db=-5.0,
)
