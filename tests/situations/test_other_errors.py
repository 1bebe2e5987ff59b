"""Errors beside those of the tables: of free calls, and of jobs that are left."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from parts import missing
from raw_server import RawServer, Say, http, ok
from situation import KEY, RUNNING, TASK_ID, YES, clip, raw

from aiomusic import JobState, MusicError, MusicJob, MusicSession
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio

PAGE = http(b"<html>blocked</html>", 403)
FREE: dict[str, tuple[Say, str, list[str]]] = {
    "a server error": (http({"error": "x"}, 500), "ServiceFailed", ["500: x"]),
    "a wrong key": (
        http({"message": "Invalid"}, 401),
        "AuthenticationFailed",
        ["401: Invalid", "Check the API key."],
    ),
    "no": (http({"message": "No"}, 403), "ApiError", ["403: No", "Ask the service"]),
    "a page": (PAGE, "ApiError", ["403", "web page"]),
    "another address": (http(b"", 405), "ApiError", ["405", "base_url="]),
    "a rate": (http(b"", 429), "RateLimited", ["429", "Send less"]),
    "a redirect": (
        http(b"", 302, headers=["Location: https://e.org/x"]),
        "ApiError",
        ["302", "https://e.org/x"],
    ),
    "a proxy's login": (http(b"", 407), "ApiError", ["407", "HTTPS_PROXY"]),
    "no JSON": (http(b"hello"), "ProtocolError", ["hello", "not JSON"]),
    "nothing": (http(b""), "ProtocolError", ["without a body"]),
    "a drop": (raw(b""), "ProtocolError", ["closed before a reply"]),
}


@pytest.mark.parametrize("call", ["credits", "get"])
@pytest.mark.parametrize(("said", "kind", "says"), FREE.values(), ids=FREE.keys())
async def test_a_free_call_says_that_it_is_free(
    said: Say, kind: str, says: list[str], call: str
) -> None:
    """Beside what was seen, and what to do."""
    with RawServer([YES], [said], said) as server:
        async with MusicSession(
            KEY, base_url=server.url, clock=AutojumpClock()
        ) as music:
            with pytest.raises(MusicError, match="costs nothing") as caught:
                await (
                    music.credits() if call == "credits" else music.suno.get(TASK_ID)
                )

    assert kind == type(caught.value).__name__
    for words in says:
        assert words in str(caught.value)
    assert [] == missing(caught.value)
    assert [] == server.posts


async def _ask(music: MusicSession) -> object:
    return await music.suno.create("a song")


async def _cancel_queued(music: MusicSession) -> object:
    job = music.suno.create("a song")
    job.cancel()
    return await job


async def _cancel_running(music: MusicSession) -> object:
    job = music.suno.create("a song")
    await _reached(job, JobState.RUNNING)
    job.cancel()
    return await job


async def _wait(music: MusicSession) -> object:
    job = music.suno.create("a song")
    await _reached(job, JobState.RUNNING)
    try:
        return await job.wait(timeout_s=0.01)
    finally:
        job.cancel()


async def _save_words(music: MusicSession) -> object:
    job = music.lyrics.create("sky")
    await job
    return await job.save("/nowhere")


async def _save_nowhere(music: MusicSession) -> object:
    return await music.suno.create("a song").save("/proc/nowhere")


async def _other_request(music: MusicSession) -> object:
    await music.suno.create("a song", key="one")
    return await music.suno.create("another", key="one")


async def _reached(job: MusicJob[Any], state: JobState) -> None:
    async for update in job.updates():
        if update.state is state:
            return


async def _no_key() -> Any:
    return None


async def _broken_key() -> str:
    raise KeyError


Act = Callable[[MusicSession], Awaitable[object]]
# What is done, what a session is made with, its error, and what is known of the money.
ACTS: dict[str, tuple[Act, dict[str, Any], str, str]] = {
    "a job is cancelled in the queue": (_cancel_queued, {}, "JobCancelled", "no"),
    "a job is cancelled as it runs": (_cancel_running, {}, "JobCancelled", "yes"),
    "the waiting ends": (_wait, {}, "JobTimedOut", "yes"),
    "a budget is used up": (_ask, {"max_credits": 5}, "BudgetExceeded", "no"),
    "no host": (_ask, {"base_url": "http://127.0.0.1:1"}, "NotSent", "no"),
    "no name": (_ask, {"base_url": "http://a.invalid"}, "NotSent", "no"),
    "no key": (_ask, {"api_key": _no_key}, "AuthenticationFailed", "no"),
    "a broken key": (_ask, {"api_key": _broken_key}, "NotSent", "no"),
    "a key with spaces": (_ask, {"api_key": "a b"}, "AuthenticationFailed", "no"),
    "words are saved": (_save_words, {}, "DownloadError", "yes"),
    "a folder that can't be": (_save_nowhere, {}, "DownloadError", "yes"),
    "another request": (_other_request, {}, "InvalidRequest", "no"),
}


@pytest.mark.parametrize(
    ("act", "options", "kind", "charged"), ACTS.values(), ids=ACTS.keys()
)
async def test_what_a_user_does_ends_in_words(
    act: Act, options: dict[str, Any], kind: str, charged: str, tmp_path: Path
) -> None:
    """All four parts, whoever is to blame."""
    made = ok(clip(1), clip(2))
    texts = http({"results": [{"title": "A", "lyrics": "la"}]})
    is_done = act in (_save_nowhere, _other_request)
    creates = [texts] if act is _save_words else [YES]
    with RawServer(creates, [made if is_done else RUNNING]) as server:
        settings = {
            "api_key": KEY,
            "base_url": server.url,
            "poll_every_s": 5,
            **options,
        }
        session = MusicSession(
            **settings,
            journal=tmp_path / "journal.db",
            clock=AutojumpClock(),
            on_exit="detach",
        )
        with pytest.raises(MusicError, match=r"\w \w+ \w") as caught:
            async with session as music:
                await act(music)

    assert (kind, charged) == (type(caught.value).__name__, caught.value.charged)
    assert [] == missing(caught.value)


@pytest.mark.parametrize(
    ("state", "kind", "charged"),
    [
        (JobState.QUEUED, "JobDetached", "no"),
        (JobState.PENDING, "JobDetached", "yes"),
        (JobState.RUNNING, "JobDetached", "yes"),
    ],
)
async def test_a_session_that_is_left_says_what_becomes_of_its_jobs(
    state: JobState, kind: str, charged: str
) -> None:
    """And of their money, however far they were."""
    polls = [RUNNING] if state is JobState.RUNNING else [ok()]
    options: dict[str, Any] = {"clock": AutojumpClock(), "job_timeout_s": 9e9}
    with RawServer([YES], polls) as server, pytest.raises(KeyboardInterrupt):
        async with MusicSession(KEY, base_url=server.url, **options) as music:
            job = music.suno.create("a song")
            if state is not JobState.QUEUED:
                await _reached(job, state)
            raise KeyboardInterrupt

    with pytest.raises(MusicError, match="session was closed") as caught:
        await job
    assert (kind, charged) == (type(caught.value).__name__, caught.value.charged)
    assert [] == missing(caught.value)
