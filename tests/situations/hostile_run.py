"""Runs hostile cases through sessions, and says what they were not to do."""

import asyncio
import collections
import contextlib
import gc
import io
import json
import logging
import re
import resource
import tempfile
import time
import traceback
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, final

import attrs
from hostile_replies import ACCEPTED, POLLS, RESULTS, Case
from hostile_values import KEY, OLD_KEY, WEBHOOK_SECRET, leaks
from raw_server import RawServer, Say, http

from aiomusic import MusicError, MusicJob, MusicSession
from aiomusic.cli._main import run_command

__all__ = [
    "Heard",
    "Tally",
    "heard",
    "run_replies",
    "settle",
    "watch_loop",
    "within",
]

# Of a call, and of following a task; a job ends within both, and this much more of
# the time in which the process could run: a busy machine halves a processor's speed.
REQUEST_S: Final = 1.0
JOB_S: Final = 0.6
SLACK_S: Final = 2.0
# A session that nothing is open in is left within this.
LEAVE_S: Final = 2.0
# Jobs of one session; those that may hold back others have one for themselves.
TOGETHER: Final = 24
# Sessions of one job each at one time.
SESSIONS: Final = 8
# How many journals are shown by the command: one in so many.
SHOW_EVERY: Final = 10
HOOK_URL: Final = "https://music.example/hooks"


@final
@attrs.define
class OwnTime:
    """
    Time that stands still while this process is kept from running.

    Linux tells how long each thread waited for a processor, so that a loaded machine
    makes nothing late.  Elsewhere it is the time of the machine.
    """

    _at: float = attrs.field(factory=time.monotonic, init=False)
    _lost_s: float = attrs.field(default=0.0, init=False)
    _waited: dict[str, int] = attrs.field(factory=dict, init=False)
    """Nanoseconds, by the thread."""

    def now(self) -> float:
        """Return seconds; to be called often, as threads end and overlap."""
        waited = 0
        for path in Path("/proc/self/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                so_far = int(path.read_text().split()[1])
                # The number of a thread that ended may be another's now.
                waited += max(0, so_far - self._waited.get(path.parent.name, 0))
                self._waited[path.parent.name] = so_far
        wall = time.monotonic()
        self._lost_s += min(wall - self._at, waited / 1e9)
        self._at = wall
        return wall - self._lost_s


@final
@attrs.define
class Tally:
    """What was run, and what was wrong."""

    cases: collections.Counter[str] = attrs.field(factory=collections.Counter)
    ends: collections.Counter[str] = attrs.field(factory=collections.Counter)
    wrong: list[str] = attrs.field(factory=list)
    late_s: float = 0.0
    stall_s: float = 0.0
    shown: int = 0
    slack_s: float = SLACK_S
    _time: OwnTime = attrs.field(factory=OwnTime, init=False)

    def now(self) -> float:
        """Return seconds in which this process could run."""
        return self._time.now()

    @property
    def peak_mb(self) -> float:
        """The most memory that this process had."""
        status = Path("/proc/self/status")
        if status.exists():
            # What a process is started by counts in ru_maxrss.
            found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
            assert found is not None
            return int(found[1]) / 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2

    def check(self, name: str, seen: bytes) -> None:
        """Note each secret that was seen."""
        self.wrong += [f"{name}: shows {form!r}" for form in leaks(seen)]

    def failed(self, name: str, error: MusicError) -> None:
        """Note an error, and each secret that it or its causes show."""
        self.ends[type(error).__name__] += 1
        said = [*traceback.format_exception(error), repr(error), repr(vars(error))]
        self.check(name, "".join(said).encode(errors="replace"))

    def settled(self, name: str, took_s: float, limit_s: float) -> None:
        """Note how far beyond its limit something ended."""
        late_s = took_s - limit_s
        self.late_s = max(self.late_s, late_s)
        if late_s > self.slack_s:
            self.wrong.append(f"{name}: ended {late_s:.1f} s after its limit")


@final
class Heard(logging.Handler):
    """What is logged, as it would be printed; what asyncio complains of is wrong."""

    def __init__(self, tally: Tally) -> None:
        super().__init__(logging.DEBUG)
        self.tally = tally
        self.name_ = ""
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        self._lines.append(line)
        # What is no HTTP at all is aiohttp's to tell.
        is_http = "Error handling request" in line
        is_told = record.name != "aiomusic" and record.levelno >= logging.ERROR
        if is_told and not is_http:
            self.tally.wrong.append(f"{self.name_}: {record.name} says {line[:300]}")
        if "\n" in record.getMessage() or len(line) > 20_000:
            self.tally.wrong.append(f"{self.name_}: a log line is {line[:300]!r}")

    def take(self) -> bytes:
        lines, self._lines = self._lines, []
        return "\n".join(lines).encode(errors="replace")


LOGGERS: Final = ("aiomusic", "asyncio", "aiohttp.server")


@contextlib.contextmanager
def heard(tally: Tally) -> Iterator[Heard]:
    handler = Heard(tally)
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG if logger.name == "aiomusic" else logging.WARNING)
    try:
        yield handler
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)


