"""The dialect of lyrics (API: make lyrics): the reply is the result."""

from collections.abc import Mapping
from typing import Any, ClassVar, final

from aiomusic._request import Request
from aiomusic.composer import write_lyrics
from aiomusic.emulator._schemas import INTEGER, TEXT, array, record
from aiomusic.emulator.dialects._dialect import Breach, Dialect, Issuer, Sentences
from aiomusic.providers import lyrics

__all__ = ["LyricsDialect"]


@final
class LyricsDialect(Dialect):
    """Lyrics: two versions, written by the composer."""

    name = "lyrics"
    sentences: ClassVar[Sentences] = {
        ("create", "description", Breach.MISSING): "description is required.",
    }

    def direct(
        self, request: Request[Any], source: str, issuer: Issuer
    ) -> Mapping[str, object]:
        """Return two versions of lyrics."""
        if not isinstance(request, lyrics.Create):
            return super().direct(request, source, issuer)
        written = write_lyrics(request.description, seed=issuer.number)
        results = [{"title": one.title, "lyrics": one.lyrics} for one in written]
        return {"code": 200, "results": results, "message": "success"}

    def reply_schema(self, kind: type[Request[Any]]) -> str:
        """Return the name of the schema of the reply to a request."""
        return "Lyrics"

    def schemas(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the schema of the reply."""
        version = record(title=TEXT, lyrics=TEXT)
        return {"Lyrics": record(code=INTEGER, message=TEXT, results=array(version))}
