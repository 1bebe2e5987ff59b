"""
The music the emulator makes: a composer, a band, a studio.

``compose`` turns a brief into a score and needs the standard library alone;
``write_song`` renders a score and imports numpy only then.
"""

from aiomusic.emulator.music._brief import Brief, Segment
from aiomusic.emulator.music._compose import compose
from aiomusic.emulator.music._edits import (
    concat,
    cover,
    extend,
    replace_section,
    swap_sound,
    swap_vocals,
)
from aiomusic.emulator.music._encode import Kind, available_kinds, write_song
from aiomusic.emulator.music._score import (
    Line,
    Note,
    Performance,
    Score,
    Section,
    Sheet,
    Span,
    Track,
)
from aiomusic.emulator.music._theory import Key
from aiomusic.emulator.music._voice import Voice, voice_in

__all__ = [
    "Brief",
    "Key",
    "Kind",
    "Line",
    "Note",
    "Performance",
    "Score",
    "Section",
    "Segment",
    "Sheet",
    "Span",
    "Track",
    "Voice",
    "available_kinds",
    "compose",
    "concat",
    "cover",
    "extend",
    "replace_section",
    "swap_sound",
    "swap_vocals",
    "voice_in",
    "write_song",
]
