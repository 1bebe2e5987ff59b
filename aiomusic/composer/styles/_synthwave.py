"""Synthwave: sixteenth arpeggios, gated snare, a lead over wide saw pads."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Groove, Layer, Style

_SOFT: Final = (
    """
    hat   xoxoxoxoxoxoxoxo
    kick  X.......X.......
    snare ............x...
    """,
)
_FULL: Final = (
    """
    hat   xxxxxxxxxxxxxxxx
    snare ....X.......X...
    kick  X...x...X...x...
    """,
    """
    hat   xxxxxxxxxxxxxxxx
    snare ....X.......X...
    kick  X.....x.X.......
    """,
)
_FILLS: Final = (
    """
    snare   ....X...X.......
    hightom ..........x.....
    tom     ............xx..
    lowtom  ..............xx
    kick    X.......X.......
    """,
)

SYNTHWAVE: Final = Style(
    name="synthwave",
    words=(
        "synthwave",
        "retrowave",
        "80s",
        "eighties",
        "outrun",
        "vaporwave",
        "neon",
        "synth pop",
        "synthpop",
        "new wave",
    ),
    tempo=(88, 112),
    modes=("minor", "minor", "major"),
    major=Changes(
        verse=("I vi IV V", "I I IV V"),
        chorus=("IV V I vi", "I V IV IV"),
        bridge=("vi IV V V",),
    ),
    minor=Changes(
        verse=("i bVI bVII i", "i i bVI bVII"),
        chorus=("bVI bVII i bIII", "i bVII bVI bVII"),
        bridge=("iv bVI bVII v",),
    ),
    groove=Groove(soft=_SOFT, full=_FULL, fills=_FILLS),
    kit="gated",
    layers=(
        Layer(
            role="bass",
            patches=("saw-bass", "saw-bass"),
            patterns=("rrrrrrrrrrrrrrrr", "r8r8r8r8r8r8r8r8", "rrr8rrr8rrr8rrr8"),
            energy=(0.45, 1.0),
            low=33,
            high=46,
            gate=0.75,
            gain_db=-5.5,
            send=0.03,
            duck=0.45,
        ),
        Layer(
            role="pad",
            patches=("saw-pad", "saw-pad"),
            low=55,
            high=77,
            voicing="open",
            gain_db=-7.0,
            send=0.45,
            duck=0.5,
        ),
        Layer(
            role="arp",
            patches=("pluck", "square"),
            patterns=("0123012301230123", "0213021302130213", "0.2.4.2.3.2.4.2."),
            energy=(0.6, 1.0),
            low=67,
            high=91,
            gate=0.6,
            gain_db=-8.0,
            pan=-0.35,
            send=0.4,
        ),
        Layer(
            role="chords",
            patches=("brass", "stab"),
            patterns=("x-----x---x-----", "x---------x--x--"),
            energy=(0.8, 1.0),
            low=55,
            high=76,
            gain_db=-10.0,
            pan=0.3,
            send=0.35,
        ),
        Layer(
            role="lead",
            patches=("synth-lead", "synth-lead"),
            low=67,
            high=86,
            gain_db=-4.0,
            send=0.45,
        ),
    ),
    push=0.15,
    mix="neon",
    voice_db=1.0,
    drums_db=-4.5,
    human_s=0.001,
)
