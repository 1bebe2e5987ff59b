"""A journal opens where those who share it look for each other, and nowhere else."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from journaling import NO_LIMITS, crash, entry

from aiomusic.errors import JournalError
from aiomusic.journal import Granted
from aiomusic.journal.place import MOUNTS
from aiomusic.journal.sqlite import SqliteJournal

pytestmark = pytest.mark.anyio

OTHER_NAME = "under another name: as a hard link"


def companion_of(path: Path) -> Path:
    return path.with_name("songs.db-owners")


def journal_in(folder: Path) -> SqliteJournal:
    folder.mkdir(exist_ok=True)
    return SqliteJournal(folder / "songs.db", lock_wait_s=0.2)


async def bought(journal: SqliteJournal, key: str = "a") -> None:
    """Buy a song there, and close it."""
    await journal.open()
    await journal.admit([entry(key)], NO_LIMITS)
    await journal.accept(key, 1, f"t-{key}", 105.0)
    await journal.aclose()


async def opens(journal: SqliteJournal) -> None:
    """Check that it opens, and knows what was bought."""
    await journal.open()
    assert await journal.find("k") is not None
    await journal.aclose()


@pytest.fixture
async def home(tmp_path: Path) -> SqliteJournal:
    """A journal in which a key is bought."""
    journal = journal_in(tmp_path / "home")
    await bought(journal, "k")
    return journal


@pytest.mark.parametrize("how", ["living", "dead"])
@pytest.mark.parametrize("name", ["away/songs.db", "home/other.db"])
async def test_a_hard_link_is_refused(
    home: SqliteJournal, tmp_path: Path, name: str, how: str
) -> None:
    """Twenty keys were billed forty times: neither saw what the other wrote."""
    await home.open()
    await home.admit([entry("b")], NO_LIMITS)
    if how == "dead":
        await crash(home)
    (tmp_path / "away").mkdir()
    other = SqliteJournal(tmp_path / name, lock_wait_s=0.0)
    other.path.hardlink_to(home.path)
    before = home.path.read_bytes()

    with pytest.raises(JournalError, match=f"{OTHER_NAME}.*Nothing is sent"):
        await other.open()

    assert before == home.path.read_bytes()
    if how == "living":
        assert [Granted(1)] == await home.admit([entry("c")], NO_LIMITS)
        await home.aclose()
    await opens(home)


@pytest.mark.parametrize("is_shared", [False, True], ids=["alone", "with companion"])
async def test_a_hard_link_opens_in_turns(
    home: SqliteJournal, tmp_path: Path, *, is_shared: bool
) -> None:
    """Whoever was there before left nothing in a log; a backup may be a link."""
    away = journal_in(tmp_path / "away")
    await home.open()
    away.path.hardlink_to(home.path)
    if is_shared:
        companion_of(away.path).hardlink_to(companion_of(home.path))
    with pytest.raises(JournalError, match=OTHER_NAME):
        await away.open()
    await home.aclose()

    await away.open()
    with pytest.raises(JournalError, match=OTHER_NAME):
        await home.open()
    await away.aclose()

    await opens(home)


async def test_a_link_by_name_is_the_same_journal(
    home: SqliteJournal, tmp_path: Path
) -> None:
    """It leads to the one place where all look."""
    away = journal_in(tmp_path / "away")
    # Also one that is made after the journal was named.
    away.path.symlink_to(home.path)
    await home.open()

    await opens(away)

    await home.aclose()


def back_up(home: Path, away: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(home)) as old,
        contextlib.closing(sqlite3.connect(away)) as new,
    ):
        old.backup(new)


def with_companion(home: Path, away: Path) -> None:
    shutil.copy(home, away)
    shutil.copy(companion_of(home), companion_of(away))


async def killed(home: SqliteJournal, folder: Path, key: str) -> SqliteJournal:
    """Buy a song there, and return a journal as a kill would have left it then."""
    await home.open()
    await home.admit([entry(key)], NO_LIMITS)
    await home.accept(key, 1, f"t-{key}", 105.0)
    left = journal_in(folder)
    for end in ("", "-wal", "-owners"):
        shutil.copy(f"{home.path}{end}", f"{left.path}{end}")
    await home.aclose()
    return left


async def test_a_journal_without_its_log_is_refused(
    home: SqliteJournal, tmp_path: Path
) -> None:
    """After a kill, what was bought last stands in the log, and would be so again."""
    left = await killed(home, tmp_path / "left", "last")
    away = journal_in(tmp_path / "away")
    left.path.rename(away.path)

    with pytest.raises(JournalError, match="its log, songs.db-wal.*Nothing is sent"):
        await away.open()
    with pytest.raises(JournalError, match="but the log of one, songs.db-wal.*delete"):
        await left.open()

    assert not left.path.exists()
    left.path.with_name("songs.db-wal").rename(away.path.with_name("songs.db-wal"))
    await opens(away)
    await away.open()
    assert await away.find("last") is not None
    await away.aclose()
    # Where it was, there is nothing to lose any more.
    await left.open()
    assert [] == await left.records()
    await left.aclose()


async def test_a_journal_that_was_moved_while_it_was_open_is_whole(
    home: SqliteJournal, tmp_path: Path
) -> None:
    """Nothing more is sent, and what was bought before is in the file."""
    away = journal_in(tmp_path / "away")
    await home.open()
    await home.admit([entry("last")], NO_LIMITS)
    home.path.rename(away.path)
    with pytest.raises(JournalError, match="removed or replaced"):
        await home.admit([entry("later")], NO_LIMITS)
    await home.accept("last", 1, "t-last", 105.0)
    await home.aclose()

    await away.open()

    found = await away.find("last")
    await away.aclose()
    assert found is not None
    assert "t-last" == found.task_id


MOVES: dict[str, Callable[[Path, Path], object]] = {
    "moved": Path.rename,
    "copied": shutil.copy,
    "backed up": back_up,
}


@pytest.mark.parametrize("how", MOVES.values(), ids=MOVES)
@pytest.mark.parametrize("state", ["closed", "dead"])
async def test_a_journal_that_was_moved_or_restored_opens(
    home: SqliteJournal,
    tmp_path: Path,
    how: Callable[[Path, Path], object],
    state: str,
) -> None:
    """Alone as well, where nobody has it open, and it goes on there."""
    if state == "dead":
        await home.open()
        await home.admit([entry()], NO_LIMITS)
        await crash(home)
    away = journal_in(tmp_path / "away")
    how(home.path, away.path)
    if state == "dead":
        # Nobody can tell that there was nothing in its log.
        with pytest.raises(JournalError, match="make an empty file"):
            await away.open()
        away.path.with_name("songs.db-wal").touch()

    await opens(away)

    await opens(away)


@pytest.mark.parametrize("how", [shutil.copy, with_companion, back_up])
async def test_a_backup_of_an_open_journal_opens(
    home: SqliteJournal, tmp_path: Path, how: Callable[[Path, Path], object]
) -> None:
    """It is a file of its own, and what it says of those who have it open is old."""
    await home.open()
    away = journal_in(tmp_path / "away")
    how(home.path, away.path)
    if not companion_of(away.path).exists():
        away.path.with_name("songs.db-wal").touch()

    await opens(away)

    await home.aclose()


async def test_a_copy_is_put_back_in_its_place(home: SqliteJournal) -> None:
    """A backup is of use only if it can be restored, whatever came after it."""
    backup = home.path.with_name("backup")
    shutil.copy(home.path, backup)
    await bought(home, "later")

    backup.replace(home.path)

    await opens(home)


@pytest.mark.parametrize("state", ["living", "dead"])
async def test_a_file_beside_the_companion_of_another_is_refused(
    home: SqliteJournal, tmp_path: Path, state: str
) -> None:
    """The log that stands there is of another file, and so are the locks."""
    away = journal_in(tmp_path / "away")
    await away.open()
    await away.admit([entry("other")], NO_LIMITS)
    if state == "dead":
        await crash(away)
    copy = tmp_path / "copy"
    shutil.copy(home.path, copy)
    copy.replace(away.path)

    again = journal_in(tmp_path / "away")
    with pytest.raises(
        JournalError, match="belongs to another journal.*delete"
    ) as told:
        await again.open()

    assert "songs.db-owners" in str(told.value)
    if state == "dead":
        for end in ("-owners", "-wal"):
            away.path.with_name(f"songs.db{end}").unlink(missing_ok=True)
        await opens(again)
    else:
        with contextlib.suppress(JournalError):
            await away.aclose()


@pytest.mark.parametrize("text", [b"", b"\xff\0", b"0" * 10_000], ids=len)
async def test_a_companion_that_says_nothing_is_refused(
    home: SqliteJournal, text: bytes
) -> None:
    """What can't be compared is not the same."""
    companion_of(home.path).write_bytes(text)

    with pytest.raises(JournalError, match="belongs to another journal"):
        await home.open()


