"""The table: every event in every stage, by itself and as each journal has it."""

import itertools
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from journaling import NO_LIMITS, ending, entry, rows, sqlite_journal, totals

from aiomusic.errors import JournalError
from aiomusic.journal import Journal
from aiomusic.journal.memory import MemoryJournal
from aiomusic.journal.policy import (
    CLOSED,
    TABLE,
    Change,
    Event,
    Row,
    Stage,
    apply,
    is_heeded,
)
from aiomusic.journal.sqlite import SqliteJournal

pytestmark = pytest.mark.anyio

ME = "me"
GRANTED = Row(
    stage=Stage.GRANTED,
    cost=10,
    lease_s=60.0,
    owner=ME,
    has_slot=True,
    reserved=10,
    sent_at=1.0,
)
LOST = attrs.evolve(
    GRANTED,
    stage=Stage.UNKNOWN,
    charged="unknown",
    owner=None,
    slot_until=63.0,
    reserved=0,
    spent=10,
    ended_at=3.0,
)
OVER = attrs.evolve(LOST, has_slot=False, slot_until=None)
START = {
    Stage.QUEUED: Row(stage=Stage.QUEUED, cost=10, lease_s=60.0, owner=ME),
    Stage.GRANTED: GRANTED,
    Stage.SENT: attrs.evolve(GRANTED, stage=Stage.SENT),
    Stage.TASK: attrs.evolve(GRANTED, stage=Stage.TASK, task_id="t", accepted_at=2.0),
    Stage.UNKNOWN: LOST,
    Stage.SUCCEEDED: attrs.evolve(
        OVER, stage=Stage.SUCCEEDED, charged="yes", task_id="t", accepted_at=2.0
    ),
    Stage.FAILED: attrs.evolve(OVER, stage=Stage.FAILED, charged="no", spent=0),
    Stage.CANCELLED: attrs.evolve(LOST, stage=Stage.CANCELLED),
}
NAMES_TASK = {Event.ACCEPTED, Event.FOUND, Event.SUCCEEDED, Event.FAILED}
EVERY = list(itertools.product(Event, Stage))

# Stage, charged, reserved + spent, slot, owner; a pair that is not here changes
# nothing and may: the row knows as much, or it is not for this session to say.
EXPECTED = {
    ("granted", "queued"): "granted open 10+0 slot mine",
    ("body begins", "granted"): "sent open 10+0 slot mine",
    ("body begins", "sent"): "sent open 10+0 slot mine",
    ("rate limited", "granted"): "granted open 10+0 slot mine",
    ("rate limited", "sent"): "granted open 10+0 slot mine",
    ("not sent", "queued"): "unheeded",
    ("not sent", "granted"): "failed no 0+0 - -",
    ("not sent", "sent"): "unknown unknown 0+10 lease -",
    ("not sent", "task"): "unheeded",
    ("refused", "queued"): "unheeded",
    ("refused", "granted"): "failed no 0+0 - -",
    ("refused", "sent"): "failed no 0+0 - -",
    ("refused", "task"): "unheeded",
    ("refused", "unknown"): "unheeded",
    ("answered", "queued"): "succeeded yes 0+10 - -",
    ("answered", "granted"): "succeeded yes 0+10 - -",
    ("answered", "sent"): "succeeded yes 0+10 - -",
    ("answered", "task"): "unheeded",
    ("answered", "unknown"): "succeeded yes 0+10 - -",
    ("accepted", "queued"): "task open 10+0 slot mine",
    ("accepted", "granted"): "task open 10+0 slot mine",
    ("accepted", "sent"): "task open 10+0 slot mine",
    ("accepted", "task"): "task open 10+0 slot mine",
    ("accepted", "unknown"): "task open 10+0 slot mine",
    ("accepted", "failed"): "unheeded",
    ("accepted", "cancelled"): "unheeded",
    ("lost", "queued"): "unknown unknown 0+10 - -",
    ("lost", "granted"): "unknown unknown 0+10 lease -",
    ("lost", "sent"): "unknown unknown 0+10 lease -",
    ("refunded", "queued"): "unheeded",
    ("refunded", "granted"): "failed refunded 0+0 - -",
    ("refunded", "sent"): "failed refunded 0+0 - -",
    ("refunded", "task"): "unheeded",
    ("refunded", "unknown"): "failed refunded 0+0 - -",
    ("succeeded", "queued"): "unheeded",
    ("succeeded", "granted"): "unheeded",
    ("succeeded", "sent"): "unheeded",
    ("succeeded", "task"): "succeeded yes 0+10 - -",
    ("succeeded", "unknown"): "unheeded",
    ("failed", "queued"): "unheeded",
    ("failed", "granted"): "unheeded",
    ("failed", "sent"): "unheeded",
    ("failed", "task"): "failed refunded 0+0 - -",
    ("failed", "unknown"): "unheeded",
    ("never seen", "task"): "unknown unknown 0+10 lease -",
    ("released", "task"): "task open 10+0 lease -",
    ("dropped", "queued"): "cancelled no 0+0 - -",
    ("dropped", "granted"): "cancelled no 0+0 - -",
    ("left", "queued"): "queued open 0+0 - -",
    ("left", "granted"): "queued open 0+0 - -",
    ("left", "sent"): "unknown unknown 0+10 lease -",
    ("left", "task"): "task open 10+0 lease -",
    ("died", "queued"): "queued open 0+0 - -",
    ("died", "granted"): "queued open 0+0 - -",
    ("died", "sent"): "unknown unknown 0+10 lease -",
    ("died", "task"): "task open 10+0 lease -",
    ("taken up", "task"): "task open 10+0 slot mine",
    ("lease over", "task"): "task open 10+0 - mine",
    ("lease over", "unknown"): "unknown unknown 0+10 - -",
    ("lease over", "cancelled"): "cancelled unknown 0+10 - -",
    ("found", "queued"): "unheeded",
    ("found", "granted"): "unheeded",
    ("found", "sent"): "unheeded",
    ("found", "unknown"): "task open 10+0 slot mine",
    ("found", "failed"): "task open 10+0 slot mine",
    ("found", "cancelled"): "task open 10+0 slot mine",
    ("given up", "queued"): "unheeded",
    ("given up", "granted"): "unheeded",
    ("given up", "sent"): "unheeded",
    ("given up", "task"): "unheeded",
    ("given up", "unknown"): "cancelled unknown 0+10 lease -",
    ("given up unpaid", "queued"): "unheeded",
    ("given up unpaid", "granted"): "unheeded",
    ("given up unpaid", "sent"): "unheeded",
    ("given up unpaid", "task"): "unheeded",
    ("given up unpaid", "unknown"): "cancelled no 0+0 - -",
}


