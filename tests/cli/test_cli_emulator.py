"""``aiomusic emulator``, ``aiomusic credits``, and what surrounds the commands."""

import asyncio
import json
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from running import Command

from aiomusic.emulator import Emulator, Pace

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

EXPORTS = re.compile(
    r"export AIOMUSIC_BASE_URL=(http://127\.0\.0\.1:\d+)\n"
    r"export AIOMUSIC_API_KEY=(\S+)\n"
)


@pytest.fixture
def aiomusic(tmp_path: Path) -> Command:
    return Command.within(tmp_path)


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    async with Emulator(preview_s=20, credits=100, pace=Pace.polls()) as api:
        yield api


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGINT, 130, id="Ctrl-C"),
        pytest.param(signal.SIGTERM, 143, id="SIGTERM"),
    ],
)
async def test_its_exports_point_a_client_at_it(
    aiomusic: Command, number: int, code: int
) -> None:
    """It prints two lines and closes the pipe, serves, and ends without a word."""
    process = await aiomusic.start("emulator", "--credits", "70")
    assert process.stdout is not None
    printed = await process.stdout.read()
    found = EXPORTS.fullmatch(printed.decode())
    assert found
    url, key = found.groups()

    ended = await aiomusic.having(AIOMUSIC_BASE_URL=url, AIOMUSIC_API_KEY=key)(
        "credits"
    )
    process.send_signal(number)
    _, err = await process.communicate()

    assert (0, "70\n", "") == (ended.code, ended.out, ended.err)
    assert (code, b"") == (process.returncode, err)


async def test_it_is_as_strict_as_it_is_told(aiomusic: Command) -> None:
    """A full queue, refused words and unknown clips are refused as by the service."""
    strict = ("--max-in-flight", "1", "--strict-ids", "--refuse-word", "rain=artist")
    process = await aiomusic.start("emulator", "--pace", "9000", *strict)
    assert process.stdout is not None
    found = EXPORTS.fullmatch((await process.stdout.read()).decode())
    assert found
    url, key = found.groups()
    here = aiomusic.having(AIOMUSIC_BASE_URL=url, AIOMUSIC_API_KEY=key)

    unknown = await here("suno", "wav", "a533515b-56c9-4eb2-8cb8-7f3dfa165eb8")
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(url, headers=headers) as http:
        song = {"mv": "chirp-v4", "custom_mode": False, "gpt_description_prompt": "sun"}
        answers = [
            await http.post("/api/v1/suno/create", json=song),
            await http.post("/api/v1/suno/create", json=song),
            await http.post("/api/v1/suno/lyrics", json={"description": "rain"}),
        ]
        texts = [await answer.text() for answer in answers]
    process.terminate()
    await process.communicate()

    assert "there is no such clip" in unknown.err
    assert [200, 403, 403] == [answer.status for answer in answers]
    assert "Queue is full" in texts[1]
    assert "contains artist names: 'rain'" in texts[2]


async def test_a_word_of_no_known_refusal_is_one_sentence(aiomusic: Command) -> None:
    """It names those that there are."""
    ended = await aiomusic("emulator", "--refuse-word", "rain=artists")

    assert (2, "") == (ended.code, ended.out)
    assert "'rain' is 'artists'; it is one of lyrics_format" in ended.sentence


async def test_a_shell_can_evaluate_it(aiomusic: Command) -> None:
    """``eval "$(aiomusic emulator &)"`` returns, and the emulator goes on."""
    script = (
        'eval "$("$0" -m aiomusic emulator --credits 70 & echo pid=$!)"\n'
        '"$0" -m aiomusic credits --json\n'
        "kill $pid\n"
    )

    shell = await asyncio.create_subprocess_exec(
        *("sh", "-c", script, sys.executable),
        stdout=asyncio.subprocess.PIPE,
        cwd=aiomusic.folder,
        env=aiomusic.env,
    )
    out, _ = await shell.communicate()

    assert {
        "event": "credits",
        "credits": 70,
        "extra_credits": 0,
        "total": 70,
    } == json.loads(out)


async def test_a_port_in_use_is_one_sentence(aiomusic: Command) -> None:
    """It names the port and the way out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = await aiomusic("emulator", "--port", str(port))

    assert (2, "") == (ended.code, ended.out)
    assert f"port {port} of 127.0.0.1: it is in use; choose another" in ended.sentence


async def test_the_balance_that_can_not_be_had_is_one_sentence(
    aiomusic: Command, api: Emulator
) -> None:
    """A wrong key ends it with its own code."""
    command = aiomusic.at(api).having(AIOMUSIC_API_KEY="wrong-key-1234")

    ended = await command("credits")

    assert (3, "") == (ended.code, ended.out)
    assert "Check the API key." in ended.sentence


async def test_help_loads_nothing_heavy(aiomusic: Command) -> None:
    """What only the work needs is not imported to show the help."""
    script = (
        "import sys; sys.argv = ['aiomusic', 'create', '--help']\n"
        "from aiomusic.cli import main; main()\n"
        "heavy = {'aiohttp', 'asyncio', 'cattrs', 'numpy', 'aiomusic._session'}\n"
        "sys.exit(str(heavy & set(sys.modules) or ''))"
    )

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", script),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=aiomusic.env,
    )
    out, err = await process.communicate()

    assert b"\n" == err
    for text in (b"Exit codes:", b"Examples:", b"--lyrics", b"--max-credits"):
        assert text in out


async def test_help_is_as_wide_as_the_window(aiomusic: Command) -> None:
    """Paragraphs are broken where they must be, and examples stay as they are."""
    ended = await aiomusic.having(COLUMNS="50")("gallery", "--help")

    assert max(map(len, ended.lines)) <= 75  # the exit codes
    prose = [line for line in ended.lines if line.startswith(("The page", "beside"))]
    assert "The page stands in the folder, beside its audio," in prose[0]
    assert "  aiomusic gallery album/ --open" in ended.lines


async def test_the_extra_is_named_when_it_is_missing(aiomusic: Command) -> None:
    """Without its packages the command says how to install them."""
    # -S: no site-packages at all.
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-S", "-m", "aiomusic", "create", "pop", "--local"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=aiomusic.env,
    )
    out, err = await process.communicate()

    assert (2, b"") == (process.returncode, out)
    assert err == (
        b"aiomusic: the command needs cyclopts, which is not installed:"
        b" pip install 'aiomusic[cli]'\n"
    )


async def test_the_version_is_one_word(aiomusic: Command) -> None:
    """A script can compare it."""
    ended = await aiomusic("--version")

    assert 0 == ended.code
    assert re.fullmatch(r"\d+\.\d+\.\S+\n", ended.out)
