"""Reggae: one drop, off-beat skank, melodic bass."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Groove, Layer, Style

_SOFT: Final = (
    """
    shaker xoxoxoxoxoxoxoxo
    rim    ....x.......x...
    """,
)
_FULL: Final = (
    """
    hat    xoxoxoxoxoxoxoxo
    rim    ....X.......X...
    snare  ....X.......X...
    kick   ....X.......X...
    """,
    """
    hat    xoxoxoxoxoxoxxxo
    conga  .x.x..x..x.x..xx
    snare  ....X.......X..o
    kick   X...X...X...X...
    """,
)
_FILLS: Final = (
    """
    snare   ....X...x.xXxoX.
    hightom ..........xx....
    tom     ............x.x.
    kick    ....X.......X...
    """,
)

REGGAE: Final = Style(
    name="reggae",
    words=("reggae", "rocksteady", "roots", "island", "jamaican", "dub"),
    tempo=(68, 80),
    modes=("major", "minor", "major"),
    major=Changes(
        verse=("I I IV IV", "I V ii IV", "I IV I V"),
        chorus=("I V vi IV", "IV V I I"),
        bridge=("ii ii IV V",),
    ),
    minor=Changes(
        verse=("i i iv iv", "i bVII i bVII"),
        chorus=("i bVI bVII i", "iv v i i"),
        bridge=("bVI bVI bVII bVII",),
    ),
    groove=Groove(soft=_SOFT, full=_FULL, fills=_FILLS),
    kit="dub",
    layers=(
        Layer(
            role="bass",
            patches=("finger-bass", "sub"),
            patterns=(
                "R-.r.5r...r5.8..",
                "R-r..58-..r-5.8.",
                "..rr..5-8-5-r...",
            ),
            energy=(0.45, 1.0),
            low=28,
            high=43,
            gain_db=-1.5,
            send=0.02,
        ),
        Layer(
            role="chords",
            patches=("electric", "electric"),
            patterns=("..X...X...X...X.", "..Xo..X...Xo..X."),
            low=55,
            high=74,
            gate=0.45,
            strum_s=0.008,
            gain_db=-5.0,
            pan=-0.4,
            send=0.3,
        ),
        Layer(
            role="chords",
            patches=("organ", "organ"),
            patterns=(".ox..ox..ox..ox.",),
            energy=(0.5, 1.0),
            low=52,
            high=70,
            gate=0.6,
            gain_db=-5.0,
            pan=0.4,
            send=0.2,
        ),
        Layer(
            role="counter",
            patches=("brass", "brass"),
            patterns=("............x-x-", "x-x-............"),
            energy=(0.8, 1.0),
            low=58,
            high=77,
            gain_db=-13.0,
            pan=0.2,
            send=0.4,
        ),
        Layer(
            role="lead",
            patches=("flute", "brass"),
            low=60,
            high=79,
            gain_db=-8.0,
            send=0.4,
        ),
    ),
    swing=0.12,
    pulse=0.25,
    push=0.4,
    mix="dub",
    voice_db=-1.0,
    human_s=0.007,
    drums_db=-4.5,
)
