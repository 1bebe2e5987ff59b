"""``aiomusic worker``: buys what batches put on a queue, until it is told to stop."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

from aiomusic.batch import Driven, Worker
from aiomusic.cli._engine import journal_of, queue_at, shared_journal
from aiomusic.cli._exits import Exit, UsageError, exit_for, sentence
from aiomusic.cli._follow import writable
from aiomusic.cli._health import Health, address_of_health
from aiomusic.cli._interrupt import Interrupt
from aiomusic.cli._journal import own_identity
from aiomusic.cli._options import Working
from aiomusic.cli._run import run
from aiomusic.cli._service import open_session
from aiomusic.cli._show import Events, Paths, Show, print_result, report
from aiomusic.errors import MusicError
from aiomusic.journal.opening import reader_at

__all__ = ["run_worker"]


def run_worker(working: Working) -> Exit:
    """Work until SIGTERM or Ctrl-C, and say how it ended."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    with contextlib.ExitStack() as stack:
        try:
            out = None
            if working.out is not None:
                out = stack.enter_context(writable(Path(working.out).expanduser()))
            return run(_work(working, out))
        except (MusicError, UsageError) as error:
            show: Show = Events() if working.as_json else Paths()
            show.failed(None, error)
            return exit_for(error)


async def _work(working: Working, out: Path | None) -> Exit:
    place = shared_journal(working.journal)
    journal = journal_of(place)
    worker = Worker(
        at_once=working.concurrency,
        out=out,
        on_end=_event if working.as_json else _line,
    )
    health = Health(
        worker=worker,
        reader=lambda: reader_at(place.where, own_identity()),
        lease_losses=lambda: journal.lease_losses,
    )
    opening = open_session(
        journal=journal,
        max_credits=working.max_credits,
        concurrency=working.concurrency,
        poll_every_s=working.poll_every,
        job_timeout_s=working.timeout,
        on_exit="detach",
        on_event=health.heard,
    )
    async with contextlib.AsyncExitStack() as stack:
        if working.health is not None:
            serving = health.serving(*address_of_health(working.health))
            url = await stack.enter_async_context(serving)
            report(f"serves /healthz, /readyz and /metrics at {url}")
        stack.enter_context(_stopping(worker))
        where = f"{socket.gethostname()}, process {os.getpid()}"
        report(f"buys for {place.shown} on {where}; SIGTERM or Ctrl-C hands over")
        await worker.run(
            opening,
            lambda: queue_at(working.engine, place, working.queue, journal.account),
        )
    report(f"{worker.ended.total():,} rows are over, the others are handed over")
    return Exit.DONE


@contextlib.contextmanager
def _stopping(worker: Worker) -> Iterator[None]:
    """Let the first signal hand over, and the second end the run."""
    loop, interrupt = asyncio.get_running_loop(), Interrupt.listen()
    end, task = interrupt.end, asyncio.current_task()
    assert task is not None

    def told() -> None:
        if worker.is_stopping:
            task.cancel()
        worker.stop()

    interrupt.end = lambda: loop.call_soon_threadsafe(told)
    # Windows has no such handlers; there the signal just ends the process.
    with contextlib.suppress(NotImplementedError):
        loop.add_signal_handler(signal.SIGTERM, told)
    try:
        yield
    finally:
        interrupt.end = end


def _line(driven: Driven) -> None:
    told = "" if driven.error is None else f": {sentence(driven.error)}"
    report(f"{driven.key} {driven.state or 'is not known'}{told}")


def _event(driven: Driven) -> None:
    error = driven.error
    found = {
        "event": "row",
        "key": driven.key,
        "state": driven.state,
        "charged": driven.charged,
        "error": None if error is None else type(error).__name__,
        "message": None if error is None else error.message,
    }
    print_result(json.dumps(found, ensure_ascii=False))
