"""The URLs of media, which may expire."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import final

import attrs

from aiomusic._clock import Clock

__all__ = ["MediaUrls"]


@final
@attrs.define(eq=False, kw_only=True, repr=False)
class MediaUrls:
    """
    Makes and checks the URLs of media.

    Args:
        ttl_s: Lifetime of a URL in seconds; None: unlimited.
        base: The server's own URL, once it is known.
    """

    clock: Clock
    ttl_s: float | None = None
    base: str = ""
    _key: bytes = attrs.field(factory=lambda: secrets.token_bytes(16), init=False)

    def of(self, name: str) -> str:
        """Return a new URL of a file."""
        url = f"{self.base}/media/{name}"
        if self.ttl_s is None:
            return url
        expires = f"{self.clock.wall() + self.ttl_s:.3f}"
        return f"{url}?Expires={expires}&Signature={self._signature(name, expires)}"

    def is_own(self, url: str) -> bool:
        """Check whether a URL points at media of this server."""
        return url.startswith(f"{self.base}/media/")

    def is_valid(self, name: str, query: Mapping[str, str]) -> bool:
        """Check whether the query of a URL gives access to a file."""
        if self.ttl_s is None:
            return True
        expires, given = query.get("Expires", ""), query.get("Signature", "")
        # If it is signed, it was made here, and *expires* is a number.
        is_signed = hmac.compare_digest(
            given.encode(errors="surrogatepass"),
            self._signature(name, expires).encode(),
        )
        return is_signed and self.clock.wall() < float(expires)

    def _signature(self, name: str, expires: str) -> str:
        signed = f"{name}?{expires}".encode(errors="surrogatepass")
        return hmac.new(self._key, signed, hashlib.sha256).hexdigest()
