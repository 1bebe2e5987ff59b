"""
Edits: new scores made from existing ones.

An edit never renders. It splits a song into spans and inserts others, so that the
unedited parts keep the same samples.
"""

from aiomusic.composer.edits._cover import cover
from aiomusic.composer.edits._extend import concat, extend
from aiomusic.composer.edits._recording import score_from_audio
from aiomusic.composer.edits._replace import replace_section
from aiomusic.composer.edits._stem import split
from aiomusic.composer.edits._swap import swap_sound, swap_vocals

__all__ = [
    "concat",
    "cover",
    "extend",
    "replace_section",
    "score_from_audio",
    "split",
    "swap_sound",
    "swap_vocals",
]
