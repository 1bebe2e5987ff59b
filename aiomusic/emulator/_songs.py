"""What a request asks the composer for, and what is known of each song."""

import re
from collections.abc import Mapping
from typing import Any, Final, final

import attrs

from aiomusic._request import Request
from aiomusic.composer import Score
from aiomusic.providers import nuro, riffusion, suno

__all__ = ["Order", "Song", "order_of", "timing_of", "title_of"]


@final
@attrs.frozen(kw_only=True)
class Order:
    """A request in the composer's terms."""

    style: str = ""
    lyrics: str = ""
    title: str = ""
    instrumental: bool = False
    duration_s: float | None = None
    voice: str | None = None
    segments: tuple[tuple[str, float], ...] = ()


DEFAULT_S: Final = 20.0
"""How long a song is that nobody composed."""


@final
@attrs.frozen(kw_only=True)
class Song:
    """
    One song, as far as replies tell of it.

    Attributes:
        timing: When its sections and their lines are heard; see `timing_of`.
        is_ready: Whether its audio can be fetched.
    """

    clip_id: str
    title: str
    lyrics: str
    style: str
    duration_s: float
    audio_url: str
    image_url: str
    timing: Mapping[str, object] = attrs.Factory(dict)
    is_ready: bool = True


def order_of(request: Request[Any]) -> Order:
    """Say what a request asks for."""
    match request:
        case suno.Create():
            return Order(
                style=request.description or request.tags or "",
                lyrics=request.lyrics or "",
                title=request.title or "",
                instrumental=request.instrumental,
                voice=_GENDERS.get(request.vocal_gender or ""),
            )
        case riffusion.Create():
            return Order(style=request.prompt)
        case nuro.CreateVocal():
            return Order(
                style=" ".join(filter(None, (request.genre, request.mood))),
                lyrics=request.lyrics,
                duration_s=request.duration,
                voice=" ".join(filter(None, (request.gender, request.timbre))) or None,
            )
        case nuro.CreateInstrumental():
            return _background(request)
    return Order(
        style=getattr(request, "tags", None) or getattr(request, "sound", None) or "",
        lyrics=getattr(request, "lyrics", ""),
        title=getattr(request, "title", None) or "",
        instrumental=getattr(request, "instrumental", False),
    )


_GENDERS: Final = {"f": "female", "m": "male"}
_BACKGROUND_S: Final = {"v1.0": 60.0, "v2.0": 30.0}
"""API: 60 is documented for v1.0; v2.0 has no default, 30 is its least."""


def _background(request: nuro.CreateInstrumental) -> Order:
    words = (request.genre, request.mood, request.instrument, request.theme)
    segments = tuple((one.name, float(one.duration)) for one in request.segments)
    length = sum(length for _, length in segments) or request.duration
    return Order(
        style=" ".join(
            [request.description, *(word for kind in words for word in kind)]
        ),
        instrumental=True,
        duration_s=length or _BACKGROUND_S[request.version],
        segments=segments,
    )


def timing_of(score: Score) -> Mapping[str, object]:
    """
    Say when each section, and each of its lines, begins and ends, in seconds.

    API: get music (riffusion) has such an object; what is in it nobody knows.
    """
    return {
        "sections": [
            {
                "name": section.kind,
                "start": section.start_s,
                "end": section.end_s,
                "lines": [
                    {"text": line.text, "start": line.start_s, "end": line.end_s}
                    for line in score.lines
                    if line.section == number
                ],
            }
            for number, section in enumerate(score.sections)
        ]
    }


def title_of(order: Order) -> str:
    """Take a title from the words, if there is none."""
    if order.title:
        return order.title
    lines = (line.strip() for line in order.lyrics.splitlines())
    sung = (line for line in lines if line and not line.startswith("["))
    words = re.findall(r"[\w'&-]+", next(sung, order.style))
    return " ".join(word.capitalize() for word in words[:4]) or "Untitled"