# The server.

_NUMBER = re.compile(rb"case-(\d+)")
_TASK = re.compile(r"/t-(\d+)")


def answers(cases: Sequence[Case]) -> Any:
    """Answer each case's create and polls as it says, and all else as it should be."""

    def respond(line: str, body: bytes) -> Say:
        if line.startswith("POST"):
            sent = _NUMBER.search(body)
            number = int(sent[1]) if sent else 0
            case = cases[number]
            if case.create is not None:
                return case.create
            kind = case.make().kind()
            return http(RESULTS.get(kind) or {**ACCEPTED, "task_id": f"t-{number}"})
        if "get-credits" in line:
            known = (case.credits for case in cases if case.credits is not None)
            return next(known, http({"credits": 100, "extra_credits": 0}))
        found = _TASK.search(line)
        case = cases[int(found[1]) if found else 0]
        if case.poll is not None and found:
            return case.poll
        return http(POLLS.get(case.make().kind(), POLLS["suno.create"]))

    return respond


# One session.


def rotating() -> Any:
    """Return the older key once, and the newer from then on."""
    keys = [OLD_KEY]

    async def key() -> str:
        return keys.pop() if keys else KEY

    return key


def run_replies(cases: Iterable[Case], tally: Tally) -> None:
    """Run each case; some of the journals are shown by the command, too."""
    with heard(tally) as log:
        for some in _batches(cases):
            with tempfile.TemporaryDirectory() as folder:
                _run_some(some, Path(folder), tally, log)


def _run_some(some: list[list[Case]], folder: Path, tally: Tally, log: Heard) -> None:
    log.name_ = " … ".join(batch[0].name for batch in some)[:1000]
    paths = [folder / str(number) for number in range(len(some))]
    for path in paths:
        path.mkdir()
    asyncio.run(_run_all(some, paths, tally))
    tally.check(f"{log.name_}: log", log.take())
    for batch, path in zip(some, paths, strict=True):
        for one in path.iterdir():
            tally.check(f"{batch[0].name} …: journal", one.read_bytes())
    tally.shown += 1
    if tally.shown % SHOW_EVERY == 1:
        for batch, path in zip(some, paths, strict=True):
            _show(batch[0].name, path / "songs.db", tally)


async def _run_all(some: list[list[Case]], paths: Sequence[Path], tally: Tally) -> None:
    watch = asyncio.create_task(watch_loop(tally))
    runs = zip(some, paths, strict=True)
    await asyncio.gather(*(_run_batch(batch, path, tally) for batch, path in runs))
    watch.cancel()


def _batches(cases: Iterable[Case]) -> Iterator[list[list[Case]]]:
    """Yield what runs at one time: sessions of one job, or one of many."""
    alone: list[list[Case]] = []
    together: list[Case] = []
    for case in cases:
        if case.is_alone:
            alone.append([case])
        else:
            together.append(case)
        if len(alone) == SESSIONS:
            yield alone
            alone = []
        if len(together) == TOGETHER:
            yield [together]
            together = []
    yield from filter(None, ([together] if together else [], alone))


