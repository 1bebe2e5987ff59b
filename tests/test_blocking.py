"""Those who have no event loop have the same names, results and errors."""

import ast
import inspect
import os
import re
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

import aiomusic
from aiomusic import (
    Clip,
    ContentRefused,
    InvalidRequest,
    JobDetached,
    JobState,
    JobTimedOut,
    MusicWarning,
    _blocking,
    blocking,
    riffusion,
    suno,
)
from aiomusic.emulator import Emulator, Pace


@pytest.fixture
def api() -> Iterator[Emulator]:
    with start_blocking_portal() as portal:
        made = portal.call(make_emulator)
        with portal.wrap_async_context_manager(made) as api:
            yield api


async def make_emulator() -> Emulator:
    return Emulator(pace=Pace.polls(), media=False)


def session(api: Emulator, **options: Any) -> blocking.MusicSession:
    given: dict[str, Any] = {"api_key": api.key, "base_url": api.url}
    given["poll_every_s"] = 0.0
    return blocking.MusicSession(**given | options)


def test_a_song_is_made_without_await(api: Emulator) -> None:
    """As the README shows it; its job answers afterwards, too."""
    with session(api) as music:
        job = music.riffusion.create("r&b pop song", key="one")
        clips = job.result()

        assert music.credits().total == 990

    assert all(isinstance(clip, Clip) for clip in clips)
    assert clips == job.result() == job.wait(timeout_s=5) == job.clips
    assert ("one", JobState.SUCCEEDED, True) == (job.key, job.state, job.done())
    assert "<MusicJob one riffusion.create SUCCEEDED" in repr(job)


def test_errors_are_the_same(api: Emulator) -> None:
    """From the service, from a check in the caller's line, and from a time limit."""
    api.fault("moderation", on="create")
    with session(api) as music:
        job = music.suno.create("rain")
        with pytest.raises(ContentRefused):
            job.result()
        assert isinstance(job.error, ContentRefused)
        with pytest.raises(InvalidRequest, match="suno.create: lyrics has"):
            music.suno.create(lyrics="la " * 4000)
        with pytest.raises(TypeError, match="submit.. takes a request"):
            music.submit("rain")  # type: ignore[arg-type]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", MusicWarning)
            music.suno.create("rain", model="chirp-v99").result()

    assert [__file__] == [one.filename for one in caught]
    with pytest.raises(RuntimeError, match="This MusicSession is not open"):
        music.suno.create("rain")


def test_a_job_is_watched_and_saved(api: Emulator, tmp_path: Path) -> None:
    """``async for`` is ``for``."""
    with session(api) as music:
        job = music.suno.create("rain")
        states = [update.state for update in job.updates()]
        assert job.task_id is not None
        snapshot = music.suno.get(job.task_id)
        with pytest.raises(aiomusic.DownloadError, match="has no clips to save"):
            music.lyrics.create("rain").save(tmp_path)

    assert JobState.SUCCEEDED is states[-1]
    assert len(states) > 1
    assert "succeeded" == snapshot.state


@pytest.mark.anyio
async def test_a_job_answers_where_a_loop_runs_and_its_session_is_closed() -> None:
    """As in a notebook, whose cells run in one."""

    def make() -> Any:
        with start_blocking_portal() as portal:
            made = portal.call(make_emulator)
            with portal.wrap_async_context_manager(made) as api, session(api) as music:
                job = music.lyrics.create("rain")
                job.result()
                return job

    assert 2 == len(make().wait(timeout_s=30))


def test_a_batch_gives_jobs_as_they_finish(api: Emulator) -> None:
    """Its requests may come from a generator, which runs in no loop's thread."""
    threads = set()

    def songs() -> Iterator[Any]:
        for name in "abc":
            threads.add(threading.current_thread())
            yield name, riffusion.Create(name)

    with session(api) as music:
        jobs = list(music.run(songs()))
        first = next(iter(music.run([suno.Create("rain")])))

    assert {"a", "b", "c"} == {job.key for job in jobs}
    assert all(isinstance(job, blocking.MusicJob) for job in [*jobs, first])
    assert "aiomusic" not in {thread.name for thread in threads}


def test_many_are_waited_for(api: Emulator) -> None:
    """Under the same keys; errors are given, and not raised."""
    api.fault("moderation", on="create", skip=1)
    with session(api, concurrency=1) as music:
        jobs = {name: music.suno.create(name) for name in "ab"}
        ended = blocking.wait_all(jobs)

        assert jobs["a"].result() == ended["a"] == blocking.wait_all([jobs["a"]])[0]
        assert isinstance(ended["b"], ContentRefused)
    with pytest.raises(TypeError, match="wait_all.. takes jobs"):
        blocking.wait_all([5])  # type: ignore[arg-type]


