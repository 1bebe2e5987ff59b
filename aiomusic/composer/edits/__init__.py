"""
Edits: new scores out of old ones.

An edit never renders. It cuts a song into spans of what was played and puts
other spans between them, so that what was not edited stays as it was, sample
by sample.
"""

from aiomusic.composer.edits._cover import cover
from aiomusic.composer.edits._extend import concat, extend
from aiomusic.composer.edits._recording import score_from_audio
from aiomusic.composer.edits._replace import replace_section
from aiomusic.composer.edits._swap import swap_sound, swap_vocals

__all__ = [
    "concat",
    "cover",
    "extend",
    "replace_section",
    "score_from_audio",
    "swap_sound",
    "swap_vocals",
]
