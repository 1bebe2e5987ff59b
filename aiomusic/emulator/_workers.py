"""Processes that render songs, so that the event loop never stalls."""

import asyncio
import os
import pickle
import struct
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar, cast, final

import anyio.to_thread
import attrs

from aiomusic.composer import UnreadableAudio
from aiomusic.emulator._render_jobs import RenderFailed

__all__ = ["CallRunner", "RenderFailed", "Threads", "Workers", "spare_processors"]

T = TypeVar("T")

_ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""There is already a process for each processor."""


def spare_processors() -> int:
    """
    Return the processors left besides the event loop's.

    Of two, both: a task has two takes, and its workers give way to the event loop.
    """
    count = os.cpu_count() or 1
    if sys.platform == "linux":
        # A container may be limited to fewer than the machine has.
        count = len(os.sched_getaffinity(0))
    return min(count, max(2, count - 1))


class CallRunner(Protocol):
    """Runs calls beside the event loop."""

    async def run(self, call: Callable[[], T]) -> T:
        """
        Run a call.

        Raises:
            RenderFailed: It raised an exception, or its process died.
            UnreadableAudio: It raised this one.
        """

    async def aclose(self) -> None:
        """Run no more."""


@final
class Threads:
    """Threads of this process: a call starts at once, and should be a quick one."""

    async def run(self, call: Callable[[], T]) -> T:
        try:
            return await anyio.to_thread.run_sync(call)
        except UnreadableAudio:
            raise
        except Exception as error:
            raise RenderFailed(repr(error)) from error

    async def aclose(self) -> None:
        pass


@final
@attrs.define(eq=False)
class Workers:
    """
    Up to *max_workers* processes of ``aiomusic.emulator._worker``, started when needed.

    Not a pool of ``multiprocessing``, which would import the user's script again in
    each child.
    """

    max_workers: int
    _idle: list[Process] = attrs.field(factory=list, init=False)
    _all: list[Process] = attrs.field(factory=list, init=False)
    _slots: asyncio.Semaphore = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.max_workers)

    async def run(self, call: Callable[[], T]) -> T:
        """Run a call in a worker; the call and its result are pickled."""
        pickled = pickle.dumps(call)
        async with self._slots:
            worker = self._idle.pop() if self._idle else await self._start()
            problem, value = await self._exchange(worker, pickled)
            self._idle.append(worker)
        if problem is not None:
            raise problem
        return cast("T", value)

    async def _start(self) -> Process:
        path = os.pathsep.join(entry for entry in sys.path if entry)
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "aiomusic.emulator._worker",
            stdin=PIPE,
            stdout=PIPE,
            env={**_ONE_THREAD, **os.environ, "PYTHONPATH": path},
            # Ctrl-C must reach only the parent, which then ends them.
            start_new_session=True,
        )
        self._all.append(worker)
        return worker

    async def _exchange(
        self, worker: Process, pickled: bytes
    ) -> tuple[Exception | None, Any]:
        assert worker.stdin is not None
        assert worker.stdout is not None
        try:
            worker.stdin.write(pickled)
            await worker.stdin.drain()
            (size,) = struct.unpack("<I", await worker.stdout.readexactly(4))
            answer = await worker.stdout.readexactly(size)
        except (OSError, asyncio.IncompleteReadError) as error:
            text = "the process that renders songs has died"
            raise RenderFailed(text) from error
        problem, value = pickle.loads(answer)  # noqa: S301 - from our child
        return problem, value

    async def aclose(self) -> None:
        """Kill the processes."""
        for worker in self._all:
            if worker.returncode is None:
                worker.kill()
        for worker in self._all:
            await worker.communicate()
        self._all.clear()
        self._idle.clear()
