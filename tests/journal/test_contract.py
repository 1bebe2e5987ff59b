"""What every journal promises; and what those promise that outlive a session."""

import asyncio
import contextlib
import sqlite3
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from journaling import (
    NO_LIMITS,
    PLACES,
    ending,
    entry,
    over,
    params,
    take_for_dead,
)

from aiomusic import MusicSession
from aiomusic.emulator import Emulator, Pace
from aiomusic.errors import JournalError
from aiomusic.journal import (
    Ending,
    Entry,
    Event,
    Granted,
    Journal,
    KnownKey,
    Limits,
    NoCapacity,
    OverBudget,
    Record,
    Spending,
    Wanted,
)
from aiomusic.journal.postgres import PostgresJournal
from aiomusic.journal.sqlite import SqliteJournal
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio


async def test_jobs_are_judged_in_order_up_to_the_first_that_waits(
    journal: Journal,
) -> None:
    """What stands behind a job that waits is not judged, so it can't overtake."""
    entries = [entry("a"), entry("b"), entry("c"), entry("d")]

    verdicts = await journal.admit(entries, Limits(concurrency=2))

    assert [Granted(1), Granted(1), NoCapacity()] == verdicts


async def test_a_job_that_waits_has_taken_nothing(journal: Journal) -> None:
    """Asking again and again costs neither slots nor credits."""
    limits = Limits(concurrency=1, max_credits=30)
    await journal.admit([entry("a")], limits)
    for _ in range(5):
        assert [NoCapacity()] == await journal.admit([entry("b")], limits)
    await over(journal, "a", 1)

    assert [Granted(1)] == await journal.admit([entry("b")], limits)


@pytest.mark.parametrize("charged", ["no", "refunded"])
async def test_what_is_given_back_can_be_spent_again(
    journal: Journal, charged: str
) -> None:
    """An unpaid end frees its slot and its credits."""
    limits = Limits(concurrency=1, max_credits=10)
    await journal.admit([entry("a")], limits)

    await over(journal, "a", 1, charged, "failed")

    assert [Granted(1)] == await journal.admit([entry("b")], limits)


@pytest.mark.parametrize("charged", ["yes", "unknown"])
async def test_what_is_or_may_be_paid_is_spent(journal: Journal, charged: str) -> None:
    """A paid end frees the slot alone, and the next job learns what is spent."""
    limits = Limits(concurrency=1, max_credits=19)
    await journal.admit([entry("a")], limits)

    await over(journal, "a", 1, charged, "failed")

    assert [OverBudget(10)] == await journal.admit([entry("b")], limits)


async def test_reserved_credits_are_waited_for(journal: Journal) -> None:
    """A job is not refused for credits that a living job may yet give back."""
    limits = Limits(concurrency=10, max_credits=10)
    await journal.admit([entry("a")], limits)

    assert [NoCapacity()] == await journal.admit([entry("b")], limits)


async def test_a_hopeless_job_is_refused_and_the_next_is_judged(
    journal: Journal,
) -> None:
    """Being over the ceiling is a verdict, not a wait."""
    limits = Limits(concurrency=10, max_credits=15)

    verdicts = await journal.admit([entry("a", cost=16), entry("b")], limits)

    assert [OverBudget(0), Granted(1)] == verdicts


async def test_a_second_end_is_ignored(journal: Journal) -> None:
    """Whoever is first settles the job; credits are not given back twice."""
    limits = Limits(concurrency=10, max_credits=20)
    await journal.admit([entry("a"), entry("b")], limits)

    await journal.accept("a", 1, "t-a", 105.0)
    for _ in range(3):
        journal.end("a", 1, ending("refunded", "failed"))
    journal.end("a", 1, ending())

    verdicts = await journal.admit([entry("c"), entry("d")], limits)
    assert [Granted(1), NoCapacity()] == verdicts


async def test_what_nobody_follows_keeps_its_credits(journal: Journal) -> None:
    """Nobody would ever give them back, so the next is refused and need not wait."""
    limits = Limits(concurrency=2, max_credits=10)
    await journal.admit([entry("a")], limits)
    await journal.accept("a", 1, "t-a", 102.0)

    journal.release("a", 1)

    assert [OverBudget(10)] == await journal.admit([entry("b")], limits)
    roomy = Limits(concurrency=2, max_credits=20)
    assert [Granted(1)] == await journal.admit([entry("b")], roomy)


@pytest.mark.parametrize("how", ["released", "left", "lost"])
async def test_what_nobody_sees_end_keeps_its_slot_for_as_long_as_its_kind_takes(
    journal: Journal, how: str
) -> None:
    """It probably runs at the service, so the next would be one too many there."""
    limits = Limits(concurrency=1)
    await journal.admit([entry("a", lease_s=60.0)], limits)
    if how == "lost":
        await journal.note_sent("a", 1)
        journal.end("a", 1, ending("unknown", "unknown"))
    else:
        await journal.accept("a", 1, "t-a", 101.0)
    if how == "released":
        journal.release("a", 1)
    if how == "left":
        await journal.aclose()
        await journal.open()

    # From when it was accepted, or else from when its answer was lost.
    until = 170.0 if how == "lost" else 161.0
    assert [NoCapacity()] == await journal.admit([entry("b", now=until - 0.1)], limits)
    assert [Granted(1)] == await journal.admit([entry("b", now=until)], limits)


async def test_a_journal_that_nobody_shares_tells_when_a_slot_is_next_free(
    journal: Journal,
) -> None:
    """Nothing else wakes who waits for it; where others share it, it is asked again."""
    await journal.admit([entry("a", lease_s=60.0), entry("b", lease_s=9.0)], NO_LIMITS)
    assert journal.lease_until is None
    for key in ("a", "b"):
        await journal.accept(key, 1, f"t-{key}", 110.0)
        journal.release(key, 1)

    assert (None if journal.is_kept else 119.0) == journal.lease_until


