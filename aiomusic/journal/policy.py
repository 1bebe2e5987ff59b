"""
What becomes of a purchase: one table, with no I/O, that every journal runs on.

A row is one purchase.  It moves only by the service's word, by what its own record
says was sent, or by the user's explicit verdict.  Cancelling, timing out and
detaching are events of a *handle*.  Before the body leaves they end the row unpaid
(`Event.DROPPED`, `Event.NOT_SENT`); while it is on the wire they change nothing; once
there is a task, they release it at most (`Event.RELEASED`).

Stages:

=========  ==========================================================================
QUEUED     written down, holds nothing; nothing was ever sent
GRANTED    slot and credits are reserved; no byte of the body has left
SENT       the body began to leave, and no answer is known
TASK       the service has made a task of it, whose id is known
UNKNOWN    it was sent and its answer is lost; it counts as paid (a handle can be
           UNKNOWN while its row is SENT: an answer or a callback may still come)
SUCCEEDED  over, paid
FAILED     over; `charged` says what became of the money
CANCELLED  over by the user's verdict; a task that is found opens it again
=========  ==========================================================================

Each entry of `TABLE` says, for one event in one stage, the next stage and what happens
to the credits, the slot and the owner.  What is durable before an event, and what the
next process does with a row that it finds in a stage:

=========  ==============================  ==========================================
stage      durable before it               the next process
=========  ==============================  ==========================================
QUEUED     the row (written soon)          gives it held; sends it when told to
GRANTED    the row (synced)                holds it: QUEUED again, unpaid; UNKNOWN
                                           where its mark can't be read (a reboot)
SENT       row and mark, before the body   UNKNOWN; never sent again by itself
TASK       the task id (synced)            polls on with the same id
UNKNOWN    the row (synced)                reports it; a callback may bring the id
others     the row: synced where the       gives the result or the error again
           create ended it; where a poll
           or the user did, soon, and
           retried while it is locked
=========  ==============================  ==========================================

In a file, GRANTED and SENT are one state, ``submitting``: the owner's mark tells them
apart (`liveness`; in PostgreSQL the column ``begun``).

An event that has no entry in a stage changes nothing: the table is whole, and a test
walks all of it.
"""

import enum
from collections.abc import Mapping
from typing import final

import attrs

__all__ = [
    "LEASE_S",
    "TABLE",
    "Change",
    "Credits",
    "Event",
    "Owner",
    "Row",
    "Rule",
    "Slot",
    "Stage",
    "apply",
    "is_heeded",
    "may_begin",
]

# How long a task whose kind is not known may take, in seconds.
LEASE_S = 600.0


@final
class Stage(enum.StrEnum):
    """How far a purchase is; see the module."""

    QUEUED = "queued"
    GRANTED = "granted"
    SENT = "sent"
    TASK = "task"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@final
class Event(enum.StrEnum):
    """What can happen to a purchase."""

    GRANTED = "granted"
    """Admission found a slot and the credits."""
    BODY_BEGINS = "body begins"
    """The first byte of the create's body is about to leave."""
    RATE_LIMITED = "rate limited"
    """The service refused it for now (429, a full queue); nothing was bought."""
    NOT_SENT = "not sent"
    """It could not be sent."""
    REFUSED = "refused"
    """The service says no: nothing was bought."""
    ANSWERED = "answered"
    """The reply to the create holds the result itself."""
    ACCEPTED = "accepted"
    """The reply to the create, or a callback, names its task."""
    LOST = "lost"
    """It was sent, and no answer tells what became of it."""
    REFUNDED = "refunded"
    """No task came of it, and the service says that it gave the credits back."""
    SUCCEEDED = "succeeded"
    """A poll saw the task's end."""
    FAILED = "failed"
    """A poll saw that the task failed; the change says what is known of the money."""
    NEVER_SEEN = "never seen"
    """The service never knew the task, whose id somebody had named by hand."""
    RELEASED = "released"
    """Nobody here follows it: cancelled, timed out, detached."""
    DROPPED = "dropped"
    """The user cancelled a job that had not been sent."""
    LEFT = "left"
    """Its session was closed."""
    DIED = "died"
    """Its session's process is gone."""
    TAKEN_UP = "taken up"
    """A session owns it from now on; others may poll beside it."""
    LEASE_OVER = "lease over"
    """Nobody follows it, and the time that its kind takes has passed."""
    FOUND = "found"
    """The user, or a callback, names the task of a lost answer."""
    GIVEN_UP = "given up"
    """The user closes an unknown purchase, which counts as paid."""
    GIVEN_UP_UNPAID = "given up unpaid"
    """The user closes an unknown purchase, knowing that it was not charged."""


