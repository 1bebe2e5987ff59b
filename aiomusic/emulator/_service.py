"""The service itself: requests, tasks and money, without HTTP."""

import heapq
import itertools
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, final

import attrs
from yarl import URL

from aiomusic._clock import Clock
from aiomusic._request import Request, fields_of
from aiomusic.composer import Score
from aiomusic.emulator._account import Account
from aiomusic.emulator._faults import Fault
from aiomusic.emulator._ids import Ids
from aiomusic.emulator._moderation import Moderation, find_failure
from aiomusic.emulator._refusals import Reply
from aiomusic.emulator._replies import accepted, other_state_reply, poll_reply
from aiomusic.emulator._rules import (
    NOT_ACCESSIBLE,
    RequestRefused,
    read_request,
    read_webhook,
)
from aiomusic.emulator._songs import Song
from aiomusic.emulator._tasks import (
    Pace,
    PlannedFailure,
    Progress,
    Stage,
    Task,
    clip_state,
)
from aiomusic.emulator.dialects import Dialect, dialect_named, dialect_of

__all__ = ["Service"]


@final
@attrs.define(eq=False, kw_only=True, repr=False)
class Service:
    """
    The tasks and the money of one account.

    Args:
        songs: Returns a task's songs.
        on_task: Called with each new task.
        receive: Fetches an upload and returns its name, or raises `RequestRefused`.
        on_alias: Called with each id that stands for a clip, and that clip.
        price: Returns the credits that a request takes.
        url_of: Returns the URL of a media file.
        score_of: Returns the score of a clip; None: it is not known.
        on_end: Called once with each task that is over.
        on_play: Called once with each task of which a clip can be heard, where the
            service calls a webhook then; None: it never does.
        is_made: Checks whether a task's media are finished, so that it may end.
        moderation: Refuses requests for their words.
        is_strict: Whether unknown clip and persona ids are refused.
        is_preview: Whether songs are shorter than those of the service.
        max_in_flight: How many tasks may be in flight; None: no limit.
    """

    pace: Pace
    account: Account
    clock: Clock
    ids: Ids
    rng: random.Random
    songs: Callable[[Task], Sequence[Song]]
    on_task: Callable[[Task], None]
    receive: Callable[[str], Awaitable[str]]
    on_alias: Callable[[str, str], None]
    price: Callable[[Request[Any]], int]
    url_of: Callable[[str], str]
    score_of: Callable[[str], Score | None]
    on_end: Callable[[Task], None]
    on_play: Callable[[Task, Progress], None] | None
    is_made: Callable[[Task], bool]
    moderation: Moderation
    is_strict: bool = False
    max_in_flight: int | None = None
    is_preview: bool = False
    tasks: dict[str, Task] = attrs.field(factory=dict, init=False)
    in_flight: int = attrs.field(default=0, init=False)
    peak_in_flight: int = attrs.field(default=0, init=False)
    _known: set[tuple[str, str, str]] = attrs.field(factory=set, init=False)
    """Provider, kind and id of what was issued."""
    _number: int = attrs.field(default=0, init=False)
    _provider: str = attrs.field(default="", init=False)
    """The provider of the request that is carried out."""
    _due: list[tuple[float, int, Task, Callable[[Task], None]]] = attrs.field(
        factory=list, init=False
    )
    """What happens by the clock, and when; the number tells equal times apart."""
    _order: Iterator[int] = attrs.field(factory=itertools.count, init=False)
    _waiting_for_media: dict[Task, list[Callable[[Task], None]]] = attrs.field(
        factory=dict, init=False
    )

    async def create(
        self, path: str, body: object, provider: str, fault: Fault | None = None
    ) -> Reply:
        """
        Carry out a POST; only an upload waits for anything.

        Args:
            fault: A fault that applies to its task.
        """
        try:
            return 200, await self._create(path, body, fault)
        except RequestRefused as refused:
            status = refused.status
            dialect = dialect_named(provider)
            return status, dialect.envelope(status, refused.message, kind=refused.kind)

    async def _create(
        self, path: str, body: object, fault: Fault | None
    ) -> Mapping[str, object]:
        request = read_request(path, body)
        assert isinstance(body, dict)
        webhook = read_webhook(body) if request.WEBHOOK else None
        self._check_ids(request)
        self._check_times(request)
        failure = (
            (fault and fault.to_failure())
            or find_failure(body)
            or self.moderation.failure(request)
        )
        if failure is not None and request.REPLY is not None:
            raise RequestRefused(failure.status or 500, failure.message, failure.type)
        source = await self._fetched_upload(request)
        if request.REPLY is None and self._is_full():
            raise RequestRefused.of("queue_full")
        if not self.account.charge(self.price(request)):
            raise RequestRefused.of("no_credits")
        self._number, self._provider = self._number + 1, request.PROVIDER
        if request.REPLY is not None:
            return dialect_of(request).direct(request, source, self)
        task = self._new_task(request, failure)
        task.source = source
        if fault is not None:
            task.is_stuck, task.late = fault.kind == "stuck", fault.to_late()
        task.webhook = webhook
        self._begin(task)
        return accepted(task)

    def _is_full(self) -> bool:
        self.settle_due()
        most = self.max_in_flight
        return most is not None and self.in_flight >= most

    def _check_ids(self, request: Request[Any]) -> None:
        dialect = dialect_of(request)
        url = dialect.upload_url(request)
        if url is not None:
            _check_address(url)
            return
        if not self.is_strict:
            return
        clip = getattr(request, "clip", None)
        if clip is not None:
            kind = "upload" if clip.is_upload else "clip"
            field = fields_of(type(request))["clip"].wire
            self._check_known(request, kind, clip.clip_id, field)
        persona = dialect.persona(request)
        if persona is not None:
            self._check_known(request, "persona", persona, "persona_id")

    def _check_times(self, request: Request[Any]) -> None:
        """
        Refuse a second that is beyond the end of the clip, if that is known.

        A preview is extended from its end where the service's song would go on.
        """
        if self.is_preview and "until" not in fields_of(type(request)):
            return
        clip = getattr(request, "clip", None)
        fields = [n for n in ("at", "until") if getattr(request, n, None) is not None]
        score = self.score_of(clip.clip_id) if clip is not None and fields else None
        if score is None:
            return
        for name in fields:
            # A reply tells a rounded length, which a request may repeat.
            if getattr(request, name) > score.duration_s + 0.5:
                wire = fields_of(type(request))[name].wire
                rule = f"it is beyond the end of the clip, {score.duration_s:g} s"
                raise RequestRefused(400, f"The '{wire}' field is invalid: {rule}.")

    def _check_known(
        self, request: Request[Any], kind: str, given: str, field: str
    ) -> None:
        if (request.PROVIDER, kind, given) not in self._known:
            text = f"The '{field}' field is invalid: there is no such {kind}."
            raise RequestRefused(400, text)

    @property
    def number(self) -> int:
        """How many requests were carried out."""
        return self._number

    def new_id(self, kind: str, part: int = 0) -> str:
        """Return a new id for a *kind* of thing, of this request."""
        new = self.ids.make(kind, self._number, part)
        if self.is_strict:
            self._known.add((self._provider, kind, new))
        return new

    def _new_task(self, request: Request[Any], failure: PlannedFailure | None) -> Task:
        if self.is_strict:
            for clip in range(request.clips):
                self.new_id("clip", clip)
        return Task(
            number=self._number,
            task_id=self.new_id("task"),
            request=request,
            made_at=self.clock.wall(),
            started=self.clock.now(),
            stretch=self.pace.stretch(self.rng),
            failure=failure,
        )

    def _begin(self, task: Task) -> None:
        self.settle_due()
        self.tasks[task.task_id] = task
        self.in_flight += 1
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
        self._plan(task)
        self.on_task(task)

    def _plan(self, task: Task) -> None:
        """Note when a task plays and ends by the clock, if not by polls."""
        if self.pace.is_counted:
            return
        if self._tells_playing(task):
            self._at(self.pace.until_playable(task.clips), task, self._play)
        if not task.is_stuck:
            is_early = task.failure is not None and task.failure.is_early
            length = self.pace.total - (self.pace.running if is_early else 0.0)
            self._at(length, task, self.end)

    def _at(self, seconds: float, task: Task, act: Callable[[Task], None]) -> None:
        when = task.started + seconds * task.stretch
        heapq.heappush(self._due, (when, next(self._order), task, act))

    @property
    def next_due(self) -> float | None:
        """When something happens to a task by the clock; None: nothing is due."""
        return self._due[0][0] if self._due else None

    def settle_due(self) -> None:
        """Do what is due, except with tasks whose audio is not made."""
        now = self.clock.now()
        while self._due and self._due[0][0] <= now:
            _, _, task, act = heapq.heappop(self._due)
            if self._may_end(task):
                act(task)
            else:
                self._waiting_for_media.setdefault(task, []).append(act)

    def made(self, task: Task) -> None:
        """Do what was due with a task whose media are finished now."""
        if acts := self._waiting_for_media.pop(task, ()):
            # Its end comes last, and a clip that plays is no news then.
            acts[-1](task)

    def _tells_playing(self, task: Task) -> bool:
        can_tell = dialect_of(task.request).has_streaming_webhook
        is_called = self.on_play is not None and task.webhook is not None
        return can_tell and is_called and not _will_fail(task)

    def _play(self, task: Task) -> None:
        """Tell once that a clip of a task can be heard, unless the task is over."""
        progress = task.progress(self.pace, self.clock.now())
        is_heard = not task.is_over and clip_state(progress, 0, task.clips)[1]
        if is_heard and not task.is_told and self._tells_playing(task):
            task.is_told = True
            assert self.on_play is not None
            self.on_play(task, progress)

    def _may_end(self, task: Task) -> bool:
        return _will_fail(task) or self.is_made(task)

    def is_whole(self, task: Task, clip: int) -> bool:
        """Check whether clip number *clip* of a task has come to its end."""
        self.settle_due()
        if task.is_over:
            return True
        progress = task.progress(self.pace, self.clock.now())
        return clip_state(progress, clip, task.clips)[0] == "succeeded"

    def end(self, task: Task) -> None:
        """End a task, whatever its pace; refund it if it failed."""
        if task.is_over:
            return
        task.is_over = True
        task.ended = self.clock.now()
        self._waiting_for_media.pop(task, None)
        self.in_flight -= 1
        failure = task.failure
        if failure is not None and failure.is_refunded and not failure.is_partial:
            self.account.refund(self.price(task.request))
            task.is_refunded = True
        self.on_end(task)

    def refuse(self, task_id: str, failure: PlannedFailure) -> None:
        """Make a task fail, even if it is over."""
        task = self.tasks.get(task_id)
        if task is None:
            return
        task.failure = failure
        if not task.is_over:
            self.end(task)
        elif not task.is_refunded:
            self.account.refund(self.price(task.request))
            task.is_refunded = True

    def poll(self, provider: str, task_id: str, state: str | None = None) -> Reply:
        """
        Carry out a poll (API: get music).

        Args:
            state: A word to reply instead of the task's state.
        """
        dialect = dialect_named(provider)
        task = self.tasks.get(task_id)
        if task is None or task.provider != provider:
            return dialect.refusal("task_not_found")
        progress = self._progress(task)
        late = task.missing(self.clock.now())
        if state is not None:
            return other_state_reply(task, progress, self.songs(task), late, state)
        failed = self._failed(task, dialect)
        return failed or poll_reply(task, progress, self.songs(task), late)

    def _progress(self, task: Task) -> Progress:
        """Count a poll, and return what it finds."""
        task.polls += 1
        progress = task.progress(self.pace, self.clock.now())
        if progress.stage is Stage.OVER and not task.is_over:
            if self._may_end(task):
                self.end(task)
            else:
                progress = Progress(Stage.RUNNING, 1.0)
        task.polls_over += task.is_over
        self._play(task)
        return progress

    def _failed(self, task: Task, dialect: Dialect) -> Reply | None:
        if task.failure is None or not task.is_over:
            return None
        return dialect.failed(task.failure, is_refunded=task.is_refunded)

    def balance(self) -> Reply:
        """Return the reply with the balance (API: get-credits)."""
        account = self.account
        return 200, {"credits": account.credits, "extra_credits": account.extra_credits}

    async def _fetched_upload(self, request: Request[Any]) -> str:
        """Return the name of a fetched upload; empty: nothing to fetch or to pay."""
        url = dialect_of(request).upload_url(request)
        if url is None or self.account.balance < self.price(request):
            return ""
        return await self.receive(url)

    def alias(self, new_id: str, source: str) -> None:
        """Let an id stand for a clip or an upload."""
        self.on_alias(new_id, source)

    def url(self, name: str) -> str:
        """Return the URL of a media file."""
        return self.url_of(name)

    def score(self, clip_id: str) -> Score | None:
        """Return the score of a clip; None: it is not known."""
        return self.score_of(clip_id)


def _will_fail(task: Task) -> bool:
    return task.failure is not None and not task.failure.is_partial


def _check_address(url: str) -> None:
    try:
        is_valid = not (URL(url).host or "").endswith(".invalid")
    except ValueError:
        # Its port is not a number, or its host not a valid name.
        is_valid = False
    if not is_valid:
        raise RequestRefused(400, NOT_ACCESSIBLE)
