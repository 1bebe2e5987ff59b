import heapq
import json
import math
import random
from bisect import bisect_right
from collections.abc import Callable
from statistics import NormalDist, fmean
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiomusic._polling.bins import BINS
from aiomusic._polling.ration import Ration
from aiomusic._polling.schedule import Fixed, Kind, Learned, Schedule, learned

SONG = Kind(name="suno/create/chirp-v4-5", typical_s=60.0, floor_s=0.5)
EXACT = attrs.evolve(SONG, floor_s=0.01)

AGES_S = st.one_of(st.floats(0.0, 300.0), st.floats(0.0, 1e6))
PRICES = st.floats(1e-3, 1e4)
DURATIONS_S = st.floats(0.01, 1e5)


@st.composite
def ends(draw: st.DrawFn) -> tuple[float, float, float]:
    """Draw an age when last seen pending, one when last seen unfinished, and an end."""
    lower_s = draw(DURATIONS_S)
    upper_s = lower_s + draw(st.one_of(st.just(0.0), st.floats(0.0, 100.0)))
    pending_s = draw(st.one_of(st.just(0.0), st.floats(0.0, lower_s)))
    return pending_s, lower_s, draw(st.sampled_from((upper_s, upper_s, math.inf)))


LEARNED = st.lists(ends(), max_size=5)
SOME = settings(max_examples=30, deadline=None, derandomize=True, database=None)


def taught(
    seen: list[tuple[float, float, float]], pace: Fixed | Learned | None = None
) -> Schedule:
    schedule = Schedule(pace=pace or Learned())
    for pending_s, lower_s, upper_s in seen:
        schedule.observe(SONG, lower_s, upper_s, pending_s=pending_s)
    return schedule


def replay(
    schedule: Schedule, duration_s: float, wait_s: float = 0.0
) -> tuple[int, float]:
    """Follow one task, which is pending while it waits; return polls and delay."""
    age_s = seen_s = pending_s = 0.0
    polls = 0
    while age_s < duration_s:
        seen_s = age_s
        pending_s = age_s if age_s < wait_s else pending_s
        age_s = schedule.next_poll(EXACT, age_s, pending_s=pending_s)
        polls += 1
    schedule.observe(EXACT, seen_s, age_s, pending_s=pending_s)
    return polls, age_s - duration_s


def replay_all(
    schedule: Schedule, draw: Callable[[], float], tasks: int
) -> tuple[float, float]:
    """Follow *tasks* tasks one after the other; return mean polls and mean delay."""
    polls, delays = zip(*(replay(schedule, draw()) for _ in range(tasks)), strict=True)
    return sum(polls) / tasks, sum(delays) / tasks


def log_normal(median_s: float, sigma: float, seed: int = 0) -> Callable[[], float]:
    rng = random.Random(seed)
    return lambda: rng.lognormvariate(math.log(median_s), sigma)


@SOME
@given(
    seen=LEARNED,
    age_s=AGES_S,
    price=PRICES,
    floor_s=st.floats(0.01, 60.0),
    ceiling_s=st.floats(0.01, 600.0),
    part=st.floats(0.0, 1.0),
    pending=st.floats(0.0, 1.0),
    dearer=st.floats(0.1, 1e6),
)
def test_a_poll_keeps_between_floor_and_ceiling(
    *,
    seen: list[tuple[float, float, float]],
    age_s: float,
    price: float,
    floor_s: float,
    ceiling_s: float,
    part: float,
    pending: float,
    dearer: float,
) -> None:
    """A poll keeps between the floor and the ceiling, which a ration stretches."""
    schedule = taught(seen, Learned(delay_price=price, ceiling_s=ceiling_s))
    kind = attrs.evolve(SONG, floor_s=floor_s)
    seen_s = age_s * part

    poll_s = schedule.next_poll(kind, age_s, seen_s=seen_s, pending_s=seen_s * pending)

    assert age_s < poll_s
    assert age_s + floor_s <= poll_s <= age_s + max(floor_s, ceiling_s)

    poll_s = schedule.next_poll(
        kind, age_s, seen_s=seen_s, pending_s=seen_s * pending, price_s=dearer / price
    )
    ceiling_s *= 1.000001 * max(1.0, math.sqrt(dearer))

    assert age_s + floor_s <= poll_s <= age_s + max(floor_s, ceiling_s)


