"""What the README shows is what happens."""

import os
import re
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

import aiomusic
from aiomusic.emulator import Emulator, Pace

README = Path(__file__).parent.parent / "README.md"

pytestmark = pytest.mark.anyio


@pytest.mark.slow
async def test_the_first_example_runs_as_printed() -> None:
    """A new file with nothing but the example prints two clips."""
    example = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)[0]

    async with Emulator(preview_s=20, pace=Pace.seconds(0, 0), media=False) as api:
        environment = {
            **os.environ,
            "AIOMUSIC_API_KEY": api.key,
            "AIOMUSIC_BASE_URL": api.url,
        }
        done = await anyio.run_process(
            [sys.executable, "-c", example], env=environment, stderr=subprocess.STDOUT
        )

    lines = done.stdout.decode().splitlines()
    assert 2 == len(lines)
    assert all(api.url in line for line in lines)


def block(words: str) -> str:
    """Return the example that holds some words."""
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    [found] = [str(block) for block in blocks if words in block]
    return found


def run(example: str) -> None:
    """Run an example as a program."""
    exec(compile(example, "README.md", "exec"), {"__name__": "__main__"})


@pytest.mark.slow
@pytest.mark.parametrize("words", ["music.run(songs)", "music.resume()"])
async def test_a_batch_survives_a_bad_row(
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One song is refused: the other is saved, and the next run buys what failed."""
    monkeypatch.chdir(tmp_path)
    async with Emulator(preview_s=20, pace=Pace.seconds(0, 0)) as api:
        monkeypatch.setenv("AIOMUSIC_API_KEY", api.key)
        monkeypatch.setenv("AIOMUSIC_BASE_URL", api.url)
        api.fault("moderation", on="create", skip=1)

        await anyio.to_thread.run_sync(run, block(words))
        first, printed = len(list(tmp_path.glob("out/*.mp3"))), capsys.readouterr().out
        await anyio.to_thread.run_sync(run, block(words))

    assert 2 == first
    assert "Nothing was charged" in printed
    assert "" == capsys.readouterr().out
    assert 4 == len(list(tmp_path.glob("out/*.mp3")))
    assert 2 == api.charges


def test_every_name_of_the_package_can_be_had() -> None:
    """The lazy facade gives all that it lists, and refuses the rest."""
    found = [getattr(aiomusic, name) for name in aiomusic.__all__]

    assert len(aiomusic.__all__) == len(found)
    assert sorted(aiomusic.__all__) == aiomusic.__all__ == dir(aiomusic)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        aiomusic.nothing  # noqa: B018
