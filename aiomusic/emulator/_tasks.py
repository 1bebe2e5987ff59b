"""
How a task moves, without a clock, a socket or a file.

::

    not ready ─► pending ─► running ─► over
"""

import enum
import random
from typing import Any, Self, final

import attrs

from aiomusic._request import Request

__all__ = [
    "OVER",
    "LateResult",
    "Pace",
    "PlannedFailure",
    "Progress",
    "Stage",
    "Task",
    "clip_state",
]


@final
class Stage(enum.IntEnum):
    """How far a task is."""

    NOT_READY = 0
    PENDING = 1
    RUNNING = 2
    OVER = 3


@final
@attrs.frozen
class Progress:
    """
    What one look at a task finds.

    Args:
        share: How much of the running is done, 0 to 1.
    """

    stage: Stage
    share: float = 0.0


OVER = Progress(Stage.OVER, 1.0)


@final
@attrs.frozen
class Pace:
    """
    How fast tasks move; made by `Pace.polls` or `Pace.seconds`.

    A task goes through these stages, in this order:

    1. not ready: suno answers 202 ``not_ready``, riffusion an empty list, nuro
       ``pending`` (API: the unknowns say that a first look may be any of these).
    2. pending: suno lists its clips as ``pending``, riffusion its first one alone.
    3. running: the clips become playable one after the other: ``audio_url`` while
       still ``running``, then ``succeeded``, the first before the second.
    4. over: every clip is final.
    """

    not_ready: float
    pending: float
    running: float
    spread: float
    is_counted: bool

    @classmethod
    def polls(cls, pending: int = 1, running: int = 1, *, not_ready: int = 1) -> Self:
        """
        Move a task by how often it was looked at.

        Args:
            not_ready, pending, running: Looks that find it in that stage; the look
                after them finds it over.
        """
        return cls(not_ready, pending, running, spread=0.0, is_counted=True)

    @classmethod
    def seconds(
        cls,
        pending: float = 1.0,
        running: float = 4.0,
        *,
        not_ready: float = 0.0,
        spread: float = 0.0,
    ) -> Self:
        """
        Move a task by the clock.

        Args:
            not_ready, pending, running: Seconds in that stage.
            spread: The sigma of a log-normal factor on all three, drawn for each
                task from the emulator's seed; 0: all tasks take as long.
        """
        return cls(not_ready, pending, running, spread=spread, is_counted=False)

    @classmethod
    def of(cls, value: Self | float) -> Self:
        """Take a pace, or the seconds that a task takes in all."""
        if isinstance(value, cls):
            return value
        total = float(value)  # type: ignore[arg-type]
        return cls.seconds(total * 0.2, total * 0.7, not_ready=total * 0.1)

    @property
    def total(self) -> float:
        """The looks, or the seconds, before a task is over."""
        return self.not_ready + self.pending + self.running

    @property
    def retry_after_s(self) -> float:
        """When to look again, which the real service leaves to its clients."""
        return 0.1 if self.is_counted else min(5.0, max(0.1, self.total / 8))

    def stretch(self, rng: random.Random) -> float:
        """Draw how much longer than usual one task takes."""
        return rng.lognormvariate(0.0, self.spread) if self.spread else 1.0

    def progress(self, passed: float, *, stretch: float = 1.0) -> Progress:
        """
        Say what a look finds.

        Args:
            passed: Looks with this one, or seconds.
        """
        at = passed - 1 if self.is_counted else passed / stretch
        if at < self.not_ready:
            return Progress(Stage.NOT_READY)
        at -= self.not_ready
        if at < self.pending:
            return Progress(Stage.PENDING)
        at -= self.pending
        if at >= self.running:
            return OVER
        if self.is_counted:
            return Progress(Stage.RUNNING, (at + 1) / (self.running + 1))
        return Progress(Stage.RUNNING, at / self.running)


@final
@attrs.frozen(kw_only=True)
class PlannedFailure:
    """
    How a task will fail.

    Args:
        message: The service's words.
        status: The HTTP status of every look from then on; None: looks succeed and
            the clips say ``failed`` (nuro then answers 500).
        type: Nuro's word for this kind of failure.
        cause: What every dialect says, in place of words of its own; None: theirs.
        is_refunded: Whether the credits are given back.
        clips: How many of the clips fail, from the last; None: all.
        is_early: Whether it shows when running would begin, not at the end.
    """

    message: str
    status: int | None = None
    type: str = "api_error"
    cause: str | None = None
    is_refunded: bool = True
    clips: int | None = None
    is_early: bool = False

    @property
    def is_partial(self) -> bool:
        """Whether some of the clips are made all the same."""
        return self.clips is not None and self.status is None


@final
@attrs.frozen(kw_only=True)
class LateResult:
    """
    What is missing of a task's result at first, though the task is over.

    Args:
        is_clip: Whether whole clips are missing, or but their links.
        clips: Of how many clips, from the last; None: of all.
        seconds: For how long after the task's end.
        polls: In how many polls after its end, in place of *seconds*.
    """

    is_clip: bool
    clips: int | None
    seconds: float
    polls: int | None


@final
@attrs.define(eq=False)
class Task:
    """One task at the service."""

    number: int
    task_id: str
    request: Request[Any]
    made_at: float
    """Seconds since 1970, UTC."""
    started: float
    """On the clock that only grows."""
    stretch: float = 1.0
    failure: PlannedFailure | None = None
    is_stuck: bool = False
    late: LateResult | None = None
    webhook: tuple[str, str | None] | None = attrs.field(default=None, repr=False)
    """Address and secret."""
    polls: int = 0
    polls_over: int = 0
    """Those that found it over."""
    is_over: bool = False
    is_refunded: bool = False
    ended: float = 0.0
    """On the clock that only grows, once it is over."""

    @property
    def provider(self) -> str:
        """Whose task it is."""
        return self.request.PROVIDER

    @property
    def clips(self) -> int:
        """How many clips it makes."""
        return self.request.CLIPS

    def progress(self, pace: Pace, now: float) -> Progress:
        """Say how far it is now."""
        if self.is_over:
            return OVER
        passed = self.polls if pace.is_counted else now - self.started
        progress = pace.progress(passed, stretch=self.stretch)
        if progress.stage >= Stage.RUNNING and self.failure and self.failure.is_early:
            return OVER
        if progress is OVER and self.is_stuck:
            return Progress(Stage.RUNNING, 0.0)
        return progress

    def missing(self, now: float) -> LateResult | None:
        """Return what is missing of its result now."""
        late = self.late
        if late is None or not self.is_over:
            return late
        if late.polls is not None:
            return late if self.polls_over <= late.polls else None
        return late if now - self.ended < late.seconds else None

    def is_failed(self, clip: int) -> bool:
        """Whether clip number *clip* will fail."""
        if self.failure is None:
            return False
        return self.failure.clips is None or clip >= self.clips - self.failure.clips


def clip_state(progress: Progress, clip: int, clips: int) -> tuple[str, bool]:
    """Say the state of one of a task's clips, and whether it can be played."""
    if progress.stage < Stage.RUNNING:
        return "pending", False
    if progress.share >= (clip + 1) / clips:
        return "succeeded", True
    return "running", progress.share >= (clip + 0.5) / clips