def change_of(event: Event, **fields: object) -> Change:
    task_id = "t" if event in NAMES_TASK else None
    charged = "refunded" if event is Event.FAILED else None
    given = {"now": 9.0, "by": ME, "task_id": task_id, "charged": charged}
    return Change(event=event, **{**given, **fields})  # type: ignore[arg-type]


def shown(row: Row) -> str:
    slot = "slot" if row.has_slot else "-"
    slot = slot if row.slot_until is None else "lease"
    money = f"{row.charged or 'open'} {row.reserved}+{row.spent}"
    return f"{row.stage} {money} {slot} {'mine' if row.owner else '-'}"


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("stage", Stage)
def test_every_event_does_in_every_stage_what_is_written_here(
    event: Event, stage: Stage
) -> None:
    """What changes nothing is the same row, and is told if it should have."""
    before, change = START[stage], change_of(event)
    expected = EXPECTED.get((event.value, stage.value))

    after = apply(before, change)

    if expected in {None, "unheeded"}:
        assert after is before
        assert (expected is None) == is_heeded(after, change)
    else:
        assert expected == shown(after)
        assert is_heeded(after, change)


@pytest.mark.parametrize(
    ("cost", "expected"),
    [(10, "unknown unknown 0+10 lease -"), (0, "failed unknown 0+0 - -")],
)
def test_a_wrong_id_leaves_a_purchase_for_the_right_one(
    cost: int, expected: str
) -> None:
    """What was only attached, and cost nothing, is over."""
    row = attrs.evolve(START[Stage.TASK], cost=cost, reserved=cost, has_slot=cost > 0)
    other = Change(event=Event.NEVER_SEEN, now=9.0, by=ME, task_id="other")

    after = apply(row, attrs.evolve(other, task_id="t"))

    assert row is apply(row, other)
    assert expected == shown(after)
    assert (None if cost else "t") == after.task_id
    right = apply(after, Change(event=Event.FOUND, now=9.0, by=ME, task_id="right"))
    assert ("right" if cost else "t") == right.task_id


def test_the_table_holds_no_rule_that_is_not_walked() -> None:
    """Each is expected above."""
    moving = {at for at, words in EXPECTED.items() if words != "unheeded"}

    assert {(event.value, stage.value) for event, stage in TABLE} == moving


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("stage", Stage)
def test_what_happens_to_another_moves_nothing(event: Event, stage: Stage) -> None:
    """Neither what another session leaves or drops, nor the end of another's task."""
    row = START[stage]
    owners = {Event.RELEASED, Event.LEFT, Event.DIED, Event.DROPPED}
    if event in owners:
        assert apply(row, change_of(event, by="other")) is row
    if row.task_id is not None:
        after = apply(row, change_of(event, task_id="other"))
        assert row.task_id == after.task_id
        if event in NAMES_TASK:
            assert after is row


