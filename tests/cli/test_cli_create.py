"""``aiomusic create``, as a process, against the emulator on a real socket."""

import contextlib
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from running import Command, Ended, Here

from aiomusic.emulator import Emulator, Pace

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

FAST = ("--poll-every", "0.01")
# One clip, of one second.
SHORT = ("--provider", "nuro", "--duration", "1", *FAST)
TABLE = {
    "state": {"state", "request", "cost", "progress"},
    "submitted": {"provider"},
    "playable": {"clip_id", "title", "audio_url", "duration"},
    "saved": {"clip_id", "title", "path", "duration"},
    "failed": {"error", "message", "charged", "retry", "exit_code"},
    "interrupted": {"state", "charged", "message"},
}


@pytest.fixture
def aiomusic(tmp_path: Path) -> Command:
    return Command.within(tmp_path)


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    async with Emulator(preview_s=20, credits=100, pace=Pace.polls()) as api:
        yield api


def events(ended: Ended) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in ended.lines]
    for event in found:
        always = {"event", "job", "task_id", "elapsed_s"}
        assert always | TABLE[event["event"]] == set(event)
    return found


async def test_a_first_song_needs_no_key_and_no_network(aiomusic: Command) -> None:
    """One command leaves two playable files in songs/, and says where."""
    ended = await aiomusic.having(
        HTTP_PROXY="http://127.0.0.1:9", HTTPS_PROXY="http://127.0.0.1:9"
    )("create", "r&b pop song", "--local")

    assert (0, "") == (ended.code, ended.err)
    paths = [aiomusic.folder / line for line in ended.lines]
    assert 2 == len(paths)
    assert all(path.parent == aiomusic.folder / "songs" for path in paths)
    assert all(path.stat().st_size > 50_000 for path in paths)


async def test_json_tells_every_event(aiomusic: Command, api: Emulator) -> None:
    """Each change, clip and file is a line that names its job and task."""
    ended = await aiomusic.at(api)("create", "pop", "--json", *SHORT)

    assert (0, "") == (ended.code, ended.err)
    found = events(ended)
    (task_id,) = api.tasks
    assert {task_id} == {e["task_id"] for e in found if e["event"] != "state"}
    assert 1 == len({event["job"] for event in found})
    assert 1 == sum(event["event"] == "playable" for event in found)
    states = [event["state"] for event in found if event["event"] == "state"]
    assert "succeeded" == states[-1]
    saved = [Path(event["path"]) for event in found if event["event"] == "saved"]
    assert 1 == len(saved)
    assert all((aiomusic.folder / path).is_file() for path in saved)


async def test_words_come_through_a_pipe(aiomusic: Command, api: Emulator) -> None:
    """Lyrics, title and style reach the service as typed, as often as asked."""
    ended = await aiomusic.at(api)(
        *("create", "--provider", "suno", "--lyrics", "-", "--title", "Boote"),
        *("--tags", "indie folk", "--count", "2", *FAST),
        stdin="[Verse]\nÜber den Fluß [[fail]]\n".encode(),
    )

    assert 1 == ended.code
    assert 2 == ended.err.count("Generation failed. Credits have been refunded.")
    bodies = [call.body for call in api.requests if call.method == "POST"]
    assert 2 == len(bodies)
    assert "[Verse]\nÜber den Fluß [[fail]]" == bodies[0]["prompt"]
    assert ("Boote", "indie folk") == (bodies[0]["title"], bodies[0]["tags"])


async def test_a_prompt_that_is_too_long_is_not_sent(
    aiomusic: Command, api: Emulator
) -> None:
    """10,000 characters are refused with the field and its rule, and no folder."""
    ended = await aiomusic.at(api)("create", "x" * 10_000)

    assert 2 == ended.code
    assert ended.sentence == (
        "riffusion.create: prompt has 10,000 characters; at most 3,000 are taken."
        " Nothing was sent."
    )
    assert 0 == api.submissions
    assert [] == list(aiomusic.folder.iterdir())


async def test_no_key_is_one_sentence(aiomusic: Command) -> None:
    """Without a key the command says how to set one, and how to do without."""
    ended = await aiomusic("create", "pop", "--json")

    assert 3 == ended.code
    assert "set AIOMUSIC_API_KEY" in ended.sentence
    assert "--local" in ended.sentence
    (failed,) = events(ended)
    assert ("AuthenticationFailed", 3) == (failed["error"], failed["exit_code"])
    assert [] == list(aiomusic.folder.iterdir())


async def test_a_wrong_key_is_one_sentence(aiomusic: Command, api: Emulator) -> None:
    """A key that is not accepted ends it at once, is not shown, and costs nothing."""
    command = aiomusic.at(api).having(AIOMUSIC_API_KEY="wrong-key-1234")

    ended = await command("create", "pop", "--count", "3")

    assert 3 == ended.code
    assert "401" in ended.sentence
    assert "Check the API key. Nothing was charged." in ended.sentence
    assert 0 == api.charged


@pytest.mark.parametrize(
    ("scheme", "words"),
    [
        pytest.param("http", ("credits",), id="refused"),
        # What can't succeed is not tried again, and so is quick.
        pytest.param("https", ("create", "pop"), id="no TLS"),
    ],
)
async def test_an_unreachable_host_is_one_sentence(
    aiomusic: Command, api: Emulator, scheme: str, words: tuple[str, ...]
) -> None:
    """It says that nothing was sent, and what to check."""
    command = aiomusic.at(api).having(AIOMUSIC_BASE_URL=api.url.replace("http", scheme))

    async with contextlib.AsyncExitStack() as stack:
        if scheme == "http":
            await stack.enter_async_context(api.refusing())
        ended = await command(*words)

    assert 5 == ended.code
    assert f"{api.url[7:]} could not be reached" in ended.sentence
    assert "Nothing was charged. Check the network" in ended.sentence


