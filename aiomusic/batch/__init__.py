"""
From a list of songs to a folder of music, with what became of each.

A batch file's rows are read (`read`), checked and ordered (`plan`), bought and
stored (`run`); where a queue of tasks hands them out, each is a key to `drive`.
"""

from aiomusic.batch._drive import Driven, drive
from aiomusic.batch._files import read
from aiomusic.batch._outcome import Origin, Outcome, Song
from aiomusic.batch._plan import Plan, PlannedRow, plan
from aiomusic.batch._queued import Put, follow, put
from aiomusic.batch._rows import BadRow, Reference, Row
from aiomusic.batch._runner import Batch, run
from aiomusic.batch._worker import Worker
from aiomusic.batch.engines import Task

__all__ = [
    "BadRow",
    "Batch",
    "Driven",
    "Origin",
    "Outcome",
    "Plan",
    "PlannedRow",
    "Put",
    "Reference",
    "Row",
    "Song",
    "Task",
    "Worker",
    "drive",
    "follow",
    "plan",
    "put",
    "read",
    "run",
]
