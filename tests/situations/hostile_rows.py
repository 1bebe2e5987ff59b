"""
What may stand in a journal's rows: each column of jobs in each state, with every value.

One file holds all values of one column, beside sound rows; a session must take up the
sound ones, name each bad one, and end.
"""

import asyncio
import contextlib
import gc
import sqlite3
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from hostile_replies import POLLS
from hostile_run import JOB_S, LEAVE_S, REQUEST_S, Heard, Tally, heard, settle
from hostile_values import KEY
from raw_server import RawServer, Say, http

from aiomusic import MusicError, MusicSession, suno

__all__ = ["STATES", "run_rows"]

DEEP: Final = 10_000
CELLS: Final[tuple[object, ...]] = (
    *(None, "", 0, 1, -1, 2**63 - 1, -(2**63), 1e300, float("inf"), 1.5, 1e18, -1e18),
    *("x", b"\x00\xff", b"", "1e400", "NaN", "٣", "\0", "../../etc/passwd", "o" * 300),
    *("x" * 1_000_000, "[" * DEEP + "]" * DEEP, '{"a":' * DEEP + "1" + "}" * DEEP),
    *("[]", "{}", "null", "1", "[1]", '["a"]', '{"a": 1}', '[{"clip_id": 1}]', "{"),
    *('{"kind": "suno.create"}', '{"kind": "suno.create", "description": [1]}'),
    *('{"kind": 1, "description": "x"}', '[{"clip_id": "c", "state": "succeeded"}]'),
    *('{"type": "X", "message": []}', '{"type": "ApiError", "charged": 1}'),
    *('{"Persona": 1}', '{"Lyrics": [1]}', '{"Upload": {}}', "1" + "0" * 5000),
    *("pending", "queued", "submitting", "running", "unknown", "succeeded", "failed"),
    *("cancelled", "yes", "no", "refunded", "nobody", "suno", "2024-01-01T00:00:00Z"),
)
STATES: Final = ("pending", "submitting", "queued", "unknown", "succeeded", "failed")
SOUND: Final = ("pending", "succeeded", "failed")
CREATES: Final = 6
LIMIT_S: Final = REQUEST_S + JOB_S

_JSON = '{"kind":"suno.create","description":"a song"}'
_SUCCEEDED = (
    '[{"clip_id":"c","provider":"suno","state":"succeeded",'
    '"audio_url":"https://e.org/a.mp3"}]'
)


def _row(state: str) -> dict[str, Any]:
    is_task = state in {"pending", "succeeded", "failed"}
    is_over = state in {"succeeded", "failed", "unknown"}
    charged = {"succeeded": "yes", "failed": "unknown", "unknown": "unknown"}
    error = (
        '{"type":"JobFailed","message":"It broke","charged":"unknown","retry":"never"}'
    )
    now = time.time() - 60
    return {
        "attempt": 1,
        "kind": "suno.create",
        "provider": "suno",
        "request": _JSON,
        "fingerprint": "f",
        "metadata": "{}",
        "cost": 10,
        "state": state,
        "charged": charged.get(state),
        "owner": "gone" if state == "submitting" else None,
        "slot": int(state in {"pending", "submitting"}),
        "reserved": 10 if state in {"pending", "submitting"} else 0,
        "spent": 10 if is_over else 0,
        "task_id": f"t-{state}" if is_task else None,
        "made_at": now,
        "sent_at": None if state == "queued" else now,
        "accepted_at": now if is_task else None,
        "ended_at": now if is_over else None,
        "error": error if state == "failed" else None,
        "clips": _SUCCEEDED if state == "succeeded" else "[]",
    }


def run_rows(
    tally: Tally,
    columns: Sequence[str] | None = None,
    states: Sequence[str] = STATES,
) -> None:
    """Plant every value in every column, and have a session take up the file."""
    with heard(tally) as log, tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "template.db"
        asyncio.run(_make(template))
        names = _columns(template) if columns is None else columns
        for state in states:
            for name in names:
                path = Path(folder) / f"{state}-{name}.db"
                path.write_bytes(template.read_bytes())
                keys = _plant(path, state, name)
                log.name_ = f"rows: {state}, {name}"
                asyncio.run(_take_up(path, keys, tally, log))
                for one in path.parent.glob(f"{path.name}*"):
                    tally.check(log.name_, one.read_bytes())
                    one.unlink()
                gc.collect()


