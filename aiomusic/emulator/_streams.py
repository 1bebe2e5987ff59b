"""The audio of running clips, which grows while it is heard."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final, final

import anyio
import attrs

from aiomusic._clock import Clock
from aiomusic.emulator._tasks import Task

__all__ = ["Playing", "Streams"]

LEAD_S: Final = 2.0
"""The seconds of a song that are there when its link is first asked for."""
STEP_S: Final = 0.25


@final
@attrs.frozen(kw_only=True)
class Playing:
    """
    A clip whose audio is asked for.

    Attributes:
        number: Which of its task's clips it is, from 0.
    """

    task: Task
    number: int
    clip_id: str
    duration_s: float


@final
@attrs.define(eq=False, kw_only=True, repr=False)
class Streams:
    """
    The clips that are heard while their tasks run.

    A clip grows by a second each second from its first request on, and is whole as
    soon as its task is over.

    Args:
        is_whole: Checks whether a clip of a task has come to its end.
        is_closing: Set when the server closes; streams then break off.
    """

    clock: Clock
    is_whole: Callable[[Task, int], bool]
    is_closing: asyncio.Event
    _began: dict[str, float] = attrs.field(factory=dict, init=False)

    def grows(self, clip: Playing) -> bool:
        """Check whether a clip is still running."""
        return not self.is_whole(clip.task, clip.number)

    async def chunks(self, path: Path, clip: Playing) -> AsyncIterator[bytes]:
        """
        Yield the bytes of a clip's file as they come into being.

        Raises:
            ConnectionError: The server closes.
        """
        whole = await anyio.Path(path).read_bytes()
        sent = 0
        while sent < len(whole):
            if self.is_closing.is_set():
                raise ConnectionError("the emulator closes")
            end = int(self._share(clip) * len(whole))
            if end > sent:
                yield whole[sent:end]
                sent = end
            else:
                await self.clock.sleep(STEP_S)

    def _share(self, clip: Playing) -> float:
        """Return how much of a clip there is, from 0 to 1."""
        if not self.grows(clip):
            return 1.0
        now = self.clock.now()
        passed = now - self._began.setdefault(clip.clip_id, now)
        return min(1.0, (LEAD_S + passed) / max(clip.duration_s, LEAD_S))
