"""The URLs of media, which may end."""

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
    Where media are.

    Args:
        ttl_s: How long a URL is good for; None: for ever.
        base: The server's own URL, once it is known.
    """

    clock: Clock
    ttl_s: float | None = None
    base: str = ""
    _key: bytes = attrs.field(factory=lambda: secrets.token_bytes(16), init=False)

    def of(self, name: str) -> str:
        """Return the URL of a file, good from now on."""
        url = f"{self.base}/media/{name}"
        if self.ttl_s is None:
            return url
        expires = f"{self.clock.wall() + self.ttl_s:.3f}"
        return f"{url}?Expires={expires}&Signature={self._signature(name, expires)}"

    def is_own(self, url: str) -> bool:
        """Check whether a URL is one of these."""
        return url.startswith(f"{self.base}/media/")

    def is_valid(self, name: str, query: Mapping[str, str]) -> bool:
        """Check whether a file may be had with the query of a URL."""
        if self.ttl_s is None:
            return True
        expires, given = query.get("Expires", ""), query.get("Signature", "")
        # Signed: so it is a number that was written here.
        is_signed = hmac.compare_digest(
            given.encode(errors="surrogatepass"),
            self._signature(name, expires).encode(),
        )
        return is_signed and self.clock.wall() < float(expires)

    def _signature(self, name: str, expires: str) -> str:
        signed = f"{name}?{expires}".encode(errors="surrogatepass")
        return hmac.new(self._key, signed, hashlib.sha256).hexdigest()
