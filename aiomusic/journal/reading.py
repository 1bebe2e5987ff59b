"""What every reader of a journal answers, by the same programs."""

from collections.abc import Callable
from functools import partial
from typing import ClassVar, TypeVar

from aiomusic.journal import (
    EVERYTHING,
    Grouping,
    Identity,
    Record,
    Spending,
    Wanted,
    accounts,
    listing,
)
from aiomusic.journal.programs import Program
from aiomusic.journal.sql_syntax import SqlSyntax

__all__ = ["Reader"]

R = TypeVar("R")


class Reader:
    """
    Lists a journal, and never changes it; each database has its own way to `run`.

    Attributes:
        sql: What statements are spelled in.
        identity: Whose rows are told from those of others; None: nobody's.
    """

    sql: ClassVar[SqlSyntax]
    identity: Identity | None

    async def find_near(self, start: str, limit: int = 2) -> list[str]:
        """Return keys that begin so."""

        def program() -> Program[list[str]]:
            account = yield from accounts.sought(self.identity)
            return (yield from listing.find_near(account, start, limit))

        return await self.run(program)

    async def bought(self, keys: list[str]) -> set[str]:
        """Return which keys were bought, or may have been."""

        def program() -> Program[set[str]]:
            account = yield from accounts.sought(self.identity)
            return (yield from listing.bought(self.sql, account, keys))

        return await self.run(program)

    async def others(self) -> list[str]:
        """Return the names of the accounts that are not one's own, if that is told."""

        def program() -> Program[list[str]]:
            return (yield from accounts.others((yield from self._seen())))

        return await self.run(program)

    async def accounts_with(self, key: str) -> list[str]:
        """Return the names of the accounts that have a job of that key."""
        return await self.run(partial(accounts.with_key, key))

    async def neighbours(self, keys: list[str]) -> list[str]:
        """Return keys, and of each those before and after it in their order."""
        return await self.run(partial(listing.neighbours, keys))

    async def records(self, wanted: Wanted = EVERYTHING) -> list[Record]:
        """Return the last purchase under every key and all that is open."""

        def program() -> Program[list[Record]]:
            seen = yield from self._seen()
            return (yield from listing.records(self.sql, wanted, seen))

        return await self.run(program)

    async def spending(
        self, by: Grouping = "operation", tag: str | None = None
    ) -> dict[str, Spending]:
        """Add up what was bought, by operation, by day, or by a metadata name."""

        def program() -> Program[dict[str, Spending]]:
            seen = yield from self._seen()
            return (yield from listing.spending(self.sql, by, tag, seen))

        return await self.run(program)

    async def states(self) -> dict[str, int]:
        """Count purchases by state."""

        def program() -> Program[dict[str, int]]:
            return (yield from listing.states((yield from self._seen())))

        return await self.run(program)

    def _seen(self) -> Program[int | None]:
        if self.identity is None:
            return None
        return (yield from accounts.sought(self.identity))

    async def run(self, program: Callable[[], Program[R]]) -> R:
        """
        Run a program that only reads.

        Raises:
            JournalError: The journal can't be read.
        """
        raise NotImplementedError
