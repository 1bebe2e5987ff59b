"""A server in a process of its own, so that only the client's CPU is measured."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator

from aiohttp import web


@contextlib.contextmanager
def served_by(script: str, *words: str) -> Iterator[str]:
    """Start ``script --serve words``, and give the address that it prints."""
    command = [sys.executable, script, "--serve", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def serve(app: web.Application) -> None:
    """Serve until killed; the first line printed is the address."""

    async def main() -> None:
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
        print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
        await asyncio.Event().wait()

    asyncio.run(main())
