"""What a journal knows of one job, and how that answers what a job answers."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Self, TypeVar, cast, final

import attrs

from aiomusic import _codec
from aiomusic._job import JobState
from aiomusic._json import from_json, to_json
from aiomusic._request import Request
from aiomusic.errors import (
    UNKNOWN_STEPS,
    Charged,
    JobCancelled,
    JobDetached,
    JournalError,
    MusicError,
    NextStep,
    SubmissionUnknown,
)
from aiomusic.results import Clip, ClipState

__all__ = ["MADE_FROM", "OPEN_STATES", "Record"]

R = TypeVar("R")
V = TypeVar("V")

OPEN_STATES: Final = ("submitting", "pending", "running")
# What is decoded only when it is asked for, by its name in JSON.
_RAW: Final = ("request", "error", "clips", "result")
# Beside the fields of a held request: which of them take what other jobs make.
MADE_FROM: Final = "made_from"
# What reading a damaged row may raise.
_UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


@final
@attrs.frozen(kw_only=True)
class Record:
    """
    All that a journal knows of one job; times are seconds since 1970.

    What a `MusicJob` answers too, it answers by the same name and type: ``key``,
    ``kind``, ``provider``, ``request``, ``state``, ``task_id``, ``cost``, ``charged``,
    ``metadata``, ``marks``, ``clips``, ``error`` and ``done()``.

    Attributes:
        charged: None while the job is open.
        owner: The session that follows it; None: nobody.
        is_followed: Whether a living session is on it.
        balance_before, balance_after: Credits of the account around the create.
        account: Whose it is; None: not known, as it is from before there were any.
        is_other_account: Whether it is another's than the session's: its key is free,
            it is not counted, and nobody here follows it.
        archive: The file that its request, error, files, result and clips were moved
            to; `find` reads them there.
        archive_place: Where in it they begin, in bytes.
        clip_count: How many clips it has.
        marks: What the user marked it as, and when.
        raw_request, raw_error, raw_clips, raw_result: As they are written down, in
            JSON; a list of jobs leaves out clips and result.
        damage: What is wrong with its row, of which nothing else is told then; None:
            nothing.
    """

    key: str
    attempt: int
    kind: str
    provider: str
    raw_request: Mapping[str, Any] | None
    fingerprint: str | None
    metadata: Mapping[str, Any]
    cost: int
    state: JobState = attrs.field(converter=JobState)
    charged: Charged | None = attrs.field(converter=attrs.converters.optional(Charged))
    owner: str | None = None
    is_followed: bool
    task_id: str | None
    made_at: float
    sent_at: float | None
    accepted_at: float | None
    ended_at: float | None
    balance_before: int | None
    balance_after: int | None
    raw_error: Mapping[str, Any] | None
    files: Sequence[str]
    account: str | None = None
    is_other_account: bool = False
    archive: str | None = None
    archive_place: int | None = None
    clip_count: int = 0
    marks: Mapping[str, float] = attrs.field(factory=dict)
    raw_clips: Sequence[Any] = ()
    raw_result: Any = None
    damage: str | None = None

    @property
    def request(self) -> Request[Any] | None:
        """
        What was asked for; None where that is not known.

        It is not of a task that was attached, nor of a job that is held until what it
        is `made_from` is there.

        Raises:
            JournalError: It can't be read.
        """
        return (
            None if self.made_from else self._read(Request.from_json, self.raw_request)
        )

    @property
    def made_from(self) -> Mapping[str, str]:
        """
        Which fields of a held job's request take what other jobs make.

        By the field's name, as in ``{"clip": "@intro[1]"}``.
        """
        found = (self.raw_request or {}).get(MADE_FROM)
        return found if isinstance(found, Mapping) else {}

    @property
    def draft(self) -> Request[Any] | None:
        """
        The request of a held job, with something in place of what others make.

        Raises:
            JournalError: It can't be read.
        """
        fields = dict(self.raw_request or {})
        fields.pop(MADE_FROM, None)
        return self._read(Request.from_json, fields or None)

    @property
    def clips(self) -> tuple[Clip, ...]:
        """
        All clips that were seen; none in a list of jobs.

        Raises:
            JournalError: They can't be read.
        """
        return self._read(_codec.clips_from_json, self.raw_clips) or ()

    @property
    def result(self) -> Any:  # noqa: ANN401 - any request's
        """
        What awaiting its job gives; None if it has none, and in a list of jobs.

        Raises:
            JournalError: It can't be read.
        """
        if self.state is not JobState.SUCCEEDED:
            return None
        found = self._read(_codec.result_from_json, self.raw_result)
        made = tuple(c for c in self.clips if c.state is ClipState.SUCCEEDED)
        return found or made or None

    @property
    def error(self) -> MusicError | None:
        """
        Why it ended without a result; None while it is open or if it has one.

        Raises:
            JournalError: It can't be read.
        """
        if self.is_open:
            return None
        if self.lacks_archive:
            return self._identified(_archived(self))
        if self.state is JobState.SUCCEEDED:
            return None
        found = self._ended_with()
        return self._identified(found)

    def _identified(self, error: MusicError) -> MusicError:
        return error._about(key=self.key, provider=self.provider, task_id=self.task_id)

    def _ended_with(self) -> MusicError:
        match self.state:
            case JobState.QUEUED if self.raw_error is None:
                return _held()
            case JobState.CANCELLED:
                return _given_up(self)
            case _:
                found = self._read(_codec.error_from_json, self.raw_error)
                return _unanswered(self) if found is None else found

    def _read(self, read: Callable[[V], R], value: V | None) -> R | None:
        try:
            return None if value is None else read(value)
        except _UNREADABLE as error:
            message = (
                f"What the journal has of the job can't be read: {error}. It was"
                f" {self.state}, and is not bought again by itself."
            )
            unread = JournalError(message, charged=Charged.UNKNOWN)
            raise self._identified(unread) from error

    def done(self) -> bool:
        """Check whether nobody waits for it, and it is not at the service."""
        return not self.is_open

    @property
    def is_open(self) -> bool:
        """Whether it is at the service, or somebody waits to send it."""
        return self.state in OPEN_STATES or (
            self.state is JobState.QUEUED and self.is_followed
        )

    @property
    def is_held(self) -> bool:
        """Whether it was queued by a session that is gone, and never sent."""
        return self.state is JobState.QUEUED and not self.is_followed

    @property
    def lacks_archive(self) -> bool:
        """Whether what it came to was moved away, and is not read from there."""
        told = (self.raw_request, self.raw_error, self.raw_result)
        return self.archive is not None and not self.raw_clips and told == (None,) * 3

    def task_age_s(self, now: float) -> float:
        """Return how long ago the service took the task, as far as is known."""
        return max(0.0, now - (self.accepted_at or self.made_at))

    @property
    def lacks_balance(self) -> bool:
        """Whether its outcome is lost, and nobody has looked at the account since."""
        is_lost = self.state is JobState.UNKNOWN and self.damage is None
        return is_lost and self.balance_after is None

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON; no secret is spelled in it."""
        fields = attrs.asdict(self, recurse=False)
        named = {name.removeprefix("raw_"): value for name, value in fields.items()}
        return cast("dict[str, Any]", to_json(named))

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """
        Read what `to_json` returned.

        Raises:
            ValueError: It is something else.
        """
        raw = {f"raw_{name}" if name in _RAW else name: value[name] for name in value}
        return from_json(raw, cls)


