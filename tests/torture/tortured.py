"""
The supervisor: one emulator that counts, workers that are killed, and the audit.

A *gang* is one journal and the workers that share it.  Each worker is started again
and again with the same keys and a few more, and is killed each time but the last, at
an instant that a seed picks: by the clock, or by what its journal, its folder, its
own words or the emulator show.
"""

import asyncio
import collections
import contextlib
import json
import os
import random
import signal
import sqlite3
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, Literal

import aiohttp
import attrs
from aiohttp import web

from aiomusic import MusicSession
from aiomusic._engine.poller import LEARNED
from aiomusic._polling.schedule import Kind, Schedule
from aiomusic.journal import Record
from aiomusic.journal.liveness import SessionLock
from aiomusic.journal.sqlite import SqliteJournal

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SECRET = "torture"
COST = 10
CLIPS = 2
CONCURRENCY = 8
# How long a task takes, and what the poller calls its kind.
TASK_S = 0.3
KIND = "suno/create/chirp-v4-5"
POLL_S = 0.004
# A kill that waits for something in vain comes after this.
PATIENCE_S = 1.5

Stage = Literal[
    "start", "journal", "intent", "post", "unstored", "poll", "download", "instant"
]
STAGES: tuple[Stage, ...] = (
    "start",
    "journal",
    "intent",
    "post",
    "unstored",
    "poll",
    "download",
    "instant",
)
WHAT: dict[Stage, str] = {
    "start": "by the clock, while it starts",
    "journal": "at the first write to the journal",
    "intent": "an intent is written, its POST held back by a 429",
    "post": "the service has the POST and has not answered",
    "unstored": "the task id is heard, the journal locked",
    "poll": "tasks are being polled",
    "download": "a clip is half fetched",
    "instant": "by the clock, while it works",
}
FOUND = {
    "none": "before intent: no row",
    "intent": "intent written, no task at the service",
    "sent": "intent written, charged, no answer heard",
    "heard": "answer heard, task id not stored",
    "polled": "task id stored, task not over",
    "unsaved": "task over, files not noted",
}


async def teach(path: Path) -> None:
    """
    Leave in a journal how long tasks take, as sessions that ended well would.

    Slots of tasks that nobody follows are held for so long.
    """
    kind = Kind(name=KIND, typical_s=TASK_S, floor_s=0.05)
    schedule = Schedule()
    for _ in range(20):
        schedule.observe(kind, 0.9 * TASK_S, 1.1 * TASK_S)
    journal = SqliteJournal(path)
    await journal.open()
    journal.keep(LEARNED, lambda _: schedule.to_state())
    await journal.aclose()


@attrs.define
class Service:
    """The emulator's process, and its ledger."""

    process: Process
    url: str
    key: str
    side: str
    http: aiohttp.ClientSession

    @classmethod
    @contextlib.asynccontextmanager
    async def started(
        cls,
        *,
        balance: int = 1_000_000,
        task_s: float = 0.3,
    ) -> AsyncIterator["Service"]:
        command = [str(HERE / "torture_service.py"), str(balance), str(task_s)]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, stdin=PIPE, stdout=PIPE, env=environment()
        )
        assert process.stdout is not None
        assert process.stdin is not None
        where = json.loads(await process.stdout.readline())
        async with aiohttp.ClientSession() as http:
            try:
                yield cls(process, where["url"], where["key"], where["side"], http)
            finally:
                process.stdin.close()
                try:
                    await asyncio.wait_for(process.wait(), 10)
                except TimeoutError:
                    process.kill()

    async def ledger(self) -> dict[str, Any]:
        async with self.http.get(f"{self.side}/ledger") as reply:
            found: dict[str, Any] = await reply.json()
            return found

    async def order(self, kind: str, on: str, **options: object) -> int:
        body = {"kind": kind, "on": on, **options}
        async with self.http.post(f"{self.side}/fault", json=body) as reply:
            return int(await reply.json())

    async def struck(self, number: int) -> int:
        async with self.http.get(f"{self.side}/fault/{number}") as reply:
            return int(await reply.json())

    async def withdraw(self, number: int) -> None:
        async with self.http.delete(f"{self.side}/fault/{number}"):
            pass


