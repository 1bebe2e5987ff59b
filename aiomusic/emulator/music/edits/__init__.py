"""
Edits: new scores out of old ones.

An edit never renders. It cuts a song into spans of what was played and puts
other spans between them, so that what was not edited stays as it was, sample
by sample.
"""

from aiomusic.emulator.music.edits._continue import concat, extend
from aiomusic.emulator.music.edits._cover import cover
from aiomusic.emulator.music.edits._recording import from_recording
from aiomusic.emulator.music.edits._replace import replace_section
from aiomusic.emulator.music.edits._swap import swap_sound, swap_vocals

__all__ = [
    "concat",
    "cover",
    "extend",
    "from_recording",
    "replace_section",
    "swap_sound",
    "swap_vocals",
]
