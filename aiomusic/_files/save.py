"""
Clip to file: bytes go to a part file, and only whole music gets the final name.

A try that breaks off is made again, and a link that is dead is replaced.
"""

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias, final

import anyio
import attrs
from anyio.to_thread import run_sync

from aiomusic._clock import Clock
from aiomusic._files import audio, tags
from aiomusic._files.credentials import has_credentials
from aiomusic._files.fetch import fetch, fetch_cover, known_duration
from aiomusic._files.filelock import DiskError, disk
from aiomusic._files.media import Blocked, Broken, DeadLink, MediaClient
from aiomusic._files.partial import PartialFile
from aiomusic._files.placement import USUAL, Placement
from aiomusic._files.signing import NotSigned, Signer
from aiomusic._files.tags import Label
from aiomusic._http.limiter import backoff_s
from aiomusic._http.transport import CHUNK_BYTES
from aiomusic._log import log
from aiomusic._names import file_stem
from aiomusic.errors import DownloadError, MusicError, Retry
from aiomusic.results import Clip, ClipState

__all__ = ["Downloads", "save_clip"]

MAX_FAILURES = 5
MAX_RELINKS = 2
CLAIM_EVERY_S = 0.25
SAVES_AT_ONCE = 8
# Media hosts hear of a new file up to a minute after its link is given out.
PATIENCE_S = 60.0
YOUNG_S = 900.0

Refresh: TypeAlias = Callable[[Clip], Awaitable[Clip]]


@final
class Downloads:
    """
    All downloads of a session, which ends them when it closes.

    Args:
        client: The way to media hosts; closed by `aclose`.
        refresh: Asks a task for its clip again.
        clock: Paces the tries.
        signer: Signs what is stored; None: nobody does.
    """

    def __init__(
        self,
        client: MediaClient,
        refresh: Refresh,
        clock: Clock,
        signer: Signer | None = None,
    ) -> None:
        self._client = client
        self._refresh = refresh
        self._clock = clock
        self._signer = signer
        self._slots = asyncio.Semaphore(SAVES_AT_ONCE)
        self._running: set[anyio.CancelScope] = set()
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._is_closed = False

    async def save(
        self,
        clips: Sequence[Clip],
        folder: str | Path,
        place: Callable[[Clip], Placement] = lambda _: USUAL,
    ) -> list[Path]:
        """
        Store clips, each whatever becomes of the others.

        Args:
            clips: What to fetch.
            folder: Where to.
            place: Says what each is called.

        Returns:
            The files, in the order of the clips.

        Raises:
            DownloadError: Some could not be stored; it names them, and the others.
        """
        stored: list[Path] = []
        missed: list[DownloadError] = []
        for clip in clips:
            try:
                stored.append(await self.download(clip, folder, place(clip)))
            except DownloadError as error:
                missed.append(error)
        if missed and len(clips) > 1:
            raise _some_missed(stored, missed) from missed[0]
        if missed:
            raise missed[0]
        return stored

    async def download(
        self, clip: Clip, folder: str | Path, placement: Placement = USUAL
    ) -> Path:
        """
        Store one clip, as `save_clip` does.

        Raises:
            DownloadError: It could not be stored, or the session was closed.
        """
        part = PartialFile(_expanded(clip, folder), file_stem(clip))
        if self._is_closed:
            raise _session_closed(clip, part)
        scope = anyio.CancelScope()
        self._running.add(scope)
        self._is_idle.clear()
        try:
            with scope:
                async with self._slots:
                    return await save_clip(
                        clip,
                        folder,
                        placement=placement,
                        client=self._client,
                        refresh=self._refresh,
                        clock=self._clock,
                        signer=placement.signer or self._signer,
                    )
        finally:
            self._running.discard(scope)
            if not self._running:
                self._is_idle.set()
        raise _session_closed(clip, part)

    async def idle(self) -> None:
        """Wait until nothing is being downloaded."""
        await self._is_idle.wait()

    async def aclose(self) -> None:
        """End what is being downloaded, with a DownloadError, and close."""
        self._is_closed = True
        for scope in self._running:
            scope.cancel()
        await self.idle()
        await self._client.aclose()


