"""The real command, in a process of its own."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from pathlib import Path

import attrs
import pytest

from aiomusic.cli._main import run_command
from aiomusic.emulator import Emulator

ROOT = Path(__file__).parents[2]
MAX_S = 60.0


@attrs.frozen(kw_only=True)
class Ended:
    code: int | None
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def sentence(self) -> str:
        """The error, which is one line without a traceback."""
        first, *more = self.err.splitlines()
        assert more == []
        assert first.startswith("aiomusic: ")
        return first.removeprefix("aiomusic: ")


@attrs.frozen
class Command:
    """``aiomusic`` in an environment of its own."""

    folder: Path
    env: Mapping[str, str]

    @classmethod
    def within(cls, folder: Path) -> "Command":
        """Have no key, no proxy and an empty folder."""
        env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("AIOMUSIC_") and not name.lower().endswith("_proxy")
        }
        # pytest-xdist sets it; a terminal has a width of its own.
        env.pop("COLUMNS", None)
        # The usual journal is not that of whoever runs the tests.
        home = str(folder.with_name(f"{folder.name}-home"))
        clean = {
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "error",
            "HOME": home,
            "XDG_DATA_HOME": home,
        }
        return cls(folder, {**env, **clean})

    @property
    def home(self) -> Path:
        return Path(self.env["XDG_DATA_HOME"])

    def at(self, api: Emulator) -> "Command":
        return self.having(AIOMUSIC_BASE_URL=api.url, AIOMUSIC_API_KEY=api.key)

    def having(self, **env: str) -> "Command":
        return Command(self.folder, {**self.env, **env})

    async def start(self, *words: str, prefix: tuple[str, ...] = ()) -> Process:
        return await asyncio.create_subprocess_exec(
            *prefix,
            sys.executable,
            "-m",
            "aiomusic",
            *words,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            cwd=self.folder,
            env=self.env,
        )

    async def __call__(
        self, *words: str, stdin: bytes = b"", prefix: tuple[str, ...] = ()
    ) -> Ended:
        process = await self.start(*words, prefix=prefix)
        async with asyncio.timeout(MAX_S):
            out, err = await process.communicate(stdin)
        ended = Ended(code=process.returncode, out=out.decode(), err=err.decode())
        key = self.env.get("AIOMUSIC_API_KEY")
        assert key is None or key not in ended.out + ended.err
        return ended


class Here:
    """The command in this process, as `Command` is in another."""

    def __init__(
        self,
        command: Command,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.folder, self.home, self._capsys = command.folder, command.home, capsys
        monkeypatch.chdir(command.folder)
        monkeypatch.delenv("AIOMUSIC_API_KEY", raising=False)
        for name in ("AIOMUSIC_JOURNAL", "AIOMUSIC_BASE_URL", "XDG_DATA_HOME", "HOME"):
            monkeypatch.setenv(name, command.env.get(name, ""))

    def __call__(self, *words: str) -> Ended:
        code = run_command(words)
        out, err = self._capsys.readouterr()
        return Ended(code=code, out=out, err=err)
