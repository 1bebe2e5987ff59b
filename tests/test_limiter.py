"""Creates and polls each go at the pace that the service lets through."""

import asyncio
import itertools
import math
from collections import deque
from typing import final

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stopped import StoppedClock

from aiomusic._http.limiter import (
    FIRST_WINDOW,
    MAX_HOLD_S,
    Cap,
    Limiter,
    Pace,
    Rate,
    Turn,
    backoff_s,
)
from aiomusic.errors import (
    ApiError,
    AuthenticationFailed,
    JobFailed,
    MusicError,
    NotSent,
    ProtocolError,
    QueueFull,
    RateLimited,
    ServiceFailed,
)
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("failures", "wait_s"),
    [(1, 0.5), (2, 1.0), (3, 2.0), (7, 32.0), (8, 60.0), (20, 60.0)],
)
def test_each_failure_doubles_the_wait_up_to_a_minute(
    failures: int, wait_s: float
) -> None:
    """The first wait is half a second."""
    assert wait_s == backoff_s(failures)


def test_a_rate_follows_what_happens_of_late() -> None:
    """Twice a second is two; and what was a minute ago counts for a third."""
    rate = Rate()
    for n in range(1_200):
        rate.count(n / 2)

    now = 1_199 / 2

    assert pytest.approx(2.0, rel=0.02) == rate.per_s(now)
    assert pytest.approx(2.0 / math.e, rel=0.02) == rate.per_s(now + 60.0)
    assert 0.0 == Rate().per_s(7.0)


# The pace, which has no clock.


@pytest.mark.parametrize(
    ("asked_s", "hold_s"),
    {
        None: 0.5,
        0.0: 0.5,
        0.001: 0.5,
        0.75: 0.75,
        1.0: 1.0,
        300.0: 300.0,
        3600.0: MAX_HOLD_S,
        math.inf: MAX_HOLD_S,
    }.items(),
)
def test_a_refusal_holds_all_back_as_long_as_it_asks(
    asked_s: float | None, hold_s: float
) -> None:
    """Within a floor and a ceiling; the others of its burst change nothing more."""
    pace = Pace()
    first, second = pace.take(7.0), pace.take(7.0)
    pace.refused(first, 7.5, asked_s)
    pace.refused(second, 7.5, asked_s)

    assert (1, 1, 7.5 + hold_s) == (pace.refusals, pace.window, pace.ready_at)


def test_refusals_in_a_row_hold_ever_longer() -> None:
    """However little they ask for, until one gets through."""
    pace, now, held = Pace(), 0.0, []
    for _ in range(9):
        pace.refused(pace.take(now), now, 0.0)
        held.append(pace.ready_at - now)
        now = pace.ready_at
    pace.passed(pace.take(now))
    pace.refused(pace.take(now + 99.0), now + 99.0, None)

    assert [0.5, 1, 2, 4, 8, 16, 32, 60, 60] == held
    assert 0.5 == pace.opens_at - now - 99.0


def test_after_a_refusal_one_goes_and_the_rest_wait_for_its_answer() -> None:
    """Then they go at the pace of what got through, and a little faster each time."""
    pace = Pace()
    burst = [pace.take(0.0) for _ in range(FIRST_WINDOW)]
    assert math.inf == pace.ready_at
    pace.passed(burst[0])
    for turn in burst[1:]:
        pace.refused(turn, 0.0, 2.0)

    probe = pace.take(pace.ready_at)
    assert (2.0, math.inf) == (probe.at, pace.ready_at)
    pace.passed(probe)
    assert 2.0 == pace.ready_at - probe.at
    gaps = []
    for _ in range(3):
        turn = pace.take(pace.ready_at)
        pace.passed(turn)
        gaps.append(pace.ready_at - turn.at)

    assert pytest.approx([2 * 32 / 33, 2 * 32 / 34, 2 * 32 / 35]) == gaps


