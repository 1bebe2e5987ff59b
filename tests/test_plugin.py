"""The pytest plugin, under the plugins of others; and exchanges that are kept."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from aiomusic import ContentRefused, MusicError, MusicSession, suno
from aiomusic.emulator import Emulator, Pace
from aiomusic.testing import Recorder, Replay

TESTS = """
import asyncio
import os
import pytest
from aiomusic import BudgetExceeded, ContentRefused, InvalidRequest, OutOfCredits

{mark}

async def test_a_song(aiomusic_emulator, aiomusic_session):
    assert 2 == len(await aiomusic_session.suno.create("rain"))
    assert 1 == aiomusic_emulator.submissions

async def test_a_refusal(aiomusic_session, aiomusic_emulator):
    aiomusic_emulator.fault("moderation", on="create")
    with pytest.raises(ContentRefused):
        await aiomusic_session.suno.create("rain")

async def test_time(aiomusic_emulator, aiomusic_clock, aiomusic_session):
    aiomusic_emulator.fault("server_error", on="poll", times=3)
    await aiomusic_session.suno.create("rain")
    assert aiomusic_clock.now() > 0

@pytest.mark.parametrize("aiomusic_emulator_options", [{{"credits": 5}}])
async def test_options(aiomusic_emulator, aiomusic_session):
    with pytest.raises(OutOfCredits):
        await aiomusic_session.suno.create("rain")

@pytest.mark.parametrize("aiomusic_emulator_options", [{{"pace": 3600}}])
async def test_an_hour(aiomusic_clock, aiomusic_session, aiomusic_emulator):
    aiomusic_session.suno.create("rain")
    aiomusic_clock.advance(3600)

@pytest.mark.parametrize("aiomusic_emulator_options", [{{"pace": 180}}])
async def test_minutes(aiomusic_clock, aiomusic_session, aiomusic_emulator):
    assert 2 == len(await aiomusic_session.suno.create("rain"))
    assert 180 <= aiomusic_clock.now() < 360

@pytest.mark.parametrize("aiomusic_session_options", [{{"max_credits": 5}}])
async def test_options_of_the_session(aiomusic_session):
    with pytest.raises(BudgetExceeded):
        await aiomusic_session.suno.create("rain")

async def test_strange_ids(aiomusic_session):
    with pytest.raises(InvalidRequest, match="no such clip"):
        await aiomusic_session.suno.wav("a533515b-56c9-4eb2-8cb8-7f3dfa165eb8")

async def test_environment(aiomusic_emulator):
    assert os.environ["AIOMUSIC_BASE_URL"] == aiomusic_emulator.url
    assert os.environ["AIOMUSIC_API_KEY"] == aiomusic_emulator.key
    assert os.environ["AIOMUSIC_JOURNAL"] == ""

@pytest.mark.parametrize("on", ["any", "poll", "create"])
async def test_no_teardown_waits(aiomusic_emulator, aiomusic_session, on):
    aiomusic_emulator.fault("rate_limited", on=on, times=None, retry_after=900)
    aiomusic_session.suno.create("rain")
    while not aiomusic_emulator.requests:
        await asyncio.sleep(0)
"""
LOOPLESS = """
def test_no_loop(aiomusic_session):
    pass
"""
UNUSED = """
import sys

def test_nothing_of_it():
    assert "aiomusic.testing" in sys.modules
    assert "aiomusic.emulator" not in sys.modules
    assert "aiomusic._exchanges" not in sys.modules
    assert "aiomusic._session" not in sys.modules
"""
ANYIO = TESTS.format(mark="pytestmark = pytest.mark.anyio")
ASYNCIO = TESTS.format(mark="pytestmark = pytest.mark.asyncio")
AUTO = TESTS.format(mark="")
LOOPS = """
import pytest

@pytest.mark.asyncio(loop_scope="module")
async def test_module(aiomusic_session):
    assert 2 == len(await aiomusic_session.suno.create("rain"))

class TestClass:
    @pytest.mark.asyncio(loop_scope="class")
    async def test_class(self, aiomusic_emulator, aiomusic_session):
        assert 2 == len(await aiomusic_session.suno.create("rain"))

@pytest.mark.asyncio
async def test_default(aiomusic_session):
    assert 2 == len(await aiomusic_session.suno.create("rain"))
"""
HAS_ASYNCIO = importlib.util.find_spec("pytest_asyncio") is not None
SCOPE = ("-o", "asyncio_default_fixture_loop_scope=function")
BACKENDS = """
import pytest

