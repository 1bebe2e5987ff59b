"""A program that renders songs: a line of JSON in, a line of JSON out."""

import json
import os
import sys
from typing import Any

from aiomusic.emulator.music import Brief, Segment, compose, write_song

__all__ = ["render"]


def render(job: dict[str, Any]) -> None:
    """Write the song that ``job["brief"]`` describes to ``job["path"]``."""
    brief = dict(job["brief"])
    segments = tuple(Segment(**one) for one in brief.pop("segments", ()))
    score = compose(Brief(**brief, segments=segments))
    write_song(score, job["path"], kind=job["kind"])


def _main() -> None:
    # The song can wait; whoever shares the processor should not.
    if sys.platform != "win32":
        os.nice(5)
    for line in sys.stdin:
        try:
            render(json.loads(line))
            answer = ""
        except Exception as error:  # noqa: BLE001 - told to whoever asked
            answer = repr(error)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _main()
