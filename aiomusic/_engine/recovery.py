"""
How tasks that were lost, or that nobody follows, are found again: the one mechanism.

A lost answer may come back as a callback, to this process or to another that shares
the journal; a task of a session that is gone waits in the journal.
"""

import contextlib
import logging
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, final

import attrs

from aiomusic._clock import Clock
from aiomusic._engine.balance import Balance
from aiomusic._engine.job import TrackedJob
from aiomusic._engine.ledger import Ledger
from aiomusic._engine.poller import Poller
from aiomusic._engine.serving import serve_again
from aiomusic._job import JobOwner, JobState
from aiomusic._log import log
from aiomusic.errors import Charged, JournalError, MusicError
from aiomusic.journal import Record, Wanted
from aiomusic.providers._all import PROVIDERS

if TYPE_CHECKING:
    from aiomusic._request import Request
    from aiomusic.webhooks import Callbacks, Event

__all__ = ["Recovery"]

# How long a callback may take to bring a task id that was lost, where a job may take
# so long.
CALLBACK_S = 600.0
# As long as a UUID.
KEY_BYTES = 16
# What the user marks a job as that needs no resuming any more.
DELIVERED = "delivered"
# How often to see whether it came to another process that shares the journal.
ASK_EVERY_S = 2.0


@final
@attrs.define(kw_only=True, eq=False)
class Recovery:
    """Finds tasks again, and makes jobs of what the journal holds."""

    owner: JobOwner
    ledger: Ledger
    balance: Balance
    poller: Poller
    clock: Clock
    price: Callable[["Request[Any]"], int]
    callbacks: "Callbacks | None" = None
    is_closed: bool = False
    # Jobs that a callback recovered, until `resume` has told of them.
    _recovered: dict[tuple[str, int], TrackedJob[Any]] = attrs.field(factory=dict)

    def new_job(
        self,
        request: "Request[Any] | None",
        provider: str,
        key: str | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> TrackedJob[Any]:
        """Make a job that nobody knows of yet."""
        return TrackedJob(
            owner=self.owner,
            key=os.urandom(KEY_BYTES).hex() if key is None else key,
            request=request,
            metadata=dict(metadata) if metadata else None,
            provider=provider,
            made_at=self.clock.now(),
            price=None if request is None else self.price(request),
        )

    async def resume(self, *, with_undelivered: bool) -> list[TrackedJob[Any]]:
        """Take up what the journal holds open, and what is over and not delivered."""
        journal = self.ledger.journal
        records = await self._with_balances(await journal.claim(self.clock.wall()))
        records += await self._undelivered() if with_undelivered else []
        recovered, self._recovered = self._recovered, {}
        taken = [self.revive(record) for record in records]
        jobs = dict.fromkeys([*recovered.values(), *taken])
        return sorted(jobs, key=lambda job: job.made_at)

    async def _undelivered(self) -> list[Record]:
        """Return what came to its end, whole, and was not marked as delivered."""
        journal = self.ledger.journal
        wanted = Wanted(
            states=("succeeded", "failed"), lacks_mark=DELIVERED, are_own=True
        )
        listed = await journal.records(wanted)
        found = [await journal.find(one.key, one.attempt) for one in listed]
        return [one for one in found if one is not None]

    async def _with_balances(self, records: list[Record]) -> list[Record]:
        """Ask for the balance once for those whose outcome was lost with a session."""
        wanting = [record for record in records if record.lacks_balance]
        after = await self.balance.after_unknown() if wanting else None
        if after is None:
            return records
        for record in wanting:
            self.ledger.journal.note_balance(record.key, record.attempt, after)
        return [
            attrs.evolve(record, balance_after=after) if record in wanting else record
            for record in records
        ]

    async def take_care(self, limit: int) -> None:
        """Follow tasks that nobody follows, so that their slots are freed in time."""
        for record in await self.ledger.journal.claim(self.clock.wall(), limit=limit):
            known = self.ledger.open_jobs.get(record.key)
            if known is None:
                self._take_care(record)
            elif known.attempt != record.attempt:
                # Another purchase under its key is followed here, and it is not.
                self.ledger.journal.release(record.key, record.attempt)

    def _take_care(self, record: Record) -> None:
        if record.damage is not None:
            log(logging.WARNING, "a job can't be followed: %s", record.damage)
            return
        try:
            job = self._job_of(record)
            self.follow(job, record)
        except Exception as error:  # noqa: BLE001 - whatever a row holds
            self.ledger.journal.release(record.key, record.attempt)
            log(logging.INFO, "job %s can't be followed: %s", record.key, error)
            return
        self._recovered[record.key, record.attempt] = job
        self.ledger.take_care(job)

    def revive(self, record: Record) -> TrackedJob[Any]:
        """Return the job of a row; one row that can't be read spoils no other."""
        try:
            return self._revive(record)
        except Exception as error:  # noqa: BLE001 - whatever a row holds
            message = (
                f"What the journal has of job {record.key!r} can't be followed:"
                f" {type(error).__name__}: {error}. It is not bought again by itself."
            )
            damaged = JournalError(message, charged=Charged.UNKNOWN)
            damaged.__cause__ = error
            job = self.new_job(None, str(record.provider), record.key)
            self.ledger.unreadable(job, damaged)
            return job

    def _revive(self, record: Record) -> TrackedJob[Any]:
        if record.damage is not None:
            raise ValueError(record.damage)
        has_task = record.is_open and record.task_id is not None
        known = self.ledger.open_jobs.get(record.key)
        if known is not None and known.attempt not in {0, record.attempt}:
            # What was bought after it has a job of its own.
            known = None
        # One that is queued finds its row when its turn comes, which may be late.
        if known is not None and (known.state is not JobState.QUEUED or not has_task):
            return known
        job = self._job_of(record)
        if record.task_id is None or not record.is_open:
            self.ledger.restore(job, record)
            return job
        # It is followed first: what can't be must not be waited for.
        self.follow(job, record)
        if known is None:
            self.ledger.open(job)
        return known or job

    def _job_of(self, record: Record) -> TrackedJob[Any]:
        job = self.new_job(
            _request(record), record.provider, record.key, record.metadata
        )
        # A job is as old as its row.
        job.made_at -= max(0.0, self.clock.wall() - record.made_at)
        return job

    def follow(self, job: TrackedJob[Any], record: Record) -> None:
        """Poll the task of a row, as old as the row says."""
        assert record.task_id is not None
        if record.provider not in PROVIDERS:
            message = f"provider is {record.provider!r}, which this version knows not"
            raise ValueError(message)
        job.attempt = record.attempt
        job.note_marks(record.marks)
        # How old the task is says when to poll; by two clocks, so it is not learned.
        age_s = record.task_age_s(self.clock.wall())
        job.accept(record.task_id, self.clock.now() - age_s)
        serve_again(job, self.callbacks)
        self.poller.follow(job, 0.0, is_age_sure=False)

    def came_late(self, job: TrackedJob[Any], lost_at: float) -> None:
        """Poll a task whose id a callback brought, at its end: not when it began."""
        job.accepted_at = lost_at
        self.poller.follow(job, 0.0, is_age_sure=False)
        self.poller.called_back(job)

    async def found(self, job: TrackedJob[Any], task_id: str) -> TrackedJob[Any]:
        """Follow the task that the user names for an unknown job."""
        journal = self.ledger.journal
        is_found = await journal.find_lost(
            job.key, job.attempt, task_id, self.clock.wall()
        )
        if journal.is_kept and not is_found:
            message = (
                f"Job {job.key} was not given task {task_id}: its row has an outcome by"
                " now. Look at it with music.jobs()."
            )
            raise JournalError(message, charged=Charged.UNKNOWN)
        again = self.new_job(job.request, job.provider, job.key, job.metadata)
        again.attempt, again.is_named = job.attempt, True
        self.ledger.open(again)
        again.accept(task_id, self.clock.now())
        serve_again(again, self.callbacks)
        self.poller.follow(again, 0.0, is_age_sure=False)
        return again

    async def called_back(
        self, job_key: str | None, attempt: int, event: "Event"
    ) -> None:
        """Take a callback as a hint; what it claims is asked of the task itself."""
        if job_key is None:
            job = self._with_task(event.task_id)
        else:
            job = self.ledger.open_jobs.get(job_key)
        if job is not None and job.task_id == event.task_id:
            self.poller.called_back(job, is_end=event.is_end)
            return
        if job_key is None or await self._belongs_elsewhere(job_key, attempt, event):
            return
        await self._recover(job_key, attempt, event.task_id)

    def _with_task(self, task_id: str) -> TrackedJob[Any] | None:
        jobs = self.ledger.jobs
        return next((job for job in jobs if job.task_id == task_id), None)

    async def _belongs_elsewhere(
        self, job_key: str, attempt: int, event: "Event"
    ) -> bool:
        """Check whether a task that a callback names is another job's."""
        if self._with_task(event.task_id) is not None:
            return True
        owner = self.ledger.owner_of(event.task_id)
        if owner is not None:
            return owner != (job_key, attempt)
        # Whatever the callback says of its platform, which may be missing.
        for provider in PROVIDERS:
            known = await self.ledger.journal.find_task(provider, event.task_id)
            if known is not None and (known.key, known.attempt) != (job_key, attempt):
                return True
        return False

    async def _recover(self, job_key: str, attempt: int, task_id: str) -> None:
        """
        Assign a task to a job that has none, and follow it.

        It is written down before the service hears that its callback was taken,
        for it may not call again.
        """
        now = self.clock.wall()
        journal = self.ledger.journal
        # This settles what sessions that died have left, and takes over their tasks.
        left = await journal.claim(now, job_key)
        taken = {record.attempt: record for record in left if record.is_open}
        if await journal.find_lost(job_key, attempt, task_id, now):
            record = await journal.find(job_key, attempt)
            if record is not None and record.is_open:
                taken[attempt] = record
        job = self.ledger.purchase(job_key, attempt)
        if job is not None and job.state in {JobState.SUBMITTING, JobState.UNKNOWN}:
            taken.pop(attempt, None)
            if self.callbacks is not None and job.task_id is None:
                self.callbacks.park(job_key, attempt, task_id)
        # Whichever purchase it was called for: what is taken over is followed.
        for record in taken.values() if not self.is_closed else ():
            # Its callback came at its end: that is not when it began.
            brought = self.revive(attrs.evolve(record, accepted_at=record.sent_at))
            self._recovered[record.key, record.attempt] = brought
            self.poller.called_back(brought)

    async def await_callback(self, job: TrackedJob[Any], until: float) -> str | None:
        """Wait for a callback that names the task of a lost answer."""
        if self.callbacks is None or job.request is None or not job.request.WEBHOOK:
            return None
        job.advance(JobState.UNKNOWN)
        deadline = min(until, self.clock.now() + CALLBACK_S)
        while (task_id := await self._called(job)) is None:
            now = self.clock.now()
            if now >= deadline or job.done():
                break
            expected = self.callbacks.expect(job.key, job.attempt)
            timer = self.clock.call_at(min(deadline, now + ASK_EVERY_S), expected.set)
            try:
                await expected.wait()
            finally:
                timer.cancel()
        return task_id

    async def _called(self, job: TrackedJob[Any]) -> str | None:
        """Return the id that came here, or to another that shares the journal."""
        assert self.callbacks is not None
        record = None
        with contextlib.suppress(MusicError):
            record = await self.ledger.journal.find(job.key)
        parked = self.callbacks.parked(job.key, job.attempt)
        if parked is None and record is not None and record.attempt == job.attempt:
            return record.task_id
        return parked


def _request(record: Record) -> "Request[Any] | None":
    """Read a job's request; a task that is paid for is followed without it, too."""
    try:
        return record.request
    except JournalError:
        log(logging.ERROR, "the request of job %s can't be read", record.key)
        return None