def test_a_refusal_leaves_three_quarters_of_a_pace() -> None:
    """Or less, if less got through: here one in two seconds."""
    pace = Pace()
    pace.passed(pace.take(0.0))
    pace.refused(pace.take(0.0), 0.0, 1.0)
    pace.passed(pace.take(1.0))
    assert 1.0 == pace.per_s

    pace.refused(pace.take(2.0), 2.0, 0.0)
    pace.passed(pace.take(2.5))

    assert 0.75 == pace.per_s
    pace.refused(pace.take(3.0), 3.0, 0.0)
    pace.refused(pace.take(3.5), 3.5, 0.0)
    pace.passed(pace.take(4.5))
    assert 0.5 == pace.per_s


def test_a_burst_that_is_let_through_counts() -> None:
    """Sixty a minute are one a second, though fifty seconds are waited for the next."""
    pace = Pace()
    for number in range(60):
        pace.passed(pace.take(number / 6))
    pace.refused(pace.take(10.0), 10.0, 50.0)

    pace.passed(pace.take(60.0))

    assert 1.0 == pace.per_s


def test_a_quiet_time_before_is_no_pace() -> None:
    """What got through an hour ago does not make the next an hour late."""
    pace = Pace()
    pace.passed(pace.take(0.0))
    burst = [pace.take(3600.0) for _ in range(2)]
    pace.passed(burst[0])
    pace.refused(burst[1], 3600.0, 1.0)

    pace.passed(pace.take(3601.0))

    assert 1.0 == pace.per_s


def test_a_full_queue_is_no_pace() -> None:
    """Once one gets in, two may, then three, as fast as ever."""
    pace = Pace()
    pace.refused(pace.take(0.0), 0.0, None, is_full=True)
    assert (True, 0.5) == (pace.is_full, pace.ready_at)

    pace.passed(pace.take(0.5))

    assert (False, math.inf, 2) == (pace.is_full, pace.per_s, pace.window)


def test_a_full_queue_is_tried_when_a_task_ends() -> None:
    """A refusal for the pace is not."""
    pace = Pace()
    pace.refused(pace.take(0.0), 0.0, 9.0, is_full=True)
    pace.make_room(1.0)
    full = pace.ready_at
    pace.refused(pace.take(1.0), 1.0, 9.0)
    pace.make_room(2.0)

    assert (1.0, 10.0) == (full, pace.ready_at)


def test_a_slow_answer_is_not_waited_for() -> None:
    """And when it comes it makes no room twice."""
    pace = Pace()
    turns = [pace.take(0.0) for _ in range(FIRST_WINDOW)]
    pace.overlook()
    again = pace.take(0.0)
    for turn in turns:
        pace.over(turn)

    assert not pace.is_waiting
    pace.over(again)
    assert 0.0 == pace.ready_at


@final
@attrs.define
class Service:
    """Lets so many in at a time, each again after a while; the rest are refused."""

    room: int
    per_s: float
    form: str
    _left: float = 0.0
    _at: float = 0.0

    def __attrs_post_init__(self) -> None:
        self._left = float(self.room)

    def takes(self, now: float) -> bool:
        self._left = min(self.room, self._left + (now - self._at) * self.per_s)
        self._at = now
        # What is a rounding error short of one is one.
        is_taken = self._left > 1 - 1e-9
        self._left -= is_taken
        return is_taken

    def asks_s(self) -> float | None:
        wait_s = (1.0 - self._left) / self.per_s
        return {
            "seconds": float(math.ceil(wait_s)),
            "exact": wait_s,
            "zero": 0.0,
            "none": None,
        }[self.form]


def course(service: Service, songs: int, latency_s: float) -> tuple[int, int, float]:
    """Send songs through a pace; return how many were sent, refused, and how long."""
    pace, now, posts, refused = Pace(), 0.0, 0, 0
    out: deque[tuple[float, Turn]] = deque()
    waiting = songs
    while waiting or out:
        answered_at = out[0][0] if out else math.inf
        if waiting and max(now, pace.ready_at) < answered_at:
            now = max(now, pace.ready_at)
            out.append((now + latency_s, pace.take(now)))
            waiting, posts = waiting - 1, posts + 1
            continue
        now, turn = out.popleft()
        if service.takes(now):
            pace.passed(turn)
        else:
            pace.refused(turn, now, service.asks_s())
            waiting, refused = waiting + 1, refused + 1
    return posts, refused, now


