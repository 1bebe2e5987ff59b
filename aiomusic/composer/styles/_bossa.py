"""Bossa nova: a soft nylon guitar against the clave."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Groove, Layer, Style

_SOFT: Final = (
    """
    rim    x..x..x...x..x..
    shaker xoxoxoxoxoxoxoxo
    """,
)
_FULL: Final = (
    """
    rim    x..x..x...x..x..
    shaker xoxoxoxoxoxoxoxo
    kick   x..xx..xx..xx..x
    """,
    """
    rim    ..x..x..x..x..x.
    hat    x.o.x.o.x.o.x.o.
    kick   x..xx..xx..xx..x
    """,
)
_FILLS: Final = (
    """
    rim    x..x..x..x..x.x.
    shaker xoxoxoxoxoxoxoxo
    conga  ..........x.x.xx
    kick   x..xx..xx.......
    """,
)

BOSSA: Final = Style(
    name="bossa nova",
    words=("bossa nova", "bossa", "brazilian", "rio", "tropical"),
    tempo=(118, 140),
    modes=("major", "major", "minor"),
    major=Changes(
        verse=("Imaj7 Imaj7 ii7 V7", "Imaj9 VI7b9 ii9 V13", "Imaj7 II9 ii7 V7"),
        chorus=("IVmaj7 iv6 iii7 VI7b9", "ii9 V13 Imaj9 vi7"),
        bridge=("iii7 VI7b9 ii7 V7",),
    ),
    minor=Changes(
        verse=("i6 i6 iim7b5 V7b9", "i7 iv7 bVII9 bIIImaj7"),
        chorus=("iv7 bVII9 bIIImaj7 bVImaj7", "iim7b5 V7b9 i6 i6"),
        bridge=("bVImaj7 bVImaj7 iim7b5 V7b9",),
    ),
    groove=Groove(soft=_SOFT, full=_FULL, fills=_FILLS),
    kit="latin",
    layers=(
        Layer(
            role="bass",
            patches=("upright", "finger-bass"),
            patterns=("r-----5-r-----5-", "r-----5-5-----r-"),
            energy=(0.45, 1.0),
            low=31,
            high=48,
            gate=0.9,
            gain_db=-4.0,
            send=0.03,
        ),
        Layer(
            role="chords",
            patches=("nylon", "nylon"),
            patterns=("x-..x-..x..x-.x-", "x-.x-..x-.x-..x-", "..x-.x-...x-.x-."),
            low=50,
            high=71,
            voicing="shell",
            gate=0.9,
            strum_s=0.006,
            gain_db=-6.0,
            pan=-0.25,
            send=0.15,
        ),
        Layer(
            role="pad",
            patches=("strings", "epiano"),
            energy=(0.75, 1.0),
            low=60,
            high=79,
            voicing="open",
            gain_db=-18.0,
            send=0.35,
        ),
        Layer(
            role="lead",
            patches=("flute", "sax"),
            low=64,
            high=83,
            gain_db=-7.0,
            send=0.25,
        ),
    ),
    push=0.6,
    mix="wood",
    human_s=0.008,
    drums_db=-5.0,
)
