"""The files of jobs: a clip's own, and those in formats that cost credits."""

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, final

import attrs
from anyio.to_thread import run_sync

from aiomusic import _codec
from aiomusic._clock import Clock
from aiomusic._engine.formats import LRC, Wanted, wanted_of
from aiomusic._engine.job import TrackedJob
from aiomusic._engine.ledger import Ledger
from aiomusic._files.placement import USUAL, Placement, values_of
from aiomusic._files.tags import Label
from aiomusic._job import JobState, MusicJob
from aiomusic._names import NameTemplate
from aiomusic._quote import Quote, quote
from aiomusic._request import OnKnownKey, Request
from aiomusic.errors import DownloadError, MusicError, Retry
from aiomusic.providers._all import PROVIDERS
from aiomusic.providers._replies import Provider
from aiomusic.results import Clip, ClipState, TaskSnapshot

if TYPE_CHECKING:
    from aiomusic._files.media import MediaClient
    from aiomusic._files.save import Downloads
    from aiomusic._files.signing import Signer

__all__ = ["Files"]

Place: TypeAlias = Callable[[Clip], Placement]


class Buyer(Protocol):
    """What files need of the engine: to poll a task, and to buy."""

    async def poll(
        self, provider: Provider, task_id: str, timeout_s: float | None = None
    ) -> TaskSnapshot:
        """Ask a task for its state once."""

    def submit(
        self,
        request: Request[Any],
        key: str | None,
        metadata: Mapping[str, object],
        on_known_key: OnKnownKey | None,
    ) -> MusicJob[Any]:
        """Queue a job."""


@final
@attrs.define(kw_only=True, eq=False)
class Files:
    """Stores clips, and buys them in other formats where that is asked for."""

    owner: Buyer
    ledger: Ledger
    media: "MediaClient"
    signer: "Signer | None"
    clock: Clock
    price: Callable[[Request[Any]], int]
    is_closed: bool = False
    _downloads: "Downloads | None" = attrs.field(default=None, init=False)
    # Without a journal, nothing else knows of a job that is over.
    _bought: dict[str, MusicJob[Any]] = attrs.field(factory=dict, init=False)

    async def aclose(self) -> None:
        """End what is being downloaded."""
        if self._downloads is not None:
            await self._downloads.aclose()

    async def save(
        self,
        job: TrackedJob[Any],
        folder: str | Path,
        name: NameTemplate | None,
        formats: Sequence[str],
        signer: "Signer | None" = None,
    ) -> list[Path]:
        """
        Store a job's clips, and note where they are.

        Args:
            formats: In which to have each clip; none: as it is.
            signer: Signs the files, in place of the session's.

        Raises:
            DownloadError: One could not be stored.
            InvalidRequest: The provider has no way to one of the formats.
            MusicError: A format could not be bought.
        """
        if not job.clips:
            message = (
                f"{job!r} has no clips to save, and is paid for: await it for what it"
                " has."
            )
            raise DownloadError(message, key=job.key, retry=Retry.NEVER)
        ended, stored = job.error, list[Path]()
        try:
            with self.ledger.busy():
                files = wanted_of(await self._clips_of(job), formats)
                place = _placement_of(job, name, signer)
                paths = await self._store(files, folder, place, job.metadata, stored)
                if ended is not None:
                    raise _rest_missing(job, ended, paths) from ended
        except DownloadError as error:
            error.stored = tuple(stored)
            error._about(key=job.key, provider=job.provider, task_id=job.task_id)
            raise
        finally:
            if stored:
                where = [str(path.resolve()) for path in stored]
                self.ledger.note_files(job, where)
        return paths

    async def _store(
        self,
        files: Sequence[Wanted],
        folder: str | Path,
        place: Place,
        metadata: Mapping[str, object],
        stored: list[Path],
    ) -> list[Path]:
        """
        Store some files, and return them in their order.

        What is free comes first: nothing is bought for what can't be stored.

        Args:
            stored: Where each is added as soon as it is stored.
        """
        free = [one for one in files if one.request is None]
        bought = [one for one in files if one.request is not None]
        own = await self._fetch(
            [(one, one.clip) for one in free], folder, place, stored
        )
        linked, missed = await self._buy(bought, metadata)
        more = await self._fetch(linked, folder, place, stored)
        if missed:
            raise missed[0]
        own_paths, more_paths = iter(own), iter(more)
        return [next(own_paths if one.request is None else more_paths) for one in files]

    async def _fetch(
        self,
        files: Sequence[tuple[Wanted, Clip]],
        folder: str | Path,
        place: Place,
        stored: list[Path],
    ) -> list[Path]:
        placements = {
            (clip.clip_id, clip.audio_url): _placed(place(clip), one)
            for one, clip in files
        }
        try:
            paths = await self._open().save(
                [clip for _, clip in files],
                folder,
                lambda clip: placements[clip.clip_id, clip.audio_url],
            )
        except DownloadError as error:
            stored += error.stored
            raise
        found = [one.path(path) for (one, _), path in zip(files, paths, strict=True)]
        missing = [one for one in found if not await run_sync(one.exists)]
        stored += dict.fromkeys(one for one in (*paths, *found) if one not in missing)
        if missing:
            raise _no_times(files[found.index(missing[0])][0].clip)
        return found

    async def _buy(
        self, files: Iterable[Wanted], metadata: Mapping[str, object]
    ) -> tuple[list[tuple[Wanted, Clip]], list[MusicError]]:
        """Buy formats, once each; return their clips, and what went wrong."""
        jobs = [(one, self._job_of(one, metadata)) for one in files]
        linked: list[tuple[Wanted, Clip]] = []
        missed: list[MusicError] = []
        for one, job in jobs:
            try:
                result = await job
            except MusicError as error:
                missed.append(error)
            else:
                linked.append((one, one.made(result, job.task_id)))
        return linked, missed

    def _job_of(self, one: Wanted, metadata: Mapping[str, object]) -> MusicJob[Any]:
        assert one.request is not None
        job = self._bought.get(one.key)
        if job is None or job.state in _NOT_BOUGHT:
            job = self.owner.submit(one.request, one.key, metadata, "attach")
            self._bought[one.key] = job
        return job

    async def quote(self, job: MusicJob[Any], formats: Sequence[str]) -> Quote:
        """
        Return what those formats of a job's clips cost that are not bought yet.

        Raises:
            InvalidRequest: The provider has no way to one of them.
            JournalError: It can't be told what is bought.
        """
        files = wanted_of(await self._clips_of(job), formats)
        missing = [
            one.request
            for one in files
            if one.request is not None and not await self._is_bought(one)
        ]
        return quote(missing, self.price)

    async def _is_bought(self, one: Wanted) -> bool:
        if one.key in self._bought:
            return self._bought[one.key].state not in _NOT_BOUGHT
        record = await self.ledger.journal.find(one.key)
        return record is not None and record.state not in _NOT_BOUGHT

    async def _clips_of(self, job: MusicJob[Any]) -> Sequence[Clip]:
        """
        Return a job's clips, with those that its task has shown since its end.

        Of one that ended without its result, these are the clips that are ready.
        """
        if job.error is not None:
            return [clip for clip in job.clips if clip.state is ClipState.SUCCEEDED]
        due = 0 if job.request is None else job.request.clips
        if self.is_closed or job.task_id is None or len(job.clips) >= due:
            return job.clips
        with contextlib.suppress(MusicError):
            found = await self.owner.poll(PROVIDERS[job.provider], job.task_id)
            return max(job.clips, found.clips, key=len)
        return job.clips

    async def download(
        self,
        clip: Clip,
        folder: str | Path,
        *,
        name: str | None,
        album: str | None,
        track: int | None,
        request: Request[Any] | None,
        formats: Sequence[str],
        metadata: Mapping[str, object],
        signer: "Signer | None" = None,
    ) -> Path:
        """Store one clip, as it is or in one format, and note where it is."""
        asked = None if request is None else _codec.request_to_json(request)
        label = Label(album=album, track=track, request=asked)
        placement = Placement(name=name, label=label, signer=signer)
        # A clean exit waits for it, as for a job.
        with self.ledger.busy():
            (path,) = await self._store(
                wanted_of([clip], formats), folder, lambda _: placement, metadata, []
            )
            await self.ledger.note_clip(clip, path)
        return path

    def _open(self) -> "Downloads":
        if self.is_closed:
            message = (
                "The session that made the job is closed; open one and call"
                " music.download(clip, folder)."
            )
            raise DownloadError(message)
        if self._downloads is None:
            from aiomusic._files.save import Downloads  # noqa: PLC0415 - its cost

            self._downloads = Downloads(
                self.media, self._refresh, self.clock, self.signer
            )
        return self._downloads

    async def _refresh(self, clip: Clip) -> Clip:
        """Ask the task again for a clip whose link has died."""
        if clip.task_id is None or clip.provider not in PROVIDERS:
            return clip
        snapshot = await self.owner.poll(PROVIDERS[clip.provider], clip.task_id)
        found = [one for one in snapshot.clips if one.clip_id == clip.clip_id]
        return found[0] if found else clip