async def save_clip(
    clip: Clip,
    folder: str | Path,
    *,
    placement: Placement = USUAL,
    client: MediaClient,
    refresh: Refresh,
    clock: Clock,
    signer: Signer | None = None,
) -> Path:
    """
    Store a clip's audio in a folder, once, and whole.

    The file is named for the clip's title and id.  If it is there and whole,
    nothing is fetched.  While the clip is being saved already, in this process or
    another, this waits for it.
    A clip that the service still makes gets a name that ends with ``.stream`` before
    the ending, and is fetched again at each call.
    Cancelling leaves what came so far in a ``.part`` file, and the next call goes
    on from there if the media host can.

    Args:
        clip: What to fetch.
        folder: Where to; made if it is missing; ``~`` is the home folder.
        placement: What it is called there, and what is written beside the music.
        client: The way to the media host.
        refresh: Asks the task for the clip again, when its link is dead.
        clock: Paces the tries.
        signer: Signs the file; None: nobody does.

    Returns:
        The file.

    Raises:
        DownloadError: It could not be fetched or stored, or is no whole music.
    """
    folder = _expanded(clip, folder)
    if not clip.state.is_final:
        clip = await _refreshed(clip, refresh)
    if clip.state is ClipState.FAILED:
        raise _failed(clip)
    saving = _Saving(
        clip=clip, client=client, refresh=refresh, clock=clock, signer=signer
    )
    if clip.state is ClipState.SUCCEEDED:
        return await _placed(saving, clip, folder, placement)
    whole = await run_sync(PartialFile(folder, file_stem(clip)).published, None)
    stem = f"{file_stem(clip)}.stream"
    return whole or await saving.store_stream(
        PartialFile(folder, stem, is_lasting=False)
    )


async def _placed(
    saving: "_Saving", clip: Clip, folder: Path, placement: Placement
) -> Path:
    """Store a clip under the name that is its own."""
    part = PartialFile(folder, file_stem(clip))
    saving.wanted = placement.ending if placement.is_bought else None
    saving.must_sign = placement.signer is not None
    try:
        with disk(folder):
            stem = file_stem(clip)
            if placement.name is not None:
                stem = await run_sync(placement.claim, folder, clip)
        part = PartialFile(folder, stem, ending=placement.ending)
        describe = functools.partial(placement.describe, folder, stem, clip)
        try:
            return await saving.store(part, placement.label, describe)
        except BaseException:
            placement.release(folder, stem, clip)
            raise
    except DiskError as trouble:
        raise _not_stored(clip, trouble, part) from trouble.error


async def _refreshed(clip: Clip, refresh: Refresh) -> Clip:
    """Ask whether a clip is done by now; a task that does not answer is no trouble."""
    try:
        return await refresh(clip)
    except MusicError:
        return clip


def _expanded(clip: Clip, folder: str | Path) -> Path:
    try:
        return Path(folder).expanduser()
    except RuntimeError as error:
        message = (
            f"Clip {clip.clip_id} could not be stored: {folder} names a home folder"
            " that is not known; choose another folder."
        )
        raise DownloadError(
            message, task_id=clip.task_id, retry=Retry.AFTER_EDIT
        ) from error


