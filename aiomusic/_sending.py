"""What is known to have happened to one create, however it ends."""

from collections.abc import Awaitable, Callable
from typing import final

import attrs

from aiomusic.errors import MusicError

__all__ = ["Sending"]


@final
@attrs.define(eq=False)
class Sending:
    """
    One try to send a create's body.

    Args:
        note_sent: Is awaited just before the body leaves, and keeps it back by
            raising.

    Attributes:
        is_sent: Whether the body may have left.
        kept_back: Why it did not leave.
        key_number: Which of the session's keys it was sent with.
    """

    _note_sent: Callable[[], Awaitable[None]]
    is_sent: bool = False
    kept_back: MusicError | None = None
    key_number: int = 0

    async def begin(self) -> None:
        """Note that the body is about to leave."""
        try:
            await self._note_sent()
        except MusicError as error:
            # aiohttp sends bodies in a task of its own, and keeps what it raises.
            self.kept_back = error
            raise
        self.is_sent = True
