"""
What an import costs, against the libraries that this one stands on.

Run ``python benchmarks/imports.py``.  Every import is timed in a process of its own,
in CPU time and in turns, so that a busy machine slows all alike; bytecode is there,
as after the first run of anything.  The command is a whole process, and so is what it
is held against.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys

INSIDE = "import time; t = time.process_time(); {}; print(time.process_time() - t)"

# What is timed, against what, and the most that it should be of it.
ROWS = (
    ("import aiomusic", "import aiohttp", 0.1),
    ("from aiomusic import MusicSession", "import aiohttp", 1.25),
    ("aiomusic --help", "a bare cyclopts command --help", 1.3),
    ("a bare cyclopts command --help", "python -c 'import cyclopts'", None),
)
# The least that such a command can cost: one that does nothing, and says so.
LEAST = """
from cyclopts import App
app = App(name="least", help="Do nothing.", version="1")
for name in ("create", "run", "jobs", "credits", "emulator"):
    app.command(lambda: None, name=name)
app(["--help"])
"""
COMMANDS = {
    "a bare cyclopts command --help": [sys.executable, "-c", LEAST],
    "aiomusic --help": [sys.executable, "-m", "aiomusic", "--help"],
    "python -c 'import cyclopts'": [sys.executable, "-c", "import cyclopts"],
}


# Those of installed packages have their bytecode, whatever the environment says.
ENVIRONMENT = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}


def seconds(name: str) -> float:
    """Return the CPU time of an import, or of a whole command."""
    if name in COMMANDS:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            COMMANDS[name], check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    done = subprocess.run(
        [sys.executable, "-c", INSIDE.format(name)],
        check=True,
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
    )
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    names = list(dict.fromkeys(name for row in ROWS for name in row[:2]))
    for name in names:
        seconds(name)
    runs = [{name: seconds(name) for name in names} for _ in range(options.runs)]
    print(f"medians of {options.runs} runs after a warm one, CPU time\n")
    print("| what | ms | against | ms | ratio | (quartiles) | aim |")
    print("|---|---|---|---|---|---|---|")
    for what, against, aim in ROWS:
        ratios = [run[what] / run[against] for run in runs]
        low, middle, high = statistics.quantiles(ratios, n=4)
        ours, theirs = (
            statistics.median(run[name] for run in runs) * 1e3
            for name in (what, against)
        )
        print(
            f"| `{what}` | {ours:.1f} | `{against}` | {theirs:.1f} | {middle:.2f}"
            f" | {low:.2f} to {high:.2f} | {aim or ''} |"
        )


if __name__ == "__main__":
    main()
