"""
Which sessions that share a journal file are alive, and what each may have sent.

Each session holds a lock on a file of its own, which the kernel drops with the
process, however that ends.  In that file it marks, just before the first byte of a
create leaves, whose create that is: the mark is part of the purchase's row, kept apart
because it must be written within microseconds.  A process that is killed leaves its
marks, so a create without one never went out.
"""

import contextlib
import hashlib
import os
import time
import uuid
import weakref
from collections.abc import Callable, Container
from pathlib import Path
from typing import IO, TypeAlias, final

import attrs

__all__ = ["Purchase", "SessionLock", "lock_file"]

Purchase: TypeAlias = tuple[str, int]
"""A key, and which purchase under it."""

# Marks are not synced: they outlive a process, but not the machine's next start.
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
HEADER_BYTES = 64
MARK_BYTES = 16
NO_MARK = bytes(MARK_BYTES)
# What a file is called until it is locked, and how long that takes at the most.
YOUNG = "-young"
YOUNG_S = 60.0

if os.name == "nt":
    import msvcrt

    def lock_file(file: IO[bytes]) -> None:
        """Lock a file for as long as it is open; OSError: another has."""
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]

else:
    import fcntl

    def lock_file(file: IO[bytes]) -> None:
        """Lock a file for as long as it is open; OSError: another has."""
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_name(text: str) -> bool:
    return len(text) == len(uuid.uuid4().hex) and text.isalnum()


def _boot_id() -> bytes:
    """Return an id of this start of the machine; empty: it can't be told."""
    try:
        return BOOT_ID.read_bytes().strip()[:HEADER_BYTES]
    except OSError:
        return b""


def _mark(purchase: Purchase) -> bytes:
    key, attempt = purchase
    text = f"{attempt} {key}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=MARK_BYTES).digest()


def _check_holds(path: Path) -> None:
    """Refuse a file system that grants every lock: the living would look dead."""
    with path.open("r+b") as second:
        try:
            lock_file(second)
        except OSError:
            return
    message = (
        "its file system grants the same lock twice, so sessions can't be told"
        " apart; keep the journal on a local disk"
    )
    raise OSError(message)


def _remove_old(path: Path) -> None:
    """Remove a file whose session was killed before it had locked it."""
    with contextlib.suppress(OSError):
        if time.time() - path.stat().st_mtime > YOUNG_S:
            path.unlink()


def _forgetting(lock: "weakref.ref[SessionLock]") -> Callable[[], None]:
    """Let a fork forget a lock, and not keep one that is gone for its sake."""

    def forget() -> None:
        found = lock()
        if found is not None:
            found.forget()

    return forget


