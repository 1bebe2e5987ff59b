"""The scores of clips: composed for a request, and packed to be kept or sent."""

import pickle
import zlib
from typing import Any

import attrs

from aiomusic._request import Request
from aiomusic.composer import Score, Segment, SongSpec
from aiomusic.emulator._songs import SongRequest
from aiomusic.emulator.dialects import dialect_of

__all__ = ["pack", "score_of", "source_of", "unpack"]


def source_of(request: Request[Any]) -> str | None:
    """Return the id of the clip or the persona that a request works on."""
    clip = getattr(request, "clip", None)
    if clip is not None:
        return str(clip.clip_id)
    return dialect_of(request).persona(request)


def score_of(
    request: Request[Any], source: Score | None, *, seed: int, take: int
) -> Score:
    """
    Return the score of one clip.

    Args:
        source: The score that `source_of` names; None: unknown, so the request gets
            a new song.

    Raises:
        ValueError: The request asks for what *source* does not have.
    """
    dialect = dialect_of(request)
    spec = _spec(dialect.song_request(request), seed, take)
    if source is None:
        return dialect.compose(request, spec)
    return dialect.edit(request, _another_take(source, take), spec)


def _spec(request: SongRequest, seed: int, take: int) -> SongSpec:
    segments = (
        Segment(kind=kind, duration_s=length) for kind, length in request.segments
    )
    return SongSpec(
        style=request.style or "pop",
        lyrics=request.lyrics or None,
        instrumental=request.instrumental,
        title=request.title or None,
        duration_s=request.duration_s,
        seed=seed,
        take=take,
        voice=request.voice,
        segments=tuple(segments),
    )


def _another_take(source: Score, take: int) -> Score:
    """Return *source* such that the second clip of an edit differs from the first."""
    played = (source.spec.take + take) % 2
    return attrs.evolve(source, spec=attrs.evolve(source.spec, take=played))


def pack(score: Score) -> bytes:
    """Return a score in a compact form for `unpack`."""
    return zlib.compress(pickle.dumps(score), level=1)


def unpack(packed: bytes) -> Score:
    """Return the score that `pack` packed in this process or its parent."""
    score = pickle.loads(zlib.decompress(packed))  # noqa: S301 - our own
    assert isinstance(score, Score)
    return score
