"""
The music the emulator makes: a composer, a band, a studio.

``compose`` turns a brief into a score and needs the standard library alone;
``write_song`` renders a score and imports numpy only then.
"""

from aiomusic.emulator.music._art import draw_cover, draw_cover_jpeg
from aiomusic.emulator.music._brief import Brief, Segment
from aiomusic.emulator.music._compose import compose
from aiomusic.emulator.music._edits import (
    concat,
    cover,
    extend,
    from_recording,
    replace_section,
    swap_sound,
    swap_vocals,
)
from aiomusic.emulator.music._encode import Kind, available_kinds, write_song
from aiomusic.emulator.music._hearing import Hearing, UnreadableAudio
from aiomusic.emulator.music._listen import can_listen, listen
from aiomusic.emulator.music._lyricist import Words, write_lyrics
from aiomusic.emulator.music._midi import to_midi
from aiomusic.emulator.music._score import (
    Line,
    Note,
    Origin,
    Performance,
    Recording,
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
    "Hearing",
    "Key",
    "Kind",
    "Line",
    "Note",
    "Origin",
    "Performance",
    "Recording",
    "Score",
    "Section",
    "Segment",
    "Sheet",
    "Span",
    "Track",
    "UnreadableAudio",
    "Voice",
    "Words",
    "available_kinds",
    "can_listen",
    "compose",
    "concat",
    "cover",
    "draw_cover",
    "draw_cover_jpeg",
    "extend",
    "from_recording",
    "listen",
    "replace_section",
    "swap_sound",
    "swap_vocals",
    "to_midi",
    "voice_in",
    "write_lyrics",
    "write_song",
]
