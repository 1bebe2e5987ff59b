"""Whatever interrupts a session, in whichever order: no job hangs, and none lies."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sqlite3
import threading
import time
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, final

import pytest

from aiomusic import (
    Charged,
    JobCancelled,
    JobDetached,
    JobState,
    MusicJob,
    MusicSession,
    NotSent,
    SubmissionUnknown,
)
from aiomusic._clock import Timer
from aiomusic._polling.schedule import Kind
from aiomusic.emulator import Emulator, Pace
from aiomusic.journal.sqlite import SqliteJournal

KIND = "riffusion/create/FUZZ-1.1 Pro"
ENOUGH = 10
NOWHERE = "http://127.0.0.1:9"


class Boom(Exception):
    """The user's own."""


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    async with Emulator(pace=Pace.polls(), media=False) as api:
        yield api


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Be another program that keeps a file locked."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA busy_timeout = 5000")
        db.execute("BEGIN IMMEDIATE")
        yield


async def cancel_when_named(name: str) -> None:
    """Cancel a task before it has begun."""
    while True:
        for task in asyncio.all_tasks():
            if task.get_name() == name:
                task.cancel()
                return
        await asyncio.sleep(0)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_in_a_task_of_its_own_is_raised_once(
    error: type[BaseException],
) -> None:
    """It ends the run of the loop, and not that in which the session is closed."""
    jobs: list[MusicJob[object]] = []

    async def key() -> str:
        raise error

    async def main() -> None:
        async with MusicSession(key, base_url=NOWHERE) as music:
            jobs.append(music.riffusion.create("rain"))
            await jobs[0]

    with pytest.raises(error, match="^$"):
        asyncio.run(main())
    assert [True] == [job.done() for job in jobs]
    assert isinstance(jobs[0].error, (NotSent, JobDetached))


