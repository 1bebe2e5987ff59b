"""
The only user of the aiohttp client: bytes out, bytes in, and what was sent.

A create is paid for, so what counts when it breaks is whether any of its body was
put on a socket.  The class of the exception does not tell, so the body itself does:
it notes when aiohttp takes its bytes.
"""

import asyncio
import contextlib
import inspect
import os
import ssl
import time
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, Self, TypeAlias, TypeVar, final
from urllib.parse import urlsplit

import aiohttp
import attrs

from aiomusic._sending import Sending
from aiomusic._wire import Reply
from aiomusic.errors import (
    AuthenticationFailed,
    NotSent,
    ProtocolError,
    Retry,
    SubmissionUnknown,
)

__all__ = [
    "CHUNK_BYTES",
    "CONNECT_S",
    "ApiKey",
    "Hidden",
    "Transport",
    "base_url_from",
    "key_from",
    "proxy_for",
]

ApiKey: TypeAlias = str | Callable[[], Awaitable[str]]

T = TypeVar("T")


@final
@attrs.frozen(repr=False)
class Hidden(Generic[T]):
    """A secret that no repr shows."""

    value: T


DEFAULT_BASE_URL = "https://api.sunoapi.com"
CONNECT_S = 10.0
# Longer than the longest gap between two looks: a new TLS connection costs nine
# times what a kept one does.
LOOK_KEEPALIVE_S = 75.0
# A server may close an idle connection just as a create goes out on it, and that
# create would then be unknown: so creates only use one that was in use just now.
CREATE_KEEPALIVE_S = 2.0
CHUNK_BYTES = 256 * 1024


def base_url_from(value: str | None) -> str:
    """Take an argument, else AIOMUSIC_BASE_URL, else the service's own address."""
    url = value or os.environ.get("AIOMUSIC_BASE_URL") or DEFAULT_BASE_URL
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        message = f"base_url is no address: {error}."
        raise ValueError(message) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        message = (
            "base_url must be an http:// or https:// address of the API, as in"
            f" {DEFAULT_BASE_URL}; scheme and host were {parts.scheme!r} and"
            f" {parts.hostname!r}."
        )
        raise ValueError(message)
    if parts.username is not None or parts.query or parts.fragment:
        message = "base_url must hold no user name, query or fragment; leave them out."
        raise ValueError(message)
    return url.rstrip("/").removesuffix("/api/v1")


def key_from(value: ApiKey | None) -> ApiKey:
    """
    Take an argument, else AIOMUSIC_API_KEY.

    Raises:
        AuthenticationFailed: There is none.
    """
    if value is not None and not (isinstance(value, str) or callable(value)):
        message = (
            f"api_key must be text, or an async callable that gives text, not"
            f" {type(value).__name__}."
        )
        raise AuthenticationFailed(message)
    key = value or os.environ.get("AIOMUSIC_API_KEY")
    if not key:
        message = (
            "No API key: pass api_key=, or set AIOMUSIC_API_KEY. Without a key,"
            " aiomusic.emulator.Emulator answers in place of the service."
        )
        raise AuthenticationFailed(message)
    return key


@final
class _Body:
    """The bytes of a create; aiohttp can't send them without asking for them here."""

    __slots__ = ("_data", "_sending")

    def __init__(self, data: bytes, sending: Sending) -> None:
        self._data: bytes | None = data
        self._sending = sending

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        data, self._data = self._data, None
        if data is None:
            raise StopAsyncIteration
        # From here on, it may be paid.
        await self._sending.begin()
        return data


