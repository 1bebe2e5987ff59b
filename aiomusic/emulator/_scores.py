"""The scores of clips: composed for a request."""

import hashlib
from typing import Any, Final

import attrs

from aiomusic._request import Request
from aiomusic.composer import Score, Segment, SongSpec
from aiomusic.emulator._songs import SongRequest
from aiomusic.emulator.dialects import dialect_of

__all__ = ["PREVIEW_S", "score_of", "source_of"]

PREVIEW_S: Final = 20.0
"""Length of a song that is only to be tried, in seconds."""


def source_of(request: Request[Any]) -> str | None:
    """Return the id of the clip or the persona that a request works on."""
    clip = getattr(request, "clip", None)
    if clip is not None:
        return str(clip.clip_id)
    return dialect_of(request).persona(request)


def score_of(
    request: Request[Any],
    source: Score | None,
    *,
    seed: int,
    take: int,
    preview_s: float | None = PREVIEW_S,
) -> Score:
    """
    Return the score of one clip.

    Args:
        source: The score that `source_of` names; None: unknown, so the request gets
            a new song.
        preview_s: Length of a song whose request says none; None: as at the service.

    Raises:
        ValueError: The request asks for what *source* does not have.
    """
    dialect = dialect_of(request)
    spec = attrs.evolve(
        _spec(dialect.song_request(request), seed, take),
        usual_s=preview_s or _service_length(seed),
    )
    if source is None:
        style = spec.style or "pop"
        return dialect.compose(request, attrs.evolve(spec, style=style))
    return dialect.edit(request, _another_take(source, take), spec)


def _service_length(seed: int) -> float:
    """
    Return the length of a song whose request says none.

    API: create music (suno) says 1 to 3 minutes; most songs have two to three.
    """
    return 120.0 + seed * 7919 % 60


def _spec(request: SongRequest, seed: int, take: int) -> SongSpec:
    segments = (
        Segment(kind=kind, duration_s=length) for kind, length in request.segments
    )
    strength = USUAL if request.lyrics_strength is None else request.lyrics_strength
    return SongSpec(
        style=request.style,
        lyrics=_followed(request.lyrics, strength) or None,
        instrumental=request.instrumental,
        title=request.title or None,
        duration_s=request.duration_s,
        seed=_number(request.seed) if request.seed else seed,
        take=take,
        voice=request.voice,
        segments=tuple(segments),
        subject=request.subject or None,
        avoid=request.avoid,
        closeness=USUAL if request.closeness is None else request.closeness,
        weirdness=USUAL if request.weirdness is None else request.weirdness,
        voice_db=max(0.0, _VOICE_DB * (strength - USUAL)),
        variant=_number(request.seed + request.variant),
    )


USUAL: Final = 0.5
"""API: create music (producer): what the service takes for a strength left out."""
_VOICE_DB: Final = 8.0


def _followed(lyrics: str, strength: float) -> str:
    """
    Return *lyrics* as they are followed: below the usual strength lines are left out.

    Inferred: the API does not say what a strength does.
    """
    kept: list[str] = []
    debt = 0.0
    for line in lyrics.splitlines():
        if line.strip() and not line.lstrip().startswith("["):
            debt += max(0.0, USUAL - strength)
            if debt >= 1:
                debt -= 1
                continue
        kept.append(line)
    return "\n".join(kept)


def _number(words: str) -> int:
    """Return a number that stands for *words* on every machine; 0: there are none."""
    if not words:
        return 0
    return int.from_bytes(
        hashlib.blake2b(words.encode(), digest_size=6).digest(), "big"
    )


def _another_take(source: Score, take: int) -> Score:
    """Return *source* such that the second clip of an edit differs from the first."""
    played = (source.spec.take + take) % 2
    return attrs.evolve(source, spec=attrs.evolve(source.spec, take=played))
