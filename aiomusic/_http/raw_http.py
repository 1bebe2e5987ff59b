"""
The bytes of an HTTP reply, kept as they come, and read however malformed they are.

A reply to a create is paid for: a header that is too long, a length that is not true
or an encoding that was not applied must not cost what the reply says.
"""

import asyncio
import contextvars
import functools
import re
import zlib
from collections.abc import Mapping
from typing import Any, Final, final

import aiohttp
import attrs
from aiohttp.client_proto import ResponseHandler

from aiomusic._bodies import MAX_BYTES
from aiomusic._http.deadline import Deadline
from aiomusic._magic import GZIP, is_compressed

__all__ = [
    "MAX_BYTES",
    "MAX_MORE_BYTES",
    "MAX_TAIL_BYTES",
    "SWITCHING",
    "ParsedReply",
    "Recording",
    "decoded",
    "inflated",
    "parse",
    "record_replies",
]

# A server that has sent what can't be parsed may have more of it on the way.
QUIET_S: Final = 0.25
# Of a reply that is too long, so much of its end is looked at, and no more is read.
MAX_TAIL_BYTES: Final = 64 * 1024
MAX_MORE_BYTES: Final = 14 * 1024 * 1024
SWITCHING: Final = 101


@final
@attrs.frozen(kw_only=True, repr=False)
class ParsedReply:
    """A reply as its bytes read; its status is 0 where they hold none."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@final
@attrs.define(eq=False, repr=False)
class Recording:
    """
    The bytes of one reply, as they come.

    Attributes:
        deadline: Ends the waiting for the reply.
        is_broken: Whether aiohttp could not parse it.
        max_bytes: How many are kept.
    """

    deadline: Deadline | None = None
    is_broken: bool = False
    max_bytes: int = MAX_BYTES
    _data: bytearray = attrs.field(factory=bytearray)
    # What came last, and how much in all, where that is more than is kept.
    _tail: bytes = b""
    _more_bytes: int = 0
    _token: "contextvars.Token[Recording | None] | None" = None

    def __enter__(self) -> "Recording":
        self._token = _recording.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._token is not None
        _recording.reset(self._token)

    def begin(self) -> None:
        """Forget what came: a proxy's answer, or a reply that has been read."""
        self._data.clear()
        self._tail, self._more_bytes = b"", 0
        self.is_broken = False

    def add(self, data: bytes) -> None:
        """Keep what came."""
        room = self.max_bytes - len(self._data)
        if len(data) <= room:
            self._data += data
        else:
            # A head may be longer than any reply, and what it names stands behind it.
            self._data += data[:room]
            self._more_bytes += len(data) - room
            self._tail = (self._tail + data[room:])[-MAX_TAIL_BYTES:]
        if self.is_broken:
            self.end_soon(QUIET_S if self._more_bytes < MAX_MORE_BYTES else 0.0)

    def broke(self) -> None:
        """Note that aiohttp will make no reply of it."""
        if not self.is_broken:
            self.is_broken = True
            self.end_soon(QUIET_S)

    def end_soon(self, wait_s: float) -> None:
        """End the waiting: nothing more will come of it."""
        if self.deadline is not None:
            self.deadline.end_soon(wait_s)

    def reply(self) -> ParsedReply | None:
        """Read what came; None: nothing did."""
        return parse(bytes(self._data + self._tail), self.max_bytes)


_recording: contextvars.ContextVar[Recording | None] = contextvars.ContextVar(
    "aiomusic_recording", default=None
)


def record_replies(connector: aiohttp.BaseConnector) -> None:
    """Have a connector's connections keep the bytes of replies that are recorded."""
    loop = asyncio.get_running_loop()
    # aiohttp has no public way to see the bytes of a reply that it can't parse.
    connector._factory = functools.partial(  # type: ignore[assignment]  # noqa: SLF001
        _Recorder, loop=loop
    )