def _unanswered(record: Record) -> SubmissionUnknown:
    message = (
        "The journal does not tell whether the create was answered"
        f" ({_when(record)}), so it may have been charged: {_balances(record)} It is"
        " not sent again by itself."
    )
    return SubmissionUnknown(message, next_steps=UNKNOWN_STEPS)


def _archived(record: Record) -> JournalError:
    message = (
        f"The job was {record.state}, and moved to {record.archive}, where it can't be"
        " read; put that file back. It is not bought again by itself."
    )
    return JournalError(
        message,
        charged=Charged(record.charged or Charged.UNKNOWN),
        next_steps=() if record.task_id is None else [NextStep.FOLLOW],
    )


def _held() -> JobDetached:
    message = (
        "The job was queued by a session that has ended, and was never sent. Nothing"
        " was charged."
    )
    return JobDetached(message, charged=Charged.NO, next_steps=[NextStep.SEND])


def _given_up(record: Record) -> JobCancelled:
    charged = Charged(record.charged or Charged.UNKNOWN)
    if record.task_id is None:
        message = "The job was given up; whether its create was charged is not known."
        return JobCancelled(message, charged=charged, next_steps=[NextStep.BUY_AGAIN])
    message = "The job was given up while its task went on at the service."
    return JobCancelled(message, charged=charged, next_steps=[NextStep.FOLLOW])


def _balances(record: Record) -> str:
    before, after = record.balance_before, record.balance_after
    now = "" if after is None else f" and was {_credits(after)} afterwards"
    return f"the balance before it was {_credits(before)}{now}."


def _when(record: Record) -> str:
    if record.sent_at is None:
        return "it is not known when"
    return f"{datetime.fromtimestamp(record.sent_at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _credits(value: int | None) -> str:
    return "not seen" if value is None else f"{value} credits"
