"""
Forks processes that have loaded all that they need, so that each begins at once.

Run as a program, this forks one process for each line of JSON in its input, and tells
of its end; `Forker` is the other side.
"""

import asyncio
import contextlib
import importlib
import json
import os
import select
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator  # noqa: TC003
from pathlib import Path
from typing import Any

import attrs

ROOT = Path(__file__).parents[2]
# What there is to be forked: each has a function `live`, of a plan, that returns an
# exit status.
MODULES = ("gang_worker", "sweep_worker")
# What a session loads when it is entered, and when it first sends.
LOADED = (
    "aiomusic._engine.engine",
    "aiomusic._files.media",
    "aiomusic.journal.sqlite",
    "aiomusic.providers.suno",
    "aiomusic.webhooks",
    "anyio._backends._asyncio",
    "cattrs",
)


def environment() -> dict[str, str]:
    """Return this process's variables, without those that a session reads."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AIOMUSIC_")}
    return {**clean, "PYTHONPATH": str(ROOT)}


@attrs.define(kw_only=True)
class Life:
    """A forked process, from its start to its end."""

    pid: int
    plan: Any
    end: "asyncio.Future[int]"

    @property
    def is_over(self) -> bool:
        return self.end.done()

    def signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            if not self.is_over:
                os.kill(self.pid, number)

    async def wait(self, limit_s: float) -> bool:
        """Wait for its end; return whether it came in time."""
        await asyncio.wait([self.end], timeout=limit_s)
        return self.is_over


@attrs.define
class Forker:
    """The process that forks, and those that it has forked."""

    process: Process
    ends: "dict[int, asyncio.Future[int]]" = attrs.field(factory=dict)
    begun: "asyncio.Queue[tuple[int, asyncio.Future[int]]]" = attrs.field(
        factory=asyncio.Queue
    )
    _turn: asyncio.Lock = attrs.field(factory=asyncio.Lock)

    @classmethod
    @contextlib.asynccontextmanager
    async def started(cls, errors: Path) -> "AsyncIterator[Forker]":
        with errors.open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                __file__,
                stdin=PIPE,
                stdout=PIPE,
                stderr=file,
                env=environment(),
            )
        assert process.stdin is not None
        forker = cls(process)
        listening = asyncio.create_task(forker.listen())
        try:
            yield forker
        finally:
            for pid in forker.ends:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.stdin.close()
            await process.wait()
            await listening

    async def listen(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            word = json.loads(line)
            if "began" in word:
                end = asyncio.get_running_loop().create_future()
                self.ends[word["began"]] = end
                # It may be over before anybody asks.
                self.begun.put_nowait((word["began"], end))
            else:
                self.ends.pop(word["ended"]).set_result(word["code"])

    async def begin(self, module: str, plan: Any) -> Life:
        assert self.process.stdin is not None
        order = {"module": module, "plan": attrs.asdict(plan)}
        async with self._turn:
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            pid, end = await self.begun.get()
        return Life(pid=pid, plan=plan, end=end)


def tell(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def fork(module: str, plan: dict[str, Any]) -> int:
    # It is interrupted only once it can tell of it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    pid = os.fork()
    if pid == 0:
        code = 4
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            code = importlib.import_module(module).live(plan)
        except KeyboardInterrupt:
            # It came once all was told.
            code = 1
        finally:
            os._exit(code)
    return pid


def serve() -> None:
    """Fork a process for each plan that comes, and tell of the ends of all."""
    for module in LOADED:
        importlib.import_module(module)
    for module in MODULES:
        importlib.import_module(module)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    heard, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    lines = b""
    while True:
        ready, _, _ = select.select([0, heard], [], [])
        if heard in ready:
            os.read(heard, 4096)
            reap()
        if 0 in ready:
            read = os.read(0, 65536)
            if not read:
                return
            *whole, lines = (lines + read).split(b"\n")
            for line in whole:
                tell(began=fork(**json.loads(line)))


def reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            tell(ended=ended[0], code=os.waitstatus_to_exitcode(ended[1]))


if __name__ == "__main__":
    serve()
