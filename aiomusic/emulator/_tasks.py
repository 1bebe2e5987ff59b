"""
The progress of tasks: pure computation, without clock, socket or file.

::

    not ready ─► pending ─► running ─► over
"""

import enum
import random
from typing import Any, Final, Self, final

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
    """How far a task has come."""

    NOT_READY = 0
    PENDING = 1
    RUNNING = 2
    OVER = 3


@final
@attrs.frozen
class Progress:
    """
    What a poll finds.

    Args:
        share: How much of the running stage is done, 0 to 1.
    """

    stage: Stage
    share: float = 0.0


OVER = Progress(Stage.OVER, 1.0)
_HEARD: Final = 0.5
"""The share of a running clip that is done when it can be heard."""


@final
@attrs.frozen
class Pace:
    """
    How fast tasks progress; made by `Pace.polls()` or `Pace.seconds()`.

    A task goes through these stages, in this order:

    1. not ready: suno answers 202 ``not_ready``, riffusion an empty list, nuro
       ``pending`` (API: a first poll may be answered in any of these ways).
    2. pending: suno lists its clips as ``pending``, riffusion its first one alone.
    3. running: the clips become playable one after the other: each gets its
       ``audio_url`` while it is ``running``, then is ``succeeded``.
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
        Return a pace that counts polls.

        Args:
            not_ready, pending, running: Polls that find a task in that stage; the
                poll after them finds it over.
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
        Return a pace that follows the clock.

        Args:
            not_ready, pending, running: Seconds in that stage.
            spread: The sigma of a log-normal factor on all three, drawn for each
                task from the emulator's seed; 0: all tasks take equally long.
        """
        return cls(not_ready, pending, running, spread=spread, is_counted=False)

    @classmethod
    def of(cls, value: Self | float) -> Self:
        """Return a pace, given one or the total seconds of a task."""
        if isinstance(value, cls):
            return value
        total = float(value)  # type: ignore[arg-type]
        return cls.seconds(total * 0.2, total * 0.7, not_ready=total * 0.1)

    @property
    def total(self) -> float:
        """The polls, or the seconds, before a task is over."""
        return self.not_ready + self.pending + self.running

    def until_playable(self, clips: int) -> float:
        """Return after how much of it the first of so many clips can be heard."""
        return self.not_ready + self.pending + self.running * _HEARD / clips

    @property
    def retry_after_s(self) -> float:
        """The advised poll interval, which the real service does not give."""
        return 0.1 if self.is_counted else min(5.0, max(0.1, self.total / 8))

    def stretch(self, rng: random.Random) -> float:
        """Draw the factor on the duration of one task."""
        return rng.lognormvariate(0.0, self.spread) if self.spread else 1.0

    def progress(self, passed: float, *, stretch: float = 1.0) -> Progress:
        """
        Return what a poll finds.

        Args:
            passed: Polls, this one included, or seconds since the create.
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
        message: The message of the service.
        status: The HTTP status of every poll from then on; None: polls succeed and
            show ``failed`` clips, unless the dialect has no place for that.
        type: The type of the error, for dialects that tell it.
        cause: A message for every dialect, even one with a message of its own.
        is_refunded: Whether the credits are refunded.
        clips: How many of the clips fail, from the last; None: all.
        is_early: Whether it fails when running would begin, not at the end.
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
        """Whether some of the clips succeed."""
        return self.clips is not None and self.status is None


@final
@attrs.frozen(kw_only=True)
class LateResult:
    """
    The part of a task's result that is missing at first, though the task is over.

    Args:
        is_clip: Whether whole clips are missing, or only their links.
        clips: How many clips are affected, from the last; None: all.
        seconds: How long after the task's end.
        polls: For how many polls after its end, in place of *seconds*.
    """

    is_clip: bool
    clips: int | None
    seconds: float
    polls: int | None


@final
@attrs.define(eq=False)
class Task:
    """One task of the service."""

    number: int
    task_id: str
    request: Request[Any]
    made_at: float
    """Seconds since 1970, UTC."""
    started: float
    """By the monotonic clock."""
    stretch: float = 1.0
    source: str = ""
    """The name of what it uploaded; empty: nothing."""
    failure: PlannedFailure | None = None
    is_stuck: bool = False
    late: LateResult | None = None
    webhook: tuple[str, str | None] | None = attrs.field(default=None, repr=False)
    """URL and secret."""
    polls: int = 0
    polls_over: int = 0
    """The polls that found it over."""
    is_over: bool = False
    is_refunded: bool = False
    is_told: bool = False
    """Whether a webhook told that a clip of it can be heard."""
    ended: float = 0.0
    """By the monotonic clock, once it is over."""

    @property
    def provider(self) -> str:
        """The provider whose task it is."""
        return self.request.PROVIDER

    @property
    def clips(self) -> int:
        """How many clips it generates."""
        return self.request.clips

    def progress(self, pace: Pace, now: float) -> Progress:
        """Return its progress at *now*."""
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
        """Return the part of its result that is missing at *now*."""
        late = self.late
        if late is None or not self.is_over:
            return late
        if late.polls is not None:
            return late if self.polls_over <= late.polls else None
        return late if now - self.ended < late.seconds else None

    def share(self, pace: Pace, now: float) -> float:
        """Return how much of it is done at *now*, from 0 to 1."""
        if self.is_over:
            return 1.0
        passed = self.polls if pace.is_counted else (now - self.started) / self.stretch
        return min(1.0, passed / pace.total) if pace.total else 1.0

    @property
    def is_failure(self) -> bool:
        """Whether it is over, and none of its clips succeeded."""
        failure = self.failure
        return self.is_over and failure is not None and not failure.is_partial

    def is_failed(self, clip: int) -> bool:
        """Check whether clip number *clip* will fail."""
        if self.failure is None:
            return False
        return self.failure.clips is None or clip >= self.clips - self.failure.clips


def clip_state(progress: Progress, clip: int, clips: int) -> tuple[str, bool]:
    """Return the state of one of *clips*, and whether it is playable."""
    if progress.stage < Stage.RUNNING:
        return "pending", False
    if progress.share >= (clip + 1) / clips:
        return "succeeded", True
    return "running", progress.share >= (clip + _HEARD) / clips