async def _make(path: Path) -> None:
    async with MusicSession(KEY, base_url="http://127.0.0.1:1", journal=path):
        pass


def _columns(path: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(path)) as db:
        return [row[1] for row in db.execute("PRAGMA table_info(jobs)")]


def _insert(db: sqlite3.Connection, row: dict[str, Any]) -> None:
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    db.execute(f"INSERT INTO jobs ({names}) VALUES ({marks})", list(row.values()))


def _plant(path: Path, state: str, column: str) -> list[str]:
    """Plant every value in rows of one state; return the keys of those rows."""
    keys = []
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        for sound in SOUND:
            _insert(db, {**_row(sound), "key": f"sound-{sound}"})
        for number, value in enumerate(CELLS):
            key = f"bad-{number}"
            with contextlib.suppress(sqlite3.IntegrityError):
                _insert(db, {**_row(state), "key": key, column: value})
                keys.append(key if column != "key" else str(value))
        # A row that changes its account is money that was tampered with.
        if column not in {"key", "attempt", "account"}:
            _insert(db, {**_row(state), "key": "bad-utf"})
            words = f"UPDATE jobs SET {column} = CAST(x'ff41' AS TEXT)"
            with contextlib.suppress(sqlite3.IntegrityError):
                db.execute(f"{words} WHERE key = 'bad-utf'")
            keys.append("bad-utf")
    return keys


def _respond(line: str, _body: bytes) -> Say:
    if "get-credits" in line:
        return http({"credits": 100, "extra_credits": 0})
    if line.startswith("POST"):
        return http({"task_id": "t-new"})
    return http(POLLS["suno.create"])


async def _take_up(path: Path, keys: list[str], tally: Tally, log: Heard) -> None:
    name = log.name_
    tally.cases["rows"] += len(keys)
    with RawServer(respond=_respond) as server:
        music = MusicSession(
            KEY,
            base_url=server.url,
            journal=path,
            concurrency=1000,
            request_timeout_s=REQUEST_S,
            job_timeout_s=JOB_S,
            poll_every_s=0.1,
        )
        began = tally.now()
        try:
            async with asyncio.timeout(30), music:
                await _in_session(music, keys, name, tally)
                began = tally.now()
        except TimeoutError:
            tally.wrong.append(f"{name}: the session hangs")
        except MusicError as error:
            tally.wrong.append(f"{name}: the session raised {error}")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            said = "".join(traceback.format_exception(error))
            tally.wrong.append(f"{name}: the session raised {said}")
        tally.settled(f"{name}: leaving", tally.now() - began, LEAVE_S)
    tally.check(f"{name}: log", log.take())


async def _in_session(
    music: MusicSession, keys: list[str], name: str, tally: Tally
) -> None:
    jobs = await music.resume()
    found = {job.key: job for job in jobs}
    ends = [settle(job, f"{name}: {job.key[:20]!r}", LIMIT_S, tally) for job in jobs]
    await asyncio.gather(*ends)
    sound = found.get("sound-pending")
    if sound is None or not sound.done() or sound.state != "succeeded":
        tally.wrong.append(f"{name}: the sound task was not followed")
    for ask in (
        music.jobs(),
        music.jobs(limit=5),
        music.spending(),
        music.spending("day"),
        music.spending(tag="a"),
    ):
        try:
            await ask
        except MusicError as error:
            tally.failed(f"{name}: asking", error)
    for key in [*_some(keys), "new"]:
        job = music.submit(suno.Create("a song"), key=key)
        await settle(job, f"{name}: create under {key[:20]!r}", LIMIT_S, tally)


def _some(keys: list[str]) -> Iterator[str]:
    for key in keys[:: max(1, len(keys) // CREATES)]:
        if key and key.isprintable() and len(key) <= 200:
            yield key
