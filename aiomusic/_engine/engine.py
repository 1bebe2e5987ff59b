"""The parts of a session between entering and leaving it once."""

import asyncio
import functools
import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast, final

import anyio
import attrs

from aiomusic._bodies import MAX_BYTES
from aiomusic._clock import Clock
from aiomusic._engine.admission import Admission
from aiomusic._engine.balance import Balance
from aiomusic._engine.files import Files
from aiomusic._engine.interrupts import raised_once
from aiomusic._engine.job import TrackedJob
from aiomusic._engine.known_keys import another_task, check_open_job
from aiomusic._engine.ledger import Ledger, dropped
from aiomusic._engine.listening import Listening
from aiomusic._engine.poller import Poller
from aiomusic._engine.recovery import Recovery
from aiomusic._engine.serving import check_can_serve
from aiomusic._http import wire
from aiomusic._http.deadline import is_cancelled
from aiomusic._http.limiter import Cap, Limiter, Turn, backoff_s
from aiomusic._http.transport import Transport
from aiomusic._job import FileSigner, JobState, JobUpdate, MusicJob
from aiomusic._log import log
from aiomusic._names import NameTemplate
from aiomusic._origin import Origin
from aiomusic._polling.callback_loss import CallbackLoss
from aiomusic._polling.ration import Ration
from aiomusic._polling.schedule import Fixed, Schedule
from aiomusic.errors import (
    AuthenticationFailed,
    Charged,
    JobCancelled,
    MusicError,
    NextStep,
    NotSent,
    ProtocolError,
    RateLimited,
    Retry,
    ServiceFailed,
)
from aiomusic.journal import Entry, Journal, Limits, Record
from aiomusic.journal.record import MADE_FROM
from aiomusic.providers._replies import Provider, check_task_id
from aiomusic.results import Clip, TaskSnapshot

if TYPE_CHECKING:
    from aiomusic._events import OnEvent
    from aiomusic._files.media import MediaClient
    from aiomusic._files.signing import Signer
    from aiomusic._quote import Quote
    from aiomusic._request import OnKnownKey, Request
    from aiomusic.webhooks import Callbacks, Event

__all__ = ["Engine"]


R = TypeVar("R")

MAX_READ_TRIES = 4
DRAW_AGAIN_S = 1.0
# Others wait for the journal while so many jobs are written down.
HELD_TOGETHER = 100
# While a session closes, creates on the wire may hear their answer so long.
GRACE_S = 5.0


