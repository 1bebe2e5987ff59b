"""``aiomusic batch``: priced, run, killed, run again, and stopped by Ctrl-C."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import certificates
import pytest
from quick_service import QuickService
from running import Command, Here

from aiomusic._files.credentials import has_credentials
from aiomusic.emulator import Emulator, Pace

pytestmark = pytest.mark.anyio

SONGS = """\
key,provider,operation,description,clip,at,lyrics,album
song,suno,create,paper boats,,,,blue
more,suno,extend,,@song[1],10,[Verse] on we go,blue
,suno,create,lamp light,,,,red
bad,suno,create,,,,,
"""


@pytest.fixture
async def service() -> AsyncIterator[QuickService]:
    async with QuickService(pace=0.2) as service:
        yield service


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    path = tmp_path / "songs.csv"
    path.write_text(SONGS)
    return path


def manifest(album: Path) -> dict[str, dict[str, object]]:
    lines = (album / "manifest.jsonl").read_text().splitlines()
    return {str(json.loads(line)["key"]): json.loads(line) for line in lines}


async def test_a_dry_run_prices_and_checks_and_sends_nothing(
    service: QuickService, songs: Path, tmp_path: Path
) -> None:
    """By operation, beside the balance; a bad row is named and ends with code 2."""
    command = Command.within(tmp_path).at(service.api)

    ended = await command("batch", str(songs), "--dry-run")

    assert ended.code == 2
    assert "songs.csv, line 5" in ended.err
    figures = {line.split()[0]: line.split()[1:] for line in ended.lines}
    assert figures["suno.create"] == ["2", "rows", "20", "credits"]
    assert figures["all"] == ["3", "rows", "30", "credits"]
    assert figures["balance"] == ["100,000", "credits"]
    assert service.api.submissions == 0


async def test_a_batch_is_stored_and_a_second_run_buys_nothing(
    service: QuickService, songs: Path, tmp_path: Path
) -> None:
    """Paths on standard output, one line each for what is wrong, a sum at the end."""
    command = Command.within(tmp_path).at(service.api)
    words = ("batch", str(songs), "--out", "album", "--poll-every", "0.05")

    first = await command(*words)
    again = await command(*words)
    priced = await command(*words, "--dry-run")
    # Another account has bought nothing yet, whatever the journal holds.
    stranger = command.having(AIOMUSIC_API_KEY="sk-of-another-account")
    other = await stranger(*words, "--dry-run")

    assert (first.code, again.code) == (2, 2)
    assert sorted(first.lines) == sorted(again.lines)
    assert len(first.lines) == 6
    assert all(Path(line).is_file() for line in first.lines)
    assert "4 of 4 rows: 3 succeeded, 1 refused; 30 credits" in first.err
    assert "; 0 credits; 6 files" in again.err
    assert "bought already" in priced.out
    assert "bought already" not in other.out
    assert service.api.charged == 30


async def test_files_are_signed_with_a_certificate_that_is_named(
    service: QuickService, songs: Path, tmp_path: Path
) -> None:
    """The manifest says which; half of what signing needs buys nothing."""
    certificate, key = certificates.stored(tmp_path)
    command = Command.within(tmp_path).at(service.api)
    words = ("batch", str(songs), "--out", "album", "--poll-every", "0.05")

    half = await command(*words, "--sign-cert", str(certificate))
    unbought = service.api.submissions
    await command(*words, "--sign-cert", str(certificate), "--sign-key", str(key))

    assert half.code == 2
    assert "--sign-key go together" in half.sentence
    assert unbought == 0
    clips = manifest(tmp_path / "album")["song"]["clips"]
    assert isinstance(clips, list)
    assert [True, True] == [clip["credentials"] for clip in clips]
    assert all(has_credentials(path) for path in (tmp_path / "album").glob("*.mp3"))


async def test_strict_buys_nothing_beside_a_bad_row(
    service: QuickService, songs: Path, tmp_path: Path
) -> None:
    """The row is named all the same."""
    command = Command.within(tmp_path).at(service.api)

    ended = await command("batch", str(songs), "--strict")

    assert ended.code == 2
    assert "line 5" in ended.err
    assert service.api.submissions == 0


async def test_json_gives_an_event_a_line(
    service: QuickService, songs: Path, tmp_path: Path
) -> None:
    """What the manifest says, and a summary."""
    command = Command.within(tmp_path).at(service.api)

    ended = await command("batch", str(songs), "--json", "--poll-every", "0.05")

    *rows, summary = map(json.loads, ended.lines)
    assert {row["key"] for row in rows} >= {"song", "more", "bad"}
    assert summary["event"] == "summary"
    assert summary["states"] == {"succeeded": 3, "refused": 1}


async def test_a_batch_that_is_killed_is_ended_by_the_next_run(
    service: QuickService, tmp_path: Path
) -> None:
    """SIGKILL in the middle: each row is bought once, and all files are whole."""
    path = tmp_path / "many.jsonl"
    rows = [{"key": f"song-{n}", "prompt": f"song {n}"} for n in range(16)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    command = Command.within(tmp_path).at(service.api)
    words = ("batch", str(path), "--out", "album", "--poll-every", "0.05")
    process = await command.start(*words)
    album = tmp_path / "album"
    async with asyncio.timeout(90):
        while len(list(album.glob("*.mp3"))) < 6:
            await asyncio.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    await process.communicate()

    ended = await command(*words)

    assert ended.code == 0, ended.err
    assert service.api.charged == 160
    assert service.api.submissions == 16
    lines = manifest(album)
    assert len(lines) == 16
    assert {line["state"] for line in lines.values()} == {"succeeded"}
    assert len(list(album.glob("*.mp3"))) == 32


async def test_ctrl_c_ends_the_buying_and_a_run_again_goes_on(
    service: QuickService, tmp_path: Path
) -> None:
    """Once: what is in flight is stored; the rest waits for the same line."""
    path = tmp_path / "many.jsonl"
    rows = [{"key": f"song-{n}", "prompt": f"song {n}"} for n in range(24)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    command = Command.within(tmp_path).at(service.api)
    words = ("batch", str(path), "--out", "album", "--poll-every", "0.05")
    process = await command.start(*words, "--concurrency", "4")
    album = tmp_path / "album"
    async with asyncio.timeout(90):
        while not list(album.glob("*.mp3")):
            await asyncio.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()

    assert process.returncode == 130, errors
    assert b"Nothing more is bought" in errors
    assert b"run the same line again" in errors
    # The rows whose turn never came are counted, and not told one by one.
    assert b"song-23" not in errors
    bought = service.api.submissions
    assert 0 < bought < 24
    assert 2 * bought == len(list(album.glob("*.mp3")))

    ended = await command(*words)

    assert ended.code == 0, ended.err
    assert service.api.charged == 240


async def test_a_lost_answer_is_told_with_what_can_be_done(
    service: QuickService, tmp_path: Path
) -> None:
    """As commands on the terminal, and in the manifest for programs."""
    (tmp_path / "one.csv").write_text("key,provider,description\na,suno,rain\n")
    service.api.fault("drop_after_body", on="create")
    command = Command.within(tmp_path).at(service.api)

    ended = await command("batch", "one.csv", "--out", "album")

    assert 6 == ended.code
    assert "'aiomusic jobs resubmit a' buys it again." in ended.err
    error = manifest(tmp_path / "album")["a"]["error"]
    assert isinstance(error, dict)
    assert ["check account", "name task", "buy again", "close"] == error["next_steps"]


@pytest.fixture
def here(
    songs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Here:
    return Here(Command.within(songs.parent), monkeypatch, capsys)


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (("--name", "{nosuch}"), 2, "there is no {nosuch}"),
        (("--kept", "nosuch.json"), 2, "--kept nosuch.json: there is no such file"),
        (("--kept", "songs.csv"), 7, "songs.csv is no kept.json"),
        (("--sign-cert", "some.pem"), 2, "--sign-key go together"),
        (("--wait",), 2, "--wait goes with --engine"),
        (("--queue", "postgresql://host/music"), 2, "--queue goes with --engine"),
        (("--out", "songs.csv"), 7, "Nothing can be saved in songs.csv"),
    ],
    ids=["name", "no choice", "choice", "signing", "wait", "queue", "folder"],
)
def test_a_dry_run_refuses_what_a_run_would(
    here: Here, words: tuple[str, ...], code: int, expected: str
) -> None:
    """Names, choices, signing, the folder, and options that belong together."""
    ended = here("batch", "songs.csv", "--local", "--dry-run", *words)

    assert code == ended.code
    assert expected in ended.err
    assert ended.err.endswith("Nothing was sent.\n")


async def test_rows_beyond_the_ceiling_are_told_of_once(tmp_path: Path) -> None:
    """In the command's own words: what this run may spend, and which rows are left."""
    rows = [{"key": f"s{n}", "prompt": f"song {n}"} for n in range(12)]
    text = "".join(f"{json.dumps(row)}\n" for row in rows)
    (tmp_path / "many.jsonl").write_text(text)
    async with Emulator(media=False, pace=Pace.polls()) as api:
        command = Command.within(tmp_path).at(api)
        ended = await command("batch", "many.jsonl", "--max-credits", "0")

    assert 4 == ended.code
    first, same, summary, left = ended.err.splitlines()
    assert "--max-credits 0 does not cover" in first
    assert "Nothing was sent or charged." in first
    assert same.startswith("aiomusic: s1, s2, ")
    assert same.endswith(": as s0.")
    assert " failed" in summary
    assert "run the same line again" in left
