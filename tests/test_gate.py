"""A 429 keeps every request to the host back, for as long as it should."""

import asyncio
import math

import pytest

from aiomusic._gate import Gate, Rate, backoff_s
from aiomusic.testing import LeapingClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> LeapingClock:
    return LeapingClock()


@pytest.fixture
def gate(clock: LeapingClock) -> Gate:
    return Gate(clock)


@pytest.mark.parametrize(
    ("failures", "wait_s"),
    [(1, 0.5), (2, 1.0), (3, 2.0), (7, 32.0), (8, 60.0), (20, 60.0)],
)
def test_each_failure_doubles_the_wait_up_to_a_minute(
    failures: int, wait_s: float
) -> None:
    """The first wait is half a second."""
    assert wait_s == backoff_s(failures)


async def test_an_open_gate_keeps_nobody(gate: Gate, clock: LeapingClock) -> None:
    """Without a 429 no request waits."""
    await gate.wait()

    assert [] == clock.slept


@pytest.mark.parametrize("asked_s", [0.25, 7.0, 300.0])
async def test_the_gate_is_shut_as_long_as_the_service_says(
    gate: Gate, clock: LeapingClock, asked_s: float
) -> None:
    """A wait of less than a second is kept, too."""
    gate.close(asked_s)

    await gate.wait()

    assert ([asked_s], asked_s) == (clock.slept, clock.now())


async def test_no_service_shuts_the_gate_for_more_than_five_minutes(
    gate: Gate, clock: LeapingClock
) -> None:
    """One that asks for more is asked again all the same."""
    gate.close(301.0)

    await gate.wait()

    assert 300.0 == clock.now()


@pytest.mark.parametrize(("failures", "wait_s"), [(1, 0.5), (4, 4.0)])
async def test_a_429_that_names_no_time_shuts_it_a_while(
    gate: Gate, clock: LeapingClock, failures: int, wait_s: float
) -> None:
    """The longer, the more of them came in a row."""
    gate.close(None, failures)

    await gate.wait()

    assert wait_s == clock.now()


async def test_a_single_429_counts_as_the_first(
    gate: Gate, clock: LeapingClock
) -> None:
    """Who does not count them need not say so."""
    gate.close(None)

    await gate.wait()

    assert 0.5 == clock.now()


@pytest.mark.parametrize("asked", [(10.0, 5.0), (5.0, 10.0)], ids=["earlier", "later"])
async def test_of_two_429s_the_later_time_holds(
    gate: Gate, clock: LeapingClock, asked: tuple[float, float]
) -> None:
    """A second one never opens the gate sooner."""
    for asked_s in asked:
        gate.close(asked_s)

    await gate.wait()

    assert 10.0 == clock.now()


async def test_a_gate_that_is_shut_again_meanwhile_is_waited_for_again(
    gate: Gate, clock: LeapingClock
) -> None:
    """Whoever waited since the first 429 obeys the second."""
    gate.close(5.0)
    clock.call_at(2.0, lambda: gate.close(10.0))

    await gate.wait()

    assert ([5.0, 7.0], 12.0) == (clock.slept, clock.now())


async def test_at_a_rate_requests_are_evenly_spaced(clock: LeapingClock) -> None:
    """However many ask at once, each waits for the one before it."""
    gate = Gate(clock, per_s=4.0)
    passed: list[float] = []

    async def go() -> None:
        await gate.wait()
        passed.append(clock.now())

    await asyncio.gather(*(go() for _ in range(5)))

    assert [0.0, 0.25, 0.5, 0.75, 1.0] == passed


async def test_a_pause_is_not_made_up_for(clock: LeapingClock) -> None:
    """After a quiet time requests are as far apart as ever."""
    gate = Gate(clock, per_s=4.0)
    await gate.wait()
    clock.advance(60.0)

    await gate.wait()
    await gate.wait()

    assert 60.25 == clock.now()


async def test_who_need_not_wait_does_not(gate: Gate, clock: LeapingClock) -> None:
    """Without a rate any number pass at once, until a 429."""
    passed = [gate.pass_now(), gate.pass_now()]
    gate.close(1.0)

    assert [True, True, False] == [*passed, gate.pass_now()]
    clock.advance(1.0)
    assert gate.pass_now()


async def test_nobody_passes_those_who_wait(clock: LeapingClock) -> None:
    """Whoever asks while others stand in line has to join it."""
    gate = Gate(clock, per_s=1.0)
    assert gate.pass_now()
    waiting = asyncio.create_task(gate.wait())
    await asyncio.sleep(0)
    clock._now = 1.0

    assert not gate.pass_now()
    await waiting


def test_a_rate_follows_what_happens_of_late() -> None:
    """Twice a second is two; and what was a minute ago counts for a third."""
    rate = Rate()
    for n in range(1_200):
        rate.count(n / 2)

    now = 1_199 / 2

    assert pytest.approx(2.0, rel=0.02) == rate.per_s(now)
    assert pytest.approx(2.0 / math.e, rel=0.02) == rate.per_s(now + 60.0)
    assert 0.0 == Rate().per_s(7.0)