@final
class Engine:
    """Builds the parts of one entry, owns its jobs, and closes all of it."""

    def __init__(
        self,
        *,
        origin: Origin,
        transport: Transport,
        media: "MediaClient",
        signer: "Signer | None",
        journal: Journal,
        limits: Limits,
        schedule: Schedule,
        clock: Clock,
        job_timeout_s: float,
        requests_per_s: float | None,
        callbacks: "Callbacks | None",
        on_known_key: "OnKnownKey",
        on_event: "OnEvent | None" = None,
    ) -> None:
        self.transport = transport
        self.journal = journal
        self.clock = clock
        self.callbacks = callbacks
        self.listening = Listening(on_event)
        self.ledger = Ledger(journal=journal, limits=limits, clock=clock)
        # What is refused of one kind holds back nothing of the other.
        self.cap = cap = Cap(
            clock,
            requests_per_s,
            is_shared=journal.is_kept and requests_per_s is not None,
        )
        self.creates, self.polls = Limiter(clock, cap), Limiter(clock, cap)
        self.balance = Balance(
            transport=transport,
            polls=self.polls,
            clock=clock,
            is_wanted=journal.is_kept,
        )
        self.poller = Poller(
            transport=transport,
            ledger=self.ledger,
            polls=self.polls,
            creates=self.creates,
            schedule=schedule,
            clock=clock,
            job_timeout_s=job_timeout_s,
            ration=_ration(schedule, requests_per_s),
            callback_loss=None if callbacks is None else CallbackLoss(),
            listening=self.listening,
        )
        self.recovery = Recovery(
            owner=self,
            ledger=self.ledger,
            balance=self.balance,
            poller=self.poller,
            clock=clock,
            price=transport.dialect.price,
            callbacks=callbacks,
        )
        self.admission = Admission(
            transport=transport,
            ledger=self.ledger,
            balance=self.balance,
            poller=self.poller,
            recovery=self.recovery,
            creates=self.creates,
            clock=clock,
            job_timeout_s=job_timeout_s,
            callbacks=callbacks,
            on_known_key=on_known_key,
            listening=self.listening,
        )
        self.files = Files(
            owner=self,
            ledger=self.ledger,
            media=media,
            signer=signer,
            clock=clock,
            price=transport.dialect.price,
        )
        self._is_closing = self._is_closed = False
        self._origin = origin
        # Made now, as that loads half of anyio: a second Ctrl-C would come into it.
        self._shield = anyio.CancelScope(shield=True)
        # The one task that holds all others; `aclose` ends and awaits it.  It is no
        # task group of the caller's, which would wrap the caller's own exception.
        self._task = asyncio.create_task(raised_once(self._work), name="aiomusic")
        self._task.add_done_callback(self._stopped)

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(raised_once(self.admission.run))
            tasks.create_task(raised_once(self.poller.run))
            if self.cap.is_shared:
                tasks.create_task(raised_once(self._draw))
            if self.journal.takeover_s is not None:
                tasks.create_task(raised_once(self._take_over))

    async def _take_over(self) -> None:
        """Follow the tasks of sessions that are gone, also where nobody waits."""
        while (every_s := self.journal.takeover_s) is not None:
            # In real time, as the journal's server counts it.
            await asyncio.sleep(every_s)
            await self.admission.take_care()

    async def _draw(self) -> None:
        """Draw turns for requests from the limit that all sessions share."""
        assert self.cap.per_s is not None
        while True:
            count = await self.cap.wanting()
            now = self.clock.wall()
            try:
                first_s = await self.journal.draw(count, self.cap.per_s, now)
            except MusicError as error:
                log(logging.WARNING, "requests wait for the journal: %s", error)
                await self.clock.sleep(DRAW_AGAIN_S)
            else:
                self.cap.grant(count, first_s)

    def _stopped(self, task: "asyncio.Task[None]") -> None:
        """End all waiting if not the session itself stopped its work."""
        if self.admission.is_leaving:
            return
        self.admission.is_leaving = True
        if task.cancelled():
            self.ledger.detach_all("The session's own task was cancelled.")
        else:
            self.ledger.detach_all("aiomusic itself failed.", task.exception())

    @property
    def is_forked(self) -> bool:
        """Whether this is a child: loop, threads and connections are its parent's."""
        return self._origin.is_forked

    def check_here(self) -> None:
        """
        Check that this is where the session's loop runs.

        Raises:
            RuntimeError: It is another process, thread or loop.
        """
        self._origin.check()

    async def leave(self, error: BaseException | None = None) -> None:
        """
        Close, whoever cancels meanwhile; a cancellation is passed on afterwards.

        To stop half-way would leave jobs unsettled, and what became of their money
        untold.  A second cancellation ends the waiting for what is on the wire.

        Args:
            error: What the session exits with; it goes before what fails here.
        """
        if self.is_forked:
            return
        try:
            closing, cancelled = await self._close_shielded()
        finally:
            # Also where a second Ctrl-C has come into this very line.
            self._settle_all()
        trouble = None if closing.cancelled() else closing.exception()
        if cancelled is None and error is None:
            closing.result()
        elif trouble is not None:
            log(logging.ERROR, "leaving the session met a fault: %s", trouble)
        if cancelled is not None:
            raise cancelled

    async def _close_shielded(
        self,
    ) -> "tuple[asyncio.Task[None], asyncio.CancelledError | None]":
        """Run `aclose` to its end; return its task, and what cancelled the caller."""
        cancelled: asyncio.CancelledError | None = None
        closing = self._begin_closing()
        with self._shield:
            while not closing.done():
                try:
                    await asyncio.wait([closing])
                except asyncio.CancelledError as found:
                    cancelled = found
                    self._task.cancel()
                if closing.cancelled() and not self._is_closing:
                    # It was cancelled before it began, and has closed nothing.
                    closing = self._begin_closing()
        return closing, cancelled

    def _begin_closing(self) -> "asyncio.Task[None]":
        return asyncio.create_task(raised_once(self.aclose), name="aiomusic-leave")

    def _settle_all(self) -> None:
        """End the waiting for what is open, for good."""
        self._is_closed = self.recovery.is_closed = self.admission.is_leaving = True
        self.files.is_closed = True
        self.cap.close()
        self.ledger.detach_all("The session was closed before the job was over.")
        if self.callbacks is not None:
            self.callbacks.forget()

    async def aclose(self) -> None:
        """Stop, settle what is open, and close what was opened."""
        self._is_closing = True
        try:
            await self.files.aclose()
            await self.admission.leave(GRACE_S)
            self._task.cancel()
            await asyncio.wait([self._task])
        finally:
            self._settle_all()
            try:
                self.poller.keep_learned()
                await self.journal.aclose()
            finally:
                await self.transport.aclose()
        if not self._task.cancelled():
            self._task.result()

    @property
    def is_listened_to(self) -> bool:
        return self.listening.on_event is not None

    def notify(self, event: JobUpdate) -> None:
        self.listening.notify(event)

    def now(self) -> float:
        return self.clock.now()

    def new_job(
        self,
        request: "Request[Any] | None",
        provider: str,
        key: str | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> TrackedJob[Any]:
        """Make a job that nobody knows of yet."""
        return self.recovery.new_job(request, provider, key, metadata)

    def submit(
        self,
        request: "Request[R]",
        key: str | None,
        metadata: Mapping[str, object],
        on_known_key: "OnKnownKey | None",
        request_timeout_s: float | None = None,
        *,
        keeps_reply: bool = False,
    ) -> TrackedJob[R]:
        """
        Queue a job, or return the open one that its key has.

        Raises:
            InvalidRequest: The key can't be used.
        """
        check_can_serve(request, self.callbacks)
        policy = on_known_key or self.admission.on_known_key
        known = None if key is None else self.ledger.open_jobs.get(key)
        if known is not None:
            check_open_job(known, request, policy)
            if policy == "attach":
                return known
        job = self.new_job(request, request.PROVIDER, key, metadata)
        job.on_known_key = on_known_key
        job.request_timeout_s = request_timeout_s
        job.keeps_reply = keeps_reply
        self.admission.queue(job)
        return job

    async def hold(
        self,
        requests: "Mapping[str, tuple[Request[Any], Mapping[str, object]]]",
        made_from: Mapping[str, Mapping[str, str]],
    ) -> dict[str, Record]:
        """
        Write down jobs, by key, that any session may send later.

        Returns:
            Of keys that are used already, what they have.
        """
        found: dict[str, Record] = {}
        left = iter(requests.items())
        while some := list(itertools.islice(left, HELD_TOGETHER)):
            entries = [
                self._held_entry(key, request, metadata, made_from.get(key))
                for key, (request, metadata) in some
            ]
            known = await self.journal.hold(entries)
            found |= {one.key: one for one in known if one is not None}
        return found

    def _held_entry(
        self,
        key: str,
        request: "Request[Any]",
        metadata: Mapping[str, object],
        made_from: Mapping[str, str] | None,
    ) -> Entry:
        job = self.new_job(request, request.PROVIDER, key, metadata)
        entry = self.ledger.entry(job, lease_s=self.poller.lease_s(job))
        if not made_from:
            return entry
        asked = {**(entry.request or {}), MADE_FROM: dict(made_from)}
        return attrs.evolve(entry, request=asked)

    def refused(
        self, request: "Request[R]", key: str | None, error: MusicError
    ) -> TrackedJob[R]:
        """Return a job that could not be submitted, and is over."""
        job = self.new_job(request, request.PROVIDER, key)
        self.ledger.dropped(job, error)
        return job

    def attach(
        self,
        provider: str,
        task_id: str,
        key: str | None,
        metadata: Mapping[str, object],
    ) -> TrackedJob[tuple[Clip, ...]]:
        """
        Follow a task that was made elsewhere, or return the open job that its key has.

        Raises:
            InvalidRequest: The key can't be used.
        """
        known = None if key is None else self.ledger.open_jobs.get(key)
        if known is not None and known.task_id != task_id:
            raise another_task(known.key, known.task_id)
        if known is not None:
            return known
        job = self.new_job(None, provider, key, metadata)
        self.ledger.open(job)
        job.attempt, job.is_named = 1, True
        self.journal.attach(self.ledger.entry(job), task_id)
        job.accept(task_id, self.now())
        self.poller.follow(job, 0.0, is_age_sure=False)
        return job

    async def resume(
        self, *, are_queued_sent: bool = False, with_undelivered: bool = False
    ) -> list[MusicJob[Any]]:
        """Take up what the journal holds open; send what was held, if told to."""
        jobs = await self.recovery.resume(with_undelivered=with_undelivered)
        if not are_queued_sent:
            return list(jobs)
        return [self._send_held(job) for job in jobs]

    def _send_held(self, job: TrackedJob[Any]) -> MusicJob[Any]:
        is_held = job.done() and job.state is JobState.QUEUED
        return self.resubmit(job) if is_held and job.request is not None else job

    async def called_back(
        self, job_key: str | None, attempt: int, event: "Event"
    ) -> None:
        """Take a callback as a hint, in whichever thread the web server runs."""
        take = self.recovery.called_back
        await self._origin.run(functools.partial(take, job_key, attempt, event))

    def resubmit(self, job: MusicJob[R]) -> MusicJob[R]:
        self._check_open()
        known = self.ledger.open_jobs.get(job.key)
        if known is not None:
            return known
        before = _tracked(job)
        again = self.new_job(job.request, job.provider, job.key, job.metadata)
        again.request_timeout_s = before.request_timeout_s
        again.keeps_reply = before.keeps_reply
        is_held = job.state is JobState.QUEUED
        if not is_held:
            again.requested_attempt = before.attempt + 1 if before.attempt else 0
            again.force_new = job.state is not JobState.UNKNOWN
        self.admission.queue(again)
        return again

    def give_up(self, job: MusicJob[Any], *, is_charged: bool) -> None:
        self._check_open()
        self.ledger.give_up(_tracked(job), is_charged=is_charged)

    async def found(self, job: MusicJob[R], task_id: str) -> MusicJob[R]:
        self._check_open()
        check_task_id(task_id)
        return await self.recovery.found(_tracked(job), task_id)

    async def mark(self, job: MusicJob[Any], name: str) -> None:
        self._check_open()
        await self.ledger.mark(_tracked(job), name)

    def _check_open(self) -> None:
        if self._is_closed:
            message = (
                "The session that made the job is closed; open one, and take the job"
                " from music.resume()."
            )
            raise RuntimeError(message)
        self.check_here()

    def cancel(self, job: MusicJob[Any]) -> None:
        self.check_here()
        tracked = _tracked(job)
        if job.task_id is not None:
            message = (
                "The job was given up. The service has no way to stop a task, so it is"
                " paid for, and its clips can still be had."
            )
            error = JobCancelled(
                message, charged=Charged.YES, next_steps=[NextStep.FOLLOW]
            )
            self.ledger.abandon(tracked, error)
        elif tracked.is_sent:
            message = (
                "The job was cancelled while it was being sent. If the service has it"
                " already, it is paid for: nothing can stop it there."
            )
            error = JobCancelled(
                message, charged=Charged.UNKNOWN, next_steps=[NextStep.CHECK_ACCOUNT]
            )
            self.ledger.abandon(tracked, error)
            if self.callbacks is not None:
                # Nobody waits any more for a callback that names its task.
                self.callbacks.wake(job.key, tracked.attempt)
        else:
            self.ledger.dropped(tracked, dropped())

    def eta(self, job: MusicJob[Any]) -> tuple[float, float] | None:
        return self.poller.eta(_tracked(job))

    async def save(
        self,
        job: MusicJob[Any],
        folder: str | Path,
        name: NameTemplate | None = None,
        formats: Sequence[str] = (),
        signer: "FileSigner | None" = None,
    ) -> list[Path]:
        if formats:
            # What these cost is bought by this session.
            self._check_open()
        return await self.files.save(
            _tracked(job), folder, name, formats, cast("Signer | None", signer)
        )

    async def quote_formats(
        self, job: MusicJob[Any], formats: Sequence[str]
    ) -> "Quote":
        self._check_open()
        return await self.files.quote(job, formats)

    async def poll(
        self,
        provider: Provider,
        task_id: str,
        timeout_s: float | None = None,
        hear: Callable[[wire.Reply], None] | None = None,
    ) -> TaskSnapshot:
        def decode(reply: wire.Reply) -> TaskSnapshot:
            return wire.read_task(provider, task_id, reply)

        path, most = provider.path_of(task_id), provider.max_reply_bytes
        return await self.read(path, decode, timeout_s, hear, max_bytes=most)

    async def read(
        self,
        path: str,
        decode: Callable[[wire.Reply], R],
        timeout_s: float | None = None,
        hear: Callable[[wire.Reply], None] | None = None,
        *,
        max_bytes: int = MAX_BYTES,
    ) -> R:
        """
        Ask for something free; a passing fault is met by asking again.

        Args:
            hear: Called with each reply.
        """
        failures = 0
        while True:
            turn = await self._turn_to_read()
            try:
                with self.polls.using(turn):
                    reply = await self.transport.get(
                        path, timeout_s, max_bytes=max_bytes
                    )
                    if hear is not None:
                        hear(reply)
                    return decode(reply)
            except AuthenticationFailed:
                failures += 1
                if failures == MAX_READ_TRIES or not self.transport.asks_for_key:
                    raise
                await self.clock.sleep(backoff_s(failures))
            except (NotSent, ProtocolError, RateLimited, ServiceFailed) as error:
                failures += 1
                if failures == MAX_READ_TRIES or error.retry is Retry.AFTER_EDIT:
                    raise
                if not isinstance(error, RateLimited):
                    await self.clock.sleep(backoff_s(failures))

    async def _turn_to_read(self) -> Turn:
        try:
            turn = await self.polls.enter()
        except asyncio.CancelledError:
            if not self._is_closed or is_cancelled():
                raise
            turn = None
        if turn is None:
            message = "The session was closed before it was asked; it costs nothing."
            raise NotSent(message, retry=Retry.NEVER)
        return turn


def _ration(schedule: Schedule, per_s: float | None) -> Ration | None:
    """Return what prices polls, where they are placed by price and rationed."""
    if per_s is None or isinstance(schedule.pace, Fixed):
        return None
    return Ration(per_s=per_s, least_s=schedule.pace.price_s)


def _tracked(job: MusicJob[R]) -> TrackedJob[R]:
    """Return the side of a job that this engine made."""
    assert isinstance(job, TrackedJob)
    return job
