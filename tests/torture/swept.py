"""
The sweep: a program is interrupted in each way at each instant of a create's life.

After each interrupt the emulator's ledger is compared with what the user was told and
with the journal; then a second process opens the journal, resumes, and asks for the
same songs, and the ledger is compared again.
"""

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
from forked import Forker
from sweep_worker import WAYS, Plan
from tortured import Service

SONGS = 2
# A create is answered after so long, and its task ends so long after that.
ANSWER_S = 0.06
TASK_S = 0.1
STEP_S = 0.005
# What is on the wire when a session is closed has 5 s to be answered.
MAX_S = 12.0
# What a process that has ended has sent is in the ledger by then.
SETTLED_S = 0.05
# How long after the first interrupt the second comes, where there are two.
AGAIN_S = (0.0, 0.002, 0.02, 0.07)


@attrs.define
class Found:
    """
    What one interrupt came to.

    Attributes:
        row: In which state it left the row of the first song.
        unknown: Songs that the second process found unknown, and *unpaid* those of
            them that were never billed.
    """

    way: str
    at_s: float
    row: str = "none"
    unknown: int = 0
    unpaid: int = 0
    wrong: list[str] = attrs.field(factory=list)


@attrs.define
class Sweep:
    """Interrupts programs, several at a time."""

    service: Service
    forker: Forker
    folder: Path
    found: list[Found] = attrs.field(factory=list)

    async def life_s(self) -> float:
        """Measure how long a program lives that nobody interrupts."""
        await self.service.order("slow", "create", seconds=ANSWER_S, times=None)
        lives: list[float] = []
        for number in range(3):
            case = Case(self, Found("", 0.0), f"calm{number}", 0.0)
            lives.append((await case.live(""))["lived_s"])
        return max(lives)

    async def run(
        self, instants: Sequence[float], ways: Sequence[str] = WAYS, at_once: int = 3
    ) -> list[Found]:
        cases = iter([(way, at_s) for way in ways for at_s in instants])
        await asyncio.gather(*(self.work(cases) for _ in range(at_once)))
        return self.found

    async def work(self, cases: Any) -> None:
        for way, at_s in cases:
            number = len(self.found)
            found = Found(way, at_s)
            self.found.append(found)
            again_s = AGAIN_S[number % len(AGAIN_S)]
            await Case(self, found, f"c{number}", again_s).run()


@attrs.define
class Case:
    """One interrupt, and its audit."""

    sweep: Sweep
    found: Found
    name: str
    again_s: float
    unpaid: set[str] = attrs.field(factory=set)

    @property
    def keys(self) -> list[str]:
        return [f"{self.name}-{number}" for number in range(SONGS)]

    @property
    def journal(self) -> Path:
        return self.sweep.folder / f"{self.name}.db"

    def say(self, what: str) -> None:
        found = self.found
        self.found.wrong.append(f"{found.way} at {found.at_s * 1e3:.0f} ms: {what}")

    async def run(self) -> None:
        told = await self.live(self.found.way)
        await asyncio.sleep(SETTLED_S)
        self.check_told(told, await self.billed())
        self.found.row = next((row["state"] for row in self.rows()), "none")
        again = await self.live("")
        self.check_again(again, await self.billed())

    async def live(self, way: str) -> dict[str, Any]:
        """Run the program; return what its user was told, if it lived to tell."""
        report = self.sweep.folder / f"{self.name}-{'first' if way else 'second'}"
        service = self.sweep.service
        plan = Plan(
            way=way,
            at_s=self.found.at_s,
            again_s=self.again_s,
            url=service.url,
            api_key=service.key,
            journal=str(self.journal),
            report=str(report),
            keys=self.keys,
        )
        life = await self.sweep.forker.begin("sweep_worker", plan)
        which = "it" if way else "the next process"
        is_over = await life.wait(MAX_S)
        if not is_over and way == "Ctrl-C twice":
            # asyncio loses the callback that it was about to make when the second one
            # came, whosever it was; a third one ends the waiting for it.
            life.signal(signal.SIGINT)
            is_over = await life.wait(5.0)
        if not is_over:
            self.say(f"{which} hangs")
            life.signal(signal.SIGKILL)
            await life.wait(5.0)
        elif life.end.result() not in {0, -signal.SIGKILL, -signal.SIGTERM}:
            self.say(f"{which} ended with {life.end.result()}")
        told: dict[str, Any] = {"seen": "", "is_bare": True, "jobs": []}
        with contextlib.suppress(FileNotFoundError):
            told = json.loads(report.read_text())
        if not told["is_bare"]:
            self.say(f"{which} raised {told['seen']}")
        return told

    async def billed(self) -> dict[str, list[str]]:
        """Return the tasks that were charged for under each key."""
        tasks = (await self.sweep.service.ledger())["tasks"]
        return {
            key: [task for task, words in tasks.items() if words == f"song {key}"]
            for key in self.keys
        }

    def rows(self) -> list[dict[str, Any]]:
        if not self.journal.exists():
            return []
        with contextlib.closing(sqlite3.connect(self.journal)) as db:
            db.row_factory = sqlite3.Row
            with contextlib.suppress(sqlite3.OperationalError):
                found = db.execute("SELECT * FROM jobs ORDER BY key, attempt")
                return [dict(row) for row in found]
        return []

    def check_told(self, told: dict[str, Any], billed: dict[str, list[str]]) -> None:
        """Check that no job is left open, and none is free that was billed."""
        rows = {row["key"]: row for row in self.rows()}
        for job in told["jobs"]:
            key = job["key"]
            if not job["is_done"]:
                self.say(f"{key} is not settled")
            if billed[key] and job["charged"] == "no":
                self.say(f"{key} is said to be free, as {job['error']}")
        for key, tasks in billed.items():
            row = rows.get(key)
            if tasks and row is None:
                self.say(f"{key} was billed, and is in no row")
            elif tasks and row is not None and row["charged"] in {"no", "refunded"}:
                self.say(f"{key} was billed, and its row says {row['charged']}")
            elif tasks and row is not None and row["state"] == "queued":
                self.say(f"{key} was billed, and its row is queued")

    def check_again(self, again: dict[str, Any], billed: dict[str, list[str]]) -> None:
        """Check what the next process makes of it."""
        rows = self.rows()
        for key, tasks in billed.items():
            mine = [row for row in rows if row["key"] == key]
            if len(tasks) > 1:
                self.say(f"{key} was bought {len(tasks)} times")
            states = [row["state"] for row in mine]
            if states[-1:] == ["unknown"]:
                self.found.unknown += 1
                self.found.unpaid += not tasks
            elif states[-1:] != ["succeeded"] or mine[-1]["task_id"] not in tasks:
                self.say(f"{key} is {states} in the end, with the tasks {tasks}")
        for job in again["jobs"]:
            if job["state"] not in {"succeeded", "unknown"}:
                self.say(f"{job['key']} is {job['state']} to the next process")
        if len(again["jobs"]) < SONGS:
            self.say("the next process has made no jobs")
        left = list(self.sweep.folder.glob(f"{self.journal.name}-owner-*"))
        if left:
            self.say(f"files of owners are left: {[path.name for path in left]}")


@contextlib.asynccontextmanager
async def swept(folder: Path) -> Any:
    """Yield a sweep with a service of its own."""
    assert os.name != "nt"
    async with (
        Service.started(task_s=TASK_S) as service,
        Forker.started(folder / "errors") as forker,
    ):
        yield Sweep(service, forker, folder)
