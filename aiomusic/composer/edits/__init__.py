"""
Edits: new scores out of old ones.

An edit never renders. It cuts a song into spans of what was played and puts
other spans between them, so that what was not edited stays as it was, sample
by sample.
"""

from aiomusic.composer.edits._continue import concat, extend
from aiomusic.composer.edits._cover import cover
from aiomusic.composer.edits._recording import from_recording
from aiomusic.composer.edits._replace import replace_section
from aiomusic.composer.edits._swap import swap_sound, swap_vocals

__all__ = [
    "concat",
    "cover",
    "extend",
    "from_recording",
    "replace_section",
    "swap_sound",
    "swap_vocals",
]
