"""
A journal that an earlier version wrote opens, keeps its books, and is gone on with.

``data/step-3.db.gz`` was written by aiomusic itself, before slots were leases (three
steps of the schema): a session that bought with every outcome against the emulator,
one that left its tasks running, and one that was killed with creates in every stage.
``data/step-4.db.gz`` was written before rows belonged to accounts: two songs, a task
that is left to itself, a create whose answer is lost, and a job that was never sent.
"""

import contextlib
import gzip
import sqlite3
from pathlib import Path

import pytest
from journaling import NO_LIMITS, entry, rows, totals

from aiomusic import Charged, JobState, MusicError, MusicSession
from aiomusic.emulator import Emulator
from aiomusic.journal import (
    Granted,
    Identity,
    KnownKey,
    Limits,
    OverBudget,
    Spending,
)
from aiomusic.journal.liveness import BOOT_ID
from aiomusic.journal.sqlite import SqliteJournal
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio

OLD = Path(__file__).parent / "data" / "step-3.db.gz"
LATER = OLD.with_name("step-4.db.gz")
OWNER = "421915770f3b4bfc80de208eab6e66ab"
SPENT = 82
RESERVED = 50


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "songs.db"
    path.write_bytes(gzip.decompress(OLD.read_bytes()))
    return path


@pytest.fixture
def later(tmp_path: Path) -> Path:
    path = tmp_path / "songs.db"
    path.write_bytes(gzip.decompress(LATER.read_bytes()))
    return path


async def test_its_books_are_those_that_it_had(old: Path) -> None:
    """Nothing that was spent or reserved is forgotten, and no ceiling is passed."""
    before = {at: (row["spent"], row["reserved"]) for at, row in rows(old).items()}
    journal = SqliteJournal(old)
    await journal.open()

    assert (3, RESERVED, SPENT) == totals(old)
    assert before == {
        at: (row["spent"], row["reserved"]) for at, row in rows(old).items()
    }
    limits = Limits(concurrency=9, max_credits=SPENT + RESERVED)
    spending = await journal.spending()
    [refused] = await journal.admit([entry("new")], limits)

    # Nobody gives back what the dead reserved.
    assert OverBudget(SPENT + RESERVED) == refused
    assert Spending(jobs=1, credits=2) == spending["lyrics.create"]
    assert (SPENT, RESERVED) == (
        sum(one.credits for one in spending.values()),
        sum(one.reserved for one in spending.values()),
    )
    assert (
        Spending(jobs=2, credits=10, reserved=10)
        == ((await journal.spending(tag="user"))["u-7"])
    )
    assert {"n": 1} == await journal.recall("example")
    await journal.aclose()


async def test_each_job_is_what_it_was(old: Path) -> None:
    """With its clips, its error, its files and what it was asked for."""
    journal = SqliteJournal(old)
    await journal.open()
    found = {one.key: one for one in await journal.records()}

    assert [None] * 16 == [one.damage for one in found.values()]
    states = {
        "succeeded": ("succeeded", "yes"),
        "refunded": ("failed", "refunded"),
        "failed paid": ("failed", "unknown"),
        "one clip": ("succeeded", "yes"),
        "riffusion": ("succeeded", "yes"),
        "lyrics": ("succeeded", "yes"),
        "refused": ("failed", "no"),
        "unknown": ("unknown", "unknown"),
        "given up": ("cancelled", "unknown"),
        "bought twice": ("succeeded", "yes"),
        "detached": ("pending", None),
        "detached nuro": ("pending", None),
        "attached": ("pending", None),
        "killed running": ("pending", None),
        "killed sent": ("submitting", None),
        "killed unsent": ("submitting", None),
    }
    assert states == {one.key: (one.state, one.charged) for one in found.values()}
    song = await journal.find("succeeded")
    assert song is not None
    assert 2 == found["succeeded"].clip_count
    assert (2, ["rain.mp3"], {"user": "u-7"}) == (
        len(song.clips),
        song.files,
        song.metadata,
    )
    assert 2 == found["bought twice"].attempt
    assert "JobFailed" == (found["refunded"].raw_error or {})["type"]
    await journal.aclose()


