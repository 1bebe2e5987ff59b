"""
Gangs: processes that share a journal, make the same songs, and are signalled.

Each gang has an emulator of its own, which counts what it charges and how many tasks
run at one time.  Its workers are forked from a server that has loaded all, are hit by
signals at instants that a seed picks, and are started again; the service fails in
ways that its weather allows, and another program locks the journal for seconds.  When
all have lived their last, the audit compares the emulator's ledger with the journal's.
"""

import asyncio
import collections
import contextlib
import json
import random
import signal
import sqlite3
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any, Final, Literal

import aiohttp
import attrs
from aiohttp import web
from forked import Forker, Life
from gang_worker import Plan
from tortured import COST, TASK_S, Service, teach

from aiomusic import MusicSession

Weather = Literal["calm", "limited", "stormy"]

SIGNALS: Final = ("KILL", "TERM", "INT", "INT twice", "STOP and CONT")
REQUEST_TIMEOUT_S = 2.0
# A worker that is interrupted has ended by then: what is on the wire has 5 s, and a
# file that is locked a second for each thing that is written.
MAX_LEAVE_S = 20.0
MAX_LAST_S = 90.0
MAX_ORDERS = 10

# What the service does, and on what; none of it eats the answer to a create.
CALM: Final[list[tuple[str, str, dict[str, Any]]]] = [
    ("slow", "create", {"seconds": 0.4}),
    ("slow", "poll", {"seconds": 0.4}),
    ("server_error", "poll", {}),
    ("drop_after_body", "poll", {}),
    ("reset", "poll", {}),
    ("html", "poll", {"status": 502}),
    ("cut_body", "poll", {}),
    ("rate_limited", "poll", {"retry_after": 0.3}),
    ("unknown_state", "poll", {}),
    ("fail", "create", {}),
    ("fail", "create", {"refund": False}),
    ("id_beside_error", "create", {}),
]
# A refusal that nobody has heard leaves a purchase unknown, and unpaid.
LIMITS: Final[list[tuple[str, str, dict[str, Any]]]] = [
    ("rate_limited", "create", {"retry_after": 0.3, "times": 3}),
    ("queue_full", "create", {"times": 2}),
    ("qps", "create", {}),
]
EATING: Final[list[tuple[str, str, dict[str, Any]]]] = [
    ("drop_before_body", "create", {}),
    ("drop_after_body", "create", {"times": 2}),
    ("reset", "create", {}),
    ("hang", "create", {}),
    ("slow", "create", {"seconds": 2.6}),
    ("cut_body", "create", {}),
    ("html", "create", {"status": 502, "times": 4}),
    ("html", "create", {"status": 200}),
    ("status", "create", {"status": 502, "times": 4}),
    ("server_error", "create", {}),
]
MENUS: Final[dict[Weather, list[tuple[str, str, dict[str, Any]]]]] = {
    "calm": CALM,
    "limited": CALM + LIMITS,
    "stormy": CALM + LIMITS + EATING,
}


@attrs.frozen(kw_only=True)
class Scene:
    """
    What one gang goes through.

    Args:
        signals: How many each of its workers is hit by, before its last life.
        ceiling: What part of its keys its budget covers; None: it has none.
        cancels, resubmits: How often workers do so.
    """

    name: str
    seed: int
    workers: int = 3
    jobs: int = 200
    signals: int = 15
    concurrency: int = 6
    weather: Weather = "stormy"
    has_hooks: bool = False
    ceiling: float | None = None
    cancels: float = 0.1
    resubmits: float = 0.0
    is_locked: bool = True

    @property
    def max_credits(self) -> int | None:
        return None if self.ceiling is None else int(self.ceiling * self.jobs) * COST


