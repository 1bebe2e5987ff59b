"""Rows belong to an account and an address: others' are neither met nor counted."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from journaling import (
    ALL,
    KEPT,
    NO_LIMITS,
    crash,
    ending,
    entry,
    over,
    params,
    totals,
)

from aiomusic import MusicSession
from aiomusic.emulator import Emulator, Pace
from aiomusic.errors import JournalError
from aiomusic.journal import (
    Granted,
    Identity,
    Journal,
    KnownKey,
    Limits,
    NoCapacity,
    OverBudget,
    Wanted,
)
from aiomusic.journal.identity import place_of
from aiomusic.journal.reader import SqliteReader
from aiomusic.journal.sqlite import SqliteJournal
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio

URL = "https://api.sunoapi.com"
KEY_A, KEY_B = "key-of-a-0123456789abcdef", "key-of-b-0123456789abcdef"
A = Identity(base_url=URL, key=KEY_A)
B = Identity(base_url=URL, key=KEY_B)

OTHERS = {
    "key": (A, B),
    "address": (A, Identity(base_url="https://eu.sunoapi.com", key=KEY_A)),
    "scheme": (A, Identity(base_url="http://api.sunoapi.com", key=KEY_A)),
    "name": (Identity(base_url=URL, key=KEY_A, name="studio"), B),
    "names": (
        Identity(base_url=URL, key=KEY_A, name="studio"),
        Identity(base_url=URL, key=KEY_A, name="home"),
    ),
    "no key": (Identity(base_url=URL, name="studio"), Identity(base_url=URL, name="b")),
}
SAME = {
    "key": (A, A),
    "spelling": (A, Identity(base_url="https://API.sunoapi.com:443/", key=KEY_A)),
    "rotation": (
        Identity(base_url=URL, key=KEY_A, name="studio"),
        Identity(base_url=URL, key=KEY_B, name="studio"),
    ),
    "named later": (A, Identity(base_url=URL, key=KEY_A, name="studio")),
    "name left out": (Identity(base_url=URL, key=KEY_A, name="studio"), A),
    "emulator": (
        Identity(base_url="http://127.0.0.1:4001", key=KEY_A),
        Identity(base_url="http://localhost:4002", key=KEY_A),
    ),
}


@pytest.fixture(params=params(ALL))
def closed(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    return ALL[request.param](tmp_path)


@pytest.mark.parametrize(("one", "other"), OTHERS.values(), ids=OTHERS)
async def test_anothers_purchases_are_not_counted(
    closed: Journal, one: Identity, other: Identity
) -> None:
    """Neither against the ceiling nor against the concurrency."""
    limits = Limits(concurrency=1, max_credits=10)
    await closed.open(one)
    await closed.admit([entry("a")], limits)
    await closed.accept("a", 1, "t-a", 105.0)
    await closed.aclose()

    await closed.open(other)
    theirs = await closed.admit([entry("b")], limits)
    await closed.aclose()
    await closed.open(one)
    ours = await closed.admit([entry("c", now=102.0)], limits)
    await closed.aclose()

    assert ([Granted(1)], [OverBudget(10)]) == (theirs, ours)


@pytest.mark.parametrize(("one", "again"), SAME.values(), ids=SAME)
async def test_ones_own_purchases_are_counted(
    closed: Journal, one: Identity, again: Identity
) -> None:
    """However the key was replaced, or the address spelt."""
    limits = Limits(concurrency=1, max_credits=10)
    await closed.open(one)
    await closed.admit([entry("a")], limits)
    await closed.note_sent("a", 1)
    await closed.accept("a", 1, "t-a", 105.0)
    await closed.aclose()

    await closed.open(again)
    found = await closed.admit([entry("b")], limits)
    await closed.aclose()

    assert [OverBudget(10)] == found


@pytest.mark.parametrize("kind", params(KEPT))
@pytest.mark.parametrize(("one", "other"), OTHERS.values(), ids=OTHERS)
async def test_anothers_job_is_not_met(
    tmp_path: Path, kind: str, one: Identity, other: Identity
) -> None:
    """Not by its key, nor by its task; nobody takes it up, and it is listed as such."""
    mine, theirs = KEPT[kind](tmp_path), KEPT[kind](tmp_path)
    await mine.open(one)
    await theirs.open(other)
    await mine.admit([entry("a"), entry("lost")], NO_LIMITS)
    await mine.accept("a", 1, "t-a", 105.0)
    mine.release("a", 1)
    await over(mine, "lost", charged="unknown", state="unknown")
    await mine.records()

    assert [None, None] == [await theirs.find("a"), await theirs.find_task("suno", "t")]
    assert await theirs.find_task("suno", "t-a") is None
    assert [] == await theirs.claim(200.0)
    assert [] == await theirs.claim(200.0, "a")
    assert [] == await theirs.claim(200.0, limit=9)
    assert not await theirs.find_lost("lost", 1, "t-lost", 200.0)
    theirs.give_up_soon("lost", 1, 200.0)
    theirs.note_files("a", 1, ["a.mp3"])
    assert {} == await theirs.spending()
    listed = await theirs.records()
    assert [("a", True), ("lost", True)] == [
        (one.key, one.is_other_account) for one in listed
    ]
    own = await mine.records()
    assert [("pending", False, []), ("unknown", False, [])] == [
        (one.state, one.is_other_account, one.files) for one in own
    ]
    assert {listed[0].account} == {one.account for one in own}

    assert [Granted(1)] == await theirs.admit([entry("a")], NO_LIMITS)
    await theirs.accept("a", 1, "t-b", 105.0)
    theirs.end("a", 1, ending(task_id="t-b"))
    await theirs.records()
    found = await mine.find("a")
    assert found is not None
    assert ("pending", "t-a") == (found.state, found.task_id)
    await mine.aclose()
    await theirs.aclose()


@pytest.mark.parametrize("kind", params(KEPT))
@pytest.mark.parametrize(("one", "again"), SAME.values(), ids=SAME)
async def test_ones_own_job_is_met(
    tmp_path: Path, kind: str, one: Identity, again: Identity
) -> None:
    """A key that was replaced buys nothing again."""
    journal = KEPT[kind](tmp_path)
    await journal.open(one)
    await journal.admit([entry("a")], NO_LIMITS)
    await over(journal, "a")
    await journal.aclose()

    await journal.open(again)

    assert [KnownKey] == [type(v) for v in await journal.admit([entry("a")], NO_LIMITS)]
    assert [False] == [one.is_other_account for one in await journal.records()]
    await journal.aclose()


@pytest.mark.parametrize("kind", params(KEPT))
async def test_a_job_waits_for_a_slot_where_others_have_jobs(
    kind: str, tmp_path: Path
) -> None:
    """However many accounts the journal counts, each waits for its own."""
    journals = [KEPT[kind](tmp_path) for _ in range(2)]
    for journal, identity in zip(journals, (A, B), strict=True):
        await journal.open(identity)
        await journal.admit([entry("a")], Limits(concurrency=1))

    verdicts = [
        await journal.admit([entry("b")], Limits(concurrency=1)) for journal in journals
    ]

    assert [[NoCapacity()], [NoCapacity()]] == verdicts
    for journal in journals:
        await journal.aclose()


async def test_the_dead_of_another_account_are_settled_by_whoever_comes(
    tmp_path: Path,
) -> None:
    """What they left holds no slot of theirs for ever, whoever looks first."""
    died, living = (
        SqliteJournal(tmp_path / "songs.db"),
        SqliteJournal(tmp_path / "songs.db"),
    )
    await died.open(A)
    await died.admit([entry("a")], NO_LIMITS)
    await died.note_sent("a", 1)
    await crash(died)
    await living.open(B)

    assert [] == await living.claim(200.0)

    [record] = await living.records()
    assert ("unknown", True) == (record.state, record.is_other_account)
    assert [NoCapacity()] == await living.admit([entry("b")], Limits(concurrency=0))
    await living.aclose()


async def test_no_key_stands_in_the_file(tmp_path: Path) -> None:
    """Nor what another file would have of the same key."""
    digests = set()
    for name in ("one.db", "two.db"):
        journal = SqliteJournal(tmp_path / name)
        await journal.open(A)
        await journal.admit([entry("a")], NO_LIMITS)
        await journal.aclose()
        text = journal.path.read_bytes()
        assert KEY_A.encode() not in text
        assert KEY_A not in repr(A)
        db = sqlite3.connect(journal.path)
        digests |= {one for (one,) in db.execute("SELECT digest FROM account_keys")}
        db.close()

    assert {32} == {len(one) for one in digests}
    assert 2 == len(digests)


async def test_the_first_who_opens_it_has_what_was_there_before(tmp_path: Path) -> None:
    """Who only looks claims nothing."""
    path = tmp_path / "songs.db"
    journal = SqliteJournal(path)
    await journal.open()
    await journal.admit([entry("old")], NO_LIMITS)
    await over(journal, "old")
    await journal.aclose()
    await SqliteReader(path, identity=B).records()

    await journal.open(A)
    first = await journal.records()
    await journal.aclose()
    await journal.open(B)
    second = await journal.records()
    await journal.aclose()

    assert [False, True] == [first[0].is_other_account, second[0].is_other_account]
    assert (first[0].account or "").startswith("key-")


async def test_a_new_account_beside_others_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever replaced a key and gave no name would buy all again, unawares."""
    journal = SqliteJournal(tmp_path / "songs.db")
    for identity in (A, A, B, B):
        await journal.open(identity)
        await journal.aclose()

    told = [one for one in caplog.messages if "holds jobs of other accounts" in one]
    assert 1 == len(told)


