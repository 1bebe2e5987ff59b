"""
Which sessions that share a journal are alive, and what the dead had sent.

Each holds a lock on a file of its own, which the kernel drops with the process,
however that ends.  Into it goes, just before the first byte of a create leaves, whose
create that is.  A process that is killed leaves the words that it wrote, so a create
that is not among them never went out.
"""

import contextlib
import json
import os
import uuid
import weakref
from collections.abc import Callable, Container
from pathlib import Path
from typing import IO, TypeAlias, final

import attrs

__all__ = ["Owner", "Purchase"]

Purchase: TypeAlias = tuple[str, int]
"""A key, and which purchase under it."""

# Words that are not synced outlive a process, but not the machine's next start.
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

if os.name == "nt":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_name(text: str) -> bool:
    return len(text) == len(uuid.uuid4().hex) and text.isalnum()


def _boot_id() -> str | None:
    """Tell one start of the machine from the next; None: it can't be told."""
    try:
        return BOOT_ID.read_text().strip() or None
    except OSError:
        return None


def _forgetting(owner: "weakref.ref[Owner]") -> Callable[[], None]:
    """Let a fork forget an owner, and not keep one that is gone for its sake."""

    def forget() -> None:
        found = owner()
        if found is not None:
            found._forget()

    return forget


@final
@attrs.define(eq=False)
class Owner:
    """
    One session, for as long as it lives.

    Args:
        journal: The journal's file; the locks stand beside it.

    Attributes:
        sent: What may be at the service, of all that this session has sent.
    """

    _journal: Path
    name: str = attrs.field(factory=lambda: uuid.uuid4().hex, init=False)
    sent: set[Purchase] = attrs.field(factory=set, init=False)
    _file: IO[bytes] | None = attrs.field(default=None, init=False)

    def acquire(self) -> None:
        """Come alive; OSError if the lock can't be had."""
        path = self._path(self.name)
        # It gets its name once it is locked, so that nobody takes it for a dead one.
        young = path if os.name == "nt" else self._path(f"{self.name}-young")
        descriptor = os.open(young, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(descriptor, "r+b", buffering=0)
        _lock(self._file)
        if hasattr(os, "register_at_fork"):
            # A child that goes on when its parent dies must not pass for it.
            os.register_at_fork(after_in_child=_forgetting(weakref.ref(self)))
        self._say(_boot_id())
        if young != path:
            young.rename(path)

    def note_sent(self, purchase: Purchase) -> None:
        """Write down that a create is about to leave; OSError: it must not."""
        self._say([*purchase, True])
        self.sent.add(purchase)

    def note_unsent(self, purchase: Purchase) -> None:
        """Write down that a create was refused, or did not leave after all."""
        self.sent.discard(purchase)
        # What can't be written leaves it as sent, which buys nothing twice.
        with contextlib.suppress(OSError):
            self._say([*purchase, False])

    def note_settled(self, purchase: Purchase) -> None:
        """Hold no more that it was sent: what became of it is written down."""
        self.sent.discard(purchase)

    def sent_by(self, name: str) -> set[Purchase] | None:
        """Give what a session that is gone may have sent; None: it can't be told."""
        try:
            lines = self._path(name).read_bytes().splitlines()
            boot, *words = (json.loads(line) for line in lines)
            sent = {(key, attempt): is_sent for key, attempt, is_sent in words}
        except (OSError, TypeError, ValueError):
            return None
        if boot is None or boot != _boot_id():
            return None
        return {purchase for purchase, is_sent in sent.items() if is_sent}

    def bury(self, needed: Container[str] = ()) -> None:
        """Remove the files of sessions that are gone, but for those *needed*."""
        start = self._path("").name
        with contextlib.suppress(OSError):
            for path in self._journal.parent.iterdir():
                name = path.name.removeprefix(start)
                is_one = name != path.name and _is_name(name) and name not in needed
                if is_one and not self.is_alive(name):
                    self.remove(name)

    def remove(self, name: str) -> None:
        """Remove the file of a session that is gone."""
        with contextlib.suppress(OSError):
            self._path(name).unlink()

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
        try:
            file = self._path(name).open("r+b")
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
            return False

    def _say(self, words: object) -> None:
        if self._file is None:
            message = "the session's own file is closed"
            raise OSError(message)
        line = json.dumps(words).encode() + b"\n"
        if self._file.write(line) != len(line):
            message = "the disk is full"
            raise OSError(message)

    def _forget(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _path(self, name: str) -> Path:
        return self._journal.with_name(f"{self._journal.name}-owner-{name}")
