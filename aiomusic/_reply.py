"""What is told of an HTTP reply beside its body: for a letter to the service."""

from collections.abc import Mapping
from typing import Final, Self, final

import attrs

from aiomusic._json import Portable
from aiomusic._redact import shown

__all__ = ["RawReply"]

# What a gateway gives to be told in a complaint, the most telling first.
_IDS: Final = (
    "x-request-id",
    "request-id",
    "x-correlation-id",
    "x-trace-id",
    "x-amzn-requestid",
    "traceparent",
    "cf-ray",
)
_SECRET: Final = frozenset(
    {"set-cookie", "authorization", "proxy-authorization", "cookie"}
)
MAX_HEADERS: Final = 64
MAX_VALUE_CHARS: Final = 500


@final
@attrs.frozen(kw_only=True)
class RawReply(Portable):
    """
    What is told of an HTTP reply beside its body.

    Attributes:
        status: Its HTTP status.
        headers: By their names in lower case; no cookie and no secret is among them.
    """

    status: int
    headers: Mapping[str, str]

    @property
    def request_id(self) -> str | None:
        """The id under which the service, or a gateway, knows the call."""
        return next((self.headers[name] for name in _IDS if name in self.headers), None)

    @classmethod
    def of(cls, status: int, headers: Mapping[str, str]) -> Self:
        """Return what may be told of a reply that came."""
        told: dict[str, str] = {}
        for name, value in headers.items():
            low = shown(name.lower())[:MAX_VALUE_CHARS]
            if low not in _SECRET and len(told) < MAX_HEADERS:
                told[low] = shown(value)[:MAX_VALUE_CHARS]
        return cls(status=status, headers=told)
