"""The synthesiser: renders scores with numpy. Import it only to render."""

from aiomusic.composer.synth._analyzer import analyze_file
from aiomusic.composer.synth._master import render_file, song_blocks
from aiomusic.composer.synth._sine import sine_blocks
from aiomusic.composer.synth._soundfont import soundfont_blocks

__all__ = [
    "analyze_file",
    "render_file",
    "sine_blocks",
    "song_blocks",
    "soundfont_blocks",
]