async def test_the_end_of_what_was_never_granted_changes_nothing(
    journal: Journal,
) -> None:
    """Neither does its release, its closing, or a file of it."""
    limits = Limits(concurrency=1, max_credits=10)

    journal.end("ghost", 1, ending())
    journal.release("ghost", 1)
    journal.give_up_soon("ghost", 1, 103.0)
    journal.note_files("ghost", 1, ["a.mp3"])

    assert [Granted(1)] == await journal.admit([entry("a")], limits)


async def test_a_task_from_elsewhere_takes_no_slot_and_costs_nothing(
    journal: Journal,
) -> None:
    """Both limits are for what is bought here."""
    limits = Limits(concurrency=1, max_credits=10)

    journal.attach(entry("x", cost=0, kind="attach", request=None), "t-x")

    assert [Granted(1)] == await journal.admit([entry("a")], limits)


async def test_free_jobs_take_slots(journal: Journal) -> None:
    """A job without a price is in flight all the same."""
    limits = Limits(concurrency=1, max_credits=0)

    verdicts = await journal.admit([entry("a", cost=0), entry("b", cost=0)], limits)

    assert [Granted(1), NoCapacity()] == verdicts


async def test_a_key_that_comes_again_while_its_job_is_in_flight_leaks_nothing(
    journal: Journal,
) -> None:
    """A cancelled job's task goes on, and what it holds is settled by its own end."""
    limits = Limits(concurrency=10, max_credits=20)
    await journal.admit([entry("a")], limits)
    [again] = await journal.admit([entry("a", attempt=2, force_new=True)], limits)
    assert isinstance(again, Granted)

    await over(journal, "a", 1, "refunded", "failed")
    await over(journal, "a", again.attempt, "refunded", "failed")

    fresh = [entry("b"), entry("c"), entry("d")]
    assert [Granted(1), Granted(1), NoCapacity()] == await journal.admit(fresh, limits)


async def test_spent_credits_stay_spent_when_it_is_opened_again(
    journal: Journal,
) -> None:
    """A ceiling holds for all the sessions that one journal sees."""
    limits = Limits(concurrency=1, max_credits=20)
    await journal.admit([entry("a")], limits)
    await over(journal, "a", 1)
    await journal.admit([entry("b")], limits)
    await journal.note_sent("b", 1)

    await journal.aclose()
    await journal.open()

    assert [OverBudget(20)] == await journal.admit([entry("c")], limits)


async def find(journal: Journal, key: str) -> Record:
    found = await journal.find(key)
    assert found is not None
    return found


async def test_a_job_is_known_by_its_key_from_its_intent_on(
    kept: Journal, other: Journal
) -> None:
    """Another session learns all of it before the create is sent."""
    given = entry("a", metadata={"song": "1"}, balance=500)

    await kept.admit([given], NO_LIMITS)

    [known] = await other.admit([entry("a")], NO_LIMITS)
    assert KnownKey(await find(kept, "a")) == known
    record = await find(other, "a")
    assert ("submitting", None, 1, 500) == (
        record.state,
        record.task_id,
        record.attempt,
        record.balance_before,
    )
    assert ({"song": "1"}, given.request, "f") == (
        record.metadata,
        record.raw_request,
        record.fingerprint,
    )
    assert (100.0, 101.0, True) == (
        record.made_at,
        record.sent_at,
        record.is_followed,
    )


async def test_the_same_key_twice_in_one_batch_is_bought_once(kept: Journal) -> None:
    """The second is judged with the first one's row in place."""
    first, second = await kept.admit([entry("a"), entry("a")], NO_LIMITS)

    assert Granted(1) == first
    assert isinstance(second, KnownKey)


async def test_a_task_id_can_be_found_by_anyone(kept: Journal, other: Journal) -> None:
    """Once accepted, the task leads to its job."""
    await kept.admit([entry("a")], NO_LIMITS)

    await kept.accept("a", 1, "t-a", 105.0)

    record = await other.find_task("suno", "t-a")
    assert record is not None
    assert ("a", "pending", 105.0) == (record.key, record.state, record.accepted_at)
    assert await other.find_task("nuro", "t-a") is None


async def test_the_end_is_kept_whole(kept: Journal) -> None:
    """State, money, error, clips and balance can be read back."""
    await kept.admit([entry("a")], NO_LIMITS)
    await kept.accept("a", 1, "t-a", 105.0)

    kept.end(
        "a",
        1,
        ending(
            "refunded",
            "failed",
            error={"type": "JobFailed"},
            clips=[{"clip_id": "c"}],
            result={"Lyrics": []},
            balance=7,
        ),
    )

    record = await find(kept, "a")
    assert ("failed", "refunded", 110.0, 7, False) == (
        record.state,
        record.charged,
        record.ended_at,
        record.balance_after,
        record.is_open,
    )
    assert ({"type": "JobFailed"}, [{"clip_id": "c"}], {"Lyrics": []}) == (
        record.raw_error,
        record.raw_clips,
        record.raw_result,
    )


async def test_what_ended_unpaid_is_as_good_as_new(kept: Journal) -> None:
    """Its key is granted again, as the next attempt, and the last of them is told."""
    await kept.admit([entry("a")], NO_LIMITS)
    await over(kept, "a", 1, "no", "failed")

    assert [Granted(2)] == await kept.admit([entry("a")], NO_LIMITS)
    await over(kept, "a", 2, "no", "cancelled")
    assert ("cancelled", 2) == (
        (await find(kept, "a")).state,
        (await find(kept, "a")).attempt,
    )


