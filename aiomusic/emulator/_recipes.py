"""Which score a request is answered with."""

import pickle
import zlib
from typing import Any

import attrs

from aiomusic._request import Request
from aiomusic.composer import (
    Score,
    Segment,
    SongSpec,
    compose,
    concat,
    cover,
    extend,
    replace_section,
    swap_sound,
    swap_vocals,
)
from aiomusic.emulator._songs import Order, order_of
from aiomusic.providers import riffusion, suno

__all__ = ["pack", "score_of", "source_of", "unpack"]


def source_of(request: Request[Any]) -> str | None:
    """Name the clip or the persona that a request works on."""
    clip = getattr(request, "clip", None)
    if clip is not None:
        return str(clip.clip_id)
    return request.persona if isinstance(request, suno.CreateWithPersona) else None


def score_of(
    request: Request[Any], source: Score | None, *, seed: int, take: int
) -> Score:
    """
    Write the score of one clip.

    Args:
        source: What `source_of` names; None: nobody knows it, so the request is
            answered with a song of its own.

    Raises:
        ValueError: The request asks for what *source* does not have.
    """
    order = order_of(request)
    spec = _brief(order, seed, take)
    if source is None:
        return compose(spec)
    source = _another_take(source, take)
    match request:
        case suno.Concat():
            return concat(source)
        case suno.Extend() | riffusion.Extend():
            return extend(source, spec, at_s=request.at)
        case suno.Cover() | riffusion.Cover():
            return cover(source, attrs.evolve(spec, style=order.style))
        case suno.CreateWithPersona():
            return compose(attrs.evolve(spec, singer=source.voice))
    return _partly_new(request, source, spec)


def _partly_new(request: Request[Any], source: Score, spec: SongSpec) -> Score:
    match request:
        case riffusion.SwapSound():
            return swap_sound(source, request.sound)
        case riffusion.SwapVocals():
            return swap_vocals(source, request.sound, request.lyrics)
        case riffusion.ReplaceSection():
            start_s, end_s = request.at, request.until
            return replace_section(source, spec, start_s=start_s, end_s=end_s)
    raise ValueError(f"{request.kind()} works on no clip")


def _brief(order: Order, seed: int, take: int) -> SongSpec:
    segments = (
        Segment(kind=kind, duration_s=length) for kind, length in order.segments
    )
    return SongSpec(
        style=order.style or "pop",
        lyrics=order.lyrics or None,
        instrumental=order.instrumental,
        title=order.title or None,
        duration_s=order.duration_s,
        seed=seed,
        take=take,
        voice=order.voice,
        segments=tuple(segments),
    )


def _another_take(source: Score, take: int) -> Score:
    """Let the second clip of an edit be played another way than the first."""
    played = (source.spec.take + take) % 2
    return attrs.evolve(source, spec=attrs.evolve(source.spec, take=played))


def pack(score: Score) -> bytes:
    """Make a score small, to be kept or sent."""
    return zlib.compress(pickle.dumps(score), level=1)


def unpack(packed: bytes) -> Score:
    """Read what `pack` made in this process or its parent."""
    score = pickle.loads(zlib.decompress(packed))  # noqa: S301 - our own
    assert isinstance(score, Score)
    return score
