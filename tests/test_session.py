"""A session opens, closes and settles everything, however it is left."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import anyio
import pytest
from aiohttp import web

from aiomusic import (
    AuthenticationFailed,
    BudgetExceeded,
    Credits,
    JobDetached,
    JobState,
    MusicJob,
    MusicSession,
    NotSent,
    SubmissionUnknown,
    riffusion,
)
from aiomusic.emulator import Emulator, Pace
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    async with Emulator(pace=Pace.polls(), media=False) as api:
        yield api


def session(api: Emulator, **options: object) -> MusicSession:
    settings = {"api_key": api.key, "base_url": api.url, "poll_every_s": 0.001}
    return MusicSession(**{**settings, **options})  # type: ignore[arg-type]


async def reach(job: MusicJob[object], state: JobState) -> None:
    async for update in job.updates():
        if update.state is state:
            return


class LeftError(Exception):
    """What the body of a session raises in these tests."""


async def test_a_clean_exit_waits_for_every_job(api: Emulator) -> None:
    """Jobs that are queued, in flight and done all end with their clips."""
    async with session(api, concurrency=1) as music:
        done = music.riffusion.create("done")
        await done
        in_flight = music.riffusion.create("in flight")
        await reach(in_flight, JobState.PENDING)
        queued = music.riffusion.create("queued")

    assert [2, 2, 2] == [len(await job) for job in (done, in_flight, queued)]


async def test_an_exception_detaches_and_arrives_bare(api: Emulator) -> None:
    """What is queued is dropped unpaid, and what is in flight is named."""
    with pytest.raises(LeftError, match="^mine$"):
        async with session(api, concurrency=1) as music:
            done = music.riffusion.create("done")
            await done
            in_flight = music.riffusion.create("in flight")
            await reach(in_flight, JobState.PENDING)
            queued = music.riffusion.create("queued")
            message = "mine"
            raise LeftError(message)

    assert 2 == len(await done)
    with pytest.raises(
        JobDetached, match=r"music\.attach\('riffusion'"
    ) as in_flight_end:
        await in_flight
    with pytest.raises(JobDetached, match="dropped unpaid") as queued_end:
        await queued
    assert ("yes", in_flight.task_id) == (
        in_flight_end.value.charged,
        in_flight_end.value.task_id,
    )
    assert ("no", None) == (queued_end.value.charged, queued_end.value.task_id)
    assert ("pending", "queued") == (in_flight_end.value.state, queued_end.value.state)
    assert 2 == api.submissions


async def test_on_exit_detach_never_waits(api: Emulator) -> None:
    """The rule of the exception can be made the rule."""
    async with session(api, on_exit="detach", concurrency=1) as music:
        in_flight = music.riffusion.create("in flight")
        await reach(in_flight, JobState.PENDING)
        queued = music.riffusion.create("queued")

    for job in (in_flight, queued):
        with pytest.raises(JobDetached, match="was closed before the job was over"):
            await job


async def test_cancellation_detaches(api: Emulator) -> None:
    """A cancelled task leaves no job unsettled."""
    jobs: list[MusicJob[object]] = []

    async def work() -> None:
        async with session(api) as music:
            jobs.append(music.riffusion.create("song"))
            await reach(jobs[0], JobState.PENDING)
            await asyncio.get_running_loop().create_future()

    task = asyncio.create_task(work())
    while not jobs or jobs[0].state is not JobState.PENDING:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError, match="^$"):
        await task

    with pytest.raises(JobDetached, match="was closed before the job was over"):
        await jobs[0]


async def test_cancellation_by_an_anyio_scope_detaches(api: Emulator) -> None:
    """Nor does a scope that goes on cancelling while the session closes."""
    with anyio.CancelScope() as scope:
        async with session(api) as music:
            job = music.riffusion.create("song")
            await reach(job, JobState.PENDING)
            scope.cancel()
            await anyio.sleep_forever()

    with pytest.raises(JobDetached, match="was closed before the job was over"):
        await job


async def test_cancellation_while_the_exit_waits_detaches(api: Emulator) -> None:
    """Whoever loses patience with a clean exit gets the other one."""
    api.fault("status", status=500, on="poll", times=1_000_000)

    with anyio.CancelScope() as scope:
        async with session(api) as music:
            job = music.riffusion.create("song")
            await reach(job, JobState.PENDING)
            scope.deadline = anyio.current_time() + 0.01

    assert job.done()


async def test_a_create_on_the_wire_hears_its_answer_when_the_session_is_left(
    api: Emulator,
) -> None:
    """Leaving does not make an unknown of what is about to be known."""
    with pytest.raises(LeftError, match="mine"):
        async with session(api) as music:
            job = music.riffusion.create("song")
            await reach(job, JobState.SUBMITTING)
            message = "mine"
            raise LeftError(message)

    assert job.task_id is not None
    with pytest.raises(JobDetached, match="goes on at the service"):
        await job


async def test_a_session_can_be_entered_again_under_another_loop() -> None:
    """Nothing is bound to a loop when a session is made."""

    async def once(music: MusicSession) -> int:
        async with music:
            return len(await music.riffusion.create("song"))

    async def serve(ready: asyncio.Event, port: list[str], stop: asyncio.Event) -> None:
        async with Emulator(pace=Pace.polls(), media=False) as api:
            port.extend((api.url, api.key))
            ready.set()
            await stop.wait()

    ready, stop, where = asyncio.Event(), asyncio.Event(), list[str]()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(ready, where, stop))
        await ready.wait()
        music = MusicSession(base_url=where[0], api_key=where[1], poll_every_s=0.001)
        counts = [
            await asyncio.to_thread(asyncio.run, once(music)),
            await asyncio.to_thread(asyncio.run, once(music)),
        ]
        stop.set()

    assert [2, 2] == counts


async def test_entering_twice_at_once_is_refused(api: Emulator) -> None:
    """One object is one session at a time."""
    async with session(api) as music:
        with pytest.raises(RuntimeError, match="open already"):
            await music.__aenter__()


async def test_a_session_that_is_being_entered_is_not_entered_again(
    api: Emulator, tmp_path: Path
) -> None:
    """Of two that enter it at once one does, and nothing of the other is left open."""
    music = MusicSession(api.key, base_url=api.url, journal=tmp_path / "songs.db")

    entered = await asyncio.gather(
        music.__aenter__(), music.__aenter__(), return_exceptions=True
    )
    await music.__aexit__(None, None, None)

    assert [MusicSession, RuntimeError] == [type(one) for one in entered]


def test_a_loop_that_is_not_of_asyncio_is_told() -> None:
    """As trio's: what it would await there is nobody's."""
    entering = MusicSession("key").__aenter__()

    with pytest.raises(RuntimeError, match="runs on asyncio.*blocking"):
        entering.send(None)


async def test_a_create_outside_the_session_is_refused(api: Emulator) -> None:
    """The error says what to write."""
    music = session(api)

    with pytest.raises(RuntimeError, match="async with MusicSession"):
        music.riffusion.create("song")


async def test_an_injected_http_session_is_used_and_not_closed(api: Emulator) -> None:
    """What the caller opened, the caller closes, and it is left as it was."""
    async with aiohttp.ClientSession(headers={"X-Mine": "1"}) as http:
        async with session(api, http=http) as music:
            await music.riffusion.create("song")

        assert not http.closed
        assert [] == http.trace_configs


async def test_an_injected_http_session_still_tells_what_was_sent(
    api: Emulator,
) -> None:
    """The outcome of a create does not depend on whose session carried it."""
    api.fault("drop_after_body", on="create")

    async with aiohttp.ClientSession() as http, session(api, http=http) as music:
        with pytest.raises(SubmissionUnknown, match="not sent again"):
            await music.riffusion.create("song")

    assert 1 == api.submissions


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_is_cancelled_within_an_injected_session_ends_no_job(
    api: Emulator, method: str
) -> None:
    """A trace that awaits a cancelled future ended a worker of the session, too."""
    calls = 0

    async def trip(
        _session: aiohttp.ClientSession,
        _context: object,
        params: aiohttp.TraceRequestStartParams,
    ) -> None:
        nonlocal calls
        calls += params.method == method
        if params.method == method and calls == 1:
            raise asyncio.CancelledError

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(trip)
    async with (
        asyncio.timeout(30),
        aiohttp.ClientSession(trace_configs=[trace]) as http,
        session(api, http=http) as music,
    ):
        assert 2 == len(await music.riffusion.create("song"))

    assert calls > 1
    assert 1 == api.submissions


async def test_proxy_variables_are_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    """With http_proxy set, calls go to the proxy."""
    seen: list[str] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        seen.append(request.path_qs)
        return web.json_response({"credits": 7, "extra_credits": 1})

    server = web.ServerRunner(web.Server(answer))
    await server.setup()
    site = web.TCPSite(server, "127.0.0.1", 0)
    await site.start()
    port = server.addresses[0][1]
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
    monkeypatch.delenv("no_proxy", raising=False)

    async with MusicSession("k", base_url="http://api.example.test") as music:
        credit = await music.credits()
    await server.cleanup()

    assert (8, 1) == (credit.total, len(seen))


async def test_credits_are_the_balance(api: Emulator) -> None:
    """Both kinds are told, and their total."""
    async with session(api) as music:
        before = await music.credits()
        await music.riffusion.create("song")
        after = await music.credits()

    assert isinstance(before, Credits)
    assert 10 == before.total - after.total


async def test_reads_are_repeated(api: Emulator) -> None:
    """Asking for the balance is free, so a passing fault is met by asking again."""
    api.fault("drop_after_body", on="credits")
    api.fault("status", status=503, on="credits")
    clock = AutojumpClock()

    async with session(api, clock=clock) as music:
        balance = await music.credits()

    assert 1000 == balance.total


async def test_reads_keep_to_the_rate_too(api: Emulator) -> None:
    """What asks for the balance passes the gate that creates and polls pass."""
    clock = AutojumpClock()

    async with session(api, clock=clock, requests_per_s=2.0) as music:
        for _ in range(3):
            await music.credits()

    assert 1.0 == clock.now()


async def test_the_key_comes_from_the_environment(
    api: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So does the address."""
    monkeypatch.setenv("AIOMUSIC_API_KEY", api.key)
    monkeypatch.setenv("AIOMUSIC_BASE_URL", api.url)

    async with MusicSession() as music:
        balance = await music.credits()

    assert 1000 == balance.total


