"""When to look at a task again."""

from typing import Protocol, final

import attrs

from aiomusic.providers._replies import Provider

__all__ = ["Advised", "Fixed", "Schedule"]


# A service that asks for less, or for more, is not taken at its word.
SHORTEST_S, LONGEST_S = 0.1, 300.0


class Schedule(Protocol):
    """How long to wait before the next look."""

    def next_s(self, provider: Provider, asked_s: float | None) -> float:
        """
        Give seconds.

        Args:
            provider: Whose task it is.
            asked_s: What the service itself asks for, with the last reply.
        """


@final
@attrs.frozen
class Fixed:
    """The same pace for all, as the caller says."""

    every_s: float

    def next_s(
        self,
        provider: Provider,  # noqa: ARG002 - as all schedules take it
        asked_s: float | None,  # noqa: ARG002
    ) -> float:
        return self.every_s


@final
@attrs.frozen
class Advised:
    """The pace that the service asks for, or else that each provider advises."""

    def next_s(self, provider: Provider, asked_s: float | None) -> float:
        if asked_s is None:
            return provider.pace_s
        return min(max(asked_s, SHORTEST_S), LONGEST_S)
