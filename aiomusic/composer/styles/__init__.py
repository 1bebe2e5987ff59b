"""The styles of the composer, one file for each."""

from typing import Final

from aiomusic.composer.styles._ambient import AMBIENT
from aiomusic.composer.styles._bossa import BOSSA
from aiomusic.composer.styles._chiptune import CHIPTUNE
from aiomusic.composer.styles._cinematic import CINEMATIC
from aiomusic.composer.styles._folk import FOLK
from aiomusic.composer.styles._hiphop import HIPHOP
from aiomusic.composer.styles._house import HOUSE
from aiomusic.composer.styles._jazz import JAZZ
from aiomusic.composer.styles._lofi import LOFI
from aiomusic.composer.styles._pop import POP
from aiomusic.composer.styles._reggae import REGGAE
from aiomusic.composer.styles._rnb import RNB
from aiomusic.composer.styles._rock import ROCK
from aiomusic.composer.styles._style import (
    STEPS,
    VELOCITIES,
    Changes,
    Groove,
    Layer,
    Style,
)
from aiomusic.composer.styles._synthwave import SYNTHWAVE
from aiomusic.composer.styles._techno import TECHNO

_ALL: Final = (
    RNB,
    POP,
    LOFI,
    HOUSE,
    TECHNO,
    SYNTHWAVE,
    ROCK,
    FOLK,
    JAZZ,
    BOSSA,
    REGGAE,
    HIPHOP,
    AMBIENT,
    CINEMATIC,
    CHIPTUNE,
)
STYLES: Final = {style.name: style for style in _ALL}

__all__ = ["STEPS", "STYLES", "VELOCITIES", "Changes", "Groove", "Layer", "Style"]