@pytest.mark.parametrize("charged", ["yes", "unknown", "refunded"])
async def test_what_was_bought_is_not_bought_again_by_its_key(
    kept: Journal, charged: str
) -> None:
    """Only the next attempt, asked for as such, is granted."""
    await kept.admit([entry("a")], NO_LIMITS)
    await over(kept, "a", 1, charged, "failed")

    asked = [entry("a"), entry("a", attempt=1), entry("a", attempt=3)]
    verdicts = await kept.admit(asked, NO_LIMITS)

    assert [KnownKey, KnownKey, KnownKey] == [type(one) for one in verdicts]
    assert [Granted(2)] == await kept.admit([entry("a", attempt=2)], NO_LIMITS)


@pytest.mark.parametrize("state", ["pending", "succeeded"])
async def test_what_was_recovered_meanwhile_is_bought_again_only_by_force(
    kept: Journal, state: str
) -> None:
    """Who asked to send an unknown job again did not know that it has its task."""
    await kept.admit([entry("a")], NO_LIMITS)
    await kept.accept("a", 1, "t-a", 102.0)
    if state == "succeeded":
        kept.end("a", 1, ending())

    [known] = await kept.admit([entry("a", attempt=2)], NO_LIMITS)

    assert isinstance(known, KnownKey)
    again = entry("a", attempt=2, force_new=True)
    assert [Granted(2)] == await kept.admit([again], NO_LIMITS)


async def test_claiming_gives_what_waits_and_what_is_unknown(
    kept: Journal, other: Journal
) -> None:
    """What a living session follows is left to it, and what is over is over."""
    keys = ("waiting", "followed", "unknown", "done")
    await kept.admit([entry(key) for key in keys], NO_LIMITS)
    for key in ("waiting", "followed", "done"):
        await kept.accept(key, 1, f"t-{key}", 105.0)
    kept.release("waiting", 1)
    await over(kept, "unknown", 1, "unknown", "unknown")
    kept.end("done", 1, ending())
    await kept.records()

    first = await other.claim(200.0)
    second = await other.claim(201.0)

    assert [["waiting", "unknown"], ["unknown"]] == [
        [record.key for record in found] for found in (first, second)
    ]


async def test_one_job_can_be_adopted_by_its_key(kept: Journal, other: Journal) -> None:
    """The others are left for whoever asks for all."""
    await kept.admit([entry("a"), entry("b")], NO_LIMITS)
    for key in ("a", "b"):
        await kept.accept(key, 1, f"t-{key}", 105.0)
        kept.release(key, 1)
    await kept.records()

    assert ["b"] == [record.key for record in await other.claim(200.0, "b")]
    assert ["a"] == [record.key for record in await other.claim(200.0)]


async def test_an_adopted_job_takes_a_slot_again(kept: Journal, other: Journal) -> None:
    """It is at the service, so it counts for everybody."""
    limits = Limits(concurrency=1)
    await kept.admit([entry("a")], limits)
    await kept.accept("a", 1, "t-a", 105.0)
    kept.release("a", 1)
    await kept.records()

    await other.claim(200.0)

    assert [NoCapacity()] == await kept.admit([entry("b")], limits)


async def test_an_adopted_task_from_elsewhere_takes_no_slot(
    kept: Journal, other: Journal
) -> None:
    """It was not bought here, whoever follows it."""
    kept.attach(entry("x", cost=0, kind="attach", request=None), "t-x")
    kept.release("x", 1)
    await kept.records()

    claimed = await other.claim(200.0)

    assert ["x"] == [record.key for record in claimed]
    assert [Granted(1)] == await kept.admit([entry("a")], Limits(concurrency=1))


async def test_a_known_task_from_elsewhere_takes_no_slot(
    kept: Journal, other: Journal
) -> None:
    """Not by being asked for by its key, either."""
    kept.attach(entry("x", cost=0, kind="attach", request=None), "t-x")
    kept.release("x", 1)
    await kept.records()

    found = await other.admit([entry("x"), entry("a")], Limits(concurrency=1))

    assert [KnownKey, Granted] == [type(verdict) for verdict in found]


async def test_each_task_from_elsewhere_is_written_down_once(kept: Journal) -> None:
    """It is told from others by its provider and its id, whatever its key."""
    tasks = [("x", "suno", "t-1"), ("y", "suno", "t-2"), ("z", "nuro", "t-1")]

    for key, provider, task_id in [*tasks, ("again", "suno", "t-1")]:
        kept.attach(entry(key, provider=provider, cost=0), task_id)

    found = await kept.records()
    assert tasks == [(one.key, one.provider, one.task_id or "") for one in found]


async def test_a_release_by_one_who_also_follows_leaves_it_to_its_owner(
    kept: Journal, other: Journal
) -> None:
    """A job that two sessions look at keeps its slot while its owner lives."""
    await kept.admit([entry("a")], Limits(concurrency=1))
    await kept.accept("a", 1, "t-a", 105.0)

    other.release("a", 1)
    await other.records()

    assert [NoCapacity()] == await kept.admit([entry("b")], Limits(concurrency=1))
    assert [] == await other.claim(200.0)


async def test_leaving_settles_what_was_on_its_way(
    kept: Journal, other: Journal
) -> None:
    """What was sent and has no task is unknown, and counts as paid; a task waits."""
    began = time.time()
    await kept.admit([entry("sent"), entry("running"), entry("unsent")], NO_LIMITS)
    for key in ("sent", "running"):
        await kept.note_sent(key, 1)
    await kept.accept("running", 1, "t", 105.0)

    await kept.aclose()

    found = {record.key: record for record in await other.records()}
    assert ("unknown", "unknown") == (found["sent"].state, found["sent"].charged)
    assert ("pending", None) == (found["running"].state, found["running"].charged)
    assert ("queued", None, True) == (
        found["unsent"].state,
        found["unsent"].charged,
        found["unsent"].is_held,
    )
    ended = {key: record.ended_at for key, record in found.items()}
    assert began <= (ended.pop("sent") or 0.0) <= time.time()
    assert {"running": None, "unsent": None} == ended
    assert {"suno.create": Spending(jobs=2, credits=10, reserved=10)} == (
        await other.spending()
    )


