"""
A user's program that makes songs and is interrupted in one way at one instant.

It is run in a process of its own, and then once more to see what the next process
makes of what was left.
"""

import asyncio
import contextlib
import json
import math
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, final

import attrs

from aiomusic import MusicJob, MusicSession
from aiomusic.errors import MusicError

REQUEST_TIMEOUT_S = 0.5
# Longer than an answer may take, so that its timer is late.
STOPPED_S = 0.7
# What gives the key is cancelled for so long.
CANCELLED_S = 0.02


@final
class Boom(Exception):
    """The user's own."""


@attrs.frozen(kw_only=True)
class Plan:
    """
    One interrupt.

    Args:
        way: One of `WAYS`; empty: none, and it tells what it finds.
        at_s: When, after it has asked for its songs.
        again_s: How long after that the second one comes, where there are two.
    """

    way: str
    at_s: float
    again_s: float
    url: str
    api_key: str
    journal: str
    report: str
    keys: list[str]


class Program:
    """What is interrupted."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.jobs: list[MusicJob[Any]] = []
        self.when_created: list[Callable[[], object]] = []
        self.created = self.due = math.inf
        self.is_child = False

    @property
    def left_s(self) -> float:
        """How long it is until the interrupt."""
        return max(0.0, self.due - time.monotonic())

    def session(self, api_key: Any = None) -> MusicSession:
        return MusicSession(
            api_key or self.plan.api_key,
            base_url=self.plan.url,
            journal=self.plan.journal,
            poll_every_s=0.02,
            request_timeout_s=REQUEST_TIMEOUT_S,
        )

    def create(self, music: MusicSession) -> None:
        self.created = time.monotonic()
        self.due = self.created + self.plan.at_s
        for do in self.when_created:
            do()
        for key in self.plan.keys:
            self.jobs.append(music.suno.create(f"song {key}", key=key))

    def later(self, do: Callable[[], object], more_s: float = 0.0) -> None:
        """Do it when the interrupt is due."""
        wait_s = self.plan.at_s + more_s

        def when_created() -> None:
            asyncio.get_running_loop().call_later(wait_s, do)

        self.when_created.append(when_created)

    async def wait(self) -> None:
        await asyncio.gather(*self.jobs, return_exceptions=True)

    async def make(self, api_key: Any = None) -> None:
        """Make songs, as a program would that nobody interrupts."""
        async with self.session(api_key) as music:
            self.create(music)
            await self.wait()

    # The ways; each is a program that ends as its name in `WAYS` says.

    async def waiter_cancelled(self) -> None:
        async with self.session() as music:
            self.create(music)
            waiters = [asyncio.ensure_future(_wait(job)) for job in self.jobs]
            await asyncio.wait(waiters, timeout=self.left_s)
            for waiter in waiters:
                waiter.cancel()

    async def main_cancelled(self) -> None:
        self.later(_main().cancel)
        await self.make()

    async def main_cancelled_twice(self) -> None:
        self.later(_main().cancel)
        self.later(_main().cancel, self.plan.again_s)
        await self.make()

    async def left_by_exception(self) -> None:
        async with self.session() as music:
            self.create(music)
            await asyncio.wait(map(_wait_later, self.jobs), timeout=self.left_s)
            raise Boom

    async def leaving_cancelled(self) -> None:
        self.later(_main().cancel, self.plan.again_s)
        await self.left_by_exception()

    async def keyboard_interrupt_in_a_task(self) -> None:
        is_due = asyncio.Event()
        self.later(is_due.set)

        async def press() -> None:
            await is_due.wait()
            raise KeyboardInterrupt

        pressing = asyncio.create_task(press())
        await self.make()
        pressing.cancel()

    async def loop_torn_down(self) -> None:
        """What else runs is cancelled by `asyncio.run`, the session's task too."""
        is_due = asyncio.Event()
        self.later(is_due.set)
        making = asyncio.create_task(self.make())
        await is_due.wait()
        assert not making.done() or making.exception() is None

    async def others_cancelled(self) -> None:
        async with self.session() as music:
            self.create(music)
            await asyncio.sleep(self.left_s)
            for task in asyncio.all_tasks() - {_main()}:
                task.cancel()
            await self.wait()

    async def key_cancelled(self) -> None:
        async def key() -> str:
            if 0 <= time.monotonic() - self.due < CANCELLED_S:
                raise asyncio.CancelledError
            return self.plan.api_key

        await self.make(key)

    async def forked(self) -> None:
        """The child leaves the session by an exception; the parent goes on."""
        with contextlib.suppress(Boom):
            await self.leave_in_child(is_clean=False)

    async def forked_clean(self) -> None:
        """The child comes to the end of the session's block, as the parent does."""
        await self.leave_in_child(is_clean=True)

    async def leave_in_child(self, *, is_clean: bool) -> None:
        child = None
        try:
            async with self.session() as music:
                self.create(music)
                await asyncio.sleep(self.left_s)
                child = os.fork()
                if child == 0:
                    self.is_child = True
                    if not is_clean:
                        raise Boom
                else:
                    await self.wait()
        finally:
            if self.is_child:
                os._exit(0)
        if child:
            await self.see_end(child)

    async def see_end(self, child: int) -> None:
        end = time.monotonic() + 5.0
        while not os.waitpid(child, os.WNOHANG)[0]:
            if time.monotonic() > end:
                os.kill(child, signal.SIGKILL)
                message = "the forked child hangs"
                raise RuntimeError(message)
            await asyncio.sleep(0.005)


