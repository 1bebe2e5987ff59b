"""MusicSession: builds every part, hands out jobs, and closes all of it."""

import asyncio
import json
import logging
import math
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, final

import aiohttp
import anyio

from aiomusic import _download, _wire
from aiomusic._books import Books
from aiomusic._clock import Clock, SystemClock
from aiomusic._gate import Gate, backoff_s
from aiomusic._job import JobState, MusicJob
from aiomusic._limits import Limits
from aiomusic._poller import Poller
from aiomusic._request import Request
from aiomusic._schedule import Advised, Fixed
from aiomusic._submit import Submitter
from aiomusic._transport import ApiKey, Transport, base_url_from, key_from
from aiomusic.errors import (
    Charged,
    DownloadError,
    JobCancelled,
    MusicError,
    NotSent,
    ProtocolError,
    RateLimited,
    Retry,
    ServiceFailed,
)
from aiomusic.providers._all import PROVIDERS
from aiomusic.providers._replies import Provider
from aiomusic.providers.lyrics import LyricsWriter
from aiomusic.providers.nuro import Nuro
from aiomusic.providers.riffusion import Riffusion
from aiomusic.providers.suno import Suno
from aiomusic.results import Clip, Credits, TaskSnapshot

__all__ = ["MusicSession"]

# Who wants to hear of jobs that failed sets up logging; nobody else is told twice.
logging.getLogger("aiomusic").addHandler(logging.NullHandler())

R = TypeVar("R")

MOST_READ_TRIES = 4
SAVES_AT_ONCE = 8
LONGEST_KEY = 200


