"""What the disk refuses is told, with the path and what to do."""

import contextlib
import errno
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import media_host
import pytest
from media_host import NAME, SONG, Saver

from aiomusic._files import filelock
from aiomusic._files.filelock import DiskError, disk, open_locked, open_regular
from aiomusic.errors import DownloadError, Retry

pytestmark = pytest.mark.anyio
host, client = media_host.host, media_host.client
tagging_save, save = media_host.tagging_save, media_host.save


async def test_a_file_in_place_of_the_folder_is_an_error(save: Saver) -> None:
    """The sentence names the path, and says what to do."""
    save.folder.write_text("mine")
    expected = f"{re.escape(str(save.folder))} is not a folder.*choose another folder"

    with pytest.raises(DownloadError, match=expected) as caught:
        await save()

    assert isinstance(caught.value.__cause__, OSError)
    assert "mine" == save.folder.read_text()


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Give up root's right to write anywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
async def test_a_folder_that_can_not_be_written_is_an_error(
    save: Saver, tmp_path: Path
) -> None:
    """The sentence names the path, and nothing is fetched for nothing."""
    save.folder.mkdir(mode=0o555)

    with (
        as_nobody(),
        pytest.raises(DownloadError, match="may not be written") as caught,
    ):
        await save()

    assert str(tmp_path) in str(caught.value)
    assert Retry.AFTER_EDIT is caught.value.retry
    assert [] == save.names


async def test_a_file_that_may_not_grow_is_an_error(save: Saver) -> None:
    """Nothing half-written stands under the final name, and the next save goes on."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, limits[1]))
    try:
        with pytest.raises(
            DownloadError, match=r"may not grow that big.*0\.7 MB of it"
        ):
            await save()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    names = save.names

    path = await save()

    assert [f"{NAME}.part", f"{NAME}.part.json"] == names
    assert SONG == path.read_bytes()


FULL_DISK = """
import asyncio, pathlib, subprocess, sys
sys.path[:0] = sys.argv[2:]
import media_host
from aiomusic._files.media import MediaClient
from aiomusic._files import filelock
from aiomusic._files.filelock import DiskError, disk, open_locked, open_regular
from aiomusic.errors import DownloadError

async def main(folder):
    async with media_host.started() as host:
        client = MediaClient(host.url, timeout_s=5)
        clip = media_host.clip(host.url)
        save = media_host.Saver(clip=clip, folder=folder, client=client)
        try:
            await save()
        except DownloadError as error:
            print(error, save.names)
        await client.aclose()

mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "x", sys.argv[1]]
subprocess.run(mount, check=True)
asyncio.run(main(pathlib.Path(sys.argv[1])))
"""


@pytest.mark.slow
async def test_a_full_disk_is_an_error(tmp_path: Path) -> None:
    """The sentence names the path; nothing half-written has the final name."""
    tests = Path(__file__).parent
    command = [
        *("unshare", "--map-root-user", "--mount", sys.executable, "-c", FULL_DISK),
        *(str(tmp_path), str(tests), str(tests.parent.parent)),
    ]
    try:
        probe = await anyio.run_process([*command[:3], "true"], check=False)
    except FileNotFoundError:
        probe = None
    if probe is None or probe.returncode != 0:
        pytest.skip("only Linux with user namespaces gives a test a disk of its own")

    done = await anyio.run_process(command, check=False)

    expected = rf"{NAME}.part found the disk full: free some space.*0.. MB of it wait"
    assert re.search(expected, done.stdout.decode()), done.stderr.decode()
    assert f"['{NAME}.part', '{NAME}.part.json']" in done.stdout.decode()


def test_a_trouble_without_words_of_ours_is_told_in_the_systems(tmp_path: Path) -> None:
    """It may pass, for all we know."""
    trouble = DiskError(tmp_path, OSError(errno.EIO, "Input/output error"))

    assert (
        f"{tmp_path} can't be written: Input/output error. Choose another folder."
        == trouble.sentence
    )
    assert Retry.LATER is trouble.retry


def test_a_lock_is_had_by_one(tmp_path: Path) -> None:
    """Also within one process, and until the file is closed."""
    pytest.importorskip("fcntl")
    path = tmp_path / "part"
    first = open_locked(path)

    second = open_locked(path)

    assert first is not None
    assert second is None
    os.close(first)
    third = open_locked(path)
    assert third is not None
    os.close(third)


@pytest.mark.parametrize("trick", ["symlink", "hard-link", "pipe", "folder"])
def test_only_a_file_of_its_own_is_opened(tmp_path: Path, trick: str) -> None:
    """Nothing that leads elsewhere is written to, or waited for."""
    path, precious = tmp_path / "part", tmp_path / "precious"
    precious.write_text("mine")
    if trick == "symlink":
        path.symlink_to(precious)
    elif trick == "hard-link":
        path.hardlink_to(precious)
    elif trick == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()

    with (
        pytest.raises(DiskError, match="Too many levels|Is a directory") as caught,
        disk(path),
    ):
        open_regular(path)

    assert "is a link, or no file: remove it, then save again." in caught.value.sentence
    assert "mine" == precious.read_text()


@pytest.mark.parametrize("has_heir", [False, True], ids=["gone", "another"])
def test_a_lock_on_a_file_that_lost_its_name_is_none(
    tmp_path: Path, *, has_heir: bool
) -> None:
    """Who waited for a file that was published meanwhile does not have the part."""
    path = tmp_path / "part"
    fd = open_regular(path, os.O_CREAT)
    assert filelock._is_named(fd, path)

    path.rename(tmp_path / "song.wav")
    if has_heir:
        path.touch()

    assert not filelock._is_named(fd, path)
    os.close(fd)
