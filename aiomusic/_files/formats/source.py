"""Bytes of a file at any place, in bounded memory, and what is found in them."""

from collections.abc import Callable
from typing import IO, TypeAlias, final

import attrs

__all__ = ["Probe", "Sound", "Source"]

BLOCK_BYTES = 256 * 1024


@final
@attrs.define(eq=False)
class Source:
    """A file that is read here and there; what is near costs no system call."""

    _file: IO[bytes]
    size: int
    _start: int = attrs.field(default=0, init=False)
    _block: bytes = attrs.field(default=b"", init=False)

    def read(self, at: int, count: int) -> bytes:
        """Return the bytes from *at*; fewer at the end of the file."""
        here = at - self._start
        if here < 0 or here + count > len(self._block):
            self._file.seek(at)
            self._block = self._file.read(max(count, BLOCK_BYTES))
            self._start, here = at, 0
        return self._block[here : here + count]

    def near(self, at: int) -> tuple[bytes, int]:
        """Return a block that holds the byte *at*, and where it begins."""
        self.read(at, 1)
        return self._block, self._start

    def big(self, at: int, count: int) -> int:
        """Return the big-endian number there."""
        return int.from_bytes(self.read(at, count), "big")

    def little(self, at: int, count: int) -> int:
        """Return the little-endian number there."""
        return int.from_bytes(self.read(at, count), "little")


@final
@attrs.frozen(kw_only=True)
class Sound:
    """
    What a file's own bytes tell.

    Attributes:
        seconds: How long what is there plays; None: that can't be told.
        damage: What shows that it is not whole, or none of its kind at all.
        has_end: Whether it ends as its kind does: in a whole frame, with its mark.
    """

    seconds: float | None = None
    damage: str | None = None
    has_end: bool = True


Probe: TypeAlias = Callable[[Source, int], Sound]
"""Examines what begins at a place of a file."""
