"""A terminal that is none, and the screen that a person would see."""

import asyncio
import fcntl
import os
import pty
import re
import struct
import sys
import termios
from collections.abc import Callable

import anyio.to_thread
import pyte
from running import MAX_S, Command

# What no two runs have in common.
MASKED = re.compile(r"\d+:\d\d|\d[\d,]* polls|\d+ to \d+ s left")


def _mask(found: re.Match[str]) -> str:
    return re.sub(r"\d[\d,]*", "#", found[0])


class Terminal:
    """
    A process on a pseudo-terminal.

    Attributes:
        shown: All that it has shown, without what moves the cursor.
        screen: What stands on the screen.
    """

    def __init__(self, command: Command, columns: int = 100, rows: int = 30) -> None:
        self._command = command
        self.shown = ""
        self.screen = pyte.Screen(columns, rows)
        self._drawn = pyte.ByteStream(self.screen)

    async def start(self, *words: str) -> None:
        self._ours, theirs = pty.openpty()
        self._set_size()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "aiomusic",
            *words,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=self._command.folder,
            env={**self._command.env, "TERM": "xterm-256color"},
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(theirs)

    def resize(self, columns: int) -> None:
        """Make the window narrower or wider, as a person does with the mouse."""
        self.screen.resize(columns=columns)
        self._set_size()

    def _set_size(self) -> None:
        size = struct.pack("HHHH", self.screen.lines, self.screen.columns, 0, 0)
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, size)

    @property
    def lines(self) -> list[str]:
        """The lines that stand there, with times, polls and estimates as ``#``."""
        shown = [line.rstrip() for line in self.screen.display]
        masked = [MASKED.sub(_mask, line) for line in shown]
        return [re.sub(r"^[-\\\\|/](?=  )", "~", line) for line in masked]

    async def wait_until(self, is_there: Callable[[list[str]], bool]) -> None:
        """Read until the screen is as it is to be, and drawn to its end."""
        while not is_there(self.lines):
            assert await self.read(), self.lines

    async def wait_for(self, text: str) -> None:
        while text not in self.shown:
            assert await self.read()

    def press(self, key: bytes) -> None:
        os.write(self._ours, key)

    async def end(self) -> int:
        while await self.read():
            pass
        os.close(self._ours)
        return await self._process.wait()

    async def read(self) -> bool:
        """Take what it shows next; False: it is gone."""
        try:
            async with asyncio.timeout(MAX_S):
                data = await anyio.to_thread.run_sync(
                    os.read, self._ours, 65536, abandon_on_cancel=True
                )
        except OSError:
            # Linux says so when the last process has left the terminal.
            return False
        self._drawn.feed(data)
        text = data.decode(errors="replace").replace("\r\n", "\n")
        self.shown += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
        return bool(data)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
