"""
The emulator in a process of its own, which no kill touches: it counts the money.

Beside it, on a second port: audio that comes slowly, and what a supervisor asks.
The first line printed tells where both are.
"""

import asyncio
import contextlib
import io
import json
import sys
import wave

from aiohttp import web

from aiomusic.emulator import Emulator, Fault, Pace

SECONDS = 30
HOLD_S = 0.15


def silence() -> bytes:
    """Return a song that is as long as all clips say, and small."""
    file = io.BytesIO()
    with wave.open(file, "wb") as song:
        song.setnchannels(1)
        song.setsampwidth(1)
        song.setframerate(2000)
        song.writeframes(b"\x80" * 2000 * SECONDS)
    return file.getvalue()


class Service:
    def __init__(self) -> None:
        self.api: Emulator
        self.faults: list[Fault] = []
        self.song = silence()

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/media/{name}", self.media)
        app.router.add_get("/ledger", self.ledger)
        app.router.add_post("/fault", self.fault)
        app.router.add_get("/fault/{number}", self.struck)
        app.router.add_delete("/fault/{number}", self.withdraw)
        return app

    async def media(self, request: web.Request) -> web.StreamResponse:
        """Send half, then the rest, so that a kill may come between."""
        if not request.match_info["name"].endswith((".mp3", ".wav")):
            return web.Response(status=404)
        begin = request.http_range.start or 0
        headers = {"Content-Type": "audio/wav", "ETag": '"torture"'}
        size, status = len(self.song), 200
        if begin:
            status = 206
            headers["Content-Range"] = f"bytes {begin}-{size - 1}/{size}"
        reply = web.StreamResponse(status=status, headers=headers)
        left = self.song[begin:]
        reply.content_length = len(left)
        # Whoever is killed while it fetches hears the rest no more.
        with contextlib.suppress(ConnectionError):
            await reply.prepare(request)
            await reply.write(left[: len(left) // 2])
            await asyncio.sleep(HOLD_S)
            await reply.write(left[len(left) // 2 :])
        return reply

    async def ledger(self, _: web.Request) -> web.Response:
        api = self.api
        in_flight = api.in_flight
        return web.json_response(
            {
                "charges": api.charges,
                "charged": api.charged,
                "refunds": api.refunds,
                "submissions": api.submissions,
                "in_flight": in_flight,
                "peak": api.peak_in_flight,
                "refunded": [t for t, task in api.tasks.items() if task.is_refunded],
                "delivered": sorted({one.task_id for one in api.deliveries}),
                "tasks": {
                    task_id: getattr(task.request, "description", None)
                    or getattr(task.request, "prompt", "")
                    for task_id, task in api.tasks.items()
                },
            }
        )

    async def fault(self, request: web.Request) -> web.Response:
        self.faults.append(self.api.fault(**await request.json()))
        return web.json_response(len(self.faults) - 1)

    def _named(self, request: web.Request) -> Fault:
        return self.faults[int(request.match_info["number"])]

    async def struck(self, request: web.Request) -> web.Response:
        return web.json_response(self._named(request).struck)

    async def withdraw(self, request: web.Request) -> web.Response:
        self._named(request).cancel()
        return web.json_response(None)


async def main(credits: int, task_s: float) -> None:  # noqa: A002 - the API's word
    service = Service()
    runner = web.AppRunner(service.app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    side = f"http://127.0.0.1:{runner.addresses[0][1]}"
    pace = Pace.seconds(task_s / 4, task_s / 2, not_ready=task_s / 4, spread=0.2)
    async with Emulator(
        credits=credits, pace=pace, media=False, public_url=side, keep_calls=1
    ) as api:
        service.api = api
        where = {"url": api.url, "key": api.key, "side": side}
        sys.stdout.write(json.dumps(where) + "\n")
        sys.stdout.flush()
        # Whoever started it closes its stdin to end it, and so does being killed.
        await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