@SOME
@given(
    seen=LEARNED,
    age_s=AGES_S,
    pending=st.one_of(st.just(0.0), st.just(1.0), st.floats(0.0, 1.0)),
    one=PRICES,
    other=PRICES,
    floor_s=st.sampled_from((0.01, 1.0, 5.0, 15.0)),
)
def test_a_dearer_delay_never_polls_later(
    *,
    seen: list[tuple[float, float, float]],
    age_s: float,
    pending: float,
    one: float,
    other: float,
    floor_s: float,
) -> None:
    """The more a second of delay is worth, the sooner the next poll."""
    kind = attrs.evolve(SONG, floor_s=floor_s)
    prices = sorted((one, other), reverse=True)
    schedules = [taught(seen, Learned(delay_price=price)) for price in prices]

    def poll_s(schedule: Schedule, price_s: float | None = None) -> float:
        return schedule.next_poll(
            kind, age_s, pending_s=age_s * pending, price_s=price_s
        )

    sooner_s, later_s = (poll_s(schedule) for schedule in schedules)
    first_s, then_s = (poll_s(schedules[0], 1.0 / price) for price in prices)

    assert sooner_s <= later_s + 1e-9 * later_s
    assert first_s <= then_s + 1e-9 * then_s


@SOME
@given(
    seen=LEARNED,
    one_s=AGES_S,
    other_s=AGES_S,
    part=st.floats(0.0, 1.0),
    pending=st.one_of(st.just(0.0), st.just(1.0), st.floats(0.0, 1.0)),
)
def test_an_eta_widens_when_late(
    seen: list[tuple[float, float, float]],
    one_s: float,
    other_s: float,
    part: float,
    pending: float,
) -> None:
    """An eta is a range ahead, and once a task is late it grows with its age."""
    schedule = taught(seen)
    seen_s = min(one_s, other_s) * part
    pending_s = seen_s * pending

    def eta(age_s: float) -> tuple[float, float]:
        return schedule.eta(SONG, age_s, seen_s=seen_s, pending_s=pending_s)

    since_s = pending_s if pending_s < seen_s else 0.0
    late_s = since_s + eta(since_s)[1] + 1e-6
    ages_s = sorted((late_s + one_s, late_s + other_s))

    early = eta(min(one_s, other_s))
    first, then = (eta(age_s) for age_s in ages_s)

    assert 0.0 <= early[0] <= early[1]
    assert 0.0 <= first[0] <= first[1]
    assert first[0] == pytest.approx(then[0], abs=1e-9 * ages_s[1])
    assert first[1] - first[0] <= then[1] - then[0] + 1e-9 * ages_s[1]


@SOME
@given(seen=LEARNED, age_s=AGES_S, price=PRICES)
def test_a_schedule_survives_json(
    seen: list[tuple[float, float, float]], age_s: float, price: float
) -> None:
    """What was learned goes through JSON and says the same, then and one end later."""
    pace = Learned(delay_price=price)
    schedule = taught(seen, pace)

    state = schedule.to_state()
    again = Schedule.from_state(json.loads(json.dumps(state)), pace=pace)

    for pending_s in (0.0, age_s / 2):
        assert schedule.next_poll(SONG, age_s, pending_s=pending_s) == again.next_poll(
            SONG, age_s, pending_s=pending_s
        )
        assert schedule.eta(SONG, age_s, pending_s=pending_s) == again.eta(
            SONG, age_s, pending_s=pending_s
        )
    for each in (schedule, again):
        each.observe(SONG, 50.0, 51.0)
    assert schedule.to_state() == again.to_state()


