"""A provider that is new takes the files that CONTRIBUTING names, and no other."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import anyio
import pytest

import aiomusic

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

PROVIDER: Final = '''
"""Hummer hums: one operation, one clip."""

from typing import Annotated, ClassVar, Final, final

import attrs

from aiomusic._fields import Text
from aiomusic._request import Request
from aiomusic.providers._operations import Followed, Operations, operation
from aiomusic.providers._replies import Provider, read_clips
from aiomusic.results import Clip

PROVIDER: Final = Provider(
    name="hummer",
    task_path="/api/v1/hummer/task/{task_id}",
    pace_s=1.0,
    typical_s=(5.0, 10.0),
    clips=1,
    read=read_clips,
)


@final
@attrs.frozen
class Create(Request[tuple[Clip, ...]]):
    """Hum a tune."""

    PROVIDER: ClassVar = "hummer"
    OPERATION: ClassVar = "create"
    PATH: ClassVar = "/api/v1/hummer/create"
    COST: ClassVar = 3
    CLIPS: ClassVar = 1

    tune: Annotated[str, Text(wire="tune", least=1, most=100)]


REQUESTS: Final = (Create,)


@final
class Hummer(Followed):
    __slots__ = ()

    NAME: ClassVar = "hummer"

    create: Final = operation(Create)


OPERATIONS: type[Operations] = Hummer
'''

DIALECT: Final = '''
"""Hummer's dialect: its tasks are lists of clips."""

from typing import final

from aiomusic.emulator.dialects._dialect import Dialect


@final
class HummerDialect(Dialect):
    name = "hummer"
'''

WHISTLER: Final = '''
"""Whistler whistles in its reply: no task, and the audio itself, not an address."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, final

import attrs

from aiomusic._fields import Text
from aiomusic._request import DirectReply, Request
from aiomusic.providers._operations import Operations, operation
from aiomusic.providers._replies import text_at
from aiomusic.results import Clip, ClipState


@final
@attrs.frozen(kw_only=True)
class WhistleReply:
    clip_id: str
    audio: str

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> "WhistleReply":
        return cls(clip_id=text_at(raw, "id"), audio=text_at(raw, "audio"))

    def to_result(self, request: Any) -> tuple[Clip, ...]:
        clip = Clip(
            clip_id=self.clip_id,
            provider="whistler",
            state=ClipState.SUCCEEDED,
            title=request.tune,
            audio_url=f"data:audio/wav;base64,{self.audio}",
        )
        return (clip,)


@final
@attrs.frozen
class Create(Request[tuple[Clip, ...]]):
    """Whistle a tune."""

    PROVIDER: ClassVar = "whistler"
    OPERATION: ClassVar = "create"
    PATH: ClassVar = "/api/v1/whistler/create"
    COST: ClassVar = 4
    REPLY: ClassVar[type[DirectReply] | None] = WhistleReply
    MAX_REPLY_BYTES: ClassVar = 64 * 1024 * 1024

    tune: Annotated[str, Text(wire="tune", least=1, most=100)]


REQUESTS: Final = (Create,)


@final
class Whistler(Operations):
    __slots__ = ()

    create: Final = operation(Create)


OPERATIONS: type[Operations] = Whistler
'''

WHISTLER_DIALECT: Final = '''
"""Whistler's dialect: ten minutes of a WAV in the reply, which are 13 MB there."""

import base64, io, wave
from typing import final

from aiomusic.emulator.dialects._dialect import Dialect


