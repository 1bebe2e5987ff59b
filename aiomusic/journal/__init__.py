"""
What is bought, written down: the protocol that every journal keeps.

A journal holds a row for each job that was ever sent, and decides whether the next
one may be: its row is the reservation of its credits and its slot, so both limits
hold for every process that shares the journal.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias, final

import attrs

from aiomusic.journal.policy import LEASE_S, Event
from aiomusic.journal.record import OPEN_STATES, Record

__all__ = [
    "EVERYTHING",
    "LEASE_S",
    "OPEN_STATES",
    "Archive",
    "Damaged",
    "Ending",
    "Entry",
    "Event",
    "Granted",
    "Grouping",
    "Identity",
    "Journal",
    "KnownKey",
    "Limits",
    "NoCapacity",
    "OverBudget",
    "Purchases",
    "Record",
    "Spending",
    "Verdict",
    "Wanted",
]

Grouping: TypeAlias = Literal["operation", "day"]


@final
@attrs.frozen(kw_only=True)
class Identity:
    """
    Who buys: an account at a service.

    Attributes:
        base_url: Where the service is.
        key: The API key; None: it is not known, and *name* says whose.
        name: The account's name, which stays where the key is replaced; None: it is
            known by its key.
    """

    base_url: str
    key: str | None = attrs.field(default=None, repr=False)
    name: str | None = None


@final
@attrs.frozen
class NoCapacity:
    """
    No slot is free, or credits are reserved that may yet be given back.

    Attributes:
        ahead: How many other sessions have waited for longer.
    """

    ahead: int = attrs.field(default=0, eq=False)


@final
@attrs.frozen
class OverBudget:
    """
    Even if all that may be given back were, it would not be enough.

    Attributes:
        spent: Credits that are spent, or held by jobs that nobody follows; of a tag,
            also those that are reserved.
        tag: The name and value in its metadata whose ceiling it is; None: that of all.
    """

    spent: int
    tag: tuple[str, str] | None = None


@final
@attrs.frozen(kw_only=True)
class Limits:
    """
    How much may be in flight and spent by all who share a journal.

    Attributes:
        by_tag: Names in jobs' metadata, and how many credits may be spent, or
            reserved, under each value of them.
    """

    concurrency: int
    max_credits: int | None = None
    by_tag: Mapping[str, int] = attrs.field(factory=dict)

    def refuse(
        self, cost: int, *, slots: int, reserved: int, spent: int, stranded: int
    ) -> NoCapacity | OverBudget | None:
        """
        Decide whether one more purchase may be made: the one place that does.

        Args:
            stranded: Of the *reserved* credits, those that nobody will give back.

        Returns:
            None if it may.
        """
        limit = self.max_credits
        if limit is not None and spent + reserved + cost > limit:
            gone = spent + stranded
            return OverBudget(gone) if gone + cost > limit else NoCapacity()
        return NoCapacity() if slots >= self.concurrency else None

    def refuse_tag(
        self, cost: int, tag: tuple[str, str], taken: int
    ) -> OverBudget | None:
        """
        Decide whether one more purchase may be made under a tag.

        It is refused, and does not wait for what may be given back: those behind it
        have other tags.

        Args:
            tag: A name in its metadata, and the text of its value.
            taken: Credits that are spent or reserved under it.
        """
        is_over = taken + cost > self.by_tag[tag[0]]
        return OverBudget(taken, tag) if is_over else None


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
        force_new: Whether to buy again even if the purchase before has its task, or
            its result, by now.
        lease_s: How long a task of its kind may take, in seconds; where nobody sees
            its end, its slot is held for so long.
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
    force_new: bool = False
    lease_s: float = LEASE_S


@final
@attrs.frozen
class Granted:
    """Intent, slot and credits are written down: the create may be sent."""

    attempt: int


@final
@attrs.frozen
class KnownKey:
    """
    The key is in the journal already.

    Attributes:
        is_taken_up: Whether nobody followed its job, and this session does from now.
    """

    record: Record
    is_taken_up: bool = False


@final
@attrs.frozen
class Damaged:
    """
    The key is in the journal, in a row that can't be read, so nothing is sent.

    Attributes:
        why: Which job it is, and what is wrong with its row.
    """

    why: str


Verdict: TypeAlias = Granted | KnownKey | NoCapacity | OverBudget | Damaged


@final
@attrs.frozen(kw_only=True)
class Ending:
    """
    How a job ended, and what is kept of it.

    Attributes:
        event: What happened; what that means for the money is not the caller's to
            say: `aiomusic.journal.policy` does.
        charged: For `Event.FAILED` alone, what the service says of the money.
        now: Seconds since 1970.
    """

    event: Event
    now: float
    charged: str | None = None
    task_id: str | None = None
    error: Mapping[str, Any] | None = None
    result: Any = None
    clips: Sequence[Any] = ()
    balance: int | None = None


@final
@attrs.frozen(kw_only=True)
class Spending:
    """What was bought under one heading."""

    jobs: int
    credits: int
    reserved: int = 0


@final
@attrs.frozen(kw_only=True)
class Wanted:
    """
    Which jobs to list.

    Attributes:
        states: Those of a `JobState`, or ``"open"``; none: all.
        tags: Names in their metadata, and the text of each.
        clips: Ids, of which a job made at least one; None: all.
        lacks_mark: Only those that the user has not marked so; None: all.
        made_after: Only those made since, in seconds since 1970; None: all.
        limit: How many, the newest; None: all.
        are_own: Only those of the account that reads, if it is told which.
    """

    states: Sequence[str] = ()
    tags: Mapping[str, str] = attrs.field(factory=dict)
    clips: Sequence[str] | None = None
    lacks_mark: str | None = None
    made_after: float | None = None
    limit: int | None = None
    are_own: bool = False


EVERYTHING = Wanted()


class Purchases(Protocol):
    """What guards the money: limits, and what became of each purchase."""

    @property
    def is_kept(self) -> bool:
        """Whether jobs outlive the session, and others may share the limits."""

    @property
    def lease_until(self) -> float | None:
        """When a slot is next freed that nobody frees, in seconds since 1970."""

    @property
    def takeover_s(self) -> float | None:
        """How often to take over what others have left, in seconds; None: never."""

    async def open(self, identity: Identity | None = None) -> None:
        """
        Make ready to buy for an account.

        Args:
            identity: Whose; None: that of the one account whose rows there are.

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

    async def note_sent(self, key: str, attempt: int) -> bool:
        """
        Write down that the first byte of a create is about to leave.

        Then its row is looked at again: another process may have settled it since it
        was granted, given it up, or bought again in its place.

        It outlives the process, so that a purchase without it was never made.  It
        need not outlive the machine: where it is lost, the purchase is unknown.

        Returns:
            Whether it may leave.

        Raises:
            JournalError: It could not be, so nothing may be sent.
        """

    def note_unsent(self, key: str, attempt: int) -> None:
        """Write down that the service refused it for now, and bought nothing."""

    async def accept(self, key: str, attempt: int, task_id: str, now: float) -> None:
        """
        Write down a task's id, durably.

        Raises:
            JournalError: It could not be, or there is no such purchase.
        """

    async def settle(self, key: str, attempt: int, ending: Ending) -> None:
        """
        Write down how a job ended, durably.

        Raises:
            JournalError: It could not be.
        """

    def end(self, key: str, attempt: int, ending: Ending) -> None:
        """Write down how a job ended, soon; a second end is ignored."""

    def release(self, key: str, attempt: int) -> None:
        """Stop following an open job, if nobody else does; it stays open."""

    async def draw(self, count: int, per_s: float, now: float) -> float:
        """
        Reserve the turns of so many requests, of all that its sessions may send.

        Args:
            per_s: How many a second the account may send in all.
            now: Seconds since 1970.

        Returns:
            In how many seconds the first may go out; the others follow evenly.

        Raises:
            JournalError: It could not be written, so nothing may be sent.
        """


