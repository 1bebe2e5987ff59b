"""The journal of a session that keeps none: limits alone, for as long as it lives."""

from collections.abc import Sequence
from typing import Any, final

import attrs

from aiomusic.journal import (
    Busy,
    Ending,
    Entry,
    Granted,
    Grouping,
    Limits,
    OverBudget,
    Record,
    Spending,
    Verdict,
)

__all__ = ["MemoryJournal"]


@final
@attrs.define(eq=False)
class MemoryJournal:
    """Counts what is in flight, reserved and spent, and remembers nothing else."""

    spent: int = 0
    reserved: int = 0
    _in_flight: dict[tuple[str, int], int] = attrs.field(factory=dict)

    _kept: dict[str, Any] = attrs.field(factory=dict)

    @property
    def is_kept(self) -> bool:
        return False

    @property
    def in_flight(self) -> int:
        """How many slots are taken."""
        return len(self._in_flight)

    async def open(self) -> None:
        # Slots that an earlier run held are not held in this one.
        self.spent += self.reserved
        self.reserved = 0
        self._in_flight.clear()

    async def aclose(self) -> None:
        pass

    async def admit(self, entries: Sequence[Entry], limits: Limits) -> list[Verdict]:
        verdicts: list[Verdict] = []
        for entry in entries:
            verdicts.append(self._judge(entry, limits))
            if isinstance(verdicts[-1], Busy):
                break
        return verdicts

    def _judge(self, entry: Entry, limits: Limits) -> Verdict:
        most = limits.max_credits
        if most is not None and self.spent + entry.cost > most:
            return OverBudget(self.spent)
        if most is not None and self.spent + self.reserved + entry.cost > most:
            return Busy()
        if len(self._in_flight) >= limits.concurrency:
            return Busy()
        attempt = max(1, entry.attempt)
        # A job that was cancelled is in flight still, and its key may come again.
        while (entry.key, attempt) in self._in_flight:
            attempt += 1
        self._in_flight[entry.key, attempt] = entry.cost
        self.reserved += entry.cost
        return Granted(attempt)

    def note_sent(self, key: str, attempt: int) -> None:
        pass

    def note_unsent(self, key: str, attempt: int) -> None:
        pass

    async def accept(self, key: str, attempt: int, task_id: str, now: float) -> None:
        pass

    def end(self, key: str, attempt: int, ending: Ending) -> None:
        self._close(key, attempt, is_charged=ending.is_charged)

    def release(self, key: str, attempt: int) -> None:
        self._close(key, attempt, is_charged=True)

    def _close(self, key: str, attempt: int, *, is_charged: bool) -> None:
        cost = self._in_flight.pop((key, attempt), None)
        if cost is not None:
            self.reserved -= cost
            self.spent += cost if is_charged else 0

    def attach(self, entry: Entry, task_id: str) -> None:
        pass

    def give_up(self, key: str, attempt: int, now: float) -> None:
        pass

    def note_balance(self, key: str, attempt: int, balance: int) -> None:
        pass

    async def recall(self, name: str) -> Any | None:  # noqa: ANN401 - JSON
        return self._kept.get(name)

    def keep(self, name: str, value: object) -> None:
        self._kept[name] = value

    def note_files(self, key: str, attempt: int, files: Sequence[str]) -> None:
        pass

    async def find(
        self,
        key: str,  # noqa: ARG002
        attempt: int | None = None,  # noqa: ARG002
    ) -> Record | None:
        return None

    async def find_task(
        self,
        provider: str,  # noqa: ARG002
        task_id: str,  # noqa: ARG002
    ) -> Record | None:
        return None

    async def adopt(
        self,
        now: float,  # noqa: ARG002
        key: str | None = None,  # noqa: ARG002
    ) -> list[Record]:
        return []

    async def records(self) -> list[Record]:
        return []

    async def spending(
        self,
        by: Grouping = "operation",  # noqa: ARG002
        tag: str | None = None,  # noqa: ARG002
    ) -> dict[str, Spending]:
        return {}
