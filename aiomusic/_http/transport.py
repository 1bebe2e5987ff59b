"""
The only user of the aiohttp client: bytes out, bytes in, and what was sent.

A create is paid for, so what counts when it breaks is whether any of its body was
put on a socket.  The class of the exception does not tell, so the body itself does:
it notes when aiohttp takes its bytes.
"""

import asyncio
import contextlib
import errno
import inspect
import os
import ssl
import time
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, TypeAlias, TypeVar, final
from urllib.parse import urlsplit

import aiohttp
import attrs
from aiohttp.abc import AbstractStreamWriter
from yarl import URL

from aiomusic._http.deadline import CallTimer, Deadline, is_cancelled
from aiomusic._http.dialects import SUNO, HostDialect
from aiomusic._http.raw_http import (
    MAX_BYTES,
    MAX_MORE_BYTES,
    MAX_TAIL_BYTES,
    SWITCHING,
    Recording,
    decoded,
    record_replies,
)
from aiomusic._http.wire import Reply
from aiomusic._redact import hide
from aiomusic._sending import Sending
from aiomusic.errors import (
    UNKNOWN_STEPS,
    AuthenticationFailed,
    MusicError,
    NotSent,
    ProtocolError,
    Retry,
    SubmissionUnknown,
)

__all__ = [
    "CHUNK_BYTES",
    "CONNECT_S",
    "PROXY_LOGIN",
    "ApiKey",
    "Hidden",
    "Transport",
    "base_url_from",
    "host_of",
    "is_shut",
    "key_from",
    "proxy_for",
    "reason_of",
    "to_do",
    "unfit",
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
# Longer than the longest gap between two polls: a new TLS connection costs nine
# times what a kept one does.
POLL_KEEPALIVE_S = 75.0
# A server may close an idle connection just as a create goes out on it, and that
# create would then be unknown: so creates only use one that was in use just now.
CREATE_KEEPALIVE_S = 2.0
# A key that was asked for when the session was opened is good for so long.
FIRST_KEY_S = 30.0
CHUNK_BYTES = 256 * 1024
# Of so many lengths calls may be, before each has a timer of its own.
MAX_TIMERS = 16
# Content policies and cookies of gateways are longer than aiohttp's 8 kB.
MAX_HEADER_BYTES = 256 * 1024
# What `raw_http` can undo; aiohttp undoes nothing, as that costs a reply's bytes.
ENCODINGS = "gzip, deflate"


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
class _Body(aiohttp.Payload):
    """The bytes of a create; aiohttp can't send them without asking for them here."""

    def __init__(self, data: bytes, sending: Sending) -> None:
        super().__init__(data)
        self._unsent: bytes | None = data
        self._sending = sending

    @property
    def autoclose(self) -> bool:
        # There is nothing to close.
        return True

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return bytes(self._value).decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        data, self._unsent = self._unsent, None
        if data is not None:
            # From here on, it may be paid.
            await self._sending.begin()
            await writer.write(data)


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
        dialect: How the host is spoken to; paths are those of this service.
    """

    _base_url: str
    _key: ApiKey
    _timeout_s: float
    _http: aiohttp.ClientSession | None = None
    dialect: HostDialect = SUNO
    _stack: contextlib.AsyncExitStack = attrs.field(
        factory=contextlib.AsyncExitStack, init=False
    )
    # What the first call need not ask for again, and since when.
    _first: tuple[str, float] = attrs.field(default=("", 0.0), init=False)
    _last_key: str = attrs.field(default="", init=False)
    _key_number: int = attrs.field(default=0, init=False)
    _last_headers: Mapping[str, str] = attrs.field(factory=dict, init=False)
    _proxy: str | None = attrs.field(default=None, init=False)
    _root: str = attrs.field(init=False)
    _timers: dict[float, CallTimer] = attrs.field(factory=dict, init=False)
    # The whole is limited by a deadline that a loop which stood still moves.
    _connecting: aiohttp.ClientTimeout = attrs.field(init=False)
    _creates: aiohttp.ClientSession = attrs.field(init=False)
    _polls: aiohttp.ClientSession = attrs.field(init=False)

    @property
    def host(self) -> str:
        """The API's host, for messages; without any password of the address."""
        parts = urlsplit(self._base_url)
        return f"{parts.hostname}:{parts.port}" if parts.port else f"{parts.hostname}"

    @property
    def asks_for_key(self) -> bool:
        """Whether the key is asked for at each call, so that it may change."""
        return callable(self._key)

    @property
    def timeout_s(self) -> float:
        """How long a reply may take, in seconds."""
        return self._timeout_s

    async def open(self) -> None:
        """
        Open the connections' pools.

        Raises:
            NotSent: The caller's own session is closed.
        """
        connect_s = min(CONNECT_S, self._timeout_s)
        self._connecting = aiohttp.ClientTimeout(total=None, sock_connect=connect_s)
        self._root = self._base_url
        with contextlib.suppress(ValueError):
            # An address that can't be read is told by the first call.
            self._root = str(URL(self._base_url)).rstrip("/")
        if self._http is not None:
            self._creates = self._polls = self._http
            self._check_open("The session's first call")
            return
        self._proxy = proxy_for(self._base_url)
        if self._proxy is not None:
            hide(urlsplit(self._proxy).password or "")
        self._creates = await self._open(CREATE_KEEPALIVE_S)
        self._polls = await self._open(POLL_KEEPALIVE_S)

    async def _open(self, keepalive_s: float) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            keepalive_timeout=keepalive_s,
            limit=0,  # what is in flight is limited before it comes here
        )
        record_replies(connector)
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
        self,
        path: str,
        body: bytes,
        sending: Sending,
        *,
        reply_s: float = 0.0,
        timeout_s: float | None = None,
        more: Mapping[str, str] | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> Reply:
        """
        Send a create, once.

        Args:
            path: Where to.
            body: JSON.
            sending: Is told when the body leaves.
            reply_s: How much longer than other calls it may take.
            timeout_s: How long calls may take; None: as the session says.
            more: Headers to send beside its own.
            max_bytes: How long the reply may be.

        Returns:
            The reply, also one that is malformed or cut off.

        Raises:
            NotSent: Nothing of its body left.
            SubmissionUnknown: Some of it left, and no reply came.
            MusicError: What kept it back, as *sending* was told.
        """
        path = self.dialect.path(path)
        what = f"POST {path}"
        headers = {
            **(more or {}),
            **await self._ready(what),
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        }
        sending.key_number = self._key_number
        with Recording(max_bytes=max_bytes) as heard:
            found = await self._call(
                self._creates.post,
                path,
                heard,
                (self._timeout_s if timeout_s is None else timeout_s) + reply_s,
                data=_Body(body, sending),
                headers=headers,
            )
        if isinstance(found, Reply):
            return found
        if not sending.is_sent:
            if sending.kept_back is not None:
                raise sending.kept_back
            raise self._not_sent(what, found) from _cause(found)
        if (came := _reply_of(heard, found)) is not None:
            return came
        raise SubmissionUnknown(
            f"{what} was sent to {self.host}, and no whole reply came:"
            f" {_seen(found)}. It may have been charged, so it is not sent again.",
            next_steps=UNKNOWN_STEPS,
        ) from _cause(found)

    async def get(
        self,
        path: str,
        timeout_s: float | None = None,
        more: Mapping[str, str] | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> Reply:
        """
        Ask for something that costs nothing.

        Args:
            timeout_s: How long it may take; None: as the session says.
            more: Headers to send beside its own.
            max_bytes: How long the reply may be.

        Raises:
            NotSent: The service was not reached.
            ProtocolError: It was, and no whole reply came.
        """
        path = self.dialect.path(path)
        what = f"GET {path}"
        headers = await self._ready(what)
        if more:
            headers = {**more, **headers}
        with Recording(max_bytes=max_bytes) as heard:
            found = await self._call(
                self._polls.get,
                path,
                heard,
                self._timeout_s if timeout_s is None else timeout_s,
                headers=headers,
            )
        if isinstance(found, Reply):
            return found
        if isinstance(found, _UNREACHED):
            raise self._not_sent(what, found) from _cause(found)
        if heard.is_broken and (came := _reply_of(heard, found)) is not None:
            return came
        message = (
            f"{what} at {self.host} got no whole reply: {_seen(found)}. Try again:"
            " asking costs nothing."
        )
        raise ProtocolError(message) from _cause(found)

    async def _ready(self, what: str) -> Mapping[str, str]:
        """Return the headers of a call, if it can be made."""
        self._check_open(what)
        if self._proxy is not None and (why := unfit(self._proxy)) is not None:
            message = f"{what} was not sent: {why} Nothing was charged."
            raise NotSent(message, retry=Retry.AFTER_EDIT)
        if self._last_key and not callable(self._key):
            # One that never changes is checked once.
            return self._last_headers
        return await self._headers()

    def _check_open(self, what: str) -> None:
        if self._polls.closed:
            message = (
                f"{what} was not sent: the aiohttp session given as http= is closed."
                " Keep it open for as long as the MusicSession, or leave http= out."
                " Nothing was charged."
            )
            raise NotSent(message, retry=Retry.AFTER_EDIT)

    async def _call(
        self,
        method: Callable[..., Any],
        path: str,
        heard: Recording,
        limit_s: float,
        *,
        headers: Mapping[str, str],
        **options: Any,  # noqa: ANN401 - aiohttp's
    ) -> Reply | BaseException:
        """Make a call; what aiohttp raises is returned, so that no error holds it."""
        try:
            with Deadline(self._timer(limit_s)) as heard.deadline:
                async with method(
                    URL(self._root + path, encoded=True),
                    headers=headers,
                    timeout=self._connecting,
                    allow_redirects=False,
                    raise_for_status=False,
                    auto_decompress=False,
                    max_line_size=MAX_HEADER_BYTES,
                    max_field_size=MAX_HEADER_BYTES,
                    proxy=self._proxy,
                    **options,
                ) as response:
                    if response.status == SWITCHING:
                        # Nobody asked for that, and aiohttp reads no further.
                        heard.broke()
                        await asyncio.get_running_loop().create_future()
                    reply = await _whole_reply(response, heard.max_bytes)
                    heard.begin()
                    return reply
        except asyncio.CancelledError as error:
            # A future that aiohttp waits for, or a trace of the user's, may be.
            if is_cancelled():
                raise
            return error
        except _REFUSED_CALL as error:
            return error
        finally:
            # The connection keeps what it has heard.
            heard.deadline = None

    def _timer(self, limit_s: float) -> CallTimer:
        """Return what ends calls that may take so long."""
        timer = self._timers.get(limit_s)
        if timer is None:
            timer = CallTimer(limit_s)
            if len(self._timers) < MAX_TIMERS:
                self._timers[limit_s] = timer
        return timer

    async def _headers(self) -> Mapping[str, str]:
        """Return what every call carries: the key, which may have changed."""
        (key, got_at), self._first = self._first, ("", 0.0)
        if not key or time.monotonic() - got_at > FIRST_KEY_S:
            key = _checked(await self._resolve_key())
        if key != self._last_key:
            hide(key)
            self._last_key = key
            self._key_number += 1
            self._last_headers = {
                "Authorization": f"Bearer {key}",
                "Accept-Encoding": ENCODINGS,
            }
        return self._last_headers

    async def has_newer_key(self, than: int) -> bool:
        """
        Ask for the key again, and return whether it is a later one than that of a call.

        Args:
            than: `Sending.key_number` of the call.
        """
        if self.asks_for_key:
            with contextlib.suppress(MusicError):
                await self._headers()
        return self._key_number > than

    async def first_key(self) -> str:
        """
        Return the key of the first call, before it is made.

        Raises:
            AuthenticationFailed: It is none.
            NotSent: What gives it raised.
        """
        key = _checked(await self._resolve_key())
        self._first = (key, time.monotonic())
        return key

    async def _resolve_key(self) -> object:
        if not callable(self._key):
            return self._key
        try:
            async with asyncio.timeout(self._timeout_s):
                key: object = self._key()
                return await key if inspect.isawaitable(key) else key
        except asyncio.CancelledError as error:
            if is_cancelled():
                raise
            message = "api_key() was cancelled from within, so nothing was sent."
            raise NotSent(message, retry=Retry.NEVER) from error
        except Exception as error:
            message = (
                f"api_key() raised {type(error).__name__}, so nothing was sent."
                " Mend what gives the key. Nothing was charged."
            )
            raise NotSent(message) from error

    def _not_sent(self, what: str, error: BaseException) -> NotSent:
        proxy = (
            "" if self._proxy is None else f" through the proxy {host_of(self._proxy)}"
        )
        return NotSent(
            f"{what} was not sent: {self.host} could not be reached{proxy}:"
            f" {_seen(error)}. Nothing was charged. {to_do(error)}",
            retry=Retry.AFTER_EDIT if _is_hopeless(error) else Retry.NOW,
        )


async def _whole_reply(response: aiohttp.ClientResponse, max_bytes: int) -> Reply:
    """Read a reply to its end, or as far as any reply of the API can go."""
    body, came = bytearray(), 0
    content = response.content
    while not content.at_eof():
        chunk = await content.readany()
        body += chunk
        came += len(chunk)
        if came > max_bytes:
            # What it names may stand before the junk that makes it so long, or after.
            del body[max_bytes:-MAX_TAIL_BYTES]
        if came > max_bytes + MAX_MORE_BYTES:
            # Nobody reads the rest, so the connection is of no more use.
            response.close()
            break
    plain, is_whole = decoded(bytes(body), response.headers, max_bytes)
    is_whole = is_whole and came <= max_bytes
    return Reply(
        status=response.status,
        headers=response.headers,
        body=plain,
        wall=time.time(),
        flaw="" if is_whole else f"longer than {max_bytes} bytes",
    )


def _reply_of(heard: Recording, error: BaseException) -> Reply | None:
    """Read what came of a reply that aiohttp gave up; None: nothing came."""
    came = heard.reply()
    if came is None:
        return None
    flaw = "malformed" if heard.is_broken else _seen(error)
    return Reply(
        status=came.status,
        headers=came.headers,
        body=came.body,
        wall=time.time(),
        flaw=flaw,
    )


def _checked(key: object) -> str:
    is_fit = isinstance(key, str) and key.isascii() and key.isprintable()
    if not (isinstance(key, str) and key and is_fit and " " not in key):
        message = (
            "The API key is empty, or holds spaces or other characters that no"
            " header can carry. Copy it again, without quotes or line ends. Nothing was"
            " sent or charged."
        )
        raise AuthenticationFailed(message)
    return key


def proxy_for(url: str) -> str | None:
    """
    Return the proxy that the environment names for an address.

    aiohttp's own ``trust_env`` asks in a thread, twice for each request.
    """
    parts = urlsplit(url)
    proxies = urllib.request.getproxies()
    if parts.hostname is None or urllib.request.proxy_bypass(parts.hostname):
        return None
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def unfit(proxy: str) -> str | None:
    """Return why a proxy of the environment can't be used; None: it can."""
    scheme = proxy.partition("://")[0].lower()
    if scheme in {"http", "https"}:
        return None
    return (
        f"the environment (ALL_PROXY, HTTPS_PROXY or HTTP_PROXY) names the {scheme}"
        f" proxy {host_of(proxy)}, and only http:// proxies can be used. Name an HTTP"
        " proxy in HTTPS_PROXY, unset the variable, or pass a session with a SOCKS"
        " connector as http=."
    )


def host_of(proxy: str) -> str:
    """Name a proxy without its password."""
    try:
        parts = urlsplit(proxy)
        port = parts.port
    except ValueError:
        return "whose address can't be read"
    return f"{parts.hostname}:{port}" if port else f"{parts.hostname}"


# All that aiohttp raises while a call is under way.
_BROKEN = (aiohttp.ClientError, TimeoutError, OSError)
# What says that a call never began: no connection, or aiohttp would not try.
_UNREACHED = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
    ValueError,
    RuntimeError,
)
_REFUSED_CALL = (*_BROKEN, ValueError, RuntimeError)
# What the next try can't mend.
_HOPELESS = (
    aiohttp.InvalidURL,
    aiohttp.ClientSSLError,
    aiohttp.ClientConnectorCertificateError,
    ssl.SSLError,
    ValueError,
    RuntimeError,
)
_PROXY_LOGIN, _SERVER_ERROR = 407, 500


