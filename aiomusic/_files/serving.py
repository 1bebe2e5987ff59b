"""Local files that the service fetches: each under a name that nobody can guess."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import BinaryIO, Final, final

import attrs

from aiomusic._local_file import BadFile, LocalFile

__all__ = ["ServedFile", "ServedFiles"]

CHUNK_BYTES: Final = 1 << 20
_TYPES: Final = {
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".m4a": "audio/mp4",
}


@final
@attrs.define(eq=False)
class ServedFile:
    """
    A file that a job is about, and that may be fetched once, whole.

    Attributes:
        file: What is read.
        is_taken: Whether it was fetched, or is being.
        is_again: Whether another session served it before: it may have changed since.
    """

    file: LocalFile
    is_taken: bool = False
    is_again: bool = False

    @property
    def headers(self) -> Mapping[str, str]:
        """What to answer with."""
        kind = _TYPES.get(self.file.path.suffix.lower(), "application/octet-stream")
        size = str(self.file.size_bytes)
        return {
            "Content-Type": kind,
            "Content-Length": size,
            "Cache-Control": "no-store",
        }

    async def pieces(self) -> AsyncGenerator[bytes]:
        """
        Yield what it holds; one who breaks off may fetch it again.

        Raises:
            OSError: It can't be read, or has changed.
        """
        if self.is_taken:
            raise OSError("the file was fetched already")
        self.is_taken, is_whole = True, False
        try:
            if self.is_again:
                await asyncio.to_thread(self._check)
            with await asyncio.to_thread(self.file.open) as file:
                async for piece in _read(file, self.file.size_bytes):
                    yield piece
            is_whole = True
        finally:
            self.is_taken = is_whole

    def _check(self) -> None:
        try:
            self.file.check()
        except BadFile as error:
            raise OSError(str(error)) from error


async def _read(file: BinaryIO, size: int) -> AsyncIterator[bytes]:
    left = size
    while left:
        piece = await asyncio.to_thread(file.read, min(left, CHUNK_BYTES))
        if not piece:
            raise OSError("the file has become shorter")
        left -= len(piece)
        yield piece


@final
@attrs.define(eq=False, repr=False)
class ServedFiles:
    """
    The files of jobs that are open, by the name that each is fetched under.

    Who knows the secret can tell the name, and nobody else: so the next session serves
    a file under the name that the last one gave to the service.
    """

    _base: str
    _secret: str
    _files: dict[str, ServedFile] = attrs.field(factory=dict, init=False)
    _names: dict[str, str] = attrs.field(factory=dict, init=False)

    def __len__(self) -> int:
        return len(self._files)

    def publish(self, job_key: str, file: LocalFile, *, is_again: bool = False) -> str:
        """
        Serve a job's file, in place of what was served for it; give the address.

        Args:
            job_key: What tells it from the files of all other purchases.
            is_again: Whether a session before served it.
        """
        self.withdraw(job_key)
        known = f"aiomusic file\0{file.sha256}\0{job_key}".encode(errors="replace")
        digest = hmac.digest(self._secret.encode(), known, hashlib.sha256)
        name = digest.hex() + file.path.suffix.lower()
        self._names[job_key] = name
        self._files[name] = ServedFile(file, is_again=is_again)
        return f"{self._base.rstrip('/')}/files/{name}"

    def withdraw(self, job_key: str) -> None:
        """Serve a job's file no longer."""
        self._files.pop(self._names.pop(job_key, ""), None)

    def find(self, name: str) -> ServedFile | None:
        """Return what may be fetched under a name."""
        found = self._files.get(name)
        return None if found is None or found.is_taken else found

    def clear(self) -> None:
        """Serve nothing any more."""
        self._files.clear()
        self._names.clear()
