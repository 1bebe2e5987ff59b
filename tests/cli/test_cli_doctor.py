"""``aiomusic doctor``: each fault is named, with what to do, and no secret is shown."""

import json
import os
import time
from collections.abc import AsyncIterator
from email.utils import formatdate
from pathlib import Path

import pytest
from aiohttp import web
from running import Command

from aiomusic.emulator import Emulator
from aiomusic.journal.sqlite import SqliteJournal

pytestmark = pytest.mark.anyio


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    async with Emulator(media=False) as api:
        yield api


async def checked(command: Command, *words: str) -> tuple[int | None, dict[str, str]]:
    """Return the code, and the first line that is not well of each check, or "ok"."""
    ended = await command("doctor", "--json", *words)
    assert "Traceback" not in ended.err
    found: dict[str, str] = {}
    for line in map(json.loads, ended.lines):
        is_well = line["state"] == "ok"
        said = f"{line['state']}: {line['seen']} {line['advice']}"
        if found.get(line["name"], "ok") == "ok":
            found[line["name"]] = "ok" if is_well else said
    return ended.code, found


async def test_all_is_well_at_a_service_that_answers(
    api: Emulator, tmp_path: Path
) -> None:
    """The code is 0, the balance is told, and nothing was bought or written."""
    command = Command.within(tmp_path).at(api)

    ended = await command("doctor")

    assert ended.code == 0
    assert "ok    key: The service accepts it; the balance is 1,000 credits." in (
        ended.lines
    )
    assert not [line for line in ended.lines if line.startswith("wrong")]
    assert api.submissions == 0
    assert list(tmp_path.iterdir()) == []


async def test_a_key_that_is_not_accepted_is_named(
    api: Emulator, tmp_path: Path
) -> None:
    """Without showing it."""
    command = Command.within(tmp_path).at(api)

    code, found = await checked(command.having(AIOMUSIC_API_KEY="sk-wrong-key-0123"))

    assert code == 1
    assert found["key"].startswith("wrong: The service does not accept the key")
    assert found["network"] == "ok"


async def test_a_machine_without_key_and_network_is_told_both(tmp_path: Path) -> None:
    """And what can be done without them."""
    nowhere = Command.within(tmp_path).having(AIOMUSIC_BASE_URL="http://127.0.0.1:9")

    code, found = await checked(nowhere)

    assert code == 1
    assert found["network"].startswith("wrong: 127.0.0.1 was not reached")
    assert "AIOMUSIC_BASE_URL" in found["network"]
    assert found["key"].startswith("wrong: AIOMUSIC_API_KEY is not set")


async def test_a_key_that_is_not_set_is_told(api: Emulator, tmp_path: Path) -> None:
    """With the variable's name, and the way without one."""
    command = Command.within(tmp_path).having(AIOMUSIC_BASE_URL=api.url)

    code, found = await checked(command)

    assert code == 1
    assert "AIOMUSIC_API_KEY is not set" in found["key"]
    assert "--local" in found["key"]


async def test_an_address_that_is_none_is_told(tmp_path: Path) -> None:
    """The rest is checked all the same."""
    command = Command.within(tmp_path).having(AIOMUSIC_BASE_URL="ftp://x")

    code, found = await checked(command)

    assert code == 1
    assert "AIOMUSIC_BASE_URL" in found["address"]
    assert found["folder"] == "ok"


@pytest.mark.parametrize(
    ("late_s", "words"),
    [(3_600, "3,6"), (-7_200, "behind"), (2, "ok")],
    ids=["ahead", "behind", "well"],
)
async def test_a_clock_that_is_off_is_found_by_the_date_of_a_reply(
    tmp_path: Path, late_s: float, words: str
) -> None:
    """By as many seconds, and to which side."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(headers={"Date": formatdate(time.time() - late_s)})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = "http://{}:{}".format(*runner.addresses[0][:2])
    command = Command.within(tmp_path).having(AIOMUSIC_BASE_URL=url)

    code, found = await checked(command)

    await runner.cleanup()
    assert words in found["clock"]
    assert code == 1


async def test_a_proxy_is_named_without_its_password(tmp_path: Path) -> None:
    """One that is used, and one that can't be."""
    command = Command.within(tmp_path).having(AIOMUSIC_BASE_URL="http://api.invalid")
    used = await command.having(http_proxy="http://me:hunter2@127.0.0.1:9")("doctor")
    socks = await command.having(all_proxy="socks5://me:hunter2@127.0.0.1:9")("doctor")

    assert "127.0.0.1:9 is used on the way to api.invalid" in used.out
    assert "wrong network: api.invalid was not reached" in used.out
    assert "127.0.0.1:9, which is no HTTP proxy" in socks.out
    assert "hunter2" not in used.out + used.err + socks.out + socks.err


async def test_a_folder_and_a_journal_that_cannot_be_used_are_told(
    api: Emulator, tmp_path: Path
) -> None:
    """Each with the option that chooses another."""
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "jobs.db").write_bytes(b"no journal" * 1_000)
    command = Command.within(tmp_path).at(api)

    code, found = await checked(command, "--out", "file/x", "--journal", "jobs.db")

    assert code == 1
    assert "--out" in found["folder"]
    assert "--journal" in found["journal"]


async def test_a_journal_that_is_sound_is_told(api: Emulator, tmp_path: Path) -> None:
    """With how much room there is beside it."""
    journal = SqliteJournal(tmp_path / "jobs.db")
    await journal.open(None)
    await journal.aclose()

    code, found = await checked(
        Command.within(tmp_path).at(api), "--journal", "jobs.db"
    )

    assert (code, found["journal"]) == (0, "ok")


async def test_an_extra_that_is_missing_is_no_fault(
    api: Emulator, tmp_path: Path
) -> None:
    """It says what it would be for, and how to install it."""
    (tmp_path / "mutagen.py").write_text("raise ImportError")
    hidden = tmp_path / "sitecustomize.py"
    hidden.write_text(
        "import importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda n, *a: None if n == 'mutagen' else find(n, *a)\n"
    )
    command = Command.within(tmp_path).at(api)
    path = os.pathsep.join([str(tmp_path), command.env["PYTHONPATH"]])

    code, found = await checked(command.having(PYTHONPATH=path))

    assert code == 0
    assert "pip install 'aiomusic[tags]'" in found["extras"]