_NOT_BOUGHT = frozenset({JobState.FAILED, JobState.CANCELLED})


def _placement_of(
    job: MusicJob[Any], name: NameTemplate | None, signer: "Signer | None"
) -> Place:
    """Return what says how each clip of a job is called."""
    if name is None:
        usual = attrs.evolve(USUAL, signer=signer)
        return lambda _: usual
    takes = {clip.clip_id: take for take, clip in enumerate(job.clips, 1)}
    request = job.request
    operation = None if request is None else request.OPERATION

    def place(clip: Clip) -> Placement:
        more = {"take": takes.get(clip.clip_id), "key": job.key, "operation": operation}
        return Placement(name=name.fill(values_of(clip) | more), signer=signer)

    return place


def _placed(placement: Placement, one: Wanted) -> Placement:
    """Return where a file in a format goes: beside those in the others."""
    if one.format in {None, LRC}:
        return placement
    return attrs.evolve(
        placement, ending=f".{one.format}", is_bought=one.request is not None
    )


def _no_times(clip: Clip) -> DownloadError:
    return DownloadError(
        f"Clip {clip.clip_id} has no LRC file: the service found no words in it to"
        " time. The song itself is stored, and asking again costs nothing.",
        task_id=clip.task_id,
        retry=Retry.NEVER,
    )


def _rest_missing(
    job: MusicJob[Any], ended: MusicError, paths: Sequence[Path]
) -> DownloadError:
    names = ", ".join(map(str, paths))
    count = f"{len(paths)} of {len(job.clips)} clips are stored"
    missing = DownloadError(
        f"{count}: {names}. {ended.message}",
        stored=paths,
        charged=ended.charged,
        retry=ended.retry,
    )
    missing.next_steps = ended.next_steps
    return missing