async def test_the_key_can_come_from_a_callable(api: Emulator) -> None:
    """It is asked at each call, so a key can be changed under way."""
    asked: list[int] = []

    async def give() -> str:
        asked.append(1)
        return api.key

    async with session(api, api_key=give) as music:
        await music.credits()
        await music.credits()

    assert 2 == len(asked)


async def test_no_key_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to pass, what to set, and how to do without."""
    monkeypatch.delenv("AIOMUSIC_API_KEY", raising=False)

    with pytest.raises(AuthenticationFailed, match="pass api_key=, or set AIOMUSIC"):
        async with MusicSession():
            pass


@pytest.mark.parametrize(
    "key",
    ["", "two words", "line\nend", "ключ"],
    ids=["empty", "space", "line", "script"],
)
async def test_a_key_that_no_header_can_carry_is_refused(
    api: Emulator, key: str
) -> None:
    """It is refused before anything is sent, and not shown."""

    async def give() -> str:
        return key

    async with session(api, api_key=give) as music:
        with pytest.raises(AuthenticationFailed, match="no header can carry") as caught:
            await music.riffusion.create("song")

    assert not key or key not in str(caught.value)
    assert 0 == api.submissions


async def test_a_wrong_key_ends_at_once(api: Emulator) -> None:
    """Both for a create and for a poll, without repeats."""
    async with session(api, api_key="wrong-key-1234") as music:
        with pytest.raises(AuthenticationFailed, match="Check the API key") as created:
            await music.riffusion.create("song")
        with pytest.raises(AuthenticationFailed, match="Check the API key") as read:
            await music.credits()

    assert 0 == api.charged
    for caught in (created, read):
        assert "wrong-key-1234" not in repr(caught.value)


async def test_the_key_is_shown_nowhere(
    api: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in a repr, a log line, an error or an address; a service may repeat it."""
    caplog.set_level(logging.DEBUG)
    body = f'{{"message": "bad key {api.key}"}}'
    api.fault("status", status=403, body=body, on="create")

    async with session(api) as music:
        shown = [repr(music), repr(music._engine), str(vars(music._engine))]
        job = music.riffusion.create("song")
        with pytest.raises(AuthenticationFailed, match=r"bad key \[hidden\]") as caught:
            await job
        await music.riffusion.create("song")
        shown += [repr(job), repr(caught.value), str(caught.value)]

    assert not [text for text in (*shown, caplog.text) if api.key in text]
    assert not [call.path for call in api.requests if api.key in call.path]


