"""
Clip to file: bytes go to a part file, and only whole music gets the final name.

A try that breaks off is made again, and a link that is dead is replaced.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias, final

import attrs
from anyio.to_thread import run_sync

from aiomusic._clock import Clock
from aiomusic._files import tags
from aiomusic._files.fetch import Broken, DeadLink, fetch, fetch_cover
from aiomusic._files.filelock import DiskTrouble
from aiomusic._files.names import file_stem
from aiomusic._files.partial import PartialFile
from aiomusic._gate import backoff_s
from aiomusic._transport import CHUNK_BYTES, Transport
from aiomusic.errors import DownloadError, MusicError
from aiomusic.results import Clip

__all__ = ["save_clip"]

MAX_FAILURES = 5
MAX_RELINKS = 2
CLAIM_EVERY_S = 0.25

Refresh: TypeAlias = Callable[[Clip], Awaitable[Clip]]


async def save_clip(
    clip: Clip,
    folder: Path,
    *,
    transport: Transport,
    refresh: Refresh,
    clock: Clock,
) -> Path:
    """
    Store a clip's audio in a folder, once, and whole.

    The file is named for the clip's title and id.  If it is there and whole,
    nothing is fetched.  While the clip is being saved already, in this process or
    another, this waits for it.
    Cancelling leaves what came so far in a ``.part`` file, and the next call goes
    on from there if the media host can.

    Args:
        clip: What to fetch.
        folder: Where to; made if it is missing.
        transport: The way to the media host.
        refresh: Asks the task for the clip again, when its link is dead.
        clock: Paces the tries.

    Returns:
        The file.

    Raises:
        DownloadError: It could not be fetched or stored, or is no whole music.
    """
    part = PartialFile(folder, file_stem(clip))
    try:
        if done := await run_sync(part.published, clip.duration):
            return done
        while not await run_sync(part.claim):
            await clock.sleep(CLAIM_EVERY_S)
        # Whoever held the part until now may have finished it.
        if done := await run_sync(part.published, clip.duration):
            return done
        fresh = await _Tries(clip, part, transport, refresh, clock).fill()
        cover = await _cover(fresh, transport)
        return await run_sync(part.publish, fresh, cover)
    except DiskTrouble as trouble:
        raise _not_stored(clip, trouble, part) from trouble.error
    finally:
        part.close()


async def _cover(clip: Clip, transport: Transport) -> bytes | None:
    if clip.image_url is None or not tags.can_tag():
        return None
    return await fetch_cover(clip.image_url, transport)


@final
@attrs.define(eq=False)
class _Tries:
    """Tries to fill a part, with a fresh link where one is dead."""

    _clip: Clip
    _part: PartialFile
    _transport: Transport
    _refresh: Refresh
    _clock: Clock
    # In a row, without a chunk's worth of news in between.
    _failures: int = attrs.field(default=0, init=False)
    _relinks: int = attrs.field(default=0, init=False)
    _most_bytes: int = attrs.field(default=0, init=False)

    async def fill(self) -> Clip:
        """Fetch until the part is whole, and give the clip as its task has it now."""
        while True:
            try:
                await fetch(self._part, self._clip, self._transport)
            # What the disk raises never comes as an OSError here.
            except (DeadLink, Broken, DownloadError, OSError) as seen:
                await self._recover(seen)
            else:
                return self._clip

    async def _recover(self, seen: Exception) -> None:
        """Get a fresh link, or wait, so that the next try may fare better."""
        self._count()
        old_url = self._clip.audio_url
        if isinstance(seen, DeadLink) or self._failures == MAX_FAILURES:
            await self._relink(seen)
        if self._clip.audio_url == old_url:
            pause_s = seen.wait_s if isinstance(seen, Broken) else 0.0
            pause_s = max(pause_s, backoff_s(self._failures + self._relinks))
            await self._clock.sleep(pause_s)

    def _count(self) -> None:
        self._failures += 1
        if self._part.size_bytes >= self._most_bytes + CHUNK_BYTES:
            self._failures, self._most_bytes = 1, self._part.size_bytes

    async def _relink(self, seen: Exception) -> None:
        """Ask the task for a link that lives."""
        self._relinks, self._failures = self._relinks + 1, 0
        if self._relinks > MAX_RELINKS:
            raise _no_music(self._clip, seen, self._part) from seen
        try:
            fresh = await self._refresh(self._clip)
        except MusicError as error:
            raise _no_link(self._clip, seen, error) from error
        is_same = _unsigned(fresh) == _unsigned(self._clip)
        if is_same and not isinstance(seen, DeadLink):
            raise _no_music(self._clip, seen, self._part) from seen
        self._clip = fresh


def _unsigned(clip: Clip) -> str:
    """Give a clip's link without its signature."""
    return (clip.audio_url or "").partition("?")[0]


def _no_music(clip: Clip, seen: Exception, part: PartialFile) -> DownloadError:
    message = (
        f"Clip {clip.clip_id} could not be fetched: {_reason(seen)}; its task was"
        f" asked for a fresh link, and that helped no more than trying again."
        f" {_left(part)}"
    )
    return DownloadError(message, task_id=clip.task_id)


def _no_link(clip: Clip, seen: Exception, error: MusicError) -> DownloadError:
    message = (
        f"Clip {clip.clip_id} could not be fetched: {_reason(seen)}; and asking"
        f" its task for a fresh link failed: {error.args[0]}"
        " When that is mended, save it again."
    )
    return DownloadError(message, task_id=clip.task_id, retry=error.retry)


def _not_stored(clip: Clip, trouble: DiskTrouble, part: PartialFile) -> DownloadError:
    message = f"Clip {clip.clip_id} could not be stored: {trouble.sentence}"
    if part.is_kept:
        message = f"{message} {_left(part)}"
    return DownloadError(message, task_id=clip.task_id, retry=trouble.retry)


def _reason(seen: Exception) -> str:
    text = seen.args[0] if isinstance(seen, MusicError) else seen
    return str(text).rstrip(".")


def _left(part: PartialFile) -> str:
    if part.is_kept:
        size = f"{part.size_bytes / 1e6:.1f} MB"
        return f"{size} of it wait in {part.path}: save it again to go on from there."
    return "See if it plays at the service, and save it again later."