@final
@attrs.define(eq=False, repr=False)
class Transport:
    """
    Calls to the API, each under the key.

    Args:
        base_url: Where the API is.
        key: The API key, or what gives it.
        timeout_s: How long one call may take in all.
        http: The caller's own session, which is used and not closed; None: one is
            opened, and closed by `aclose`.
    """

    _base_url: str
    _key: ApiKey
    _timeout_s: float
    _http: aiohttp.ClientSession | None = None
    _stack: contextlib.AsyncExitStack = attrs.field(
        factory=contextlib.AsyncExitStack, init=False
    )
    _last_key: bytes = attrs.field(default=b"", init=False)
    _last_headers: Mapping[str, str] = attrs.field(factory=dict, init=False)
    _proxy: str | None = attrs.field(default=None, init=False)
    _limit: aiohttp.ClientTimeout = attrs.field(init=False)
    _creates: aiohttp.ClientSession = attrs.field(init=False)
    _looks: aiohttp.ClientSession = attrs.field(init=False)

    @property
    def host(self) -> str:
        """The API's host, for messages; without any password of the address."""
        parts = urlsplit(self._base_url)
        return f"{parts.hostname}:{parts.port}" if parts.port else f"{parts.hostname}"

    async def open(self) -> None:
        """Open the connections' pools."""
        self._limit = self._limit_s(0.0)
        if self._http is not None:
            if self._http.closed:
                message = "The aiohttp session given as http= is closed."
                raise RuntimeError(message)
            self._creates = self._looks = self._http
            return
        self._proxy = proxy_for(self._base_url)
        self._creates = await self._open(CREATE_KEEPALIVE_S)
        self._looks = await self._open(LOOK_KEEPALIVE_S)

    async def _open(self, keepalive_s: float) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            keepalive_timeout=keepalive_s,
            limit=0,  # what is in flight is limited before it comes here
        )
        session = aiohttp.ClientSession(
            connector=connector,
            read_bufsize=CHUNK_BYTES,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return await self._stack.enter_async_context(session)

    async def aclose(self) -> None:
        """Close what was opened here."""
        await self._stack.aclose()

    async def post(
        self, path: str, body: bytes, sending: Sending, *, reply_s: float = 0.0
    ) -> Reply:
        """
        Send a create, once.

        Args:
            path: Where to.
            body: JSON.
            sending: Is told when the body leaves.
            reply_s: How much longer than other calls it may take.

        Raises:
            NotSent: Nothing of its body left.
            SubmissionUnknown: Some of it left, and no whole reply came.
            MusicError: What kept it back, as *sending* was told.
        """
        headers = await self._headers()
        what = f"POST {path}"
        limit = self._limit_s(reply_s) if reply_s else self._limit
        try:
            async with self._creates.post(
                self._base_url + path,
                data=_Body(body, sending),
                headers={
                    **headers,
                    "Content-Type": "application/json",
                    "Content-Length": str(len(body)),
                },
                timeout=limit,
                allow_redirects=False,
                raise_for_status=False,
                proxy=self._proxy,
            ) as response:
                return await self._reply(response)
        except _REFUSED_CALL as error:
            if sending.is_sent:
                raise SubmissionUnknown(
                    f"{what} was sent to {self.host}, and no whole reply came:"
                    f" {_seen(error)}. It may have been charged, so it is not sent"
                    " again. Look at your credits and at the service's own list of"
                    " songs before you repeat it.",
                ) from _plain(error)
            if sending.kept_back is not None:
                raise sending.kept_back from None
            raise self._not_sent(what, error) from _plain(error)

    async def get(self, path: str) -> Reply:
        """
        Ask for something that costs nothing.

        Raises:
            NotSent: The service was not reached.
            ProtocolError: It was, and no whole reply came.
        """
        headers = await self._headers()
        try:
            async with self._looks.get(
                self._base_url + path,
                headers=headers,
                timeout=self._limit,
                allow_redirects=False,
                raise_for_status=False,
                proxy=self._proxy,
            ) as response:
                return await self._reply(response)
        except _UNREACHED as error:
            raise self._not_sent(f"GET {path}", error) from _plain(error)
        except _BROKEN as error:
            message = f"GET {path} at {self.host} got no whole reply: {_seen(error)}."
            raise ProtocolError(message) from _plain(error)

    def _limit_s(self, reply_s: float) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(
            total=self._timeout_s + reply_s, sock_connect=self._connect_s
        )

    @property
    def _connect_s(self) -> float:
        return min(CONNECT_S, self._timeout_s)

    async def _headers(self) -> Mapping[str, str]:
        """Give what carries the key; one that never changes is checked once."""
        if self._last_key and not callable(self._key):
            return self._last_headers
        key = _checked(await self._resolve_key())
        self._last_key = key.encode()
        self._last_headers = {"Authorization": f"Bearer {key}"}
        return self._last_headers

    async def _resolve_key(self) -> object:
        if not callable(self._key):
            return self._key
        try:
            key: object = self._key()
            return await key if inspect.isawaitable(key) else key
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            message = "api_key() was cancelled from within, so nothing was sent."
            raise NotSent(message, retry=Retry.NEVER) from error
        except Exception as error:
            message = (
                f"api_key() raised {type(error).__name__}, so nothing was sent."
                " Mend what gives the key."
            )
            raise NotSent(message) from error

    async def _reply(self, response: aiohttp.ClientResponse) -> Reply:
        body = await response.read()
        # A service that repeats the key must not put it into our messages.
        body = body.replace(self._last_key, b"[key]")
        return Reply(
            status=response.status,
            headers=response.headers,
            body=body,
            wall=time.time(),
        )

    def _not_sent(self, what: str, error: BaseException) -> NotSent:
        is_hopeless = isinstance(error, (aiohttp.InvalidURL, ssl.SSLError))
        is_hopeless = is_hopeless or isinstance(
            error, (aiohttp.ClientSSLError, aiohttp.ClientConnectorCertificateError)
        )
        is_hopeless = is_hopeless or isinstance(error, (ValueError, RuntimeError))
        through = "" if self._proxy is None else " through the proxy of the environment"
        return NotSent(
            f"{what} was not sent: {self.host} could not be reached{through}:"
            f" {_seen(error)}. Nothing was charged. Check the network and"
            " AIOMUSIC_BASE_URL.",
            retry=Retry.AFTER_EDIT if is_hopeless else Retry.NOW,
        )


def _checked(key: object) -> str:
    is_fit = isinstance(key, str) and key.isascii() and key.isprintable()
    if not (isinstance(key, str) and key and is_fit and " " not in key):
        message = (
            "The API key is empty, or holds spaces or other characters that no"
            " header can carry. Copy it again, without quotes or line ends."
        )
        raise AuthenticationFailed(message)
    return key


_NETWORK = (aiohttp.ClientError, TimeoutError, ConnectionError)


def proxy_for(url: str) -> str | None:
    """
    Give the proxy that the environment names for an address.

    aiohttp's own ``trust_env`` asks in a thread, twice for each request.
    """
    parts = urlsplit(url)
    proxies = urllib.request.getproxies()
    if parts.hostname is None or urllib.request.proxy_bypass(parts.hostname):
        return None
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


# All that aiohttp raises while a call is under way.
_BROKEN = (*_NETWORK, OSError)
# What says that a call never began: no connection, or aiohttp would not try.
_UNREACHED = (
    aiohttp.ClientConnectorError,
    aiohttp.InvalidURL,
    ValueError,
    RuntimeError,
)
_REFUSED_CALL = (*_BROKEN, ValueError, RuntimeError)


def _plain(error: BaseException) -> BaseException:
    """Give the cause without the request that aiohttp keeps in it, key and all."""
    if isinstance(error, aiohttp.ClientResponseError):
        return ConnectionError(f"{type(error).__name__}: {error.message}")
    return error


def _seen(error: BaseException) -> str:
    """Say what happened; no address, as one may hold a password."""
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words
    if isinstance(error, aiohttp.ClientConnectorError):
        error = error.os_error
    reason = error.strerror if isinstance(error, OSError) else None
    if isinstance(error, (ValueError, RuntimeError)):
        reason = f"aiohttp would not send it ({error})"
    return reason or type(error).__name__


_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (aiohttp.ClientConnectorCertificateError, "its TLS certificate is not trusted"),
    (aiohttp.ServerDisconnectedError, "the connection was closed before a reply"),
    (aiohttp.ClientPayloadError, "the reply was cut off"),
    (aiohttp.ClientConnectorDNSError, "its name is not known"),
    (aiohttp.InvalidURL, "its address, or its proxy's, can't be read"),
    (TimeoutError, "it took too long"),
)
