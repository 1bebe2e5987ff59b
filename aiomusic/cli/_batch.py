"""``aiomusic batch``: a file of songs in, a folder of music out."""

import asyncio
import contextlib
import json
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from aiomusic import batch
from aiomusic._http.dialects import SUNO
from aiomusic.batch._album_names import AlbumNames
from aiomusic.batch._manifest import KEPT_NAME, choices
from aiomusic.cli._board import Board, Lines, Screen, Stream, Sums
from aiomusic.cli._engine import queued, report_put
from aiomusic.cli._exits import Exit, UsageError, counted, exit_for, worst
from aiomusic.cli._follow import writable
from aiomusic.cli._interrupt import Interrupt
from aiomusic.cli._journal import Advice, JournalPath, reader_of
from aiomusic.cli._options import Batching, EngineName
from aiomusic.cli._run import run
from aiomusic.cli._service import (
    formats_of,
    open_session,
    price_of_host,
    price_with,
    signer_of,
)
from aiomusic.cli._show import Events, Paths, Show, print_result, report
from aiomusic.errors import MusicError, MusicWarning
from aiomusic.journal.memory import MemoryJournal

__all__ = ["run_batch"]

LOCAL_SEED: Final = 0


def run_batch(songs: str, batching: Batching) -> Exit:
    """Run a batch file, or say what it would cost, and how it ended."""
    logging.getLogger("aiomusic").addHandler(logging.NullHandler())
    try:
        plan = _plan(songs, batching)
        _check_options(plan, batching)
        quoted = run(_quote(plan, batching)) if batching.dry_run else None
        if batching.strict and quoted is None:
            _check_all_good(plan)
        with writable(Path(batching.out)) as folder:
            if quoted is not None:
                return quoted
            if batching.engine is not None:
                return run(_put(batching.engine, plan, folder, batching))
            return run(_buy(plan, folder, batching))
    except (MusicError, UsageError) as error:
        show: Show = Events() if batching.as_json else Paths()
        show.failed(None, error)
        return exit_for(error)


def _plan(songs: str, batching: Batching) -> batch.Plan:
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always", MusicWarning)
        rows = batch.read(songs, fill=batching.fill, provider=batching.provider)
        host_price = SUNO.price if batching.local else price_of_host
        price = price_with(formats_of(batching.format), host_price)
        plan = batch.plan(rows, price=price)
    for words in dict.fromkeys(str(note.message) for note in noted):
        report(words)
    if not (plan.rows or plan.bad):
        raise UsageError(f"{songs} holds no rows. Nothing was sent.")
    return plan


def _check_options(plan: batch.Plan, batching: Batching) -> None:
    """
    Check, before anything is bought, the options that only the end would use.

    Raises:
        InvalidRequest: --name is no pattern, or nothing can be signed.
        DownloadError: --kept can't be read.
        UsageError: Options are missing that belong together.
    """
    if batching.engine is None and (batching.wait or batching.queue is not None):
        given = "--wait" if batching.wait else "--queue"
        raise UsageError(
            f"{given} goes with --engine, whose workers buy. Nothing was sent."
        )
    AlbumNames(plan, batching.name)
    signer_of(batching)
    if batching.kept is not None:
        kept = Path(batching.kept).expanduser()
        if not kept.exists():
            raise UsageError(f"--kept {kept}: there is no such file. Nothing was sent.")
        choices(kept)


def _check_all_good(plan: batch.Plan) -> None:
    if not plan.bad:
        return
    for row in plan.bad:
        report(str(row.error.args[0]))
    message = f"{counted(len(plan.bad), 'row')} can't be bought, and --strict is given."
    raise UsageError(f"{message} Nothing was sent.")


# What it would cost.


async def _quote(plan: batch.Plan, batching: Batching) -> Exit:
    """Show every row that is wrong, and what the others cost."""
    for row in plan.bad:
        report(str(row.error.args[0]))
    bought = await _bought(plan, batching)
    balance = await _balance(batching)
    left = [row for row in plan.rows if row.key not in bought]
    credits_left = sum(row.cost for row in left)
    if batching.as_json:
        found: dict[str, object] = {
            "event": "quote",
            "rows": len(plan.rows),
            "bad": len(plan.bad),
            "bought": len(bought),
            "credits": credits_left,
            "by_operation": {
                name: {"rows": number, "credits": cost}
                for name, (number, cost) in _by_operation(left).items()
            },
            "balance": balance,
        }
        print_result(json.dumps(found))
    else:
        for line in _quoted(left, bought, credits_left, balance):
            print_result(line)
    return Exit.USAGE if plan.bad else Exit.DONE


def _quoted(
    left: list[batch.PlannedRow],
    bought: set[str],
    credits_left: int,
    balance: int | None,
) -> Iterator[str]:
    for name, (number, cost) in _by_operation(left).items():
        yield _quoted_line(name, number, cost)
    if bought:
        yield _quoted_line("bought already", len(bought), 0)
    yield _quoted_line("all", len(left) + len(bought), credits_left)
    if balance is not None:
        yield f"{'balance':<28} {'':>12} {balance:>9,} credits"


def _quoted_line(name: str, rows: int, cost: int) -> str:
    noun = "row" if rows == 1 else "rows"
    return f"{name:<28} {rows:>7,} {noun:<4} {cost:>9,} credits"


def _by_operation(rows: list[batch.PlannedRow]) -> dict[str, tuple[int, int]]:
    return dict(batch.Plan(rows=tuple(rows), bad=()).by_operation)


