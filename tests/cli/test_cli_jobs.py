"""
``aiomusic jobs``, as processes, against the emulator on a real socket.

What needs no service, and so no process of its own, is run in this one.
"""

import asyncio
import contextlib
import json
import re
import shutil
import signal
import sqlite3
import stat
import sys
import time
from collections.abc import AsyncIterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import pytest
from running import Command, Ended, Here
from terminal import Terminal

from aiomusic import MusicSession, nuro
from aiomusic._codec import fingerprint
from aiomusic.cli._create import journal_path_of
from aiomusic.cli._options import Delivery
from aiomusic.emulator import Emulator, Pace
from aiomusic.journal import Ending, Entry, Event, Identity, Limits, Record
from aiomusic.journal.sqlite import SqliteJournal

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

FAST = ("--poll-every", "0.01")
# One clip, of one second.
SHORT = ("--provider", "nuro", "--duration", "1", *FAST)
FIELDS = {
    "event",
    "key",
    "state",
    "is_open",
    "account",
    "is_other_account",
    "kind",
    "provider",
    "task_id",
    "cost",
    "charged",
    "attempt",
    "made_at",
    "sent_at",
    "accepted_at",
    "ended_at",
    "balance_before",
    "balance_after",
    "title",
    "request",
    "tags",
    "error",
    "archive",
    "clip_count",
    "files",
}
WHOLE = FIELDS | {"clips", "result"}
DAY_S = 86_400
HAPPENED = {
    "succeeded": Event.SUCCEEDED,
    "failed": Event.FAILED,
    "unknown": Event.LOST,
}


@pytest.fixture
def aiomusic(tmp_path: Path) -> Command:
    return Command.within(tmp_path)


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    async with Emulator(preview_s=20, credits=100, pace=Pace.polls()) as api:
        yield api


def jobs(ended: Ended, fields: AbstractSet[str] = FIELDS) -> list[dict[str, Any]]:
    assert (0, "") == (ended.code, ended.err)
    found = [json.loads(line) for line in ended.lines]
    assert all(fields == set(one) for one in found)
    return found


async def kept(command: Command) -> list[Record]:
    """Read the usual journal."""
    journal = SqliteJournal(command.home / "aiomusic" / "jobs.db")
    await journal.open()
    try:
        return await journal.records()
    finally:
        await journal.aclose()


def intent(key: str, then: float, balance: int | None = None) -> Entry:
    request = nuro.CreateInstrumental(f"song of\t{key}", duration=5)
    return Entry(
        key=key,
        kind=request.kind(),
        provider="nuro",
        request=request.to_json(),
        fingerprint=fingerprint(request),
        cost=10,
        metadata={"album": "blue" if key == "done" else "red"},
        made_at=then,
        now=then,
        balance=balance,
    )


async def fill(path: Path) -> None:
    """Write a journal with a job in each state, a day apart, without a service."""
    ends = {
        "done": ("succeeded", "yes", None),
        "lost": ("unknown", "unknown", {"type": "SubmissionUnknown"}),
        "bad": ("failed", "refunded", {"type": "JobFailed"}),
    }
    journal = SqliteJournal(path)
    await journal.open()
    now = time.time()
    for at, key in enumerate([*ends, "open"]):
        entry = intent(key, now - (3 - at) * DAY_S, balance=100 - at)
        await journal.admit([entry], Limits(concurrency=10))
        if key != "lost":
            await journal.accept(key, 1, f"task-{key}", entry.now)
    for key, (state, charged, error) in ends.items():
        told = {"message": f"It is {state}.", "charged": charged, "retry": "never"}
        ending = Ending(
            event=HAPPENED[state],
            charged=charged,
            now=now,
            error=None if error is None else {**error, **told},
            balance=90,
        )
        journal.end(key, 1, ending)
    await journal.aclose()


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("journal") / "songs.db"
    asyncio.run(fill(path))
    return path


