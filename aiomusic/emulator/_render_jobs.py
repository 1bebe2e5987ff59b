"""The functions that run in worker processes."""

from collections.abc import Mapping
from typing import Any, Final, cast, final

import attrs

from aiomusic._request import Request
from aiomusic.composer import (
    AudioFormat,
    analyze_audio,
    is_sung_whole,
    load_renderer,
    measure_levels,
    score_from_audio,
    write_song,
)
from aiomusic.emulator._scores import PREVIEW_S, pack, score_of, unpack
from aiomusic.emulator._songs import timing_of
from aiomusic.emulator.dialects import dialect_of

__all__ = ["RenderFailed", "analyze_upload", "render", "render_shown"]


MAX_UPLOAD_S: Final = 60.5
"""API: upload music (suno): 6 to 60 s; an MP3 is padded by up to a tenth of one."""


@final
class RenderFailed(Exception):
    """A song could not be rendered."""


@final
@attrs.frozen(kw_only=True)
class Composed:
    """
    A take of a song: its packed score, and the fields of replies.

    Args:
        style: The composer's style that is played.
        style_word: The word of the prompt that names it; None: it is a guess.
    """

    score: bytes
    style: str
    style_word: str | None
    title: str
    lyrics: str
    duration_s: float
    timing: Mapping[str, object]


def compose_takes(
    request: Request[Any],
    source: bytes | None,
    seed: int,
    count: int,
    preview_s: float | None = PREVIEW_S,
) -> list[Composed]:
    """
    Compose the clips of a request.

    Args:
        source: The packed score that it edits; None: none.
        count: How many clips.
        preview_s: Length of a song whose request says none; None: as at the service.

    Raises:
        ValueError: The request asks for what *source* does not have.
    """
    known = None if source is None else unpack(source)
    scores = (
        score_of(request, known, seed=seed, take=take, preview_s=preview_s)
        for take in range(count)
    )
    asked = dialect_of(request).song_request(request).lyrics
    return [
        Composed(
            score=pack(score),
            style=score.style,
            style_word=score.style_word,
            title=score.title,
            lyrics=asked if is_sung_whole(score, asked) else score.lyrics,
            duration_s=score.duration_s,
            timing=timing_of(score),
        )
        for score in scores
    ]


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