@final
@attrs.define(eq=False)
class SessionLock:
    """
    One session, for as long as it lives.

    Args:
        journal: The journal's file; the locks stand beside it.
    """

    _journal: Path
    name: str = attrs.field(factory=lambda: uuid.uuid4().hex, init=False)
    # Where in the file the mark of each purchase stands, and which places are free.
    _places: dict[Purchase, int] = attrs.field(factory=dict, init=False)
    _free: list[int] = attrs.field(factory=list, init=False)
    _file: IO[bytes] | None = attrs.field(default=None, init=False)

    def acquire(self) -> None:
        """Come alive; OSError if the lock can't be had, or does not hold."""
        path = self._path(self.name)
        # It gets its name once it is locked, so that nobody takes it for a dead one.
        young = path if os.name == "nt" else self._path(f"{self.name}{YOUNG}")
        descriptor = os.open(young, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(descriptor, "r+b", buffering=0)
        try:
            lock_file(self._file)
            _check_holds(young)
            self._write(0, _boot_id().ljust(HEADER_BYTES, b"\0"))
            if young != path:
                young.rename(path)
        except BaseException:
            self.forget()
            young.unlink(missing_ok=True)
            raise
        if hasattr(os, "register_at_fork"):
            # A child that goes on when its parent dies must not pass for it.
            os.register_at_fork(after_in_child=_forgetting(weakref.ref(self)))

    def note_sent(self, purchase: Purchase) -> None:
        """Mark that a create is about to leave; OSError: it must not."""
        if purchase in self._places:
            return
        place = self._free.pop() if self._free else len(self._places)
        try:
            self._write(HEADER_BYTES + place * MARK_BYTES, _mark(purchase))
        except OSError:
            self._free.append(place)
            raise
        self._places[purchase] = place

    def clear(self, purchase: Purchase) -> None:
        """Take a mark back: it was refused, or the row tells by itself from now on."""
        place = self._places.pop(purchase, None)
        if place is None:
            return
        self._free.append(place)
        # What can't be written leaves it as sent, which buys nothing twice.
        with contextlib.suppress(OSError):
            self._write(HEADER_BYTES + place * MARK_BYTES, NO_MARK)

    def is_sent(self, name: str, purchase: Purchase) -> bool:
        """Check whether a create may have left; what can't be told, may."""
        if name == self.name:
            return purchase in self._places
        marks = self._marks_of(name)
        return marks is None or _mark(purchase) in marks

    def _marks_of(self, name: str) -> set[bytes] | None:
        """Return what a session that is gone has marked; None: it can't be told."""
        try:
            found = self._path(name).read_bytes() if _is_name(name) else b""
        except OSError:
            return None
        boot, marks = found[:HEADER_BYTES].rstrip(b"\0"), found[HEADER_BYTES:]
        if len(found) < HEADER_BYTES or not boot or boot != _boot_id():
            return None
        # A process is killed between two writes, never within one this short.
        count = -(-len(marks) // MARK_BYTES)
        return {marks[MARK_BYTES * i :][:MARK_BYTES] for i in range(count)}

    def clean_up(self, needed: Container[str] = ()) -> None:
        """Remove the files of sessions that are gone, but for those *needed*."""
        start = self._path("").name
        with contextlib.suppress(OSError):
            for path in self._journal.parent.iterdir():
                name = path.name.removeprefix(start)
                is_one = name != path.name and _is_name(name) and name not in needed
                if is_one and not self.is_alive(name):
                    self.remove(name)
                elif name != path.name and name.endswith(YOUNG):
                    _remove_old(path)

    def has_company(self) -> bool:
        """Check whether another session lives on the same journal."""
        start = self._path("").name
        with contextlib.suppress(OSError):
            for path in self._journal.parent.iterdir():
                name = path.name.removeprefix(start)
                is_one = name not in {path.name, self.name} and _is_name(name)
                if is_one and self.is_alive(name):
                    return True
        return False

    def remove(self, name: str) -> None:
        """Remove the file of a session that is gone."""
        if _is_name(name):
            with contextlib.suppress(OSError):
                self._path(name).unlink()

    def release(self) -> None:
        """Release and delete the lock."""
        if self._file is not None:
            self.forget()
            self._path(self.name).unlink(missing_ok=True)

    def forget(self) -> None:
        """Close the file, which releases the lock."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def is_alive(self, name: str) -> bool:
        """Check whether the session of that name still runs."""
        if name == self.name:
            return True
        if not _is_name(name):
            # No session has such a name, so nobody can be waited for.
            return False
        try:
            file = self._path(name).open("r+b")
        except FileNotFoundError:
            return False
        except OSError:
            # Another user's: what can't be told dead is left alone.
            return True
        with file:
            try:
                lock_file(file)
            except OSError:
                return True
            return False

    def _write(self, at: int, data: bytes) -> None:
        if self._file is None:
            message = "the session's own file is closed"
            raise OSError(message)
        self._file.seek(at)
        if self._file.write(data) != len(data):
            message = "the disk is full"
            raise OSError(message)

    def _path(self, name: str) -> Path:
        return self._journal.with_name(f"{self._journal.name}-owner-{name}")
