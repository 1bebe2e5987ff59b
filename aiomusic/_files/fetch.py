"""One try to fetch a clip's music, or its cover, and what a media host answers."""

import contextlib
import re
from collections.abc import Mapping
from typing import Final, final
from urllib.parse import urlsplit

import anyio
import attrs
from anyio.to_thread import run_sync

from aiomusic._files import audio
from aiomusic._files.partial import PartialFile, ResumeInfo
from aiomusic._transport import CHUNK_BYTES, Media, Transport
from aiomusic.errors import DownloadError
from aiomusic.results import Clip, ClipState

__all__ = ["Broken", "DeadLink", "fetch", "fetch_cover"]

MAX_WAIT_S = 60.0
COVER_S = 10.0
MAX_COVER_BYTES = 5 * 1024 * 1024

OK: Final = 200
PARTIAL: Final = 206
NO_SUCH_RANGE: Final = 416
# Those may pass; any other refusal means that the link is dead.
PASSING = frozenset({202, 408, 425, 429})
SERVER_ERROR = 500


@final
class DeadLink(Exception):
    """The link gives no music, and another one may."""


@final
class Broken(Exception):
    """The music came in part or not at all, and may come when tried again."""

    def __init__(self, seen: str, *, wait_s: float = 0.0) -> None:
        super().__init__(seen)
        self.wait_s = wait_s


async def fetch(part: PartialFile, clip: Clip, transport: Transport) -> None:
    """
    Fetch what the part lacks, and see that it is whole music then.

    Raises:
        DeadLink: There is no music; nothing but music is kept.
        Broken, DownloadError, OSError: It broke off; what came is kept.
        DiskTrouble: The disk refuses.
    """
    url, host = _address(clip)
    source = _source(url)
    have = part.resumable(source)
    if not have or have != part.info.total:
        # Lengths and ranges count the bytes sent, so these must be the file's.
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers |= {"Range": f"bytes={have}-", "If-Range": part.info.validator}
        async with transport.media(url, headers) as media:
            reply = _Reply(media=media, host=host, info=_info(media, host, source))
            await _receive(reply, part, have)
    if flaw := await run_sync(part.flaw, clip.duration):
        await run_sync(part.clear)
        raise DeadLink(f"what came is not the whole song: {flaw}")


def _address(clip: Clip) -> tuple[str, str]:
    """Give a clip's link and its host; only the host may be told to anyone."""
    if clip.audio_url is None:
        why = f": {clip.error}" if clip.error else ""
        is_failed = clip.state is ClipState.FAILED
        raise DeadLink(f"it failed{why}" if is_failed else "it has no audio yet")
    try:
        parts = urlsplit(clip.audio_url)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"}:
        raise DeadLink("its link is no http:// or https:// address")
    return clip.audio_url, host


def _source(url: str) -> str:
    """Name what a link leads to, whatever its signature."""
    parts = urlsplit(url)
    return f"{parts.hostname}{parts.path}"


@final
@attrs.frozen(kw_only=True)
class _Reply:
    """A media host's reply that may hold music, and what its head says."""

    media: Media
    host: str
    info: ResumeInfo

    def continues(self, old: ResumeInfo, have: int) -> bool:
        """Tell whether it is a part of the music, and the rest of what is there."""
        media, new = self.media, self.info
        if media.status != PARTIAL or _is_encoded(media.headers):
            return False
        if _range(media.headers)[0] != have:
            return False
        return have == 0 or (
            new.validator in {"", old.validator}
            and (new.total is None or old.total is None or new.total == old.total)
        )

    def check_music(self, data: bytes | bytearray) -> None:
        """Refuse what does not begin as music does."""
        head = bytes(data[: audio.HEAD_BYTES])
        if audio.sniff(head) is None:
            kind = self.media.headers.get("content-type", "none")[:60]
            seen = f"{self.host} sent {audio.describe(head)} (Content-Type: {kind})"
            raise DeadLink(f"{seen} in place of music")


