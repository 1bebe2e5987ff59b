"""Jazz: walking bass, swinging ride cymbal, rootless voicings."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Groove, Layer, Style

_SOFT: Final = (
    """
    ride  x...x.o.x...x.o.
    pedal ....x.......x...
    """,
)
_FULL: Final = (
    """
    ride  X...x.oxX...x.ox
    pedal ....x.......x...
    brush ......o.......o.
    kick  o...o...o...o...
    """,
    """
    ride  X...x.o.X...x.o.
    pedal ....x.......x...
    snare ..o.......o...o.
    kick  o...o...o...o...
    """,
)
_FILLS: Final = (
    """
    ride  X...x.o.X.......
    snare ..o...x.x.o.x.x.
    pedal ....x.......x...
    kick  o.......x.......
    """,
)

JAZZ: Final = Style(
    name="jazz",
    words=(
        "jazz",
        "jazzy",
        "big band",
        "cool jazz",
        "smoky bar",
        "lounge",
        "standards",
    ),
    tempo=(112, 158),
    modes=("major", "major", "minor"),
    major=Changes(
        verse=("Imaj7 vi7 ii7 V7", "Imaj7 VI7b9 ii9 V13", "ii9 V13 Imaj9 vi7"),
        chorus=("IVmaj7 iv6 iii7/VI7 ii7/V7", "ii9 V13 Imaj9 Imaj9"),
        bridge=("iii7 VI7 ii7 V7", "vi7 II9 ii7 V7"),
    ),
    minor=Changes(
        verse=("i6 iim7b5/V7b9 i6 iim7b5/V7b9", "i7 iv7 iim7b5 V7b9"),
        chorus=("iv7 bVII9 bIIImaj7 bVImaj7", "bVImaj7 V7b9 i6 i6"),
        bridge=("iv7 iv7 i6 V7b9",),
    ),
    groove=Groove(soft=_SOFT, full=_FULL, fills=_FILLS),
    kit="brush",
    layers=(
        Layer(
            role="bass",
            patches=("upright", "upright"),
            patterns=("w---w---w---w---",),
            energy=(0.45, 1.0),
            low=31,
            high=50,
            gate=0.92,
            gain_db=-4.0,
            send=0.06,
        ),
        Layer(
            role="chords",
            patches=("piano", "epiano"),
            patterns=(
                "x-....x-......x-",
                "..x-....x-......",
                "x-....x-..x-....",
                "......x-....x-..",
            ),
            low=53,
            high=72,
            voicing="shell",
            gate=0.8,
            gain_db=-5.0,
            pan=-0.25,
            send=0.18,
        ),
        Layer(
            role="counter",
            patches=("brass", "vibes"),
            patterns=("..........x---x-", "..x-..........x-"),
            energy=(0.75, 1.0),
            low=57,
            high=76,
            voicing="shell",
            gain_db=-14.0,
            pan=0.35,
            send=0.25,
        ),
        Layer(
            role="lead",
            patches=("sax", "vibes"),
            low=58,
            high=79,
            gain_db=-6.0,
            send=0.2,
        ),
    ),
    swing=0.34,
    swing_steps=2,
    push=0.45,
    mix="cellar",
    human_s=0.01,
    drums_db=-2.0,
)