async def test_one_who_died_while_he_made_it_keeps_nobody_out(tmp_path: Path) -> None:
    """The companion is there before the number is in the file."""
    new = journal_in(tmp_path / "new")
    companion_of(new.path).write_text("0" * 32)

    await bought(new)


async def test_its_companion_is_there_while_it_is_open(home: SqliteJournal) -> None:
    """Until the last has left it."""
    other = journal_in(home.path.parent)
    await home.open()
    await other.open()
    modes = [companion_of(home.path).stat().st_mode & 0o777]
    await home.aclose()
    modes.append(companion_of(home.path).stat().st_mode & 0o777)
    await other.aclose()

    assert [0o600, 0o600] == modes
    assert [home.path] == list(home.path.parent.iterdir())


@pytest.mark.parametrize("state", ["closed", "dead"])
async def test_a_program_that_reads_it_keeps_nobody_out(
    home: SqliteJournal, state: str
) -> None:
    """Its file is looked at while songs are made."""
    if state == "dead":
        await home.open()
        await crash(home)
    with contextlib.closing(sqlite3.connect(home.path)) as db:
        db.execute("SELECT count(*) FROM jobs").fetchall()

        await bought(home)


OPENER = """
import asyncio, sys
from aiomusic.journal.sqlite import SqliteJournal

async def main():
    journal = SqliteJournal(sys.argv[1])
    await journal.open()
    print("open", flush=True)
    sys.stdin.read()
    await journal.aclose()

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.parametrize("state", ["new", "moved", "moved open"])
async def test_many_processes_open_it_at_once(
    home: SqliteJournal, tmp_path: Path, state: str
) -> None:
    """A new one, or one that was moved without its companion: all of them may."""
    away = journal_in(tmp_path / "away")
    if state == "moved open":
        await home.open()
        await crash(home)
    if state != "new":
        home.path.rename(away.path)
        away.path.with_name("songs.db-wal").touch()
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", OPENER, str(away.path)]
    processes = [subprocess.Popen(command, **pipes) for _ in range(4)]  # type: ignore[call-overload]
    ended = [process.communicate(timeout=60) for process in processes]

    assert [("open\n", None)] * 4 == ended
    assert [0] * 4 == [process.returncode for process in processes]


MOUNTED = """
touch "$1/away/songs.db"
mount --bind "$1/home/songs.db" "$1/away/songs.db" || exit 77
"$2" -c "$3" "$1/away/songs.db" </dev/null 2>&1
"""


@pytest.mark.slow
@pytest.mark.skipif(not MOUNTS.exists(), reason="mounts are not told here")
@pytest.mark.parametrize("is_whole", [False, True], ids=["file", "folder"])
async def test_a_mount_of_the_file_alone_is_refused(
    home: SqliteJournal, tmp_path: Path, *, is_whole: bool
) -> None:
    """Its log would stay behind in the container; a mounted folder has both."""
    (tmp_path / "away").mkdir()
    script = MOUNTED.replace("touch", ":") if is_whole else MOUNTED
    if is_whole:
        script = script.replace('home/songs.db" "$1/away/songs.db"', 'home" "$1/away"')
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("needs unshare")
    await home.open()
    ended = subprocess.run(
        [unshare, "-m", "sh", "-c", script, "-", str(tmp_path), sys.executable, OPENER],
        env={**os.environ},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    await home.aclose()
    if ended.returncode in {1, 77} and "journal" not in ended.stdout:
        pytest.skip("no mounts for this user")

    assert ("mounted by itself" in ended.stdout) is not is_whole
    assert ("open\n" == ended.stdout) is is_whole