@pytest.mark.parametrize(
    ("told", "charged", "spent"),
    [
        ("yes", "yes", 10),
        ("refunded", "refunded", 0),
        ("unknown", "unknown", 10),
        ("no", "unknown", 10),
        ("odd", "unknown", 10),
    ],
)
def test_a_task_that_was_made_is_never_free(
    told: str, charged: str, spent: int
) -> None:
    """It was bought, so its credits are given back by a refund alone."""
    change = change_of(Event.FAILED, charged=told)

    after = apply(START[Stage.TASK], change)

    assert (charged, 0, spent) == (after.charged, after.reserved, after.spent)


def test_a_failure_that_tells_nothing_of_the_money_is_not_heeded() -> None:
    """It is a mistake of whoever tells it, and no end."""
    row, change = START[Stage.TASK], change_of(Event.FAILED, charged=None)

    assert apply(row, change) is row
    assert not is_heeded(row, change)


def test_there_is_no_row_to_heed_what_is_told_of_none() -> None:
    """A session's own ends need none: what it left may be gone."""
    owners = {Event.RELEASED, Event.LEFT, Event.DIED, Event.DROPPED}

    assert owners == {event for event in Event if is_heeded(None, change_of(event))}


changes = st.builds(
    Change,
    event=st.sampled_from(Event),
    now=st.floats(1.0, 100.0),
    by=st.sampled_from([ME, "other", None]),
    task_id=st.sampled_from([None, "t", "u"]),
    charged=st.sampled_from([None, "yes", "no", "refunded", "unknown"]),
)
MAY_BE_FREE = {
    (Event.REFUSED, Stage.SENT),
    (Event.GIVEN_UP_UNPAID, Stage.UNKNOWN),
}


@given(st.sampled_from([0, 10]), st.lists(changes, max_size=30))
def test_whatever_happens_money_and_slots_are_told_by_the_stage(
    cost: int, happened: list[Change]
) -> None:
    """A row that was sent is free by the service's word alone, or by the user's."""
    row = Row(stage=Stage.QUEUED, cost=cost, lease_s=60.0)
    for change in happened:
        before, row = row, apply(row, change)

        was_sent = before.stage in {Stage.SENT, Stage.TASK, Stage.UNKNOWN}
        if was_sent and row.charged == "no" != before.charged:
            assert (change.event, before.stage) in MAY_BE_FREE
        if was_sent and row.stage is Stage.QUEUED:
            raise AssertionError(change)
        is_open = row.stage in {Stage.GRANTED, Stage.SENT, Stage.TASK}
        assert row.reserved == (cost if is_open else 0)
        is_paid = row.charged in {"yes", "unknown"}
        assert row.spent == (cost if is_paid else 0)
        is_told = row.stage in CLOSED or row.stage is Stage.UNKNOWN
        assert is_told == (row.charged is not None) == (row.ended_at is not None)
        assert row.slot_until is None or (row.has_slot and row.owner is None)
        assert row.stage is not Stage.QUEUED or not row.has_slot
        if row.stage in {Stage.GRANTED, Stage.SENT}:
            assert row.has_slot
            assert row.slot_until is None
        if before.task_id is not None and change.event is not Event.NEVER_SEEN:
            assert before.task_id == row.task_id
        assert (row.stage is not Stage.TASK) or row.task_id is not None


@given(st.lists(changes, max_size=20))
def test_to_be_told_twice_is_to_be_told_once(happened: list[Change]) -> None:
    """What is done again after a lock, or called back twice, counts once."""
    row = Row(stage=Stage.QUEUED, cost=10, lease_s=60.0)
    for change in happened:
        row = apply(row, change)
        again = apply(row, change)
        assert again == row or change.event in {Event.GRANTED, Event.RATE_LIMITED}


@given(st.lists(changes, max_size=30))
def test_every_slot_is_freed_in_the_end(happened: list[Change]) -> None:
    """By the end of its task, or of the time that its kind takes."""
    row = Row(stage=Stage.QUEUED, cost=10, lease_s=60.0)
    for change in happened:
        row = apply(row, change)

    row = apply(row, Change(event=Event.LEFT, now=100.0, by=row.owner))
    row = apply(row, Change(event=Event.LEASE_OVER, now=1_000.0))

    assert (False, None) == (row.has_slot, row.slot_until)