@final
class MusicSession:
    """
    Everything for one API key: ``async with MusicSession() as music: …``.

    Leaving it after a clean run waits for the jobs that it was given, as a task
    group does.
    Leaving it by an exception, Ctrl-C and cancellation included, stops at once:
    queued jobs are dropped unpaid, and every open job ends with `JobDetached`, which
    names its task.
    It can be entered again, under another event loop too.

    Args:
        api_key: The key, or an async callable that gives it at each call; None:
            the environment variable AIOMUSIC_API_KEY.
        base_url: Where the API is; None: AIOMUSIC_BASE_URL, else the service.
        concurrency: How many tasks may be in flight at the service at one time.
        max_credits: How many credits this session may spend in all; None: no limit.
        on_exit: ``"wait"`` as told above; ``"detach"`` never waits.
        request_timeout_s: How long one HTTP call may take.
        job_timeout_s: How long a task is followed before its job ends with
            `JobTimedOut`.
        poll_every_s: A fixed pace of looking at each task; None: the pace that its
            provider advises.
        http: Your own aiohttp session, which is used and never closed here; None:
            one is made, which honours proxy environment variables.
        clock: Where the time comes from, for tests.

    Attributes:
        suno, riffusion, nuro, lyrics: The operations of each provider.
    """

    def __init__(
        self,
        api_key: ApiKey | None = None,
        *,
        base_url: str | None = None,
        concurrency: int = 10,
        max_credits: int | None = None,
        on_exit: Literal["wait", "detach"] = "wait",
        request_timeout_s: float = 30.0,
        job_timeout_s: float = 1800.0,
        poll_every_s: float | None = None,
        http: aiohttp.ClientSession | None = None,
        clock: Clock | None = None,
    ) -> None:
        _check_at_least("concurrency", concurrency, 1)
        _check_at_least("max_credits", max_credits, 0)
        _check_at_least("poll_every_s", poll_every_s, 0)
        _check_above_zero("request_timeout_s", request_timeout_s)
        _check_above_zero("job_timeout_s", job_timeout_s)
        if on_exit not in {"wait", "detach"}:
            message = f'on_exit is {on_exit!r}; it must be "wait" or "detach".'
            raise ValueError(message)
        self._api_key = api_key
        self._base_url = base_url
        self._limits = Limits(concurrency=concurrency, max_credits=max_credits)
        self._on_exit = on_exit
        self._request_timeout_s = request_timeout_s
        self._job_timeout_s = job_timeout_s
        self._schedule = Advised() if poll_every_s is None else Fixed(poll_every_s)
        self._http = http
        self._clock = SystemClock() if clock is None else clock
        self._run: _Run | None = None
        self.suno = Suno(self.submit, self._look)
        self.riffusion = Riffusion(self.submit, self._look)
        self.nuro = Nuro(self.submit, self._look)
        self.lyrics = LyricsWriter(self.submit)

    def __repr__(self) -> str:
        if self._run is None:
            return "<MusicSession closed>"
        run = self._run
        return f"<MusicSession {run.transport.host} {len(run.books.open_jobs)} open>"

    async def __aenter__(self) -> Self:
        if self._run is not None:
            message = "This MusicSession is open already; make another one."
            raise RuntimeError(message)
        transport = Transport(
            base_url_from(self._base_url),
            key_from(self._api_key),
            self._request_timeout_s,
            self._http,
        )
        await transport.open()
        # Slots that an earlier run held are not held in this one.
        self._limits.in_flight = 0
        self._run = _Run(
            transport=transport,
            limits=self._limits,
            schedule=self._schedule,
            clock=self._clock,
            job_timeout_s=self._job_timeout_s,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        run = self._open_run()
        try:
            if error is None and self._on_exit == "wait":
                await run.books.is_idle.wait()
        finally:
            with anyio.CancelScope(shield=True):
                await run.aclose()
            self._run = None

    def submit(
        self,
        request: Request[R],
        *,
        key: str | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> MusicJob[R]:
        """
        Queue a request, and give its job at once.

        Args:
            request: As in ``suno.Create(...)``.
            key: Your name for the job; None: one is made up.  A key that an open
                job has gives that job again.
            metadata: What you want to find again beside the job; JSON.

        Raises:
            InvalidRequest: It can't be sent; nothing was.
            ValueError: *key* belongs to an open job with another request.
        """
        run = self._open_run()
        # Both fail here, in the caller's line, and not when their turn comes.
        _wire.encode(request.to_body())
        _check_metadata(metadata)
        known = None if key is None else run.books.open_jobs.get(_checked_key(key))
        if known is None:
            job = run.new_job(request, request.PROVIDER, key, metadata)
            run.submitter.queue(job)
            return job
        if known.request != request:
            message = f"key {key!r} belongs to an open job with another request."
            raise ValueError(message)
        return known

    def attach(
        self,
        provider: str,
        task_id: str,
        *,
        key: str | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> MusicJob[tuple[Clip, ...]]:
        """
        Follow a task that was made elsewhere, or before; it costs nothing.

        Args:
            provider: ``"suno"``, ``"riffusion"`` or ``"nuro"``.
            task_id: The service's id of the task.
            key, metadata: As in `submit`.
        """
        run = self._open_run()
        _check_metadata(metadata)
        provider = _provider(provider).name
        _check_task_id(task_id)
        known = None if key is None else run.books.open_jobs.get(_checked_key(key))
        if known is not None and known.task_id != task_id:
            message = f"key {key!r} belongs to an open job with another task."
            raise ValueError(message)
        if known is not None:
            return known
        job: MusicJob[tuple[Clip, ...]] = run.new_job(None, provider, key, metadata)
        run.books.open(job)
        job._accept(task_id, run.now())
        run.poller.follow(job)
        return job

    async def credits(self) -> Credits:
        """
        Ask for the balance; API: get-credits.

        Raises:
            MusicError: It can't be had; passing faults were tried again.
        """
        return await self._open_run().read(_wire.CREDITS_PATH, _wire.read_credits)

    async def download(self, clip: Clip, folder: str | Path) -> Path:
        """
        Store one clip in *folder*, as `MusicJob.save` does.

        Raises:
            DownloadError: It could not be stored.
        """
        return await self._open_run().download(clip, Path(folder))

    async def _look(self, provider: str, task_id: str) -> TaskSnapshot:
        found = _provider(provider)
        _check_task_id(task_id)
        return await self._open_run().look(found, task_id)

    def _open_run(self) -> "_Run":
        if self._run is None or self._run.submitter.is_leaving:
            message = (
                "This MusicSession is not open: use it inside"
                " 'async with MusicSession() as music:'."
            )
            raise RuntimeError(message)
        return self._run


@final
class _Run:
    """The parts of a session between entering and leaving it once."""

    # While a session is left, creates on the wire may hear their answer so long.
    GRACE_S = 5.0

    def __init__(
        self,
        *,
        transport: Transport,
        limits: Limits,
        schedule: Advised | Fixed,
        clock: Clock,
        job_timeout_s: float,
    ) -> None:
        self.transport = transport
        self.clock = clock
        self.books = Books(limits)
        gate = Gate(clock)
        self.poller = Poller(
            transport=transport,
            books=self.books,
            gate=gate,
            schedule=schedule,
            clock=clock,
            job_timeout_s=job_timeout_s,
        )
        self.submitter = Submitter(
            transport=transport,
            books=self.books,
            poller=self.poller,
            gate=gate,
            clock=clock,
        )
        self._saves = asyncio.Semaphore(SAVES_AT_ONCE)
        self._is_closed = False
        # The one task that holds all others; `aclose` ends and awaits it.  It is no
        # task group of the caller's, which would wrap the caller's own exception.
        self._task = asyncio.create_task(self._work(), name="aiomusic")

    async def _work(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.submitter.run())
                tasks.create_task(self.poller.run())
        except Exception as error:
            self.submitter.is_leaving = True
            self.books.detach_all("aiomusic itself failed.", error)
            raise

    async def aclose(self) -> None:
        """Stop, settle what is open, and close the connections."""
        try:
            await self.submitter.leave(self.GRACE_S)
            self._task.cancel()
            await asyncio.wait([self._task])
        finally:
            self._is_closed = True
            self.books.detach_all("The session was left before the job was over.")
            await self.transport.aclose()
        if not self._task.cancelled():
            self._task.result()

    def now(self) -> float:
        return self.clock.now()

    def new_job(
        self,
        request: Request[Any] | None,
        provider: str,
        key: str | None,
        metadata: Mapping[str, object] | None,
    ) -> MusicJob[Any]:
        return MusicJob(
            owner=self,
            key=uuid.uuid4().hex if key is None else key,
            request=request,
            metadata={} if metadata is None else metadata,
            provider=provider,
            made_at=self.clock.now(),
        )

    def cancel(self, job: MusicJob[Any]) -> None:
        match job.state:
            case JobState.QUEUED:
                message = "The job was cancelled before it was sent; it costs nothing."
                error = JobCancelled(message)
            case JobState.SUBMITTING:
                message = (
                    "The job was cancelled while it was being sent. If the service"
                    " has it already, it is paid for: nothing can stop it there."
                )
                error = JobCancelled(message, charged=Charged.UNKNOWN)
            case _:
                message = (
                    "The job was given up. The service has no way to stop a task, so"
                    " it is paid for, and its clips can still be had:"
                    f" music.attach({job.provider!r}, {job.task_id!r})."
                )
                error = JobCancelled(message, charged=Charged.YES)
        self.books.abandon(job, error)

    def eta(self, job: MusicJob[Any]) -> tuple[float, float] | None:
        provider = PROVIDERS.get(job.provider)
        if provider is None or job._sent_at is None:
            return None
        elapsed_s = self.now() - job._sent_at
        least_s, most_s = provider.typical_s
        # A task that is late may be late by as much again.
        return max(0.0, least_s - elapsed_s), max(most_s - elapsed_s, elapsed_s / 2)

    async def save(self, job: MusicJob[Any], folder: Path) -> list[Path]:
        clips = [clip for clip in job.clips if clip.is_playable]
        if not clips:
            message = f"{job!r} has no clips to save."
            raise DownloadError(message, key=job.key, retry=Retry.NEVER)
        paths: list[Path] = []
        for clip in clips:
            try:
                paths.append(await self.download(clip, folder))
            except DownloadError as error:
                error._about(key=job.key, task_id=job.task_id)
                raise
        return paths

    async def download(self, clip: Clip, folder: Path) -> Path:
        if self._is_closed:
            message = (
                "The session that made the job is closed; open one and call"
                " music.download(clip, folder)."
            )
            raise DownloadError(message)
        async with self._saves:
            return await _download.save_clip(
                clip,
                folder,
                transport=self.transport,
                refresh=self._refresh,
                clock=self.clock,
            )

    async def _refresh(self, clip: Clip) -> Clip:
        """Ask the task again for a clip whose link has died."""
        if clip.task_id is None or clip.provider not in PROVIDERS:
            return clip
        snapshot = await self.look(PROVIDERS[clip.provider], clip.task_id)
        found = [one for one in snapshot.clips if one.clip_id == clip.clip_id]
        return found[0] if found else clip

    async def look(self, provider: Provider, task_id: str) -> TaskSnapshot:
        path = provider.path_of(task_id)
        return await self.read(
            path, lambda reply: _wire.read_task(provider, task_id, reply)
        )

    async def read(self, path: str, decode: Callable[[_wire.Reply], R]) -> R:
        """Ask for something free; a passing fault is met by asking again."""
        failures = 0
        while True:
            try:
                return decode(await self.transport.get(path))
            except (NotSent, ProtocolError, RateLimited, ServiceFailed) as error:
                failures += 1
                if failures == MOST_READ_TRIES or error.retry is Retry.AFTER_EDIT:
                    raise
                await self.clock.sleep(_wait_s(error, failures))


def _wait_s(error: MusicError, failures: int) -> float:
    asked_s = error.retry_after_s if isinstance(error, RateLimited) else None
    return backoff_s(failures) if asked_s is None else asked_s


def _provider(name: str) -> Provider:
    if name not in PROVIDERS:
        message = f"provider is {name!r}; it must be one of {', '.join(PROVIDERS)}."
        raise ValueError(message)
    return PROVIDERS[name]


def _check_task_id(task_id: str) -> None:
    # It becomes part of a path, so nothing that could lead elsewhere is let in.
    if not task_id or not all(c.isalnum() or c in "-_" for c in task_id):
        message = f"task_id is {task_id!r}; it must be letters, digits, '-' and '_'."
        raise ValueError(message)


def _checked_key(key: str) -> str:
    if not (key and key.isprintable() and len(key) <= LONGEST_KEY):
        message = f"key is {key!r}; it must be 1 to {LONGEST_KEY} printable characters."
        raise ValueError(message)
    return key


def _check_metadata(metadata: Mapping[str, object] | None) -> None:
    if metadata:
        try:
            json.dumps(dict(metadata), allow_nan=False)
        except (TypeError, ValueError) as error:
            message = f"metadata can't be kept as JSON: {error}."
            raise ValueError(message) from error


def _check_at_least(name: str, value: float | None, least: int) -> None:
    if value is not None and not value >= least:
        message = f"{name} is {value!r}; it must be {least} or more."
        raise ValueError(message)


def _check_above_zero(name: str, value: float) -> None:
    if not 0 < value < math.inf:
        message = f"{name} is {value!r}; it must be above 0."
        raise ValueError(message)
