"""
What is bought, written down: the protocol that every journal keeps.

A journal holds a row for each job that was ever sent, and decides whether the next
one may be: its row is the reservation of its credits and its slot, so both limits
hold for every process that shares the journal.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias, final

import attrs

__all__ = [
    "NEVER_SENT",
    "OPEN_STATES",
    "Busy",
    "Ending",
    "Entry",
    "Granted",
    "Grouping",
    "Journal",
    "Known",
    "Limits",
    "OverBudget",
    "Record",
    "Spending",
    "Verdict",
]

Grouping: TypeAlias = Literal["operation", "day"]


@final
@attrs.frozen(kw_only=True)
class Limits:
    """How much may be in flight and spent by all who share a journal."""

    concurrency: int
    max_credits: int | None = None


@final
@attrs.frozen(kw_only=True)
class Entry:
    """
    A job that wants to be sent.

    Attributes:
        attempt: 0: only if the key is new, or nothing was bought under it; else
            the number of this purchase under the key.
        made_at, now: Seconds since 1970.
        balance: Credits of the account when last seen; None: not known.
        is_anew: Whether to buy again even if the purchase before has its task, or
            its result, by now.
    """

    key: str
    attempt: int = 0
    kind: str
    provider: str
    request: Mapping[str, Any] | None
    fingerprint: str | None
    cost: int
    metadata: Mapping[str, object]
    made_at: float
    now: float
    balance: int | None = None
    is_anew: bool = False


@final
@attrs.frozen
class Granted:
    """Intent, slot and credits are written down: the create may be sent."""

    attempt: int


@final
@attrs.frozen
class Known:
    """
    The key is in the journal already.

    Attributes:
        is_taken_up: Whether nobody followed its job, and this session does from now.
    """

    record: "Record"
    is_taken_up: bool = False


@final
@attrs.frozen
class Busy:
    """No slot is free, or credits are reserved that may yet be given back."""


@final
@attrs.frozen
class OverBudget:
    """
    Even if all that may be given back were, it would not be enough.

    Attributes:
        spent: Credits that are spent, or held by jobs that nobody follows.
    """

    spent: int


Verdict: TypeAlias = Granted | Known | Busy | OverBudget


@final
@attrs.frozen(kw_only=True)
class Ending:
    """How a job ended."""

    state: str
    is_charged: bool
    charged: str
    now: float
    task_id: str | None = None
    error: Mapping[str, Any] | None = None
    result: Any = None
    is_attached: bool = False
    clips: Sequence[Any] = ()
    balance: int | None = None


@final
@attrs.frozen(kw_only=True)
class Record:
    """
    All that a journal knows of one job; times are seconds since 1970.

    Attributes:
        state: A `JobState`, in lower case.
        charged: A `Charged`; None while the job is open.
        is_followed: Whether a living session is on it.
        balance_before, balance_after: Credits of the account around the create.
    """

    key: str
    attempt: int
    kind: str
    provider: str
    request: Mapping[str, Any] | None
    fingerprint: str | None
    metadata: Mapping[str, Any]
    cost: int
    state: str
    charged: str | None
    is_followed: bool
    task_id: str | None
    made_at: float
    sent_at: float | None
    accepted_at: float | None
    ended_at: float | None
    balance_before: int | None
    balance_after: int | None
    error: Mapping[str, Any] | None
    result: Any
    clips: Sequence[Any]
    files: Sequence[str]

    @property
    def is_open(self) -> bool:
        """Whether it is at the service, as far as is known."""
        return self.state in OPEN_STATES

    def task_age_s(self, now: float) -> float:
        """Give how long ago the service took the task, as far as is known."""
        return max(0.0, now - (self.accepted_at or self.made_at))

    @property
    def lacks_balance(self) -> bool:
        """Whether its outcome is lost, and nobody has looked at the account since."""
        return self.state == "unknown" and self.balance_after is None


NEVER_SENT: Mapping[str, str] = {
    "type": "NotSent",
    "message": "Its session ended before it was sent. Nothing was charged.",
    "charged": "no",
    "retry": "now",
}
"""The error of a purchase that was written down and never left."""

OPEN_STATES = ("submitting", "pending", "running")


@final
@attrs.frozen(kw_only=True)
class Spending:
    """What was bought under one heading."""

    jobs: int
    credits: int
    reserved: int = 0


class Journal(Protocol):
    """Where jobs are written down."""

    @property
    def is_kept(self) -> bool:
        """Whether jobs outlive the session, and others may share the limits."""

    async def open(self) -> None:
        """
        Make ready.

        Raises:
            JournalError: It can't be read or written.
        """

    async def aclose(self) -> None:
        """Write what is left, and leave what is open to whoever resumes it."""

    async def admit(self, entries: Sequence[Entry], limits: Limits) -> list[Verdict]:
        """
        Judge jobs in their order, up to the first that has to wait, durably.

        Raises:
            JournalError: Nothing was written, so nothing may be sent.
        """

    def note_sent(self, key: str, attempt: int) -> None:
        """
        Write down that the first byte of a create is about to leave.

        It outlives the process, so that a purchase without it was never made.  It
        need not outlive the machine: where it is lost, the purchase is unknown.

        Raises:
            JournalError: It could not be, so nothing may be sent.
        """

    def note_unsent(self, key: str, attempt: int) -> None:
        """Write down that nothing was bought: it was refused, or never left."""

    async def accept(self, key: str, attempt: int, task_id: str, now: float) -> None:
        """
        Write down a task's id, durably.

        Raises:
            JournalError: It could not be.
        """

    def end(self, key: str, attempt: int, ending: Ending) -> None:
        """Write down how a job ended, soon; a second end is ignored."""

    def release(self, key: str, attempt: int) -> None:
        """Stop following an open job, if nobody else does; it stays open."""

    def attach(self, entry: Entry, task_id: str) -> None:
        """Write down a task that was made elsewhere, which costs nothing here."""

    def give_up(self, key: str, attempt: int, now: float) -> None:
        """Close an unknown job for good; it stays counted as paid for."""

    def note_balance(self, key: str, attempt: int, balance: int) -> None:
        """Keep what the account held after an unknown purchase, if nobody has."""

    async def recall(self, name: str) -> Any | None:  # noqa: ANN401 - JSON
        """Give what `keep` was last given under a name."""

    def keep(self, name: str, value: object) -> None:
        """Keep a value that JSON can hold, for later sessions."""

    def note_files(self, key: str, attempt: int, files: Sequence[str]) -> None:
        """Add files that a job's clips were stored in."""

    async def find(self, key: str, attempt: int | None = None) -> Record | None:
        """Give a purchase under a key; None: the last that was not refused unpaid."""

    async def find_task(self, provider: str, task_id: str) -> Record | None:
        """Give the job that a task belongs to."""

    async def adopt(self, now: float, key: str | None = None) -> list[Record]:
        """Take over what no living session follows, and give what is unknown."""

    async def records(self) -> list[Record]:
        """Give the last purchase under every key and all that is open, oldest first."""

    async def spending(
        self, by: Grouping = "operation", tag: str | None = None
    ) -> dict[str, Spending]:
        """Add up what was bought, by operation, by day, or by a metadata name."""