def test_schedules_that_share_a_state_know_what_one_would_that_saw_all() -> None:
    """Each tells what it saw since, and takes up what all know."""
    first, second, all_seen = Schedule(), Schedule(), Schedule()
    state: object = None
    for n in range(40):
        for schedule, at_s in ((first, 20.0 + n), (second, 90.0 + n)):
            schedule.observe(SONG, at_s, at_s + 1.0, pending_s=5.0)
            all_seen.observe(SONG, at_s, at_s + 1.0, pending_s=5.0)
            state = json.loads(json.dumps(learned(state, schedule.take_untold())))
            all_seen.to_state()
            schedule.take_up(state)

    assert state == learned(state, first.take_untold())
    first.take_up(state)
    assert state == first.to_state() == second.to_state() == all_seen.to_state()


def test_what_was_seen_since_is_known_beside_what_all_know() -> None:
    """An end that comes while the others are told is not forgotten."""
    schedule = Schedule()
    schedule.observe(SONG, 20.0, 21.0)
    state = learned(None, schedule.take_untold())
    schedule.observe(SONG, 30.0, 31.0)

    schedule.take_up(state)
    schedule.take_up({"version": "what nobody can read"})

    assert learned(state, schedule.take_untold()) == schedule.to_state()


def test_a_state_of_another_version_is_passed_over() -> None:
    """A state that another version wrote is as good as none."""
    schedule = taught([(0.0, 10.0, 10.0)] * 20)
    state = schedule.to_state()
    state["version"] += 1

    again = Schedule.from_state(state)

    assert Schedule().next_poll(SONG, 0.0) == again.next_poll(SONG, 0.0)
    assert schedule.next_poll(SONG, 0.0) != again.next_poll(SONG, 0.0)


@pytest.mark.parametrize(
    "damage",
    [
        {"counts": [1.0]},
        {"counts": None},
        {"counts": [-1.0] * BINS},
        {"centres": [1.0]},
        {"doubts": [math.inf] * 8},
        {"typical_s": 0.0},
        {"typical_s": "soon"},
        {"trust": [math.nan] * 9},
    ],
)
def test_a_damaged_state_is_refused(damage: dict[str, object]) -> None:
    """What can't be right is told at once, and not when a poll is placed by it."""
    state = taught([(0.0, 10.0, 10.0)] * 20).to_state()
    damaged: Any = {**state, "whole": {SONG.name: {**state["whole"][SONG.name]}}}
    assert Schedule.from_state(damaged).to_state() == state

    damaged["whole"][SONG.name] |= damage

    with pytest.raises((TypeError, ValueError), match="state|not|could"):
        Schedule.from_state(damaged)


@SOME
@given(seen=LEARNED, age_s=st.floats(0.0, 1e5), every_s=st.floats(0.01, 600.0))
def test_a_fixed_pace_heeds_nothing_else(
    seen: list[tuple[float, float, float]], age_s: float, every_s: float
) -> None:
    """A fixed pace stays what it is whatever was learned."""
    schedule = taught(seen, Fixed(every_s=every_s))

    assert age_s + every_s == schedule.next_poll(SONG, age_s)


@pytest.mark.parametrize(
    ("pending_s", "lower_s", "upper_s"),
    [(0.0, 5.0, 4.0), (0.0, -1.0, 4.0), (3.0, 2.0, 4.0), (0.0, math.nan, 4.0)],
    ids=["backwards", "negative", "pending after", "not a number"],
)
def test_an_impossible_end_is_refused(
    pending_s: float, lower_s: float, upper_s: float
) -> None:
    """Ages that cannot be are an error, and nothing is learned from them."""
    schedule = Schedule()

    with pytest.raises(ValueError, match="cannot be"):
        schedule.observe(SONG, lower_s, upper_s, pending_s=pending_s)

    assert "ends=0" in repr(schedule)


