"""
Audio on this machine that is to be uploaded: checked, and known by what it holds.

In a request, and so in a journal, it is the address ``file:///…#sha256=…&size=…``: a
file that is another one by the time that it is sent is noticed, and not sent.
"""

import errno
import hashlib
import io
import os
import stat
from pathlib import Path, PurePath
from typing import Final, Self, final
from urllib.parse import parse_qs, quote_from_bytes, unquote_to_bytes, urlsplit

import attrs

from aiomusic._magic import HEAD_BYTES, not_music, sniff
from aiomusic._spelling import shown

__all__ = ["MAX_FILE_BYTES", "BadFile", "LocalFile"]

MAX_FILE_BYTES: Final = 200_000_000
"""Eight minutes, the most that is taken, of the largest usual WAV."""

_CHUNK: Final = 1 << 20
_DIGEST_CHARS: Final = 64
_MAX_DIGITS: Final = 12


@final
class BadFile(Exception):
    """
    A file can't be uploaded.

    Attributes:
        seen: What it is instead, as in ``is a folder``.
        rule: What it must be.
    """

    def __init__(self, seen: str, rule: str) -> None:
        super().__init__(f"{seen}; {rule}")
        self.seen = seen
        self.rule = rule


@final
@attrs.frozen(kw_only=True)
class LocalFile:
    """A file of audio that was looked at."""

    path: Path
    size_bytes: int
    sha256: str

    @classmethod
    def read(cls, path: PurePath) -> Self:
        """
        Look at a file.

        Raises:
            BadFile: It is none that can be uploaded.
        """
        try:
            found = Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100
            with _opened(found) as file:
                size = os.fstat(file.fileno()).st_size
                _check_content(found, size, file.read(HEAD_BYTES))
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except (OSError, ValueError, RuntimeError) as error:
            raise _unreadable(path, error) from error
        return cls(path=found, size_bytes=size, sha256=digest)

    @classmethod
    def from_address(cls, address: object) -> "LocalFile | None":
        """Read an address that `address` made; None: it is another one."""
        if not isinstance(address, str) or not address.startswith("file:///"):
            return None
        parts = urlsplit(address)
        known = parse_qs(parts.fragment)
        digest, size = (known.get(name, [""])[0] for name in ("sha256", "size"))
        is_ours = len(digest) == _DIGEST_CHARS and size.isdecimal()
        if not is_ours or len(size) > _MAX_DIGITS:
            return None
        text = os.fsdecode(unquote_to_bytes(parts.path))
        path = Path(text.removeprefix("/") if os.name == "nt" else text)
        return cls(path=path, size_bytes=int(size), sha256=digest)

    @property
    def address(self) -> str:
        """What stands for it in a request."""
        path = quote_from_bytes(os.fsencode(self.path.as_posix()))
        root = "" if path.startswith("/") else "/"
        return f"file://{root}{path}#sha256={self.sha256}&size={self.size_bytes}"

    def check(self) -> None:
        """
        Look at it again, before it is paid for.

        Raises:
            BadFile: It is gone, or another one.
        """
        if LocalFile.read(self.path) != self:
            seen = f"is {shown(str(self.path))}, which has changed since it was called"
            raise BadFile(seen, "upload it again")

    def open(self) -> io.BufferedReader:
        """
        Open it to be served.

        Raises:
            OSError: It can't be read, or has another size.
        """
        file = _opened(self.path)
        if os.fstat(file.fileno()).st_size != self.size_bytes:
            file.close()
            raise OSError(errno.ESTALE, "the file has changed", str(self.path))
        return file


def _opened(path: Path) -> io.BufferedReader:
    """Open what is itself a regular file; a pipe would be waited for."""
    if path.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
    fd = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        is_folder = stat.S_ISDIR(os.fstat(fd).st_mode)
        os.close(fd)
        kind = errno.EISDIR if is_folder else errno.EINVAL
        raise OSError(kind, os.strerror(kind), str(path))
    return os.fdopen(fd, "rb")


def _check_content(path: Path, size: int, head: bytes) -> None:
    named = shown(str(path))
    if size > MAX_FILE_BYTES:
        rule = f"at most {MAX_FILE_BYTES:,} bytes are uploaded"
        raise BadFile(f"is {named}, which has {size:,} bytes", rule)
    other = not_music(head)
    if other is None and sniff(head) is None:
        other = "no kind of audio that is known"
    if other is not None:
        raise BadFile(f"is {named}, which holds {other}", "it must be a file of audio")


_KINDS: Final = {
    errno.ELOOP: ("is a symbolic link", "give the file that it leads to"),
    errno.EISDIR: ("is a folder", "give one file"),
    errno.EINVAL: ("is no regular file", "give a file of audio"),
    errno.ENOENT: ("does not exist", "give a file of audio"),
    errno.ENOTDIR: ("does not exist", "give a file of audio"),
}


def _unreadable(path: PurePath, error: Exception) -> BadFile:
    number = error.errno if isinstance(error, OSError) and error.errno else 0
    why = getattr(error, "strerror", None) or str(error)
    seen, rule = _KINDS.get(number, (f"can't be read: {why}", "give a readable file"))
    return BadFile(f"is {shown(str(path))}, which {seen}", rule)