@final
class WhistlerDialect(Dialect):
    name = "whistler"

    def direct(self, request, source, issuer):
        kept = io.BytesIO()
        with wave.open(kept, "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(bytes(range(256)) * 37_500)
        audio = base64.b64encode(kept.getvalue()).decode()
        return {"code": 200, "id": issuer.new_id("clip"), "audio": audio}
'''

WHISTLE: Final = """
import asyncio, wave
from aiomusic import MusicSession
from aiomusic.emulator import Emulator

async def main():
    async with Emulator(preview_s=20) as api:
        async with MusicSession(api.key, base_url=api.url, journal="w.db") as music:
            job = music.whistler.create("la la", key="w")
            (clip,) = await job
            (path,) = await job.save("out")
            with wave.open(str(path)) as file:
                assert 600 * 8_000 == file.getnframes()
            assert (clip,) == job.clips and job.task_id is None
        async with MusicSession(api.key, base_url=api.url, journal="w.db") as music:
            again = music.whistler.create("la la", key="w")
            assert (clip,) == await again == again.clips
            (copy,) = await again.save("other")
            assert path.read_bytes() == copy.read_bytes()
        assert 4 == api.charged
        print("whistled", path.name)

asyncio.run(main())
"""

PROGRAM: Final = """
import asyncio, sys
from aiomusic import MusicSession, hummer
from aiomusic.emulator import Emulator, Pace

async def main():
    async with (
        Emulator(preview_s=20, pace=Pace.polls()) as api,
        MusicSession(api.key, base_url=api.url, poll_every_s=0) as music,
    ):
        job = music.hummer.create("la la")
        paths = await job.save("out")
        assert 1 == len(paths) and paths[0].stat().st_size > 10_000
        assert 3 == api.charged == job.cost
        await music.submit(hummer.Create("do re mi"))
        try:
            music.hummer.create("")
        except ValueError as error:
            print(error)

asyncio.run(main())
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a copy of the library with the provider in it."""
    root = tmp_path / "src"
    package = root / "aiomusic"
    shutil.copytree(
        Path(aiomusic.__file__).parent,
        package,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (package / "providers" / "hummer.py").write_text(PROVIDER)
    (package / "emulator" / "dialects" / "hummer.py").write_text(DIALECT)
    enter(
        package / "providers" / "_registry.py", "FOLLOWED: Final = {", '"hummer": "",'
    )
    dialects = package / "emulator" / "dialects" / "__init__.py"
    enter(dialects, "    for dialect in (", "HummerDialect(),")
    enter(
        dialects,
        "from typing import Any, Final",
        "from aiomusic.emulator.dialects.hummer import HummerDialect",
    )
    return root


@pytest.fixture
def other_shapes(source: Path) -> Path:
    """Add a provider whose replies hold the audio itself."""
    package = source / "aiomusic"
    (package / "providers" / "whistler.py").write_text(WHISTLER)
    dialects = package / "emulator" / "dialects"
    (dialects / "whistler.py").write_text(WHISTLER_DIALECT)
    enter(
        package / "providers" / "_registry.py", "DIRECT: Final = {", '"whistler": "",'
    )
    enter(dialects / "__init__.py", "    for dialect in (", "WhistlerDialect(),")
    enter(
        dialects / "__init__.py",
        "from typing import Any, Final",
        "from aiomusic.emulator.dialects.whistler import WhistlerDialect",
    )
    return source


def enter(file: Path, after: str, line: str) -> None:
    """Add a line to a file behind another one."""
    text = file.read_text()
    assert 1 == text.count(after)
    file.write_text(text.replace(after, f"{after}\n{line}"))


async def run(source: Path, *words: str) -> str:
    """Run Python on that copy; return what it prints."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AIOMUSIC")
    }
    with anyio.fail_after(120):
        done = await anyio.run_process(
            [sys.executable, *words],
            cwd=source.parent,
            check=False,
            env={**environment, "PYTHONPATH": str(source)},
            stderr=subprocess.STDOUT,
        )
    text = done.stdout.decode()
    assert 0 == done.returncode, text
    return text


async def test_its_songs_are_made_and_saved(source: Path) -> None:
    """By its method and by its request, checked before anything is sent."""
    assert "hummer.create: tune" in await run(source, "-c", PROGRAM)


async def test_the_command_knows_it(source: Path) -> None:
    """Its operation has a name, options and a help text there."""
    told = await run(source, "-m", "aiomusic", "hummer", "create", "--help")
    made = await run(source, "-m", "aiomusic", "hummer", "create", "la la", "--local")

    assert "tune" in told.lower()
    assert [made.strip()] == [
        path.relative_to(source.parent).as_posix()
        for path in source.parent.glob("songs/*")
    ]


async def test_a_batch_row_knows_it(source: Path) -> None:
    """As it knows every other."""
    rows = source.parent / "rows.csv"
    rows.write_text("key,provider,tune\na,hummer,la la\n")

    await run(source, "-m", "aiomusic", "batch", str(rows), "--out", "al", "--local")

    assert 1 == len([*source.parent.glob("al/*.mp3"), *source.parent.glob("al/*.wav")])


async def test_a_reply_may_hold_the_result_and_the_audio(other_shapes: Path) -> None:
    """Without a task, and without an address; it is saved, kept and found again."""
    assert "whistled" in await run(other_shapes, "-c", WHISTLE)
