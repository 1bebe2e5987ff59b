"""
One server for many tasks at once: each ends after about so long, and is then seen.

It counts the polls, and how long after its end each task was first polled.
"""

import argparse
import asyncio
import json
import random
import re
import time
import uuid
from typing import Any

import attrs
from shapes import SHAPES
from stand_in import TASK_ID, Shape, read_request, reply

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@attrs.define(eq=False)
class Crowd:
    shape: Shape
    lasts_s: tuple[float, float]
    url: str = ""
    polls: int = 0
    creates: int = 0
    ends_at: dict[str, float] = attrs.field(factory=dict)
    delays_s: dict[str, float] = attrs.field(factory=dict)
    _dice: random.Random = attrs.field(factory=lambda: random.Random(7))

    async def serve(self) -> None:
        server = await asyncio.start_server(
            self._talk, "127.0.0.1", 0, backlog=1024, limit=1 << 16
        )
        host, port = server.sockets[0].getsockname()[:2]
        self.url = f"http://{host}:{port}"
        print(self.url, flush=True)
        await server.serve_forever()

    async def _talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while True:
                method, path, body = await read_request(reader)
                writer.write(self._answer(method, path, body.decode()))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _answer(self, method: str, path: str, body: str) -> bytes:
        if path == "/seen":
            return reply(200, self._seen())
        if path.endswith("/get-credits"):
            return reply(200, {"credits": 1_000_000, "extra_credits": 0})
        found = ID.search(path) or ID.search(body)
        if found is None and method == "POST":
            return self._create()
        assert found is not None, path
        return self._poll(path, found[0])

    def _create(self) -> bytes:
        self.creates += 1
        task_id = str(uuid.UUID(int=self._dice.getrandbits(128)))
        self.ends_at[task_id] = time.monotonic() + self._dice.uniform(*self.lasts_s)
        headers = self.shape.headers(self.url)
        answer = reply(self.shape.status, self.shape.created(self.url), headers)
        return answer.replace(TASK_ID.encode(), task_id.encode())

    def _poll(self, path: str, task_id: str) -> bytes:
        self.polls += 1
        late_s = time.monotonic() - self.ends_at[task_id]
        if late_s >= 0:
            self.delays_s.setdefault(task_id, late_s)
        answer = reply(200, self.shape.poll(path, late_s >= 0))
        return answer.replace(TASK_ID.encode(), task_id.encode())

    def _seen(self) -> dict[str, Any]:
        """Return what was seen since this was last asked."""
        found = {
            "creates": self.creates,
            "polls": self.polls,
            "delays_s": sorted(self.delays_s.values()),
        }
        self.creates = self.polls = 0
        self.ends_at.clear()
        self.delays_s.clear()
        return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("--lasts", type=json.loads, default=[14.0, 16.0])
    given = parser.parse_args()
    asyncio.run(Crowd(SHAPES[given.shape], tuple(given.lasts)).serve())
