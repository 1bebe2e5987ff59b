"""The service itself: what it takes, what it charges, what it answers."""

import heapq
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, final

import attrs
from yarl import URL

from aiomusic._clock import Clock
from aiomusic._request import Request
from aiomusic.composer import write_lyrics
from aiomusic.emulator._faults import Fault
from aiomusic.emulator._ids import Ids
from aiomusic.emulator._purse import Purse
from aiomusic.emulator._refusals import Reply, envelope, refusal
from aiomusic.emulator._replies import accepted, task_body, with_state
from aiomusic.emulator._rules import (
    NOT_ACCESSIBLE,
    Refusal,
    find_doom,
    read_request,
    read_webhook,
)
from aiomusic.emulator._songs import Song
from aiomusic.emulator._tasks import Doom, Look, Pace, Stage, Task
from aiomusic.providers import lyrics, riffusion, suno

__all__ = ["Service"]


@final
@attrs.define(eq=False, kw_only=True, repr=False)
class Service:
    """
    All tasks and all money of one account.

    Args:
        songs: Tells of a task's songs.
        on_order: Told of each new task.
        receive: Takes in what is uploaded from an address, and names it; it raises
            a Refusal of what it can't take.
        on_alias: Told of each id that stands for a clip, and of that clip.
        on_end: Told of each task that is over, once.
        is_made: Whether nothing that a task's end must wait for is left to do.
        is_lenient: Whether clip and persona ids that it never gave are taken.
        max_in_flight: How many tasks may be under way; None: any number.
    """

    pace: Pace
    purse: Purse
    clock: Clock
    ids: Ids
    dice: random.Random
    songs: Callable[[Task], Sequence[Song]]
    on_order: Callable[[Task], None]
    receive: Callable[[str], Awaitable[str]]
    on_alias: Callable[[str, str], None]
    on_end: Callable[[Task], None]
    is_made: Callable[[Task], bool]
    is_lenient: bool = True
    max_in_flight: int | None = None
    tasks: dict[str, Task] = attrs.field(factory=dict, init=False)
    in_flight: int = attrs.field(default=0, init=False)
    peak_in_flight: int = attrs.field(default=0, init=False)
    _known: set[str] = attrs.field(factory=set, init=False)
    _made: int = attrs.field(default=0, init=False)
    _due: list[tuple[float, int, Task]] = attrs.field(factory=list, init=False)
    _held: set[Task] = attrs.field(factory=set, init=False)

    async def create(
        self, path: str, body: object, provider: str, fault: Fault | None = None
    ) -> Reply:
        """
        Carry out a POST; only an upload waits for anything.

        Args:
            fault: What is ordered for the task that it makes.
        """
        try:
            return 200, await self._create(path, body, fault)
        except Refusal as no:
            return no.status, envelope(provider, no.status, no.message, kind=no.kind)

    async def _create(
        self, path: str, body: object, fault: Fault | None
    ) -> Mapping[str, object]:
        request = read_request(path, body)
        assert isinstance(body, dict)
        webhook = read_webhook(body) if request.WEBHOOK else None
        self._check_ids(request)
        doom = (fault and fault.to_doom()) or find_doom(body)
        if doom is not None and request.REPLY is not None:
            raise Refusal(doom.status or 500, doom.message, doom.type)
        source = await self._received(request)
        if request.REPLY is None and self._is_full():
            raise Refusal.of("queue_full")
        if not self.purse.take(request.COST):
            raise Refusal.of("no_credits")
        self._made += 1
        if request.REPLY is not None:
            return self._direct(request, source)
        task = self._new_task(request, doom)
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
        if isinstance(request, (suno.UploadAudio, riffusion.UploadAudio)):
            _check_address(request.url)
            return
        if self.is_lenient:
            return
        clip = getattr(request, "clip", None)
        if clip is not None:
            kind = "upload" if clip.is_upload else "clip"
            self._check_known(kind, clip.clip_id, "continue_clip_id")
        if isinstance(request, suno.CreateWithPersona):
            self._check_known("persona", request.persona, "persona_id")

    def _check_known(self, kind: str, given: str, field: str) -> None:
        if f"{kind} {given}" not in self._known:
            text = f"The '{field}' field is invalid: there is no such {kind}."
            raise Refusal(400, text)

    def _new_id(self, kind: str, part: int = 0) -> str:
        new = self.ids.make(kind, self._made, part)
        if not self.is_lenient:
            self._known.add(f"{kind} {new}")
        return new

    def _new_task(self, request: Request[Any], doom: Doom | None) -> Task:
        if not self.is_lenient:
            for clip in range(request.CLIPS):
                self._new_id("clip", clip)
        return Task(
            number=self._made,
            task_id=self._new_id("task"),
            request=request,
            made_at=self.clock.wall(),
            started=self.clock.now(),
            stretch=self.pace.stretch(self.dice),
            doom=doom,
        )

    def _begin(self, task: Task) -> None:
        self.settle_due()
        self.tasks[task.task_id] = task
        self.in_flight += 1
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
        ends_at = self._ends_at(task)
        if ends_at is not None:
            heapq.heappush(self._due, (ends_at, task.number, task))
        self.on_order(task)

    def _ends_at(self, task: Task) -> float | None:
        """Say when a task is over by the clock; None: that depends on looks."""
        if self.pace.is_counted or task.is_stuck:
            return None
        is_early = task.doom is not None and task.doom.is_early
        length = self.pace.total - (self.pace.running if is_early else 0.0)
        return task.started + length * task.stretch

    @property
    def next_due(self) -> float | None:
        """When the next task is over by the clock."""
        return self._due[0][0] if self._due else None

    def settle_due(self) -> None:
        """End the tasks whose time has come, but for those whose audio is not made."""
        now = self.clock.now()
        while self._due and self._due[0][0] <= now:
            task = heapq.heappop(self._due)[2]
            if self._may_end(task):
                self.end(task)
            else:
                self._held.add(task)

    def made(self, task: Task) -> None:
        """Take note that nothing is left to do for a task."""
        if task in self._held:
            self.end(task)

    def _may_end(self, task: Task) -> bool:
        is_doomed = task.doom is not None and not task.doom.is_partial
        return is_doomed or self.is_made(task)

    def end(self, task: Task) -> None:
        """Make a task final, whatever its pace; refund it if it failed."""
        if task.is_over:
            return
        task.is_over = True
        task.ended = self.clock.now()
        self._held.discard(task)
        self.in_flight -= 1
        doom = task.doom
        if doom is not None and doom.is_refunded and not doom.is_partial:
            self.purse.give_back(task.request.COST)
            task.is_refunded = True
        self.on_end(task)

    def refuse(self, task_id: str, doom: Doom) -> None:
        """End a task in failure, whatever was said of it before."""
        task = self.tasks.get(task_id)
        if task is None:
            return
        task.doom = doom
        if not task.is_over:
            self.end(task)
        elif not task.is_refunded:
            self.purse.give_back(task.request.COST)
            task.is_refunded = True

    def look(self, provider: str, task_id: str, state: str | None = None) -> Reply:
        """
        Carry out a look at a task (API: get music).

        Args:
            state: A word to say in place of its state.
        """
        task = self.tasks.get(task_id)
        if task is None or task.provider != provider:
            return refusal("task_not_found", provider)
        task.looks += 1
        look = task.look(self.pace, self.clock.now())
        if look.stage is Stage.OVER and not task.is_over:
            if self._may_end(task):
                self.end(task)
            else:
                look = Look(Stage.RUNNING, 1.0)
        task.looks_over += task.is_over
        late = task.lacks(self.clock.now())
        if state is not None:
            shown = max(look, Look(Stage.PENDING), key=lambda one: one.stage)
            _, body = task_body(task, shown, self.songs(task), late)
            return 200, with_state(body, state)
        return self._refused(task) or task_body(task, look, self.songs(task), late)

    def _refused(self, task: Task) -> Reply | None:
        doom, status = task.doom, task.doom and task.doom.status
        if doom is None or not task.is_over:
            return None
        message = doom.message
        if status is None and task.provider == "nuro":
            # API: a failed nuro task most likely answers with an error (inferred).
            status, message = 500, doom.nuro
        if status is None:
            return None
        return status, envelope(
            task.provider,
            status,
            message,
            kind=doom.type,
            is_refunded=task.is_refunded,
        )

    def balance(self) -> Reply:
        """Tell the balance (API: get-credits)."""
        purse = self.purse
        return 200, {"credits": purse.credits, "extra_credits": purse.extra_credits}

    async def _received(self, request: Request[Any]) -> str:
        """Take in an upload that can be paid; nothing else brings anything."""
        match request:
            case suno.UploadAudio() | riffusion.UploadAudio() if (
                self.purse.balance >= request.COST
            ):
                return await self.receive(request.url)
        return ""

    def _direct(self, request: Request[Any], source: str) -> Mapping[str, object]:
        match request:
            case lyrics.Create():
                written = write_lyrics(request.description, seed=self._made)
                results = [{"title": w.title, "lyrics": w.lyrics} for w in written]
                return {"code": 200, "results": results, "message": "success"}
            case suno.CreatePersona():
                persona_id = self._new_id("persona")
                self.on_alias(persona_id, request.clip.clip_id)
                return {"code": 200, "persona_id": persona_id, "message": "success"}
        clip_id = self._new_id("upload")
        self.on_alias(clip_id, source)
        return {"code": 200, "clip_id": clip_id, "message": "success"}


def _check_address(url: str) -> None:
    try:
        is_valid = not (URL(url).host or "").endswith(".invalid")
    except ValueError:
        # Its port is no number, or its host is nothing that names can be.
        is_valid = False
    if not is_valid:
        raise Refusal(400, NOT_ACCESSIBLE)
