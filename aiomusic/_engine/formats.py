"""Formats of a clip: its own, which is free, and those that are bought."""

import hashlib
import urllib.parse
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, final

import attrs

from aiomusic._arguments import MAX_KEY
from aiomusic._request import Request
from aiomusic._spelling import shown
from aiomusic._timed_lyrics import timed_lines, with_lines
from aiomusic.errors import InvalidRequest
from aiomusic.providers._all import PROVIDERS, operations
from aiomusic.providers._operations import Followed, MakeFormat
from aiomusic.results import AlignedLyrics, Clip, ClipState, Wav

__all__ = ["AUDIO_FORMATS", "LRC", "Wanted", "extras_of", "wanted_of"]

LRC = "lrc"
"""The words with their times, in a file beside the clip's own."""

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

    def made(self, result: object, task_id: str | None) -> Clip:
        """Return the clip as it is fetched once its format is bought."""
        link = None
        match result:
            case AlignedLyrics():
                return attrs.evolve(
                    self.clip, raw=with_lines(self.clip.raw, result.lrc)
                )
            case Wav():
                link = result.url
            case (Clip() as clip, *_):
                link = clip.audio_url
        # Only its own task can give it a fresh link.
        return attrs.evolve(self.clip, audio_url=link, task_id=task_id)

    def path(self, stored: Path) -> Path:
        """Return its file, where the clip's own, or what was bought, is stored."""
        return stored.with_suffix(f".{LRC}") if self.format == LRC else stored


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
    if format_ == own or (format_ == LRC and timed_lines(clip)):
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


def _makers(provider: str) -> Mapping[str, MakeFormat]:
    kind = operations(provider) if provider in PROVIDERS else None
    return kind.FORMATS if kind and issubclass(kind, Followed) else {}


def _maker(provider: str, format_: str, own: str) -> MakeFormat:
    makers = _makers(provider)
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
    asked = [one for one in formats if one not in {own, LRC}]
    if LRC in formats and LRC in _makers(provider):
        # Elsewhere it is free where a reply tells the times, and can't be had else.
        asked.append(LRC)
    makes = [_maker(provider, one, own) for one in asked]
    return [make(_SOME_CLIP) for make in makes] * request.clips


_SOME_CLIP = "00000000-0000-4000-8000-000000000000"
