"""Formats of a clip's audio: its own, which is free, and those that are bought."""

import hashlib
import urllib.parse
from collections.abc import Iterable, Sequence
from typing import Any, final

import attrs

from aiomusic._arguments import MAX_KEY
from aiomusic._request import Request
from aiomusic._spelling import shown
from aiomusic.errors import InvalidRequest
from aiomusic.providers._all import PROVIDERS, operations
from aiomusic.providers._operations import Followed, MakeFormat
from aiomusic.results import Clip, ClipState, Wav

__all__ = ["AUDIO_FORMATS", "Wanted", "extras_of", "link_of", "wanted_of"]

AUDIO_FORMATS = ("mp3", "wav", "flac", "ogg", "m4a")
"""What a link may end with that tells the format of what it leads to."""


@final
@attrs.frozen(kw_only=True)
class Wanted:
    """
    A file of a clip.

    Attributes:
        format: Its format; None: whatever the clip's own link gives.
        request: What buys it; None: the clip's own link gives it.
    """

    clip: Clip
    format: str | None = None
    request: Request[Any] | None = None

    @property
    def key(self) -> str:
        """Of the job that buys it, whoever asks: no clip's format is bought twice."""
        key = f"{self.clip.provider} {self.clip.clip_id} {self.format}"
        if key.isprintable() and len(key) <= MAX_KEY:
            return key
        return hashlib.sha256(key.encode(errors="replace")).hexdigest()


def wanted_of(clips: Iterable[Clip], formats: Sequence[str]) -> list[Wanted]:
    """
    Return the files of some clips, each clip's in the order of the formats.

    Args:
        formats: None of them: the clips' own.

    Raises:
        InvalidRequest: A provider has no way to one of them.
    """
    found: list[Wanted] = []
    for clip in clips:
        # Of a clip that failed there is nothing to buy: storing it says why.
        if not formats or clip.state is ClipState.FAILED:
            found.append(Wanted(clip=clip))
        else:
            found += [_wanted(clip, one) for one in formats]
    return found


def _wanted(clip: Clip, format_: str) -> Wanted:
    own = _own_format(clip)
    if format_ == own:
        return Wanted(clip=clip, format=format_)
    make = _maker(clip.provider, format_, own)
    return Wanted(clip=clip, format=format_, request=make(clip))


def _own_format(clip: Clip) -> str:
    """Return the format that a clip's own link gives, as far as it can be told."""
    link = clip.audio_url or ""
    if link.startswith("data:audio/"):
        named = link.removeprefix("data:audio/").partition(";")[0]
        return {"mpeg": "mp3", "mp4": "m4a", "x-wav": "wav"}.get(named, named)
    ending = urllib.parse.urlsplit(link).path.rpartition(".")[2].lower()
    if ending in AUDIO_FORMATS:
        return ending
    return _usual_format(clip.provider)


def _usual_format(provider: str) -> str:
    return PROVIDERS[provider].audio if provider in PROVIDERS else "mp3"


def _maker(provider: str, format_: str, own: str) -> MakeFormat:
    kind = operations(provider) if provider in PROVIDERS else None
    makers = kind.FORMATS if kind and issubclass(kind, Followed) else {}
    if format_ not in makers:
        known = ", ".join(sorted({own, *makers}))
        message = (
            f"formats holds {shown(format_)}, and {provider} makes {known} of this"
            " clip, nothing else. Nothing was sent for it."
        )
        raise InvalidRequest(message, field="formats")
    return makers[format_]


def extras_of(request: Request[Any], formats: Sequence[str]) -> list[Request[Any]]:
    """
    Return what buys the formats of all clips that a request is to make.

    Where a link turns out to lead to one of them already, it is not bought.

    Raises:
        InvalidRequest: The provider has no way to one of them.
    """
    provider, own = request.PROVIDER, _usual_format(request.PROVIDER)
    makes = [_maker(provider, one, own) for one in formats if one != own]
    return [make(_SOME_CLIP) for make in makes] * request.clips


_SOME_CLIP = "00000000-0000-4000-8000-000000000000"


def link_of(result: object) -> str | None:
    """Return where a format that was bought can be fetched."""
    match result:
        case Wav():
            return result.url
        case (Clip() as clip, *_):
            return clip.audio_url
        case _:
            return None
