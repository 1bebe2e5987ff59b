"""
Everything aiomusic raises on purpose.

::

    MusicError
    ├── NotSent                  the request never left this machine
    ├── SubmissionUnknown        it was sent, and no answer came back
    ├── ApiError                 the service answered, and its answer is no
    │   ├── AuthenticationFailed     the key is missing, wrong or expired
    │   ├── InvalidRequest           a field breaks a rule (also found here, unsent)
    │   ├── OutOfCredits             the balance does not cover the cost
    │   ├── SubscriptionInactive     the account has no active subscription
    │   ├── ContentRefused           moderation, copyright, names, lyrics format
    │   ├── RateLimited              too many requests
    │   ├── QueueFull                the service takes no more tasks for now
    │   ├── TaskNotFound             no task has this id
    │   └── ServiceFailed            the service broke (5xx)
    ├── ProtocolError            an answer came that can't be read
    ├── JobError                 a job ended without its result
    │   ├── JobFailed                the task failed at the service
    │   ├── JobCancelled             job.cancel() was called
    │   ├── JobTimedOut              a time limit of yours ran out
    │   └── JobDetached              we stopped following a task that may live on
    ├── BudgetExceeded           max_credits, or a ceiling of limits, is too low
    ├── JournalError             the journal can't be read or written
    └── DownloadError            a clip could not be stored as a file

Each says what happened to the money (`MusicError.charged`) and when a repeat
makes sense (`MusicError.retry`).
Messages hold no secret of a session, no signature of a link and no control
characters, and are bounded.
"""

import copy
import enum
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self, final

from aiomusic._redact import shown
from aiomusic._reply import RawReply

__all__ = [
    "ApiError",
    "AuthenticationFailed",
    "BudgetExceeded",
    "Charged",
    "ContentRefused",
    "DownloadError",
    "InvalidRequest",
    "JobCancelled",
    "JobDetached",
    "JobError",
    "JobFailed",
    "JobTimedOut",
    "JournalError",
    "MusicError",
    "MusicWarning",
    "NextStep",
    "NotSent",
    "OutOfCredits",
    "ProtocolError",
    "QueueFull",
    "RateLimited",
    "Retry",
    "ServiceFailed",
    "SubmissionUnknown",
    "SubscriptionInactive",
    "TaskNotFound",
]


MAX_TEXT_CHARS = 2000


@final
class Charged(enum.StrEnum):
    """What is known of the money when an error is raised."""

    NO = "no"
    YES = "yes"
    REFUNDED = "refunded"
    UNKNOWN = "unknown"


@final
class Retry(enum.StrEnum):
    """When doing the same again makes sense."""

    NOW = "now"
    LATER = "later"
    AFTER_EDIT = "after an edit"
    NEVER = "never"


@final
class NextStep(enum.StrEnum):
    """What can be done about a job that ended in an error, in a machine's words."""

    CHECK_ACCOUNT = "check account"
    """Compare the balance and the service's own list of songs before a repeat."""
    NAME_TASK = "name task"
    """``job.found(task_id)``, if that list holds the task."""
    BUY_AGAIN = "buy again"
    """``job.resubmit()``."""
    CLOSE = "close"
    """``job.give_up()``."""
    FOLLOW = "follow"
    """``music.attach(provider, task_id)``, for free; with a journal `resume` too."""
    SEND = "send"
    """``music.resume(queued=True)``: it was queued in a journal, and never sent."""


_IN_PYTHON: Final = {
    NextStep.CHECK_ACCOUNT: "Compare your credits and the service's own list of songs"
    " before you repeat it.",
    NextStep.NAME_TASK: "job.found(task_id) follows a task that you find there.",
    NextStep.BUY_AGAIN: "job.resubmit() buys it again.",
    NextStep.CLOSE: "job.give_up() closes it.",
    NextStep.SEND: "music.resume(queued=True) sends it, if a journal keeps it.",
}

UNKNOWN_STEPS: Final = (
    NextStep.CHECK_ACCOUNT,
    NextStep.NAME_TASK,
    NextStep.BUY_AGAIN,
    NextStep.CLOSE,
)
"""What can be done about a create whose answer was lost."""


