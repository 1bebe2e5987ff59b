"""
The music the emulator makes: a composer, a band, a studio.

``compose`` turns a `Brief` into a `Score` and needs the standard library alone;
``write_song`` renders a score and imports numpy only then. The way of a song::

    Brief -> prompt -> form -> harmony, melody -> Sheet     (what is sung)
    Sheet + Style -> band -> Performance                    (what is played)
    Performances -> spans -> Score                          (what is heard)
    Score -> desk -> level -> file                          (the studio)

Everything in between is a frozen value. Chance comes from `Dice`, which are made
of the seed and of what they decide, so that one decision never moves another.
Edits put other spans into a score; what they leave alone stays the same samples.
"""

from aiomusic.composer._art import draw_cover, draw_cover_jpeg
from aiomusic.composer._brief import Brief, Segment
from aiomusic.composer._compose import compose
from aiomusic.composer._encode import (
    Kind,
    Renderer,
    available_kinds,
    renderer_named,
    write_song,
)
from aiomusic.composer._hearing import Hearing, UnreadableAudio
from aiomusic.composer._listen import can_listen, listen
from aiomusic.composer._lyricist import Words, write_lyrics
from aiomusic.composer._midi import to_midi
from aiomusic.composer._roll import COLOURS, draw_notes
from aiomusic.composer._score import (
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
from aiomusic.composer._theory import Key
from aiomusic.composer._voice import Voice, voice_in
from aiomusic.composer._waveform import draw_waveform, measure_levels
from aiomusic.composer.edits import (
    concat,
    cover,
    extend,
    from_recording,
    replace_section,
    swap_sound,
    swap_vocals,
)
from aiomusic.composer.styles import STYLES

__all__ = [
    "COLOURS",
    "STYLES",
    "Brief",
    "Hearing",
    "Key",
    "Kind",
    "Line",
    "Note",
    "Origin",
    "Performance",
    "Recording",
    "Renderer",
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
    "draw_notes",
    "draw_waveform",
    "extend",
    "from_recording",
    "listen",
    "measure_levels",
    "renderer_named",
    "replace_section",
    "swap_sound",
    "swap_vocals",
    "to_midi",
    "voice_in",
    "write_lyrics",
    "write_song",
]