def environment() -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AIOMUSIC_")}
    return {**clean, "PYTHONPATH": str(ROOT)}


@attrs.define(kw_only=True)
class Life:
    """A worker's process, from its start to its end."""

    process: Process
    started: asyncio.Event = attrs.field(factory=asyncio.Event)
    ready: asyncio.Event = attrs.field(factory=asyncio.Event)
    heard_one: asyncio.Event = attrs.field(factory=asyncio.Event)
    port: int | None = None
    owner: str | None = None
    said: list[dict[str, Any]] = attrs.field(factory=list)
    heard: set[str] = attrs.field(factory=set)
    listening: "asyncio.Task[None] | None" = None
    errors: Path

    @classmethod
    async def begin(cls, plan: dict[str, Any], errors: Path) -> "Life":
        with errors.open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                str(HERE / "torture_worker.py"),
                stdin=PIPE,
                stdout=PIPE,
                stderr=file,
                env=environment(),
            )
        life = cls(process=process, errors=errors)
        life.listening = asyncio.create_task(life.listen())
        life.tell(plan)
        return life

    def tell(self, what: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(what).encode() + b"\n")

    async def listen(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            try:
                word = json.loads(line)
            except ValueError:
                # The last line of a killed process may be torn.
                continue
            self.said.append(word)
            if "started" in word:
                self.started.set()
            elif "ready" in word:
                self.port, self.owner = word["ready"], word["owner"]
                self.ready.set()
            elif "heard" in word:
                self.heard.add(word["heard"])
                self.heard_one.set()

    async def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL)
        await self.end()

    async def end(self) -> int:
        assert self.listening is not None
        await self.listening
        return await self.process.wait()

    def told(self, name: str) -> list[Any]:
        return [word[name] for word in self.said if name in word]


@attrs.define(kw_only=True)
class Worker:
    """One of a gang: its keys, and the life it leads now."""

    name: str
    keys: list[str]
    folder: Path
    life: Life | None = None
    last: Life | None = None


@attrs.define(kw_only=True)
class Gang:
    """A journal and those who share it."""

    name: str
    journal: Path
    has_hooks: bool
    workers: list[Worker]
    undelivered: list[tuple[str, dict[str, str], bytes]] = attrs.field(factory=list)
    delivered: int = 0
    is_moving: asyncio.Event = attrs.field(factory=asyncio.Event)

    @property
    def keys(self) -> set[str]:
        return {key for worker in self.workers for key in worker.keys}

    def rows(self, which: str = "1") -> list[dict[str, Any]]:
        """Read the journal as another program would."""
        if not self.journal.exists():
            return []
        with contextlib.closing(
            sqlite3.connect(f"file:{self.journal}?mode=ro", uri=True, timeout=10)
        ) as db:
            db.row_factory = sqlite3.Row
            try:
                return [
                    dict(r) for r in db.execute(f"SELECT * FROM jobs WHERE {which}")
                ]
            except sqlite3.OperationalError:
                # It is being made just now.
                return []

    def totals(self) -> tuple[int, int, int]:
        with contextlib.closing(sqlite3.connect(self.journal)) as db:
            found = db.execute("SELECT slots, reserved, spent FROM totals").fetchone()
            return int(found[0]), int(found[1]), int(found[2])

    def owner_files(self) -> list[str]:
        pattern = f"{self.journal.name}-owner-*"
        return [path.name for path in self.journal.parent.glob(pattern)]


