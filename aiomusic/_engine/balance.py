"""What the account held around a create: what is known when its answer is lost."""

from typing import final

import anyio
import attrs

from aiomusic._clock import Clock
from aiomusic._http import wire
from aiomusic._http.limiter import Limiter
from aiomusic._http.transport import Transport
from aiomusic.errors import MusicError

__all__ = ["Balance"]

FRESH_S = 30.0
PATIENCE_S = 5.0


@final
@attrs.define(kw_only=True, eq=False)
class Balance:
    """
    The account's credits as last seen, less what was spent since.

    Args:
        is_wanted: Whether anybody writes it down; if not, nothing is asked.
    """

    transport: Transport
    polls: Limiter
    clock: Clock
    is_wanted: bool
    value: int | None = None
    _asked_at: float | None = None

    def see(self, total: int) -> None:
        """Take a balance that was asked for anyway."""
        self.value = total
        self._asked_at = self.clock.now()

    def spend(self, cost: int) -> None:
        """Count what the service took."""
        if self.value is not None:
            self.value -= cost

    async def before_create(self) -> int | None:
        """Return it; the service is asked now and then, and a failure is no matter."""
        now = self.clock.now()
        is_old = self._asked_at is None or now - self._asked_at > FRESH_S
        # No create waits because the service takes no polls.
        if self.is_wanted and is_old and self.polls.pace.opens_at <= now:
            self._asked_at = now
            await self._ask()
        return self.value

    async def after_unknown(self) -> int | None:
        """Ask for it once more; None: it can't be had."""
        return await self._ask() if self.is_wanted else None

    async def _ask(self) -> int | None:
        with anyio.move_on_after(PATIENCE_S):
            turn = await self.polls.enter()
            assert turn is not None
            try:
                with self.polls.using(turn):
                    reply = await self.transport.get(wire.CREDITS_PATH)
                    self.see(wire.read_credits(reply).total)
            except MusicError:
                return None
            return self.value
        return None