@pytest.mark.parametrize("is_told", [True, False], ids=["words", "no words"])
async def test_what_was_killed_is_unknown_and_a_task_is_taken_up(
    old: Path, *, is_told: bool
) -> None:
    """What the dead had sent is not read from words of another kind: it may have."""
    if is_told:
        boot = BOOT_ID.read_text().strip() if BOOT_ID.exists() else "none"
        words = f'"{boot}"\n["killed running", 1, true]\n["killed sent", 1, true]\n'
        old.with_name(f"songs.db-owner-{OWNER}").write_text(words)
    journal = SqliteJournal(old)
    await journal.open()

    claimed = await journal.claim(1.7e9 + 3)

    tasks = {"detached", "detached nuro", "attached", "killed running"}
    lost = {"unknown", "killed sent", "killed unsent"}
    assert tasks | lost == {one.key for one in claimed}
    after = rows(old)
    assert {"pending"} == {after[key, 1]["state"] for key in tasks}
    assert {("unknown", 10, 0)} == {
        (after[key, 1]["state"], after[key, 1]["spent"], after[key, 1]["reserved"])
        for key in lost
    }
    # Three tasks that were bought here, and two that may run.
    assert (5, RESERVED - 20, SPENT + 20) == totals(old)
    assert [] == list(old.parent.glob(f"*{OWNER}"))
    await journal.aclose()


async def test_nothing_that_was_bought_is_bought_again(old: Path) -> None:
    """Its keys are known, but for the one that was refused unpaid."""
    journal = SqliteJournal(old)
    await journal.open()
    keys = [key for key, attempt in rows(old) if attempt == 1]

    verdicts = await journal.admit([entry(key) for key in keys], NO_LIMITS)

    assert ["refused"] == [
        key
        for key, one in zip(keys, verdicts, strict=True)
        if not isinstance(one, KnownKey)
    ]
    assert Granted(2) in verdicts
    await journal.aclose()


async def test_a_session_goes_on_with_it(old: Path, api: Emulator) -> None:
    """Its songs are there, its tasks are waited for, and its doubts are told."""
    options = {"api_key": api.key, "base_url": api.url, "clock": AutojumpClock()}
    async with MusicSession(**options) as music:  # type: ignore[arg-type]
        bought = [music.suno.create("rain") for _ in range(2)]
        for job in bought:
            await job
    with contextlib.closing(sqlite3.connect(old)) as db, db:
        # The service of today knows other tasks.
        for key, job in zip(["detached", "killed running"], bought, strict=True):
            words = "UPDATE jobs SET task_id = ? WHERE key = ?"
            db.execute(words, (job.task_id, key))
    before = api.submissions

    async with MusicSession(journal=old, on_exit="detach", **options) as music:  # type: ignore[arg-type]
        resumed = {job.key: job for job in await music.resume()}
        for key in ("detached", "killed running"):
            assert 2 == len(await resumed[key])
        for key in ("unknown", "killed sent", "killed unsent"):
            assert JobState.UNKNOWN is resumed[key].state
            assert Charged.UNKNOWN is (resumed[key].error or MusicError("")).charged
        song = await music.suno.create("rain", key="succeeded")
        assert 2 == len(song)
        assert before == api.submissions

    assert ("succeeded", 10, 0) == (
        rows(old)["detached", 1]["state"],
        rows(old)["detached", 1]["spent"],
        rows(old)["detached", 1]["slot"],
    )


async def test_what_had_no_account_is_the_first_ones(later: Path) -> None:
    """Its books, its keys and its open tasks; to the next it is another's."""
    first = Identity(base_url="https://api.sunoapi.com", key="first-key")
    second = Identity(base_url="https://api.sunoapi.com", key="second-key")
    keys = [key for key, _ in rows(later)]
    journal = SqliteJournal(later)

    await journal.open(first)
    assert [(1, 10, 22)] == [totals(later)]
    claimed = await journal.claim(1.8e9)
    verdicts = await journal.admit([entry(key) for key in keys], NO_LIMITS)
    song = await journal.find("succeeded")
    await journal.aclose()
    await journal.open(second)
    listed = await journal.records()
    bought = await journal.admit([entry("succeeded")], NO_LIMITS)
    none = await journal.claim(1.8e9)
    await journal.aclose()

    # Whoever asks for what was held is sent it.
    assert [KnownKey] * 4 + [Granted] == [type(verdict) for verdict in verdicts]
    assert {"detached", "unknown", "held"} == {one.key for one in claimed}
    assert song is not None
    assert (2, 2, {"user": "u-7"}) == (len(song.clips), song.clip_count, song.metadata)
    assert [True] * len(keys) == [one.is_other_account for one in listed]
    assert ([Granted(1)], []) == (bought, none)
