"""The gate that a 429 closes for everybody, and how long to wait between tries."""

from typing import final

import attrs

from aiomusic._clock import Clock

__all__ = ["Gate", "backoff_s"]

FIRST_S = 0.5
MOST_S = 60.0
# A service that asks for more is asked again all the same.
LONGEST_S = 300.0


def backoff_s(failures: int) -> float:
    """Give the wait after so many failures in a row, from 0.5 s to a minute."""
    return float(min(MOST_S, FIRST_S * 2 ** (failures - 1)))


@final
@attrs.define(eq=False)
class Gate:
    """One for a host: after a 429 all requests to it wait together."""

    _clock: Clock
    opens_at: float = 0.0

    def close(self, retry_after_s: float | None, failures: int = 1) -> None:
        """Keep requests back, as the service says or, if it says nothing, a while."""
        asked_s = backoff_s(failures) if retry_after_s is None else retry_after_s
        wait_s = min(asked_s, LONGEST_S)
        self.opens_at = max(self.opens_at, self._clock.now() + wait_s)

    async def wait(self) -> None:
        """Wait until requests may go out."""
        while (wait_s := self.opens_at - self._clock.now()) > 0:
            await self._clock.sleep(wait_s)