@final
class Credits(enum.Enum):
    """What an event does with a row's credits."""

    KEEP = enum.auto()
    RESERVE = enum.auto()
    RETURN = enum.auto()
    SPEND = enum.auto()
    SPEND_UNSURE = enum.auto()
    REFUND = enum.auto()
    AS_TOLD = enum.auto()
    """As the change's `charged` says; "no" is not believed of a task that was made."""


@final
class Slot(enum.Enum):
    """What an event does with a row's slot at the service."""

    KEEP = enum.auto()
    TAKE = enum.auto()
    FREE = enum.auto()
    LEASE = enum.auto()
    """Held for as long as its kind of task may take: nobody will see its end."""


@final
class Owner(enum.Enum):
    """What an event does with a row's owner."""

    KEEP = enum.auto()
    MINE = enum.auto()
    NONE = enum.auto()


@final
@attrs.frozen
class Rule:
    """What one event does in one stage."""

    stage: Stage
    credits: Credits = Credits.KEEP
    slot: Slot = Slot.KEEP
    owner: Owner = Owner.KEEP


def _over(stage: Stage, credits: Credits) -> Rule:  # noqa: A002 - the word
    return Rule(stage, credits, Slot.FREE, Owner.NONE)


_HELD = Rule(Stage.QUEUED, Credits.RETURN, Slot.FREE, Owner.NONE)
_LOST = Rule(Stage.UNKNOWN, Credits.SPEND_UNSURE, Slot.LEASE, Owner.NONE)
_ORPHANED = Rule(Stage.TASK, slot=Slot.LEASE, owner=Owner.NONE)
_OPENED = Rule(Stage.TASK, Credits.RESERVE, Slot.TAKE, Owner.MINE)
# A purchase that was given a wrong id is as unknown as before.  Rules are told apart by
# identity: this one is not the same as `_LOST`.
_MISNAMED = Rule(Stage.UNKNOWN, Credits.SPEND_UNSURE, Slot.LEASE, Owner.NONE)
# One that was attached, and bought nowhere that is known, is nothing.
_NO_TASK = _over(Stage.FAILED, Credits.SPEND_UNSURE)
_UNPAID = _over(Stage.FAILED, Credits.RETURN)

TABLE: Mapping[tuple[Event, Stage], Rule] = {
    # Admission, and the way to the wire.
    (Event.GRANTED, Stage.QUEUED): Rule(
        Stage.GRANTED, Credits.RESERVE, Slot.TAKE, Owner.MINE
    ),
    (Event.BODY_BEGINS, Stage.GRANTED): Rule(Stage.SENT),
    (Event.BODY_BEGINS, Stage.SENT): Rule(Stage.SENT),
    (Event.RATE_LIMITED, Stage.GRANTED): Rule(Stage.GRANTED),
    (Event.RATE_LIMITED, Stage.SENT): Rule(Stage.GRANTED),
    # What the create came to.
    (Event.NOT_SENT, Stage.GRANTED): _UNPAID,
    # Its own record says that it left, so it may have been bought.
    (Event.NOT_SENT, Stage.SENT): _LOST,
    (Event.REFUSED, Stage.GRANTED): _UNPAID,
    (Event.REFUSED, Stage.SENT): _UNPAID,
    (Event.ANSWERED, Stage.GRANTED): _over(Stage.SUCCEEDED, Credits.SPEND),
    (Event.ANSWERED, Stage.SENT): _over(Stage.SUCCEEDED, Credits.SPEND),
    (Event.ANSWERED, Stage.UNKNOWN): _over(Stage.SUCCEEDED, Credits.SPEND),
    (Event.ACCEPTED, Stage.GRANTED): _OPENED,
    (Event.ACCEPTED, Stage.SENT): _OPENED,
    (Event.ACCEPTED, Stage.TASK): _OPENED,
    (Event.ACCEPTED, Stage.UNKNOWN): _OPENED,
    (Event.LOST, Stage.GRANTED): _LOST,
    (Event.LOST, Stage.SENT): _LOST,
    (Event.REFUNDED, Stage.GRANTED): _over(Stage.FAILED, Credits.REFUND),
    (Event.REFUNDED, Stage.SENT): _over(Stage.FAILED, Credits.REFUND),
    (Event.REFUNDED, Stage.UNKNOWN): _over(Stage.FAILED, Credits.REFUND),
    # It was sent by one who was taken for dead meanwhile: it must not be sent again.
    (Event.ANSWERED, Stage.QUEUED): _over(Stage.SUCCEEDED, Credits.SPEND),
    (Event.ACCEPTED, Stage.QUEUED): _OPENED,
    (Event.LOST, Stage.QUEUED): _LOST,
    # What a poll saw.
    (Event.SUCCEEDED, Stage.TASK): _over(Stage.SUCCEEDED, Credits.SPEND),
    (Event.FAILED, Stage.TASK): _over(Stage.FAILED, Credits.AS_TOLD),
    (Event.NEVER_SEEN, Stage.TASK): _MISNAMED,
    # The handle's own ends.
    (Event.RELEASED, Stage.TASK): _ORPHANED,
    (Event.DROPPED, Stage.QUEUED): _over(Stage.CANCELLED, Credits.RETURN),
    (Event.DROPPED, Stage.GRANTED): _over(Stage.CANCELLED, Credits.RETURN),
    # The session's ends, and who takes over.
    (Event.LEFT, Stage.QUEUED): _HELD,
    (Event.LEFT, Stage.GRANTED): _HELD,
    (Event.LEFT, Stage.SENT): _LOST,
    (Event.LEFT, Stage.TASK): _ORPHANED,
    (Event.DIED, Stage.QUEUED): _HELD,
    (Event.DIED, Stage.GRANTED): _HELD,
    (Event.DIED, Stage.SENT): _LOST,
    (Event.DIED, Stage.TASK): _ORPHANED,
    (Event.TAKEN_UP, Stage.TASK): Rule(Stage.TASK, slot=Slot.TAKE, owner=Owner.MINE),
    (Event.LEASE_OVER, Stage.TASK): Rule(Stage.TASK, slot=Slot.FREE),
    (Event.LEASE_OVER, Stage.UNKNOWN): Rule(Stage.UNKNOWN, slot=Slot.FREE),
    # What was given up may run all the same.
    (Event.LEASE_OVER, Stage.CANCELLED): Rule(Stage.CANCELLED, slot=Slot.FREE),
    # The user's verdicts on what is unknown.
    (Event.FOUND, Stage.UNKNOWN): _OPENED,
    (Event.FOUND, Stage.CANCELLED): _OPENED,
    (Event.FOUND, Stage.FAILED): _OPENED,
    (Event.GIVEN_UP, Stage.UNKNOWN): Rule(Stage.CANCELLED, owner=Owner.NONE),
    (Event.GIVEN_UP_UNPAID, Stage.UNKNOWN): _over(Stage.CANCELLED, Credits.RETURN),
}
"""Every transition there is; whatever is not here leaves the row as it was."""

