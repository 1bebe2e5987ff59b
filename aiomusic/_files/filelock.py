"""Files that are opened with care and locked, and in words what a disk refuses."""

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import final

from aiomusic.errors import Retry

if sys.platform != "win32":
    import fcntl

__all__ = [
    "DiskError",
    "NoLocks",
    "check_replaceable",
    "disk",
    "open_locked",
    "open_regular",
    "sync_folder",
]


@final
class DiskError(Exception):
    """
    The disk refuses.

    No OSError, as the network raises these too.
    """

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(str(error))
        self.path = path
        self.error = error

    @property
    def retry(self) -> Retry:
        """Whether it may pass."""
        return _WORDS.get(self.error.errno or 0, ("", Retry.LATER))[1]

    @property
    def sentence(self) -> str:
        """What became of which path, and what to do."""
        reason = self.error.strerror or type(self.error).__name__
        other = (f"can't be written: {reason}. Choose another folder.", Retry.LATER)
        return f"{self.path} {_WORDS.get(self.error.errno or 0, other)[0]}"


@final
class NoLocks(Exception):
    """Here, files can't be locked: on Windows, and on some network drives."""


@contextlib.contextmanager
def disk(path: Path) -> Iterator[None]:
    """
    Raise DiskError in place of OSError, which the network raises too.

    Raises:
        DiskError: In place of an OSError.
    """
    try:
        yield
    except OSError as error:
        raise DiskError(path, error) from error


def open_regular(path: Path, flags: int = 0) -> int:
    """Open a file for writing, if it is one, and nothing that leads elsewhere."""
    flags |= os.O_RDWR | getattr(os, "O_BINARY", 0)
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    fd = os.open(path, flags, 0o666)
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        os.close(fd)
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    return fd


def open_locked(path: Path) -> int | None:
    """
    Open a file, made if it is missing, and lock it until it is closed.

    Returns:
        None while somebody else has it.

    Raises:
        NoLocks: It can't be locked, and is not there if it was not before.
    """
    fd = open_regular(path, os.O_CREAT)
    try:
        is_ours = _lock(fd) and _is_named(fd, path)
    except NoLocks:
        is_empty = os.fstat(fd).st_size == 0
        # First closed, as Windows removes no file that is open.
        os.close(fd)
        if is_empty:
            with contextlib.suppress(OSError):
                path.unlink()
        raise
    if is_ours:
        return fd
    os.close(fd)
    return None


def _lock(fd: int) -> bool:
    if sys.platform != "win32":
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise NoLocks from error
        return True
    raise NoLocks


def _is_named(fd: int, path: Path) -> bool:
    """Check whether who had the lock before left the file under its name."""
    try:
        return os.path.samestat(os.fstat(fd), os.lstat(path))
    except FileNotFoundError:
        return False


def check_replaceable(path: Path) -> None:
    """
    See that a file may get this name: none but a file or a link has it.

    Raises:
        OSError: A pipe, a device or a folder has it, which somebody else may use.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))


def sync_folder(folder: Path) -> None:
    """Make names last: a power cut must not undo a rename."""
    # Windows opens no folders, and some file systems sync none.
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


_FULL = ("found the disk full: free some space, then save it again.", Retry.LATER)
_DENIED = (
    "may not be written: choose another folder, or change its permissions.",
    Retry.AFTER_EDIT,
)
_NO_FOLDER = (
    "is not a folder, or lies in what is none: choose another folder.",
    Retry.AFTER_EDIT,
)
_NO_FILE = ("is a link, or no file: remove it, then save again.", Retry.AFTER_EDIT)

_WORDS: Mapping[int, tuple[str, Retry]] = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: ("is over your disk quota: free some space.", Retry.LATER),
    errno.EFBIG: (
        "may not grow that big there: choose another disk.",
        Retry.AFTER_EDIT,
    ),
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EROFS: ("is on a read-only disk: choose another folder.", Retry.AFTER_EDIT),
    errno.ENOTDIR: _NO_FOLDER,
    errno.EEXIST: _NO_FOLDER,
    errno.ELOOP: _NO_FILE,
    errno.EISDIR: _NO_FILE,
    errno.ENXIO: _NO_FILE,
    errno.ENAMETOOLONG: ("is too long a path: choose another.", Retry.AFTER_EDIT),
}