async def watch_loop(tally: Tally) -> None:
    """Note how long the loop stands still."""
    while True:
        before = tally.now()
        await asyncio.sleep(0.05)
        tally.stall_s = max(tally.stall_s, tally.now() - before - 0.05)


async def _run_batch(cases: list[Case], folder: Path, tally: Tally) -> None:
    name = f"{cases[0].name} … {cases[-1].name}"
    with RawServer(respond=answers(cases)) as server:
        music = MusicSession(
            rotating(),
            base_url=server.url,
            journal=folder / "songs.db",
            concurrency=len(cases),
            request_timeout_s=REQUEST_S,
            job_timeout_s=JOB_S,
            poll_every_s=0.3,
            webhook_url=HOOK_URL,
            webhook_secret=WEBHOOK_SECRET,
        )
        try:
            await _in_session(music, cases, tally)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            said = "".join(traceback.format_exception(error))
            tally.wrong.append(f"{name}: the session raised {said}")
    gc.collect()


async def _in_session(music: MusicSession, cases: list[Case], tally: Tally) -> None:
    async with music:
        jobs: list[MusicJob[Any]] = []
        for number, case in enumerate(cases):
            request = case.make(extra={"note": f"case-{number}"})
            jobs.append(music.submit(request, key=f"{number}"))
        ends = [
            _settle(job, case, tally) for job, case in zip(jobs, cases, strict=True)
        ]
        await asyncio.gather(*ends)
        if cases[0].credits is not None:
            with contextlib.suppress(MusicError):
                await music.credits()
        began = tally.now()
    tally.settled(f"{cases[0].name}: leaving", tally.now() - began, LEAVE_S)


async def _settle(job: MusicJob[Any], case: Case, tally: Tally) -> None:
    tally.cases[case.kind] += 1
    request = job.request
    assert request is not None
    await settle(job, case.name, REQUEST_S + request.REPLY_S + JOB_S, tally)


async def settle(job: MusicJob[Any], name: str, limit_s: float, tally: Tally) -> None:
    """Await a job; note whatever but a result or a MusicError comes, and when."""
    began = tally.now()
    try:
        await within(limit_s + 5 * SLACK_S, job, tally)
        tally.ends["a result"] += 1
    except MusicError as error:
        tally.failed(name, error)
    except TimeoutError:
        tally.wrong.append(f"{name}: has not ended: {job!r}")
        job.cancel()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        said = traceback.format_exception(error)
        tally.wrong.append(f"{name}: raised {''.join(said)}")
    tally.settled(name, tally.now() - began, limit_s)
    tally.check(name, repr(job).encode(errors="replace"))


async def within(seconds: float, work: Awaitable[Any], tally: Tally) -> Any:
    """
    Await *work* for so long, in which this process could run.

    Raises:
        TimeoutError: It did not end.
    """
    waiting = asyncio.ensure_future(work)
    over = asyncio.create_task(_until(tally.now() + seconds, tally))
    await asyncio.wait((waiting, over), return_when=asyncio.FIRST_COMPLETED)
    over.cancel()
    if not waiting.done():
        waiting.cancel()
        raise TimeoutError
    return waiting.result()


async def _until(when: float, tally: Tally) -> None:
    while tally.now() < when:
        await asyncio.sleep(0.1)


def _show(name: str, journal: Path, tally: Tally) -> None:
    """Have the command show what the journal has."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
        for words in (
            ["jobs", "list", "--journal", str(journal)],
            ["jobs", "list", "--json", "--journal", str(journal)],
            ["jobs", "show", "0", "--journal", str(journal)],
        ):
            run_command(words)
    text = shown.getvalue()
    tally.check(f"{name}: terminal", text.encode(errors="replace"))
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text):
        tally.wrong.append(f"{name}: the terminal is sent {text[:300]!r}")
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            json.loads(line)