@final
class Hanging:
    """A service that takes creates and answers none, in a thread of its own."""

    def __init__(self) -> None:
        self.taken = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self._server.accept()
                self._open.append(caller)
                threading.Thread(target=self._take, args=(caller,), daemon=True).start()

    def _take(self, caller: socket.socket) -> None:
        came = b""
        with contextlib.suppress(OSError):
            while data := caller.recv(65536):
                came += data
                if came.startswith(b"GET"):
                    caller.sendall(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
                    came = b""
                elif b"rain" in came:
                    self.taken += 1
                    return

    def close(self) -> None:
        for one in (self._server, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._thread.join(5)


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    server = Hanging()
    yield server
    server.close()


async def press_twice(hanging: Hanging, songs: int) -> None:
    """Press Ctrl-C while creates are on the wire, and again while that is left."""
    while hanging.taken < songs:
        await asyncio.sleep(0.001)
    loop = asyncio.get_running_loop()

    def again() -> None:
        raise KeyboardInterrupt

    def first() -> None:
        loop.call_later(0.01, again)
        raise KeyboardInterrupt

    loop.call_soon(first)
    await asyncio.Event().wait()


async def tear_down(hanging: Hanging, songs: int) -> None:
    """End the program, whatever else of it runs."""
    while hanging.taken < songs:
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("end", [press_twice, tear_down])
def test_a_create_on_the_wire_is_not_bought_again_however_it_was_interrupted(
    hanging: Hanging,
    tmp_path: Path,
    end: Callable[[Hanging, int], Coroutine[object, object, None]],
) -> None:
    """A body that began to leave is unknown: to its user, and to the next process."""
    keys = ["one", "two", "three"]
    jobs: list[MusicJob[object]] = []

    def session() -> MusicSession:
        return MusicSession(
            "key", base_url=hanging.url, journal=tmp_path / "songs.db", on_exit="detach"
        )

    async def make() -> None:
        async with session() as music:
            jobs.extend(music.riffusion.create("rain", key=key) for key in keys)
            await asyncio.gather(*jobs)

    async def main() -> None:
        making = asyncio.create_task(make())
        async with asyncio.timeout(20):
            await end(hanging, len(keys))
        assert not making.done()

    async def next_process() -> list[object]:
        async with session() as music:
            again = [music.riffusion.create("rain", key=key) for key in keys]
            return await asyncio.gather(*again, return_exceptions=True)

    is_pressed = end is press_twice
    with pytest.raises(KeyboardInterrupt) if is_pressed else contextlib.nullcontext():
        asyncio.run(main())
    told = [job.error for job in jobs]
    found = asyncio.run(next_process())

    assert {SubmissionUnknown} == {type(error) for error in [*told, *found]}
    assert len(keys) == hanging.taken


def test_a_session_that_was_never_left_ends_with_its_loop(
    hanging: Hanging, tmp_path: Path
) -> None:
    """The next one of the same process need not wait for what it had on the wire."""
    kept: list[object] = []

    def session() -> MusicSession:
        return MusicSession(
            "key", base_url=hanging.url, journal=tmp_path / "songs.db", on_exit="detach"
        )

    async def forget() -> None:
        music = session()
        await music.__aenter__()
        kept.extend([music, music.riffusion.create("rain", key="one")])
        while not hanging.taken:
            await asyncio.sleep(0.001)

    async def ask_again() -> object:
        async with session() as music, asyncio.timeout(30):
            [job] = await asyncio.gather(
                music.riffusion.create("rain", key="one"), return_exceptions=True
            )
            return job

    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        asyncio.run(forget())
        found = asyncio.run(ask_again())
        kept.clear()
        gc.collect()

    assert isinstance(found, SubmissionUnknown)
    assert 1 == hanging.taken


@pytest.mark.anyio
async def test_leaving_that_is_cancelled_before_it_begins_is_begun_again(
    api: Emulator, tmp_path: Path
) -> None:
    """As by `asyncio.run`, which cancels whatever there is."""
    path = tmp_path / "songs.db"
    cancelling = asyncio.create_task(cancel_when_named("aiomusic-leave"))
    with pytest.raises(Boom):
        async with MusicSession(api.key, base_url=api.url, journal=path) as music:
            job = music.riffusion.create("rain")
            raise Boom
    await cancelling

    assert job.done()
    assert not list(tmp_path.glob("songs.db-owner-*"))


@pytest.mark.anyio
async def test_an_interrupt_in_the_line_that_leaves_settles_all_jobs(
    api: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second Ctrl-C may come anywhere."""

    def create_task(work: Coroutine[object, object, object], **_: object) -> None:
        work.close()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        async with MusicSession(api.key, base_url=api.url) as music:
            job = music.riffusion.create("rain")
            assert music._engine is not None
            engine = music._engine
            monkeypatch.setattr(asyncio, "create_task", create_task)
            raise Boom
    monkeypatch.undo()

    with pytest.raises(JobDetached, match="had not been sent"):
        await job
    await engine.aclose()


@pytest.mark.anyio
@pytest.mark.parametrize("turns", [0, 1, 30])
async def test_a_program_that_cancels_every_other_task_does_not_hang(
    api: Emulator, turns: int
) -> None:
    """The session's own as well: its jobs end, and it is left as any."""
    others = asyncio.all_tasks()
    async with asyncio.timeout(10), MusicSession(api.key, base_url=api.url) as music:
        jobs = [music.riffusion.create(f"song {n}") for n in range(3)]
        for _ in range(turns):
            await asyncio.sleep(0)
        for task in asyncio.all_tasks() - others:
            task.cancel()

    assert [True] * 3 == [job.done() for job in jobs]
    free = [job.error.charged == "no" for job in jobs if job.error is not None]
    assert sum(free) <= 3 - api.submissions
    with contextlib.suppress(JobDetached, SubmissionUnknown):
        await jobs[0]


@pytest.mark.anyio
async def test_a_key_that_is_cancelled_from_within_ends_its_job_unsent(
    api: Emulator,
) -> None:
    """What gives the key may have a time limit of its own."""

    async def key() -> str:
        raise asyncio.CancelledError

    async with asyncio.timeout(10), MusicSession(key, base_url=api.url) as music:
        with pytest.raises(NotSent, match="cancelled from within") as caught:
            await music.riffusion.create("rain")

    assert "no" == caught.value.charged
    assert 0 == api.submissions


@pytest.mark.anyio
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes fork on POSIX only")
@pytest.mark.parametrize("error", [None, Boom()], ids=["clean", "exception"])
async def test_a_forked_child_leaves_at_once_and_touches_nothing(
    api: Emulator, tmp_path: Path, error: Boom | None
) -> None:
    """Loop, connections and journal are its parent's, who goes on."""
    path = tmp_path / "songs.db"
    async with MusicSession(api.key, base_url=api.url, journal=path) as music:
        job = music.riffusion.create("rain")
        while not api.submissions:
            await asyncio.sleep(0)
        child = os.fork()
        if child == 0:
            signal.alarm(10)
            kind = None if error is None else Boom
            # It must not give way to a loop that its parent runs.
            left = music.__aexit__(kind, error, None)
            try:
                left.send(None)
            except StopIteration:
                os._exit(0)
            finally:
                os._exit(1)
        _, status = await asyncio.to_thread(os.waitpid, child, 0)
        clips = await job

    assert 0 == os.waitstatus_to_exitcode(status)
    assert 2 == len(clips)


@pytest.mark.anyio
@pytest.mark.parametrize("is_cancelled", [False, True], ids=["exception", "cancelled"])
async def test_a_locked_journal_does_not_replace_what_a_session_is_left_by(
    api: Emulator, tmp_path: Path, *, is_cancelled: bool
) -> None:
    """The user's exception arrives bare, a cancellation too."""
    path = tmp_path / "songs.db"
    journal = SqliteJournal(path, lock_wait_s=0.05)
    error: type[BaseException] = asyncio.CancelledError if is_cancelled else Boom
    entered = asyncio.Event()

    async def work() -> None:
        async with MusicSession(api.key, base_url=api.url, journal=journal) as music:
            await music.riffusion.create("rain")
            music.attach("suno", "5b87ef77-6a0c-44b5-ae47-bfd1d6e7eb1e")
            entered.set()
            if not is_cancelled:
                raise Boom
            await asyncio.Event().wait()

    with contextlib.ExitStack() as stack:
        working = asyncio.create_task(work())
        await entered.wait()
        stack.enter_context(locked(path))
        if is_cancelled:
            working.cancel()
        with pytest.raises(error) as caught:
            await working

    assert "" == str(caught.value)
    assert caught.value.__cause__ is None


@final
class JumpingClock:
    """A machine whose date is set, and on which no time passes otherwise."""

    def __init__(self) -> None:
        self.jumped_s = 0.0

    def now(self) -> float:
        return 0.0

    def wall(self) -> float:
        return time.time() + self.jumped_s

    async def sleep(self, _: float) -> None:
        await asyncio.sleep(0)

    def call_at(self, _: float, wake: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_soon(wake)


@pytest.mark.anyio
@pytest.mark.parametrize("is_resumed", [False, True], ids=["one process", "resumed"])
async def test_a_date_that_is_set_teaches_no_false_duration(
    tmp_path: Path, *, is_resumed: bool
) -> None:
    """A task of a moment does not take an hour, nor is that kept."""
    # No task ends before it is told to, however often it is polled.
    async with Emulator(pace=Pace.polls(pending=10**9), media=False) as api:
        await teach_with_a_date_that_is_set(api, tmp_path, is_resumed=is_resumed)


async def teach_with_a_date_that_is_set(
    api: Emulator, tmp_path: Path, *, is_resumed: bool
) -> None:
    clock = JumpingClock()
    journal = tmp_path / "songs.db"

    def session() -> MusicSession:
        return MusicSession(
            api.key,
            base_url=api.url,
            journal=journal,
            clock=clock,
            poll_every_s=0,
            on_exit="detach",
        )

    async with session() as music:
        jobs = [music.riffusion.create(f"song {n}") for n in range(ENOUGH)]
        while any(job.task_id is None for job in jobs):
            await asyncio.sleep(0)
        clock.jumped_s = 3600.0
        if not is_resumed:
            await api.finish()
            await asyncio.gather(*jobs)
    await api.finish()
    async with session() as music:
        await asyncio.gather(*await music.resume())
        records = await music.jobs()
    async with session() as music:
        assert music._schedule is not None
        kind = Kind(name=KIND, typical_s=60.0, floor_s=1.0)
        longest_s = music._schedule.longest_s(kind)

    assert {JobState.SUCCEEDED} == {record.state for record in records}
    # What nobody saw whole teaches nothing.
    assert longest_s is None if is_resumed else 0 < (longest_s or 0) < 60


@final
class SlowJournal:
    """A journal that takes its time to write down that a create leaves."""

    def __init__(self, of: SqliteJournal) -> None:
        self._of = of
        self.began, self.may_go_on = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> object:
        return getattr(self._of, name)

    async def note_sent(self, key: str, attempt: int) -> bool:
        self.began.set()
        await self.may_go_on.wait()
        return await self._of.note_sent(key, attempt)


@pytest.mark.anyio
async def test_a_cancel_while_a_create_is_noted_calls_it_unpaid_never(
    api: Emulator, tmp_path: Path
) -> None:
    """It leaves afterwards: the handle says unknown, and the row is paid for."""
    slow: Any = SlowJournal(SqliteJournal(tmp_path / "songs.db"))
    async with MusicSession(
        api.key, base_url=api.url, journal=slow, poll_every_s=0
    ) as music:
        job = music.riffusion.create("song", key="k")
        await slow.began.wait()
        job.cancel()
        with pytest.raises(JobCancelled) as caught:
            await job
        again = job.resubmit()
        slow.may_go_on.set()
        await again

    assert Charged.UNKNOWN is caught.value.charged
    async with MusicSession(
        api.key, base_url=api.url, journal=tmp_path / "songs.db", poll_every_s=0
    ) as music:
        await asyncio.gather(*await music.resume())
        states = {record.state for record in await music.jobs()}
        spent = (await music.spending())["riffusion.create"].credits
    assert {JobState.SUCCEEDED} == states
    assert api.charged == spent
