"""What a request is composed to, in a process or a thread of its own."""

from collections.abc import Mapping
from typing import Any, final

import attrs

from aiomusic._request import Request
from aiomusic.composer import is_sung_whole
from aiomusic.emulator._packed_scores import pack, unpack
from aiomusic.emulator._scores import PREVIEW_S, score_of
from aiomusic.emulator._songs import timing_of
from aiomusic.emulator.dialects import dialect_of

__all__ = ["Composed", "compose_takes"]


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