@pytest.mark.parametrize("wrong", [0.0, -1.0])
def test_a_pace_that_stands_still_is_refused(wrong: float) -> None:
    """Paces, prices and floors are more than nothing."""
    with pytest.raises(ValueError, match="every_s"):
        Fixed(every_s=wrong - 1.0)
    with pytest.raises(ValueError, match="delay_price"):
        Learned(delay_price=wrong)
    with pytest.raises(ValueError, match="floor_s"):
        Kind(name="x", floor_s=wrong)


def test_the_first_job_is_polled_at_sanely() -> None:
    """With nothing learned, polls begin in the typical time and are not many."""
    schedule = Schedule()

    first_s = schedule.next_poll(EXACT, 0.0)
    polls, _ = replay(schedule, 60.0)

    assert 5.0 < first_s < 40.0
    assert 3 <= polls <= 20


def test_polls_gather_where_ends_are() -> None:
    """Polls begin just before the earliest ends and thin out after the last."""
    schedule = Schedule()
    replay_all(schedule, log_normal(60.0, 0.15), 200)

    first_s = schedule.next_poll(EXACT, 0.0)
    amid_s = schedule.next_poll(EXACT, 60.0) - 60.0
    late_s = schedule.next_poll(EXACT, 150.0) - 150.0

    assert 40.0 < first_s < 56.0
    assert 1.0 < amid_s < 5.0
    assert late_s > 2.0 * amid_s


@pytest.mark.parametrize(
    ("sigma", "least"), [(0.35, 18.31), (0.15, 8.58)], ids=["0.35", "0.15"]
)
def test_delay_and_polls_come_near_the_least(sigma: float, least: float) -> None:
    """Mean delay times mean polls stays within 15 % of the least there is."""
    schedule = Schedule(pace=Learned(ceiling_s=120.0))

    polls, delay_s = replay_all(schedule, log_normal(60.0, sigma, seed=1), 600)

    assert polls * delay_s < 1.15 * least


def least_cost(ends_s: list[float], price_s: float, floor_s: float) -> float:
    """Try all polls a quarter of a second apart, to one who knows the ends."""
    step_s = 0.25
    steps, gap = math.ceil(ends_s[-1] / step_s), round(floor_s / step_s)
    ages_s = [step_s * i for i in range(steps + gap + 1)]
    counts = [bisect_right(ends_s, age_s) for age_s in ages_s]
    sums = [sum(ends_s[:count]) for count in counts]
    costs = [0.0] * len(ages_s)

    def cost(i: int, j: int) -> float:
        return (counts[j] - counts[i]) * ages_s[j] - (sums[j] - sums[i]) + costs[j]

    for i in range(steps - 1, -1, -1):
        best = min(cost(i, j) for j in range(i + gap, steps + gap + 1))
        costs[i] = price_s * (len(ends_s) - counts[i]) + best
    return costs[0] / len(ends_s)


def hump(median_s: float, sigma: float) -> list[float]:
    bell = NormalDist(math.log(median_s), sigma)
    return [math.exp(bell.inv_cdf((i + 0.5) / 100)) for i in range(100)]


@pytest.mark.parametrize(
    ("ends_s", "floor_s", "most"),
    [
        ([14.0 + i / 50 for i in range(100)], 5.0, 1.25),
        (hump(45.0, 0.1), 15.0, 1.08),
        (hump(60.0, 0.35), 15.0, 1.08),
        # A hundred points favour one who knows each of them.
        (hump(60.0, 0.35), 5.0, 1.15),
        (hump(20.0, 0.05) + hump(30.0, 0.05), 5.0, 1.08),
        (hump(20.0, 0.05) + hump(30.0, 0.05), 15.0, 1.08),
        (hump(30.0, 0.1) + hump(50.0, 0.1), 15.0, 1.08),
    ],
    ids=["narrow", "0.1", "0.35", "0.35 at 5 s", "near at 5 s", "near", "far"],
)
def test_a_plan_counts_the_floor(
    ends_s: list[float], floor_s: float, most: float
) -> None:
    """Where polls must be far apart, they are placed nearly as well as can be."""
    schedule, kind = Schedule(), attrs.evolve(SONG, floor_s=floor_s)
    for end_s in random.Random(12).choices(ends_s, k=600):
        schedule.observe(kind, end_s, end_s)

    costs_s = []
    for end_s in sorted(ends_s):
        poll_s, polls = 0.0, 0
        while poll_s < end_s:
            poll_s, polls = schedule.next_poll(kind, poll_s), polls + 1
        costs_s.append(poll_s - end_s + 0.25 * polls)
    least = least_cost(sorted(ends_s), 0.25, floor_s)

    assert fmean(costs_s) < most * least


