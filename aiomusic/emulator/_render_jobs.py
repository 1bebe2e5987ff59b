"""What workers are asked to do; each is called in a process of its own."""

from collections.abc import Mapping
from typing import Any, cast, final

import attrs

from aiomusic._request import Request
from aiomusic.composer import (
    AudioFormat,
    analyze_audio,
    load_renderer,
    measure_levels,
    score_from_audio,
    write_song,
)
from aiomusic.emulator._scores import pack, score_of, unpack
from aiomusic.emulator._songs import timing_of

__all__ = ["RenderFailed", "analyze_upload", "render", "render_shown"]


@final
class RenderFailed(Exception):
    """A song could not be made."""


@final
@attrs.frozen(kw_only=True)
class Composed:
    """A take of a song: its packed score, and what replies tell of it."""

    score: bytes
    title: str
    lyrics: str
    duration_s: float
    timing: Mapping[str, object]


def compose_takes(
    request: Request[Any], source: bytes | None, seed: int, count: int
) -> list[Composed]:
    """
    Write the scores that a request is answered with.

    Args:
        source: The packed score that it works on.

    Raises:
        ValueError: It asks for what *source* does not have.
    """
    known = None if source is None else unpack(source)
    scores = (score_of(request, known, seed=seed, take=take) for take in range(count))
    return [
        Composed(
            score=pack(score),
            title=score.title,
            lyrics=score.lyrics,
            duration_s=score.duration_s,
            timing=timing_of(score),
        )
        for score in scores
    ]


def render(score: bytes, path: str, kind: str, renderer: str | None = None) -> None:
    """Write a packed score to *path*, played by the *renderer* of that name."""
    player = None if renderer is None else load_renderer(renderer)
    write_song(unpack(score), path, cast("AudioFormat", kind), renderer=player)


def render_shown(
    score: bytes, path: str, kind: str, renderer: str | None, columns: int
) -> tuple[float, ...]:
    """Render, then measure the levels of so many columns of the file."""
    render(score, path, kind, renderer)
    return measure_levels(path, columns)


def analyze_upload(path: str, title: str, seed: int) -> bytes:
    """Listen to a file; return the packed score of what was heard."""
    return pack(score_from_audio(analyze_audio(path), title=title, seed=seed))
