"""MusicJob: one paid call, as an object to hold, await, watch and save."""

import asyncio
import collections
import contextvars
import enum
import functools
import logging
from collections.abc import (
    AsyncGenerator,
    Callable,
    Coroutine,
    Generator,
    Iterable,
    Mapping,
    Sequence,
)
from pathlib import Path
from typing import (
    Any,
    NoReturn,
    Protocol,
    Self,
    TypeVar,
    cast,
    final,
)

import attrs

from aiomusic._arguments import (
    all_of,
    check_folder,
    check_formats,
    check_has,
    check_mark,
    check_seconds,
)
from aiomusic._json import Portable
from aiomusic._log import log
from aiomusic._names import NameTemplate
from aiomusic._notebook import facts, stack
from aiomusic._quote import Quote
from aiomusic._reply import RawReply
from aiomusic._request import OnKnownKey, Request
from aiomusic.errors import Charged, JobTimedOut, MusicError
from aiomusic.results import Clip, ClipState, TaskSnapshot

__all__ = [
    "JobOwner",
    "JobState",
    "JobUpdate",
    "MusicJob",
    "Poll",
    "Submit",
    "merge_updates",
    "playable",
]

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


@final
class JobState(enum.StrEnum):
    """
    Where a job is.

    UNKNOWN: the request was sent and its answer was lost, so it may have been
    charged.
    """

    QUEUED = "queued"
    SUBMITTING = "submitting"
    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@final
@attrs.frozen(kw_only=True)
class JobUpdate(Portable):
    """
    One change of a job.

    Attributes:
        key: The job's.
        kind: What was asked for, as in ``"suno.create"``.
        state: The state from now on.
        is_over: Whether awaiting the job answers from now on.
        cost: Credits that it is priced at.
        charged: What is known of the money; None while that is open.
        error: Why it ended without a result, in words; None otherwise.
        task_id: The service's id; None until it is known.
        clips: All clips so far.
        playable: Those of them that can be fetched or streamed only now.
        progress: Percent, where the provider tells it.
        elapsed_s: Seconds since the job was made.
    """

    key: str
    kind: str
    state: JobState
    is_over: bool = False
    cost: int = 0
    charged: Charged | None = None
    error: str | None = None
    task_id: str | None
    clips: tuple[Clip, ...]
    playable: tuple[Clip, ...] = ()
    progress: int | None = None
    elapsed_s: float


class JobOwner(Protocol):
    """What a job asks of the session that made it."""

    @property
    def is_listened_to(self) -> bool:
        """Whether somebody hears of every change of its jobs."""

    def notify(self, event: JobUpdate) -> None:
        """Notify whoever listens of a change."""

    def now(self) -> float:
        """Return the session's time."""

    def check_here(self) -> None:
        """Refuse, by a RuntimeError, calls from another loop than the session's."""

    def cancel(self, job: "MusicJob[Any]") -> None:
        """Drop a queued job, abandon a submitted one."""

    def resubmit(self, job: "MusicJob[Any]") -> "MusicJob[Any]":
        """Buy again what may have been bought."""

    def give_up(self, job: "MusicJob[Any]", *, is_charged: bool) -> None:
        """Close an unknown job."""

    async def found(self, job: "MusicJob[R]", task_id: str) -> "MusicJob[R]":
        """Follow the task of an unknown job."""

    def eta(self, job: "MusicJob[Any]") -> tuple[float, float] | None:
        """Guess the seconds until the job is over, as a range."""

    async def mark(self, job: "MusicJob[Any]", name: str) -> None:
        """Keep what the user notes of a job."""

    async def save(
        self,
        job: "MusicJob[Any]",
        folder: "str | Path",
        name: NameTemplate | None = None,
        formats: Sequence[str] = (),
        signer: "FileSigner | None" = None,
    ) -> list[Path]:
        """Store the clips of a job that is over."""

    async def quote_formats(
        self, job: "MusicJob[Any]", formats: Sequence[str]
    ) -> Quote:
        """Return what formats of a job's clips cost."""


class FileSigner(Protocol):
    """What signs a file that is stored: an `aiomusic.Signer`."""

    def sign(self, source: "Path", into: "Path", clip: Clip) -> bool:
        """Write a signed copy, if a file of its kind can be signed."""