@pytest.fixture
def filled(aiomusic: Command, full: Path) -> Command:
    """A command with a full journal, no key, and no way to a network."""
    path = shutil.copy(full, aiomusic.folder)
    return aiomusic.having(
        AIOMUSIC_JOURNAL=str(path), AIOMUSIC_BASE_URL="http://127.0.0.1:9"
    )


@pytest.fixture
def here(
    filled: Command,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Here:
    """The command in this process, with a full journal."""
    return Here(filled, monkeypatch, capsys)


EVIL = "e\x1b[2J\x1b]0;x\x07\nERROR forged\r\u202e"
PLANTED = {
    **dict.fromkeys(("kind", "provider", "owner", "task_id", "charged", "state"), EVIL),
    "metadata": json.dumps({"album": EVIL, EVIL: "x"}),
    "request": json.dumps({"kind": "suno.create", "description": EVIL}),
    "error": json.dumps(
        {"type": "JobFailed", "message": EVIL, "charged": "yes", "retry": "never"}
    ),
    "clips": json.dumps([{"clip_id": EVIL, "title": EVIL, "audio_url": EVIL}]),
    "files": json.dumps([f"/songs/{EVIL}"]),
}


@pytest.mark.parametrize(("column", "value"), PLANTED.items(), ids=PLANTED.keys())
def test_nothing_of_a_row_is_obeyed_by_a_terminal(
    here: Here, column: str, value: str
) -> None:
    """Whatever wrote it: escapes and line ends are written out."""
    with contextlib.closing(sqlite3.connect(here.folder / "songs.db")) as db, db:
        db.execute(f"UPDATE jobs SET {column} = ?", (value,))

    for words in (
        *(("list",), ("list", "--json"), ("show", "done"), ("show", "lost")),
        *(("spending",), ("spending", "--tag", "album"), ("show", EVIL)),
    ):
        ended = here("jobs", *words)
        shown = ended.out + ended.err
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", shown)
        assert [] == [one for one in shown.splitlines() if one.startswith("ERROR")]


@pytest.fixture
def new(
    aiomusic: Command,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Here:
    """The command in this process, as it is the first time."""
    return Here(aiomusic, monkeypatch, capsys)


async def test_a_run_with_the_same_key_buys_nothing(
    aiomusic: Command, api: Emulator
) -> None:
    """The second run has the files of the first; another request is refused.

    The usual journal keeps it: its owner's only, and without the API key.
    """
    words = ("create", "pop", "--key", "k", "--tag", "album=blue", "--tag", "n=1=2")
    command = aiomusic.at(api)

    first = await command(*words, *SHORT)
    again, other = await asyncio.gather(
        command(*words, *SHORT), command("create", "rock", "--key", "k", *SHORT)
    )
    (job,) = await kept(aiomusic)

    assert (0, "") == (first.code, first.err)
    assert first == again
    assert 10 == api.charged
    assert 2 == other.code
    assert "description was 'pop' and is 'rock'" in other.sentence
    assert ("k", "succeeded", "yes") == (job.key, job.state, job.charged)
    assert {"album": "blue", "n": "1=2"} == job.metadata
    assert [str(aiomusic.folder / first.lines[0])] == job.files
    assert list(api.tasks) == [job.task_id]
    folder = aiomusic.home / "aiomusic"
    assert ["jobs.db"] == [path.name for path in folder.iterdir()]
    assert 0o700 == stat.S_IMODE(folder.stat().st_mode)
    assert 0o600 == stat.S_IMODE((folder / "jobs.db").stat().st_mode)
    assert api.key.encode() not in (folder / "jobs.db").read_bytes()


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        pytest.param({"no_journal": True}, None, id="switched off"),
        pytest.param({"local": True}, None, id="local"),
        pytest.param({"local": True, "journal": "a.db"}, "a.db", id="local, named"),
        pytest.param({}, "env.db", id="by the environment"),
        pytest.param({"journal": "a.db"}, "a.db", id="by the option"),
    ],
)
def test_what_keeps_a_journal(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], kept: str | None
) -> None:
    """The option counts before the environment, and --local keeps none by itself."""
    monkeypatch.setenv("AIOMUSIC_JOURNAL", "env.db")

    place = journal_path_of(Delivery(**options))

    assert kept == (None if place is None else str(place.where))