@pytest.mark.parametrize(
    ("ends_s", "songs", "most"),
    [
        (hump(15.0, 0.04), 800, 1.3),
        ([14.0 + 2.0 * k / 400 for k in range(401)], 600, 1.45),
    ],
    ids=["all near 15 s", "evenly from 14 to 16 s"],
)
def test_tasks_as_short_as_the_floor_are_learned_from_its_own_polls(
    ends_s: list[float], songs: int, most: float
) -> None:
    """Seen only to end before the first poll, or one floor later."""
    schedule, kind = Schedule(), attrs.evolve(SONG, floor_s=15.0)
    costs_s = []
    for end_s in random.Random(1).choices(ends_s, k=songs):
        seen_s = poll_s = 0.0
        polls = 0
        while poll_s < end_s:
            seen_s, poll_s = poll_s, schedule.next_poll(kind, poll_s)
            polls += 1
        schedule.observe(kind, seen_s, poll_s)
        costs_s.append(poll_s - end_s + 0.25 * polls)

    assert fmean(costs_s[100:]) < most * least_cost(ends_s, 0.25, 15.0)


@pytest.mark.parametrize(("then_s", "most"), [(30.0, 6.0), (120.0, 7.0)])
def test_few_ends_on_one_side_of_what_was_expected_are_heeded(
    then_s: float, most: float
) -> None:
    """Two or three are no chance: the next is looked for elsewhere."""
    costs_s = []
    for seed in range(5):
        schedule = Schedule(pace=Learned(ceiling_s=120.0))
        replay_all(schedule, log_normal(60.0, 0.25, seed=seed), 80)
        then = log_normal(then_s, 0.25, seed=100 + seed)
        polls, delay_s = replay_all(schedule, then, 20)
        costs_s.append(delay_s + 0.25 * polls)

    assert fmean(costs_s) < most


def test_two_humps_are_told_apart() -> None:
    """Between two humps, where nothing ends, there is hardly a poll."""
    rng = random.Random(2)
    schedule = Schedule(pace=Learned(ceiling_s=120.0))
    replay_all(
        schedule,
        lambda: rng.choice((40.0, 120.0)) * rng.lognormvariate(0.0, 0.1),
        300,
    )

    poll_s, between = 60.0, 0
    while poll_s < 90.0:
        poll_s = schedule.next_poll(EXACT, poll_s)
        between += poll_s < 90.0

    assert between <= 1


@pytest.mark.parametrize("seed", range(2))
def test_a_few_polls_are_enough_to_learn_from(seed: int) -> None:
    """With polls so dear that three make a task, two humps are found all the same."""
    rng = random.Random(seed)
    schedule = Schedule(pace=Learned(delay_price=0.2, ceiling_s=120.0))

    def draw() -> float:
        return rng.choice((40.0, 120.0)) * rng.lognormvariate(0.0, 0.15)

    replay_all(schedule, draw, 120)
    polls, delay_s = replay_all(schedule, draw, 200)

    # The optimum of one who knows the humps costs 21.4.
    assert delay_s + 5.0 * polls < 1.15 * 21.4


