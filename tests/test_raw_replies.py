"""What an answer was, beside its body; and a time limit for one call."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, final

import pytest
from aiohttp import web
from scripted import KEY, Answer, Scripted, example

from aiomusic import (
    ContentRefused,
    MusicError,
    MusicSession,
    NotSent,
    ProtocolError,
    RawReply,
    SubmissionUnknown,
)
from aiomusic.emulator import Emulator, Pace
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio

CREATE = "/api/v1/suno/create"
HEADERS = {"X-Request-Id": "req-7", "Set-Cookie": "session=1", "X-Echo": KEY}


@pytest.fixture
async def server() -> AsyncIterator[Scripted]:
    async with Scripted() as server:
        yield server


async def test_an_error_tells_of_its_answer(server: Scripted) -> None:
    """Its status, its headers without what is secret, and its id; to every waiter."""
    body = {"message": "The song description needs moderation review."}
    server.answer(CREATE, Answer(body, 403, HEADERS))

    async with server.session() as music:
        job = music.suno.create("rain")
        with pytest.raises(ContentRefused) as first:
            await job
        with pytest.raises(ContentRefused) as second:
            await job

    reply = first.value.reply
    assert reply is not None
    assert (403, "req-7") == (reply.status, reply.request_id)
    assert "application/json" == reply.headers["content-type"]
    assert "set-cookie" not in reply.headers
    assert KEY not in str(reply)
    assert reply == second.value.reply == RawReply.from_json(reply.to_json())


ANSWERS: dict[str, tuple[str, Answer, type[MusicError]]] = {
    "create lost": (CREATE, Answer(b"<html>", 502, HEADERS), SubmissionUnknown),
    "credits": (
        "/api/v1/get-credits",
        Answer({"credits": "many"}, 200, HEADERS),
        ProtocolError,
    ),
}


@pytest.mark.parametrize("path, answer, kind", ANSWERS.values(), ids=ANSWERS.keys())
async def test_so_do_errors_of_every_kind(
    server: Scripted, path: str, answer: Answer, kind: type[MusicError]
) -> None:
    """Of creates whose outcome is unknown, and of answers that can't be read."""
    server.answer(path, answer)

    clock = AutojumpClock()
    async with MusicSession(KEY, base_url=server.url, clock=clock) as music:
        with pytest.raises(kind) as told:
            await (music.credits() if "credits" in path else music.suno.create("rain"))

    assert told.value.reply is not None
    assert (answer.status, "req-7") == (
        told.value.reply.status,
        told.value.reply.request_id,
    )


async def test_what_had_no_answer_tells_of_none() -> None:
    """Nothing listens there."""
    nowhere = "http://127.0.0.1:1"
    async with MusicSession("key", base_url=nowhere, clock=AutojumpClock()) as music:
        with pytest.raises(NotSent) as told:
            await music.lyrics.create("rain")

    assert told.value.reply is None


@pytest.mark.parametrize(
    "name", ["X-Request-ID", "x-correlation-id", "CF-Ray", "traceparent"]
)
def test_the_id_is_found_under_its_usual_names(name: str) -> None:
    """And where there are several, the service's own goes first."""
    assert "a" == RawReply.of(200, {name: "a"}).request_id
    both = RawReply.of(200, {name: "a", "x-request-id": "b"})
    assert both.request_id in {"b", None if name == "X-Request-ID" else "b"}
    assert RawReply.of(200, {}).request_id is None


def test_what_is_told_is_bounded() -> None:
    """Whatever a gateway sends."""
    reply = RawReply.of(200, {f"h{n}": "x" * 10_000 for n in range(1_000)})

    assert len(str(reply)) < 50_000


@final
class Slow:
    """A service that answers nothing until it is told."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()
        self.asked = 0

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        await request.read()
        await self.let_go.wait()
        return web.json_response({"credits": 1, "extra_credits": 0})


async def test_one_call_has_another_time_limit() -> None:
    """The session's own stays; a job submitted so is the session's job."""
    slow = Slow()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", slow.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with MusicSession("key", base_url=url, request_timeout_s=600) as music:
            job = music.with_options(request_timeout_s=0.5).suno.create("rain", key="k")
            with pytest.raises(SubmissionUnknown, match=r"no whole reply came"):
                await job
            task = asyncio.create_task(music.credits())
            while slow.asked < 2:
                await asyncio.sleep(0.01)
            assert not task.done()
            slow.let_go.set()
            assert 1 == (await task).total
    finally:
        await runner.cleanup()


async def test_a_session_with_options_is_the_same_session() -> None:
    """Its journal, its limits, its jobs; closed with it, and not opened twice."""
    async with Emulator(pace=Pace.polls(), media=False) as api:
        given: dict[str, Any] = {"base_url": api.url, "poll_every_s": 0.0}
        music = MusicSession(api.key, **given)
        with pytest.raises(RuntimeError, match="is not open"):
            music.with_options(request_timeout_s=5)
        async with music:
            same = music.with_options(request_timeout_s=5)
            job = same.suno.create("rain", key="one")
            assert job is music.suno.create("rain", key="one")
            assert 2 == len(await job)
            assert 990 == (await same.credits()).total
            with pytest.raises(RuntimeError, match="open already"):
                await same.__aenter__()
            for wrong, error in ((0, ValueError), ("5", TypeError)):
                with pytest.raises(error, match="request_timeout_s"):
                    music.with_options(request_timeout_s=wrong)  # type: ignore[arg-type]
        with pytest.raises(RuntimeError, match="is not open"):
            same.suno.create("rain")


async def test_a_result_tells_of_its_reply_where_that_is_asked_for(
    server: Scripted,
) -> None:
    """A job's last reply, and that of a call which is no job; else none is kept."""
    reply = example("suno_get_music_succeeded")
    clips = [{**reply["data"][0], "clip_id": name} for name in ("a", "b")]
    done = Answer({**reply, "data": clips}, 200, HEADERS)
    server.creates(CREATE, done, task_path="/api/v1/suno/task/{task_id}")
    server.answer(
        "/api/v1/get-credits", Answer({"credits": 5, "extra_credits": 0}, 200, HEADERS)
    )
    texts = {"code": 200, "results": [{"title": "a", "lyrics": "la"}], "message": ""}
    server.answer("/api/v1/suno/lyrics", Answer(texts, 201, {"X-Request-Id": "req-8"}))

    async with server.session() as music:
        asked = music.with_options(raw=True)
        job, plain = asked.suno.create("rain"), music.suno.create("snow")
        written = asked.lyrics.create("rain")
        await job, await plain, await written
        assert asked.reply is None
        await asked.credits()
        again = asked.reply
        await music.credits()

    assert job.reply is not None
    assert again is not None
    assert ("req-7", "req-7") == (job.reply.request_id, again.request_id)
    assert "set-cookie" not in job.reply.headers
    assert KEY not in str(job.reply)
    assert written.reply is not None
    assert (201, "req-8") == (written.reply.status, written.reply.request_id)
    assert plain.reply is None is music.reply