async def test_the_limit_is_for_one_run_unless_the_journal_is_named(
    aiomusic: Command, api: Emulator, full: Path
) -> None:
    """The usual journal holds all that was ever bought, which is no run's limit."""
    path = aiomusic.home / "aiomusic" / "jobs.db"
    path.parent.mkdir(parents=True)
    shutil.copy(full, path)
    words = ("create", "pop", "--max-credits", "10", *SHORT)

    usual, named = await asyncio.gather(
        aiomusic.at(api)(*words), aiomusic.at(api)(*words, "--journal", str(path))
    )

    assert (0, 4) == (usual.code, named.code)
    assert "of max_credits=10 are spent" in named.sentence
    assert 10 == api.charged


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("list",), id="list"),
        pytest.param(("list", "--json"), id="list as JSON"),
        pytest.param(("resume",), id="resume"),
    ],
)
def test_no_jobs_yet_is_no_error(new: Here, words: tuple[str, ...]) -> None:
    """Where there is no journal, nothing is listed, and none is made."""
    ended = new("jobs", *words)

    assert (0, "") == (ended.code, ended.out)
    assert re.match("no jobs yet in|nothing is open in", ended.sentence)
    assert not new.home.exists()
    assert [] == list(new.folder.iterdir())


@pytest.mark.parametrize(
    "words", [("list",), ("show", "k"), ("spending",), ("resume",), ("give-up", "k")]
)
def test_a_journal_that_was_named_and_is_not_there_is_an_error(
    new: Here, words: tuple[str, ...]
) -> None:
    """A slip in its path is not told as an empty journal, and makes no file."""
    ended = new("jobs", *words, "--journal", "none.db")

    assert (2, "") == (ended.code, ended.out)
    assert "There is no journal none.db: the file does not exist" in ended.sentence
    assert [] == list(new.folder.iterdir())


def test_a_list_is_lines_of_fields(here: Here) -> None:
    """A pipe gets a job a line, the newest last, without a key and a network."""
    ended = here("jobs")

    assert (0, "") == (ended.code, ended.err)
    rows = [line.split("\t") for line in ended.lines]
    assert ["succeeded", "unknown", "failed", "pending"] == [row[0] for row in rows]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", r[1]) for r in rows)
    assert [
        *("10", "yes", "nuro.create_instrumental", "done", "task-done", "song of done")
    ] == rows[0][2:]
    assert ["", "", ""] == [rows[1][6], rows[3][3], ""]


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        pytest.param((), ["done", "lost", "bad", "open"], id="all"),
        pytest.param(("--state", "open"), ["open"], id="open"),
        pytest.param(
            ("--state", "unknown", "--state", "failed"), ["lost", "bad"], id="two"
        ),
        pytest.param(("--tag", "album=blue"), ["done"], id="tag"),
        pytest.param(("--since", "30h"), ["bad", "open"], id="since"),
        pytest.param(("--limit", "1"), ["open"], id="limit"),
        pytest.param(("--state", "unknown", "--limit", "9"), ["lost"], id="both"),
    ],
)
def test_a_list_holds_what_is_wanted(
    here: Here, words: tuple[str, ...], keys: list[str]
) -> None:
    """Filters narrow it, and each line of JSON has the same names."""
    assert keys == [job["key"] for job in jobs(here("jobs", "list", *words, "--json"))]


async def fill_with_clips(path: Path) -> None:
    """Write a journal with two jobs that made a clip each."""
    journal = SqliteJournal(path)
    await journal.open()
    for key in ("one", "two"):
        entry = intent(key, time.time())
        await journal.admit([entry], Limits(concurrency=10))
        await journal.accept(key, 1, f"task-{key}", entry.now)
        clips = [{"clip_id": f"clip-{key}"}]
        ending = Ending(
            event=Event.SUCCEEDED, charged="yes", now=entry.now, clips=clips
        )
        journal.end(key, 1, ending)
    await journal.aclose()


