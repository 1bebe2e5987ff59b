"""Folk: fingerpicked steel guitar, fiddle, plain triads."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Groove, Layer, Style

_SOFT: Final = (
    """
    shaker o...o...o...o...
    """,
)
_FULL: Final = (
    """
    tamb   ....x.......x...
    shaker x.o.x.o.x.o.x.o.
    kick   x.......x.......
    """,
    """
    brush  ..x.x.x...x.x.x.
    kick   X.......x.......
    tamb   ....o.......o...
    """,
)
_FILLS: Final = (
    """
    tamb   ....x.......x.x.
    shaker x.o.x.o.xoxoxxxx
    kick   x.......x...x...
    """,
)

FOLK: Final = Style(
    name="folk",
    words=(
        "folk",
        "acoustic",
        "campfire",
        "bluegrass",
        "celtic",
        "ballad folk",
        "americana",
    ),
    tempo=(88, 114),
    modes=("major", "major", "dorian", "mixolydian"),
    major=Changes(
        verse=("I IV I V", "I vi IV I", "I V IV I"),
        chorus=("IV I V I", "IV V I vi", "I IV V I"),
        bridge=("vi iii IV V", "ii V vi IV"),
    ),
    minor=Changes(
        verse=("i bVII i v", "i bIII bVII i"),
        chorus=("bVI bVII i i", "bIII bVII i bVII"),
        bridge=("iv i bVII i",),
    ),
    groove=Groove(soft=_SOFT, full=_FULL, fills=_FILLS),
    kit="brush",
    layers=(
        Layer(
            role="bass",
            patches=("upright", "upright"),
            patterns=("r-------5-------", "r---..r-5-----a-"),
            energy=(0.5, 1.0),
            low=31,
            high=48,
            gain_db=-5.0,
            send=0.05,
        ),
        Layer(
            role="arp",
            patches=("steel", "nylon"),
            patterns=("0213021302130213", "0323132303231323", "0231023102310231"),
            low=48,
            high=69,
            gate=2.6,
            gain_db=-4.0,
            pan=-0.2,
            send=0.15,
        ),
        Layer(
            role="chords",
            patches=("steel", "steel"),
            patterns=("X---o-x-X---o-x-", "X-o-x-o-X-o-x-ox"),
            energy=(0.7, 1.0),
            low=50,
            high=71,
            voicing="open",
            strum_s=0.028,
            gain_db=-9.0,
            pan=0.35,
            send=0.15,
        ),
        Layer(
            role="pad",
            patches=("strings", "strings"),
            energy=(0.65, 1.0),
            low=60,
            high=79,
            voicing="open",
            gain_db=-17.0,
            send=0.35,
        ),
        Layer(
            role="lead",
            patches=("flute", "strings"),
            low=64,
            high=83,
            gain_db=-8.0,
            send=0.25,
        ),
    ),
    push=0.1,
    mix="wood",
    voice_db=-4.0,
    human_s=0.011,
    drums_db=-5.0,
)