def _info(media: Media, host: str, source: str) -> ResumeInfo:
    """
    Read a reply's head.

    Raises:
        Broken: Not now.
        DeadLink: Not here.
    """
    _check_status(media, host)
    headers = media.headers
    if _is_encoded(headers):
        return ResumeInfo(source=source)
    if media.status == OK:
        length = headers.get("content-length", "")
        total = int(length) if length.isdecimal() else None
    else:
        total = _range(headers)[1]
    etag = headers.get("etag", "")
    is_strong = etag and not etag.startswith("W/")
    validator = etag if is_strong else headers.get("last-modified", "")
    return ResumeInfo(source=source, validator=validator, total=total)


def _check_status(media: Media, host: str) -> None:
    status = media.status
    if status in {OK, PARTIAL, NO_SUCH_RANGE}:
        return
    seen = f"{host} answered {status}"
    if status in PASSING or status >= SERVER_ERROR:
        raise Broken(seen, wait_s=_wait_s(media.headers.get("retry-after", "")))
    raise DeadLink(seen)


def _wait_s(retry_after: str) -> float:
    return min(float(retry_after), MAX_WAIT_S) if retry_after.isdecimal() else 0.0


def _is_encoded(headers: Mapping[str, str]) -> bool:
    return headers.get("content-encoding", "identity") != "identity"


def _range(headers: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Give a range's start, and the length of the whole."""
    pattern = r"bytes (\d+)-\d+/(\d+|\*)"
    found = re.fullmatch(pattern, headers.get("content-range", ""))
    if found is None:
        return None, None
    return int(found[1]), None if found[2] == "*" else int(found[2])


async def _receive(reply: _Reply, part: PartialFile, have: int) -> None:
    """Write a reply's music at the end of what is there, or in its place."""
    host, total = reply.host, reply.info.total
    if reply.media.status == OK:
        have = 0
    elif not reply.continues(part.info, have):
        await run_sync(part.clear)
        raise Broken(f"{host} can't go on where the download broke off")
    await _Inflow(reply=reply, part=part, is_new=have == 0).pour()
    if total is not None and part.size_bytes != total:
        if part.size_bytes > total:
            await run_sync(part.clear)
        raise Broken(f"{part.size_bytes} of {total} bytes came from {host}")


@final
@attrs.define(eq=False, kw_only=True)
class _Inflow:
    """Gathers what comes into chunks that are worth a thread's while."""

    _reply: _Reply
    _part: PartialFile
    _is_new: bool
    _buffer: bytearray = attrs.field(factory=bytearray, init=False)

    async def pour(self) -> None:
        try:
            async for chunk in self._reply.media.chunks:
                self._buffer += chunk
                if len(self._buffer) >= CHUNK_BYTES:
                    await self._store()
        finally:
            # Also when it breaks off, so that the next try has that much less to do.
            if self._buffer:
                await self._store()
        if self._is_new:
            self._reply.check_music(b"")

    async def _store(self) -> None:
        data, self._buffer = self._buffer, bytearray()
        if self._is_new:
            # Before the part is emptied: a web page must not cost what is there.
            self._reply.check_music(data)
            await run_sync(self._part.start, self._reply.info)
            self._is_new = False
        await run_sync(self._part.append, data)


async def fetch_cover(url: str, transport: Transport) -> bytes | None:
    """Fetch a JPEG or PNG, for the tags; None: there is none, which is fine."""
    cover = bytearray()
    with anyio.move_on_after(COVER_S), contextlib.suppress(DownloadError, OSError):
        async with transport.media(url, {}) as media:
            async for chunk in media.chunks:
                cover += chunk
                if len(cover) > MAX_COVER_BYTES:
                    return None
            is_picture = cover.startswith((b"\xff\xd8\xff", b"\x89PNG"))
            return bytes(cover) if media.status == OK and is_picture else None
    return None
