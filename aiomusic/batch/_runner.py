"""Run a batch: buy what is ready, store what comes, and say what became of each row."""

import asyncio
import collections
import contextlib
import hashlib
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Iterable,
    Mapping,
    Sequence,
)
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol, final

import anyio
import attrs
from anyio.to_thread import run_sync

from aiomusic._arguments import check_formats
from aiomusic._engine.formats import LRC, extras_of
from aiomusic._fields import unwarned
from aiomusic._files.credentials import has_credentials
from aiomusic._job import MusicJob
from aiomusic._request import Request
from aiomusic._session import MusicSession
from aiomusic.batch._album_names import AlbumNames, write_playlists, write_timed_lyrics
from aiomusic.batch._drive import made
from aiomusic.batch._manifest import KEPT_NAME, Kept, Manifest, choices
from aiomusic.batch._outcome import Origin, Outcome, Song, origins
from aiomusic.batch._plan import Plan, PlannedRow, plan
from aiomusic.batch._rows import AnyRow, Reference
from aiomusic.errors import (
    Charged,
    DownloadError,
    InvalidRequest,
    JournalError,
    MusicError,
    NotSent,
    Retry,
)
from aiomusic.journal import Record
from aiomusic.results import Clip, ClipState

__all__ = ["Batch", "Watch", "run"]

# So many rows may be stored, or wait to be told of, at a time.
STORED_AT_ONCE: Final = 32


def run(
    music: MusicSession,
    rows: Plan | Iterable[AnyRow | Mapping[str, Any]],
    out: str | Path,
    *,
    name: str | None = None,
    formats: Sequence[str] | None = None,
    kept: str | Path | None = None,
    stop_after_failures: int | None = None,
) -> "Batch":
    """
    Buy what the rows ask for, store it, and say what became of each.

    ``async for outcome in batch.run(music, batch.read("songs.csv"), "album/")``.
    A row that fails stops no other, but for those that refer to what it makes.
    Run it again with the same journal, and only what is missing is done.

    Args:
        music: An open session; give it a journal, so that nothing is bought twice.
        rows: What `read` or `plan` returned, or mappings with the same names.
        out: The folder for songs and manifest; made if it is missing.
        name: A pattern for the files' names, such as ``"{track:02} {title} ({take})"``;
            its fields are those of `MusicJob.save`, the row's place in its album as
            ``{track}``, and the row's metadata.  None: title and id.
        formats: As in `MusicJob.save`; a `Plan` has their cost if its *price* does.
        kept: The file that the gallery exports; None: ``kept.json`` in *out*.
        stop_after_failures: After so many failed rows no more are bought; None: all
            are.

    Raises:
        InvalidRequest: *name* is no such pattern.
    """
    formats = () if formats is None else check_formats("run()", formats)

    def price(request: Request[Any]) -> int:
        return music.quote([request, *extras_of(request, formats)]).credits

    planned = rows if isinstance(rows, Plan) else plan(rows, price=price)
    folder = Path(out).expanduser()
    return Batch(
        music,
        planned,
        folder,
        name=name,
        formats=formats,
        kept=folder / KEPT_NAME if kept is None else Path(kept).expanduser(),
        stop_after_failures=stop_after_failures,
    )


class Watch(Protocol):
    """Knows which rows are over that others buy."""

    async def over(self, keys: Sequence[str]) -> Mapping[str, Record | None]:
        """Return, in a while, what the journal has of those keys that are over."""


