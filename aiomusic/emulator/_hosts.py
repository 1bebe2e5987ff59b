"""Checks of hosts: of received calls, and in given URLs."""

import ipaddress
import re
from collections.abc import Collection
from typing import Final, Self, final

import attrs
from yarl import URL

__all__ = ["ServedHosts", "is_http_url", "is_loopback"]

MAX_URL: Final = 8_192
MAX_LABEL: Final = 63
_ANY_INTERFACE: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104


def is_loopback(host: str) -> bool:
    """Check whether a host, an IP address or a name, is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_http_url(text: str) -> bool:
    """Check whether a text is a valid URL of HTTP or HTTPS."""
    if len(text) > MAX_URL or not text.isprintable() or " " in text:
        return False
    try:
        url = URL(text)
        host, port = url.raw_host, url.port
    except ValueError:
        # Its port is out of range, or its host is not a valid name.
        return False
    if url.scheme not in {"http", "https"} or not host or not port:
        return False
    labels = host.removesuffix(".").split(".")
    return ":" in host or all(0 < len(label) <= MAX_LABEL for label in labels)


@final
@attrs.frozen
class ServedHosts:
    """
    The hosts that a call may be addressed to; loopback is always allowed.

    This prevents DNS rebinding: any web page can let its own host name point at
    this machine, and call the emulator as its own server.

    Args:
        names: The hosts beside loopback; ``"*"``: any.
    """

    names: frozenset[str]

    @classmethod
    def of(cls, names: Collection[str], *, host: str, public_url: str | None) -> Self:
        """Return *names*, the host that is listened on and that of the public URL."""
        found = {name.lower() for name in names}
        if host not in _ANY_INTERFACE:
            found.add(host.lower())
        if public_url is not None:
            found.add(_bare(URL(public_url).host or ""))
        return cls(frozenset(found))

    def serves(self, header: str | None) -> bool:
        """
        Check the ``Host`` header of a call; None: it has none.

        Every browser sends one, and HTTP/1.0 needs none.
        """
        if "*" in self.names or header is None:
            return True
        host = _bare(_without_port(header))
        return host in self.names or is_loopback(host)


def _without_port(header: str) -> str:
    found = _HOST_AND_PORT.fullmatch(header)
    return "" if found is None else found[1] or found[2]


_HOST_AND_PORT: Final = re.compile(r"(?:\[([^]]*)\]|([^:]*))(?::[0-9]*)?")


def _bare(host: str) -> str:
    return host.lower().removesuffix(".")
