"""A batch of everything that goes wrong, killed half-way, and run once more."""

import asyncio
import contextlib
import hashlib
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
from quick_service import SONG_S, QuickService

from aiomusic._files import audio
from aiomusic.emulator import Pace
from aiomusic.emulator._ids import Ids
from aiomusic.emulator._tasks import Task

ROOT = Path(__file__).parents[2]
CONCURRENCY = 6
WORDS = "[Verse] on we go"
DEAD, PAGE = "a dead link", "a page in place of music"


def rows_of(number: int) -> Iterator[dict[str, Any]]:
    """Yield so many rows, of which two in ten can't be bought or fail."""
    yield {"key": "dead", "provider": "suno", "description": DEAD}
    yield {"key": "page", "provider": "suno", "description": PAGE}
    for n in range(2, number):
        yield _row(n)


def _row(n: int) -> dict[str, Any]:
    key, first, more = f"row-{n}", f"@row-{n - n % 10}", f"@row-{n - n % 10 + 1}[1]"
    match n % 10:
        case 1:
            asked: dict[str, Any] = {"operation": "extend", "clip": first, "at": 10}
            return {"key": key, "provider": "suno", **asked, "lyrics": WORDS}
        case 2 if n > 10:
            return {"key": key, "provider": "suno", "operation": "concat", "clip": more}
        case 3:
            return {"key": key, "provider": "suno", "operation": "extend"}
        case 4:
            # Every task of this provider fails.
            return {"key": key, "provider": "riffusion", "prompt": f"song {n}"}
        case 5:
            behind = {"operation": "cover", "clip": f"@row-{n - 1}", "sound": "pop"}
            return {"key": key, "provider": "riffusion", **behind, "lyrics": WORDS}
    return {"key": key, "provider": "suno", "description": f"song {n}", "title": key}


def expected_state(row: Mapping[str, Any]) -> str:
    """Return what must become of a row."""
    if row["key"] in {"dead", "page"} or row["provider"] == "suno":
        is_bad = row.get("operation") == "extend" and "clip" not in row
        return "refused" if is_bad else "succeeded"
    return "waiting" if row.get("operation") == "cover" else "failed"


@attrs.define
class Killing:
    """One batch file, its album, and the service that it is bought from."""

    folder: Path
    service: QuickService
    rows: list[dict[str, Any]]

    @classmethod
    @contextlib.asynccontextmanager
    async def prepared(
        cls, folder: Path, number: int, dead_status: int = 404
    ) -> AsyncIterator["Killing"]:
        rows = list(rows_of(number))
        lines = "".join(f"{json.dumps(row)}\n" for row in rows)
        (folder / "songs.jsonl").write_text(lines)
        # No task ends but by `finish`.
        pace = Pace.polls(pending=10**9)
        async with QuickService(pace=pace) as service:
            service.dead_status = dead_status
            service.api.fault("fail", on="create", provider="riffusion", times=None)
            yield cls(folder, service, rows)

    @property
    def album(self) -> Path:
        return self.folder / "album"

    @property
    def bought(self) -> list[str]:
        """The keys of the rows that are to be bought, each once."""
        states = {row["key"]: expected_state(row) for row in self.rows}
        return [key for key, one in states.items() if one in {"succeeded", "failed"}]

    async def start(self) -> Process:
        options = {
            "--out": "album",
            "--journal": "jobs.db",
            "--poll-every": "0.05",
            "--concurrency": f"{CONCURRENCY}",
        }
        words = [word for pair in options.items() for word in pair]
        env = {
            **os.environ,
            "AIOMUSIC_API_KEY": self.service.api.key,
            "AIOMUSIC_BASE_URL": self.service.api.url,
            "PYTHONPATH": str(ROOT),
        }
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "aiomusic", "batch", "songs.jsonl", *words),
            cwd=self.folder,
            env=env,
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=PIPE,
        )

    async def finish(self, most: int | None = None) -> None:
        """End tasks as they come: so many, or until it is cancelled."""
        ended = 0
        while most is None or ended < most:
            tasks = self.service.api.tasks.values()
            waiting = [task for task in tasks if not task.is_over]
            for task in waiting[: None if most is None else most - ended]:
                self._mark(task)
                await self.service.api.finish(task.task_id)
                ended += 1
            await asyncio.sleep(0.01)

    def _mark(self, task: Task) -> None:
        """Let the first clip of two of the tasks have no music at its link."""
        first = Ids(seed=0).make("clip", task.number)
        match getattr(task.request, "description", None):
            case text if text == DEAD:
                self.service.dead.add(first)
            case text if text == PAGE:
                self.service.pages.add(first)

    async def killed(self) -> None:
        """Run it, and kill it where every slot is taken, and each task was asked."""
        process = await self.start()
        await self.finish(len(self.bought) // 2)
        # So nothing is on the wire, where no client could tell what became of it.
        while not self._is_settled():
            await asyncio.sleep(0.01)
        process.kill()
        await process.communicate()

    def _is_settled(self) -> bool:
        tasks = self.service.api.tasks.values()
        open_tasks = [task for task in tasks if not task.is_over]
        is_full = len(open_tasks) == CONCURRENCY
        return is_full and all(task.polls > 0 for task in open_tasks)

    async def ended(self) -> tuple[int | None, str]:
        """Run it to its end, and return its code and its last words."""
        process = await self.start()
        finishing = asyncio.create_task(self.finish())
        _, err = await process.communicate()
        finishing.cancel()
        return process.returncode, err.decode()

    def manifest(self) -> dict[str, dict[str, Any]]:
        lines = (self.album / "manifest.jsonl").read_text().splitlines()
        found = [json.loads(line) for line in lines]
        assert len(found) == len({line["key"] for line in found})
        return {line["key"]: line for line in found}

    def flaws(self) -> Iterator[str]:
        """Yield what is not as it must be."""
        lines = self.manifest()
        for row in self.rows:
            line = lines.get(row["key"])
            if line is None:
                yield f"{row['key']} is not in the manifest"
                continue
            if line["state"] != expected_state(row):
                yield f"{row['key']} is {line['state']}: {line['error']}"
            if line["state"] != "succeeded":
                is_told = line["error"] is not None and not line["clips"]
                yield from [] if is_told else [f"{row['key']} has clips or no error"]
            for clip in line["clips"]:
                yield from self._flaws_of(row["key"], clip)
        submissions = self.service.api.submissions
        if submissions != len(self.bought):
            yield f"{submissions} creates for {len(self.bought)} rows"
        yield from (f"{path.name} is left" for path in self.album.glob("*.part*"))

    def _flaws_of(self, key: str, clip: Mapping[str, Any]) -> Iterator[str]:
        clip_id = clip["clip_id"]
        if clip_id in self.service.dead | self.service.pages:
            yield from [] if clip["file"] is None else [f"{key} has a file of a page"]
            return
        if clip["file"] is None:
            yield f"{key} lacks the file of {clip_id}"
            return
        path = self.album / clip["file"]
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != clip["sha256"]:
            yield f"{path.name} is not what the manifest says"
        if (flaw := audio.flaw(path, SONG_S)) is not None:
            yield f"{path.name}: {flaw.text}"
