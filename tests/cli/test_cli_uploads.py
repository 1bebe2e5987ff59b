"""Files of this machine are uploaded by the command, and by rows of a batch."""

import asyncio
import json
import socket
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from running import Command

from aiomusic.emulator import Emulator, Pace

pytestmark = pytest.mark.anyio

HERE = "127.0.0.1"
UPLOAD = ("suno", "upload", "demo.wav", "--poll-every", "0.05")


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    """Yield an API that fetches from this machine, as from a public address."""
    async with Emulator(preview_s=20, pace=Pace.polls(), allow_hosts=[HERE]) as api:
        yield api


def free_port() -> int:
    with socket.create_server((HERE, 0)) as one:
        port: int = one.getsockname()[1]
        return port


def make_wav(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(bytes(range(256)) * round(7 * 8_000 / 128))


@pytest.fixture
def command(api: Emulator, tmp_path: Path) -> Command:
    make_wav(tmp_path / "demo.wav")
    return Command.within(tmp_path).at(api)


def public(command: Command) -> Command:
    """Have a public address, which leads to a port of this machine."""
    where = f"{HERE}:{free_port()}"
    return command.having(
        AIOMUSIC_WEBHOOK_URL=f"http://{where}/hooks", AIOMUSIC_WEBHOOK_LISTEN=where
    )


async def test_a_file_is_uploaded_through_the_public_address(
    api: Emulator, command: Command
) -> None:
    """By the command and a row; its path begins where the batch file is."""
    row = {"key": "up", "operation": "upload", "provider": "suno", "url": "demo.wav"}
    (command.folder / "songs.jsonl").write_text(json.dumps(row))
    ready = public(command)

    typed = await ready(*UPLOAD, "--json")
    batched = await ready("batch", str(command.folder / "songs.jsonl"), "--json")

    assert (0, 0) == (typed.code, batched.code), typed.err + batched.err
    assert "clip_id" in typed.out
    assert 4 == api.charged


async def test_on_the_emulator_no_address_is_needed(command: Command) -> None:
    """Its songs are made here, and so is the address."""
    ended = await command(*UPLOAD, "--local")

    assert 0 == ended.code, ended.err


async def test_without_an_address_it_says_what_to_do(
    api: Emulator, command: Command
) -> None:
    """Before anything is sent; a file that is none is told, too."""
    (command.folder / "songs.csv").write_text("operation,url\nupload,demo.wav\n")

    taken = public(command).having(AIOMUSIC_WEBHOOK_LISTEN="here")
    ended = await asyncio.gather(
        command(*UPLOAD),
        command("batch", "songs.csv"),
        command("suno", "upload", "none.wav"),
        taken(*UPLOAD),
    )

    assert [2] * 4 == [one.code for one in ended]
    typed, batched, missing, nowhere = (one.sentence for one in ended)
    for one in (typed, batched):
        assert "set AIOMUSIC_WEBHOOK_URL to one that leads to this" in one
    assert "does not exist" in missing
    assert "AIOMUSIC_WEBHOOK_LISTEN is here" in nowhere
    assert 0 == api.charged