CLOSED = frozenset({Stage.SUCCEEDED, Stage.FAILED, Stage.CANCELLED})

# What is told by whoever follows a row, and concerns no other's.
_OWNERS = frozenset({Event.RELEASED, Event.DROPPED, Event.LEFT, Event.DIED})
_ENDS = frozenset(
    {
        Event.REFUSED,
        Event.ANSWERED,
        Event.REFUNDED,
        Event.SUCCEEDED,
        Event.FAILED,
        Event.GIVEN_UP,
        Event.GIVEN_UP_UNPAID,
    }
)


@final
@attrs.frozen(kw_only=True, weakref_slot=False)
class Row:
    """
    The money side of one purchase.

    Attributes:
        charged: "yes", "no", "refunded", "unknown"; None while it is open.
        owner: The session that follows it; None: nobody.
        has_slot: Whether it counts against the concurrency.
        slot_until: Until when it counts, in seconds since 1970, where nobody will
            see its end; None: until its end is seen.
        lease_s: How long its kind of task may take, in seconds.
        sent_at: When it was granted or sent; None while it is queued.
        ended_at: When its outcome was known, or its answer was lost.
    """

    stage: Stage
    cost: int
    charged: str | None = None
    owner: str | None = None
    has_slot: bool = False
    slot_until: float | None = None
    lease_s: float = LEASE_S
    reserved: int = 0
    spent: int = 0
    task_id: str | None = None
    sent_at: float | None = None
    accepted_at: float | None = None
    ended_at: float | None = None


@final
@attrs.frozen(kw_only=True)
class Change:
    """
    One event, with what it tells.

    Attributes:
        now: Seconds since 1970.
        by: The session that it happens to.
        task_id: The task that it is about; a row with another task is not touched.
        charged: What is known of the money, where `Credits.AS_TOLD`.
    """

    event: Event
    now: float
    by: str | None = None
    task_id: str | None = None
    charged: str | None = None


