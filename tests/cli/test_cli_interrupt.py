"""Ctrl-C ends the command with 130 at any moment, however often it comes."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest
from running import Command

from aiomusic.emulator import Emulator, Pace

pytestmark = pytest.mark.anyio

# Presses Ctrl-C so often when a module is first imported, and runs the command.
PRESSED = """
import os, signal, sys
from aiomusic.cli import main

moment, times, *sys.argv[1:] = sys.argv[1:]

class Presses:
    def find_spec(self, name, path=None, target=None):
        if name == moment:
            sys.meta_path.remove(self)
            for _ in range(int(times)):
                os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Presses())
sys.exit(main())
"""
# From the first import of the command to the last before its work.
MOMENTS = (
    "aiomusic.cli._main",
    "cyclopts",
    "asyncio",
    "attrs",
    "aiomusic.cli._app",
    "aiohttp",
    "aiomusic.emulator",
    "numpy",
    "aiomusic._engine.engine",
)


@pytest.fixture
def aiomusic(tmp_path: Path) -> Command:
    return Command.within(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 4])
@pytest.mark.parametrize("moment", MOMENTS)
async def test_it_ends_at_any_import(
    aiomusic: Command, moment: str, times: int
) -> None:
    """No traceback, and nothing but 130, before the work has begun."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PRESSED, moment, str(times)),
        *("create", "pop", "--local", "--out", "songs"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=aiomusic.folder,
        env=aiomusic.env,
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()

    assert (130, b"") == (process.returncode, out)
    assert b"Traceback" not in err
    assert len(err.splitlines()) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 2, 4, 20])
async def test_it_ends_while_it_works(aiomusic: Command, times: int) -> None:
    """However often it comes, the task that is paid for is named."""
    async with Emulator(pace=Pace.polls(running=1_000_000), media=False) as api:
        process = await aiomusic.at(api).start(
            "create", "pop", "--json", "--poll-every", "0.01"
        )
        assert process.stdout is not None
        async with asyncio.timeout(60):
            while b'"running"' not in await process.stdout.readline():
                pass
            for _ in range(times):
                if process.returncode is None:
                    process.send_signal(signal.SIGINT)
                    await asyncio.sleep(0.005)
            _, err = await process.communicate()
        (task_id,) = api.tasks

    assert 130 == process.returncode
    assert 1 == len(err.splitlines())
    assert task_id.encode() in err


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 4])
async def test_a_question_is_left(aiomusic: Command, times: int) -> None:
    """One that reads a journal ends likewise."""
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-c",
            PRESSED,
            "aiomusic.journal.opening",
            str(times),
            "jobs",
        ),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=aiomusic.folder,
        env=aiomusic.env,
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()

    assert (130, b"", b"") == (process.returncode, out, err)
