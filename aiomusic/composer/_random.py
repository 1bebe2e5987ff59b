"""Random numbers that are the same on every machine."""

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar, final

T = TypeVar("T")


@final
class SeededRandom:
    """
    A random source that is seeded by *words* alone.

    Each decision has its own source, so that one decision never changes another.
    Only ``Random.random()`` is used: its sequence is guaranteed for every Python
    version, that of ``choice()`` and ``shuffle()`` is not.
    """

    __slots__ = ("_random",)

    def __init__(self, *words: object) -> None:
        text = "\x1f".join(str(word) for word in words)
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        # For music, not for secrets.
        self._random = random.Random(int.from_bytes(digest, "big"))

    def __repr__(self) -> str:
        return "<SeededRandom>"

    def random(self) -> float:
        """Return a number in [0, 1)."""
        return self._random.random()

    def uniform(self, low: float, high: float) -> float:
        """Return a number in [*low*, *high*)."""
        return low + (high - low) * self.random()

    def randint(self, low: int, high: int) -> int:
        """Return an integer from *low* to *high*, both included."""
        return low + int(self.random() * (high - low + 1))

    def chance(self, probability: float) -> bool:
        """Return True with *probability*."""
        return self.random() < probability

    def choice(self, items: Sequence[T]) -> T:
        """Return one of *items*, with equal probabilities."""
        return items[int(self.random() * len(items))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return *items* in random order."""
        keyed = [(self.random(), position) for position in range(len(items))]
        return [items[position] for _, position in sorted(keyed)]
