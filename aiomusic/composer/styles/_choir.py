"""Choir: voices alone, without a band."""

from typing import Final

from aiomusic.composer.styles._style import Changes, Layer, Style

CHOIR: Final = Style(
    name="choir",
    words=(),
    tempo=(66, 84),
    modes=("major", "major", "minor"),
    major=Changes(
        verse=("I IV I V", "I vi IV V", "I V/V7 vi IV"),
        chorus=("IV V iii vi", "I IV V I"),
        bridge=("vi ii V V",),
    ),
    minor=Changes(
        verse=("i iv i V", "i bVI bIII bVII"),
        chorus=("bVI bVII i i", "iv bVII bIII V"),
        bridge=("bVI iv V V",),
    ),
    groove=None,
    kit="pop",
    layers=(
        Layer(
            role="bass",
            patches=("men", "men"),
            patterns=("R-------r-------", "R---------------"),
            low=40,
            high=55,
            gain_db=-7.0,
            pan=0.3,
            send=0.5,
        ),
        Layer(
            role="pad",
            patches=("choir", "choir"),
            patterns=("x-------x-------", "x---------------"),
            low=53,
            high=70,
            gain_db=-6.0,
            pan=-0.3,
            send=0.6,
        ),
        Layer(
            role="pad",
            patches=("choir", "choir"),
            energy=(0.6, 1.0),
            low=60,
            high=79,
            voicing="open",
            gain_db=-10.0,
            pan=0.2,
            send=0.7,
        ),
        Layer(
            role="lead",
            patches=("choir", "choir"),
            low=62,
            high=79,
            gain_db=-3.0,
            send=0.5,
        ),
    ),
    push=0.1,
    mix="cathedral",
    human_s=0.02,
)

CHANT: Final = Style(
    name="chant",
    words=("gregorian", "gregorian chant", "plainsong", "plainchant"),
    tempo=(58, 68),
    modes=("dorian",),
    major=Changes(verse=("I5 I5 I5 I5",), chorus=("I5 I5 V5 I5",), bridge=("I5 I5",)),
    minor=Changes(
        verse=("I5 I5 I5 I5",), chorus=("I5 I5 bVII5 I5",), bridge=("I5 I5",)
    ),
    groove=None,
    kit="pop",
    layers=(
        Layer(
            role="pad",
            patches=("men", "men"),
            patterns=("x-------------------------------",),
            low=45,
            high=60,
            gain_db=-9.0,
            send=0.7,
        ),
        Layer(
            role="lead",
            patches=("men", "men"),
            low=50,
            high=64,
            gain_db=-3.0,
            send=0.6,
        ),
    ),
    pulse=0.5,
    push=0.0,
    mix="cathedral",
    human_s=0.03,
)
