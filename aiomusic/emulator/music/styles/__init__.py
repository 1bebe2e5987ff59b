"""The styles the composer knows, one file each."""

from typing import Final

from aiomusic.emulator.music.styles._ambient import AMBIENT
from aiomusic.emulator.music.styles._bossa import BOSSA
from aiomusic.emulator.music.styles._chiptune import CHIPTUNE
from aiomusic.emulator.music.styles._cinematic import CINEMATIC
from aiomusic.emulator.music.styles._folk import FOLK
from aiomusic.emulator.music.styles._hiphop import HIPHOP
from aiomusic.emulator.music.styles._house import HOUSE
from aiomusic.emulator.music.styles._jazz import JAZZ
from aiomusic.emulator.music.styles._lofi import LOFI
from aiomusic.emulator.music.styles._pop import POP
from aiomusic.emulator.music.styles._reggae import REGGAE
from aiomusic.emulator.music.styles._rnb import RNB
from aiomusic.emulator.music.styles._rock import ROCK
from aiomusic.emulator.music.styles._style import (
    LOUD,
    STEPS,
    Changes,
    Groove,
    Layer,
    Style,
)
from aiomusic.emulator.music.styles._synthwave import SYNTHWAVE
from aiomusic.emulator.music.styles._techno import TECHNO

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

__all__ = ["LOUD", "STEPS", "STYLES", "Changes", "Groove", "Layer", "Style"]
