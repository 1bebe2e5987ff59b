"""Ctrl-C that comes into a task of the session's own ends the loop's run once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn, ParamSpec, TypeVar

__all__ = ["Interrupted", "raised_once"]

P = ParamSpec("P")
R = TypeVar("R")


class Interrupted(Exception):
    """A KeyboardInterrupt, or a SystemExit, came into a task; the loop raises it."""


async def raised_once(
    work: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs
) -> R:
    """
    Do the work of a task, and have an interrupt that comes into it raised once.

    A task that ends by one stops the run of its loop, and so does the task that
    awaits it in a task group, and so on: the run in which `asyncio.run` lets
    programs clean up would be stopped too.
    """
    try:
        return await work(*args, **kwargs)
    except (KeyboardInterrupt, SystemExit) as error:
        asyncio.get_running_loop().call_soon(_raise, error)
        message = f"{type(error).__name__} came while the session worked"
        raise Interrupted(message) from error


def _raise(error: BaseException) -> NoReturn:
    raise error