@pytest.mark.parametrize("words", ["album", "album/kept.json"])
def test_a_list_holds_what_the_gallery_kept(new: Here, words: str) -> None:
    """The file that the page exports narrows it to the jobs of those takes."""
    (new.folder / "album").mkdir()
    kept = {"kept": ["clip-two", "clip-other"], "dropped": ["clip-one"]}
    (new.folder / "album" / "kept.json").write_text(json.dumps(kept))
    asyncio.run(fill_with_clips(new.folder / "songs.db"))

    ended = new("jobs", "list", "--kept", words, "--journal", "songs.db", "--json")

    assert ["two"] == [job["key"] for job in jobs(ended)]


@pytest.mark.parametrize("words", ["nowhere", "damaged.json"])
def test_a_kept_file_that_can_not_be_read_is_told(new: Here, words: str) -> None:
    """A slip in its name does not list nothing, as if nothing was kept."""
    (new.folder / "damaged.json").write_text("{")

    ended = new("jobs", "list", "--kept", words)

    assert (2, "") == (ended.code, ended.out)
    assert "--kept" in ended.sentence


def test_a_job_is_shown_whole(here: Here) -> None:
    """Request, times, balances and error are there, and what can be done."""
    ended = here("jobs", "show", "lost")

    assert (0, "") == (ended.code, ended.err)
    shown = dict(line.split("\t") for line in ended.lines)
    assert ("unknown", "10", "unknown") == tuple(
        shown[name] for name in ("state", "cost", "charged")
    )
    assert ("99", "90") == (shown["balance before"], shown["balance after"])
    assert "song of lost" == shown["request description"]
    assert "red" == shown["tag album"]
    assert "SubmissionUnknown: It is unknown." == shown["error"]
    assert "'aiomusic jobs resubmit lost' sends it again" in shown["next"]
    assert jobs(here("jobs", "show", "lost", "--json"), WHOLE)[0]["key"] == "lost"


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        pytest.param((), ["nuro.create_instrumental\t3\t20\t10"], id="operation"),
        pytest.param(
            ("--tag", "album"), ["blue\t1\t10\t0", "red\t2\t10\t10"], id="tag"
        ),
    ],
)
def test_spending_is_added_up(
    here: Here, words: tuple[str, ...], lines: list[str]
) -> None:
    """What is reserved stands beside what is spent, and the last line is the sum."""
    ended = here("jobs", "spending", *words)

    assert (0, "") == (ended.code, ended.err)
    assert [*lines, "total\t3\t20\t10"] == ended.lines


def test_spending_as_json_has_a_total(here: Here) -> None:
    """Each heading is a line, by day too, and the sum is the last."""
    ended = here("jobs", "spending", "--by", "day", "--json")

    *days, total = [json.loads(line) for line in ended.lines]
    assert {"event": "total", "jobs": 3, "credits": 20, "reserved": 10} == total
    assert 3 == len(days)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", day["heading"]) for day in days)
    assert [("spending", "day", 1)] * 3 == [
        (day["event"], day["by"], day["jobs"]) for day in days
    ]