class Submit(Protocol):
    """How a provider's methods hand a request to the session."""

    def __call__(
        self,
        request: Request[R],
        *,
        key: str | None = None,
        metadata: Mapping[str, object] | None = None,
        on_known_key: OnKnownKey | None = None,
    ) -> "MusicJob[R]": ...


class Poll(Protocol):
    """How a provider's methods poll a task once."""

    async def __call__(self, provider: str, task_id: str) -> TaskSnapshot: ...


_OVER = frozenset({JobState.FAILED, JobState.CANCELLED, JobState.UNKNOWN})
_SO_FAR = {
    Charged.NO: "Nothing was charged so far.",
    Charged.YES: "It is paid for.",
    Charged.UNKNOWN: "It may have been charged.",
}


@attrs.define(eq=False, repr=False)
class MusicJob(Coroutine[Any, Any, R_co]):
    """
    A paid call on its way to its result; sessions make it, and write to it.

    Await it any number of times, from any number of tasks: each gets the same
    result, or an error of its own.
    It is a coroutine to asyncio, so that ``asyncio.create_task(job)`` and
    ``TaskGroup.create_task(job)`` make a task that waits for it; ``asyncio.wait``
    takes such tasks and no coroutine, so no job either.
    Cancelling whoever waits, such a task included, never touches the job; `cancel()`
    does.
    """

    _owner: JobOwner
    _key: str
    _request: Request[R_co] | None
    _metadata: Mapping[str, object] | None
    _provider: str
    _made_at: float
    _state: JobState = JobState.QUEUED
    _task_id: str | None = None
    _clips: tuple[Clip, ...] = ()
    _progress: int | None = None
    _result: Any = None
    _error: MusicError | None = None
    _is_settled: bool = False
    _is_sent: bool = False
    _polls: int = 0
    _marks: Mapping[str, float] | None = None
    _price: int | None = None
    _reply: RawReply | None = None
    _waiters: list[asyncio.Future[None]] | None = None
    _watchers: "list[Watching] | None" = None

    @property
    def key(self) -> str:
        """Our name for it, the same after a restart; the caller may choose it."""
        return self._key

    @property
    def task_id(self) -> str | None:
        """The service's name for it, once the service has answered."""
        return self._task_id

    @property
    def request(self) -> Request[R_co] | None:
        """What was asked for; None for a task that was attached."""
        return self._request

    @property
    def kind(self) -> str:
        """What was asked for, as in ``"suno.create"``; ``"attach"`` if attached."""
        return "attach" if self._request is None else self._request.kind()

    @property
    def provider(self) -> str:
        """Whose task it is, as in ``"suno"``."""
        return self._provider

    @property
    def state(self) -> JobState:
        """Where it is."""
        return self._state

    @property
    def cost(self) -> int:
        """Credits that the request is priced at; 0 for a task that was attached."""
        if self._request is None:
            return 0
        return self._request.cost if self._price is None else self._price

    @property
    def charged(self) -> Charged | None:
        """What is known of the money; None while the job is not over."""
        if self._state is JobState.SUCCEEDED:
            return Charged.YES
        is_over = self._state in _OVER
        return self._error.charged if is_over and self._error is not None else None

    @property
    def metadata(self) -> Mapping[str, object]:
        """What the caller wants to find again beside it."""
        return {} if self._metadata is None else self._metadata

    @property
    def marks(self) -> Mapping[str, float]:
        """What it was marked as, and when, in seconds since 1970."""
        return {} if self._marks is None else self._marks

    @property
    def clips(self) -> tuple[Clip, ...]:
        """All clips so far, those that play before the job is over included."""
        return self._clips

    @property
    def progress(self) -> int | None:
        """Percent, where the provider tells it."""
        return self._progress

    @property
    def elapsed_s(self) -> float:
        """Seconds since it was made."""
        return self._owner.now() - self._made_at

    @property
    def polls(self) -> int:
        """How often its task was asked for its state in this session."""
        return self._polls

    @property
    def reply(self) -> RawReply | None:
        """The last reply about it, of `MusicSession.with_options(raw=True)` alone."""
        return self._reply

    @property
    def eta(self) -> tuple[float, float] | None:
        """Seconds until it is over, as a range; None if that can't be guessed."""
        return None if self._is_settled else self._owner.eta(self)

    @property
    def error(self) -> MusicError | None:
        """Why it ended without a result; None while it is open or if it has one."""
        return None if self._error is None else self._error._fresh()

    def __repr__(self) -> str:
        task = "" if self._task_id is None else f" task={self._task_id}"
        return f"<MusicJob {self._key} {self.kind} {self._state.name}{task}>"

    def _repr_html_(self) -> str:
        """Show it in a notebook, with a player for each clip."""
        error = None if self._error is None else str(self._error)
        percent = None if self._progress is None else f"{self._progress} %"
        clips = (clip._repr_html_() for clip in self._clips)
        line = facts(self.kind, self._state, percent, self._key, error)
        return stack([line, *clips])

    def _ipython_display_(self) -> None:
        """Show it, and keep what is shown up to date while the job goes on."""
        from IPython import display  # noqa: PLC0415 - a notebook's own

        page: Any = display
        shown = page.display(page.HTML(self._repr_html_()), display_id=True)
        if not self._is_settled:
            # What is shown again belongs to the cell that showed it first.
            cell = contextvars.copy_context()
            again = functools.partial(cell.run, self._show_again, shown, page.HTML)
            self._watchers = [*(self._watchers or ()), Display(again)]

    def _show_again(self, shown: "_Shown", html: Callable[[str], object]) -> None:
        shown.update(html(self._repr_html_()))

    # It is one purchase, of which there can't be another.

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        message = (
            f"{self!r} can't be pickled, as its session follows it. Pass on its key, to"
            " those who share its journal, or its provider and task_id, for attach()."
        )
        raise TypeError(message)

    def done(self) -> bool:
        """Check whether awaiting it answers at once."""
        return self._is_settled

    def __await__(self) -> Generator[Any, None, R_co]:
        try:
            while True:
                yield self.send(None)
        except StopIteration as over:
            return cast("R_co", over.value)

    # As a coroutine it keeps no state of who waits, so that any number may drive it.

    def send(self, value: object, /) -> object:  # noqa: ARG002 - as coroutines do
        """Return a future to wait for; raise StopIteration with the result."""
        if self._is_settled:
            raise StopIteration(self._outcome())
        self._owner.check_here()
        # A future for each waiter: cancelling one must not cancel the others.
        waiter = asyncio.get_running_loop().create_future()
        if self._waiters is None:
            self._waiters = []
        self._waiters.append(waiter)
        waiter.add_done_callback(self._forget)
        return next(waiter.__await__())

    def throw(self, *error: Any) -> object:  # noqa: ANN401 - as coroutines do
        """End the waiting of whoever is cancelled; the job goes on."""
        return super().throw(*error)

    def close(self) -> None:
        """Do nothing: it ends no job that nobody waits for any more."""

    def _forget(self, waiter: asyncio.Future[None]) -> None:
        if self._waiters is not None and waiter in self._waiters:
            self._waiters.remove(waiter)

    def _outcome(self) -> R_co:
        if self._error is not None:
            # One stored exception would grow a traceback at each waiter.
            raise self._error._fresh()
        return cast("R_co", self._result)

    async def wait(self, *, timeout_s: float | None = None) -> R_co:
        """
        Wait for the result, for *timeout_s* at the most; None: without limit.

        Raises:
            JobTimedOut: The time is up. The job goes on; wait again if you like.
            MusicError: What the job ended with.
        """
        check_seconds("timeout_s", timeout_s)
        if timeout_s is None:
            return await self
        try:
            async with asyncio.timeout(timeout_s) as limit:
                return await self
        except TimeoutError as error:
            if not limit.expired() or isinstance(error, MusicError):
                raise
            message = (
                f"The job is {self._state} after {timeout_s:g} s of waiting."
                f" {_SO_FAR[self._charged_so_far]} It goes on: wait for it again, or"
                " leave it to the session; job.cancel() gives it up."
            )
            late = JobTimedOut(
                message,
                charged=self._charged_so_far,
                key=self._key,
                task_id=self._task_id,
            )
            raise late._when(self._state, self.elapsed_s) from None

    @property
    def _charged_so_far(self) -> Charged:
        """What is known of the money of a job that is open."""
        if self._task_id is not None:
            return Charged.YES
        return Charged.UNKNOWN if self._is_sent else Charged.NO

    def cancel(self) -> bool:
        """
        Give the job up.

        A queued job is dropped and costs nothing.
        A submitted one is abandoned: the service has no way to stop a task, so it
        is paid for, and waiters get a JobCancelled that says so.

        Returns:
            Whether there was anything left to cancel.
        """
        if self._is_settled:
            return False
        self._owner.cancel(self)
        return True

    def resubmit(self) -> "MusicJob[R_co]":
        """
        Send it again, knowing that it may be bought twice.

        Only for a job that ended without its result: the library never does it by
        itself.

        Returns:
            A new job under the same key; this one stays as it ended.

        Raises:
            ValueError: The job is open, succeeded, or was attached.
        """
        if not self._is_settled or self._error is None or self._request is None:
            message = f"{self!r} can't be sent again: only what failed can be."
            raise ValueError(message)
        return self._owner.resubmit(self)

    async def found(self, task_id: str) -> "MusicJob[R_co]":
        """
        Name the task of a job whose answer was lost, as the service lists it.

        Args:
            task_id: The service's id of the task.

        Returns:
            A job that follows the task; it is this purchase, and costs nothing more.

        Raises:
            ValueError: The job's outcome is known, or not yet lost.
            JournalError: It could not be written down.
        """
        self._check_unknown("be given a task")
        return await self._owner.found(self, task_id)

    def give_up(self, *, charged: bool = True) -> None:
        """
        Close a job whose outcome is unknown.

        Args:
            charged: Whether it stays counted as paid for; False: you know, from the
                account's own list, that it was not.

        Raises:
            ValueError: Its outcome is known, or not yet lost.
        """
        self._check_unknown("be given up")
        self._owner.give_up(self, is_charged=charged)

    async def mark(self, name: str) -> None:
        """
        Keep a note of yours in the journal, such as ``"delivered"``; once is enough.

        ``music.resume(undelivered=True)`` gives what is over and not marked so.

        Raises:
            JournalError: It could not be written down, or the job is not, as it still
                waits to be sent.
        """
        check_mark(name)
        await self._owner.mark(self, name)

    def _check_unknown(self, what: str) -> None:
        if not self._is_settled or self._state is not JobState.UNKNOWN:
            message = f"{self!r} can't {what}: its outcome is not unknown."
            raise ValueError(message)

    def updates(self) -> AsyncGenerator[JobUpdate, None]:
        """
        Yield the present state, then every change of it, to the last one.

        A clip is announced in `JobUpdate.playable` as soon as it can be heard,
        which may be long before the job is over.
        A job that fails ends the updates; awaiting it tells why.
        """
        return _watched([self])

    def _watch(self, watcher: "Watcher") -> None:
        """Have a watcher told how it is, and every change from now on."""
        if not self._is_settled:
            self._owner.check_here()
            self._watchers = [*(self._watchers or ()), watcher]
        watcher.put(self._update(playable=playable(self._clips)))

    def _unwatch(self, watcher: "Watcher") -> None:
        if self._watchers is not None and watcher in self._watchers:
            self._watchers.remove(watcher)

    async def quote_formats(self, formats: Sequence[str]) -> Quote:
        """
        Wait, then say what ``save(formats=…)`` would buy; nothing is bought.

        What was bought before, and what a clip's own link gives, costs nothing.

        Raises:
            InvalidRequest: The provider has no way to one of them.
            MusicError: What the job ended with.
        """
        formats = check_formats("quote_formats()", formats)
        await self
        return await self._owner.quote_formats(self, formats)

    async def save(
        self,
        folder: "str | Path",
        *,
        name: str | None = None,
        formats: Sequence[str] | None = None,
        signer: "FileSigner | None" = None,
    ) -> list[Path]:
        """
        Wait, then store every clip in *folder*, which is made if need be.

        A file appears under its name only when it is whole: its content must be
        music to its end, as long as the service says.  A link that has died is asked
        for again.  A clip that can't be stored does not keep the others from it, and
        clips that are ready are stored where the job ended without the rest.

        Args:
            folder: Where to; ``~`` is the home folder.
            name: A pattern for the files' names, such as ``"{title} ({take})"``; its
                fields are title, take, key, id, task, provider, operation, model,
                style and date.  None: title and id.  A name that another clip's file
                has gets the clip's id added, and a JSON file of the same name says
                whose it is.
            formats: In which to have each clip, as in ``("mp3", "wav")``.  One that the
                clip's own link does not give is bought, once: `quote_formats` says
                what that costs, and it counts in the budget as this job does, under
                its metadata.  ``"lrc"`` is the words with their times, in a file
                beside the clip's own.  None: as the clips are, which is free.
            signer: Signs these files with a certificate of yours, those too that are
                there already; None: the session's *signer*, if it has one.

        Returns:
            The files, in the order of the clips, and each clip's in that of *formats*.

        Raises:
            DownloadError: A clip could not be stored; its ``stored`` holds the files
                of the others.  What is half done stays in a ``.part`` file, and
                calling again goes on from there.
            InvalidRequest: *name* is no such pattern, or the provider has no way to
                one of *formats*; then nothing was bought or stored.
            MusicError: What the job ended with, where no clip is ready, or what the
                purchase of a format did; then the other files are stored.
        """
        check_folder("save()", folder)
        check_has("signer", signer, "tag", "sign", takes="an aiomusic.Signer")
        formats = () if formats is None else check_formats("save()", formats)
        template = None if name is None else NameTemplate(name)
        try:
            await self
        except MusicError:
            if not any(clip.state is ClipState.SUCCEEDED for clip in self._clips):
                raise
        return await self._owner.save(self, folder, template, formats, signer)

    def _update(self, playable: tuple[Clip, ...] = ()) -> JobUpdate:
        return JobUpdate(
            key=self._key,
            kind=self.kind,
            state=self._state,
            is_over=self._is_settled,
            cost=self.cost,
            charged=self.charged,
            error=None if self._error is None else str(self._error),
            task_id=self._task_id,
            clips=self._clips,
            playable=playable,
            progress=self._progress,
            elapsed_s=self.elapsed_s,
        )