def test_a_journal_is_gone_on_with(api: Emulator, tmp_path: Path) -> None:
    """Left by an exception, a session detaches, and the next takes its jobs up."""
    path = tmp_path / "songs.db"
    with (
        pytest.raises(KeyboardInterrupt),
        session(api, journal=path, poll_every_s=1_000) as music,
    ):
        job = music.suno.create("rain", key="one", metadata={"n": 1})
        for update in job.updates():
            if update.state is JobState.PENDING:
                raise KeyboardInterrupt
    with pytest.raises(JobDetached):
        job.result()

    with session(api, journal=path) as music:
        (again,) = music.resume()
        assert 2 == len(again.result())
        record = music.job("one")

    assert record is not None
    assert ("one", {"n": 1}, "succeeded") == (record.key, again.metadata, record.state)
    assert 1 == api.submissions


def test_a_wait_that_is_over_leaves_the_job_alone(api: Emulator) -> None:
    """And the same job equals itself, wherever it comes from."""
    with session(api, poll_every_s=1_000, on_exit="detach") as music:
        job = music.suno.create("rain", key="one")
        next(job.updates())
        with pytest.raises(JobTimedOut):
            job.result(timeout_s=0.01)

        assert not job.done()
        assert job == music.suno.create("rain", key="one")
        assert 1 == len({job, music.suno.create("rain", key="one")})


ROOT = Path(aiomusic.__file__).parent.parent
PAIRS = {
    "session": (aiomusic.MusicSession, blocking.MusicSession),
    "job": (aiomusic.MusicJob, blocking.MusicJob),
}


@pytest.mark.parametrize("original, made", PAIRS.values(), ids=PAIRS.keys())
def test_every_public_name_is_here(original: type, made: type) -> None:
    """With its arguments and its documentation; none is a coroutine."""
    names = {name for name in dir(original) if not name.startswith("_")}

    assert not names - set(dir(made)) - _blocking.LEFT_OUT
    for name in names - _blocking.LEFT_OUT:
        one = inspect.getattr_static(original, name)
        other = inspect.getattr_static(made, name)
        assert inspect.getdoc(one) == inspect.getdoc(other)
        if inspect.isfunction(one):
            assert inspect.signature(one) == inspect.signature(other)
            assert not inspect.iscoroutinefunction(other.__code__)
            assert not inspect.isasyncgenfunction(other.__code__)


def test_every_operation_is_here(api: Emulator) -> None:
    """Of every provider, whose methods are its own."""
    with session(api) as music:
        there = aiomusic.MusicSession("key")
        for provider in (name for name in dir(there) if hasattr(there, name)):
            kind = type(getattr(there, provider))
            if not kind.__module__.startswith("aiomusic.providers"):
                continue
            found = getattr(music, provider)
            assert isinstance(found, kind)
            assert set(dir(kind)) <= set(dir(found))


def test_every_name_of_the_package_is_here() -> None:
    """Errors, requests and results are the very same."""
    own = {"MusicJob", "MusicSession", "merge_updates", "wait_all"}

    assert aiomusic.__all__ == blocking.__all__ == dir(blocking)
    for name in set(aiomusic.__all__) - own:
        assert getattr(aiomusic, name) is getattr(blocking, name)
    for name in own:
        assert getattr(aiomusic, name) is not getattr(blocking, name)


def test_editors_see_what_is_here() -> None:
    """The stub is what its script writes, and has every public name."""
    words = [sys.executable, str(ROOT / ".ci" / "blocking_stub.py"), "--print"]
    done = subprocess.run(words, capture_output=True, timeout=100, check=True)
    stub = done.stdout.decode()
    classes = {
        node.name: ast.unparse(node)
        for node in ast.parse(stub).body
        if isinstance(node, ast.ClassDef)
    }

    assert stub == (ROOT / "aiomusic" / "blocking.pyi").read_text(), (
        "run 'python .ci/blocking_stub.py'"
    )
    for _, made in PAIRS.values():
        shown = classes[made.__name__]
        public = {name for name in dir(made) if not name.startswith("_")}
        assert [] == [name for name in public if not re.search(rf"\b{name}\b", shown)]


def test_a_listener_that_waits_for_its_own_session_is_told(api: Emulator) -> None:
    """It is called in the session's thread; what needs no waiting is done there."""
    found: list[object] = []

    def listen(_: object) -> None:
        if found:
            return
        found.append(music.suno.create("encore", key="encore"))
        try:
            music.credits()
        except RuntimeError as error:
            found.append(str(error))

    with session(api, on_event=listen) as music:
        music.suno.create("rain").result(timeout_s=30)
    assert isinstance(found[0], blocking.MusicJob)
    assert "would wait for itself" in str(found[1])
    assert 20 == api.charged


def test_a_fork_of_a_blocking_session_is_told(api: Emulator) -> None:
    """Its thread is not there: to call or to leave would wait for ever."""
    read, write = os.pipe()
    with session(api) as music:
        child = os.fork()
        if child == 0:
            try:
                music.__exit__(None, None, None)
                music.suno.create("rain")
            except RuntimeError as error:
                os.write(write, str(error).encode())
            finally:
                os._exit(0)
        os.close(write)
        os.waitpid(child, 0)
        assert music.suno.create("rain").result(timeout_s=30)

    with os.fdopen(read) as told:
        assert "Open a session in each process" in told.read()
    assert 10 == api.charged