@attrs.define(kw_only=True)
class Gang:
    """One journal, the processes that share it, and its service."""

    scene: Scene
    folder: Path
    service: Service
    forker: Forker
    hook_url: str | None = None
    signals: collections.Counter[str] = attrs.field(factory=collections.Counter)
    wrong: list[str] = attrs.field(factory=list)
    undelivered: list[tuple[str, dict[str, str], bytes]] = attrs.field(factory=list)
    lives: dict[str, Life] = attrs.field(factory=dict)
    locks: int = 0
    faults: int = 0
    # Workers that ended only by a third Ctrl-C.
    thirds: int = 0

    @property
    def journal(self) -> Path:
        return self.folder / "songs.db"

    @property
    def keys(self) -> list[str]:
        return [f"{self.scene.name}-{n}" for n in range(self.scene.jobs)]

    def rng(self, what: str) -> random.Random:
        return random.Random(f"{self.scene.seed} {self.scene.name} {what}")

    def said(self, worker: str) -> list[dict[str, Any]]:
        path = self.folder / f"{worker}.log"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    def plan(self, worker: str, number: int, *, is_last: bool) -> Plan:
        scene = self.scene
        lives = scene.signals + 1
        share = scene.jobs if is_last else -(-scene.jobs * number // lives)
        rng = self.rng(f"{worker} {number}")
        return Plan(
            name=worker,
            seed=f"{scene.seed} {scene.name} {worker} {number}",
            keys=self.keys[:share],
            journal=str(self.journal),
            log=str(self.folder / f"{worker}.log"),
            url=self.service.url,
            api_key=self.service.key,
            concurrency=scene.concurrency,
            max_credits=scene.max_credits,
            request_timeout_s=REQUEST_TIMEOUT_S,
            hook_url=self.hook_url,
            hook_socket=str(self.folder / f"{worker}.sock"),
            on_term=rng.choice(["dies", "cancels"]),
            cancels=scene.cancels,
            resubmits=scene.resubmits,
            is_last=is_last,
        )

    async def run(self) -> None:
        """Let all workers live and die, and then end in peace."""
        await teach(self.journal)
        workers = [f"w{n}" for n in range(self.scene.workers)]
        async with contextlib.AsyncExitStack() as stack:
            if self.scene.has_hooks:
                await stack.enter_async_context(self.receiving())
                stack.push_async_callback(_stop, asyncio.create_task(self.forward()))
            troubles = [asyncio.create_task(self.rain())]
            if self.scene.is_locked:
                troubles.append(asyncio.create_task(self.lock()))
            await asyncio.gather(*(self.lead(worker) for worker in workers))
            for trouble in troubles:
                await _stop(trouble)
            await asyncio.gather(*(self.last_life(worker) for worker in workers))

    async def lead(self, worker: str) -> None:
        rng = self.rng(worker)
        number = hits = 0
        while hits < self.scene.signals:
            number += 1
            life = await self.begin(worker, hits + 1)
            try:
                while not life.is_over and hits < self.scene.signals:
                    await asyncio.sleep(rng.choice([0.1, 0.6, 1.5]) * rng.random())
                    hits += await self.hit(life, rng.choice(SIGNALS), rng)
                life.signal(signal.SIGKILL)
            finally:
                await life.wait(5.0)
                life.signal(signal.SIGKILL)
                del self.lives[worker]
            self.check_end(life)

    async def begin(self, worker: str, number: int, *, is_last: bool = False) -> Life:
        plan = self.plan(worker, number, is_last=is_last)
        Path(plan.hook_socket).unlink(missing_ok=True)
        life = self.lives[worker] = await self.forker.begin("gang_worker", plan)
        return life

    async def hit(self, life: Life, name: str, rng: random.Random) -> bool:
        """Send a signal; return whether there was somebody to take it."""
        if life.is_over:
            return False
        self.signals[name] += 1
        match name:
            case "KILL":
                life.signal(signal.SIGKILL)
            case "TERM":
                life.signal(signal.SIGTERM)
            case "INT":
                life.signal(signal.SIGINT)
            case "INT twice":
                life.signal(signal.SIGINT)
                await asyncio.sleep(rng.choice([0.01, 0.1, 1.0]) * rng.random())
                life.signal(signal.SIGINT)
            case _:
                life.signal(signal.SIGSTOP)
                # Now and then for longer than an answer may take.
                await asyncio.sleep(rng.choice([0.2, 3.0]) * rng.random())
                life.signal(signal.SIGCONT)
                return True
        is_over = await life.wait(MAX_LEAVE_S)
        if not is_over and name == "INT twice":
            # asyncio loses the callback that it was about to make when Ctrl-C came,
            # whosever it was; a third one ends the waiting for it.
            self.thirds += 1
            life.signal(signal.SIGINT)
            is_over = await life.wait(5.0)
        if not is_over:
            self.wrong.append(f"{life.plan.name} hangs after {name}")
            await self.kill_hanging(life)
        return True

    async def kill_hanging(self, life: Life) -> None:
        """Have a worker tell where it hangs, before it is killed."""
        life.signal(signal.SIGUSR1)
        await life.wait(1.0)
        life.signal(signal.SIGKILL)
        await life.wait(5.0)
        stacks = Path(f"{life.plan.log}.stacks").read_text()
        self.wrong.append(f"{life.plan.name} was at:\n{stacks}")

    def check_end(self, life: Life) -> None:
        code = life.end.result()
        if code not in {0, 1, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT}:
            said = [word for word in self.said(life.plan.name) if "ended" in word]
            self.wrong.append(f"{life.plan.name} ended with {code}: {said[-1:]}")

    async def last_life(self, worker: str) -> None:
        """Let a worker see all its keys through."""
        life = await self.begin(worker, 0, is_last=True)
        if not await life.wait(MAX_LAST_S):
            said = self.said(worker)[-5:]
            self.wrong.append(f"{worker} hangs in its last life: {said}")
            await self.kill_hanging(life)
        elif life.end.result() != 0:
            said = self.said(worker)[-1:]
            self.wrong.append(f"{worker} ended with {life.end.result()}: {said}")

    async def rain(self) -> None:
        """Have the service fail now and then."""
        rng = self.rng("weather")
        orders: collections.deque[int] = collections.deque()
        try:
            while True:
                await asyncio.sleep(0.4 * rng.random())
                kind, on, options = rng.choice(MENUS[self.scene.weather])
                orders.append(await self.service.order(kind, on, **options))
                self.faults += 1
                # What nobody was struck by is not kept for later.
                if len(orders) > MAX_ORDERS:
                    await self.service.withdraw(orders.popleft())
                if self.scene.has_hooks:
                    fault = rng.choice(["twice", "late", "out_of_order"])
                    await self.service.order(fault, "webhook", seconds=0.3)
        finally:
            for order in orders:
                await self.service.withdraw(order)

    async def lock(self) -> None:
        """Lock the journal's file now and then, as another program might."""
        rng = self.rng("locks")
        while True:
            await asyncio.sleep(3.0 * rng.random())
            with contextlib.closing(
                sqlite3.connect(self.journal, timeout=0, isolation_level=None)
            ) as db:
                try:
                    db.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError:
                    continue
                self.locks += 1
                await asyncio.sleep(rng.choice([0.1, 0.5, 2.5]) * rng.random())

    @contextlib.asynccontextmanager
    async def receiving(self) -> AsyncIterator[None]:
        """Take callbacks, which outlive the workers that they are for."""
        app = web.Application()
        app.router.add_post("/hook/{key}", self.called)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.hook_url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        try:
            yield
        finally:
            await runner.cleanup()

    async def called(self, request: web.Request) -> web.Response:
        headers = {k: v for k, v in request.headers.items() if k.startswith("X-")}
        raw = await request.read()
        self.undelivered.append((request.rel_url.raw_path_qs, headers, raw))
        return web.Response(status=202)

    async def forward(self) -> None:
        """Hand callbacks to whoever is up, as a load balancer would."""
        rng = self.rng("hooks")
        while True:
            for hook in list(self.undelivered):
                up = [life for life in self.lives.values() if not life.is_over]
                if up and await _hand_in(rng.choice(up), hook):
                    self.undelivered.remove(hook)
            await asyncio.sleep(0.05)


async def _hand_in(life: Life, hook: tuple[str, dict[str, str], bytes]) -> bool:
    path, headers, raw = hook
    connector = aiohttp.UnixConnector(life.plan.hook_socket)
    timeout = aiohttp.ClientTimeout(total=2.0)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
        try:
            async with http.post(
                f"http://worker{path}", data=raw, headers=headers
            ) as reply:
                return reply.status < 300
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False


async def _stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


@attrs.frozen(kw_only=True)
class Audit:
    """
    What one gang's journal says, beside the emulator's ledger.

    Attributes:
        billed: Tasks that credits were taken for.
        twice: Keys that were billed more often than was asked for.
        free: Tasks that were billed, and whose purchase the journal calls free.
        silent: Tasks that were billed, and that are in no row.
        over: Credits beyond the ceiling.
        above: Tasks that ran beyond the concurrency.
        unknown: Purchases that are unknown in the end, and *unpaid* those of them
            that were never billed.
        wrong: What should not be, in words.
    """

    gang: str
    weather: str
    workers: int
    jobs: int
    signals: int
    billed: int
    done: int
    unknown: int
    unpaid: int
    twice: int
    free: int
    silent: int
    over: int
    above: int
    wrong: list[str]


@attrs.define
class Auditor:
    """Compares, and names everything that is wrong."""

    gang: Gang
    ledger: dict[str, Any]
    wrong: list[str] = attrs.field(factory=list)

    async def audit(self) -> Audit:
        """Ask the library itself, and then its file."""
        gang, ledger = self.gang, self.ledger
        service = gang.service
        async with MusicSession(
            service.key, base_url=service.url, journal=gang.journal, on_exit="detach"
        ) as music:
            await music.resume()
            records = {one.key: one for one in await music.jobs()}
        rows = self.rows()
        billed = self.billed()
        twice = self.twice(rows, billed)
        free, silent, unpaid = self.unmatched(rows, billed)
        net = ledger["charged"]
        limit = gang.scene.max_credits
        over = 0 if limit is None else max(0, net - limit)
        above = max(0, ledger["peak"] - gang.scene.concurrency)
        self.say("was bought twice", twice)
        self.say("was billed and called free", free)
        self.say("was billed, and is in no row", silent)
        self.say("is in no row", set(gang.keys) - records.keys() - self.refused())
        if over:
            self.wrong.append(f"{over} credits over the ceiling of {limit}")
        if above:
            self.wrong.append(f"{above} tasks above the concurrency")
        self.check_sums(rows)
        is_unknown = [row for row in rows if row["state"] == "unknown"]
        if gang.scene.weather == "calm" and unpaid:
            lost = [
                {**row, "request": None, "clips": None}
                for row in is_unknown
                if row["key"] not in billed
            ]
            self.wrong.append(f"{unpaid} are unknown, and were never billed: {lost}")
        return Audit(
            gang=gang.scene.name,
            weather=gang.scene.weather,
            workers=gang.scene.workers,
            jobs=gang.scene.jobs,
            signals=gang.signals.total(),
            billed=sum(map(len, billed.values())),
            done=sum(row["state"] == "succeeded" for row in rows),
            unknown=len(is_unknown),
            unpaid=unpaid,
            twice=len(twice),
            free=len(free),
            silent=len(silent),
            over=over,
            above=above,
            wrong=[f"{gang.scene.name}: {line}" for line in gang.wrong + self.wrong],
        )

    def refused(self) -> set[str]:
        """Return keys that the budget left no room for."""
        workers = range(self.gang.scene.workers)
        said = [word for n in workers for word in self.gang.said(f"w{n}")]
        return {word["over_budget"] for word in said if "over_budget" in word}

    def rows(self) -> list[dict[str, Any]]:
        with contextlib.closing(sqlite3.connect(self.gang.journal)) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute("SELECT * FROM jobs")]

    def billed(self) -> dict[str, list[str]]:
        """Return the tasks that the emulator charged for under each key."""
        found: dict[str, list[str]] = {}
        for task, words in self.ledger["tasks"].items():
            found.setdefault(words.removeprefix("song "), []).append(task)
        return found

    def twice(
        self, rows: list[dict[str, Any]], billed: dict[str, list[str]]
    ) -> list[str]:
        """Return keys that were billed more often than workers asked to buy them."""
        asked = {
            (word["resubmitted"], word["attempt"])
            for worker in range(self.gang.scene.workers)
            for word in self.gang.said(f"w{worker}")
            if "resubmitted" in word
        }
        # What ended unpaid, or failed and was given back, may be bought again.
        again = collections.Counter(key for key, _ in asked)
        failed = collections.Counter(
            row["key"] for row in rows if row["state"] == "failed" and row["task_id"]
        )
        return [
            key
            for key, tasks in billed.items()
            if len(tasks) > 1 + again[key] + failed[key]
        ]

    def unmatched(
        self, rows: list[dict[str, Any]], billed: dict[str, list[str]]
    ) -> tuple[list[str], list[str], int]:
        """Match what was billed with rows; return free, silent, and unpaid ones."""
        free: list[str] = []
        silent: list[str] = []
        unpaid = 0
        for key in {*billed, *(row["key"] for row in rows)}:
            mine = [row for row in rows if row["key"] == key]
            named = {row["task_id"] for row in mine if row["task_id"] is not None}
            left = set(billed.get(key, [])) - named
            lost = [row for row in mine if _may_be_paid(row)]
            unpaid += max(0, len(lost) - len(left))
            if len(left) > len(lost):
                is_free = any(row["charged"] == "no" for row in mine)
                (free if is_free else silent).append(key)
            refunded = set(self.ledger["refunded"])
            free += [
                key
                for row in mine
                if row["task_id"] is not None
                and row["task_id"] not in refunded
                and row["charged"] in {"no", "refunded"}
            ]
        return free, silent, unpaid

    def check_sums(self, rows: list[dict[str, Any]]) -> None:
        names = ("slot", "reserved", "spent")
        sums = tuple(sum(row[name] for row in rows) for name in names)
        with contextlib.closing(sqlite3.connect(self.gang.journal)) as db:
            found = db.execute("SELECT slots, reserved, spent FROM totals").fetchone()
        if sums != tuple(found):
            self.wrong.append(f"the totals are {found}, not {sums}")
        net = self.ledger["charged"]
        if sums[1] + sums[2] < net:
            self.wrong.append(f"{sums} in the journal, {net} credits at the service")
        owners = self.gang.folder.glob(f"{self.gang.journal.name}-owner-*")
        # What was killed as it came alive is cleared away a minute later.
        left = [path.name for path in owners if not path.name.endswith("-young")]
        if left:
            self.wrong.append(f"files of owners are left: {left}")

    def say(self, what: str, keys: Iterable[str]) -> None:
        self.wrong += [f"{key} {what}" for key in sorted(keys)]


def _may_be_paid(row: dict[str, Any]) -> bool:
    """Check whether a row says that it may have been bought, and names no task."""
    is_lost = row["task_id"] is None and row["charged"] in {"unknown", "yes"}
    return row["state"] == "unknown" or is_lost


async def torment(scene: Scene, folder: Path, forker: Forker) -> tuple[Gang, Audit]:
    """Put one gang through its scene, and audit it."""
    place = folder / scene.name
    place.mkdir()
    async with Service.started(task_s=TASK_S) as service:
        gang = Gang(scene=scene, folder=place, service=service, forker=forker)
        try:
            await gang.run()
        finally:
            for life in gang.lives.values():
                life.signal(signal.SIGKILL)
        audit = await Auditor(gang, await service.ledger()).audit()
    return gang, audit