async def _wait(job: MusicJob[Any]) -> None:
    with contextlib.suppress(MusicError):
        await job


def _wait_later(job: MusicJob[Any]) -> "asyncio.Task[None]":
    return asyncio.ensure_future(_wait(job))


def _main() -> "asyncio.Task[Any]":
    task = asyncio.current_task()
    assert task is not None
    return task


Way = Callable[[Program], Awaitable[None]]
# What is done inside the program, and what may arrive outside.
INSIDE: Final[dict[str, tuple[Way, set[str]]]] = {
    "waiter cancelled": (Program.waiter_cancelled, set()),
    "main task cancelled": (Program.main_cancelled, {"CancelledError"}),
    "main task cancelled twice": (Program.main_cancelled_twice, {"CancelledError"}),
    "left by an exception": (Program.left_by_exception, {"Boom"}),
    "cancelled while leaving": (Program.leaving_cancelled, {"CancelledError", "Boom"}),
    "KeyboardInterrupt in a task": (
        Program.keyboard_interrupt_in_a_task,
        {"KeyboardInterrupt"},
    ),
    "asyncio.run torn down": (Program.loop_torn_down, set()),
    "every other task cancelled": (Program.others_cancelled, set()),
    "api_key() raises CancelledError": (Program.key_cancelled, set()),
    "a forked child leaves by an exception": (Program.forked, set()),
    "a forked child leaves": (Program.forked_clean, set()),
}
# What comes from another process: each signal, and how long after the one before.
OUTSIDE: Final[dict[str, list[signal.Signals]]] = {
    "Ctrl-C": [signal.SIGINT],
    "Ctrl-C twice": [signal.SIGINT, signal.SIGINT],
    "SIGTERM": [signal.SIGTERM],
    "SIGKILL": [signal.SIGKILL],
    "SIGSTOP and SIGCONT": [signal.SIGSTOP, signal.SIGCONT],
}
WAYS: Final = (*INSIDE, *OUTSIDE)


def live(plan: dict[str, Any]) -> int:
    """Run the program once, and report what its user was told."""
    program = Program(Plan(**plan))
    way = program.plan.way
    expected: set[str] = {"KeyboardInterrupt"} if way.startswith("Ctrl-C") else set()
    main: Way = Program.make
    if way in INSIDE:
        main, expected = INSIDE[way]
    elif way:
        _send(OUTSIDE[way], program)
    seen = ""
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        asyncio.run(_run(main, program))
    except BaseException as error:  # noqa: BLE001 - told to the supervisor
        seen = type(error).__name__
        if seen not in expected:
            seen = f"{seen}: {error}"
    _report(program, seen, is_bare=seen in {"", *expected})
    return 0


async def _run(main: Way, program: Program) -> None:
    await main(program)


def _send(signals: list[signal.Signals], program: Program) -> None:
    """Have a process of its own send signals to this one, once it creates."""
    me, plan = os.getpid(), program.plan
    heard, told = os.pipe()
    if os.fork():
        program.when_created.append(lambda: os.write(told, b"1"))
        return
    os.close(told)
    os.read(heard, 1)
    is_stop = signals[0] is signal.SIGSTOP
    waits = [plan.at_s, STOPPED_S if is_stop else plan.again_s]
    for number, wait_s in zip(signals, waits, strict=False):
        time.sleep(wait_s)
        # It may have ended, and its number be another's.
        if os.getppid() == me:
            os.kill(me, number)
    os._exit(0)


def _report(program: Program, seen: str, *, is_bare: bool) -> None:
    jobs = [
        {
            "key": job.key,
            "is_done": job.done(),
            "state": str(job.state),
            "task_id": job.task_id,
            "error": None if job.error is None else type(job.error).__name__,
            "charged": None if job.error is None else str(job.error.charged),
        }
        for job in program.jobs
    ]
    lived_s = time.monotonic() - program.created
    told = {"seen": seen, "is_bare": is_bare, "jobs": jobs, "lived_s": lived_s}
    path = Path(program.plan.report)
    path.with_suffix(".part").write_text(json.dumps(told))
    path.with_suffix(".part").rename(path)