class Watching(Protocol):
    """What hears of each change of a job."""

    def put(self, update: JobUpdate) -> None:
        """Take a change."""


class _Shown(Protocol):
    """What IPython displays, and can display again."""

    def update(self, value: object) -> None:
        """Show *value* in its place."""


@final
@attrs.frozen(eq=False)
class Display:
    """What shows a job in a notebook, again at each change."""

    show: Callable[[], None]

    def put(self, update: JobUpdate) -> None:  # noqa: ARG002 - it is the job's by now
        try:
            self.show()
        except Exception as error:  # noqa: BLE001 - no screen stops a paid job
            log(logging.DEBUG, "a job can't be shown: %s", error)


@final
class Watcher:
    """The updates that one watcher has not taken yet."""

    __slots__ = ("_wake", "updates")

    def __init__(self) -> None:
        self.updates: collections.deque[JobUpdate] = collections.deque()
        self._wake: asyncio.Event = asyncio.Event()

    def put(self, update: JobUpdate) -> None:
        self.updates.append(update)
        self._wake.set()

    async def wait(self) -> None:
        self._wake.clear()
        await self._wake.wait()


async def _watched(jobs: Sequence[MusicJob[Any]]) -> AsyncGenerator[JobUpdate, None]:
    """Yield how each job is, and then every change, until all are over."""
    watcher = Watcher()
    for job in jobs:
        job._watch(watcher)  # noqa: SLF001
    left = len(jobs)
    try:
        while left:
            while watcher.updates:
                update = watcher.updates.popleft()
                left -= update.is_over
                yield update
            if left:
                await watcher.wait()
    finally:
        for job in jobs:
            job._unwatch(watcher)  # noqa: SLF001


def merge_updates(jobs: Iterable[MusicJob[Any]]) -> AsyncGenerator[JobUpdate, None]:
    """
    Return the updates of many jobs as one stream, in the order in which they happen.

    Each job's present state comes first; `JobUpdate.key` tells whose an update is.
    It takes no task for any of them, and ends when all are over.

    Args:
        jobs: Of one session or of several; they are all taken before the first update.

    Raises:
        TypeError: Something in *jobs* is no job.
    """
    takes = "jobs, as a list or another iterable"
    given = all_of("merge_updates()", MusicJob, jobs, takes)
    return _watched([*dict.fromkeys(given)])


def playable(clips: tuple[Clip, ...]) -> tuple[Clip, ...]:
    return tuple(clip for clip in clips if clip.is_playable)