async def reach(journal: Journal, key: str, stage: Stage) -> Row:
    """Bring a purchase to a stage, by what its session tells; return how it is."""
    one = entry(key, lease_s=60.0, now=1.0)
    if stage is Stage.QUEUED:
        journal.enqueue([one])
        return START[stage]
    await journal.admit([one], NO_LIMITS)
    if stage is Stage.GRANTED:
        return START[stage]
    await journal.note_sent(key, 1)
    if stage in {Stage.TASK, Stage.SUCCEEDED}:
        await journal.accept(key, 1, f"t-{key}", 2.0)
    if stage is Stage.SUCCEEDED:
        journal.end(key, 1, ending(now=3.0))
    if stage is Stage.FAILED:
        journal.end(key, 1, ending("no", "failed", now=3.0))
    if stage in {Stage.UNKNOWN, Stage.CANCELLED}:
        journal.end(key, 1, ending("unknown", "unknown", now=3.0))
    if stage is Stage.CANCELLED:
        journal.give_up_soon(key, 1, 3.0)
    row = START[stage]
    return attrs.evolve(row, task_id=row.task_id and f"t-{key}")


def named(key: str, event: Event, owner: str) -> Change:
    task_id = f"t-{key}" if event in NAMES_TASK else None
    return change_of(event, by=owner, task_id=task_id)


async def happen(journal: SqliteJournal, key: str, event: Event) -> None:
    if event is Event.BODY_BEGINS:
        await journal.note_sent(key, 1)
    elif event is Event.RATE_LIMITED:
        journal.note_unsent(key, 1)
    else:
        await journal._transition(key, 1, named(key, event, journal.owner))


async def test_a_file_has_of_every_event_in_every_stage_what_the_table_says(
    tmp_path: Path,
) -> None:
    """The row, and the sums of all rows after each."""
    journal = sqlite_journal(tmp_path)
    await journal.open()
    expected, sums = {}, [0, 0, 0]
    for event, stage in EVERY:
        if stage is Stage.QUEUED and event in {Event.BODY_BEGINS, Event.RATE_LIMITED}:
            # What is not granted is not on its way, and has no mark to set.
            continue
        key = f"{event} {stage}"
        row = await reach(journal, key, stage)

        await happen(journal, key, event)
        await journal.recall("what was posted is written by then")

        row = apply(row, named(key, event, ME))
        expected[key, 1] = columns_of(row)
        sums[0] += row.has_slot
        sums[1] += row.reserved
        sums[2] += row.spent
        assert tuple(sums) == totals(journal.path), key

    found = rows(journal.path)
    names = [*next(iter(expected.values()))]
    assert expected == {
        at: {name: row[name] if name != "owner" else row[name] and ME for name in names}
        for at, row in found.items()
    }
    await journal.aclose()


def columns_of(row: Row) -> dict[str, object]:
    state = {
        Stage.GRANTED: "submitting",
        Stage.SENT: "submitting",
        Stage.TASK: "pending",
    }.get(row.stage, str(row.stage))
    names = (
        "charged",
        "owner",
        "slot_until",
        "reserved",
        "spent",
        "task_id",
        "sent_at",
        "accepted_at",
        "ended_at",
    )
    same = {name: getattr(row, name) for name in names}
    return {"state": state, "slot": int(row.has_slot), **same}


async def test_memory_has_of_every_event_in_every_stage_what_the_table_says() -> None:
    """What nobody will hear of again is forgotten, and its credits are spent."""
    for event, stage in EVERY:
        if stage is Stage.QUEUED:
            continue
        journal = MemoryJournal()
        row = await reach(journal, "k", stage)
        if stage in {Stage.SUCCEEDED, Stage.FAILED}:
            assert {} == journal._mine.rows
            continue
        change = named("k", event, ME)

        if event is Event.BODY_BEGINS:
            await journal.note_sent("k", 1)
        elif event is Event.RATE_LIMITED:
            journal.note_unsent("k", 1)
        else:
            journal._apply("k", 1, change)

        row = apply(row, change)
        sums = (row.has_slot, row.reserved, row.spent)
        assert sums == (journal.in_flight, journal.reserved, journal.spent)
        if row.has_slot or row.owner is not None:
            [kept] = journal._mine.rows.values()
            assert row == attrs.evolve(kept, sent_at=row.sent_at, ended_at=row.ended_at)
        else:
            assert {} == journal._mine.rows
            assert journal.lease_until is None


@pytest.mark.parametrize("event", ["refused", "not sent", "answered", "lost"])
async def test_an_end_that_no_row_heeds_is_an_error_where_it_is_waited_for(
    file: SqliteJournal, event: str
) -> None:
    """Whoever told it would believe that it is written down."""
    await file.admit([entry("a")], NO_LIMITS)
    await file.accept("a", 1, "t-a", 105.0)
    told = attrs.evolve(ending("unknown", "unknown"), event=Event(event))

    with pytest.raises(
        JournalError, match=f"'{event}' did not move job ghost.*no such"
    ):
        await file.settle("ghost", 1, told)
    if event != "lost":
        with pytest.raises(JournalError, match=f"'{event}' did not move job a.*task"):
            await file.settle("a", 1, told)
    else:
        await file.settle("a", 1, told)

    assert "pending" == rows(file.path)["a", 1]["state"]