@pytest.mark.parametrize("then_s", [30.0, 120.0], ids=["halved", "doubled"])
def test_a_sudden_change_is_learned_in_some_thirty_ends(then_s: float) -> None:
    """Forty ends after a change, tasks cost at most a third more than the least."""
    schedule = Schedule(pace=Learned(ceiling_s=120.0))
    replay_all(schedule, log_normal(60.0, 0.25, seed=3), 300)
    replay_all(schedule, log_normal(then_s, 0.25, seed=4), 40)

    polls, delay_s = replay_all(schedule, log_normal(then_s, 0.25, seed=5), 150)

    assert polls * delay_s < 1.33 * 13.6 * then_s / 60.0


@pytest.mark.parametrize("typical_s", [20.0, 180.0], ids=["3 x low", "3 x high"])
def test_a_wrong_prior_is_soon_forgotten(typical_s: float) -> None:
    """With a prior three times wrong the next poll is right after a dozen ends."""
    kind = attrs.evolve(EXACT, typical_s=typical_s)
    draw = log_normal(60.0, 0.2, seed=6)
    schedule = Schedule()

    for _ in range(12):
        end_s = draw()
        schedule.observe(kind, end_s - 2.0, end_s + 2.0)

    assert 28.0 < schedule.next_poll(kind, 0.0) < 56.0


def test_another_model_starts_from_its_operation() -> None:
    """A new model is taken to be as fast as the fastest of its operation."""
    schedule = Schedule()
    names = ("suno/create/slow", "suno/create/fast", "suno/cover/faster")
    for name, end_s in zip(names, (200.0, 100.0, 10.0), strict=True):
        for _ in range(20):
            schedule.observe(attrs.evolve(EXACT, name=name), end_s, end_s + 1.0)
    fresh = attrs.evolve(EXACT, name="suno/create/new")

    expected = Schedule().next_poll(attrs.evolve(fresh, typical_s=100.0), 0.0)

    assert expected == pytest.approx(schedule.next_poll(fresh, 0.0), rel=0.1)


def test_a_pending_task_is_not_looked_for_too_soon() -> None:
    """Where tasks wait for their turn, to hear so saves polls and delay."""
    waits, runs = log_normal(60.0, 0.9, seed=7), log_normal(60.0, 0.15, seed=8)
    tasks = [(waits(), runs()) for _ in range(250)]
    blind, told = Schedule(), Schedule()

    plain = [replay(blind, wait + run) for wait, run in tasks]
    heard = [replay(told, wait + run, wait) for wait, run in tasks]

    assert sum(n for n, _ in heard) < 0.75 * sum(n for n, _ in plain)
    assert sum(s for _, s in heard) < sum(s for _, s in plain)


def test_a_service_that_says_pending_to_the_end_is_not_asked_more() -> None:
    """Where tasks are said to be pending until they are done, that changes little."""
    draw = log_normal(60.0, 0.35, seed=10)
    tasks = [draw() for _ in range(250)]
    blind, told = Schedule(), Schedule()

    plain = [replay(blind, end_s) for end_s in tasks]
    heard = [replay(told, end_s, end_s) for end_s in tasks]

    assert sum(n for n, _ in heard) < 1.1 * sum(n for n, _ in plain)
    assert sum(s for _, s in heard) < 1.2 * sum(s for _, s in plain)


def test_a_pending_task_gets_no_date() -> None:
    """While a task waits for its turn its eta is the whole time, not that of a run."""
    schedule = taught([(200.0, 239.0, 241.0)] * 30)

    waiting = schedule.eta(SONG, 20.0, pending_s=20.0)
    running = schedule.eta(SONG, 21.0, seen_s=21.0, pending_s=20.0)

    assert waiting[0] > 100.0
    assert running[1] < 100.0


def test_a_job_given_up_counts_as_long() -> None:
    """Jobs given up unfinished move the eta out, not in."""
    schedule = taught([(0.0, 50.0, 60.0)] * 10)
    before = schedule.eta(SONG, 0.0)

    for _ in range(5):
        schedule.observe(SONG, 300.0, math.inf)

    assert schedule.eta(SONG, 0.0)[1] > before[1]