async def test_an_address_that_is_none_is_one_sentence(aiomusic: Command) -> None:
    """A base URL without a scheme is refused, and not shown."""
    command = aiomusic.having(
        AIOMUSIC_BASE_URL="user:secret@host", AIOMUSIC_API_KEY="some-key-1234"
    )

    ended = await command("create", "pop")

    assert 2 == ended.code
    assert "AIOMUSIC_BASE_URL must be an http:// or https://" in ended.sentence
    assert "secret" not in ended.err


async def test_a_folder_that_can_not_be_written_costs_nothing(
    aiomusic: Command, api: Emulator
) -> None:
    """The folder is tried before anything is bought."""
    (aiomusic.folder / "file").touch()

    ended = await aiomusic.at(api)("create", "pop", "--out", "file/songs")

    assert 7 == ended.code
    assert "Nothing can be saved in file/songs: Not a directory." in ended.sentence
    assert "Nothing was sent." in ended.sentence
    assert 0 == api.submissions


async def test_a_full_disk_leaves_nothing_half_written(
    aiomusic: Command, api: Emulator
) -> None:
    """A song that does not fit is told of, with its task, and is no broken file."""
    ended = await aiomusic.at(api)(
        *("create", "pop", "--no-journal", *SHORT),
        prefix=("sh", "-c", 'ulimit -f 8; exec "$@"', "sh"),
    )

    assert 7 == ended.code
    assert "" == ended.out
    (task_id,) = api.tasks
    assert task_id in ended.err
    left = [path.name for path in (aiomusic.folder / "songs").iterdir()]
    # A part is what a later download goes on with.
    assert [] == [name for name in left if ".part" not in name]
    assert not aiomusic.home.exists()


async def test_refused_content_is_one_sentence(
    aiomusic: Command, api: Emulator
) -> None:
    """The service's own words are shown, and that the credits are back."""
    ended = await aiomusic.at(api)("create", "[[copyright]]", *FAST)

    assert 1 == ended.code
    assert "The lyrics contain copyrighted content" in ended.sentence
    assert 0 == api.charged


async def test_a_clip_that_failed_is_no_secret(
    aiomusic: Command, api: Emulator
) -> None:
    """The clips that were made are saved, and the one that was not is told of."""
    ended = await aiomusic.at(api)(
        *("create", "[[fail-one]]", "--json", "--poll-every", "0.01")
    )

    assert 0 == ended.code
    assert "1 of 2 clips failed at the service: Generation failed." in ended.sentence
    assert 1 == sum(event["event"] == "saved" for event in events(ended))


async def test_a_budget_is_kept(aiomusic: Command, api: Emulator) -> None:
    """What --max-credits does not cover is not sent; what it covers is saved."""
    ended = await aiomusic.at(api)(
        *("create", "pop", "--count", "2", "--max-credits", "10", *SHORT)
    )

    assert 4 == ended.code
    assert 1 == len(ended.lines)
    assert "--max-credits 10 covers 1" in ended.sentence
    assert 10 == api.charged


async def test_a_lost_answer_is_unknown(aiomusic: Command, api: Emulator) -> None:
    """A create that may be paid for is not sent again, and has its own code."""
    api.fault("drop_after_body", "create")

    ended = await aiomusic.at(api)("create", "pop", "--json", *FAST)

    assert 6 == ended.code
    assert 1 == api.submissions
    assert "It may have been charged" in ended.sentence
    failed = events(ended)[-1]
    assert ("failed", "unknown", 6) == (
        failed["event"],
        failed["charged"],
        failed["exit_code"],
    )


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGINT, 130, id="Ctrl-C"),
        pytest.param(signal.SIGTERM, 143, id="SIGTERM"),
    ],
)
async def test_an_interrupt_names_what_lives_on(
    aiomusic: Command, number: int, code: int
) -> None:
    """A task that is paid for is named on the way out."""
    async with Emulator(
        preview_s=20, pace=Pace.polls(running=1_000_000), media=False
    ) as api:
        process = await aiomusic.at(api).start("create", "pop", "--json", *FAST)
        assert process.stdout is not None
        while b'"running"' not in await process.stdout.readline():
            pass
        process.send_signal(number)
        out, err = await process.communicate()
        (task_id,) = api.tasks

    assert code == process.returncode
    assert err.decode() == (
        f"aiomusic: interrupted: riffusion task {task_id} lives on at the service and"
        " is paid for: 'aiomusic jobs resume' goes on with it.\n"
    )
    last = json.loads(out.splitlines()[-1])
    assert ("interrupted", task_id) == (last["event"], last["task_id"])
    assert [] == list(aiomusic.folder.iterdir())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(("calm", "piano"), "put the prompt in quotes", id="no quotes"),
        pytest.param(("x", "--provder", "suno"), "Did you mean", id="misspelt"),
        pytest.param(("x", "--count", "0"), "Must be >= 1", id="out of range"),
        pytest.param(("x", "--seed", "1"), "--seed goes with --local", id="seed"),
    ],
)
def test_wrong_words_are_one_sentence(
    aiomusic: Command,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    expected: str,
) -> None:
    """Bad usage ends with 2 and a hint."""
    ended = Here(aiomusic, monkeypatch, capsys)("create", *words)

    assert (2, "") == (ended.code, ended.out)
    assert expected in ended.sentence