async def test_an_unreachable_host_is_tried_and_named() -> None:
    """Nothing was sent, so it is tried again a few times, and then said."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    clock = AutojumpClock()

    async with MusicSession(
        "k", base_url=f"http://127.0.0.1:{port}", clock=clock
    ) as music:
        with pytest.raises(NotSent, match="Nothing was charged") as caught:
            await music.riffusion.create("song")

    assert f"127.0.0.1:{port}" in str(caught.value)
    assert "no" == caught.value.charged
    assert 4 == len(clock.slept)


@pytest.mark.parametrize("url", ["api.example.test", "ftp://x", "http://", "/api"])
async def test_a_base_url_that_is_none_is_refused(url: str) -> None:
    """The error says what one looks like."""
    with pytest.raises(ValueError, match="must be an http:// or https:// address"):
        async with MusicSession("k", base_url=url):
            pass


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("concurrency", 0),
        ("max_credits", -1),
        ("request_timeout_s", 0),
        ("job_timeout_s", float("nan")),
        ("requests_per_s", 0),
        ("poll_every_s", -0.1),
        ("on_exit", "hang"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(name: str, value: object) -> None:
    """In the caller's line, by name."""
    with pytest.raises(ValueError, match=name):
        MusicSession("k", **{name: value})  # type: ignore[arg-type]


