"""The event loop that a benchmark's client runs on: asyncio's own, or uvloop's."""

import argparse
import asyncio
import importlib
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias, TypeVar

import aiohttp

__all__ = ["Run", "add_option", "named", "running_on"]

T = TypeVar("T")

Run: TypeAlias = Callable[[Coroutine[Any, Any, T]], T]


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--uvloop``; it must be installed, as aiomusic does not depend on it."""
    words = "run the client on uvloop, which must be installed"
    parser.add_argument("--uvloop", action="store_true", help=words)


def running_on(*, uvloop: bool) -> Run[Any]:
    """Return what runs a coroutine on a new loop, and closes that."""
    factory = importlib.import_module("uvloop").new_event_loop if uvloop else None

    def run(main: Coroutine[Any, Any, T]) -> T:
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(main)

    return run


def named(*, uvloop: bool) -> str:
    """Return what the figures were taken on."""
    loop = "uvloop" if uvloop else "asyncio"
    version = sys.version.split()[0]
    return f"Python {version}, {loop}, aiohttp {aiohttp.__version__}"
