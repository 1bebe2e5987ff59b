"""
One process of a gang: a user's program that is signalled while it makes songs.

It tells what it does in lines of JSON, each of which outlives it.
"""

import asyncio
import contextlib
import faulthandler
import json
import os
import random
import signal
import traceback
from pathlib import Path
from typing import Any, Literal

import attrs
from aiohttp import web

from aiomusic import MusicJob, MusicSession
from aiomusic._engine.job import TrackedJob
from aiomusic.errors import (
    BudgetExceeded,
    JobFailed,
    MusicError,
    SubmissionUnknown,
)
from aiomusic.journal.sqlite import SqliteJournal

SECRET = "gang"
# Another program keeps the file locked for longer, now and then.
LOCK_WAIT_S = 1.0
# A lost create has so long to be called back for.
CALLBACK_S = 3.0
AGAIN_S = 0.1


@attrs.frozen(kw_only=True)
class Plan:
    """
    What a worker is to do in one life.

    Args:
        on_term: Whether SIGTERM ends it at once, or cancels its main task.
        cancels: How often it cancels a job, or gives up waiting for one.
        resubmits: How often it buys again what is unknown.
        is_last: Whether it ends when each of its keys has an outcome.
    """

    name: str
    seed: str
    keys: list[str]
    journal: str
    log: str
    url: str
    api_key: str
    concurrency: int
    max_credits: int | None
    request_timeout_s: float
    hook_url: str | None
    hook_socket: str
    on_term: Literal["dies", "cancels"]
    cancels: float
    resubmits: float
    is_last: bool


class Worker:
    """One life."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.rng = random.Random(plan.seed)
        flags = os.O_APPEND | os.O_CREAT | os.O_WRONLY
        self.log = os.open(plan.log, flags, 0o600)
        self.music: MusicSession

    def say(self, **what: object) -> None:
        os.write(self.log, json.dumps(what).encode() + b"\n")

    async def live(self) -> None:
        plan = self.plan
        if plan.on_term == "cancels":
            me = asyncio.current_task()
            assert me is not None
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
        hooks: dict[str, Any] = {}
        if plan.hook_url is not None:
            hooks = {"webhook_url": plan.hook_url, "webhook_secret": SECRET}
        self.music = MusicSession(
            plan.api_key,
            base_url=plan.url,
            journal=SqliteJournal(plan.journal, lock_wait_s=LOCK_WAIT_S),
            concurrency=plan.concurrency,
            max_credits=plan.max_credits,
            poll_every_s=0.05,
            request_timeout_s=plan.request_timeout_s,
            # A callback that never comes is not waited for.
            on_exit="wait" if plan.hook_url is None else "detach",
            **hooks,
        )
        async with contextlib.AsyncExitStack() as stack:
            await self.enter(stack)
            await self.listen(stack)
            await self.make_all()

    async def enter(self, stack: contextlib.AsyncExitStack) -> None:
        """Enter the session, though another program may keep its file locked."""
        while True:
            try:
                await stack.enter_async_context(self.music)
            except MusicError as error:
                self.say(locked_out=str(error))
                await asyncio.sleep(AGAIN_S)
            else:
                return

    async def make_all(self) -> None:
        self.say(entered=self.plan.name)
        await self.resume()
        keys = list(self.plan.keys)
        self.rng.shuffle(keys)
        await asyncio.gather(*(self.make(key) for key in keys))
        if not self.plan.is_last:
            # It waits for its signal.
            await asyncio.Event().wait()

    async def resume(self) -> None:
        try:
            await self.music.resume(queued=self.rng.random() < 0.3)
        except MusicError as error:
            self.say(not_resumed=str(error))

    async def make(self, key: str) -> None:
        """Ask for a song until it has an outcome."""
        while True:
            try:
                outcome = await self.outcome(key)
            except MusicError as error:
                self.say(again=key, why=f"{type(error).__name__}: {error}")
                await asyncio.sleep(AGAIN_S)
            else:
                self.say(**{outcome: key})
                return

    async def outcome(self, key: str) -> str:
        job = self.music.suno.create(f"song {key}", key=key)
        try:
            await self.meddle(job)
            await self.wait(job)
        except SubmissionUnknown:
            if self.rng.random() >= self.plan.resubmits:
                return "unknown"
            assert isinstance(job, TrackedJob)
            self.say(resubmitted=key, attempt=job.attempt)
            await self.wait(job.resubmit())
        except BudgetExceeded:
            return "over_budget"
        except JobFailed:
            return "failed"
        return "done"

    async def meddle(self, job: MusicJob[Any]) -> None:
        """Cancel a job, or only the waiting for it, now and then."""
        if self.rng.random() >= self.plan.cancels:
            return
        try:
            async with asyncio.timeout(self.rng.uniform(0.0, 0.5)):
                await job
        except TimeoutError:
            if self.rng.random() < 0.5:
                self.say(cancelled=job.key)
                job.cancel()

    async def wait(self, job: MusicJob[Any]) -> None:
        """Wait for a job, but not for ever for a callback that brings its task."""
        if self.plan.hook_url is None:
            await job
            return
        waiting = asyncio.ensure_future(job)
        lost_s = 0.0
        try:
            while not waiting.done() and lost_s < CALLBACK_S:
                await asyncio.wait([waiting], timeout=AGAIN_S)
                lost_s = lost_s + AGAIN_S if job.state == "unknown" else 0.0
            if not waiting.done():
                job.cancel()
                message = "Nobody called back."
                raise SubmissionUnknown(message)
            await waiting
        finally:
            waiting.cancel()

    async def listen(self, stack: contextlib.AsyncExitStack) -> None:
        if self.plan.hook_url is None:
            return
        app = web.Application()
        app.router.add_post("/hook/{key}", self.receive)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.UnixSite(runner, self.plan.hook_socket).start()

    async def receive(self, request: web.Request) -> web.Response:
        """Take what the supervisor passes on, as any receiver would."""
        assert self.music.webhooks is not None
        try:
            await self.music.webhooks.handle(
                request.headers,
                await request.read(),
                job_key=request.match_info["key"],
                attempt=int(request.query.get("attempt", "1")),
                token=request.query.get("token"),
            )
        except MusicError as error:
            # The journal is locked, or the session left: it is to come again.
            return web.Response(status=503, text=str(error))
        return web.Response(status=204)


def show_stacks(path: str) -> None:
    """Have SIGUSR1 tell where every thread and every task is."""
    file = Path(path).open("a")  # noqa: SIM115 - for as long as the process lives

    def show_tasks(*_: object) -> None:
        with contextlib.suppress(RuntimeError):
            for task in asyncio.all_tasks():
                task.print_stack(file=file)
        file.flush()

    signal.signal(signal.SIGUSR1, show_tasks)
    faulthandler.register(signal.SIGUSR1, file=file, chain=True)


def live(plan: dict[str, Any]) -> int:
    """Live once, in a process that has just been forked; return its exit status."""
    worker = Worker(Plan(**plan))
    show_stacks(f"{worker.plan.log}.stacks")
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        asyncio.run(worker.live())
    except (KeyboardInterrupt, asyncio.CancelledError) as error:
        worker.say(ended=type(error).__name__)
        return 1
    except BaseException as error:  # noqa: BLE001 - told to the supervisor
        worker.say(ended=type(error).__name__, why=traceback.format_exc())
        # A second Ctrl-C in the run that cancels all, in whoever's task it came.
        return 1 if "Event loop stopped" in str(error) else 3
    worker.say(ended="over")
    return 0