class MusicWarning(UserWarning):
    """The request is sent as it is, and the service may not like it."""


class MusicError(Exception):
    """
    Any error of this library.

    Args:
        message: What was tried, what was seen, and what to do.
        charged: What happened to the money.
        retry: When a repeat makes sense.
        key: The key of the job it is about, if there is one.
        task_id: The service's id of the task, if it is known.
        next_steps: What can be done about it, the likeliest first; its text says
            each as a call.

    Attributes:
        provider: Whose task it is, if that is known.
        reply: Status, headers and request id of the answer that it was raised for;
            None: there was none, or it is from a journal.
        reply_text: Of an answer that could not be read, what it said, bounded.
    """

    charged: Charged = Charged.NO
    retry: Retry = Retry.NEVER
    key: str | None = None
    provider: str | None = None
    task_id: str | None = None
    next_steps: tuple[NextStep, ...] = ()
    reply: RawReply | None = None
    reply_text: str | None = None

    def __init__(
        self,
        message: str,
        *,
        charged: Charged | None = None,
        retry: Retry | None = None,
        key: str | None = None,
        task_id: str | None = None,
        next_steps: Sequence[NextStep] = (),
    ) -> None:
        super().__init__(shown(message))
        if next_steps:
            self.next_steps = tuple(next_steps)
        if charged is not None:
            self.charged = charged
        if retry is not None:
            self.retry = retry
        self.key = key
        self.task_id = task_id

    def __str__(self) -> str:
        about = self._known()
        steps = (self._in_python(step) for step in self.next_steps)
        text = " ".join((self.message, *steps))
        return shown(f"{text} [{', '.join(about)}]" if about else text)

    @property
    def message(self) -> str:
        """What was tried, what was seen, and what it means for the money."""
        return str(self.args[0])

    def _in_python(self, step: NextStep) -> str:
        """Return a next step as the call that takes it."""
        if step is not NextStep.FOLLOW:
            return _IN_PYTHON[step]
        if self.provider is None or self.task_id is None:
            return "music.resume() with a journal follows it again."
        call = f"music.attach({self.provider!r}, {self.task_id!r})"
        return f"{call} follows it again, and so does music.resume() with a journal."

    def _known(self) -> list[str]:
        """Return what it is about, in a few words each."""
        ids = (("job", self.key), ("task", self.task_id))
        return [f"{name} {value}" for name, value in ids if value is not None]

    def _about(
        self,
        *,
        key: str | None = None,
        provider: str | None = None,
        task_id: str | None = None,
        charged: Charged | None = None,
    ) -> Self:
        """Add what the raiser could not know: the job, and its money."""
        self.key = self.key if key is None else key
        self.provider = self.provider if provider is None else provider
        self.task_id = self.task_id if task_id is None else task_id
        self.charged = self.charged if charged is None else charged
        return self

    def _fresh(self) -> Self:
        """Copy without the traceback, so that each waiter raises its own."""
        new = copy.copy(self)
        new.__cause__ = self.__cause__
        return new


class NotSent(MusicError):
    """The request never left: no connection was made, nothing was charged."""

    retry = Retry.NOW


class SubmissionUnknown(MusicError):
    """
    The request was sent and its answer was lost, so it may have been charged.

    The library never sends such a request again by itself.
    """

    charged = Charged.UNKNOWN


class ApiError(MusicError):
    """
    The service answered, and its answer is no.

    Raised as it is where the answer has no type of its own; `text` tells.

    Args:
        status: The HTTP status, or None if the refusal was made here, unsent.
        text: The service's own words, up to 2,000 characters.
        retry_after_s: Seconds after which the service asks to be tried again.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        text: str = "",
        retry_after_s: float | None = None,
        charged: Charged | None = None,
        retry: Retry | None = None,
        key: str | None = None,
        task_id: str | None = None,
    ) -> None:
        super().__init__(
            message, charged=charged, retry=retry, key=key, task_id=task_id
        )
        self.status = status
        self.text: str = shown(text, MAX_TEXT_CHARS)
        self.retry_after_s = retry_after_s


class AuthenticationFailed(ApiError):
    """The API key is missing, malformed, wrong or expired."""

    retry = Retry.AFTER_EDIT


class InvalidRequest(ApiError, ValueError):
    """
    A field of the request breaks a rule of the service.

    Args:
        field: The argument's name, where it is known.
        rule: The rule it breaks, where it is known.
    """

    retry = Retry.AFTER_EDIT

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        rule: str | None = None,
        status: int | None = None,
        text: str = "",
        retry_after_s: float | None = None,
        charged: Charged | None = None,
        retry: Retry | None = None,
        key: str | None = None,
        task_id: str | None = None,
    ) -> None:
        super().__init__(
            message,
            status=status,
            text=text,
            retry_after_s=retry_after_s,
            charged=charged,
            retry=retry,
            key=key,
            task_id=task_id,
        )
        self.field = field
        self.rule = rule


class OutOfCredits(ApiError):
    """The account's balance does not cover the cost."""

    retry = Retry.LATER


