"""Scores in a compact form, to be kept or sent to a worker process."""

import pickle
import zlib

from aiomusic.composer import Score

__all__ = ["pack", "unpack"]


def pack(score: Score) -> bytes:
    """Return a score in a compact form for `unpack`."""
    return zlib.compress(pickle.dumps(score), level=1)


def unpack(packed: bytes) -> Score:
    """Return the score that `pack` packed in this process or its parent."""
    score = pickle.loads(zlib.decompress(packed))  # noqa: S301 - our own
    assert isinstance(score, Score)
    return score
