"""
The fault table: this library and released ones, against one scripted server.

Each released library is installed in a virtual environment of its own, which is
thrown away; one that does not install is skipped by name.  Each cell is a run of its
own, in a process with a time limit.  All figures are measured in that run.

Run it with ``python benchmarks/head_to_head.py``, or with ``--only aiomusic``.
"""

import argparse
import asyncio
import contextlib
import importlib.metadata
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import attrs

HERE = Path(__file__).parent
PEERS = HERE / "peers"
sys.path.insert(0, str(PEERS))

from shapes import SHAPES  # noqa: E402 - likewise
from stand_in import Fault, Server  # noqa: E402 - beside the drivers

# What is installed, and how it is called in that environment.
REQUIREMENTS = {
    "replicate": ("replicate==1.0.7", "replicate"),
    "fal": ("fal-client==1.0.3", "fal-client"),
    "openai": ("openai==3.54.0", "openai"),
    "azure": ("azure-core[aio]==1.41.0", "azure-core"),
    "acedatacloud": ("acedatacloud==2026.10.20.0", "acedatacloud"),
}
READ_TIMEOUT_S = 1.0
LIMIT_S = 120.0
WAITERS = 5
POLL_FAULTS = ("drop", "500", "503", "429", "404", "html")


@attrs.frozen(kw_only=True)
class Case:
    """One run of one library: what goes wrong, and with which options."""

    create_faults: tuple[Fault | None, ...] = ()
    poll_faults: tuple[Fault | None, ...] = ()
    over_after_s: float = 0.0
    down_s: float = 0.0
    timeout_s: float = 30.0
    every_s: float | None = 0.1
    waiters: int = 1
    polls_wanted: int | None = None


@attrs.frozen(kw_only=True)
class Seen:
    """What came of it; *said* is None if the library hung until the time limit."""

    said: dict[str, Any] | None
    submitted_at: list[float]
    polled_at: list[float]

    @property
    def end(self) -> str:
        if self.said is None:
            return f"hangs for {LIMIT_S:g} s"
        return "done" if "done" in self.said else str(self.said.get("error"))

    @property
    def is_done(self) -> bool:
        return self.said is not None and "done" in self.said


Row: TypeAlias = tuple[str, dict[str, Case], Callable[[dict[str, Seen]], str]]


def submissions(seen: dict[str, Seen]) -> str:
    """Return the submissions, and how it ended, of each case that differs."""
    cells = {f"{len(s.submitted_at)}, {s.end}": None for s in seen.values()}
    return " / ".join(cells)


def waits(seen: dict[str, Seen]) -> str:
    (one,) = seen.values()
    times = one.submitted_at
    gaps = [later - sooner for sooner, later in itertools.pairwise(times)]
    waited = ", ".join(f"{gap:.1f}" for gap in gaps)
    return submissions(seen) + (f", after {waited} s" if gaps else "")


def survived(seen: dict[str, Seen]) -> str:
    # A reply that was struck is no end: the task was seen to be over after it.
    held = [name for name, s in seen.items() if s.is_done and len(s.polled_at) > 1]
    lost = [name for name in seen if name not in held]
    return f"{len(held)} of {len(seen)}" + (f" (not {', '.join(lost)})" * bool(lost))


def interval(seen: dict[str, Seen]) -> str:
    (one,) = seen.values()
    times = one.polled_at
    gaps = [later - sooner for sooner, later in itertools.pairwise(times)]
    return f"{statistics.median(gaps):.1f}" if gaps else "not seen"


def together(seen: dict[str, Seen]) -> str:
    one, many = (len(s.polled_at) for s in seen.values())
    ends = {s.end for s in seen.values()} - {"done"}
    return f"{many / max(1, one):.1f} times" + "".join(f", {end}" for end in ends)


def always(kind: str) -> Case:
    return Case(create_faults=(Fault(kind),))


LIMITED = Fault("429", retry_after_s=2)

ROWS: tuple[Row, ...] = (
    ("connection dropped after the body was read", {"": always("drop")}, submissions),
    (
        f"no answer until the read timeout ({READ_TIMEOUT_S:g} s here)",
        {"": attrs.evolve(always("hang"), timeout_s=READ_TIMEOUT_S)},
        submissions,
    ),
    ("500 / 503", {kind: always(kind) for kind in ("500", "503")}, submissions),
    ("502, as a gateway's page", {"": always("502")}, submissions),
    (
        "429 twice, Retry-After: 2 (safe to repeat)",
        {"": Case(create_faults=(LIMITED, LIMITED, None))},
        waits,
    ),
    (
        "connection refused for 1 s (safe to repeat)",
        {"": Case(down_s=1.0)},
        submissions,
    ),
    (
        f"polls survived, of {', '.join(POLL_FAULTS)}",
        {kind: Case(poll_faults=(Fault(kind), None)) for kind in POLL_FAULTS},
        survived,
    ),
    (
        "default poll interval, s",
        {"": Case(every_s=None, over_after_s=1e9, polls_wanted=3)},
        interval,
    ),
    (
        f"{WAITERS} waiters of one job poll",
        {f"{n}": Case(over_after_s=2.0, waiters=n) for n in (1, WAITERS)},
        together,
    ),
)