def test_an_unknown_job_is_given_up(here: Here) -> None:
    """It is closed without a key or a network, counts as paid, and stays closed."""
    told = here("jobs", "give-up", "lost")
    (job,) = jobs(here("jobs", "give-up", "lost", "--json"), WHOLE)
    spending = here("jobs", "spending")

    assert (0, "") == (told.code, told.out)
    assert "job lost is given up, and counts as paid: 10." == told.sentence
    assert ("cancelled", "unknown") == (job["state"], job["charged"])
    assert "total\t3\t20\t10" == spending.lines[-1]


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        pytest.param(("show", "nope"), 2, "There is no job 'nope' in", id="no job"),
        pytest.param(("resume", "nope"), 2, "There is no job 'nope'", id="no resume"),
        pytest.param(("give-up", "done"), 2, "in state succeeded; only", id="done"),
        pytest.param(("give-up", "open"), 2, "in state pending; only", id="open"),
        pytest.param(("resubmit", "done", "--yes"), 2, "is done", id="again done"),
        pytest.param(("resubmit", "open", "--yes"), 2, "is not over", id="again open"),
        pytest.param(("resubmit", "lost"), 2, "bought twice; --yes", id="not sure"),
        pytest.param(("resume",), 3, "There is no API key", id="no key"),
        pytest.param(("list", "--since", "2y"), 2, "--since is '2y'", id="since"),
        pytest.param(("list", "--tag", "x"), 2, "write name=value", id="tag"),
        pytest.param(("frobnicate",), 2, "is nothing that", id="no command"),
        pytest.param(
            ("list", "--journal", "bad.db"), 7, "it is no SQLite file", id="damaged"
        ),
    ],
)
def test_what_can_not_be_done_is_one_sentence(
    here: Here, words: tuple[str, ...], code: int, expected: str
) -> None:
    """Each has its code, and leaves the journal as it is."""
    (here.folder / "bad.db").write_text("no database " * 100)

    ended = here("jobs", *words)

    assert (code, "") == (ended.code, ended.out)
    assert expected in ended.sentence


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(("--journal", "a", "--no-journal"), "not both", id="both"),
        pytest.param(
            ("--key", "", "--local", "--journal", "a.db"),
            "1 to 200 printable",
            id="key",
        ),
        pytest.param(("--key", "k", "--local"), "--key needs a journal", id="no key"),
        pytest.param(("--tag", "blue"), "write name=value", id="tag"),
    ],
)
def test_options_of_create_that_do_not_go_together(
    new: Here, words: tuple[str, ...], expected: str
) -> None:
    """They are refused before anything is sent."""
    ended = new("create", "pop", *words)

    assert (2, "") == (ended.code, ended.out)
    assert expected in ended.sentence
    assert 1 == ended.sentence.count("Nothing was sent.")


async def test_a_create_that_can_not_be_journaled_is_not_sent(
    aiomusic: Command, api: Emulator
) -> None:
    """A journal whose folder is missing, or which is damaged, costs nothing."""
    (aiomusic.folder / "bad.db").write_text("no database " * 100)

    missing, damaged = await asyncio.gather(
        *(
            aiomusic.at(api)("create", "pop", "--journal", path)
            for path in ("x/a.db", "bad.db")
        )
    )

    assert (7, 7, "", "") == (missing.code, damaged.code, missing.out, damaged.out)
    assert "make it first" in missing.sentence
    assert "no SQLite file" in damaged.sentence
    assert 0 == api.submissions


async def _until_running(command: Command, *words: str) -> asyncio.subprocess.Process:
    process = await command.start(*words, "--json")
    assert process.stdout is not None
    while b'"running"' not in await process.stdout.readline():
        pass
    return process


async def test_what_was_interrupted_is_resumed(aiomusic: Command) -> None:
    """Ctrl-C names the command that goes on, and that saves the song, unpaid."""
    async with Emulator(preview_s=20, pace=Pace.polls(running=1_000_000)) as api:
        command = aiomusic.at(api)
        process = await _until_running(command, "create", "pop", "--out", "o", *SHORT)
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
        (before,) = await kept(aiomusic)
        await api.finish()
        ended = await command("jobs", "resume", "--out", "o", *FAST)
        (after,) = await kept(aiomusic)

    assert b"'aiomusic jobs resume --out o' goes on with it." in err
    assert (True, None) == (before.is_open, before.charged)
    assert (0, "") == (ended.code, ended.err)
    (path,) = ended.lines
    assert (aiomusic.folder / path).is_file()
    assert ("succeeded", [str(aiomusic.folder / path)]) == (
        after.state,
        after.files,
    )
    assert 1 == api.submissions


async def test_what_ended_unsaved_is_told_when_nothing_is_open(
    aiomusic: Command,
) -> None:
    """A command that dies between the two leaves a song that is paid for."""
    path = aiomusic.folder / "songs.db"
    journal = SqliteJournal(path)
    await journal.open()
    await journal.admit([intent("a", time.time())], Limits(concurrency=1))
    await journal.accept("a", 1, "task-a", time.time())
    ending = Ending(
        event=Event.SUCCEEDED,
        now=time.time(),
        clips=[{"clip_id": "c", "state": "succeeded"}],
    )
    journal.end("a", 1, ending)
    await journal.aclose()

    ended = await aiomusic.having(AIOMUSIC_JOURNAL=str(path))("jobs", "resume")

    assert 0 == ended.code
    assert "1 done and not saved: 'aiomusic jobs resume a' saves one" in ended.sentence