class SubscriptionInactive(ApiError):
    """The account has no active subscription."""

    retry = Retry.LATER


class ContentRefused(ApiError):
    """The service will not make this: moderation, copyright, names or form."""

    retry = Retry.AFTER_EDIT


class RateLimited(ApiError):
    """The service asks for fewer requests."""

    retry = Retry.LATER


class QueueFull(ApiError):
    """The service has no room for another task now."""

    retry = Retry.LATER


class TaskNotFound(ApiError):
    """The service knows no task with this id (yet, or any more)."""


class ServiceFailed(ApiError):
    """The service broke; of a create, that is a `SubmissionUnknown`."""

    retry = Retry.LATER


class ProtocolError(MusicError):
    """An answer came that is not what the API describes; it names the place."""

    retry = Retry.LATER


class JobError(MusicError):
    """
    A job ended without its result, or the waiting for it ended.

    Attributes:
        state: Where only the waiting ended, the `JobState` that the job was then in.
        elapsed_s: Likewise, the seconds since the job was made.
    """

    state: str | None = None
    elapsed_s: float | None = None

    def _known(self) -> list[str]:
        known = super()._known()
        if self.state is not None and self.elapsed_s is not None:
            known.append(f"{self.state} after {self.elapsed_s:.1f} s")
        return known

    def _when(self, state: str, elapsed_s: float) -> Self:
        """Add how far the job was, unless that is known."""
        self.state = self.state or state
        self.elapsed_s = elapsed_s if self.elapsed_s is None else self.elapsed_s
        return self


class JobFailed(JobError):
    """The task failed at the service."""

    charged = Charged.UNKNOWN
    retry = Retry.LATER


class JobCancelled(JobError):
    """``job.cancel()`` was called."""


class JobTimedOut(JobError, TimeoutError):
    """A time limit ran out before the task ended; the task may live on."""

    charged = Charged.YES


class JobDetached(JobError):
    """The library stopped following the job; a task it has may live on."""

    charged = Charged.YES


class BudgetExceeded(MusicError):
    """
    ``max_credits``, or a ceiling of ``limits``, does not cover it; nothing was sent.

    Attributes:
        tag: The name in the job's metadata, and its value, whose ceiling it is; None:
            it is that of all jobs.
    """

    def __init__(
        self,
        message: str,
        *,
        tag: tuple[str, str] | None = None,
        charged: Charged | None = None,
        retry: Retry | None = None,
        key: str | None = None,
        task_id: str | None = None,
    ) -> None:
        super().__init__(
            message, charged=charged, retry=retry, key=key, task_id=task_id
        )
        self.tag = tag


class JournalError(MusicError):
    """The journal can't be read or written, so nothing is bought."""


class DownloadError(MusicError):
    """
    A clip could not be stored as a file; it was paid for and is still there.

    Args:
        stored: The files of the same job that were stored all the same.
    """

    charged = Charged.YES
    retry = Retry.LATER

    def __init__(
        self,
        message: str,
        *,
        charged: Charged | None = None,
        retry: Retry | None = None,
        key: str | None = None,
        task_id: str | None = None,
        stored: Sequence[Path] = (),
    ) -> None:
        super().__init__(
            message, charged=charged, retry=retry, key=key, task_id=task_id
        )
        self.stored: tuple[Path, ...] = tuple(stored)
