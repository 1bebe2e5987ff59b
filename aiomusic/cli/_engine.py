"""Batches over several machines: rows put on an engine's queue."""

import contextlib
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, cast

from aiomusic import batch
from aiomusic._session import MusicSession
from aiomusic.batch.engines import QueueAddress, TaskQueue
from aiomusic.batch.engines._opening import EngineName, queue_of
from aiomusic.cli._exits import Exit, UsageError, exit_for, sentence, worst
from aiomusic.cli._journal import JournalPath
from aiomusic.cli._options import Batching
from aiomusic.cli._service import open_session, signer_of
from aiomusic.cli._show import print_result, report
from aiomusic.journal.opening import address_of, is_address

if TYPE_CHECKING:
    from aiomusic.journal.postgres import PostgresJournal

__all__ = ["journal_of", "queue_at", "queued", "report_put", "shared_journal"]

# Beside the journal's own schema.
SUFFIX = "_queue"


def shared_journal(typed: str | None) -> JournalPath:
    """
    Return the journal that several machines share.

    Raises:
        JournalError: What it needs is not installed.
        UsageError: It is a file.
    """
    place = JournalPath.of(typed)
    if not is_address(place.where):
        raise UsageError(
            "An engine needs a journal that machines share: give --journal, or"
            " AIOMUSIC_JOURNAL, as postgresql://user@host/database. Nothing was sent."
        )
    return place


def journal_of(place: JournalPath) -> "PostgresJournal":
    """Return the shared journal, to be opened."""
    return cast("PostgresJournal", place.to_keep())


def queue_at(
    engine: EngineName, place: JournalPath, direct: str | None, account: int
) -> TaskQueue:
    """
    Return the queue of an account, to be opened.

    Args:
        direct: Where its database is, if not by the journal's own address.

    Raises:
        JournalError: What it needs is not installed.
        UsageError: The address can't be read.
    """
    journal = address_of(str(place.where))
    try:
        database = journal if direct is None else address_of(direct)
    except ValueError as error:
        raise UsageError(str(error).replace("journal", "--queue", 1)) from None
    address = QueueAddress(
        dsn=database.dsn,
        schema=f"{journal.schema}{SUFFIX}",
        name=f"aiomusic-{account}",
        stalled_s=journal.lease_s,
    )
    return queue_of(engine, address)


def _check_options(batching: Batching) -> None:
    given = {
        "--local": batching.local,
        "--max-credits": batching.max_credits is not None,
        "--stop-after-failures": batching.stop_after_failures is not None,
        "--format": bool(batching.format),
    }
    wrong = [name for name, is_given in given.items() if is_given]
    if wrong:
        raise UsageError(
            f"{' and '.join(wrong)} can't go with --engine: it is the workers who buy:"
            " give --max-credits to 'aiomusic worker'. Nothing was sent."
        )


@contextlib.asynccontextmanager
async def queued(
    engine: EngineName, batching: Batching
) -> AsyncIterator[tuple[MusicSession, TaskQueue]]:
    """
    Open the journal that workers share, and the queue of an engine.

    Raises:
        UsageError: The options are for whoever buys.
    """
    _check_options(batching)
    place = shared_journal(batching.journal)
    journal = journal_of(place)
    opening = open_session(
        journal=journal,
        # Whatever happens: it is the workers who buy.
        max_credits=0,
        poll_every_s=batching.poll_every,
        job_timeout_s=batching.timeout,
        signer=signer_of(batching),
        on_exit="detach",
    )
    async with opening as music:
        queue = queue_at(engine, place, batching.queue, journal.account)
        await queue.open()
        try:
            yield music, queue
        finally:
            await queue.aclose()


def report_put(put: batch.Put, *, as_json: bool, is_followed: bool) -> Exit:
    """
    Print what came of putting a batch on a queue.

    Args:
        is_followed: Whether each row's outcome is told afterwards.
    """
    for outcome in put.outcomes if not is_followed else ():
        if outcome.error is not None:
            report(
                f"{outcome.key or f'row {outcome.number}'}: {sentence(outcome.error)}"
            )
    if as_json:
        found = {
            "event": "queued",
            "rows": len(put.keys),
            "added": put.added,
            "bought": len(put.bought),
            "refused": len(put.outcomes),
        }
        print_result(json.dumps(found))
    else:
        report(
            f"{len(put.keys):,} rows are on the queue, {put.added:,} of them new;"
            f" {len(put.bought):,} were bought before. 'aiomusic worker' buys them."
        )
    wrong = [one for one in put.outcomes if one.state != "waiting"]
    return worst(exit_for(one.error) for one in wrong if one.error is not None)