class _Recorder(ResponseHandler):
    """A connection that hands what it reads to the recording of its caller."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._heard: Recording | None = None

    def set_response_params(self, **params: Any) -> None:  # noqa: ANN401
        self._heard = heard = _recording.get()
        if heard is not None:
            heard.begin()
        super().set_response_params(**params)
        if heard is not None:
            self._parser: Any = _Parser(self._parser, heard)

    def data_received(self, data: bytes) -> None:
        if self._heard is not None:
            self._heard.add(data)
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        heard, self._heard = self._heard, None
        if heard is not None and heard.is_broken:
            heard.end_soon(0.0)


@final
class _Parser:
    """aiohttp's parser, which closes the connection no more where it fails."""

    def __init__(self, parser: Any, heard: Recording) -> None:  # noqa: ANN401
        self._parser = parser
        self._heard = heard

    def feed_data(self, data: bytes) -> object:
        if not self._heard.is_broken:
            try:
                return self._parser.feed_data(data)
            except Exception:  # noqa: BLE001 - whatever it can't parse is recorded
                self._heard.broke()
        return (), False, b""

    def feed_eof(self) -> object:
        return None if self._heard.is_broken else self._parser.feed_eof()

    def __getattr__(self, name: str) -> object:
        return getattr(self._parser, name)


# Bytes to a reply.


def parse(raw: bytes, max_bytes: int = MAX_BYTES) -> ParsedReply | None:
    """Read a reply leniently; None: there is nothing to read."""
    while True:
        found = _HEAD.search(raw, 0, 4096)
        if found is None:
            return ParsedReply(status=0, headers={}, body=raw) if raw.strip() else None
        status = int(found[1])
        end = _END.search(raw, found.end() - 1)
        head = raw[found.end() :] if end is None else raw[found.end() : end.start()]
        rest = b"" if end is None else raw[end.end() :]
        if status // 100 != 1 or status == SWITCHING:
            # It is the reply, and not what goes before it.
            break
        raw = rest
    headers = _headers(head)
    if "chunked" in headers.get("transfer-encoding", "").lower():
        rest = _unchunked(rest)
    body, _ = decoded(rest, headers, max_bytes)
    return ParsedReply(status=status, headers=headers, body=body)


_HEAD: Final = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})[^\n]{0,8192}(?:\n|\Z)")
_END: Final = re.compile(rb"\r?\n[ \t]*\r?\n")


def _headers(head: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in head.splitlines():
        name, colon, value = line.decode(errors="replace").partition(":")
        if colon:
            found.setdefault(name.strip().lower(), value.strip())
    return found


def _unchunked(data: bytes) -> bytes:
    """Join chunks as far as they go; what is not in chunks is left as it is."""
    joined, at = bytearray(), 0
    while (end := data.find(b"\n", at, at + 64)) >= 0:
        size = _SIZE.match(data, at, end)
        if size is None or not (count := int(size[1], 16)):
            break
        joined += data[end + 1 : end + 1 + count]
        at = end + 1 + count
        at += 2 if data[at : at + 2] == b"\r\n" else 1
    return bytes(joined) or data


_SIZE: Final = re.compile(rb"[ \t]*([0-9a-fA-F]{1,8})\s*(?:;|$|\r)")


def decoded(
    body: bytes, headers: Mapping[str, str], max_bytes: int = MAX_BYTES
) -> tuple[bytes, bool]:
    """
    Undo a body's encodings, up to *max_bytes*; one that was not applied is left.

    Returns:
        The body, and whether it is all of it.
    """
    encoding = headers.get("content-encoding", "").lower()
    is_whole = True
    for _ in range(MAX_CODINGS):
        # Gzip shows by its first bytes, whatever a header says; deflate does not.
        is_plain = body.lstrip()[:1] in {b"{", b"["}
        if not body.startswith(GZIP) and (is_plain or "deflate" not in encoding):
            break
        try:
            found, is_end = inflated(body, max_bytes)
        except zlib.error:
            break
        # Any text may be the begin of headless deflate, and none is all of it.
        if not found or not (is_end or is_compressed(body)):
            break
        is_all = is_end or len(found) < max_bytes
        body, is_whole = found, is_whole and is_all
    return body, is_whole


MAX_CODINGS: Final = 3


def inflated(data: bytes, most: int) -> tuple[bytes, bool]:
    """
    Undo gzip or deflate, up to *most* bytes.

    Returns:
        What it holds, and whether it came to its end.

    Raises:
        zlib.error: It is neither.
    """
    found, rest, is_end = b"", data, False
    while rest and len(found) < most:
        inflater = _inflater(rest)
        found += inflater.decompress(rest, most - len(found))
        is_end = inflater.eof
        # Another member may follow; other bytes behind the last are padding.
        rest = inflater.unused_data if inflater.unused_data[:2] == GZIP else b""
    return found, is_end and not rest


def _inflater(data: bytes) -> "zlib._Decompress":
    # Some send deflate without its head.
    form = zlib.MAX_WBITS | 32 if is_compressed(data) else -zlib.MAX_WBITS
    return zlib.decompressobj(form)
