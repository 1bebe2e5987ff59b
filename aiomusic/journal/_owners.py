"""Which sessions that share a journal are alive: each holds a lock on its own file."""

import contextlib
import os
import uuid
from pathlib import Path
from typing import IO, final

import attrs

__all__ = ["Owner"]

if os.name == "nt":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        # The kernel drops it with the process, however that ends.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_name(text: str) -> bool:
    return len(text) == len(uuid.uuid4().hex) and text.isalnum()


@final
@attrs.define(eq=False)
class Owner:
    """
    One session, for as long as it lives.

    Args:
        journal: The journal's file; the locks stand beside it.
    """

    _journal: Path
    name: str = attrs.field(factory=lambda: uuid.uuid4().hex, init=False)
    _file: IO[bytes] | None = attrs.field(default=None, init=False)

    def acquire(self) -> None:
        """Come alive, and clear away the dead; OSError if the lock can't be had."""
        path = self._path(self.name)
        # It gets its name once it is locked, so that nobody takes it for a dead one.
        young = path if os.name == "nt" else self._path(f"{self.name}-young")
        descriptor = os.open(young, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(descriptor, "r+b")
        _lock(self._file)
        if hasattr(os, "register_at_fork"):
            # A child that goes on when its parent dies must not pass for it.
            os.register_at_fork(after_in_child=self._forget)
        if young != path:
            young.rename(path)
        self._bury()

    def _bury(self) -> None:
        """Remove the files of sessions that died without a job of theirs left."""
        start = self._path("").name
        with contextlib.suppress(OSError):
            for path in self._journal.parent.iterdir():
                name = path.name.removeprefix(start)
                if name != path.name and _is_name(name):
                    self.is_alive(name)

    def _forget(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def release(self) -> None:
        """Be gone."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self._path(self.name).unlink(missing_ok=True)

    def is_alive(self, name: str) -> bool:
        """Tell whether the session of that name still runs."""
        if name == self.name:
            return True
        path = self._path(name)
        try:
            file = path.open("r+b")
        except FileNotFoundError:
            return False
        except OSError:
            # Another user's: what can't be told dead is left alone.
            return True
        with file:
            try:
                _lock(file)
            except OSError:
                return True
            with contextlib.suppress(OSError):
                path.unlink()
            return False

    def _path(self, name: str) -> Path:
        return self._journal.with_name(f"{self._journal.name}-owner-{name}")
