"""
The way to media hosts: links sent byte for byte, redirects followed by hand.

A pool of connections of its own, which never carries the API key, and which never
reaches a private address unless the API itself has one.
"""

import asyncio
import contextlib
import functools
import re
import socket
import time
import urllib.parse
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import final
from urllib.parse import urlsplit

import aiohttp
import attrs
from aiohttp.abc import AbstractResolver
from aiohttp.resolver import DefaultResolver
from yarl import URL

from aiomusic._files.addresses import (
    NotPublic,
    PublicResolver,
    is_public,
    literal_address,
    public_socket,
    resolved,
)
from aiomusic._http.transport import (
    CHUNK_BYTES,
    CONNECT_S,
    PROXY_LOGIN,
    host_of,
    is_shut,
    proxy_for,
    reason_of,
    to_do,
    unfit,
)
from aiomusic._magic import GZIP, is_compressed
from aiomusic._redact import shown

__all__ = ["Blocked", "Broken", "DeadLink", "Media", "MediaClient", "exact_url"]

MAX_REDIRECTS = 10
MAX_HOSTS = 1_000
ALLOCATED_BYTES = 16 * 1024 * 1024
# Music plays sixteen times as fast.
MIN_BYTES_PER_S = 1_000
PROXY_STATUS = 407
REDIRECTS = frozenset({301, 302, 303, 307, 308})

_NO_ADDRESS = "its link is no http:// or https:// address"
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
# What no request line can carry.
_UNSENDABLE = re.compile(r"[^\x21-\x7e]")


@final
class DeadLink(Exception):
    """
    The link gives no music, and another one may.

    Args:
        seen: What was seen, without a full stop.
        may_pass: Whether the same link may give it soon: a host is told of a new
            file some seconds after its link is given out.
    """

    def __init__(self, seen: str, *, may_pass: bool = False) -> None:
        super().__init__(seen)
        self.may_pass = may_pass


@final
class Broken(Exception):
    """The music came in part or not at all, and may come when tried again."""

    def __init__(self, seen: str, *, wait_s: float = 0.0) -> None:
        super().__init__(seen)
        self.wait_s = wait_s


@final
class Blocked(Exception):
    """A proxy on the way lets nothing through; the message says what to do."""


def exact_url(link: str) -> URL:
    """
    Take a link as it is written: hosts that sign links compare every byte.

    Only what a request can't carry at all is quoted.

    Raises:
        DeadLink: It is no http or https address.
    """
    scheme, _, rest = link.strip().partition("#")[0].partition("://")
    if scheme.lower() not in {"http", "https"}:
        raise DeadLink(_NO_ADDRESS)
    authority = re.split(r"[/?]", rest, maxsplit=1)[0]
    path = _UNSENDABLE.sub(_quote, rest[len(authority) :])
    try:
        authority = URL(f"{scheme}://{authority}/").raw_authority
        slash = "" if path.startswith("/") else "/"
        url = URL(f"{scheme.lower()}://{authority}{slash}{path}", encoded=True)
        if path.endswith("?") and path.count("?") == 1:
            # As a query that is empty, it would be left out.
            url = url.with_path(f"{slash}{path}", encoded=True)
        is_fit = bool(url.host) and url.port != 0
    except ValueError:
        is_fit = False
    if not is_fit:
        raise DeadLink(_NO_ADDRESS)
    return url


def _quote(found: re.Match[str]) -> str:
    return urllib.parse.quote(found[0].encode(errors="surrogateescape"))


def _redirected(here: URL, location: str) -> URL:
    """
    Return where a redirect leads, also byte for byte.

    Raises:
        DeadLink: Nowhere.
    """
    location = location.strip()
    if not _SCHEME.match(location):
        location = urllib.parse.urljoin(str(here), location)
    try:
        return exact_url(location)
    except DeadLink:
        seen = f"{here.host} redirected to what is no http:// or https:// address"
        raise DeadLink(seen) from None


