"""A program that renders songs: a pickled job in, a line of JSON out."""

import json
import os
import pickle
import sys
from collections.abc import Iterator
from typing import Any

from aiomusic.emulator._recipes import unpack
from aiomusic.emulator.music import write_song

__all__ = ["render"]


def render(job: dict[str, Any]) -> None:
    """Write ``job["score"]`` to ``job["path"]``."""
    write_song(unpack(job["score"]), job["path"], kind=job["kind"])


def _jobs() -> Iterator[dict[str, Any]]:
    while True:
        try:
            yield pickle.load(sys.stdin.buffer)  # noqa: S301 - from our parent
        except EOFError:
            return


def _main() -> None:
    if sys.platform != "win32":
        # The song can wait; whoever shares the processor should not.
        os.nice(5)
    for job in _jobs():
        try:
            render(job)
            answer = ""
        except Exception as error:  # noqa: BLE001 - told to whoever asked
            answer = repr(error)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _main()
