"""
What providers differ in, one file each: requests, replies, refusals, music.

A new provider's dialect is entered in `DIALECTS`.
"""

from typing import Any, Final

from aiomusic._request import Request
from aiomusic.emulator.dialects._dialect import (
    Breach,
    ClipView,
    Dialect,
    Issuer,
    Sentences,
    view_clip,
)
from aiomusic.emulator.dialects.lyrics import LyricsDialect
from aiomusic.emulator.dialects.nuro import NuroDialect
from aiomusic.emulator.dialects.producer import ProducerDialect
from aiomusic.emulator.dialects.riffusion import RiffusionDialect
from aiomusic.emulator.dialects.suno import SunoDialect

__all__ = [
    "DIALECTS",
    "Breach",
    "ClipView",
    "Dialect",
    "Issuer",
    "Sentences",
    "dialect_named",
    "dialect_of",
    "view_clip",
]

DIALECTS: Final[dict[str, Dialect]] = {
    dialect.name: dialect
    for dialect in (
        SunoDialect(),
        RiffusionDialect(),
        NuroDialect(),
        ProducerDialect(),
        LyricsDialect(),
    )
}
"""The dialect of each provider."""

_GENERAL: Final = Dialect()


def dialect_named(provider: str) -> Dialect:
    """Return the dialect of a provider; the general one for any other name."""
    return DIALECTS.get(provider, _GENERAL)


def dialect_of(request: Request[Any] | type[Request[Any]]) -> Dialect:
    """Return the dialect of a request's provider."""
    return dialect_named(request.PROVIDER)