@final
@attrs.define(eq=False, repr=False)
class _Inflater:
    """Undoes a gzip or deflate encoding, a bounded piece at a time."""

    _unzip: "zlib._Decompress | None" = None
    _waiting: bytes = b""
    _is_full: bool = False
    _is_plain: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether what came ends where the encoding says that it ends."""
        return self._is_plain or (self._unzip is not None and self._unzip.eof)

    def feed(self, data: bytes) -> None:
        self._waiting += data

    def take(self) -> bytes:
        """
        Return the next piece; nothing: it needs more, or is at its end.

        Raises:
            zlib.error: It is not what it says.
        """
        if self._unzip is None and not self._start():
            data, self._waiting = self._waiting, b""
            return data if self._is_plain else b""
        assert self._unzip is not None
        while self._waiting or self._is_full:
            if self._unzip.eof:
                # Another member may follow; other bytes behind the last are padding.
                if not self._waiting.startswith(GZIP):
                    self._waiting, self._is_full = b"", False
                    break
                self._unzip = zlib.decompressobj(47)
            data = self._unzip.decompress(self._waiting, CHUNK_BYTES)
            self._is_full = len(data) == CHUNK_BYTES
            is_end = self._unzip.eof
            self._waiting = (
                self._unzip.unused_data if is_end else self._unzip.unconsumed_tail
            )
            if data:
                return data
        return b""

    def _start(self) -> bool:
        """See what it is; a host may say gzip of what it never compressed."""
        if self._is_plain or len(self._waiting) < len(GZIP):
            return False
        self._is_plain = not is_compressed(self._waiting)
        if not self._is_plain:
            self._unzip = zlib.decompressobj(47)
        return not self._is_plain


@final
@attrs.define(eq=False, repr=False, kw_only=True)
class Media:
    """
    A file that a media host sends, as it comes.

    Attributes:
        status, headers: Of the reply.
        host: Who sent it, after redirects.
    """

    status: int
    headers: Mapping[str, str]
    host: str
    _stream: aiohttp.StreamReader
    _window_s: float
    _now: Callable[[], float]
    _inflater: _Inflater | None
    _waited_s: float = attrs.field(default=0.0, init=False)
    _came: int = attrs.field(default=0, init=False)

    @property
    def is_encoded(self) -> bool:
        """Whether its length and ranges count other bytes than the file's."""
        return self._inflater is not None

    async def read(self) -> bytes:
        """
        Return the next bytes; nothing at its end.

        Raises:
            Broken: It broke off, or comes too slowly to be waited for.
        """
        if self._inflater is None:
            return await self._receive()
        try:
            while not (data := self._inflater.take()):
                if not (raw := await self._receive()):
                    break
                self._inflater.feed(raw)
        except zlib.error:
            raise Broken(f"what {self.host} compressed is damaged") from None
        if not data and not self._inflater.is_whole:
            raise Broken(f"what {self.host} compressed is cut off")
        return data

    async def _receive(self) -> bytes:
        began = self._now()
        try:
            data = await self._stream.read(CHUNK_BYTES)
        except _NETWORK as error:
            raise _broken(self.host, error) from None
        self._waited_s += self._now() - began
        self._came += len(data)
        if data and self._waited_s >= self._window_s:
            if self._came < MIN_BYTES_PER_S * self._waited_s:
                pace = f"{self._came} bytes in {self._waited_s:.1f} s"
                raise Broken(f"{self.host} sends too slowly: {pace}")
            self._waited_s, self._came = 0.0, 0
        return data