@attrs.frozen
class Runner:
    """How the driver of one library is started."""

    name: str
    python: Path
    version: str

    async def run(self, case: Case) -> Seen:
        server = Server(
            SHAPES[self.name],
            create_faults=list(case.create_faults),
            poll_faults=list(case.poll_faults),
            over_after_s=case.over_after_s,
            down_s=case.down_s,
        )
        async with server.serving():
            command = self._command(server.url, case)
            said = await _said(command, server, case.polls_wanted)
        return Seen(
            said=said, submitted_at=server.submitted_at, polled_at=server.polled_at
        )

    def _command(self, url: str, case: Case) -> list[str]:
        driver = PEERS / f"drive_{self.name}.py"
        command = [str(self.python), str(driver), url]
        command += ["--timeout", f"{case.timeout_s}", "--waiters", f"{case.waiters}"]
        if case.every_s is not None:
            command += ["--every", f"{case.every_s}"]
        return command


async def _said(
    command: list[str], server: Server, polls_wanted: int | None
) -> dict[str, Any] | None:
    """Run a driver to its end, to its time limit, or to so many polls."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(),
    )

    assert process.stdout is not None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LIMIT_S):
            await process.stdout.readline()
    server.is_awaited.set()
    end = asyncio.ensure_future(process.communicate())
    watch = asyncio.ensure_future(server.polled(polls_wanted))
    await asyncio.wait(
        [end, watch], timeout=LIMIT_S, return_when=asyncio.FIRST_COMPLETED
    )
    watch.cancel()
    if not end.done():
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await end
        return None
    out, problem = end.result()
    if process.returncode:
        last = problem.decode(errors="replace").strip().splitlines()[-1:]
        return {"error": f"driver failed: {' '.join(last)}"}
    found: dict[str, Any] = json.loads(out.decode().strip().splitlines()[-1])
    return found


def environment() -> dict[str, str]:
    """Return what the drivers run under: no proxies, no keys, this very aiomusic."""
    dropped = ("proxy", "aiomusic_", "openai_", "replicate_", "fal_", "acedata")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not any(word in name.lower() for word in dropped)
    }
    return {**kept, "PYTHONPATH": str(HERE.parent), "PYTHONDONTWRITEBYTECODE": "1"}


def own() -> Runner:
    return Runner(
        "aiomusic", Path(sys.executable), importlib.metadata.version("aiomusic")
    )


def install(name: str, folder: Path) -> Runner:
    """
    Install a library in an environment of its own.

    Raises:
        subprocess.SubprocessError: It does not install.
    """
    requirement, distribution = REQUIREMENTS[name]
    venv.create(folder / name, with_pip=True)
    python = folder / name / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "install", requirement], check=True, capture_output=True, timeout=300
    )
    ask = f"import importlib.metadata as m; print(m.version({distribution!r}))"
    shown = subprocess.run(
        [str(python), "-c", ask], check=True, capture_output=True, text=True, timeout=60
    )
    return Runner(name, python, shown.stdout.strip())


def installed(names: list[str], folder: Path) -> Iterator[Runner]:
    for name in names:
        try:
            yield own() if name == "aiomusic" else install(name, folder)
        except subprocess.CalledProcessError as error:
            lines = error.stderr.decode(errors="replace").strip().splitlines()
            print(f"{name} is skipped: it does not install: {' '.join(lines[-1:])}\n")
        except subprocess.TimeoutExpired:
            print(f"{name} is skipped: it does not install within 300 s\n")


async def measure(runners: list[Runner], at_once: int) -> list[list[str]]:
    """Return the cells of each row."""
    slots = asyncio.Semaphore(at_once)

    async def run(runner: Runner, case: Case) -> Seen:
        async with slots:
            return await runner.run(case)

    async def cell(runner: Runner, row: Row) -> str:
        _, cases, read = row
        seen = await asyncio.gather(*(run(runner, case) for case in cases.values()))
        return read(dict(zip(cases, seen, strict=True)))

    async def cells(row: Row) -> list[str]:
        return list(await asyncio.gather(*(cell(runner, row) for runner in runners)))

    return list(await asyncio.gather(*(cells(row) for row in ROWS)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["aiomusic", *REQUIREMENTS])
    parser.add_argument("--peers", help="names, with commas between them")
    parser.add_argument("--at-once", type=int, default=6, help="runs at a time")
    given = parser.parse_args()
    names = ["aiomusic", *(given.peers.split(",") if given.peers else REQUIREMENTS)]
    unknown = [name for name in names[1:] if name not in REQUIREMENTS]
    if unknown:
        parser.error(
            f"no such peer: {', '.join(unknown)}; of {', '.join(REQUIREMENTS)}"
        )
    names = [given.only] if given.only else names
    with tempfile.TemporaryDirectory(prefix="head-to-head-") as folder:
        runners = list(installed(names, Path(folder)))
        heads = [f"{runner.name} {runner.version}" for runner in runners]
        rows = asyncio.run(measure(runners, given.at_once))
    print(f"| fault | {' | '.join(heads)} |")
    print("|---" * (len(heads) + 1) + "|")
    for (title, _, _), cells in zip(ROWS, rows, strict=True):
        print(f"| {title} | {' | '.join(cells)} |")
    print("\nA number before a comma counts submissions: what a service may bill.")


if __name__ == "__main__":
    main()
