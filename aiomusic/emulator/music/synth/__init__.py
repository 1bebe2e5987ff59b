"""
The studio: numpy renders what the band played. Import it only to render.
"""

from aiomusic.emulator.music.synth._master import render_file

__all__ = ["render_file"]