async def test_what_was_killed_is_told_apart(aiomusic: Command) -> None:
    """After SIGKILL a job with a task is followed, one without is unknown: code 6."""
    async with Emulator(preview_s=20, pace=Pace.polls(running=1_000_000)) as api:
        command = aiomusic.at(api)
        followed = await _until_running(command, "create", "pop", "--key", "a", *SHORT)
        api.fault("hang", "create")
        sending = await command.start("create", "rock", "--key", "b", *SHORT)
        while api.submissions < 2:
            await asyncio.wait_for(asyncio.shield(_beat()), 60)
        for process in (followed, sending):
            process.kill()
            await process.communicate()
        await api.finish()
        ended = await command("jobs", "resume", *FAST)

    assert 6 == ended.code
    assert 1 == len(ended.lines)
    assert "Job b (nuro.create_instrumental 'rock', 10 credits, sent" in ended.sentence
    assert "balance before it was" in ended.sentence
    assert "'aiomusic jobs resubmit b' buys it again" in ended.sentence
    assert "'aiomusic jobs give-up b' closes it" in ended.sentence
    assert 2 == api.submissions


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is unknown")
@pytest.mark.parametrize("words", [(), ("a",)], ids=["all", "named"])
async def test_what_was_never_sent_is_told_when_it_is_resumed(
    aiomusic: Command, words: tuple[str, ...]
) -> None:
    """It is no song, so that is said, with how to have it after all."""
    path = aiomusic.folder / "songs.db"
    died = SqliteJournal(path)
    await died.open()
    await died.admit([intent("a", time.time())], Limits(concurrency=10))
    # What a kill does: the lock is gone, and nothing was written.
    assert died._lock._file is not None
    died._lock._file.close()
    async with Emulator(preview_s=20) as api:
        command = aiomusic.at(api).having(AIOMUSIC_JOURNAL=str(path))
        ended = await command("jobs", "resume", *words, *FAST)
    await died.aclose()

    assert (5, 0) == (ended.code, api.submissions)
    assert "was never sent. Nothing was charged" in ended.sentence
    assert "'aiomusic jobs resubmit a' sends it" in ended.sentence


async def _beat() -> None:
    await asyncio.sleep(0)


async def test_a_running_command_is_not_disturbed(aiomusic: Command) -> None:
    """While one follows a job, others list it, and resume leaves it alone."""
    async with Emulator(preview_s=20, pace=Pace.polls(running=1_000_000)) as api:
        command = aiomusic.at(api)
        process = await _until_running(command, "create", "pop", "--key", "a", *SHORT)
        (listed,) = jobs(await command("jobs", "--json"))
        resumed = await command("jobs", "resume", *FAST)
        await api.finish()
        out, err = await process.communicate()

    assert ("a", True) == (listed["key"], listed["is_open"])
    assert (0, "") == (resumed.code, resumed.out)
    assert "1 left to another aiomusic that runs" in resumed.sentence
    assert (0, b"") == (process.returncode, err)
    assert "saved" == json.loads(out.splitlines()[-1])["event"]


async def test_a_lost_create_is_sent_again_when_told_to(
    aiomusic: Command, api: Emulator
) -> None:
    """The error names the commands; --yes buys it again under the same key."""
    command = aiomusic.at(api)
    api.fault("drop_after_body", "create")

    lost = await command("create", "pop", "--key", "a", *SHORT)
    again = await command("jobs", "resubmit", "a", "--yes", *FAST)
    (job,) = await kept(aiomusic)

    assert 6 == lost.code
    assert "'aiomusic jobs resubmit a' buys it again" in lost.sentence
    assert (0, "") == (again.code, again.err)
    assert 1 == len(again.lines)
    assert ("succeeded", 2) == (job.state, job.attempt)
    assert 2 == api.submissions