@pytest.mark.parametrize("is_refused", [True, False])
async def test_leaving_what_was_never_sent_costs_nothing(
    kept: Journal, other: Journal, *, is_refused: bool
) -> None:
    """It is held for whoever sends it, and holds neither slot nor credits."""
    limits = Limits(concurrency=1, max_credits=10)
    await kept.admit([entry("a")], limits)
    if is_refused:
        await kept.note_sent("a", 1)
        kept.note_unsent("a", 1)

    await kept.aclose()

    record = await find(other, "a")
    assert ("queued", None, None) == (record.state, record.charged, record.sent_at)
    assert (True, False) == (record.is_held, record.is_open)
    assert [record] == await other.claim(200.0)
    assert {} == await other.spending()
    assert [Granted(1)] == await other.admit([entry("b")], limits)


async def test_a_job_that_waits_outlives_its_session(
    kept: Journal, other: Journal
) -> None:
    """It is followed while its session lives, and then held; it takes nothing."""
    limits = Limits(concurrency=1, max_credits=10)
    kept.enqueue([entry("a", metadata={"n": 1})])
    living = await find(kept, "a")
    await kept.aclose()

    [held] = await other.claim(200.0)

    assert (True, True, False) == (
        living.is_followed,
        living.is_open,
        living.is_held,
    )
    assert ("queued", {"n": 1}, False, True) == (
        held.state,
        held.metadata,
        held.is_open,
        held.is_held,
    )
    assert [Granted(1)] == await other.admit([entry("b")], limits)


async def test_a_key_that_waits_elsewhere_is_known(
    kept: Journal, other: Journal
) -> None:
    """Its session sends it; who wrote it down itself may send it."""
    kept.enqueue([entry("a")])
    await kept.recall("whatever")

    [verdict] = await other.admit([entry("a")], NO_LIMITS)

    assert isinstance(verdict, KnownKey)
    assert "queued" == verdict.record.state
    assert [Granted(1)] == await kept.admit([entry("a")], NO_LIMITS)


async def test_what_is_known_is_not_written_down_as_waiting(kept: Journal) -> None:
    """Neither a song that is there, nor one that waits already."""
    await kept.admit([entry("a")], NO_LIMITS)
    await over(kept, "a")
    kept.enqueue([entry("b")])

    kept.enqueue([entry("a"), entry("b"), entry("c")])

    assert [("a", "succeeded"), ("b", "queued"), ("c", "queued")] == [
        (one.key, one.state) for one in await kept.records()
    ]


async def test_a_job_that_waits_is_dropped_by_its_own_session_alone(
    kept: Journal, other: Journal
) -> None:
    """Another that waits under the same key was not asked to be cancelled."""
    kept.enqueue([entry("a"), entry("b")])
    await kept.recall("whatever")

    other.end("a", 1, ending("no", "cancelled"))
    kept.end("b", 1, ending("no", "cancelled"))
    kept.end("ghost", 1, ending("no", "cancelled"))

    await other.recall("whatever")
    assert {"a": ("queued", None), "b": ("cancelled", "no")} == {
        one.key: (one.state, one.charged) for one in await kept.records()
    }
    assert [Granted(2)] == await other.admit([entry("b")], NO_LIMITS)


async def test_what_is_held_is_sent_as_the_purchase_that_it_is(
    kept: Journal, other: Journal
) -> None:
    """Its row is written down again, with what it is asked for now."""
    await kept.admit([entry("a", cost=7, metadata={"n": 1})], NO_LIMITS)
    await kept.aclose()

    [verdict] = await other.admit([entry("a", metadata={"n": 2})], NO_LIMITS)

    assert Granted(1) == verdict
    [record] = await other.records()
    assert ("submitting", 10, {"n": 2}) == (record.state, record.cost, record.metadata)
    assert (
        Spending(jobs=1, credits=0, reserved=10)
        == ((await other.spending())["suno.create"])
    )


async def test_an_unknown_job_whose_task_is_recovered_is_open_and_stays_paid(
    kept: Journal,
) -> None:
    """A callback may bring the id; a refund then gives the credits back."""
    await kept.admit([entry("a")], NO_LIMITS)
    await over(kept, "a", 1, "unknown", "unknown", error={"type": "SubmissionUnknown"})

    await kept.accept("a", 1, "t-a", 120.0)

    record = await find(kept, "a")
    assert ("pending", "t-a") == (record.state, record.task_id)
    assert (None, None, None) == (record.charged, record.raw_error, record.ended_at)
    tight = Limits(concurrency=9, max_credits=10)
    assert [NoCapacity()] == await kept.admit([entry("b")], tight)
    kept.end("a", 1, ending("refunded", "failed"))
    assert {} == await kept.spending()
    assert [Granted(1)] == await kept.admit([entry("b")], tight)


async def test_giving_up_closes_what_is_unknown_and_nothing_else(kept: Journal) -> None:
    """It stays counted as paid for, and is not listed as unknown again."""
    await kept.admit([entry("a"), entry("b")], NO_LIMITS)
    await over(kept, "a", 1, "unknown", "unknown")
    await kept.accept("b", 1, "t-b", 105.0)

    for key in ("a", "b"):
        kept.give_up_soon(key, 1, 130.0)

    states = {record.key: record.state for record in await kept.records()}
    assert {"a": "cancelled", "b": "pending"} == states
    assert [] == await kept.claim(140.0)
    assert 10 == (await kept.spending())["suno.create"].credits


