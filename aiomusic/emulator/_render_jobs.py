"""
The functions that run in the processes which render.

Such a process is waited for, so it imports neither requests nor dialects.
"""

from typing import Final, cast, final

from aiomusic.composer import (
    AudioFormat,
    analyze_audio,
    load_renderer,
    measure_levels,
    score_from_audio,
    write_song,
)
from aiomusic.emulator._packed_scores import pack, unpack

__all__ = ["RenderFailed", "analyze_upload", "render", "render_shown"]


MAX_UPLOAD_S: Final = 60.5
"""API: upload music (suno): 6 to 60 s; an MP3 is padded by up to a tenth of one."""


@final
class RenderFailed(Exception):
    """A song could not be rendered."""


def render(score: bytes, path: str, kind: str, renderer: str | None = None) -> None:
    """Render a packed score to *path* with the named *renderer*."""
    player = None if renderer is None else load_renderer(renderer)
    write_song(unpack(score), path, cast("AudioFormat", kind), renderer=player)


def render_shown(
    score: bytes, path: str, kind: str, renderer: str | None, columns: int
) -> tuple[float, ...]:
    """Render, then return the levels of the file in *columns*."""
    render(score, path, kind, renderer)
    return measure_levels(path, columns)


def analyze_upload(path: str, title: str, seed: int) -> bytes:
    """Analyze a file; return a packed score that plays it."""
    analysis = analyze_audio(path, max_s=MAX_UPLOAD_S)
    return pack(score_from_audio(analysis, title=title, seed=seed))