async def test_a_job_that_is_named_is_saved_again(
    aiomusic: Command, api: Emulator
) -> None:
    """A song whose file is gone is fetched, by the beginning of its key."""
    command = aiomusic.at(api)
    first = await command("create", "pop", "--key", "album-1", *SHORT)
    (aiomusic.folder / first.lines[0]).unlink()

    ended = await command("jobs", "resume", "albu", *FAST)

    assert (0, "", first.lines) == (ended.code, ended.err, ended.lines)
    assert (aiomusic.folder / first.lines[0]).is_file()
    assert 10 == api.charged


async def test_a_job_that_is_over_tells_why(aiomusic: Command, api: Emulator) -> None:
    """A job that failed is not followed, and ends the command as it ended."""
    command = aiomusic.at(api)
    await command("create", "[[fail]]", "--key", "a", *FAST)

    ended = await command("jobs", "resume", "a", *FAST)

    assert (1, "") == (ended.code, ended.out)
    assert "Job a is over, as failed: " in ended.sentence
    assert 1 == api.submissions


async def test_a_terminal_asks_before_it_buys_twice(
    filled: Command, api: Emulator
) -> None:
    """What is known is said first; anything but yes leaves it."""
    terminal = Terminal(filled.at(api))

    await terminal.start("jobs", "resubmit", "lost", *FAST)
    await terminal.wait_for("[y/N] ")
    terminal.press(b"\r")
    code = await terminal.end()

    assert 0 == code
    shown = terminal.shown.replace("\n", " ")
    assert (
        "balance before 99, after 90) is in state unknown. It may be bought twice."
        in shown
    )
    assert "nothing was sent" in shown
    assert 0 == api.submissions


async def test_what_another_terminal_sent_again_is_not_sent_a_third_time(
    aiomusic: Command, api: Emulator
) -> None:
    """The purchase that was shown is what is made again, and no later one."""
    command = aiomusic.at(api)
    api.fault("drop_after_body", "create", times=2)
    await command("create", "pop", "--key", "a", *SHORT)
    terminal = Terminal(command)
    await terminal.start("jobs", "resubmit", "a", *FAST)
    await terminal.wait_for("[y/N] ")

    other = await command("jobs", "resubmit", "a", "--yes", *FAST)
    terminal.press(b"y\r")
    code = await terminal.end()

    assert 6 == other.code
    assert 2 == code
    shown = " ".join(terminal.shown.split())
    assert "sent again by somebody else meanwhile, and is unknown now" in shown
    assert "Nothing was sent" in shown
    assert 2 == api.submissions


async def test_a_terminal_has_tables(filled: Command) -> None:
    """A person sees a header, ages, and what to do next; each job on one line."""
    terminal = Terminal(filled)

    await terminal.start("jobs")
    code = await terminal.end()

    assert 0 == code
    head, *rows = terminal.shown.splitlines()
    assert ["state", "age", "cost", "charged", "kind", "key", "title"] == head.split()
    *first, kind, key = rows[0].split()[:6]
    assert ["succeeded", "3d", "10", "yes", "done"] == [*first, key]
    # Where rich cuts a cell depends on its version.
    assert kind.startswith("nuro.create_i")
    assert kind.endswith("…")
    assert 4 == sum("song of" in row for row in rows)
    assert "1 not over: 'aiomusic jobs resume'" in terminal.shown
    assert "1 unknown, may be charged" in terminal.shown


async def test_a_narrow_terminal_leaves_room_for_keys(filled: Command) -> None:
    """What a job cost is in ``jobs show``."""
    terminal = Terminal(filled, 40)

    await terminal.start("jobs")
    await terminal.end()

    head, first, *_ = terminal.shown.splitlines()
    assert ["state", "age", "key", "title"] == head.split()
    assert ["succeeded", "3d", "done"] == first.split()[:3]