async def test_the_name_that_a_list_shows_goes_on_with_another_key(
    tmp_path: Path,
) -> None:
    """So an account that never had a name outlives its key."""
    journal = SqliteJournal(tmp_path / "songs.db")
    await journal.open(A)
    await journal.admit([entry("a")], NO_LIMITS)
    await over(journal, "a")
    [record] = await journal.records()
    await journal.aclose()

    await journal.open(Identity(base_url=URL, key=KEY_B, name=record.account))

    assert await journal.find("a") is not None
    await journal.aclose()


async def test_who_does_not_say_whose_buys_nothing_among_several(
    tmp_path: Path,
) -> None:
    """With one account there is nothing to say."""
    path = tmp_path / "songs.db"
    for identity in (A, B):
        journal = SqliteJournal(path)
        await journal.open(identity)
        await journal.admit([entry("a")], NO_LIMITS)
        await journal.aclose()
    journal = SqliteJournal(path)
    await journal.open()

    with pytest.raises(JournalError, match="several accounts.*account="):
        await journal.admit([entry("b")], NO_LIMITS)

    assert 2 == len(await journal.records(Wanted(limit=5)))
    await journal.aclose()


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://api.sunoapi.com", "https://api.sunoapi.com"),
        ("https://API.sunoapi.com.:443/", "https://api.sunoapi.com"),
        ("http://x:80/v2/", "http://x/v2"),
        ("https://x:8443", "https://x:8443"),
        ("http://127.0.0.1:40123", "http://localhost"),
        ("http://[::1]:7", "http://localhost"),
    ],
)
def test_a_place_is_one_however_it_is_spelt(url: str, place: str) -> None:
    assert place == place_of(url)


