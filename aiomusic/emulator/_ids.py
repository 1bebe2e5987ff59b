"""Ids that look random and are derived from a seed."""

import hashlib
from typing import final

__all__ = ["Ids"]


@final
class Ids:
    """
    Makes UUIDs of version 4; equal seeds give equal ids.

    API: task ids and clip ids are UUID v4 (common rules).
    """

    __slots__ = ("_salt",)

    def __init__(self, seed: int) -> None:
        self._salt = str(seed).encode()[:64]

    def make(self, kind: str, number: int, part: int = 0) -> str:
        """Return the id of a *part* of the *number*-th thing of a *kind*."""
        text = f"{kind}/{number}/{part}".encode()
        seen = hashlib.blake2b(text, key=self._salt, digest_size=16).hexdigest()
        variant = "89ab"[int(seen[16], 16) & 3]
        head = f"{seen[:8]}-{seen[8:12]}-4{seen[13:16]}"
        return f"{head}-{variant}{seen[17:20]}-{seen[20:]}"