@final
@attrs.define(eq=False, kw_only=True)
class _Saving:
    """Tries to fill a part, with a fresh link where one is dead."""

    _clip: Clip
    _client: MediaClient
    _refresh: Refresh
    _clock: Clock
    _signer: Signer | None = None
    # The ending of what was bought.
    wanted: str | None = attrs.field(default=None, init=False)
    # Whether a file that is there unsigned is to be signed too.
    must_sign: bool = attrs.field(default=False, init=False)
    _part: PartialFile = attrs.field(init=False)
    # In a row, without a chunk's worth of news in between.
    _failures: int = attrs.field(default=0, init=False)
    _relinks: int = attrs.field(default=0, init=False)
    _most_bytes: int = attrs.field(default=0, init=False)
    _dead_since: float | None = attrs.field(default=None, init=False)
    _doubted: bytes | None = attrs.field(default=None, init=False)

    async def store(
        self, part: PartialFile, label: Label, describe: Callable[[Path], object]
    ) -> Path:
        """
        Rename the whole song to its name, unless it has it.

        Args:
            part: Where it comes to.
            label: What its tags say beside the clip's own words.
            describe: Writes what stands beside the file.
        """
        clip, self._part = self._clip, part
        duration = known_duration(clip)
        try:
            while not (done := await run_sync(part.begin, duration)):
                await self._clock.sleep(CLAIM_EVERY_S)
            if isinstance(done, Path):
                if self.must_sign and not has_credentials(done):
                    await run_sync(self._sign, done)
                await run_sync(describe, done)
                return done
            kind = await self._fill(self._check_whole)
            cover = await self._cover()
            song = (self._clip, cover, kind, label, self._signer)
            return await run_sync(_publish, part, song, describe)
        except DiskError as trouble:
            raise _not_stored(clip, trouble, part) from trouble.error
        except NotSigned as error:
            raise _not_signed(clip, error) from error
        finally:
            part.close()

    def _sign(self, path: Path) -> None:
        """Sign a file that is there."""
        assert self._signer is not None
        with disk(path):
            self._signer.sign(path, path, self._clip)

    async def store_stream(self, part: PartialFile) -> Path:
        """Store what a clip plays so far, under a name that says so."""
        clip, self._part = self._clip, part
        try:
            while not await run_sync(part.claim):
                await self._clock.sleep(CLAIM_EVERY_S)
            await run_sync(part.clear)
            kind = await self._fill(self._check_stream)
            return await run_sync(part.publish, self._clip, None, kind)
        except DiskError as trouble:
            raise _not_stored(clip, trouble, part) from trouble.error
        finally:
            part.close()

    async def _cover(self) -> bytes | None:
        if self._clip.image_url is None or not tags.can_tag():
            return None
        return await fetch_cover(self._clip.image_url, self._client)

    async def _fill(self, check: Callable[[bool], Awaitable[str]]) -> str:
        """Fetch until the check is content, and return what it returns."""
        while True:
            try:
                is_complete = await fetch(self._part, self._clip, self._client)
                return await check(is_complete)
            except Blocked as seen:
                raise _blocked(self._clip, seen, self._part) from seen
            # What the disk raises never comes as an OSError here.
            except (DeadLink, Broken, OSError) as seen:
                await self._recover(seen)

    async def _check_whole(self, is_complete: bool) -> str:
        """
        See that what came is the whole song, and return its kind.

        Raises:
            DeadLink: It is not; nothing of it is kept.
        """
        music = await run_sync(self._part.examine)
        flaw = music.flaw(known_duration(self._clip))
        if flaw is not None and not await self._is_vouched_for(flaw, is_complete):
            await run_sync(self._part.clear)
            raise DeadLink(f"what came is not the whole song: {flaw.text}")
        assert music.kind is not None
        if self.wanted not in {None, music.kind}:
            await run_sync(self._part.clear)
            raise DeadLink(f"what came is {music.kind}, and {self.wanted} was bought")
        if music.kind not in audio.USUAL:
            words = "Clip %s is music of an unusual kind: it is kept as %s, untagged."
            log(logging.WARNING, words, self._clip.clip_id, music.kind)
        return music.kind

    async def _is_vouched_for(self, flaw: audio.Flaw, is_complete: bool) -> bool:
        """
        Check whether what looks too short is all that there is.

        A file that is whole by its own bytes and by its host's word, and the same
        from a fresh link, is the song: then it is the duration that is wrong.
        """
        if flaw.is_certain or not is_complete:
            return False
        digest = await run_sync(self._part.digest)
        if digest != self._doubted:
            self._doubted = digest
            return False
        words = "Clip %s is kept though %s: a fresh link gave the same bytes."
        log(logging.WARNING, words, self._clip.clip_id, flaw.text)
        return True

    async def _check_stream(self, _is_complete: bool) -> str:
        music = await run_sync(self._part.examine)
        if music.kind is None:
            await run_sync(self._part.clear)
            raise DeadLink(f"what came is no music: {music.sound.damage}")
        return music.kind

    async def _recover(self, seen: Exception) -> None:
        """Get a fresh link, or wait, so that the next try may fare better."""
        self._count()
        old_url = self._clip.audio_url
        if isinstance(seen, DeadLink) or self._failures == MAX_FAILURES:
            await self._relink(seen)
        if self._clip.audio_url == old_url or self._relinks > 1:
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
        if self._relinks > MAX_RELINKS and not self._is_patient(seen):
            raise _no_music(self._clip, seen, self._part) from seen
        try:
            fresh = await self._refresh(self._clip)
        except MusicError as error:
            raise _no_link(self._clip, seen, error) from error
        is_same = _unsigned(fresh) == _unsigned(self._clip)
        if is_same and not isinstance(seen, DeadLink):
            raise _no_music(self._clip, seen, self._part) from seen
        self._clip = fresh
        if fresh.state is ClipState.FAILED:
            raise _failed(fresh)

    def _is_patient(self, seen: Exception) -> bool:
        """Check whether a link that is refused may only be too new for its host."""
        if not (isinstance(seen, DeadLink) and seen.may_pass):
            return False
        made_at = None if self.wanted else self._clip.created_at
        if self._clip.task_id is None and self.wanted is None:
            # A link that somebody typed: its file is hardly a minute old.
            return False
        if made_at and self._clock.wall() - made_at.timestamp() > YOUNG_S:
            return False
        now = self._clock.now()
        self._dead_since = now if self._dead_since is None else self._dead_since
        return now - self._dead_since < PATIENCE_S