@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param
"""


def run_pytest(folder: Path, *texts: str, options: Sequence[str]) -> str:
    """Run files of tests as a user's own project does."""
    folder.joinpath("conftest.py").write_text(BACKENDS)
    for number, text in enumerate(texts):
        folder.joinpath(f"test_{number}.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *options],
        cwd=folder,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.slow
def test_the_fixtures_work_under_anyio(tmp_path: Path) -> None:
    """By asyncio alone, and soon; a test without a loop is told what it needs."""
    told = run_pytest(tmp_path, ANYIO, LOOPLESS, options=["-p", "no:asyncio"])

    assert "12 passed, 12 deselected, 1 error" in told, told
    assert "aiomusic's fixtures need a test that runs in an event loop" in told


@pytest.mark.slow
@pytest.mark.skipif(not HAS_ASYNCIO, reason="needs pytest-asyncio")
def test_the_fixtures_work_under_pytest_asyncio(tmp_path: Path) -> None:
    """Where no test is marked, and all run in the loop of the whole run, too."""
    loop = ("-o", "asyncio_default_test_loop_scope=session")
    options = ["-p", "no:anyio", "--asyncio-mode=auto", *SCOPE, *loop, "-W", "error"]

    told = run_pytest(tmp_path, AUTO, options=options)

    assert "12 passed" in told, told


@pytest.mark.slow
@pytest.mark.skipif(not HAS_ASYNCIO, reason="needs pytest-asyncio")
def test_the_fixtures_work_under_both(tmp_path: Path) -> None:
    """Each test has those of the plugin that runs it, in its own loop."""
    told = run_pytest(tmp_path, ANYIO, ASYNCIO, LOOPS, options=SCOPE)

    assert "27 passed, 12 deselected" in told, told


@pytest.mark.slow
def test_the_plugin_costs_nothing_where_it_is_not_used(tmp_path: Path) -> None:
    """Neither the emulator nor a session is loaded."""
    told = run_pytest(tmp_path, UNUSED, options=["-p", "no:asyncio"])

    assert "1 passed" in told, told


SECRET = "sk-recorded-0123456789-abcdefgh"


def session(url: str, key: str = SECRET, **options: Any) -> MusicSession:
    given: dict[str, Any] = {"base_url": url, "poll_every_s": 0.0}
    return MusicSession(key, **given | options)


@pytest.mark.anyio
async def test_a_recorded_exchange_is_given_again(tmp_path: Path) -> None:
    """The song, the refusal and the words, without the service and without its key."""
    path = tmp_path / "songs.json"
    async with (
        Emulator(pace=Pace.polls(), media=False, api_key=SECRET) as api,
        Recorder(path, base_url=api.url) as recorder,
        session(recorder.url) as music,
    ):
        song = await music.suno.create("rain")
        words = await music.lyrics.create("rain")
        api.fault("moderation", on="create")
        with pytest.raises(ContentRefused):
            await music.suno.create("bad")
        balance = await music.credits()
        polls = api.polls

    async with Replay(path) as replay, session(replay.url, replay.key) as music:
        assert song == await music.suno.create("rain")
        assert words == await music.lyrics.create("rain")
        with pytest.raises(ContentRefused):
            await music.suno.create("bad")
        assert balance == await music.credits()

    assert SECRET not in path.read_text()
    assert polls == sum("/task/" in where for _, where, _ in replay.calls)
    assert "rain" in json.dumps(replay.calls)
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.shows_a_key("it is the prompt of a song, and stands in its request")
@pytest.mark.anyio
async def test_no_secret_is_recorded(tmp_path: Path) -> None:
    """Of a webhook, of a link, or of what a service echoes."""
    path = tmp_path / "songs.json"
    hooks = {
        "webhook_url": "https://example.org/hooks",
        "webhook_secret": "very-secret-of-hooks",
    }
    extra = {
        "cover": "https://cdn.example/a.mp3?X-Amz-Signature=5eed&Expires=9",
        "echo": f"Bearer {SECRET}",
    }
    async with (
        Emulator(pace=Pace.polls(), media=False, api_key=SECRET) as api,
        Recorder(path, base_url=api.url) as recorder,
        session(recorder.url, **hooks, on_exit="detach") as music,
    ):
        job = music.submit(suno.Create("rain", extra=extra))
        async for update in job.updates():
            if update.task_id is not None:
                break

    text = path.read_text()
    for secret in (SECRET, "very-secret-of-hooks", "5eed"):
        assert secret not in text
    assert "https://cdn.example/a.mp3?[hidden]" in text


@pytest.mark.anyio
async def test_what_was_not_recorded_is_not_found(tmp_path: Path) -> None:
    """And a file of something else is refused."""
    path = tmp_path / "songs.json"
    path.write_text("[]")
    async with Replay(path) as replay, session(replay.url) as music:
        with pytest.raises(MusicError, match="nothing was recorded of POST /api"):
            await music.lyrics.create("rain")

    path.write_text('{"a": 1}')
    with pytest.raises(ValueError, match="is no file that .*Recorder wrote"):
        Replay(path)
