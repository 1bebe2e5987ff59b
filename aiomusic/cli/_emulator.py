"""``aiomusic emulator``: the API on this machine, for any client."""

import asyncio
import errno
import os
import shlex
import sys
from typing import final

import attrs

from aiomusic.cli._exits import Exit, UsageError, exit_for, sentence
from aiomusic.cli._run import run
from aiomusic.cli._show import say, tell
from aiomusic.emulator import Emulator

__all__ = ["Stand", "serve"]


@final
@attrs.frozen(kw_only=True)
class Stand:
    """Where the emulator listens, and how it is set up."""

    host: str
    port: int
    credits: int
    seed: int
    pace_s: float


def serve(stand: Stand) -> Exit:
    """Serve until told to stop."""
    try:
        return run(_serve(stand))
    except UsageError as error:
        tell(sentence(error))
        return exit_for(error)


async def _serve(stand: Stand) -> Exit:
    api = Emulator(
        host=stand.host,
        port=stand.port,
        credits=stand.credits,
        seed=stand.seed,
        pace=stand.pace_s,
    )
    try:
        await api.start()
    except OSError as error:
        raise UsageError(_why_not(stand, error)) from error
    try:
        say(f"export AIOMUSIC_BASE_URL={shlex.quote(api.url)}")
        say(f"export AIOMUSIC_API_KEY={shlex.quote(api.key)}")
        if sys.stderr.isatty():
            tell(f"serving at {api.url} as process {os.getpid()}; Ctrl-C ends it.")
        _let_readers_go()
        await asyncio.Event().wait()
    finally:
        await api.aclose()
    return Exit.DONE


def _let_readers_go() -> None:
    """Close a pipe, so that ``eval "$(aiomusic emulator &)"`` returns."""
    if not sys.stdout.isatty():
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _why_not(stand: Stand, error: OSError) -> str:
    where = f"port {stand.port} of {stand.host}"
    if error.errno == errno.EADDRINUSE:
        return (
            f"Can't serve on {where}: it is in use; choose another with --port,"
            " or leave --port out for a free one."
        )
    return f"Can't serve on {where}: {error.strerror or error}."
