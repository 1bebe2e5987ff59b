"""What a person sees: the command on a terminal of its own."""

import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from running import Command
from terminal import Terminal

from aiomusic.emulator import Emulator, Pace

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

FAST = ("--poll-every", "0.01")
SHORT = ("--provider", "nuro", "--duration", "1", *FAST)


@pytest.fixture
def aiomusic(tmp_path: Path) -> Command:
    return Command.within(tmp_path)


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    async with Emulator(preview_s=20, credits=100, pace=Pace.polls()) as api:
        yield api


async def test_a_terminal_shows_a_line_per_job_then_the_files(
    aiomusic: Command,
) -> None:
    """Each job's line has its state and time; the paths and lengths come last."""
    async with Emulator(preview_s=20, pace=Pace.polls(running=1_000_000)) as api:
        terminal = Terminal(aiomusic.at(api))
        await terminal.start("create", "pop", "--count", "2", *SHORT)
        await terminal.wait_for("running, 0 %")
        await api.finish()
        code = await terminal.end()

    assert 0 == code
    *_, first, second, third, fourth = terminal.shown.splitlines()
    assert re.fullmatch(r" +1/2 nuro\.create_instrumental +done +0:\d\d *", first)
    assert re.fullmatch(r" +2/2 nuro\.create_instrumental +done +0:\d\d *", second)
    assert re.fullmatch(r"songs/.+  0:\d\d", third)
    assert re.fullmatch(r"songs/.+  0:\d\d", fourth)


async def test_a_terminal_says_how_long_it_may_take(
    aiomusic: Command,
) -> None:
    """While a task runs its line has the time it usually takes; Ctrl-C ends it."""
    async with Emulator(
        preview_s=20, pace=Pace.polls(running=1_000_000), media=False
    ) as api:
        terminal = Terminal(aiomusic.at(api))
        await terminal.start("create", "pop", *FAST)
        await terminal.wait_for("running")
        terminal.press(b"\x03")
        code = await terminal.end()
        (task_id,) = api.tasks

    assert 130 == code
    assert re.search(r"running +0:0\d +\d+ to \d+ s left", terminal.shown)
    assert f"riffusion task {task_id} lives on" in terminal.shown
    assert "Traceback" not in terminal.shown


async def test_a_second_ctrl_c_leaves_a_batch_to_the_service(
    aiomusic: Command,
) -> None:
    """It tells what is left and how to go on, and the same line buys nothing twice."""
    rows = (
        f'{{"key": "{key}", "provider": "nuro", "operation": "create_instrumental",'
        ' "description": "pop", "duration": 1}\n'
        for key in ("one", "two")
    )
    (aiomusic.folder / "songs.jsonl").write_text("".join(rows))
    words = ("batch", "songs.jsonl", "--out", "album", *FAST)
    async with Emulator(preview_s=20, pace=Pace.polls(running=1_000_000)) as api:
        terminal = Terminal(aiomusic.at(api))
        await terminal.start(*words)
        await terminal.wait_for("two  running")
        terminal.press(b"\x03")
        await terminal.wait_for("buying nothing more")
        terminal.press(b"\x03")
        code = await terminal.end()
        await api.finish()
        again = await aiomusic.at(api)(*words)
        submissions = api.submissions

    assert 130 == code
    assert "2 tasks at the service stay reserved, with " in terminal.shown
    assert "2 rows are left: run the same line again to go on." in terminal.shown
    assert "Traceback" not in terminal.shown
    assert (0, 2) == (again.code, submissions)


async def test_ctrl_c_ends_a_local_song_without_a_trace(aiomusic: Command) -> None:
    """The emulator and its workers go quietly with the command."""
    terminal = Terminal(aiomusic)

    await terminal.start("create", "pop", "--local", "--count", "2")
    await terminal.wait_for("running")
    terminal.press(b"\x03")
    code = await terminal.end()

    assert 130 == code
    assert "the emulator ended with the command" in terminal.shown
    assert "Traceback" not in terminal.shown
    assert [] == list(aiomusic.folder.iterdir())


async def test_a_terminal_shows_the_balance_in_words(
    aiomusic: Command, api: Emulator
) -> None:
    """A person reads the number with its unit."""
    terminal = Terminal(aiomusic.at(api))

    await terminal.start("credits")
    code = await terminal.end()

    assert (0, "100 credits\n") == (code, terminal.shown)


@pytest.mark.skipif(sys.platform == "win32", reason="streams are closed by a shell")
async def test_closed_streams_are_as_good_as_empty_ones(
    aiomusic: Command, api: Emulator
) -> None:
    """A song is bought and saved without any, and no lyrics are read from one."""
    without = ("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh")
    command, words = aiomusic.at(api), ("--lyrics", "-", "--provider", "suno")

    silent = await command("create", "pop", *SHORT, prefix=without)
    ended = await command("create", *words, prefix=("sh", "-c", 'exec "$@" <&-', "sh"))

    assert 0 == silent.code
    assert 1 == len(list(aiomusic.folder.glob("songs/*")))
    assert (2, "Standard input is empty. Nothing was sent.") == (
        ended.code,
        ended.sentence,
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk is needed")
async def test_a_full_standard_output_is_told(aiomusic: Command, api: Emulator) -> None:
    """What is bought stays in the journal; the code is that of files."""
    full = ("sh", "-c", 'exec "$@" >/dev/full', "sh")

    ended = await aiomusic.at(api)("credits", prefix=full)

    assert 7 == ended.code
    assert "Standard output can't be written: No space left" in ended.sentence
    assert "'aiomusic jobs'" in ended.sentence
