"""Tango: accordion and strings in marcato, no drums, a snap before the beat."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Layer, Style

TANGO: Final = Style(
    name="tango",
    words=("tango", "milonga"),
    tempo=(112, 126),
    modes=("minor", "minor", "minor"),
    major=Changes(
        verse=("I I V7 V7", "I VI7 ii V7"),
        chorus=("IV I V7 I",),
        bridge=("vi ii V7 I",),
    ),
    minor=Changes(
        verse=("i i V7 V7", "i iv V7 i", "i V7/i iv V7"),
        chorus=("iv i V7 i", "bVI iv V7 i"),
        bridge=("bIII bVII bVI V7",),
    ),
    groove=None,
    kit="brush",
    layers=(
        Layer(
            role="bass",
            patches=("upright", "upright"),
            patterns=("R-..R-..R-..R-..", "R--.r-5-R--.r-5-"),
            low=31,
            high=47,
            gate=0.7,
            gain_db=-1.0,
            send=0.05,
        ),
        Layer(
            role="chords",
            patches=("accordion", "accordion"),
            patterns=("X-..x-..X-..x-..", "X-.xX-..X-.xX-..", "x-----x-X-..x-.x"),
            low=55,
            high=74,
            gate=0.6,
            gain_db=-4.0,
            pan=-0.3,
            send=0.15,
        ),
        Layer(
            role="chords",
            patches=("piano", "piano"),
            patterns=("X-..X-..X-..X-..", "X-.xX-..X-.xX-.."),
            energy=(0.5, 1.0),
            low=48,
            high=69,
            gate=0.5,
            gain_db=-5.0,
            pan=0.3,
            send=0.15,
        ),
        Layer(
            role="pad",
            patches=("strings", "strings"),
            energy=(0.7, 1.0),
            low=58,
            high=79,
            gain_db=-11.0,
            pan=0.15,
            send=0.35,
        ),
        Layer(
            role="lead",
            patches=("accordion", "strings"),
            low=60,
            high=81,
            gain_db=-4.0,
            send=0.25,
        ),
    ),
    push=0.3,
    mix="cellar",
    voice_db=-1.0,
    human_s=0.008,
    softest_db=-4.7,
)
