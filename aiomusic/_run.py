"""The parts of a session between entering and leaving it once."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, final

import anyio
import attrs

from aiomusic import _codec, _wire
from aiomusic._balance import Balance
from aiomusic._books import Books
from aiomusic._clock import Clock
from aiomusic._gate import Gate, backoff_s
from aiomusic._job import JobState, MusicJob
from aiomusic._log import say
from aiomusic._poller import Poller
from aiomusic._schedule import Fixed, Ration, Schedule
from aiomusic._submit import OnKnownKey, Submitter
from aiomusic._transport import Transport
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
from aiomusic.journal import Journal, Limits, Record
from aiomusic.providers._all import PROVIDERS
from aiomusic.providers._replies import Provider
from aiomusic.results import Clip, TaskSnapshot

if TYPE_CHECKING:
    from aiomusic._request import Request
    from aiomusic.webhooks import Event, Hooks

__all__ = ["Run"]


R = TypeVar("R")

MOST_READ_TRIES = 4
SAVES_AT_ONCE = 8
# While a session is left, creates on the wire may hear their answer so long.
GRACE_S = 5.0


@final
class Run:
    """Builds the rooms of one entry, owns its jobs, and closes all of it."""

    def __init__(
        self,
        *,
        transport: Transport,
        journal: Journal,
        limits: Limits,
        schedule: Schedule,
        clock: Clock,
        job_timeout_s: float,
        requests_per_s: float | None,
        hooks: "Hooks | None",
        on_known_key: OnKnownKey,
    ) -> None:
        self.transport = transport
        self.journal = journal
        self.clock = clock
        self.hooks = hooks
        self.books = Books(journal=journal, limits=limits, clock=clock)
        self.gate = gate = Gate(clock, requests_per_s)
        self.balance = Balance(
            transport=transport, gate=gate, clock=clock, is_wanted=journal.is_kept
        )
        self.poller = Poller(
            transport=transport,
            books=self.books,
            gate=gate,
            schedule=schedule,
            clock=clock,
            job_timeout_s=job_timeout_s,
            ration=_ration(schedule, requests_per_s),
        )
        self.submitter = Submitter(
            transport=transport,
            books=self.books,
            balance=self.balance,
            poller=self.poller,
            gate=gate,
            clock=clock,
            hooks=hooks,
            on_known_key=on_known_key,
        )
        # Jobs that a callback brought home, until `resume` has told of them.
        self._brought: dict[tuple[str, int], MusicJob[Any]] = {}
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

    async def leave(self) -> None:
        """
        Close, whoever cancels meanwhile; a cancellation is passed on afterwards.

        To stop half-way would leave jobs unsettled, and what became of their money
        untold.  A second cancellation ends the waiting for what is on the wire.
        """
        closing = asyncio.create_task(self.aclose(), name="aiomusic-leave")
        cancelled: asyncio.CancelledError | None = None
        with anyio.CancelScope(shield=True):
            while not closing.done():
                try:
                    await asyncio.wait([closing])
                except asyncio.CancelledError as error:
                    cancelled = error
                    self._task.cancel()
        if cancelled is not None:
            raise cancelled
        closing.result()

    async def aclose(self) -> None:
        """Stop, settle what is open, and close what was opened."""
        try:
            await self.submitter.leave(GRACE_S)
            self._task.cancel()
            await asyncio.wait([self._task])
        finally:
            self._is_closed = True
            self.books.detach_all("The session was left before the job was over.")
            if self.hooks is not None:
                self.hooks.forget()
            try:
                self.poller.keep_learned()
                await self.journal.aclose()
            finally:
                await self.transport.aclose()
        if not self._task.cancelled():
            self._task.result()

    def now(self) -> float:
        return self.clock.now()

    def new_job(
        self,
        request: "Request[Any] | None",
        provider: str,
        key: str | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> MusicJob[Any]:
        """Make a job that no room knows of yet."""
        return MusicJob(
            owner=self,
            key=uuid.uuid4().hex if key is None else key,
            request=request,
            metadata={} if metadata is None else dict(metadata),
            provider=provider,
            made_at=self.clock.now(),
        )

    def attach(self, job: MusicJob[Any], task_id: str) -> None:
        """Follow a task that was made elsewhere."""
        self.books.open(job)
        job._attempt = 1
        self.journal.attach(self.books.entry(job), task_id)
        job._accept(task_id, self.now())
        self.poller.follow(job, 0.0)

    async def resume(self) -> list[MusicJob[Any]]:
        """Take up what the journal holds open."""
        records = await self._with_balances(await self.journal.adopt(self.clock.wall()))
        brought, self._brought = self._brought, {}
        taken = [self._revive(record) for record in records]
        jobs = dict.fromkeys([*brought.values(), *taken])
        return sorted(jobs, key=lambda job: job._made_at)

    async def _with_balances(self, records: list[Record]) -> list[Record]:
        """Look at the account once for those whose outcome was lost with a session."""
        wanting = [record for record in records if record.lacks_balance]
        after = await self.balance.after_unknown() if wanting else None
        if after is None:
            return records
        for record in wanting:
            self.journal.note_balance(record.key, record.attempt, after)
        return [
            attrs.evolve(record, balance_after=after) if record in wanting else record
            for record in records
        ]

    def _revive(self, record: Record) -> MusicJob[Any]:
        has_task = record.is_open and record.task_id is not None
        known = self.books.open_jobs.get(record.key)
        if known is not None and known._attempt not in {0, record.attempt}:
            # What was bought after it has a job of its own.
            known = None
        # One that is queued finds its row when its turn comes, which may be late.
        if known is not None and (known.state is not JobState.QUEUED or not has_task):
            return known
        job = self.new_job(
            _request(record), record.provider, record.key, record.metadata
        )
        # A job is as old as its row.
        job._made_at -= max(0.0, self.clock.wall() - record.made_at)
        if record.task_id is None or not record.is_open:
            self.books.restore(job, record)
            return job
        if known is None:
            self.books.open(job)
        job._attempt = record.attempt
        # How old the task is says when to look, and is learned from.
        age_s = record.task_age_s(self.clock.wall())
        job._accept(record.task_id, self.now() - age_s)
        self.poller.follow(job, 0.0)
        return known or job

    async def called_back(
        self, job_key: str | None, attempt: int, event: "Event"
    ) -> None:
        """Take a callback as a hint; what it claims is asked of the task itself."""
        if job_key is None:
            job = self._with_task(event.task_id)
        else:
            job = self.books.open_jobs.get(job_key)
        if job is not None and job.task_id == event.task_id:
            self.poller.look_now(job)
            return
        if job_key is None or await self._belongs_elsewhere(job_key, attempt, event):
            return
        await self._bring_home(job_key, attempt, event.task_id)

    def _with_task(self, task_id: str) -> MusicJob[Any] | None:
        jobs = self.books.open_jobs.values()
        return next((job for job in jobs if job.task_id == task_id), None)

    async def _belongs_elsewhere(
        self, job_key: str, attempt: int, event: "Event"
    ) -> bool:
        """Tell whether a task that a callback names is another job's."""
        if self._with_task(event.task_id) is not None:
            return True
        known = await self.journal.find_task(event.platform, event.task_id)
        return known is not None and (known.key, known.attempt) != (job_key, attempt)

    async def _bring_home(self, job_key: str, attempt: int, task_id: str) -> None:
        """
        Give a job that has none its task, and follow it.

        It is written down before the service hears that its callback was taken,
        for it may not call again.
        """
        now = self.clock.wall()
        # This settles what sessions that died have left, and takes over their tasks.
        left = await self.journal.adopt(now, job_key)
        taken = {record.attempt: record for record in left if record.is_open}
        record = await self.journal.find(job_key, attempt)
        if record is not None and record.task_id is None and _is_lost(record):
            await self.journal.accept(job_key, attempt, task_id, now)
            record = await self.journal.find(job_key, attempt)
            if record is not None and record.is_open:
                taken[attempt] = record
        job = self.books.open_jobs.get(job_key)
        if (
            job is not None
            and job._attempt == attempt
            and job.state in {JobState.SUBMITTING, JobState.UNKNOWN}
        ):
            taken.pop(attempt, None)
            if self.hooks is not None and job.task_id is None:
                self.hooks.park(job_key, attempt, task_id)
        # Whichever purchase it was called for: what is taken over is followed.
        for record in taken.values() if not self._is_closed else ():
            # Its callback came at its end: that is not when it began.
            brought = self._revive(attrs.evolve(record, accepted_at=record.sent_at))
            self._brought[record.key, record.attempt] = brought
            self.poller.look_now(brought)

    def resubmit(self, job: MusicJob[Any]) -> MusicJob[Any]:
        self._check_open()
        known = self.books.open_jobs.get(job.key)
        if known is not None:
            return known
        again = self.new_job(job.request, job.provider, job.key, job.metadata)
        again._asked_attempt = job._attempt + 1 if job._attempt else 0
        again._is_anew = job.state is not JobState.UNKNOWN
        self.submitter.queue(again)
        return again

    def give_up(self, job: MusicJob[Any]) -> None:
        self._check_open()
        self.journal.give_up(job.key, job._attempt, self.clock.wall())

    def _check_open(self) -> None:
        if self._is_closed:
            message = (
                "The session that made the job is closed; open one, and take the job"
                " from music.resume()."
            )
            raise RuntimeError(message)

    def cancel(self, job: MusicJob[Any]) -> None:
        if job.task_id is not None:
            message = (
                "The job was given up. The service has no way to stop a task, so it is"
                " paid for, and its clips can still be had:"
                f" music.attach({job.provider!r}, {job.task_id!r})."
            )
            error = JobCancelled(message, charged=Charged.YES)
            self.books.abandon(job, error)
        elif job._is_sent:
            message = (
                "The job was cancelled while it was being sent. If the service has it"
                " already, it is paid for: nothing can stop it there."
            )
            error = JobCancelled(message, charged=Charged.UNKNOWN)
            self.books.abandon(job, error)
            if self.hooks is not None:
                # Nobody waits any more for its task to come home.
                self.hooks.wake(job.key, job._attempt)
        else:
            message = "The job was cancelled before it was sent; it costs nothing."
            self.books.fail(job, JobCancelled(message), state=JobState.CANCELLED)

    def eta(self, job: MusicJob[Any]) -> tuple[float, float] | None:
        return self.poller.eta(job)

    async def save(self, job: MusicJob[Any], folder: Path) -> list[Path]:
        clips = [clip for clip in job.clips if clip.is_playable]
        if not clips:
            message = f"{job!r} has no clips to save."
            raise DownloadError(message, key=job.key, retry=Retry.NEVER)
        paths: list[Path] = []
        with self.books.busy():
            for clip in clips:
                try:
                    paths.append(await self.download(clip, folder))
                except DownloadError as error:
                    error._about(key=job.key, task_id=job.task_id)
                    raise
        self.books.note_files(job, [str(path.resolve()) for path in paths])
        return paths

    async def download(self, clip: Clip, folder: Path) -> Path:
        from aiomusic import _download  # noqa: PLC0415 - its cost

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
            await self.gate.wait()
            try:
                return decode(await self.transport.get(path))
            except (NotSent, ProtocolError, RateLimited, ServiceFailed) as error:
                failures += 1
                if failures == MOST_READ_TRIES or error.retry is Retry.AFTER_EDIT:
                    raise
                await self.clock.sleep(_wait_s(error, failures))


def _ration(schedule: Schedule, per_s: float | None) -> Ration | None:
    """Give what prices looks, where they are placed by price and rationed."""
    if per_s is None or isinstance(schedule.pace, Fixed):
        return None
    return Ration(per_s=per_s, least_s=schedule.pace.price_s)


def _request(record: Record) -> "Request[Any] | None":
    """Read a job's request; a task that is paid for is followed without it, too."""
    if record.request is None:
        return None
    try:
        return _codec.request_from_json(record.request)
    except ValueError:
        say(logging.ERROR, "the request of job %s can't be read", record.key)
        return None


def _is_lost(record: Record) -> bool:
    """Tell whether a job's task is not known, and there may be one."""
    return record.state in {JobState.SUBMITTING, JobState.UNKNOWN}


def _wait_s(error: MusicError, failures: int) -> float:
    asked_s = error.retry_after_s if isinstance(error, RateLimited) else None
    return backoff_s(failures) if asked_s is None else asked_s