async def _bought(plan: batch.Plan, batching: Batching) -> set[str]:
    """Return the keys of rows that the journal has, and that cost nothing more."""
    place = _place(batching)
    if place is None or not place.may_be_there:
        return set()
    reader = await reader_of(place, is_local=batching.local)
    return (
        set() if reader is None else await reader.bought([row.key for row in plan.rows])
    )


async def _balance(batching: Batching) -> int | None:
    """Ask for the balance, where there is a key to ask with."""
    if batching.local or not os.environ.get("AIOMUSIC_API_KEY"):
        return None
    try:
        async with open_session() as music:
            return (await music.credits()).total
    except MusicError as error:
        report(f"The balance is not known: {error.args[0]}")
        return None


# What is bought.


def _place(batching: Batching) -> JournalPath | None:
    is_kept = not batching.local or batching.journal is not None
    return JournalPath.of(batching.journal) if is_kept else None


async def _buy(plan: batch.Plan, folder: Path, batching: Batching) -> Exit:
    place = _place(batching)
    ceiling = await _ceiling(place, batching)
    opening = open_session(
        journal=MemoryJournal() if place is None else place.to_keep(),
        local_seed=LOCAL_SEED if batching.local else None,
        max_credits=ceiling,
        concurrency=batching.concurrency,
        poll_every_s=batching.poll_every,
        job_timeout_s=batching.timeout,
        signer=signer_of(batching),
        serves=plan.has_local_files,
    )
    sums = Sums(
        rows=len(plan.rows) + len(plan.bad),
        ceiling=batching.max_credits,
        bought_before=await _bought(plan, batching),
    )
    async with opening as music:
        running = batch.run(
            music,
            plan,
            folder,
            name=batching.name,
            formats=formats_of(batching.format) or None,
            kept=batching.kept,
            stop_after_failures=batching.stop_after_failures,
        )
        return await _shown(running, sums, folder, batching)


# What workers buy.


async def _put(
    engine: EngineName, plan: batch.Plan, folder: Path, batching: Batching
) -> Exit:
    """Put a batch's rows on a queue, and wait for what workers make of it if told."""
    kept = folder / KEPT_NAME if batching.kept is None else Path(batching.kept)
    bought_before = await _bought(plan, batching)
    async with queued(engine, batching) as (music, queue):
        put = await batch.put(music, queue, plan, choices(kept.expanduser()))
        code = report_put(put, as_json=batching.as_json, is_followed=batching.wait)
        if not batching.wait:
            return code
        running = batch.follow(
            music,
            queue,
            plan,
            folder,
            name=batching.name,
            kept=batching.kept,
        )
        sums = Sums(rows=len(plan.rows) + len(plan.bad), bought_before=bought_before)
        return await _shown(running, sums, folder, batching)


async def _shown(
    running: batch.Batch, sums: Sums, folder: Path, batching: Batching
) -> Exit:
    """Show what becomes of a batch's rows, and how it all ended."""
    place = _place(batching)
    advice = Advice(place=place, is_local=batching.local and place is None)
    board = _board(running, sums, advice, as_json=batching.as_json)
    try:
        with _draining(running, board), board:
            async for outcome in running:
                sums.add(outcome)
                board.show(outcome)
    except asyncio.CancelledError:
        board.sum_up(folder, _how_to_go_on(sums))
        raise
    board.sum_up(folder, _how_to_go_on(sums))
    return Exit.INTERRUPTED if running.is_draining else worst(sums.codes)


def _board(running: batch.Batch, sums: Sums, advice: Advice, *, as_json: bool) -> Board:
    if as_json:
        return Stream(running, sums, advice)
    return (Screen if sys.stderr.isatty() else Lines)(running, sums, advice)


async def _ceiling(place: JournalPath | None, batching: Batching) -> int | None:
    """
    Return the limit of the journal that lets this run spend what it may.

    A journal that was named limits all runs that share it; the usual one holds every
    run there ever was, so what they spent comes on top.
    """
    most = batching.max_credits
    if most is None or place is None or place.is_named or not place.may_be_there:
        return most
    reader = await reader_of(place, is_local=batching.local)
    if reader is None:
        return most
    spent = await reader.spending()
    return most + sum(one.credits + one.reserved for one in spent.values())


def _how_to_go_on(sums: Sums) -> str | None:
    if left := sums.rows - sums.over + sums.by_state["waiting"]:
        are = "is" if left == 1 else "are"
        return f"{counted(left, 'row')} {are} left: run the same line again to go on."
    if sums.failures == sums.by_state["refused"] > 0:
        return "Mend what was refused, and run the same line again: it buys only that."
    if sums.failures:
        return "Run the same line again to try what is missing."
    return None


@contextlib.contextmanager
def _draining(running: batch.Batch, board: Board) -> Iterator[None]:
    """Let the first Ctrl-C stop the buying, and the second end the run."""
    loop, interrupt = asyncio.get_running_loop(), Interrupt.listen()
    end = interrupt.end

    def drain() -> None:
        running.drain()
        board.note(
            "Nothing more is bought; what is in flight is waited for. Ctrl-C again"
            " leaves it to the service: run the same line to have it."
        )

    def told() -> None:
        interrupt.end = end
        loop.call_soon_threadsafe(drain)

    interrupt.end = told
    try:
        yield
    finally:
        interrupt.end = end