def apply(row: Row, change: Change) -> Row:
    """Return the row after an event: the same object if it changes nothing."""
    rule = TABLE.get((change.event, row.stage))
    if rule is None or not _is_meant(row, change):
        return row
    if rule is _MISNAMED and not row.cost:
        rule = _NO_TASK
    reserved, spent, charged = _credits(row, rule, change)
    has_slot, until = _slot(row, rule, change)
    sent_at, accepted_at, ended_at = _times(row, rule, change)
    # Named one by one: it is made four times for each purchase.
    return Row(
        stage=rule.stage,
        cost=row.cost,
        charged=charged,
        owner=_owner(row, rule, change),
        has_slot=has_slot,
        slot_until=until,
        lease_s=row.lease_s,
        reserved=reserved,
        spent=spent,
        task_id=_task_id(row, rule, change),
        sent_at=sent_at,
        accepted_at=accepted_at,
        ended_at=ended_at,
    )


def is_heeded(row: Row | None, change: Change) -> bool:
    """
    Check whether a row, after an event, says what the event said, or knows more.

    Args:
        row: None: there is no such purchase.
    """
    # A session moves no row that it does not own, and need not be told so.
    if row is None or change.event in _OWNERS:
        return change.event in _OWNERS
    match change.event:
        case Event.ACCEPTED | Event.FOUND:
            return row.task_id == change.task_id
        case Event.LOST:
            return row.stage not in {Stage.QUEUED, Stage.GRANTED, Stage.SENT}
        case Event.NOT_SENT:
            return row.stage in CLOSED or row.stage is Stage.UNKNOWN
        case event if event in _ENDS:
            return row.stage in CLOSED
        case _:
            return True


def may_begin(stage: Stage, owner: str | None, by: str) -> bool:
    """
    Check whether a create may leave: its row is still granted to that session.

    Whoever took the session for dead may have settled it meanwhile, or bought again.
    """
    return stage in {Stage.GRANTED, Stage.SENT} and owner == by


def _is_meant(row: Row, change: Change) -> bool:
    """Check whether an event is about this row's task, and by who follows it."""
    if change.event is Event.FOUND:
        return row.task_id is None and change.task_id is not None
    if change.event is Event.ACCEPTED:
        # The first id stays: a second one is another purchase's.
        return change.task_id is not None and row.task_id in {None, change.task_id}
    if change.task_id is not None and row.task_id not in {None, change.task_id}:
        return False
    if change.event is Event.FAILED and change.charged is None:
        return False
    return change.event not in _OWNERS or change.by == row.owner


def _credits(row: Row, rule: Rule, change: Change) -> tuple[int, int, str | None]:
    told = rule.credits
    if told is Credits.AS_TOLD:
        told = {"refunded": Credits.REFUND, "yes": Credits.SPEND}.get(
            change.charged or "", Credits.SPEND_UNSURE
        )
    match told:
        case Credits.KEEP:
            return row.reserved, row.spent, row.charged
        case Credits.RESERVE:
            return row.cost, 0, None
        case Credits.RETURN:
            return 0, 0, None if rule.stage is Stage.QUEUED else "no"
        case Credits.REFUND:
            return 0, 0, "refunded"
        case Credits.SPEND:
            return 0, row.cost, "yes"
        case _:
            return 0, row.cost, "unknown"


def _slot(row: Row, rule: Rule, change: Change) -> tuple[bool, float | None]:
    match rule.slot:
        case Slot.TAKE:
            # A task that was made elsewhere has no price, and takes no slot.
            return row.has_slot or rule.stage is Stage.GRANTED or row.cost > 0, None
        case Slot.FREE:
            return False, None
        case Slot.LEASE if row.has_slot:
            return True, (row.accepted_at or change.now) + row.lease_s
        case _:
            return row.has_slot, row.slot_until


def _owner(row: Row, rule: Rule, change: Change) -> str | None:
    match rule.owner:
        case Owner.MINE:
            return change.by
        case Owner.NONE:
            return None
        case _:
            return row.owner


def _task_id(row: Row, rule: Rule, change: Change) -> str | None:
    if rule is _MISNAMED:
        return None
    return change.task_id if rule is _OPENED else row.task_id


def _times(
    row: Row, rule: Rule, change: Change
) -> tuple[float | None, float | None, float | None]:
    """Return when it was sent, accepted and ended, after an event."""
    sent, accepted, ended = row.sent_at, row.accepted_at, row.ended_at
    if rule is _OPENED:
        return sent, change.now if row.task_id is None else accepted, None
    if rule is _MISNAMED:
        return sent, None, change.now
    if rule.stage is Stage.QUEUED:
        return None, accepted, ended
    if row.stage is Stage.QUEUED and rule.stage is Stage.GRANTED:
        return change.now, accepted, ended
    is_end = rule.stage in CLOSED or rule.stage is Stage.UNKNOWN
    if is_end and rule.stage is not row.stage:
        return sent, accepted, change.now
    return sent, accepted, ended
