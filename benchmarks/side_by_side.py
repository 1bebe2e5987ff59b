"""
Many jobs at once, followed by this library and by released ones.

Run ``python benchmarks/side_by_side.py``.  Each library follows 100 and then 500 jobs
of 14 to 16 s at its own default pace, in a process of its own; the server is another,
and answers as the library's service does.  CPU is the client's; a delay is how long
after a task's end the service was first asked for it.

This library runs once at the pace of each peer, once as it comes, and once more after
it has seen as many jobs, as a session that goes on has.  Each peer is installed in a
virtual environment of its own, which is thrown away; one that does not install is
skipped by name.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
from head_to_head import PEERS, REQUIREMENTS, Runner, environment, installed, own

# Who is measured, and the pace it polls at if nothing is said, in seconds.
PACES = {
    "fal": 0.1,
    "replicate": 0.5,
    "openai": 1.0,
    "runpod": 1.0,
    "acedatacloud": 3.0,
}
LIMIT_S = 1_200.0


@attrs.frozen(kw_only=True)
class Run:
    """One row of the table."""

    name: str
    runner: Runner
    words: tuple[str, ...] = ()


@contextmanager
def serving(shape: str) -> Iterator[str]:
    command = [sys.executable, str(PEERS / "crowd.py"), shape]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment()
    ) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def measured(run: Run, jobs: int) -> dict[str, Any]:
    """Return what the driver and the server saw."""
    driver = PEERS / f"drive_{run.runner.name}.py"
    with serving(run.runner.name) as url:
        command = [str(run.runner.python), str(driver), url, "--jobs", f"{jobs}"]
        done = subprocess.run(
            [*command, *run.words],
            check=True,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            env=environment(),
        )
        with urllib.request.urlopen(f"{url}/seen") as reply:
            seen: dict[str, Any] = json.load(reply)
    return {**json.loads(done.stdout.splitlines()[-1]), **seen}


def report(rows: list[Run], jobs: int, times: int) -> None:
    """Print medians of runs that were made in turn: all met the same machine."""
    found: dict[str, list[tuple[float, ...]]] = {run.name: [] for run in rows}
    failed: dict[str, str] = {}
    for run in rows * times:
        try:
            found[run.name].append(figures(run, jobs))
        except subprocess.SubprocessError as error:
            said = (getattr(error, "stderr", None) or str(error)).strip()
            failed[run.name] = said.splitlines()[-1][:90]
    print(f"{jobs} jobs of 14 to 16 s, medians of {times} runs in turn\n")
    print("| library, pace | CPU, s | (runs) | polls a job | mean delay, s | p99, s |")
    print("|---|---|---|---|---|---|")
    for name, runs in found.items():
        if name in failed:
            print(f"| {name} | failed: {failed[name]} | | | | |")
            continue
        cpu_s, polls, mean, p99 = map(statistics.median, zip(*runs, strict=True))
        spread = f"{min(runs)[0]:.2f} to {max(runs)[0]:.2f}"
        cells = f"{cpu_s:.2f} | {spread} | {polls:.1f} | {mean:.2f} | {p99:.2f}"
        print(f"| {name} | {cells} |")
    print(flush=True)


def figures(run: Run, jobs: int) -> tuple[float, ...]:
    """Return CPU seconds, polls a job, and the mean and the 99th percentile delay."""
    found = measured(run, jobs)
    delays = found["delays_s"]
    p99 = delays[int(len(delays) * 0.99)]
    return found["cpu_s"], found["polls"] / jobs, statistics.mean(delays), p99


def runs_of(names: list[str], folder: Path) -> Iterator[Run]:
    ours = attrs.evolve(own(), name="nuro")
    for runner in installed(names, folder):
        pace = PACES[runner.name]
        yield Run(name=f"{runner.name} {runner.version}, {pace:g} s", runner=runner)
        words = ("--every", f"{pace}")
        yield Run(name=f"aiomusic, {pace:g} s", runner=ours, words=words)
    yield Run(name="aiomusic, learned, its first jobs", runner=ours)
    yield Run(name="aiomusic, learned", runner=ours, words=("--warm",))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, nargs="+", default=[100, 500])
    parser.add_argument("--peers", help="names, with commas between them")
    parser.add_argument("--runs", type=int, default=5, help="medians of so many")
    given = parser.parse_args()
    REQUIREMENTS["runpod"] = ("runpod==1.12.0", "runpod")
    names = given.peers.split(",") if given.peers else list(PACES)
    with tempfile.TemporaryDirectory(prefix="side-by-side-") as folder:
        rows = list(runs_of(names, Path(folder)))
        for jobs in given.jobs:
            report(rows, jobs, given.runs)


if __name__ == "__main__":
    main()