# With sessions, against the emulator.


def options(api: Emulator, path: Path, **more: Any) -> dict[str, Any]:
    given = {"base_url": api.url, "journal": path, "clock": AutojumpClock()}
    return {"api_key": api.key, **given, **more}


async def test_another_key_gets_a_song_of_its_own(
    api: Emulator, tmp_path: Path
) -> None:
    """Under the same key of a job, B gets not A's song, and polls not A's task."""
    async with Emulator(media=False, pace=Pace.polls(), seed=1) as theirs:
        path = tmp_path / "songs.db"
        async with MusicSession(**options(api, path)) as music:
            song = await music.suno.create("rain", key="a")
        async with MusicSession(**options(theirs, path)) as music:
            other = await music.suno.create("rain", key="a")
            listed = await music.jobs()
        async with MusicSession(**options(api, path)) as music:
            again = await music.suno.create("rain", key="a")

        assert (1, 1) == (api.submissions, theirs.submissions)
    assert [one.clip_id for one in song] == [one.clip_id for one in again]
    assert {one.clip_id for one in song}.isdisjoint(one.clip_id for one in other)
    assert [True, False] == [one.is_other_account for one in listed]
    assert (0, 0, 10) == totals(path)


async def test_another_keys_open_tasks_are_not_resumed(
    api: Emulator, tmp_path: Path
) -> None:
    """Nor waited for, nor taken care of where no slot is free."""
    async with Emulator(media=False, pace=Pace.polls(), seed=1) as theirs:
        path = tmp_path / "songs.db"
        async with MusicSession(**options(api, path, on_exit="detach")) as music:
            job = music.suno.create("rain", key="a")
            async for _ in job.updates():
                if job.task_id is not None:
                    break
        polls = api.polls
        async with MusicSession(**options(theirs, path, concurrency=1)) as music:
            assert [] == await music.resume()
            await music.suno.create("rain")
        assert (1, polls) == (theirs.submissions, api.polls)
        async with MusicSession(**options(api, path)) as music:
            [resumed] = await music.resume()
            assert 2 == len(await resumed)