@attrs.define
class Torture:
    """
    Kills and counts.

    Attributes:
        kills: How often each stage was the one to kill at.
        met: How often its condition was met, and not only its patience spent.
        found: In which state kills found jobs.
        wrong: What should not be; empty if all is well.
    """

    service: Service
    folder: Path
    seed: int
    kills: collections.Counter[str] = attrs.field(factory=collections.Counter)
    met: collections.Counter[str] = attrs.field(factory=collections.Counter)
    found: collections.Counter[str] = attrs.field(factory=collections.Counter)
    wrong: list[str] = attrs.field(factory=list)
    gangs: dict[str, Gang] = attrs.field(factory=dict)
    hook_url: str = ""

    def gang(
        self,
        name: str,
        *,
        workers: int,
        jobs: int,
        has_hooks: bool,
        shared: float = 0.5,
    ) -> Gang:
        """Make a gang; *shared* of its keys are asked for by two workers."""
        folder = self.folder / name
        folder.mkdir()
        keys = [f"{name}-{number}" for number in range(jobs)]
        rng = random.Random(f"{self.seed} {name}")
        lots: list[list[str]] = [[] for _ in range(workers)]
        for number, key in enumerate(keys):
            lots[number % workers].append(key)
            if workers > 1 and rng.random() < shared:
                lots[(number + 1) % workers].append(key)
        self.gangs[name] = Gang(
            name=name,
            journal=folder / "songs.db",
            has_hooks=has_hooks,
            workers=[
                Worker(name=f"{name}-w{n}", keys=lot, folder=folder / f"out{n}")
                for n, lot in enumerate(lots)
            ],
        )
        return self.gangs[name]

    @contextlib.asynccontextmanager
    async def receiving(self) -> AsyncIterator[None]:
        """Take callbacks, which outlive the workers that they are for."""
        app = web.Application()
        app.router.add_post("/hook/{gang}/{key}", self.called)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.hook_url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        try:
            yield
        finally:
            await runner.cleanup()

    async def called(self, request: web.Request) -> web.Response:
        gang = self.gangs[request.match_info["gang"]]
        headers = {k: v for k, v in request.headers.items() if k.startswith("X-")}
        gang.undelivered.append(
            (request.rel_url.raw_path_qs, headers, await request.read())
        )
        gang.is_moving.set()
        return web.Response(status=202)

    async def forward(self, gang: Gang) -> None:
        """Hand callbacks to whoever of a gang is up, as a load balancer would."""
        rng = random.Random(f"{self.seed} {gang.name} hooks")
        while True:
            gang.is_moving.clear()
            for hook in list(gang.undelivered):
                if await self.hand_in(gang, hook, rng):
                    gang.undelivered.remove(hook)
                    gang.delivered += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(gang.is_moving.wait(), 0.1)

    async def hand_in(
        self, gang: Gang, hook: tuple[str, dict[str, str], bytes], rng: random.Random
    ) -> bool:
        path, headers, raw = hook
        up = [w.life for w in gang.workers if w.life is not None and w.life.port]
        if not up:
            return False
        life = rng.choice(up)
        url = f"http://127.0.0.1:{life.port}{path}"
        try:
            async with self.service.http.post(url, data=raw, headers=headers) as reply:
                return reply.status < 300
        except (aiohttp.ClientError, OSError):
            return False

    async def drive(self, gang: Gang, kills: int) -> None:
        """Let every worker of a gang live and die, and then end in peace."""
        await teach(gang.journal)
        async with contextlib.AsyncExitStack() as stack:
            if gang.has_hooks:
                forwarding = asyncio.create_task(self.forward(gang))
                stack.callback(forwarding.cancel)
            each, more = divmod(kills, len(gang.workers))
            lots = [each + (n < more) for n in range(len(gang.workers))]
            await asyncio.gather(
                *(
                    self.lives(gang, worker, lot)
                    for worker, lot in zip(gang.workers, lots, strict=True)
                )
            )
            await asyncio.gather(*(self.last_life(gang, one) for one in gang.workers))

    def plan(
        self, gang: Gang, worker: Worker, keys: list[str], *, stays: bool
    ) -> dict[str, Any]:
        return {
            "stays": stays,
            "name": worker.name,
            "key": self.service.key,
            "url": self.service.url,
            "journal": str(gang.journal),
            "concurrency": CONCURRENCY,
            "max_credits": None,
            "poll_every_s": 0.05,
            "request_timeout_s": 3.0,
            "hooks": f"{self.hook_url}/{gang.name}" if gang.has_hooks else None,
            "folder": str(worker.folder),
            "keys": keys,
        }

    async def lives(self, gang: Gang, worker: Worker, kills: int) -> None:
        rng = random.Random(f"{self.seed} {worker.name}")
        stages = [STAGES[n % len(STAGES)] for n in range(kills)]
        rng.shuffle(stages)
        for number, stage in enumerate(stages, 1):
            keys = worker.keys[: len(worker.keys) * number // (kills + 1)]
            await self.one_life(gang, worker, stage, keys, rng)

    async def one_life(
        self,
        gang: Gang,
        worker: Worker,
        stage: Stage,
        keys: list[str],
        rng: random.Random,
    ) -> None:
        before = gang.journal.with_name(f"{gang.journal.name}-wal")
        if gang.has_hooks and rng.random() < 0.5:
            await self.service.order(
                rng.choice(["twice", "late"]), "webhook", seconds=0.3
            )
        if rng.random() < 0.3:
            await self.service.order("drop_after_body", "create")
        life = await Life.begin(
            self.plan(gang, worker, keys, stays=True), gang.journal.parent / "err"
        )
        worker.life = life
        killing = Killing(self, gang, worker, life, rng, before)
        try:
            is_met = await getattr(killing, stage)()
        finally:
            worker.life = None
            await life.kill()
            await killing.clean_up()
        if life.process.returncode != -signal.SIGKILL:
            self.wrong.append(f"{worker.name} fell over, see {life.errors}")
        self.kills[stage] += 1
        self.met[stage] += is_met
        await self.take_stock(gang, life, keys)

    async def take_stock(self, gang: Gang, life: Life, keys: list[str]) -> None:
        """Count in which state the kill found the worker's jobs."""
        tasks = set((await self.service.ledger())["tasks"].values())
        rows = {row["key"]: row for row in gang.rows()}
        for key in keys:
            row = rows.get(key)
            if row is None:
                self.found["none"] += 1
                continue
            is_ours = row["owner"] == life.owner
            match row["state"]:
                case "submitting" if is_ours and key in life.heard:
                    self.found["heard"] += 1
                case "submitting" if is_ours:
                    is_there = f"song {key}" in tasks
                    self.found["sent" if is_there else "intent"] += 1
                case "pending" | "running" if is_ours:
                    self.found["polled"] += 1
                case "succeeded" if len(json.loads(row["files"])) < CLIPS:
                    self.found["unsaved"] += 1

    async def last_life(self, gang: Gang, worker: Worker) -> None:
        """Let a worker see all its keys through."""
        plan = self.plan(gang, worker, worker.keys, stays=False)
        life = await Life.begin(plan, gang.journal.parent / "err")
        worker.life = worker.last = life
        if gang.has_hooks:
            settling = asyncio.create_task(self.settle(gang, life))
            try:
                code = await life.end()
            finally:
                settling.cancel()
        else:
            code = await life.end()
        worker.life = None
        if code or not life.told("over"):
            self.wrong.append(f"{worker.name} ended with {code}, see {life.errors}")

    async def settle(self, gang: Gang, life: Life) -> None:
        """Allow to buy again once every callback there can be has come."""
        await life.ready.wait()
        while True:
            ledger = await self.service.ledger()
            tasks = ledger["tasks"].items()
            ours = {task for task, words in tasks if self.is_of(gang, words)}
            if (
                ledger["in_flight"] == 0
                and ours <= set(ledger["delivered"])
                and not gang.undelivered
                and not self.in_doubt(gang)
            ):
                life.tell("settle")
                return
            await asyncio.sleep(0.1)

    def in_doubt(self, gang: Gang) -> bool:
        return bool(gang.rows("state IN ('submitting', 'pending', 'running')"))

    def is_of(self, gang: Gang, words: str) -> bool:
        return words.removeprefix("song ") in gang.keys


@attrs.define
class Killing:
    """The stages: each returns when it is time, and says whether its sign was seen."""

    torture: Torture
    gang: Gang
    worker: Worker
    life: Life
    rng: random.Random
    wal: Path
    fault: int | None = None
    lock: sqlite3.Connection | None = None

    async def clean_up(self) -> None:
        if self.lock is not None:
            self.lock.close()
        if self.fault is not None:
            await self.torture.service.withdraw(self.fault)

    async def until(
        self, is_true: Callable[[], bool | Awaitable[bool]], limit_s: float = PATIENCE_S
    ) -> bool:
        """Poll until it is true, the worker is through, or patience is at an end."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end and self.life.process.returncode is None:
            found = is_true()
            if found if isinstance(found, bool) else await found:
                return True
            await asyncio.sleep(POLL_S)
        return False

    async def ready(self) -> bool:
        return await self.until(self.life.ready.is_set, 10.0)

    def mine(self, states: str) -> list[dict[str, Any]]:
        if self.life.owner is None:
            return []
        return self.gang.rows(f"owner = '{self.life.owner}' AND state IN ({states})")

    async def start(self) -> bool:
        await asyncio.sleep(self.rng.uniform(0.0, 0.6))
        return True

    async def instant(self) -> bool:
        is_ready = await self.ready()
        await asyncio.sleep(self.rng.uniform(0.0, 0.8))
        return is_ready

    async def journal(self) -> bool:
        await self.ready()
        end = time.monotonic() + PATIENCE_S
        seen = self.mark()
        while time.monotonic() < end:
            if self.mark() != seen:
                return True
            await asyncio.sleep(0)
        return False

    def mark(self) -> tuple[int, int]:
        try:
            found = self.wal.stat()
        except FileNotFoundError:
            return 0, 0
        return found.st_size, found.st_mtime_ns

    async def intent(self) -> bool:
        self.fault = await self.torture.service.order(
            "status", "create", status=429, retry_after=1, times=3
        )
        await self.ready()

        async def is_held() -> bool:
            # Those that were refused have heard it, and none is on the wire.
            if not await self.has_struck() or self.life.owner is None:
                return False
            waiting = [(r["key"], r["attempt"]) for r in self.mine("'submitting'")]
            marks = SessionLock(self.gang.journal)
            owner = self.life.owner
            return bool(waiting) and not any(marks.is_sent(owner, w) for w in waiting)

        return await self.until(is_held)

    async def has_struck(self) -> bool:
        assert self.fault is not None
        return await self.torture.service.struck(self.fault) > 0

    async def post(self) -> bool:
        self.fault = await self.torture.service.order(
            "slow", "create", seconds=2.0, times=4
        )
        await self.ready()
        if not await self.until(self.has_struck):
            return False
        # Long enough, now and then, for the task to end before its create answers.
        await asyncio.sleep(self.rng.uniform(0.0, 0.8))
        return bool(self.mine("'submitting', 'pending'"))

    async def unstored(self) -> bool:
        self.fault = await self.torture.service.order(
            "slow", "create", seconds=0.15, times=4
        )
        await self.ready()
        if not await self.until(lambda: bool(self.mine("'submitting'"))):
            return False
        self.life.heard_one.clear()
        self.lock = sqlite3.connect(self.gang.journal, isolation_level=None, timeout=1)
        try:
            self.lock.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        return await self.until(self.life.heard_one.is_set)

    async def poll(self) -> bool:
        await self.ready()
        is_met = await self.until(lambda: bool(self.mine("'pending', 'running'")))
        await asyncio.sleep(self.rng.uniform(0.0, 0.15))
        return is_met

    async def download(self) -> bool:
        await self.ready()
        old = self.parts()
        is_met = await self.until(lambda: bool(self.parts() - old), 2.5)
        await asyncio.sleep(self.rng.uniform(0.0, 0.1))
        return is_met

    def parts(self) -> set[str]:
        return {path.name for path in self.worker.folder.glob("*.part")}


@attrs.frozen(kw_only=True)
class Audit:
    """
    What one gang's journal says, beside what the emulator charged.

    Attributes:
        done: Jobs with their clips in the journal, and their files on the disk.
        unknown: Jobs that end unknown.
        unpaid: Purchases that ended unknown and were never charged: killed on the
            wire, before the service had them, or before its refusal was heard.
        silent: Jobs that were charged, and are neither done nor unknown.
        wrong: What should not be, in words.
    """

    gang: str
    jobs: int
    charged: int
    done: int
    unknown: int
    unpaid: int
    twice: int
    silent: int
    callbacks: int
    wrong: list[str]


@attrs.define
class Auditor:
    """Compares, and names everything that is wrong."""

    gang: Gang
    ledger: dict[str, Any]
    wrong: list[str] = attrs.field(factory=list)

    async def audit(self, service: Service) -> Audit:
        """Ask the library itself, and then its file."""
        bought = self.bought()
        async with MusicSession(
            service.key, base_url=service.url, journal=self.gang.journal
        ) as music:
            resumed = {job.key for job in await music.resume()}
            records = {one.key: one for one in await music.jobs()}
            spent = sum(s.credits for s in (await music.spending()).values())
            by_tag = await music.spending(tag="worker")
        done = {k for k, one in records.items() if one.state == "succeeded"}
        unknown = {k for k, one in records.items() if one.state == "unknown"}
        rows = self.gang.rows()
        unpaid = [row for row in rows if self.is_unpaid(row, bought, done)]
        twice = [key for key, tasks in bought.items() if len(tasks) > 1]
        silent = bought.keys() - done - unknown
        self.say("was bought twice", twice)
        self.say("was bought, and nothing is known of it", silent)
        self.say("is in no row", self.gang.keys - records.keys())
        self.say("is neither done nor unknown", records.keys() - done - unknown)
        self.say("is open again", resumed - unknown)
        self.say("is unknown, and not in resume()", unknown - resumed)
        for key in done:
            self.check_done(records[key], bought.get(key, []))
        if self.gang.has_hooks:
            self.say("is unknown in spite of hooks", unknown)
            self.say("was never bought", self.gang.keys - bought.keys())
        else:
            told = {
                k for w in self.gang.workers if w.last for k in w.last.told("unknown")
            }
            self.say("is unknown, and its worker was not told", unknown - told)
        owed = COST * (sum(map(len, bought.values())) + len(unpaid))
        self.check_sums(rows, owed)
        self.expect(owed, spent, "spending()")
        self.expect(owed, sum(s.credits for s in by_tag.values()), "spending by tag")
        return Audit(
            gang=self.gang.name,
            jobs=len(self.gang.keys),
            charged=sum(map(len, bought.values())),
            done=len(done),
            unknown=len(unknown),
            unpaid=len(unpaid),
            twice=len(twice),
            silent=len(silent),
            callbacks=self.gang.delivered,
            wrong=self.wrong,
        )

    def bought(self) -> dict[str, list[str]]:
        """Return the tasks that the emulator charged for each of the gang's keys."""
        found: dict[str, list[str]] = {}
        for task, words in self.ledger["tasks"].items():
            key = words.removeprefix("song ")
            if key in self.gang.keys:
                found.setdefault(key, []).append(task)
        return found

    @staticmethod
    def is_unpaid(
        row: dict[str, Any], bought: dict[str, list[str]], done: set[str]
    ) -> bool:
        # A key that is done has its task in another row.
        is_unknown = row["state"] == "unknown"
        return is_unknown and (row["key"] in done or row["key"] not in bought)

    def check_done(self, record: Record, tasks: list[str]) -> None:
        self.expect(tasks[:1], [record.task_id], f"the task of {record.key}")
        self.expect(CLIPS, record.clip_count, f"clips of {record.key}")
        files = {name for name in record.files if Path(name).exists()}
        if len(files) < CLIPS:
            self.wrong.append(f"{record.key} has the files {files}")

    def check_sums(self, rows: list[dict[str, Any]], owed: int) -> None:
        sums = tuple(sum(row[n] for row in rows) for n in ("slot", "reserved", "spent"))
        self.expect(sums, self.gang.totals(), "the totals")
        # Those whose answer was lost may run at the service still.
        leased = [row["state"] for row in rows if row["slot_until"] is not None]
        self.expect({"unknown"}, {"unknown", *leased}, "states that hold a slot")
        sums = (len(leased), 0, owed)
        self.expect(sums, self.gang.totals(), "slots, reserved and spent")
        self.expect([], self.gang.owner_files(), "files of owners")

    def say(self, what: str, keys: Iterable[str]) -> None:
        self.wrong += [f"{key} {what}" for key in sorted(keys)]

    def expect(self, expected: object, found: object, what: str) -> None:
        if expected != found:
            self.wrong.append(f"{what}: {found}, not {expected}")
