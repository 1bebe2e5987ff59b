"""
A user's program that makes songs under stable keys, and may be killed at any time.

Its plan comes as JSON in its first line of input; it tells what it does in lines of
JSON.  It asks for the same songs whenever it is started, and saves them.
"""

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Any

from aiohttp import web

from aiomusic import MusicJob, MusicSession
from aiomusic.errors import BudgetExceeded, SubmissionUnknown

SECRET = "torture"


def say(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


class Ear(logging.Handler):
    """Reports each task id that was heard, before it is written down."""

    def emit(self, record: logging.LogRecord) -> None:
        if str(record.msg).startswith("job %s is task"):
            assert isinstance(record.args, tuple)
            say(heard=record.args[0])


class Worker:
    """
    One life.

    Attributes:
        may_settle: Set once no callback is under way any more, so that a job still
            unknown was never bought, and is sent again.
    """

    def __init__(self, music: MusicSession, plan: dict[str, Any]) -> None:
        self.music = music
        self.plan = plan
        self.may_settle = asyncio.Event()
        self.called: dict[str, asyncio.Event] = {}
        self.saved: dict[str, int] = {}

    async def live(self) -> None:
        for job in await self.music.resume():
            say(resumed=job.key, state=str(job.state), task=job.task_id)
        records = await self.music.jobs()
        self.saved = {one.key: len(one.files) for one in records}
        await asyncio.gather(*(self.make(key) for key in self.plan["keys"]))

    async def make(self, key: str) -> None:
        """Make a song, or tell why there is none."""
        called = self.called.setdefault(key, asyncio.Event())
        while True:
            called.clear()
            job = self.music.suno.create(f"song {key}", key=key, metadata=self.meta)
            try:
                await job
            except SubmissionUnknown:
                if not self.plan["hooks"]:
                    say(unknown=key)
                    return
                again = await self.second_thoughts(job, called)
                if again is None:
                    continue
                job = again
                await job
            except BudgetExceeded:
                say(over_budget=key)
                return
            if self.plan["folder"] and self.saved.get(key, 0) < len(job.clips):
                await job.save(Path(self.plan["folder"]))
            say(done=key)
            return

    async def second_thoughts(
        self, job: MusicJob[Any], called: asyncio.Event
    ) -> MusicJob[Any] | None:
        """Wait for a callback, or for leave to buy it again."""
        waits = [
            asyncio.ensure_future(called.wait()),
            asyncio.ensure_future(self.may_settle.wait()),
        ]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        return None if called.is_set() else job.resubmit()

    @property
    def meta(self) -> dict[str, object]:
        return {"worker": self.plan["name"]}

    async def receive(self, request: web.Request) -> web.Response:
        """Take what the supervisor passes on, as any receiver would."""
        assert self.music.webhooks is not None
        key = request.match_info["key"]
        attempt = int(request.query.get("attempt", "1"))
        raw = await request.read()
        await self.music.webhooks.handle(
            request.headers,
            raw,
            job_key=key,
            attempt=attempt,
            token=request.query.get("token"),
        )
        if key in self.called:
            self.called[key].set()
        return web.Response(status=204)

    async def listen(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/hook/{gang}/{key}", self.receive)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner


async def main(plan: dict[str, Any], lines: asyncio.StreamReader) -> None:
    hooks: dict[str, Any] = {}
    if plan["hooks"]:
        hooks = {"webhook_url": plan["hooks"], "webhook_secret": SECRET}
    async with MusicSession(
        plan["key"],
        base_url=plan["url"],
        journal=plan["journal"],
        concurrency=plan["concurrency"],
        max_credits=plan["max_credits"],
        poll_every_s=plan["poll_every_s"],
        request_timeout_s=plan["request_timeout_s"],
        **hooks,
    ) as music:
        worker = Worker(music, plan)
        runner = await worker.listen()
        say(
            ready=runner.addresses[0][1],
            owner=music._journal._lock.name,  # type: ignore[attr-defined]
        )
        hearing = asyncio.create_task(settle_on_word(worker, lines))
        await worker.live()
        if plan["stays"]:
            # A service has nothing to do now and then; it ends when it is killed.
            await asyncio.Event().wait()
        hearing.cancel()
    await runner.cleanup()
    say(over=True)


async def settle_on_word(worker: Worker, lines: asyncio.StreamReader) -> None:
    if await lines.readline():
        worker.may_settle.set()


async def start() -> None:
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    plan = json.loads(await lines.readline())
    say(started=True)
    await main(plan, lines)


if __name__ == "__main__":
    log = logging.getLogger("aiomusic")
    log.setLevel(logging.INFO)
    log.addHandler(Ear())
    asyncio.run(start())