def test_a_failed_poll_is_made_up_for() -> None:
    """After polls that failed, the next comes as soon as the floor allows."""
    schedule = taught([(0.0, 59.0, 61.0)] * 50)
    planned_s = schedule.next_poll(SONG, 55.0)

    poll_s = schedule.next_poll(SONG, planned_s + 3.0, seen_s=55.0)

    assert planned_s + 3.0 + SONG.floor_s == poll_s


def test_four_ends_in_five_fall_within_the_eta() -> None:
    """Once learned, the eta at the start holds for about 80 % of all tasks."""
    schedule = Schedule()
    draw = log_normal(60.0, 0.35, seed=9)
    replay_all(schedule, draw, 300)

    low_s, high_s = schedule.eta(EXACT, 0.0)
    held = sum(low_s <= draw() <= high_s for _ in range(2_000)) / 2_000

    assert 0.72 < held < 0.88


def test_a_ration_prices_polls_so_that_the_rate_holds() -> None:
    """A hundred tasks alike and five polls a second make one each 20 s."""
    ration = Ration(per_s=5.0, least_s=0.25)
    hazard = 1.0 / 60.0
    shares = [
        ration.enter(math.sqrt(2.0 * ration.price_s / hazard)) for _ in range(100)
    ]

    gap_s = math.sqrt(2.0 * ration.price_s / hazard)

    assert ration.is_short
    assert pytest.approx(20.0, rel=0.1) == gap_s
    for share in shares:
        ration.leave(share)
    assert not ration.is_short
    assert ration.least_s == ration.price_s


def test_a_ration_that_is_cut_makes_polls_dearer() -> None:
    """A quarter of the rate makes a poll sixteen times as dear, at once."""
    ration = Ration(per_s=4.0, least_s=0.25)
    for _ in range(100):
        ration.enter(math.sqrt(2.0 * ration.price_s / 0.1))
    before_s = ration.price_s

    ration.per_s = 1.0

    assert pytest.approx(16.0, rel=0.2) == ration.price_s / before_s


def test_a_ration_of_next_to_nothing_has_a_price() -> None:
    """However many polls are asked for, the price stays a number."""
    schedule, ration = Schedule(), Ration(per_s=1e-9, least_s=0.25)

    for _ in range(1_000):
        gap_s = schedule.next_poll(SONG, 0.0, price_s=ration.price_s)
        ration.enter(gap_s)

    assert 1e6 < ration.price_s < 1e9


@pytest.mark.slow
@pytest.mark.parametrize("per_s", [2.0, 6.0, 18.0])
def test_the_polls_of_all_kinds_keep_to_their_rate(per_s: float) -> None:
    """Planned at the ration's price, two hundred tasks ask for the rate in all."""
    schedule, ration = Schedule(), Ration(per_s=per_s, least_s=1e-3)
    rng, now_s, asked = random.Random(11), 0.0, 0
    medians_s = {"suno/create/x": 60.0, "riffusion/create/y": 30.0}
    draws = {name: log_normal(s, 0.3) for name, s in medians_s.items()}
    heap: list[tuple[float, float, float, float, float, Kind]] = []

    def plan(begun_s: float, end_s: float, kind: Kind) -> None:
        age_s = now_s - begun_s
        poll_s = schedule.next_poll(kind, age_s, price_s=ration.price_s)
        share = ration.enter(poll_s - age_s)
        heapq.heappush(heap, (begun_s + poll_s, begun_s, end_s, age_s, share, kind))

    def begin() -> None:
        name = rng.choice([*medians_s])
        plan(now_s, draws[name](), attrs.evolve(EXACT, name=name))

    for _ in range(200):
        begin()
    while now_s < 1_500.0:
        now_s, begun_s, end_s, seen_s, share, kind = heapq.heappop(heap)
        asked += now_s >= 900.0
        ration.leave(share)
        if now_s - begun_s < end_s:
            plan(begun_s, end_s, kind)
            continue
        schedule.observe(kind, seen_s, now_s - begun_s)
        begin()

    assert pytest.approx(per_s, rel=0.15) == asked / 600.0
