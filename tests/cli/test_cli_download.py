"""``aiomusic download`` and ``open``: what is made already is had, and played."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from quick_service import QuickService
from running import Command

pytestmark = pytest.mark.anyio

PROMPT = ("create", "paper boats", "--poll-every", "0.05")


@pytest.fixture
async def service() -> AsyncIterator[QuickService]:
    async with QuickService() as service:
        yield service


@pytest.fixture
def command(service: QuickService, tmp_path: Path) -> Command:
    return Command.within(tmp_path).at(service.api)


async def test_a_job_is_fetched_again_and_not_bought(
    service: QuickService, command: Command
) -> None:
    """By its key, under names of one's own; once more fetches nothing."""
    await command(*PROMPT, "--key", "demo")
    words = ("download", "demo", "--out", "again", "--name", "{title} ({take})")

    ended = await command(*words)
    asked = len(service.asked)
    again = await command(*words)

    assert (ended.code, again.code) == (0, 0), ended.err
    assert ended.lines == again.lines
    assert len(ended.lines) == 2
    assert [True, True] == [(command.folder / line).is_file() for line in ended.lines]
    assert all("(2)" in line or "(1)" in line for line in ended.lines)
    assert len(service.asked) == asked
    assert service.api.charged == 10


async def test_a_task_and_a_link_are_fetched(
    command: Command, service: QuickService
) -> None:
    """A task by its provider; a link without a key, and beside one that is dead."""
    await command(*PROMPT, "--key", "demo")
    shown = json.loads((await command("jobs", "show", "demo", "--json")).out)
    link = shown["clips"][0]["audio_url"]

    task = await command(
        *("download", "--provider", "riffusion", shown["task_id"]),
        *("--out", "task", "--json"),
    )
    keyless = Command.within(command.folder).having(AIOMUSIC_BASE_URL=service.api.url)
    service.dead.add("gone")
    dead = link.replace(link.rpartition("/")[2], "gone.mp3")
    linked = await keyless("download", dead, link, "--out", "link")

    assert [line["event"] for line in map(json.loads, task.lines)] == ["saved"] * 2
    assert linked.code == 7
    assert "404" in linked.sentence
    assert [(command.folder / line).is_file() for line in linked.lines] == [True]
    assert service.api.charged == 10


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "Say what to download"),
        (("nothing",), 2, "There is no job 'nothing'"),
        (("--provider", "suno", "0f7b5f2e-6c1d-4b8a-9d3e-5a4c3b2a1f00"), 5, "task"),
        (("https://127.0.0.1:1/x.mp3", "--name", "{x}"), 2, "no pattern"),
    ],
)
async def test_what_cannot_be_fetched_is_one_sentence(
    command: Command, words: tuple[str, ...], code: int, said: str
) -> None:
    """With its code; the folder that was made for it is gone again."""
    ended = await command("download", *words, "--out", "none")

    assert ended.code == code
    assert said in ended.sentence
    assert not (command.folder / "none").exists()


def player(folder: Path, code: int = 0) -> str:
    """Write what stands in the place of the platform's program, and return its PATH."""
    program = folder / "bin" / "xdg-open"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf "%s" "$1" > {folder}/played\nexit {code}\n')
    program.chmod(0o755)
    return f"{program.parent}:/usr/bin:/bin"


async def test_a_file_an_album_and_a_job_are_opened(
    command: Command, tmp_path: Path
) -> None:
    """By the platform's program; the path is what is printed."""
    first = str(tmp_path / (await command(*PROMPT, "--key", "demo")).lines[0])
    await command("gallery", "songs")
    command = command.having(PATH=player(tmp_path))

    for what, path in [
        (first, first),
        ("songs", str(tmp_path / "songs" / "index.html")),
        ("demo", first),
    ]:
        ended = await command("open", what)
        assert (ended.code, ended.out) == (0, f"{path}\n")
        assert (tmp_path / "played").read_text() == path


async def test_what_cannot_be_opened_is_told(command: Command, tmp_path: Path) -> None:
    """With what to do."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "song.mp3").write_bytes(b"x")
    broken = command.having(PATH=player(tmp_path, code=3))

    assert "aiomusic gallery empty" in (await command("open", "empty")).sentence
    assert "no file 'x'" in (await command("open", "x")).sentence
    ended = await broken("open", "song.mp3")
    assert ended.code == 7
    assert "xdg-open ended with code 3" in ended.sentence
    nothing = await command.having(PATH=str(tmp_path / "empty"))("open", "song.mp3")
    assert "xdg-open is not installed" in nothing.sentence


async def test_completion_is_installed_for_the_shell(
    command: Command, tmp_path: Path
) -> None:
    """It knows every command."""
    shell = command.having(SHELL="/bin/bash", HOME=str(tmp_path / "home"))
    (tmp_path / "home").mkdir()

    ended = await shell("--install-completion")

    assert ended.code == 0
    scripts = [path for path in (command.folder).rglob("aiomusic") if path.is_file()]
    scripts += [path for path in command.home.rglob("aiomusic") if path.is_file()]
    text = scripts[0].read_text()
    assert all(
        name in text for name in ("doctor", "download", "batch", "--max-credits")
    )


async def test_formats_that_cost_are_told_first_and_bought_once(
    service: QuickService, command: Command
) -> None:
    """With the songs, or later; what is asked for again costs nothing more."""
    suno = ("--provider", "suno", "--format", "wav", "--format", "mp3")

    bought = await command(*PROMPT, "--key", "demo", *suno)
    again = await command("download", "demo", "--format", "wav", "--out", "again")
    poor = await command(*PROMPT, *suno, "--max-credits", "13")
    other = await command(*PROMPT, "--format", "flac")
    linked = await command("download", "https://e.org/x.mp3", "--format", "wav")

    assert (0, 0, 4, 2, 2) == (
        bought.code,
        again.code,
        poor.code,
        other.code,
        linked.code,
    ), bought.err
    assert "--format wav --format mp3 costs up to 4 credits" in bought.err
    assert [".wav", ".mp3"] * 2 == [Path(line).suffix for line in bought.lines]
    assert [".wav"] * 2 == [Path(line).suffix for line in again.lines]
    assert "costs 2 credits, if it was not bought before" in again.err
    assert "each costs 14 credits" in poor.err
    assert "'flac', and riffusion makes mp3" in other.sentence
    assert "a link gives what it gives" in linked.sentence
    assert 14 == service.api.charged
