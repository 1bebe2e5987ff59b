"""The styles of the composer, one file for each."""

from typing import Final

from aiomusic.composer.styles._afrobeat import AFROBEAT
from aiomusic.composer.styles._ambient import AMBIENT
from aiomusic.composer.styles._bollywood import BOLLYWOOD
from aiomusic.composer.styles._bossa import BOSSA
from aiomusic.composer.styles._chiptune import CHIPTUNE
from aiomusic.composer.styles._choir import CHANT, CHOIR
from aiomusic.composer.styles._cinematic import CINEMATIC
from aiomusic.composer.styles._dancehall import DANCEHALL
from aiomusic.composer.styles._dnb import DNB
from aiomusic.composer.styles._folk import FOLK
from aiomusic.composer.styles._gospel import GOSPEL
from aiomusic.composer.styles._hiphop import HIPHOP
from aiomusic.composer.styles._house import HOUSE
from aiomusic.composer.styles._jazz import JAZZ
from aiomusic.composer.styles._lofi import LOFI
from aiomusic.composer.styles._metal import METAL
from aiomusic.composer.styles._meter import in_meter
from aiomusic.composer.styles._opera import OPERA
from aiomusic.composer.styles._phonk import PHONK
from aiomusic.composer.styles._pop import POP
from aiomusic.composer.styles._reggae import REGGAE
from aiomusic.composer.styles._reggaeton import REGGAETON
from aiomusic.composer.styles._rnb import RNB
from aiomusic.composer.styles._rock import ROCK
from aiomusic.composer.styles._salsa import SALSA
from aiomusic.composer.styles._style import (
    VELOCITIES,
    Changes,
    Groove,
    Layer,
    Style,
)
from aiomusic.composer.styles._synthwave import SYNTHWAVE
from aiomusic.composer.styles._tango import TANGO
from aiomusic.composer.styles._techno import TECHNO
from aiomusic.composer.styles._variants import CHRISTMAS, LULLABY, SKA
from aiomusic.composer.styles._waltz import WALTZ

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
    METAL,
    REGGAETON,
    SALSA,
    TANGO,
    AFROBEAT,
    DANCEHALL,
    SKA,
    DNB,
    PHONK,
    GOSPEL,
    CHOIR,
    CHANT,
    WALTZ,
    LULLABY,
    CHRISTMAS,
    BOLLYWOOD,
    OPERA,
)
STYLES: Final = {style.name: style for style in _ALL}

__all__ = ["STYLES", "VELOCITIES", "Changes", "Groove", "Layer", "Style", "in_meter"]
