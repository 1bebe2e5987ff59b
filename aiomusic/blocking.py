"""
The same library for those who have no event loop: scripts, notebooks, web workers.

::

    from aiomusic.blocking import MusicSession

    with MusicSession() as music:
        clips = music.riffusion.create("lo-fi rain").result()

Names, arguments, results and errors are those of `aiomusic`: each class here is made
from the asynchronous one, whose coroutines it runs in an event loop in a thread of its
own.  What is awaited there is called here, ``async for`` is ``for``, and a job is
awaited by ``job.result()``.
"""

from collections.abc import Iterable

import aiomusic
from aiomusic._blocking import (
    Callbacks,
    MusicJob,
    MusicSession,
    merge_updates,
    wait_all,
)

__all__ = sorted([*aiomusic.__all__])  # noqa: PLE0605 - the same names

# Made here, as far as anybody can tell.
for _made in (Callbacks, MusicJob, MusicSession, merge_updates, wait_all):
    _made.__module__ = __name__


def __getattr__(name: str) -> object:
    return getattr(aiomusic, name)


def __dir__() -> Iterable[str]:
    return __all__
