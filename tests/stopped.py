"""A clock that stands still until a test lets time pass."""

import asyncio
import time
from collections.abc import Callable
from typing import final

from aiomusic._clock import Timer

__all__ = ["StoppedClock"]


@final
class StoppedClock:
    """The machine's date, and timers that go off when the test lets time pass."""

    def __init__(self) -> None:
        self.passed_s = 0.0
        self._timers: list[_Timer] = []

    def now(self) -> float:
        return self.passed_s

    def wall(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        self.call_at(self.passed_s + seconds, woken.set)
        await woken.wait()

    def call_at(self, when: float, wake: Callable[[], None]) -> Timer:
        timer = _Timer(when, wake)
        if when <= self.passed_s:
            asyncio.get_running_loop().call_soon(timer.go_off)
        else:
            self._timers.append(timer)
        return timer

    def advance(self, seconds: float) -> None:
        self.passed_s += seconds
        due = [timer for timer in self._timers if timer.when <= self.passed_s]
        self._timers = [timer for timer in self._timers if timer not in due]
        for timer in due:
            timer.go_off()


class _Timer:
    def __init__(self, when: float, wake: Callable[[], None]) -> None:
        self.when = when
        self.wake: Callable[[], None] | None = wake

    def go_off(self) -> None:
        if self.wake is not None:
            self.wake()

    def cancel(self) -> None:
        self.wake = None