@final
@attrs.define(eq=False, repr=False)
class MediaClient:
    """
    Fetches from media hosts; `aclose` closes what it opens.

    Args:
        base_url: Where the API is: only if that is no public address, links may
            lead to others that are not.
        timeout_s: How long a host may be silent, and how long a reply's head may
            take.
        resolver: Looks names up; None: the system's. It is the caller's to close.
        uses_proxy: Whether proxies of the environment are used.
        make_socket: Opens the sockets to public addresses.
        now: The seconds by which a host's pace is measured.
    """

    _base_url: str
    _timeout_s: float
    _resolver: AbstractResolver | None = None
    _uses_proxy: bool = True
    _make_socket: Callable[..., socket.socket] = socket.socket
    _now: Callable[[], float] = time.monotonic
    _stack: contextlib.AsyncExitStack = attrs.field(
        factory=contextlib.AsyncExitStack, init=False
    )
    _opening: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False)
    _is_open: bool = attrs.field(default=False, init=False)
    _public: aiohttp.ClientSession = attrs.field(init=False)
    # Through a proxy, or for an API that is private itself.
    _any: aiohttp.ClientSession = attrs.field(init=False)
    _is_api_private: bool = attrs.field(default=False, init=False)
    # By the scheme and the host that they are for.
    _proxies: dict[tuple[str, str | None], str | None] = attrs.field(
        factory=dict, init=False
    )

    async def _open(self) -> None:
        """Open the pools of connections, once there is something to fetch."""
        # glibc maps and unmaps memory for each read of that size, at twice the cost
        # of the read, until a bigger block was given back once.
        bytes(ALLOCATED_BYTES)
        if self._resolver is None:
            self._resolver = DefaultResolver()
            self._stack.push_async_callback(self._resolver.close)
        self._is_api_private = await self._is_private(self._base_url)
        self._public = await self._pool(
            aiohttp.TCPConnector(
                resolver=PublicResolver(self._resolver),
                socket_factory=functools.partial(public_socket, make=self._make_socket),
            )
        )
        self._any = await self._pool(aiohttp.TCPConnector(resolver=self._resolver))
        self._is_open = True

    async def _pool(self, connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
        session = aiohttp.ClientSession(
            connector=connector,
            read_bufsize=CHUNK_BYTES,
            cookie_jar=aiohttp.DummyCookieJar(),
            # Decoded here, as the end of what is encoded must be seen.
            auto_decompress=False,
        )
        return await self._stack.enter_async_context(session)

    async def aclose(self) -> None:
        """Close what was opened here."""
        self._is_open = False
        await self._stack.aclose()

    @contextlib.asynccontextmanager
    async def get(
        self, link: str, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[Media]:
        """
        Ask for a file, without any key.

        Raises:
            DeadLink: The link leads nowhere, or where it may not lead.
            Broken: The host was not reached, or gave no reply.
        """
        async with self._opening:
            if not self._is_open:
                await self._open()
        headers = {"Accept-Encoding": "identity", **(headers or {})}
        async with contextlib.AsyncExitStack() as stack:
            url = exact_url(link)
            for _ in range(MAX_REDIRECTS):
                reply = await self._ask(url, headers, stack)
                location = reply.headers.get("Location")
                if reply.status not in REDIRECTS or not location:
                    yield self._media(reply, url)
                    return
                await stack.aclose()
                url = _redirected(url, location)
            raise DeadLink(f"{url.host} redirects without end")

    async def _ask(
        self, url: URL, headers: Mapping[str, str], stack: contextlib.AsyncExitStack
    ) -> aiohttp.ClientResponse:
        host = url.host or ""
        proxy = self._proxy_for(url) if self._uses_proxy else None
        if proxy is not None and (why := unfit(proxy)) is not None:
            raise Blocked(f"{host} can't be reached: {why}")
        await self._check(host, is_proxied=proxy is not None)
        is_checked = proxy is None and not self._is_api_private
        pool = self._public if is_checked else self._any
        try:
            async with asyncio.timeout(self._timeout_s):
                return await stack.enter_async_context(
                    pool.get(
                        url,
                        headers=headers,
                        timeout=self._limit,
                        allow_redirects=False,
                        raise_for_status=False,
                        proxy=proxy,
                    )
                )
        except (*_NETWORK, ValueError, RuntimeError) as error:
            if is_checked and _is_refused(error):
                raise _private(host) from None
            if proxy is not None and is_shut(error):
                raise _shut(host, proxy, error) from None
            raise _broken(host, error) from None

    def _proxy_for(self, url: URL) -> str | None:
        """Look in the environment once for each host: that takes long for a song."""
        place = (url.scheme, url.host)
        if place not in self._proxies:
            if len(self._proxies) >= MAX_HOSTS:
                self._proxies.clear()
            self._proxies[place] = proxy_for(str(url))
        return self._proxies[place]

    async def _check(self, host: str, *, is_proxied: bool) -> None:
        """
        Refuse a host that is not public, where that shows before connecting.

        A proxy connects in our place, so all that can be checked is what this
        machine knows of the name.

        Raises:
            DeadLink: It is not public.
        """
        if self._is_api_private:
            return
        literal = literal_address(host)
        if literal is not None:
            if not is_public(literal):
                raise _private(host)
        elif is_proxied and not all(map(is_public, await self._addresses(host))):
            raise _private(host)

    async def _is_private(self, base_url: str) -> bool:
        host = urlsplit(base_url).hostname or ""
        literal = literal_address(host)
        found = [literal] if literal else await self._addresses(host)
        return bool(found) and not any(map(is_public, found))

    async def _addresses(self, host: str) -> list[str]:
        """Look a name up; no address: it is not known here."""
        assert self._resolver is not None
        try:
            async with asyncio.timeout(self._timeout_s):
                return await resolved(self._resolver, host)
        except (OSError, ValueError):
            return []

    @property
    def _limit(self) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(
            total=None,
            sock_connect=min(CONNECT_S, self._timeout_s),
            sock_read=self._timeout_s,
        )

    def _media(self, reply: aiohttp.ClientResponse, url: URL) -> Media:
        encoding = reply.headers.get("Content-Encoding", "identity").strip().lower()
        host = url.host or ""
        if reply.status == PROXY_STATUS:
            raise Blocked(f"the proxy on the way to {host} answered 407. {PROXY_LOGIN}")
        if encoding not in {"identity", "", "gzip", "x-gzip", "deflate"}:
            raise Broken(f"{host} sent it encoded as {shown(encoding, 20)!r}, unasked")
        return Media(
            status=reply.status,
            headers=reply.headers,
            host=host,
            stream=reply.content,
            window_s=self._timeout_s,
            now=self._now,
            inflater=None if encoding in {"identity", ""} else _Inflater(),
        )


_NETWORK = (aiohttp.ClientError, TimeoutError, OSError)

_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (aiohttp.ClientConnectorCertificateError, "its TLS certificate is not trusted"),
    (aiohttp.ServerDisconnectedError, "the connection was closed before a reply"),
    (aiohttp.ClientPayloadError, "the reply was cut off"),
    (aiohttp.ClientConnectorDNSError, "its name is not known"),
    (aiohttp.InvalidURL, "its address, or its proxy's, can't be read"),
    (TimeoutError, "nothing came for too long"),
)


def _private(host: str) -> DeadLink:
    seen = f"the link leads to {host}, which is not on the public internet"
    return DeadLink(f"{seen}, so it was not connected to")


def _is_refused(error: BaseException) -> bool:
    if isinstance(error, aiohttp.ClientConnectorError):
        error = error.os_error
    return isinstance(error, NotPublic)


def _shut(host: str, proxy: str, error: BaseException) -> Blocked:
    seen = f"the proxy {host_of(proxy)} on the way to {host}"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return Blocked(f"{seen} answered {error.status}. {to_do(error)}")
    why = reason_of(error) or "no connection was made"
    return Blocked(f"{seen} was not reached: {why}. {to_do(error)}")


def _broken(host: str, error: BaseException) -> Broken:
    """Describe what happened; no link, as it may hold a signature."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        status = error.status
        return Broken(f"the proxy on the way to {host} answered {status}")
    why = next((words for kind, words in _WORDS if isinstance(error, kind)), None)
    why = why or reason_of(error) or "the connection broke"
    is_reached = not isinstance(error, aiohttp.ClientConnectorError)
    what = "broke off" if is_reached else "was not reached"
    return Broken(f"{host} {what}: {why}")
