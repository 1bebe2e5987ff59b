"""What a batch shows on a terminal, as its screen stands at a moment."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from quick_service import QuickService
from running import Command
from terminal import Terminal

from aiomusic.emulator import Pace

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

LONG = "a-key-that-is-longer-than-any-that-a-line-has-room-for"
KEYS = ["one", "two", LONG, "four", "five"]
WORDS = ("songs.jsonl", "--concurrency", "3", "--max-credits", "1500")


@pytest.fixture
async def service() -> AsyncIterator[QuickService]:
    # No task ends but by `finish`.
    async with QuickService(pace=Pace.polls(pending=10**9)) as service:
        yield service


@pytest.fixture
def command(service: QuickService, tmp_path: Path) -> Command:
    rows = [{"key": key, "provider": "suno", "description": key} for key in KEYS]
    rows.insert(2, {"key": "bad", "provider": "suno"})
    text = "".join(f"{json.dumps(row)}\n" for row in rows)
    (tmp_path / "songs.jsonl").write_text(text)
    return Command.within(tmp_path).at(service.api)


async def settled(
    terminal: Terminal, is_well: Callable[[list[str]], bool]
) -> list[str]:
    """Wait until the view is as it is to be, and return it, or what it is instead."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(30):
            await terminal.wait_until(lambda lines: is_well(view(lines)))
    return view(terminal.lines)


async def shown(terminal: Terminal, expected: list[str]) -> list[str]:
    return await settled(terminal, lambda lines: lines == expected)


def is_narrow(lines: list[str]) -> bool:
    """Check whether keys gave way, so that all else has room in 60 columns."""
    jobs = lines[3:]
    return (
        lines[:3] == EXPECTED[:3]
        and [line.split()[1][:6] for line in jobs] == ["two", "a-key-", "four"]
        and all("  pending  #:#  # to # s left" in line for line in jobs)
    )


async def half_way(terminal: Terminal, service: QuickService) -> None:
    """Run a batch until one row is done, and three are at the service."""
    await terminal.start("batch", *WORDS, "--poll-every", "0.05")
    while len(service.api.tasks) < 3:
        await terminal.read()
    await service.api.finish(next(iter(service.api.tasks)))


def view(lines: list[str]) -> list[str]:
    """Return the lines of the view, which begins with the rows."""
    starts = [at for at, line in enumerate(lines) if " of 6 rows" in line]
    return [line for line in lines[starts[-1] :] if line] if starts else lines


# The key, the state, how long, and how long still.
EXPECTED = [
    "2 of 6 rows · 1 refused, 1 succeeded",
    "10 of 1,500 credits, 30 reserved · # polls · 2 files",
    "━━━━━━━━╺━━━━━━━━━━━━━━━",
    "~  two                                       pending  #:#  # to # s left",
    "~  a-key-that-is-longer-than-any-that-a-li…  pending  #:#  # to # s left",
    "~  four                                      pending  #:#  # to # s left",
]


@pytest.mark.parametrize("columns", [80, 120])
async def test_the_whole_batch_stands_in_a_few_lines(
    service: QuickService, command: Command, columns: int
) -> None:
    """Rows by state, money against the ceiling, polls, and a line per open job."""
    terminal = Terminal(command, columns)

    await half_way(terminal, service)

    assert EXPECTED == await shown(terminal, EXPECTED)
    await finished(terminal, service)


async def finished(terminal: Terminal, service: QuickService) -> None:
    """Let what is open end, and the command with it: the view is gone then."""
    while len(service.api.tasks) < 5:
        await service.api.finish()
        await terminal.read()
    await service.api.finish()
    assert await terminal.end() == 2
    assert not [line for line in terminal.lines if line.startswith("~")]
    assert "6 of 6 rows: 5 succeeded, 1 refused; 50 credits" in terminal.shown


async def test_a_window_that_is_resized_is_drawn_anew(
    service: QuickService, command: Command
) -> None:
    """Narrower and wider, each line stays one line, and nothing is lost."""
    terminal = Terminal(command, 120)
    await half_way(terminal, service)
    await shown(terminal, EXPECTED)

    terminal.resize(60)
    narrow = await settled(terminal, is_narrow)
    assert is_narrow(narrow), narrow
    terminal.resize(120)
    assert EXPECTED == await shown(terminal, EXPECTED)

    await finished(terminal, service)