async def test_the_end_of_one_task_is_not_that_of_another_under_its_key(
    kept: Journal,
) -> None:
    """A key that was given to an attached task may be taken in the journal."""
    await kept.admit([entry("a")], NO_LIMITS)
    await kept.accept("a", 1, "t-mine", 105.0)

    kept.attach(entry("a", cost=0), "t-other")
    kept.end("a", 1, ending(task_id="t-other"))

    assert "pending" == (await find(kept, "a")).state


async def test_the_end_of_a_task_that_was_never_accepted_is_not_believed(
    kept: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    """Another's task may have been given the same key; the log says so."""
    await kept.admit([entry("a")], NO_LIMITS)

    kept.end("a", 1, ending(task_id="t-a"))

    assert ("submitting", None) == (
        (await find(kept, "a")).state,
        (await find(kept, "a")).task_id,
    )
    assert "'succeeded' did not move job a" in caplog.text


async def test_a_lost_purchase_is_not_given_the_task_of_another(kept: Journal) -> None:
    """A task that is known belongs to its job, whoever names it."""
    await kept.admit([entry("a"), entry("b"), entry("c")], NO_LIMITS)
    await kept.accept("a", 1, "t-a", 105.0)
    await over(kept, "b", 1, "unknown", "unknown")

    found = [
        await kept.find_lost(key, 1, task, 106.0)
        for key, task in [("b", "t-a"), ("b", "t-b"), ("b", "t-b"), ("x", "t-x")]
    ]

    assert [False, True, True, False] == found
    tasks = {one.key: one.task_id for one in await kept.records()}
    assert {"a": "t-a", "b": "t-b", "c": None} == tasks


async def test_a_task_that_the_service_names_twice_is_that_of_both_creates(
    kept: Journal, other: Journal
) -> None:
    """Each was sent and is answered, and neither may be sent again."""
    await kept.admit([entry("a"), entry("b")], NO_LIMITS)
    for key in ("a", "b"):
        await kept.note_sent(key, 1)
        await kept.accept(key, 1, "t", 105.0)

    await kept.aclose()

    assert {"a": ("pending", "t"), "b": ("pending", "t")} == {
        one.key: (one.state, one.task_id) for one in await other.records()
    }


async def test_files_are_noted_once_each(kept: Journal) -> None:
    """Saving twice does not list a file twice."""
    await kept.admit([entry("a")], NO_LIMITS)

    kept.note_files("a", 1, ["1.mp3", "2.mp3"])
    kept.note_files("a", 1, ["2.mp3", "3.mp3"])

    assert ["1.mp3", "2.mp3", "3.mp3"] == (await find(kept, "a")).files


async def test_a_file_is_noted_for_its_own_purchase_alone(kept: Journal) -> None:
    """Neither the next under its key nor the first under another has it."""
    await kept.admit([entry("a"), entry("b")], NO_LIMITS)
    await over(kept, "a", 1, "no", "failed")
    await kept.admit([entry("a")], NO_LIMITS)

    kept.note_files("a", 1, ["a1.mp3"])
    kept.note_files("a", 2, ["a2.mp3"])
    kept.note_files("b", 1, ["b1.mp3"])
    kept.note_files("a", 2, ["a2.wav"])

    assert (["a2.mp3", "a2.wav"], ["b1.mp3"]) == (
        (await find(kept, "a")).files,
        (await find(kept, "b")).files,
    )


async def test_a_balance_is_noted_once_for_an_unknown_purchase_alone(
    kept: Journal,
) -> None:
    """What the account holds later, or beside another purchase, tells nothing of it."""
    await kept.admit([entry("a"), entry("b"), entry("c")], NO_LIMITS)
    for key in ("a", "b"):
        await over(kept, key, 1, "unknown", "unknown")
    await kept.admit([entry("a", attempt=2)], NO_LIMITS)
    await over(kept, "a", 2, "unknown", "unknown")

    kept.note_balance("a", 1, 7)
    kept.note_balance("a", 1, 9)
    kept.note_balance("c", 1, 5)

    purchases = [("a", 1), ("a", 2), ("b", 1), ("c", 1)]
    found = [await kept.find(key, attempt) for key, attempt in purchases]
    assert [7, None, None, None] == [one.balance_after for one in found if one]


async def test_who_has_waited_for_longer_is_served_first(
    kept: Journal, other: Journal
) -> None:
    """Whoever asks just when a slot is free does not get before them."""
    limits = Limits(concurrency=1)
    await kept.admit([entry("a")], limits)
    assert [NoCapacity()] == await other.admit([entry("b")], limits)
    await over(kept, "a")

    [first] = await kept.admit([entry("c", now=102.0)], limits)
    assert [Granted(1)] == await other.admit([entry("b")], limits)
    await over(other, "b")
    await other.recall("whatever")

    assert (NoCapacity(), 1) == (first, getattr(first, "ahead", None))
    assert [Granted(1)] == await kept.admit([entry("c")], limits)


@pytest.mark.parametrize("how", ["silent", "left", "served"])
async def test_who_does_not_wait_any_more_is_not_waited_for(
    kept: Journal, other: Journal, how: str
) -> None:
    """A slot is not kept free for one who is silent, gone, or has what it wanted."""
    limits = Limits(concurrency=2)
    await kept.admit([entry("a"), entry("b")], limits)
    assert [NoCapacity()] == await other.admit([entry("c")], limits)
    await over(kept, "a")
    await over(kept, "b")
    await kept.recall("whatever")
    if how == "left":
        await other.aclose()
    if how == "served":
        assert [Granted(1)] == await other.admit([entry("c")], limits)

    now = 107.0 if how == "silent" else 101.0
    wanted = [entry("d", now=now), entry("e", now=now)]
    found = await kept.admit(wanted, limits)

    assert [Granted(1), NoCapacity() if how == "served" else Granted(1)] == found


async def test_what_is_free_beside_those_who_wait_is_given_away(
    kept: Journal, other: Journal
) -> None:
    """One slot is for each of them, and the rest for whoever asks."""
    limits = Limits(concurrency=3)
    await kept.admit([entry("a"), entry("b"), entry("c")], limits)
    assert [NoCapacity()] == await other.admit([entry("d")], limits)
    await over(kept, "a")
    await over(kept, "b")
    await kept.recall("whatever")

    found = await kept.admit([entry("e"), entry("f")], limits)

    assert [Granted(1), NoCapacity()] == found


async def test_turns_are_drawn_one_after_another(journal: Journal) -> None:
    """Each draw begins where the one before has ended; what was not used is past."""
    now = time.time()

    waits = [await journal.draw(count, 0.001, now) for count in (1, 2, 1)]

    # Of 1,000 s each.
    assert [0, 1_000, 3_000] == [round(wait_s, -2) for wait_s in waits]


async def test_all_sessions_draw_from_the_same_turns(
    kept: Journal, other: Journal
) -> None:
    """Whoever asks first goes first."""
    now = time.time()

    waits = [await one.draw(1, 0.001, now) for one in (kept, other, kept)]

    assert [0, 1_000, 2_000] == [round(wait_s, -2) for wait_s in waits]


async def test_a_clock_that_was_set_back_holds_nobody_back(file: SqliteJournal) -> None:
    """What was drawn by the old time is not waited for until it comes again."""
    await file.draw(1, 1.0, 5_000.0)

    assert 0.0 == await file.draw(1, 1.0, 1_000.0)
    assert 1.0 == await file.draw(1, 1.0, 1_000.0)


async def test_a_value_that_is_kept_can_be_recalled(journal: Journal) -> None:
    """Each change is given what the one before has left; there is none elsewhere."""
    told: list[object] = []
    journal.keep("learned", lambda known: {"n": known})
    journal.keep("learned", lambda known: {"m": known}, told.append)
    journal.keep("learned", lambda known: known, told.append)

    assert {"m": {"n": None}} == await journal.recall("learned")
    assert [{"m": {"n": None}}] * 2 == told
    assert await journal.recall("other") is None


async def test_sessions_change_what_is_kept_one_after_the_other(
    kept: Journal, other: Journal
) -> None:
    """What one adds is not lost where another adds, too."""

    def added(name: str, known: object) -> object:
        return [*(known if isinstance(known, list) else []), name]

    for n in range(5):
        kept.keep("learned", partial(added, f"a{n}"))
        other.keep("learned", partial(added, f"b{n}"))
    await kept.recall("nothing")

    found = await other.recall("learned")
    assert isinstance(found, list)
    assert {f"{who}{n}" for who in "ab" for n in range(5)} == set(found)


async def test_only_the_last_purchase_under_a_key_is_given(kept: Journal) -> None:
    """The ones before stay in the sums."""
    await kept.admit([entry("a")], NO_LIMITS)
    await over(kept, "a", 1, "unknown", "unknown")
    await kept.admit([entry("a", attempt=2)], NO_LIMITS)
    await over(kept, "a", 2)

    assert [("a", 2)] == [(r.key, r.attempt) for r in await kept.records()]
    assert Spending(jobs=2, credits=20) == (await kept.spending())["suno.create"]


async def test_an_open_purchase_is_given_whatever_was_bought_after_it(
    kept: Journal,
) -> None:
    """It is paid for and not over, so it must not be out of sight."""
    await kept.admit([entry("a")], NO_LIMITS)
    await kept.accept("a", 1, "t-1", 110.0)
    await kept.admit([entry("a", attempt=2, force_new=True)], NO_LIMITS)
    await over(kept, "a", 2)

    assert [1, 2] == [record.attempt for record in await kept.records()]
    kept.end("a", 1, ending(task_id="t-1"))
    assert [2] == [record.attempt for record in await kept.records()]


async def test_spending_is_added_up_by_operation_and_day(kept: Journal) -> None:
    """Days are UTC; what was given back is in no sum."""
    day = 86_400.0
    await kept.admit(
        [
            entry("a", now=day - 1),
            entry("b", now=day),
            entry("c", now=day, kind="lyrics.create", cost=1),
            entry("d", now=day),
        ],
        NO_LIMITS,
    )
    for key in ("a", "c"):
        await over(kept, key, 1)
    await over(kept, "d", 1, "refunded", "failed")

    assert {
        "lyrics.create": Spending(jobs=1, credits=1),
        "suno.create": Spending(jobs=2, credits=10, reserved=10),
    } == await kept.spending()
    assert {
        "1970-01-01": Spending(jobs=1, credits=10),
        "1970-01-02": Spending(jobs=2, credits=1, reserved=10),
    } == await kept.spending("day")
    assert ["1970-01-01", "1970-01-02"] == list(await kept.spending("day"))


@pytest.mark.parametrize(
    "tag", ["user", 'the "big" one', "a.b[0]", "übung 🎵", "$", "it's", "", "\\", "#-1"]
)
async def test_spending_is_added_up_by_any_name(kept: Journal, tag: str) -> None:
    """A name in metadata is that name, whatever it is spelt with."""
    await kept.admit(
        [
            entry("a", metadata={tag: "x", "a": {"b": ["y"]}}),
            entry("b", metadata={tag: "z ü"}),
            entry("c", metadata={"another": "x"}),
        ],
        NO_LIMITS,
    )

    found = await kept.spending(tag=tag)

    one = Spending(jobs=1, credits=0, reserved=10)
    assert {"": one, "x": one, "z ü": one} == found


async def test_values_of_a_tag_that_read_alike_are_added_up(kept: Journal) -> None:
    """The number 1 and the text 1 are one heading, and neither hides the other."""
    values: list[object] = [1, "1", None, "", {"b": [2]}]
    await kept.admit(
        [entry(f"{n}", metadata={"t": value}) for n, value in enumerate(values)],
        NO_LIMITS,
    )

    found = await kept.spending(tag="t")

    assert {"": 2, "1": 2, '{"b":[2]}': 1} == {
        heading: one.jobs for heading, one in found.items()
    }


async def test_a_reply_with_half_a_surrogate_pair_is_kept(kept: Journal) -> None:
    """JSON can spell what UTF-8 can't, and the end of a job must not be lost by it."""
    await kept.admit([entry("a", metadata={"\ud800": "x"})], NO_LIMITS)

    await over(kept, "a", 1, clips=[{"title": "\udc00 boats"}])

    record = await find(kept, "a")
    assert [{"title": "\udc00 boats"}] == record.raw_clips
    assert {"\ud800": "x"} == record.metadata


async def test_a_journal_can_be_opened_again_and_again(
    kept: Journal, tmp_path: Path
) -> None:
    """Nothing is left beside its file by sessions that ended well."""
    await kept.admit([entry("a")], NO_LIMITS)
    for _ in range(3):
        await kept.aclose()
        await kept.open()
    await kept.aclose()

    assert {"songs.db"} >= {path.name for path in tmp_path.iterdir()}


async def test_a_create_may_leave_while_it_is_granted(journal: Journal) -> None:
    """Also again, where the service would not have it the first time."""
    await journal.admit([entry("a")], NO_LIMITS)

    assert await journal.note_sent("a", 1)
    journal.note_unsent("a", 1)
    assert await journal.note_sent("a", 1)


@pytest.mark.parametrize("event", [Event.REFUSED, Event.ANSWERED, Event.DROPPED])
async def test_a_create_that_was_settled_may_not_leave(
    journal: Journal, event: Event
) -> None:
    """Nor one that nobody ever granted."""
    await journal.admit([entry("a")], NO_LIMITS)
    await journal.settle("a", 1, Ending(event=event, now=110.0))

    assert not await journal.note_sent("a", 1)
    assert not await journal.note_sent("ghost", 1)


@pytest.mark.parametrize("how", ["settled", "given up", "held", "bought again"])
async def test_a_create_that_another_took_over_may_not_leave(
    kept: SqliteJournal | PostgresJournal, other: Journal, how: str
) -> None:
    """Whoever took its session for dead has the say, and its row stays theirs."""
    await kept.admit([entry("a")], NO_LIMITS)
    if how == "settled":
        await other.settle("a", 1, Ending(event=Event.REFUSED, now=110.0))
    else:
        await take_for_dead(kept, is_sure_of_marks=how != "given up")
        await other.claim(110.0)
    if how == "given up":
        other.give_up_soon("a", 1, 110.0, is_charged=False)
    if how == "bought again":
        assert [Granted(1)] == await other.admit([entry("a")], NO_LIMITS)
    before = [(one.state, one.owner) for one in await other.records()]

    assert not await kept.note_sent("a", 1)

    assert before == [(one.state, one.owner) for one in await other.records()]
    states = {
        "settled": "failed",
        "given up": "cancelled",
        "held": "queued",
        "bought again": "submitting",
    }
    assert states[how] == before[0][0]


async def test_a_create_is_looked_at_while_another_program_keeps_the_file(
    file: SqliteJournal,
) -> None:
    """Whoever locks it does not keep what was granted from being sent."""
    await file.admit([entry("a")], NO_LIMITS)
    with contextlib.closing(sqlite3.connect(file.path, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")

        assert await file.note_sent("a", 1)


def is_sent(journal: SqliteJournal, key: str) -> bool:
    return journal.is_sent({"owner": journal.owner, "key": key, "attempt": 1})


async def test_a_create_that_waits_to_be_looked_at_is_not_taken_for_sent(
    tmp_path: Path,
) -> None:
    """While another program keeps the file locked, and when that is cancelled."""
    path = tmp_path / "songs.db"
    journal = SqliteJournal(path, lock_wait_s=5.0)
    await journal.open()
    await journal.admit([entry("a")], NO_LIMITS)
    gone = sqlite3.connect(path)
    gone.close()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        journal._glance = gone
        noting = asyncio.ensure_future(journal.note_sent("a", 1))
        await asyncio.sleep(0)
        was_sent = is_sent(journal, "a")
        noting.cancel()
        await asyncio.wait([noting])

    assert (False, False) == (was_sent, is_sent(journal, "a"))
    assert await journal.note_sent("a", 1)
    assert is_sent(journal, "a")
    await journal.aclose()


async def test_a_job_is_marked_once_under_each_name(kept: Journal) -> None:
    """In its row, for whoever lists it or takes it up; the first time stays."""
    await kept.admit([entry("a"), entry("b")], NO_LIMITS)

    await kept.mark("a", 1, "delivered", 200.0)
    await kept.mark("a", 1, "delivered", 300.0)
    await kept.mark("a", 1, "größe \udc00", 250.0)

    found = await kept.find("a")
    assert found is not None
    assert {"delivered": 200.0, "größe \udc00": 250.0} == found.marks
    marks = [one.marks for one in await kept.records()]
    assert [found.marks, {}] == marks
    with pytest.raises(JournalError, match="Job a can't be marked: .* no such"):
        await kept.mark("a", 2, "delivered", 200.0)


async def test_what_lacks_a_mark_is_listed(kept: Journal) -> None:
    """By any name; other marks don't count."""
    await kept.admit([entry(key) for key in "abc"], NO_LIMITS)
    for key in "abc":
        await over(kept, key)
    await kept.mark("a", 1, "delivered", 200.0)
    await kept.mark("b", 1, "seen", 200.0)

    left = await kept.records(Wanted(states=["succeeded"], lacks_mark="delivered"))
    unseen = await kept.records(Wanted(lacks_mark="seen", limit=1))

    assert ["b", "c"] == [one.key for one in left]
    assert ["c"] == [one.key for one in unseen]


TAGGED = Limits(concurrency=10, by_tag={"user": 25})


def of(key: str, user: object, **fields: Any) -> Entry:
    return entry(key, metadata={"user": user, "n": 1}, **fields)


async def test_a_ceiling_holds_for_each_value_of_a_tag(journal: Journal) -> None:
    """Whoever has used up theirs is refused at once, and those behind are judged."""
    entries = [of("a", "ann"), of("b", "ann"), of("c", "ann"), of("d", "bob")]

    verdicts = await journal.admit([*entries, entry("e")], TAGGED)

    refused = OverBudget(20, ("user", "ann"))
    assert [Granted(1), Granted(1), refused, Granted(1), Granted(1)] == verdicts


async def test_what_is_given_back_is_the_tags_again(journal: Journal) -> None:
    """What is paid, or may be, stays."""
    await journal.admit([of("a", "ann"), of("b", "ann")], TAGGED)
    await over(journal, "a", charged="refunded", state="failed")
    await over(journal, "b")

    verdicts = await journal.admit([of("c", "ann"), of("d", "ann")], TAGGED)

    assert [Granted(1), OverBudget(20, ("user", "ann"))] == verdicts


@pytest.mark.parametrize(
    "one, other",
    [
        (17, "17"),
        (17, 17.0),
        (True, "true"),
        (None, "null"),
        (["a", 1], ["a", 1]),
        ("x" * 5_000, "x" * 5_000),
        ("\0 \udc00 größe", "\0 \udc00 größe"),
    ],
    ids=["number", "float", "true", "null", "list", "long", "odd"],
)
async def test_one_value_is_counted_together_however_it_is_spelt(
    journal: Journal, one: object, other: object
) -> None:
    """And another is not."""
    first, second = of("a", one, cost=20), of("b", other)

    verdicts = await journal.admit([first, second, of("c", "else")], TAGGED)

    assert isinstance(verdicts[1], OverBudget)
    assert [Granted(1), Granted(1)] == verdicts[::2]


async def test_a_ceiling_counts_what_was_bought_before_there_was_one(
    kept: Journal, other: Journal
) -> None:
    """By whichever session; and what one without a ceiling buys afterwards."""
    await kept.admit([of(f"k{n}", "ann", cost=0) for n in range(5)], NO_LIMITS)
    await kept.admit([of("a", "ann")], NO_LIMITS)
    assert [Granted(1)] == await other.admit([of("b", "ann")], TAGGED)
    await over(other, "b")
    await kept.admit([of("c", "ann", cost=3)], NO_LIMITS)

    verdicts = await other.admit([of("d", "ann")], TAGGED)

    assert [OverBudget(23, ("user", "ann"))] == verdicts


async def test_two_sessions_share_a_ceiling(kept: Journal, other: Journal) -> None:
    """Whoever asks first has it."""
    both = await asyncio.gather(
        kept.admit([of("a", "ann"), of("b", "ann")], TAGGED),
        other.admit([of("c", "ann"), of("d", "ann")], TAGGED),
    )

    granted = [one for one in [*both[0], *both[1]] if isinstance(one, Granted)]
    assert 2 == len(granted)


async def test_a_job_that_waited_is_counted_once(kept: Journal) -> None:
    """Its row is written again when its turn comes, under what it is tagged by then."""
    kept.enqueue([of("a", "ann")])
    await kept.admit([of("x", "x")], TAGGED)

    await kept.admit([of("a", "bob")], TAGGED)

    verdicts = await kept.admit([of("b", "ann", cost=25), of("c", "bob")], TAGGED)
    assert [Granted(1), Granted(1)] == verdicts
    assert [OverBudget(20, ("user", "bob"))] == await kept.admit(
        [of("d", "bob")], TAGGED
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", params(PLACES))
async def test_sessions_that_share_a_journal_share_its_requests(
    api: Emulator, tmp_path: Path, kind: str
) -> None:
    """Together they send no more in a second than each alone may."""
    per_s = 25.0
    sessions = [
        MusicSession(
            api.key,
            base_url=api.url,
            journal=PLACES[kind](tmp_path),
            requests_per_s=per_s,
            poll_every_s=0.05,
        )
        for _ in range(2)
    ]
    async with sessions[0], sessions[1]:
        before, began = len(api.requests), time.monotonic()
        jobs = [music.suno.create("rain") for music in sessions for _ in range(6)]
        await asyncio.gather(*jobs)
        seconds = time.monotonic() - began

    sent = len(api.requests) - before
    assert sent >= 24
    assert sent <= per_s * (seconds + 0.1) + 2


@pytest.mark.parametrize("name", params(PLACES))
async def test_sessions_learn_from_each_other_while_they_run(
    tmp_path: Path, name: str
) -> None:
    """How long tasks take: what one saw is known to the other before either ends."""
    options: dict[str, Any] = {"journal": PLACES[name](tmp_path)}
    async with Emulator(pace=Pace.polls(), media=False) as api:
        options |= {"api_key": api.key, "base_url": api.url}
        async with (
            MusicSession(**options, clock=AutojumpClock()) as one,
            MusicSession(**options, clock=AutojumpClock()) as two,
        ):
            await one.suno.create("rain")
            await two.suno.create("snow")
            await two.jobs()

            assert "ends=2" in repr(two._schedule)