PROXY_LOGIN = (
    "Put a user name and a password that the proxy takes into HTTPS_PROXY, as in"
    " http://user:password@host:port."
)


def _is_hopeless(error: BaseException) -> bool:
    return is_shut(error) or isinstance(error, _HOPELESS)


def is_shut(error: BaseException) -> bool:
    """Check whether a proxy lets nothing through, now and at the next try."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return error.status < _SERVER_ERROR
    return isinstance(error, aiohttp.ClientProxyConnectionError)


def to_do(error: BaseException) -> str:
    """Return what may mend a connection that was not made."""
    is_proxy = isinstance(error, aiohttp.ClientHttpProxyError)
    if is_proxy and getattr(error, "status", None) == _PROXY_LOGIN:
        return PROXY_LOGIN
    if is_proxy or isinstance(error, aiohttp.ClientProxyConnectionError):
        return "Check HTTPS_PROXY and ALL_PROXY, or name the host in NO_PROXY."
    return "Check the network and AIOMUSIC_BASE_URL."


def _cause(error: BaseException) -> BaseException:
    """
    Return a cause that holds neither the request, key and all, nor a server's bytes.

    What aiohttp raises has both.
    """
    if isinstance(error, aiohttp.ClientConnectorError):
        error = error.os_error
    name = type(error).__name__
    if isinstance(error, TimeoutError):
        return TimeoutError("it took too long")
    if isinstance(error, OSError) and error.errno is not None:
        return OSError(error.errno, error.strerror or name)
    return ConnectionError(name)


def _seen(error: BaseException) -> str:
    """Describe what happened; no address, as one may hold a password."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {error.status}"
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words
    if isinstance(error, (ValueError, RuntimeError)):
        return f"aiohttp would not send it ({error})"
    return reason_of(error) or "the connection broke"


def reason_of(error: BaseException) -> str | None:
    """Return the system's words for what broke a connection; None: it has none."""
    if isinstance(error, aiohttp.ClientConnectorError):
        error = error.os_error
    if not isinstance(error, OSError):
        return None
    # asyncio puts words of its own, with addresses, in the place of the system's.
    is_known = error.errno in errno.errorcode
    return os.strerror(error.errno or 0).lower() if is_known else error.strerror


_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (aiohttp.ClientConnectorCertificateError, "its TLS certificate is not trusted"),
    (aiohttp.ServerDisconnectedError, "the connection was closed before a reply"),
    (aiohttp.ClientPayloadError, "the reply was cut off"),
    (aiohttp.ClientResponseError, "the reply is no HTTP that can be read"),
    (aiohttp.ClientConnectorDNSError, "its name is not known"),
    (aiohttp.InvalidURL, "its address, or its proxy's, can't be read"),
    (TimeoutError, "it took too long"),
    (asyncio.CancelledError, "it was cancelled from within"),
)
