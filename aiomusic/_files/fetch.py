"""One try to fetch a clip's music, or its cover, and what a media host answers."""

import base64
import contextlib
import math
import re
import time
from collections.abc import Mapping
from typing import Final, final

import anyio
import attrs
from anyio.to_thread import run_sync

from aiomusic._files import audio
from aiomusic._files.media import (
    Blocked,
    Broken,
    DeadLink,
    Media,
    MediaClient,
    exact_url,
)
from aiomusic._files.partial import PartialFile, ResumeInfo
from aiomusic._http.retry_after import retry_after_s
from aiomusic._redact import shown
from aiomusic.results import Clip

__all__ = ["fetch", "fetch_cover", "known_duration"]

MAX_WAIT_S = 60.0
# A thread costs as much as to write some hundred KiB.
STORE_BYTES = 2 * 1024 * 1024
COVER_S = 10.0
MAX_COVER_BYTES = 5 * 1024 * 1024

# What music needs at the most: 512 kbit/s, or 32 bits at 96 kHz in stereo.
MAX_LOSSY_BYTES_PER_S = 64_000
MAX_BYTES_PER_S = 768_000
LOSSY = frozenset({".mp3", ".ogg", ".m4a", ".aac", ".webm", ".amr"})
# Tags and a cover, and what a service rounds.
SPARE_BYTES = 16 * 1024 * 1024
SPARE_S = 60.0
UNKNOWN_S = 600.0
MAX_S = 1e6
MAX_FILE_BYTES = 1 << 30

OK: Final = 200
PARTIAL: Final = 206
NO_SUCH_RANGE: Final = 416
# Those may pass; any other refusal means that the link is dead.
# ``data:audio/wav;base64,…``: what a service gives that has no host for its files.
DATA: Final = "data:audio/"
PASSING = frozenset({202, 408, 425, 429})
# What a host answers that has not heard yet of a new file.
NOT_YET = frozenset({401, 403, 404, 410})
SERVER_ERROR = 500


async def fetch(part: PartialFile, clip: Clip, client: MediaClient) -> bool:
    """
    Fetch what the part lacks.

    Returns:
        Whether the host vouches that it is all: by its length, or by the end of its
        compression.

    Raises:
        DeadLink: There is no music; nothing but music is kept.
        Broken, OSError: It broke off; what came is kept.
        Blocked: A proxy lets nothing through.
        DiskError: The disk refuses.
    """
    link = _link(clip)
    if link.startswith(DATA):
        await _unpack(link, part)
        return True
    source = _source(link)
    have = part.resumable(source)
    if have and have == part.info.total:
        return True
    headers = {}
    if have:
        headers = {"Range": f"bytes={have}-", "If-Range": part.info.validator}
    async with client.get(link, headers) as media:
        reply = _Reply(media=media, info=_info(media, source))
        await _receive(reply, part, have, known_duration(clip))
        return media.is_encoded or reply.info.total is not None


async def _unpack(link: str, part: PartialFile) -> None:
    """
    Store the music that a link itself holds.

    Raises:
        DeadLink: It holds none.
        DiskError: The disk refuses.
    """
    try:
        data = base64.b64decode(link.partition(",")[2], validate=True)
    except ValueError as error:
        raise DeadLink(f"its data: link can't be decoded: {error}") from None
    words = audio.not_music(data[: audio.HEAD_BYTES])
    if words is not None:
        raise DeadLink(f"its data: link holds {words} in place of music")
    await run_sync(part.append, [data], ResumeInfo())


def known_duration(clip: Clip) -> float | None:
    """Return how long a clip plays; None: the service says nothing of use."""
    duration = clip.duration
    is_fit = duration is not None and math.isfinite(duration) and duration > 0
    return duration if is_fit else None


def _link(clip: Clip) -> str:
    if clip.audio_url is None:
        raise DeadLink("it has no audio yet", may_pass=True)
    return clip.audio_url


def _source(link: str) -> str:
    """Name what a link leads to, whatever its signature."""
    url = exact_url(link)
    return f"{url.host}{url.raw_path}"


@final
@attrs.frozen(kw_only=True)
class _Reply:
    """A media host's reply that may hold music, and what its head says."""

    media: Media
    info: ResumeInfo

    def continues(self, old: ResumeInfo, have: int) -> bool:
        """Check whether it is a part of the music, and the rest of what is there."""
        media, new = self.media, self.info
        if media.status != PARTIAL or media.is_encoded:
            return False
        if _range(media.headers)[0] != have:
            return False
        return have == 0 or (
            new.validator == old.validator
            and (new.total is None or old.total is None or new.total == old.total)
        )

    def check_music(self, head: bytes) -> None:
        """
        Refuse what does not begin as music may.

        Raises:
            DeadLink: It is known to be something else.
        """
        words = audio.not_music(head)
        if words is not None:
            kind = shown(self.media.headers.get("content-type", "none"), 60)
            seen = f"{self.media.host} sent {words} (Content-Type: {kind})"
            raise DeadLink(f"{seen} in place of music")


