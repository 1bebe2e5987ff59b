"""Processes that render songs, so that the event loop never stalls."""

import asyncio
import json
import os
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from typing import Any, Final, final

import attrs

__all__ = ["RenderFailed", "Workers"]

_ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""There is a process for each processor already."""


@final
class RenderFailed(Exception):
    """A song could not be made."""


@final
@attrs.define(eq=False)
class Workers:
    """
    Up to *most* processes of ``aiomusic.emulator._render``, started when needed.

    They are our own program and not a pool of ``multiprocessing``, which would run
    the user's script again in each child.
    """

    most: int
    _idle: list[Process] = attrs.field(factory=list, init=False)
    _all: list[Process] = attrs.field(factory=list, init=False)
    _slots: asyncio.Semaphore = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.most)

    async def render(self, job: dict[str, Any]) -> None:
        """
        Have one song rendered.

        Raises:
            RenderFailed: It could not be.
        """
        async with self._slots:
            worker = self._idle.pop() if self._idle else await self._start()
            problem = await self._ask(worker, job)
            self._idle.append(worker)
        if problem:
            raise RenderFailed(problem)

    async def _start(self) -> Process:
        path = os.pathsep.join(entry for entry in sys.path if entry)
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "aiomusic.emulator._render",
            stdin=PIPE,
            stdout=PIPE,
            env={**_ONE_THREAD, **os.environ, "PYTHONPATH": path},
            # Ctrl-C is for us; we then end them.
            start_new_session=True,
        )
        self._all.append(worker)
        return worker

    async def _ask(self, worker: Process, job: dict[str, Any]) -> str:
        assert worker.stdin is not None
        assert worker.stdout is not None
        try:
            worker.stdin.write(pickle.dumps(job))
            await worker.stdin.drain()
            line = await worker.stdout.readline()
        except OSError as error:
            raise RenderFailed(repr(error)) from error
        if not line:
            raise RenderFailed("the process that renders songs has died")
        return str(json.loads(line))

    async def aclose(self) -> None:
        """End the processes, whatever they are at."""
        for worker in self._all:
            if worker.returncode is None:
                worker.kill()
        for worker in self._all:
            await worker.communicate()
        self._all.clear()
        self._idle.clear()
