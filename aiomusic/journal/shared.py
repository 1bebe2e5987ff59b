"""What a journal in a database does by the same programs, whatever the database."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import attrs

from aiomusic._log import log
from aiomusic.errors import JournalError
from aiomusic.journal import (
    EVERYTHING,
    Ending,
    Entry,
    Event,
    Grouping,
    Identity,
    Journal,
    Record,
    Spending,
    Wanted,
    accounts,
    listing,
    programs,
)
from aiomusic.journal.archive import whole
from aiomusic.journal.endings import (
    change_of,
    facts_of,
    no_such_job,
    not_accepted,
    unheeded,
)
from aiomusic.journal.policy import Change, Row, is_heeded
from aiomusic.journal.programs import Moved, Program
from aiomusic.journal.rows import dump
from aiomusic.journal.sql_syntax import SqlSyntax

__all__ = ["SharedJournal"]

R = TypeVar("R")


class SharedJournal(Journal):
    """
    A journal that outlives its session, and that others may have open too.

    A database has its own way to run programs, to know which sessions are alive, and
    to let go what is granted to nobody.

    Attributes:
        sql: How the database spells what others spell otherwise.
    """

    sql: ClassVar[SqlSyntax]

    def __init__(self) -> None:
        self._account = accounts.NOBODY
        self._identity: Identity | None = None
        # The time of this machine, in seconds since 1970.
        self._wall: Callable[[], float] = time.time
        # How much later it is by the database's clock, in seconds.
        self._skew_s = 0.0

    @property
    def shown(self) -> str:
        """Where it is, without a password."""
        raise NotImplementedError

    @property
    def owner(self) -> str:
        """The name of the session, as its rows have it."""
        raise NotImplementedError

    @property
    def account(self) -> int:
        """The number of the account that it works for."""
        return self._account

    @property
    def is_kept(self) -> bool:
        return True

    @property
    def lease_until(self) -> float | None:
        # Others share it, so it is asked again and again.
        return None

    async def accept(self, key: str, attempt: int, task_id: str, now: float) -> None:
        change = Change(event=Event.ACCEPTED, now=now, by=self.owner, task_id=task_id)
        row = await self._transition(key, attempt, change, {"error": None})
        if row is None or row.task_id != task_id:
            raise JournalError(not_accepted(self.shown, key, task_id, row))

    async def settle(self, key: str, attempt: int, ending: Ending) -> None:
        change = change_of(ending, self.owner)
        row = await self._transition(key, attempt, change, facts_of(ending))
        if not is_heeded(row, change):
            raise JournalError(unheeded(self.shown, key, row, change))

    def end(self, key: str, attempt: int, ending: Ending) -> None:
        change = change_of(ending, self.owner)
        self._post_transition(key, attempt, change, facts_of(ending))

    def release(self, key: str, attempt: int) -> None:
        change = Change(event=Event.RELEASED, now=self._wall(), by=self.owner)
        self._post_transition(key, attempt, change)

    def enqueue(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self._post(partial(programs.enqueue, self, self._by_server(entry)))

    async def hold(self, entries: Sequence[Entry]) -> list[Record | None]:
        self._check_account()
        by_server = [self._by_server(entry) for entry in entries]
        found = await self._run(partial(programs.hold, self, by_server))
        return [None if one is None else self._by_own(one) for one in found]

    async def note_held(self, key: str, error: Mapping[str, Any]) -> None:
        await self._run(partial(programs.note_held, self.account, key, dump(error)))

    def attach(self, entry: Entry, task_id: str) -> None:
        self._post(partial(programs.attach, self, self._by_server(entry), task_id))

    def give_up_soon(
        self, key: str, attempt: int, now: float, *, is_charged: bool = True
    ) -> None:
        event = Event.GIVEN_UP if is_charged else Event.GIVEN_UP_UNPAID
        self._post_transition(key, attempt, Change(event=event, now=now))

    def note_balance(self, key: str, attempt: int, balance: int) -> None:
        self._post(partial(programs.note_balance, self.account, key, attempt, balance))

    async def recall(self, name: str) -> object:
        return await self._run(partial(programs.recall, name))

    def keep(
        self,
        name: str,
        change: Callable[[object], object],
        then: Callable[[object], object] | None = None,
    ) -> None:
        self._post(partial(programs.keep, name, change), then)

    def note_files(self, key: str, attempt: int, files: Sequence[str]) -> None:
        self._post(partial(programs.note_files, self.account, key, attempt, files))

    async def mark(self, key: str, attempt: int, name: str, now: float) -> None:
        there = now + self._skew_s
        program = partial(programs.mark, self.account, key, attempt, name, there)
        if not await self._run(program):
            raise JournalError(no_such_job(self.shown, key))

    async def find(self, key: str, attempt: int | None = None) -> Record | None:
        found = await self._run(partial(programs.find, self.account, key, attempt))
        found = await whole(found, self._file)
        return None if found is None else self._by_own(found)

    async def find_task(self, provider: str, task_id: str) -> Record | None:
        found = await self._run(
            partial(programs.find_task, self.account, provider, task_id)
        )
        return None if found is None else self._by_own(found)

    async def records(self, wanted: Wanted = EVERYTHING) -> list[Record]:
        if wanted.made_after is not None and self._skew_s:
            after = wanted.made_after + self._skew_s
            wanted = attrs.evolve(wanted, made_after=after)
        found = await self._read(partial(listing.records, self.sql, wanted, self._seen))
        return [self._by_own(one) for one in found]

    async def spending(
        self, by: Grouping = "operation", tag: str | None = None
    ) -> dict[str, Spending]:
        return await self._read(
            partial(listing.spending, self.sql, by, tag, self._seen)
        )

    async def find_near(self, start: str, limit: int = 2) -> list[str]:
        """Return keys that begin so."""
        return await self._read(partial(listing.find_near, self.account, start, limit))

    async def accounts_with(self, key: str) -> list[str]:
        """Return the names of the accounts that have a job of that key."""
        return await self._read(partial(accounts.with_key, key))

    def is_sent(self, found: Mapping[str, Any]) -> bool:
        """Check whether the create's body of a row may have left."""
        raise NotImplementedError

    def dead_owners(self) -> Program[set[str]]:
        """Return the sessions that own rows and are gone."""
        raise NotImplementedError

    @property
    def _file(self) -> Path | None:
        """The journal's file, if it is one."""
        return None

    @property
    def _seen(self) -> int | None:
        """Whose rows are told from those of others; None: nobody's."""
        return None if self._identity is None else self._account

    def _by_server(self, entry: Entry) -> Entry:
        """Return an entry with the times that the database's clock has."""
        if not self._skew_s:
            return entry
        now, made_at = entry.now + self._skew_s, entry.made_at + self._skew_s
        return attrs.evolve(entry, now=now, made_at=made_at)

    def _by_own(self, record: Record) -> Record:
        """Return a record with the times that this machine's clock has."""
        if not self._skew_s:
            return record
        return attrs.evolve(
            record,
            made_at=record.made_at - self._skew_s,
            sent_at=self._earlier(record.sent_at),
            accepted_at=self._earlier(record.accepted_at),
            ended_at=self._earlier(record.ended_at),
        )

    def _earlier(self, at: float | None) -> float | None:
        return None if at is None else at - self._skew_s

    async def _run(self, program: Callable[[], Program[R]]) -> R:
        """Run a program, in its order among those that write."""
        raise NotImplementedError

    async def _read(self, program: Callable[[], Program[R]]) -> R:
        """Run what only reads, and may take long, beside the writer."""
        raise NotImplementedError

    def _post(
        self,
        program: Callable[[], Program[R]],
        then: Callable[[R], object] | None = None,
    ) -> None:
        """Run a program soon, and *then* hand on what came of it."""
        raise NotImplementedError

    async def _transition(
        self,
        key: str,
        attempt: int,
        change: Change,
        facts: dict[str, Any] | None = None,
    ) -> Row | None:
        """Move a job, also where nobody waits for it any more; return its row."""
        raise NotImplementedError

    def _post_transition(
        self,
        key: str,
        attempt: int,
        change: Change,
        facts: dict[str, Any] | None = None,
    ) -> None:
        def then(moved: Moved) -> None:
            if not is_heeded(moved.row, change):
                words = unheeded(self.shown, key, moved.row, change)
                log(logging.WARNING, "%s", words)
            self._clear(key, attempt, moved)

        there = attrs.evolve(change, now=change.now + self._skew_s)
        program = partial(programs.transition, self, key, attempt, there, facts)
        self._post(program, then)

    def _clear(self, key: str, attempt: int, moved: Moved) -> None:
        """Clear what marks a create as sent, once its row tells by itself."""

    def _check_account(self) -> None:
        """Refuse to buy for nobody knows whom."""
        if self._account == accounts.NOBODY:
            message = (
                f"The journal {self.shown} holds jobs of several accounts; account=, or"
                " an API key, says whose this is. Nothing is sent."
            )
            raise JournalError(message)
