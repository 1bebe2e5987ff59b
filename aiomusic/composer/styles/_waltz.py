"""Waltz: three beats, the bass on the first, chords on the others."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Groove, Layer, Style

WALTZ_GROOVE: Final = Groove(
    soft=(
        """
        brush ....x...x...
        kick  x...........
        """,
    ),
    full=(
        """
        hat   ....x...x...
        brush ....x...x...
        kick  X...........
        """,
        """
        ride  x...x...x...
        rim   ....x...x...
        kick  X...........
        """,
    ),
    fills=(
        """
        brush ....x.x.xxxx
        kick  X...........
        """,
    ),
)

WALTZ: Final = Style(
    name="waltz",
    words=(),
    tempo=(112, 148),
    modes=("major", "major", "minor"),
    major=Changes(
        verse=("I I V7 V7 V7 V7 I I", "I vi ii V7", "I I IV V7"),
        chorus=("IV I V7 I", "I IV V7 I"),
        bridge=("vi iii IV V7",),
    ),
    minor=Changes(
        verse=("i i V7 V7 V7 V7 i i", "i iv V7 i"),
        chorus=("iv i V7 i", "bVI bIII V7 i"),
        bridge=("bIII bVII iv V7",),
    ),
    groove=WALTZ_GROOVE,
    kit="brush",
    layers=(
        Layer(
            role="bass",
            patches=("upright", "upright"),
            patterns=("R---........5---........",),
            low=31,
            high=47,
            gain_db=-3.0,
            send=0.06,
        ),
        Layer(
            role="chords",
            patches=("piano", "accordion"),
            patterns=("....x---x---", "....x--.x--."),
            low=55,
            high=74,
            gate=0.7,
            gain_db=-5.0,
            pan=-0.2,
            send=0.2,
        ),
        Layer(
            role="pad",
            patches=("strings", "strings"),
            patterns=("x-----------",),
            energy=(0.55, 1.0),
            low=55,
            high=79,
            voicing="open",
            gain_db=-11.0,
            pan=0.2,
            send=0.4,
        ),
        Layer(
            role="lead",
            patches=("strings", "accordion"),
            low=62,
            high=84,
            gain_db=-6.0,
            send=0.3,
        ),
    ),
    push=0.0,
    mix="wood",
    voice_db=-1.0,
    human_s=0.01,
    drums_db=-9.0,
    meter=3,
)