async def test_a_name_survives_another_key(api: Emulator, tmp_path: Path) -> None:
    """What was bought under the old key is given under the new one."""
    path = tmp_path / "songs.db"
    async with MusicSession(**options(api, path, account="studio")) as music:
        await music.suno.create("rain", key="a")
    before = api.submissions

    async with MusicSession(
        **options(api, path, account="studio", api_key="another-key")
    ) as music:
        assert 2 == len(await music.suno.create("rain", key="a"))
        [record] = await music.jobs()

    assert (before, "studio") == (api.submissions, record.account)


async def test_the_environment_names_the_account(
    api: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it names the key and the journal."""
    monkeypatch.setenv("AIOMUSIC_ACCOUNT", "studio")
    async with MusicSession(**options(api, tmp_path / "songs.db")) as music:
        await music.suno.create("rain", key="a")
        [record] = await music.jobs()

    assert "studio" == record.account


async def test_a_key_that_changes_within_a_session_is_one_account(
    api: Emulator, tmp_path: Path
) -> None:
    """By the first that is given, also when the session is entered again."""
    given: list[str] = []

    async def api_key() -> str:
        given.append("x")
        return api.key if len(given) < 99 else f"{api.key}-{len(given)}"

    music = MusicSession(**options(api, tmp_path / "songs.db", api_key=api_key))
    async with music:
        await music.suno.create("rain", key="a")
    given += ["x"] * 99
    async with music:
        assert 2 == len(await music.suno.create("rain", key="a"))
        assert [False] == [one.is_other_account for one in await music.jobs()]

    assert 1 == api.submissions


async def test_a_key_is_not_asked_for_where_a_name_says_whose_it_is(
    api: Emulator, tmp_path: Path
) -> None:
    """Whoever gives it may be out of reach while the journal is read."""

    async def api_key() -> str:
        raise OSError

    path = tmp_path / "songs.db"
    async with MusicSession(
        **options(api, path, api_key=api_key, account="studio")
    ) as music:
        assert [] == await music.jobs()
