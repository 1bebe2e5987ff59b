"""
Lyrics from a description.

API: make lyrics, on the path that clients of this host use.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, final

import attrs

from aiomusic._bodies import folded
from aiomusic._fields import Text
from aiomusic._request import DirectReply, Request
from aiomusic.providers._operations import Operations, operation
from aiomusic.providers._replies import Unreadable, list_at, text_at, words
from aiomusic.results import Lyrics

__all__ = ["REQUESTS", "Create", "LyricsWriter"]


@final
@attrs.frozen(kw_only=True)
class _Version:
    title: str
    lyrics: str

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> "_Version":
        title = words(folded(raw).get("title")) or ""
        return cls(title=title, lyrics=text_at(raw, "lyrics", "text", "lyric"))


@final
@attrs.frozen(kw_only=True)
class _Reply:
    results: tuple[_Version, ...]

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> "_Reply":
        listed = list_at(raw, "results", "lyrics", "data")
        versions = [one for one in listed if isinstance(one, dict)]
        found = tuple(map(_Version.read, versions))
        if not found:
            message = "its results are empty"
            raise Unreadable(message)
        return cls(results=found)

    def to_result(self, request: "Create") -> tuple[Lyrics, ...]:  # noqa: ARG002
        return tuple(Lyrics(title=v.title, text=v.lyrics) for v in self.results)


@final
@attrs.frozen
class Create(Request[tuple[Lyrics, ...]]):
    """
    Write lyrics, in two versions.

    API: make lyrics. 2 credits; the reply is the result.

    Args:
        description: What they are about, at most 120 characters.
    """

    PROVIDER: ClassVar[str] = "lyrics"
    OPERATION: ClassVar[str] = "create"
    PATH: ClassVar[str] = "/api/v1/suno/lyrics"
    COST: ClassVar[int] = 2
    REPLY_S: ClassVar[float] = 20.0
    REPLY: ClassVar[type[DirectReply] | None] = _Reply

    description: Annotated[str, Text(wire="description", least=1, most=120)]


REQUESTS: tuple[type[Request[Any]], ...] = (Create,)
"""Every kind of request to this provider."""


@final
class LyricsWriter(Operations):
    """``music.lyrics``: each method returns a `MusicJob` at once."""

    __slots__ = ()

    create: Final = operation(Create)


OPERATIONS: type[Operations] = LyricsWriter