async def test_a_task_is_followed_by_its_id(aiomusic: Command) -> None:
    """It is saved and kept in the journal, though this command bought nothing."""
    async with Emulator(preview_s=20, pace=Pace.polls()) as api:
        async with MusicSession(api_key=api.key, base_url=api.url) as music:
            job = music.suno.create("rain")
            await job
        ended = await aiomusic.at(api)(
            "jobs", "attach", "suno", str(job.task_id), "--poll-every", "0.01"
        )

    assert (0, 2) == (ended.code, len(ended.lines))
    assert 10 == api.charged


@pytest.fixture
async def shared(aiomusic: Command) -> Command:
    """A command with a journal of two accounts, and the key of the second."""
    path, url = aiomusic.folder / "shared.db", "http://127.0.0.1:9"
    for name, key in (("studio", "key-a"), ("home", "key-b")):
        journal = SqliteJournal(path)
        await journal.open(Identity(base_url=url, key=key, name=name))
        now = time.time()
        await journal.admit(
            [intent(one, now) for one in (name, "both")], Limits(concurrency=9)
        )
        await journal.note_sent(name, 1)
        await journal.aclose()
    return aiomusic.having(
        AIOMUSIC_JOURNAL=str(path), AIOMUSIC_BASE_URL=url, AIOMUSIC_API_KEY="key-b"
    )


async def test_jobs_of_other_accounts_are_shown_as_such(shared: Command) -> None:
    """They are left out, and told of; they are listed with whose they are."""
    mine, every, everybodys = await asyncio.gather(
        shared("jobs"),
        shared("jobs", "--all-accounts"),
        shared("jobs", "list", "--all-accounts", "--json"),
    )

    assert ["home", "both"] == [line.split("\t")[5] for line in mine.lines]
    assert "jobs of 1 other account are left out: --all-accounts" in mine.err
    assert [("studio", "studio"), ("both", "studio")] == [
        (line.split("\t")[5], line.split("\t")[8]) for line in every.lines
    ][:2]
    assert [True, True, False, False] == [
        job["is_other_account"] for job in jobs(everybodys)
    ]


async def test_a_job_of_another_account_is_not_touched(shared: Command) -> None:
    """Whose it is, and how to say so, is told."""
    refused = await shared("jobs", "give-up", "studio")
    spent = await shared("jobs", "spending")
    theirs = shared.having(AIOMUSIC_ACCOUNT="studio")
    given_up = await theirs("jobs", "give-up", "studio")

    assert (2, "") == (refused.code, refused.out)
    assert "belongs to account studio: set AIOMUSIC_ACCOUNT" in refused.sentence
    assert "total\t1\t10\t0" == spent.lines[-1]
    assert 0 == given_up.code
    (shown,) = jobs(await theirs("jobs", "show", "studio", "--json"), WHOLE)
    assert ("cancelled", "studio") == (shown["state"], shown["account"])


def test_old_jobs_are_archived_and_still_shown(here: Here) -> None:
    """They leave the file, which shrinks, and stay in the list and the sums."""
    spent, listed = here("jobs", "spending"), here("jobs")
    moved = here("jobs", "archive", "--before", "2100-01-01", "--to", "old.jsonl")
    again = here("jobs", "archive", "--before", "0s", "--json")
    shrunk = here("jobs", "vacuum", "--json")
    (shown,) = jobs(here("jobs", "show", "bad", "--json"), WHOLE)

    path = here.folder / "old.jsonl"
    assert (0, "") == (moved.code, moved.out)
    assert f"2 jobs were moved to {path}." == moved.sentence
    assert 0 == json.loads(again.lines[0])["jobs"]
    assert "vacuumed" == json.loads(shrunk.lines[0])["event"]
    assert ["done", "bad"] == [
        json.loads(one)["key"] for one in path.read_text("utf-8").splitlines()
    ]
    assert (str(path), "JobFailed") == (shown["archive"], shown["error"]["type"])
    assert spent == here("jobs", "spending")
    assert len(listed.lines) == len(here("jobs").lines)
    refused = here("jobs", "archive", "--before", "soon")
    assert (2, True) == (refused.code, "--before is 'soon'" in refused.sentence)