FORMS = ["seconds", "exact", "zero", "none"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("latency_s", [0.001, 0.2, 1.0])
@pytest.mark.parametrize("per_s", [1 / 3, 1.0, 10.0])
def test_thirty_songs_at_a_rate_are_sent_at_most_forty_times(
    per_s: float, latency_s: float, form: str
) -> None:
    """However the service says when to come back, and in little more than it takes."""
    service = Service(room=1, per_s=per_s, form=form)

    posts, _, seconds = course(service, 30, latency_s)

    assert posts <= 40
    # A refusal holds for a second, if only one is asked for, or half of one.
    assert seconds <= 1.5 * 30 * max(1 / per_s, latency_s, 1.0)


@settings(deadline=None)
@given(
    room=st.integers(1, 50),
    per_s=st.floats(0.05, 50.0),
    form=st.sampled_from(FORMS),
    songs=st.integers(1, 200),
    latency_s=st.floats(0.0, 5.0),
)
def test_any_rate_is_found(
    room: int, per_s: float, form: str, songs: int, latency_s: float
) -> None:
    """Every song is sent, few are refused, and the time is within a factor."""
    service = Service(room=room, per_s=per_s, form=form)

    posts, refused, seconds = course(service, songs, latency_s)

    least_s = max(songs - room, 0) / per_s + songs * latency_s
    assert posts == songs + refused
    # The most in 170,000 courses was 20 beside the half.
    assert refused <= 24 + songs / 2
    assert seconds <= 60 + 6 * least_s


@st.composite
def events(draw: st.DrawFn) -> list[tuple[str, float, float | None]]:
    kinds = st.sampled_from(["passed", "refused", "full", "over", "room", "overlook"])
    asked = st.none() | st.floats(0.0, 1e6)
    one = st.tuples(kinds, st.floats(0.0, 100.0), asked)
    return draw(st.lists(one, max_size=60))


@settings(deadline=None)
@given(events())
def test_whatever_happens_the_next_may_go_in_time(
    course: list[tuple[str, float, float | None]],
) -> None:
    """None is held back for longer than the ceiling, once nothing is waited for."""
    pace, now = Pace(), 0.0
    for kind, pause_s, asked_s in course:
        now += pause_s
        turn = pace.take(now)
        match kind:
            case "passed":
                pace.passed(turn)
            case "refused" | "full":
                pace.refused(turn, now, asked_s, is_full=kind == "full")
            case "over":
                pace.over(turn)
            case "room":
                pace.make_room(now)
            case _:
                pace.overlook()

        assert pace.per_s > 0
        assert pace.window >= 1
    pace.overlook()
    assert pace.opens_at <= now + MAX_HOLD_S


# Those that wait, and the cap that creates and polls share.


@pytest.fixture
def clock() -> AutojumpClock:
    return AutojumpClock()


def pair(clock: AutojumpClock, per_s: float | None = None) -> tuple[Limiter, Limiter]:
    cap = Cap(clock, per_s)
    return Limiter(clock, cap), Limiter(clock, cap)


def refuse(limiter: Limiter, after_s: float | None) -> None:
    turn = limiter.enter_now()
    assert turn is not None
    limiter.end(turn, RateLimited("slow down", retry_after_s=after_s))


async def test_one_kind_holds_back_nothing_of_the_other(clock: AutojumpClock) -> None:
    """A create's hour is no poll's."""
    creates, polls = pair(clock)
    refuse(creates, 3600.0)

    assert polls.enter_now() is not None
    assert creates.enter_now() is None
    turn = await creates.enter()
    assert turn is not None
    assert MAX_HOLD_S == turn.at == clock.now()


async def test_turns_of_a_limit_that_is_shared_are_drawn(clock: AutojumpClock) -> None:
    """Nothing goes out before its turn is granted, and then at its time."""
    cap = Cap(clock, 2.0, is_shared=True)
    creates, polls = Limiter(clock, cap), Limiter(clock, cap)
    assert creates.enter_now() is None
    sent: list[float] = []

    async def send(limiter: Limiter) -> None:
        turn = await limiter.enter()
        assert turn is not None
        sent.append(turn.at)
        limiter.end(turn, None)

    sending = [asyncio.create_task(send(one)) for one in (creates, polls, creates)]
    # No more are drawn at a time than go out in half a second.
    assert 1 == await cap.wanting()
    cap.grant(1, 3.0)
    assert 1 == await cap.wanting()
    cap.grant(2, 10.0)
    await asyncio.gather(*sending)

    assert [3.0, 10.0, 10.5] == sent
    assert creates.enter_now() is None


async def test_a_turn_that_was_missed_is_lost(clock: AutojumpClock) -> None:
    """It would come beside that of another process."""
    cap = Cap(clock, 2.0, is_shared=True)
    limiter = Limiter(clock, cap)
    cap.grant(2, 0.0)
    clock.advance(0.6)

    assert limiter.enter_now() is not None
    cap.grant(1, 0.0)
    clock.advance(0.5)
    assert limiter.enter_now() is None


async def test_those_that_wait_go_in_order(clock: AutojumpClock) -> None:
    """One at first, and each of the others when the one before has got through."""
    creates, _ = pair(clock)
    first = creates.enter_now()
    assert first is not None
    creates.end(first, None)
    refuse(creates, 1.0)
    sent: list[tuple[int, float]] = []

    async def send(number: int) -> None:
        turn = await creates.enter()
        assert turn is not None
        sent.append((number, turn.at))
        await asyncio.sleep(0)
        creates.end(turn, None)

    await asyncio.gather(*(send(number) for number in range(4)))

    assert [0, 1, 2, 3] == [number for number, _ in sent]
    gaps = [b - a for (_, a), (_, b) in itertools.pairwise(sent)]
    assert pytest.approx([1.0, 32 / 33, 32 / 34]) == gaps


async def test_who_comes_while_others_wait_stands_behind_them(
    clock: AutojumpClock,
) -> None:
    """Even when its turn might be there."""
    creates, _ = pair(clock)
    refuse(creates, 1.0)
    waiting = asyncio.create_task(creates.enter())
    await asyncio.sleep(0)
    clock._now = 1.0

    assert creates.enter_now() is None
    assert await waiting is not None


@pytest.mark.parametrize("until", [0.0, 3.0])
async def test_who_can_wait_no_longer_is_sent_away(
    clock: AutojumpClock, until: float
) -> None:
    """In time, and the others wait on."""
    creates, _ = pair(clock)
    refuse(creates, 9.0)
    patient = asyncio.create_task(creates.enter())

    assert await creates.enter(until) is None
    assert until == clock.now()
    turn = await patient
    assert turn is not None
    assert 9.0 == turn.at


async def test_who_is_cancelled_leaves_the_line() -> None:
    """Before its turn, and with it."""
    clock = StoppedClock()
    cap = Cap(clock)
    creates = Limiter(clock, cap)
    refuse(creates, 1.0)
    waiting = [asyncio.create_task(creates.enter()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    clock.advance(1.0)
    waiting[1].cancel()
    await asyncio.wait(waiting[:2])

    assert await waiting[2] is not None
    assert not creates.is_awaited


@pytest.mark.slow
async def test_answers_that_do_not_come_are_waited_for_a_second(
    clock: AutojumpClock,
) -> None:
    """In real time, as they come over real sockets."""
    creates, _ = pair(clock)
    turns = [creates.enter_now() for _ in range(FIRST_WINDOW)]
    loop = asyncio.get_running_loop()
    began = loop.time()

    async with asyncio.timeout(5):
        assert await creates.enter() is not None

    assert None not in turns
    assert 0.9 < loop.time() - began
    assert 0.0 == clock.now()


ENDS: dict[str, tuple[BaseException | None, str]] = {
    "nothing wrong": (None, "passed"),
    "no": (ApiError("x", status=400), "passed"),
    "the task failed": (JobFailed("x"), "passed"),
    "429": (RateLimited("x", status=429), "refused"),
    "full": (QueueFull("x", status=403), "full"),
    "a wrong key": (AuthenticationFailed("x", status=401), "over"),
    "500": (ServiceFailed("x", status=500), "over"),
    "nothing sent": (NotSent("x"), "over"),
    "no whole answer": (ProtocolError("x"), "over"),
    "kept back": (MusicError("x"), "over"),
    "cancelled": (asyncio.CancelledError(), "over"),
}


@pytest.mark.parametrize(("error", "end"), ENDS.values(), ids=ENDS.keys())
async def test_what_an_answer_says_of_the_pace(
    clock: AutojumpClock, error: BaseException | None, end: str
) -> None:
    """Each turn is ended, whatever came of its request."""
    creates, _ = pair(clock)
    for _ in range(FIRST_WINDOW - 1):
        creates.enter_now()
    turn = creates.enter_now()
    assert turn is not None
    assert creates.pace.is_waiting

    creates.end(turn, error)

    pace = creates.pace
    assert not pace.is_waiting
    assert (end == "passed") == (1 == pace.passes)
    assert (end in {"refused", "full"}) == (1 == pace.refusals)
    assert (end == "full") == pace.is_full


async def test_a_turn_ends_as_its_block_does(clock: AutojumpClock) -> None:
    """And what is raised in it goes on."""
    creates, _ = pair(clock)
    first, second = creates.enter_now(), creates.enter_now()
    assert first is not None
    assert second is not None

    with creates.using(first):
        pass
    with pytest.raises(RateLimited, match="slow"), creates.using(second):
        raise RateLimited("slow")

    assert (1, 1) == (creates.pace.passes, creates.pace.refusals)


async def test_at_a_rate_requests_are_evenly_spaced(clock: AutojumpClock) -> None:
    """However many ask at once, each waits for the one before it."""
    creates, polls = pair(clock, 4.0)
    passed: list[float] = []

    async def go(limiter: Limiter) -> None:
        turn = await limiter.enter()
        assert turn is not None
        passed.append(clock.now())
        limiter.end(turn, None)

    await asyncio.gather(*(go(limiter) for limiter in (creates, polls) * 3))

    assert [0.0, 0.25, 0.5, 0.75, 1.0, 1.25] == passed


async def test_a_pause_is_not_made_up_for(clock: AutojumpClock) -> None:
    """After a quiet time requests are as far apart as ever."""
    creates, _ = pair(clock, 4.0)
    creates.enter_now()
    clock.advance(60.0)

    await creates.enter()
    await creates.enter()

    assert 60.25 == clock.now()


async def test_both_kinds_take_turns_at_a_rate(clock: AutojumpClock) -> None:
    """A long line of one kind does not keep the other waiting."""
    creates, polls = pair(clock, 1.0)
    order: list[str] = []

    async def go(limiter: Limiter, name: str) -> None:
        turn = await limiter.enter()
        assert turn is not None
        order.append(name)
        limiter.end(turn, None)

    many = [go(creates, "create") for _ in range(6)]
    await asyncio.gather(*many, *(go(polls, "poll") for _ in range(3)))

    assert "create" == order[0]
    assert ["poll", "create"] * 3 == order[1:7]


async def test_timers_end_with_the_session(clock: AutojumpClock) -> None:
    """Nothing goes off for those that are gone, and nobody waits for ever."""
    cap = Cap(clock)
    creates = Limiter(clock, cap)
    refuse(creates, 1.0)
    waiting = asyncio.create_task(creates.enter())
    await asyncio.sleep(0)
    cap.close()

    clock.advance(2.0)

    with pytest.raises(asyncio.CancelledError):
        await waiting
    refuse(creates, 1.0)
    with pytest.raises(asyncio.CancelledError):
        await creates.enter()
    assert not creates.is_awaited