class Archive(Protocol):
    """What is kept of jobs beside their money, where a journal outlives its session."""

    def enqueue(self, entries: Sequence[Entry]) -> None:
        """Write down, soon, jobs that wait to be sent; those that are known are not."""

    async def hold(self, entries: Sequence[Entry]) -> list[Record | None]:
        """
        Write down, durably, jobs that anybody may send later, and nobody has yet.

        A key under which nothing was bought gets this request; others stay as they are.

        Returns:
            What each key has instead; None: its job is held.

        Raises:
            JournalError: They could not be written.
        """

    async def note_held(self, key: str, error: Mapping[str, Any]) -> None:
        """Write down why a job that is held was not sent."""

    def attach(self, entry: Entry, task_id: str) -> None:
        """
        Write down a task that was made elsewhere, which costs nothing here.

        Under the key of a purchase whose answer was lost, it is that one's task.
        """

    async def find_lost(self, key: str, attempt: int, task_id: str, now: float) -> bool:
        """
        Assign a task to a purchase whose answer was lost; return whether it was lost.

        Raises:
            JournalError: It could not be written down.
        """

    def give_up_soon(
        self, key: str, attempt: int, now: float, *, is_charged: bool = True
    ) -> None:
        """Close an unknown job for good; it counts as paid for if *is_charged*."""

    def note_balance(self, key: str, attempt: int, balance: int) -> None:
        """Keep what the account held after an unknown purchase, if nobody has."""

    async def recall(self, name: str) -> object:
        """Return what is kept under a name."""

    def keep(
        self,
        name: str,
        change: Callable[[object], object],
        then: Callable[[object], object] | None = None,
    ) -> None:
        """
        Change, soon, what is kept under a name for all sessions.

        Args:
            change: Given what is kept, or None, returns what to keep, which JSON can
                hold; the same object: it stays.  It may run in another thread, while
                nobody else changes it, and again if it could not be written.
            then: Called with what is kept from then on.
        """

    def note_files(self, key: str, attempt: int, files: Sequence[str]) -> None:
        """Add files that a job's clips were stored in."""

    async def mark(self, key: str, attempt: int, name: str, now: float) -> None:
        """
        Write down, durably, what the user notes of a job, once under each name.

        Raises:
            JournalError: It could not be, or there is no such purchase.
        """

    async def find(self, key: str, attempt: int | None = None) -> Record | None:
        """Return a purchase under a key; None: the last that was not refused unpaid."""

    async def find_task(self, provider: str, task_id: str) -> Record | None:
        """Return the job that a task belongs to."""

    async def claim(
        self, now: float, key: str | None = None, limit: int | None = None
    ) -> list[Record]:
        """
        Take over what no living session follows, and return it with what is unknown.

        Args:
            limit: Take only so many tasks, and nothing else; None: all.
        """

    async def records(self, wanted: Wanted = EVERYTHING) -> list[Record]:
        """
        Return the last purchase under every key and all that is open, oldest first.

        What they came to, their clips and results, is left to `find`.
        """

    async def spending(
        self, by: Grouping = "operation", tag: str | None = None
    ) -> dict[str, Spending]:
        """Add up what was bought, by operation, by day, or by a metadata name."""


class Journal(Purchases, Archive, Protocol):
    """Where jobs are written down."""
