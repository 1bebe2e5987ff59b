"""Techno: one chord, a rumbling bass, mostly rhythm."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Groove, Layer, Style

_SOFT: Final = (
    """
    open  ..x...x...x...x.
    hat   xoxoxoxoxoxoxoxo
    kick  X...X...X...X...
    """,
)
_FULL: Final = (
    """
    open   ..X...X...X...X.
    hat    xoxoxoxoxoxoxoxo
    clap   ....x.......x...
    kick   X...X...X...X...
    """,
    """
    open   ..X...X...X...X.
    rim    ...x..x....x..x.
    hat    xoxoxoxoxoxoxoxo
    kick   X...X...X...X...
    """,
)
_FILLS: Final = (
    """
    open   ..X...X...X...X.
    snare  x..x..x..x..x.xx
    kick   X...X...X.......
    """,
    """
    rim    x.xx.xx.x.xx.xxx
    kick   X...X...X...X...
    """,
)

TECHNO: Final = Style(
    name="techno",
    words=("techno", "rave", "industrial", "acid", "warehouse", "minimal techno"),
    tempo=(128, 138),
    modes=("minor",),
    major=Changes(
        verse=("I5 I5 I5 I5",),
        chorus=("I5 I5 bVII5 IV5",),
        bridge=("IV5 IV5 I5 I5",),
    ),
    minor=Changes(
        verse=("i i i i", "i i i bVII"),
        chorus=("i i bVI bVII", "i i i bIII"),
        bridge=("bVI bVI i i",),
    ),
    groove=Groove(soft=_SOFT, full=_FULL, fills=_FILLS),
    kit="techno",
    layers=(
        Layer(
            role="bass",
            patches=("sub", "saw-bass"),
            patterns=(".rrr.rrr.rrr.rrr", "..rr..rr..rr..r5"),
            energy=(0.45, 1.0),
            low=31,
            high=44,
            gate=0.7,
            gain_db=-3.0,
            send=0.08,
            duck=0.8,
        ),
        Layer(
            role="arp",
            patches=("acid", "acid"),
            patterns=("0.03.0.20.05.0.1", "00.3.02.0.30.05.", "0..02..30.0.4..2"),
            energy=(0.6, 1.0),
            low=43,
            high=62,
            gate=0.6,
            gain_db=-4.0,
            send=0.25,
            duck=0.35,
        ),
        Layer(
            role="chords",
            patches=("stab", "stab"),
            patterns=("...x............", "......x.....x...", "..x.......x....."),
            low=55,
            high=74,
            gate=0.5,
            gain_db=-4.0,
            send=0.7,
            duck=0.4,
        ),
        Layer(
            role="pad",
            patches=("saw-pad", "choir"),
            energy=(0.75, 1.0),
            low=48,
            high=72,
            voicing="open",
            gain_db=-14.0,
            send=0.6,
            duck=0.8,
        ),
        Layer(
            role="lead",
            patches=("synth-lead", "pluck"),
            low=62,
            high=81,
            gain_db=-8.0,
            send=0.5,
            duck=0.4,
        ),
    ),
    push=0.4,
    pulse=0.5,
    mix="warehouse",
    voice_db=0.0,
    human_s=0.0008,
    drums_db=-6.5,
)