def _info(media: Media, source: str) -> ResumeInfo:
    """
    Read a reply's head.

    Raises:
        Broken: Not now.
        DeadLink: Not here.
    """
    _check_status(media)
    headers = media.headers
    if media.is_encoded:
        # Lengths and ranges count the bytes sent, so these must be the file's.
        return ResumeInfo(source=source)
    if media.status == OK:
        length = headers.get("content-length", "")
        total = int(length) if re.fullmatch("[0-9]{1,18}", length) else None
    else:
        total = _range(headers)[1]
    etag = headers.get("etag", "")
    is_strong = etag and not etag.startswith("W/")
    validator = etag if is_strong else headers.get("last-modified", "")
    return ResumeInfo(source=source, validator=validator, total=total)


def _check_status(media: Media) -> None:
    status = media.status
    if status in {OK, PARTIAL, NO_SUCH_RANGE}:
        return
    seen = f"{media.host} answered {status}"
    if status in PASSING or status >= SERVER_ERROR:
        wait_s = retry_after_s(media.headers, time.time()) or 0.0
        raise Broken(seen, wait_s=min(wait_s, MAX_WAIT_S))
    raise DeadLink(seen, may_pass=status in NOT_YET)


def _range(headers: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Return a range's start, and the length of the whole."""
    pattern = r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)"
    found = re.fullmatch(pattern, headers.get("content-range", ""))
    if found is None:
        return None, None
    return int(found[1]), None if found[2] == "*" else int(found[2])


async def _receive(
    reply: _Reply, part: PartialFile, have: int, duration: float | None
) -> None:
    """Write a reply's music at the end of what is there, or in its place."""
    host, total = reply.media.host, reply.info.total
    if reply.media.status == OK:
        have = 0
    elif not reply.continues(part.info, have):
        await run_sync(part.clear)
        raise Broken(f"{host} can't go on where the download broke off")
    inflow = _Inflow(reply=reply, part=part, is_new=have == 0, duration=duration)
    await inflow.pour()
    if total is not None and part.size_bytes != total:
        if part.size_bytes > total:
            await run_sync(part.clear)
        raise Broken(f"{part.size_bytes} of {total} bytes came from {host}")


def _head(pieces: list[bytes]) -> bytes:
    """Return the first bytes of what came in pieces, which may be tiny."""
    head = bytearray()
    for data in pieces:
        head += data[: audio.HEAD_BYTES - len(head)]
    return bytes(head)


def _max_bytes(kind: str | None, duration: float | None) -> int:
    """Return how much a song may need, so that no endless one takes all the disk."""
    seconds = UNKNOWN_S if duration is None else min(duration, MAX_S)
    per_s = MAX_LOSSY_BYTES_PER_S if kind in LOSSY else MAX_BYTES_PER_S
    return int(min(MAX_FILE_BYTES, SPARE_BYTES + per_s * (SPARE_S + seconds)))


@final
@attrs.define(eq=False, kw_only=True)
class _Inflow:
    """Gathers what comes into pieces that are worth a thread's while."""

    _reply: _Reply
    _part: PartialFile
    _is_new: bool
    _duration: float | None
    # Never joined: to copy a song once more takes as long as to write it.
    _pieces: list[bytes] = attrs.field(factory=list, init=False)
    _size: int = attrs.field(default=0, init=False)
    _kind: str | None = attrs.field(default=None, init=False)

    async def pour(self) -> None:
        try:
            while data := await self._reply.media.read():
                self._pieces.append(data)
                self._size += len(data)
                # The head tells at once what must not be fetched any further.
                if self._size >= (audio.HEAD_BYTES if self._is_new else STORE_BYTES):
                    await self._store()
        except BaseException:
            # So that the next try has that much less to do; too little tells nothing.
            is_telling = self._size >= audio.HEAD_BYTES or not self._is_new
            if self._size and is_telling:
                with anyio.CancelScope(shield=True):
                    await self._store()
            raise
        if self._size or self._is_new:
            await self._store()

    async def _store(self) -> None:
        pieces, size = self._pieces, self._size
        self._pieces, self._size = [], 0
        begin = self._reply.info if self._is_new else None
        if self._is_new:
            # Before the part is emptied: a web page must not cost what is there.
            head = _head(pieces)
            self._reply.check_music(head)
            self._kind = audio.sniff(head)
        else:
            size += self._part.size_bytes
        await self._check_size(max(size, self._reply.info.total or 0))
        await run_sync(self._part.append, pieces, begin)
        self._is_new = False

    async def _check_size(self, size: int) -> None:
        most = _max_bytes(self._kind, self._duration)
        if size > most:
            await run_sync(self._part.clear)
            host = self._reply.media.host
            seen = f"{host} sends more than {most} bytes, which no such song needs"
            raise DeadLink(seen)


_NO_COVER = (Blocked, DeadLink, Broken, OSError)


async def fetch_cover(url: str, client: MediaClient) -> bytes | None:
    """Fetch a JPEG or PNG, for the tags; None: there is none, which is fine."""
    cover = bytearray()
    with anyio.move_on_after(COVER_S), contextlib.suppress(*_NO_COVER):
        async with client.get(url) as media:
            while data := await media.read():
                cover += data
                if len(cover) > MAX_COVER_BYTES:
                    return None
            is_picture = cover.startswith((b"\xff\xd8\xff", b"\x89PNG"))
            return bytes(cover) if media.status == OK and is_picture else None
    return None