async def test_what_cannot_be_sent_is_refused_in_the_callers_line(
    api: Emulator,
) -> None:
    """Not when the job's turn has come."""
    async with session(api) as music:
        with pytest.raises(ValueError, match="can't be sent as JSON"):
            music.riffusion.create("song", extra={"x": object()})
        with pytest.raises(ValueError, match="metadata can't be kept"):
            music.riffusion.create("song", metadata={"x": object()})
        with pytest.raises(ValueError, match="printable characters"):
            music.riffusion.create("song", key="")


async def test_an_open_key_gives_its_job_again(api: Emulator) -> None:
    """The same key and request are the same job; another request is an error."""
    async with session(api) as music:
        job = music.riffusion.create("song", key="one")
        again = music.riffusion.create("song", key="one")
        with pytest.raises(ValueError, match="another request"):
            music.riffusion.create("other", key="one")

    assert job is again
    assert 1 == api.submissions


async def test_submit_takes_the_request_that_a_method_makes(api: Emulator) -> None:
    """A request is a value that can come from anywhere."""
    request = riffusion.Create("r&b pop song")

    async with session(api) as music:
        job = music.submit(request)
        await job

    assert request is job.request


async def test_a_budget_buys_exactly_what_it_covers(api: Emulator) -> None:
    """Of eleven creates of 10, a budget of 100 buys ten; the eleventh is not sent."""
    async with session(api, max_credits=100) as music:
        jobs = [music.riffusion.create(f"song {n}") for n in range(11)]
        ends = await asyncio.gather(*jobs, return_exceptions=True)

    assert [BudgetExceeded] == [type(e) for e in ends if isinstance(e, Exception)]
    assert isinstance(ends[-1], BudgetExceeded)
    assert (10, 100) == (api.submissions, api.charged)


async def test_a_refund_buys_the_next_job(api: Emulator) -> None:
    """Credits that the service gives back can be spent."""
    async with session(api, max_credits=20) as music:
        jobs = [music.riffusion.create(p) for p in ("[[fail]]", "one", "two")]
        ends = await asyncio.gather(*jobs, return_exceptions=True)

    assert [False, True, True] == [isinstance(end, tuple) for end in ends]
    assert 20 == api.charged


async def test_a_dear_job_is_not_overtaken(api: Emulator) -> None:
    """What waits for credits at the head of the queue is not starved by cheap jobs."""
    async with session(api, max_credits=12) as music:
        music.riffusion.create("[[fail]]")
        dear = music.riffusion.create("dear")
        cheap = [music.lyrics.create("cheap") for _ in range(2)]
        ends = await asyncio.gather(dear, *cheap, return_exceptions=True)

    assert [True, True, False] == [isinstance(end, tuple) for end in ends]


async def test_the_budget_holds_across_entries(api: Emulator) -> None:
    """Entering a session again gives no new credits."""
    music = session(api, max_credits=10)
    async with music:
        await music.riffusion.create("one")
    async with music:
        with pytest.raises(BudgetExceeded, match="10 of max_credits=10 are spent"):
            await music.riffusion.create("two")

    assert 1 == api.submissions


@pytest.mark.slow
async def test_concurrency_counts_tasks_at_the_service() -> None:
    """Two hundred jobs at ten a time are never eleven at the service."""
    async with (
        Emulator(pace=Pace.polls(), media=False, credits=2000) as api,
        session(api, concurrency=10) as music,
    ):
        jobs = [music.riffusion.create(f"song {n}") for n in range(200)]
        await asyncio.gather(*jobs)

    assert 200 == api.submissions
    assert 10 == api.peak_in_flight
