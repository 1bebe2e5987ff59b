"""A part is one's own while it grows, and goes on where it was left."""

import asyncio
import errno
import os
import sys
from pathlib import Path

import anyio
import anyio.lowlevel
import media_host
import pytest
from media_host import NAME, PART_WAY, SONG, MediaHost, Saver, clip

from aiomusic._files.partial import PartialFile, ResumeInfo
from aiomusic.errors import DownloadError

pytestmark = pytest.mark.anyio
host, client = media_host.host, media_host.client
tagging_save, save = media_host.tagging_save, media_host.save


async def test_a_part_that_was_whole_is_not_fetched_again(
    save: Saver, host: MediaHost
) -> None:
    """A crash just before the last step costs no download."""
    blocker = save.folder / f"{NAME}.wav"
    (blocker / "in the way").mkdir(parents=True)
    with pytest.raises(
        DownloadError, match=r"\.wav is a link, or no file.*1\.4 MB of it"
    ):
        await save()
    (blocker / "in the way").rmdir()
    blocker.rmdir()

    path = await save()

    assert SONG == path.read_bytes()
    assert 1 == len(host.seen)


OTHER_PROCESS = """
import fcntl, os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
fcntl.flock(fd, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""


async def test_another_process_is_waited_for(save: Saver, host: MediaHost) -> None:
    """A part that is locked elsewhere is left alone until the lock is gone."""
    pytest.importorskip("fcntl")
    save.folder.mkdir()
    part = save.folder / f"{NAME}.part"
    part.write_bytes(b"theirs")
    command = [sys.executable, "-c", OTHER_PROCESS, str(part)]

    async with await anyio.open_process(command) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        await other.stdout.receive()
        saving = asyncio.create_task(save())
        while len(save.clock.slept) < 3:
            await anyio.lowlevel.checkpoint()
        seen_before = len(host.seen), part.read_bytes()
        await other.stdin.aclose()
        path = await saving

    assert (0, b"theirs") == seen_before
    assert SONG == path.read_bytes()


async def test_without_file_locks_each_save_has_its_own_part(
    save: Saver, host: MediaHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the file system locks nothing, bytes are spent, and no file is spoilt."""
    fcntl = pytest.importorskip("fcntl")

    def no_locks(_fd: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    host.answers = [host.cut(500_000)]

    paths = await asyncio.gather(save(), save())

    assert 1 == len(set(paths))
    assert SONG == paths[0].read_bytes()
    assert [paths[0].name] == save.names
    assert PART_WAY in host.starts
    (save.folder / paths[0].name).unlink()
    paths[0].mkdir()
    with pytest.raises(DownloadError, match=r"\.wav is a link, or no file"):
        await save()
    assert [paths[0].name] == save.names


async def test_a_part_that_is_a_link_is_not_followed(
    save: Saver, tmp_path: Path
) -> None:
    """Whoever may write to the folder can't make us write elsewhere."""
    precious = tmp_path / "precious"
    precious.write_text("mine")
    save.folder.mkdir()
    (save.folder / f"{NAME}.part").symlink_to(precious)

    with pytest.raises(DownloadError, match=r"\.part is a link, or no file: remove it"):
        await save()

    assert "mine" == precious.read_text()


@pytest.mark.parametrize(
    "note",
    [
        pytest.param(b'{"total": []}', id="wrong-type"),
        pytest.param(b'{"totals": 1}', id="wrong-name"),
        pytest.param(b'{"total": 1', id="cut"),
        pytest.param(b"[" * 4096, id="deep"),
        pytest.param(bytes(90), id="zeros"),
    ],
)
async def test_a_note_that_is_rubbish_is_not_trusted(
    save: Saver, host: MediaHost, note: bytes
) -> None:
    """A part that nobody can vouch for is begun again."""
    save.folder.mkdir()
    (save.folder / f"{NAME}.part").write_bytes(b"RIFF rubbish")
    (save.folder / f"{NAME}.part.json").write_bytes(note)

    path = await save()

    assert SONG == path.read_bytes()
    assert [None] == host.starts
    assert [path.name] == save.names


NOTE = ResumeInfo(source="host/song.wav", validator='"one"', total=len(SONG))


def begun(folder: Path) -> PartialFile:
    part = PartialFile(folder, "song")
    assert part.claim()
    part.append([SONG[:1000]], NOTE)
    return part


def test_a_process_that_was_killed_leaves_a_part_to_go_on_with(tmp_path: Path) -> None:
    """The note is there from the start, not only after an orderly end."""
    pytest.importorskip("fcntl")
    killed = begun(tmp_path)
    assert killed._fd is not None
    os.close(killed._fd)
    part = PartialFile(tmp_path, "song")

    is_claimed = part.claim()

    assert is_claimed
    assert NOTE == part.info
    assert 1000 == part.resumable("host/song.wav")
    assert 0 == part.resumable("host/other.wav")
    assert "<PartialFile 'song.part' 1000 bytes>" == repr(part)
    part.close()


def test_what_nobody_can_go_on_with_is_removed(tmp_path: Path) -> None:
    """A host that gives no ETag and no date gives nothing to go on from."""
    part = begun(tmp_path)
    part.append([SONG[:1000]], ResumeInfo(source="host/song.wav"))

    part.close()

    assert [] == list(tmp_path.iterdir())


def test_a_thread_that_comes_late_does_no_harm(tmp_path: Path) -> None:
    """What a cancelled save still wanted to write is not written."""
    pytest.importorskip("fcntl")
    late = begun(tmp_path)
    late.close()
    part = PartialFile(tmp_path, "song")
    assert part.claim()

    with pytest.raises(AssertionError, match="the part is closed"):
        late.append([b"late"])
    is_claimed = late.claim()

    assert not is_claimed
    assert SONG[:1000] == part.path.read_bytes()
    part.close()


def test_a_published_part_takes_nothing_of_the_next_with_it(tmp_path: Path) -> None:
    """After the final name is given, another may have a part of the old name."""
    pytest.importorskip("fcntl")
    part = begun(tmp_path)
    part.append([SONG[1000:]])
    part.publish(clip(None), None, ".wav")
    other = begun(tmp_path)

    part.close()

    assert other.path.exists()
    assert tmp_path / "song.wav" == other.published(8.0)
    other.close()
