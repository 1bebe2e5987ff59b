"""``aiomusic emulator``: the API on this machine, for any client."""

import asyncio
import errno
import os
import shlex
import sys
from pathlib import Path
from typing import final

import attrs

from aiomusic.cli._exits import Exit, UsageError, exit_for, sentence
from aiomusic.cli._options import Strictness
from aiomusic.cli._run import run
from aiomusic.cli._show import print_result, report
from aiomusic.composer import available_formats
from aiomusic.emulator import Emulator
from aiomusic.emulator._demo import write_demo
from aiomusic.emulator._render_jobs import RenderFailed

__all__ = ["EmulatorOptions", "serve", "show"]


@final
@attrs.frozen(kw_only=True)
class EmulatorOptions:
    """Where the emulator listens, and how it is set up."""

    host: str
    port: int
    credits: int
    seed: int
    pace_s: float
    allow_hosts: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    renderer: str | None = None
    preview_s: float | None = None
    strictness: Strictness = attrs.field(factory=Strictness)


def serve(options: EmulatorOptions) -> Exit:
    """Serve until told to stop."""
    try:
        return run(_serve(options))
    except UsageError as error:
        report(sentence(error))
        return exit_for(error)


def show(folder: Path, *, seed: int, length_s: float, renderer: str | None) -> Exit:
    """Write the contact sheet; its path is what is printed."""
    try:
        return run(_show(folder, seed, length_s, renderer))
    except UsageError as error:
        report(sentence(error))
        return exit_for(error)


async def _show(folder: Path, seed: int, length_s: float, renderer: str | None) -> Exit:
    if "mp3" not in available_formats():
        raise UsageError(
            "Can't make the page: it needs numpy and soundfile; install"
            " 'aiomusic[emulator]'."
        )
    try:
        page = await write_demo(folder, seed=seed, seconds=length_s, renderer=renderer)
    except OSError as error:
        why = f"{error.strerror or error}. Choose another folder with --demo"
        raise UsageError(f"Can't make the page in {folder}: {why}.") from error
    except (LookupError, RenderFailed) as error:
        raise UsageError(f"Can't make the page in {folder}: {error}.") from error
    print_result(str(page))
    return Exit.DONE


async def _serve(options: EmulatorOptions) -> Exit:
    try:
        api = Emulator(
            host=options.host,
            port=options.port,
            credits=options.credits,
            seed=options.seed,
            pace=options.pace_s,
            allow_hosts=options.allow_hosts,
            hosts=options.hosts,
            renderer=options.renderer,
            preview_s=options.preview_s,
            **options.strictness.options(),
        )
    except (LookupError, ValueError) as error:
        raise UsageError(f"Can't serve: {error.args[0]}.") from error
    try:
        await api.start()
    except OSError as error:
        raise UsageError(_why_not(options, error)) from error
    try:
        print_result(f"export AIOMUSIC_BASE_URL={shlex.quote(api.url)}")
        print_result(f"export AIOMUSIC_API_KEY={shlex.quote(api.key)}")
        if sys.stderr.isatty():
            report(
                f"serving as process {os.getpid()}; a page to try it: {api.url}/;"
                " Ctrl-C ends it."
            )
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


def _why_not(options: EmulatorOptions, error: OSError) -> str:
    where = f"port {options.port} of {options.host}"
    if error.errno == errno.EADDRINUSE:
        return (
            f"Can't serve on {where}: it is in use; choose another with --port,"
            " or leave --port out for a free one."
        )
    return f"Can't serve on {where}: {error.strerror or error}."
