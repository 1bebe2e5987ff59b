"""
Which addresses may be asked for a file: public ones, checked at the socket.

A link is whatever somebody else wrote, and so is every redirect of it; followed
blindly, it could reach what only this machine can reach.
"""

import errno
import ipaddress
import re
import socket
import unicodedata
from collections.abc import Callable
from typing import Final, final

from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult

__all__ = [
    "NotPublic",
    "PublicResolver",
    "is_public",
    "literal_address",
    "public_socket",
    "resolved",
]

UNICAST: Final = ipaddress.ip_network("2000::/3")
"""All IPv6 addresses that are given out; others are local, or stand for IPv4 ones."""

# What the C library reads as an IPv4 address: 127.1, 2130706433, 0x7f.0.0.1, 0177.1
_NUMBERS = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}")


@final
class NotPublic(OSError):
    """The address is not one of the open internet, so it is not connected to."""

    def __init__(self) -> None:
        # One text for all addresses: what stands behind a name is not told.
        super().__init__(errno.EACCES, "it is not a public address")


def is_public(address: str) -> bool:
    """Check whether an IP address is one of the open internet."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        # Tunnels lead to IPv4 addresses that nobody has checked.
        if ip.sixtofour or ip.teredo or ip not in UNICAST:
            return False
    return ip.is_global and not ip.is_multicast


def literal_address(host: str) -> str | None:
    """Return the IP address that a host is written as, in any spelling, or None."""
    host = unicodedata.normalize("NFKC", host).strip("[]").rstrip(".").lower()
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        pass
    if not _NUMBERS.fullmatch(host):
        return None
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return None


def public_socket(
    found: AddrInfoType, *, make: Callable[..., socket.socket] = socket.socket
) -> socket.socket:
    """
    Open the socket for a connection, unless its address is not public.

    What is checked here is the address itself that is connected to next: no name
    is looked up again in between.

    Args:
        found: The address, as the resolver gave it.
        make: Opens the socket.

    Raises:
        NotPublic: It is not.
    """
    family, kind, protocol, _, address = found
    if not is_public(str(address[0])):
        raise NotPublic
    return make(family=family, type=kind, proto=protocol)


async def resolved(resolver: AbstractResolver, host: str) -> list[str]:
    """
    Look a name up.

    Raises:
        OSError: It is not known.
    """
    found = await resolver.resolve(host, 0, socket.AF_UNSPEC)
    return [one["host"] for one in found]


@final
class PublicResolver(AbstractResolver):
    """Looks names up, and leaves out the addresses that are not public."""

    def __init__(self, resolver: AbstractResolver) -> None:
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return a name's public addresses."""
        found = await self._resolver.resolve(host, port, family)
        public = [one for one in found if is_public(one["host"])]
        if found and not public:
            raise NotPublic
        return public

    async def close(self) -> None:
        """Do nothing: whoever made the resolver closes it."""