def _publish(
    part: PartialFile, song: tuple[Any, ...], describe: Callable[[Path], object]
) -> Path:
    path = part.publish(*song)
    describe(path)
    return path


def _unsigned(clip: Clip) -> str:
    """Return a clip's link without its signature."""
    return (clip.audio_url or "").partition("?")[0]


# Of a song that is not stored.
_PAID = "It is paid for: fetching it again costs nothing."


def _failed(clip: Clip) -> DownloadError:
    why = f": {clip.error}" if clip.error else ", and gave no reason"
    message = (
        f"Clip {clip.clip_id} could not be fetched: it failed{why}. Its task is paid"
        " for; look at your balance for what is given back."
    )
    return DownloadError(message, task_id=clip.task_id, retry=Retry.NEVER)


def _no_music(clip: Clip, seen: Exception, part: PartialFile) -> DownloadError:
    tried = "its link was tried again, and no task of it is known to ask for another"
    if clip.task_id is not None:
        tried = (
            "its task was asked for a fresh link, and that helped no more than trying"
            " again"
        )
    message = (
        f"Clip {clip.clip_id} could not be fetched: {_reason(seen)}; {tried}."
        f" {_kept_bytes(part)} {_PAID}"
    )
    return DownloadError(message, task_id=clip.task_id)


def _blocked(clip: Clip, seen: Blocked, part: PartialFile) -> DownloadError:
    left = f" {_kept_bytes(part)}" if part.is_kept else " Then save it again."
    message = f"Clip {clip.clip_id} could not be fetched: {seen}{left} {_PAID}"
    return DownloadError(message, task_id=clip.task_id, retry=Retry.AFTER_EDIT)


def _no_link(clip: Clip, seen: Exception, error: MusicError) -> DownloadError:
    message = (
        f"Clip {clip.clip_id} could not be fetched: {_reason(seen)}; and asking"
        f" its task for a fresh link failed: {error.args[0]}"
        f" When that is mended, save it again. {_PAID}"
    )
    return DownloadError(message, task_id=clip.task_id, retry=error.retry)


def _not_stored(clip: Clip, trouble: DiskError, part: PartialFile) -> DownloadError:
    message = f"Clip {clip.clip_id} could not be stored: {trouble.sentence}"
    if part.is_kept:
        message = f"{message} {_kept_bytes(part)}"
    return DownloadError(
        f"{message} {_PAID}", task_id=clip.task_id, retry=trouble.retry
    )


def _not_signed(clip: Clip, error: NotSigned) -> DownloadError:
    message = (
        f"Clip {clip.clip_id} came whole and could not be signed: {error}. Mend that"
        f" and save it again, or save it without a signer. {_PAID}"
    )
    return DownloadError(message, task_id=clip.task_id, retry=Retry.AFTER_EDIT)


def _session_closed(clip: Clip, part: PartialFile) -> DownloadError:
    message = (
        f"Clip {clip.clip_id} was not stored: the session was closed before it came."
        f" What came of it waits in {part.path}, if its host can go on from there."
        f" Open a session, and save it again. {_PAID}"
    )
    return DownloadError(message, task_id=clip.task_id)


def _some_missed(stored: list[Path], missed: list[DownloadError]) -> DownloadError:
    count = len(stored) + len(missed)
    paths = ", ".join(map(str, stored)) or "none"
    reasons = " ".join(str(error.args[0]) for error in missed)
    retries = {error.retry for error in missed}
    return DownloadError(
        f"{len(stored)} of {count} clips are stored: {paths}. {reasons}",
        task_id=missed[0].task_id,
        retry=retries.pop() if len(retries) == 1 else Retry.LATER,
        stored=stored,
    )


def _reason(seen: Exception) -> str:
    text = seen.args[0] if isinstance(seen, MusicError) else seen
    return str(text).rstrip(".")


def _kept_bytes(part: PartialFile) -> str:
    if part.is_kept:
        size = f"{part.size_bytes / 1e6:.1f} MB"
        return f"{size} of it wait in {part.path}: save it again to go on from there."
    return "See if it plays at the service, and save it again later."
