"""Opera: an orchestra that accompanies, a choir, and a trained voice above both."""

from typing import Final

import attrs

from aiomusic.composer.styles._cinematic import CINEMATIC
from aiomusic.composer.styles._style import Layer, Style

OPERA: Final[Style] = attrs.evolve(
    CINEMATIC,
    name="opera",
    words=(),
    tempo=(72, 92),
    modes=("major", "minor"),
    groove=None,
    layers=(
        Layer(
            role="bass",
            patches=("strings", "strings"),
            patterns=("R-..5-..R-..5-..", "R-......5-......"),
            low=34,
            high=50,
            gate=0.8,
            gain_db=-3.0,
            pan=0.2,
            send=0.25,
        ),
        Layer(
            role="chords",
            patches=("strings", "strings"),
            patterns=("..x-..x-..x-..x-", "..x-x-..x-x-..x-"),
            low=52,
            high=70,
            gate=0.7,
            gain_db=-6.0,
            pan=-0.3,
            send=0.3,
        ),
        Layer(
            role="pad",
            patches=("choir", "choir"),
            energy=(0.75, 1.0),
            low=55,
            high=76,
            voicing="open",
            gain_db=-9.0,
            send=0.5,
        ),
        Layer(
            role="counter",
            patches=("brass", "brass"),
            patterns=("............x-x-", "x-------x-------"),
            energy=(0.85, 1.0),
            low=52,
            high=72,
            gain_db=-11.0,
            pan=0.3,
            send=0.4,
        ),
        Layer(
            role="lead",
            patches=("flute", "strings"),
            low=65,
            high=84,
            gain_db=-6.0,
            send=0.4,
        ),
    ),
    push=0.0,
    voice_db=1.0,
    singer="opera",
)