@final
class Batch:
    """
    A batch that runs: iterate over it once, asynchronously, for its outcomes.

    Attributes:
        plan: What was planned.
        folder: Where its songs and its manifest go.
        rows: Its rows by key.
        running: The jobs that are open, by key.
    """

    def __init__(
        self,
        music: MusicSession,
        plan: Plan,
        folder: Path,
        *,
        name: str | None,
        formats: Sequence[str] = (),
        kept: Path,
        stop_after_failures: int | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.plan = plan
        self.running: dict[str, MusicJob[Any]] = {}
        self._music = music
        self.folder = folder
        self._manifest = Manifest(folder)
        self._kept_path = kept
        self._placing = AlbumNames(plan, name)
        # Times of words stand beside a song, whatever it is stored as.
        has_song = any(one != LRC for one in formats)
        self._formats: Sequence[str | None] = formats if has_song else (None, *formats)
        self._stop_after = stop_after_failures
        self.rows: dict[str, PlannedRow] = {row.key: row for row in plan.rows}
        self._ready = collections.deque[PlannedRow]()
        # What each row still waits for, and which rows wait for each.
        self._waits: dict[str, frozenset[Reference]] = {}
        self._followers: dict[str, list[str]] = {}
        # What a row made, for as long as there are others that use it.
        self._results: dict[str, object] = {}
        self._users = collections.Counter[str]()
        self._requests: dict[str, Request[Any]] = {}
        self._origins: dict[str, tuple[Origin, ...]] = {}
        self._kept = Kept()
        self._outcomes: asyncio.Queue[Outcome | None] = asyncio.Queue()
        self._may_tell = asyncio.Semaphore(STORED_AT_ONCE)
        self._storing: set[asyncio.Task[None]] = set()
        self._has_room = asyncio.Semaphore(STORED_AT_ONCE)
        self._changed = asyncio.Event()
        self._is_draining = False
        # What no store may raise, and one has raised.
        self._fault: BaseException | None = None
        self._watch = watch
        # Rows that could be bought, and that others buy.
        self._watched: dict[str, PlannedRow] = {}

    def drain(self) -> None:
        """Buy nothing more, and end when what is in flight is stored."""
        self._is_draining = True
        self._changed.set()

    @property
    def is_draining(self) -> bool:
        """Whether nothing more is bought."""
        return self._is_draining

    async def __aiter__(self) -> AsyncGenerator[Outcome, None]:
        """
        Yield what became of each row, as soon as it is known.

        Raises:
            DownloadError: The folder, its manifest or the choice of takes can't be
                used.  What is in flight is left to the session.
        """
        await run_sync(self._prepare)
        working = asyncio.create_task(self._work())
        try:
            while (outcome := await self._outcomes.get()) is not None:
                yield outcome
                self._may_tell.release()
            await working
        finally:
            for task in (working, *self._storing):
                task.cancel()
            await asyncio.wait([working, *self._storing])
            with anyio.CancelScope(shield=True):
                await run_sync(self._sum_up)

    def _sum_up(self) -> None:
        self._manifest.compact()
        with self._manifest.lines() as line:
            write_playlists(self.folder, line, self.plan)
            write_timed_lyrics(self.folder, line, self.plan)

    def _prepare(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = (
                f"Nothing can be saved in {self.folder}: {error.strerror}. Choose"
                " another folder. Nothing was sent."
            )
            raise DownloadError(
                message, charged=Charged.NO, retry=Retry.AFTER_EDIT
            ) from error
        self._kept = choices(self._kept_path)
        for row in self.plan.rows:
            self._waits[row.key] = frozenset(row.references)
            for key in {reference.key for reference in row.references}:
                self._followers.setdefault(key, []).append(row.key)
                self._users[key] += 1
            if not row.references:
                self._make_ready(row)

    def _make_ready(self, row: PlannedRow) -> None:
        if self._watch is None:
            self._ready.append(row)
        else:
            self._watched[row.key] = row

    async def _work(self) -> None:
        try:
            for bad in self.plan.bad:
                await self._report(Outcome.of_bad(bad))
            jobs = self._music.run(
                self._sources(),
                stop_after_failures=self._stop_after,
                on_known_key="attach",
            )
            async with contextlib.aclosing(jobs), self._watching():
                async for job in jobs:
                    await self._ended(job)
            while self._storing:
                await asyncio.wait(self._storing)
            if self._fault is not None:
                raise self._fault
            await self._tell_the_rest()
        finally:
            self._outcomes.put_nowait(None)

    # What is bought.

    async def _sources(self) -> AsyncIterator[tuple[str, Request[Any]]]:
        """Yield what can be bought, as soon as what it refers to is there."""
        while not self._is_draining:
            if self._ready:
                row = self._ready.popleft()
                request = await self._submitted(row)
                if request is not None:
                    yield row.key, request
            elif not (self.running or self._watched):
                return
            else:
                self._changed.clear()
                await self._changed.wait()

    @contextlib.asynccontextmanager
    async def _watching(self) -> AsyncIterator[None]:
        """See what others buy, if they do, for as long as the block takes."""
        if self._watch is None:
            yield
            return
        watching = asyncio.create_task(self._follow(self._watch))
        watching.add_done_callback(self._watched_no_more)
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.wait([watching])
        if not watching.cancelled():
            watching.result()

    def _watched_no_more(self, task: asyncio.Task[None]) -> None:
        """End the run where it can't be seen what becomes of its rows."""
        if not task.cancelled() and task.exception() is not None:
            self.drain()

    async def _follow(self, watch: Watch) -> None:
        """Take what others have bought as soon as it is over."""
        while not self._is_draining:
            over = await watch.over(tuple(self._watched))
            for key, record in over.items():
                row = self._watched.pop(key)
                if record is None or record.charged == Charged.NO or record.is_held:
                    await self._unbought(row, record)
                else:
                    self._ready.append(row)
            self._changed.set()

    async def _unbought(self, row: PlannedRow, record: Record | None) -> None:
        """Report a row that ended unpaid, or was never sent."""
        error = None if record is None else record.error
        if record is None or error is None or record.raw_error is None:
            why = "it is on no queue any more, and no worker has sent it"
            await self._skip(row, why)
            return
        state = "waiting" if isinstance(error, NotSent) else "failed"
        await self._report(
            Outcome(
                key=row.key,
                number=row.row.number,
                state=state,
                row=row,
                charged=Charged.NO,
                error=error,
            )
        )
        await self._skip_followers(row.key, f"ended as {type(error).__name__}")

    async def _submitted(self, row: PlannedRow) -> Request[Any] | None:
        """Queue a row's job, and return its request; None: it can't be sent."""
        results = {one: self._resolved(one) for one in row.references}
        self._origins[row.key] = origins(row, results, self._results)
        try:
            # What was planned was warned of then.
            with unwarned():
                request = row.request(results)
            job = self._music.submit(
                request, key=row.key, metadata=row.metadata, on_known_key="attach"
            )
        except (MusicError, ValueError, TypeError) as error:
            await self._refuse(row, error)
            return None
        finally:
            self._forget_sources(row)
        self._requests[row.key] = request
        self.running[row.key] = job
        return request

    def _forget_sources(self, row: PlannedRow) -> None:
        """Let go of what only this row, which is bought or never will be, has used."""
        for key in {reference.key for reference in row.references}:
            self._users[key] -= 1
            if not self._users[key]:
                self._results.pop(key, None)

    async def _refuse(self, row: PlannedRow, error: Exception) -> None:
        if not isinstance(error, MusicError):
            error = InvalidRequest(f"{row.row.place}: {error} Nothing was sent for it.")
        outcome = Outcome(
            key=row.key,
            number=row.row.number,
            state="refused",
            row=row,
            origins=self._origins.pop(row.key, ()),
            error=error,
        )
        await self._report(outcome)
        await self._skip_followers(row.key, "can't be bought")

    def _resolved(self, reference: Reference) -> object:
        """Return what a row made, which is there by now."""
        found = self._results[reference.key]
        if reference.is_kept and isinstance(found, tuple):
            return self._kept_clip(found)
        return made(found, reference)

    def _kept_clip(self, clips: tuple[Any, ...]) -> object:
        kept = (one for one in clips if self._kept.choice(one.clip_id))
        return next(kept, None)

    # What comes of it.

    async def _ended(self, job: MusicJob[Any]) -> None:
        """Take a job that is over, let those follow that waited, and store it."""
        row = self.rows[job.key]
        self.running.pop(job.key, None)
        self._changed.set()
        error = job.error
        if error is not None:
            await self._report(await self._outcome(row, job, error=error))
            await self._skip_followers(row.key, f"ended as {type(error).__name__}")
            return
        result = await job
        if self._followers.get(row.key):
            self._results[row.key] = result
            await self._release_followers(row.key)
        await self._has_room.acquire()
        task = asyncio.create_task(self._store(row, job, result))
        self._storing.add(task)
        task.add_done_callback(self._stored)

    def _stored(self, task: asyncio.Task[None]) -> None:
        self._storing.discard(task)
        self._has_room.release()
        if not task.cancelled() and task.exception() is not None:
            # Of a row that is paid for nothing else may be said: the run ends by it.
            self._fault = task.exception()
            self.drain()

    async def _release_followers(self, key: str) -> None:
        """Make those ready that waited for this row alone, or can't be made of it."""
        for follower in self._followers.pop(key):
            row = self.rows[follower]
            if follower not in self._waits:
                continue
            lacking = [one for one in row.references if self._lacks(one, key)]
            if lacking:
                await self._skip(row, self._why_lacking(lacking[0]))
                continue
            self._waits[follower] -= {one for one in row.references if one.key == key}
            if not self._waits[follower]:
                self._make_ready(row)
        self._changed.set()

    def _lacks(self, reference: Reference, key: str) -> bool:
        if reference.key != key:
            return False
        found = self._resolved(reference)
        return found is None or (isinstance(found, Clip) and found.state is _FAILED)

    def _why_lacking(self, reference: Reference) -> str:
        if reference.is_kept:
            return (
                f"no take of {reference.key!r} was kept yet: choose one in the gallery,"
                f" save {KEPT_NAME} beside the songs, and run the batch again"
            )
        return f"take {reference.take + 1} of {reference.key!r} failed at the service"

    async def _skip_followers(self, key: str, why: str) -> None:
        """Report those that wait for a row that makes nothing, and theirs."""
        for follower in self._followers.pop(key, ()):
            if follower in self._waits:
                await self._skip(self.rows[follower], f"row {key!r} {why}")
        self._changed.set()

    async def _skip(self, row: PlannedRow, why: str) -> None:
        await self._report(Outcome.waiting(row, _not_bought(row, why)))
        self._forget_sources(row)
        await self._skip_followers(row.key, "was not bought")

    async def _store(self, row: PlannedRow, job: MusicJob[Any], result: object) -> None:
        """Store a job's clips, each whatever becomes of the others."""
        clips = result if isinstance(result, tuple) else ()
        songs: list[Song] = []
        errors: list[MusicError] = []
        for take, clip in enumerate(clips):
            if not isinstance(clip, Clip):
                continue
            song = Song(clip=clip, take=take, is_kept=self._kept.choice(clip.clip_id))
            if clip.state is not ClipState.FAILED:
                request = self._requests.get(row.key)
                song, trouble = await self._song(row, song, request)
                errors += trouble
            songs.append(song)
        first = errors[0] if errors else None
        outcome = await self._outcome(row, job, error=first, songs=tuple(songs))
        if not songs:
            outcome = attrs.evolve(outcome, result=result)
        await self._report(outcome)

    async def _song(
        self, row: PlannedRow, song: Song, request: Request[Any] | None
    ) -> tuple[Song, list[MusicError]]:
        """Store a clip in every format, each whatever becomes of the others."""
        place = self._placing.of(row, song, request)
        paths: list[Path] = []
        errors: list[MusicError] = []
        for one in self._formats:
            try:
                path = await self._music.download(
                    song.clip,
                    self.folder,
                    format=one,
                    metadata=row.metadata,
                    **place,
                )
                paths += [path] if one != LRC else []
            except MusicError as error:
                errors.append(error)
        if not paths:
            return song, errors
        first, *others = paths
        found = await run_sync(_seen, first)
        return attrs.evolve(song, path=first, others=tuple(others), **found), errors

    async def _outcome(
        self,
        row: PlannedRow,
        job: MusicJob[Any],
        *,
        error: MusicError | None = None,
        songs: tuple[Song, ...] = (),
    ) -> Outcome:
        is_bought = job.error is None
        made_at, elapsed_s = await self._times(job)
        return Outcome(
            key=row.key,
            number=row.row.number,
            state=str(job.state),
            row=row,
            job=job,
            request=self._requests.pop(row.key, None),
            songs=songs,
            origins=self._origins.pop(row.key, ()),
            charged=Charged.YES if is_bought or error is None else error.charged,
            error=error,
            made_at=made_at,
            elapsed_s=elapsed_s,
        )

    async def _times(self, job: MusicJob[Any]) -> tuple[datetime, float]:
        """Return when a job was made, maybe in an earlier run, and how long it took."""
        elapsed_s, record = job.elapsed_s, None
        with contextlib.suppress(JournalError):
            record = await self._music.job(job.key)
        if record is None:
            return datetime.now(UTC) - timedelta(seconds=elapsed_s), elapsed_s
        if record.ended_at is not None:
            elapsed_s = record.ended_at - record.made_at
        return datetime.fromtimestamp(record.made_at, UTC), elapsed_s

    # What is told.

    async def _report(self, outcome: Outcome) -> None:
        """Write an outcome down, and hand it to whoever iterates."""
        if outcome.key is not None:
            self._waits.pop(outcome.key, None)
        await self._may_tell.acquire()
        await run_sync(self._manifest.add, outcome.to_json(self.folder))
        self._outcomes.put_nowait(outcome)

    async def _tell_the_rest(self) -> None:
        """Report the rows that nothing was bought for."""
        why = "the batch was stopped before its turn came"
        for key in list(self._waits):
            row = self.rows[key]
            outcome = Outcome.waiting(row, _not_bought(row, why), is_left=True)
            await self._report(outcome)


_FAILED: Final = ClipState.FAILED


def _not_bought(row: PlannedRow, why: str) -> NotSent:
    message = (
        f"{row.row.place}: not bought in this run: {why}. Nothing was sent for it."
    )
    return NotSent(message, charged=Charged.NO, retry=Retry.LATER)


def _seen(path: Path) -> dict[str, Any]:
    """Return what the manifest says of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
    lrc = path.with_suffix(".lrc")
    return {
        "bytes": size,
        "sha256": digest,
        "lrc": lrc if lrc.is_file() else None,
        "is_signed": has_credentials(path),
    }
