"""Rock: power chords in eighths, hard backbeat, crash at the chorus."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Groove, Layer, Style

_SOFT: Final = (
    """
    hat   x.x.x.x.x.x.x.x.
    snare ....X.......X...
    kick  X.......X.x.....
    """,
)
_FULL: Final = (
    """
    open  X.x.X.x.X.x.X.x.
    snare ....X.......X...
    kick  X.x...x.X.x.....
    """,
    """
    ride  X.x.X.x.X.x.X.x.
    snare ....X.......X...
    kick  X..x..x.X..x..x.
    """,
)
_FILLS: Final = (
    """
    snare   ....X...XXxx....
    hightom ............xx..
    lowtom  ..............xx
    kick    X.......X...x...
    """,
    """
    snare   xxxxX...........
    hightom ......xxx.......
    tom     .........xxx....
    lowtom  ............XxXx
    kick    X...X...X...X...
    """,
)

ROCK: Final = Style(
    name="rock",
    words=(
        "rock",
        "hard rock",
        "punk rock",
        "alternative",
        "indie rock",
        "garage",
        "guitar band",
    ),
    tempo=(112, 144),
    modes=("major", "minor", "mixolydian"),
    major=Changes(
        verse=("I I IV V", "I V vi IV", "I IV I V"),
        chorus=("I V vi IV", "IV V I I", "I bVII IV I"),
        bridge=("vi V IV IV", "IV V vi V"),
    ),
    minor=Changes(
        verse=("i bVI bVII i", "i bVII bVI bVII"),
        chorus=("i bIII bVII iv", "bVI bVII i i"),
        bridge=("iv bVI bVII bVII",),
    ),
    groove=Groove(soft=_SOFT, full=_FULL, fills=_FILLS),
    kit="rock",
    layers=(
        Layer(
            role="bass",
            patches=("finger-bass", "finger-bass"),
            patterns=("r-r-r-r-r-r-r-a-", "R--r-r--r-r-r-a-"),
            energy=(0.45, 1.0),
            low=28,
            high=44,
            gain_db=-3.0,
            send=0.02,
        ),
        Layer(
            role="chords",
            patches=("distorted", "distorted"),
            patterns=("X-x-x-x-X-x-x-x-", "X--x--x-X--x-xx-", "X-------X---x-x-"),
            energy=(0.45, 1.0),
            low=40,
            high=60,
            voicing="power",
            gain_db=-7.0,
            pan=-0.6,
            send=0.1,
        ),
        Layer(
            role="chords",
            patches=("distorted", "electric"),
            patterns=("X-----x-X-----x-", "X-x-x-x-X-x-x-x-"),
            energy=(0.7, 1.0),
            low=45,
            high=66,
            voicing="power",
            gain_db=-7.0,
            pan=0.6,
            send=0.1,
        ),
        Layer(
            role="arp",
            patches=("electric", "electric"),
            patterns=("0.1.2.1.0.1.2.1.", "0..2..1.0..2..1."),
            energy=(0.0, 0.6),
            low=52,
            high=72,
            gain_db=-4.0,
            pan=0.3,
            send=0.25,
        ),
        Layer(
            role="lead",
            patches=("electric", "distorted"),
            low=60,
            high=81,
            gain_db=-5.0,
            send=0.25,
        ),
    ),
    push=0.2,
    mix="garage",
    voice_db=0.5,
    human_s=0.007,
    drums_db=-7.0,
)
