"""
Do to workers over one journal in PostgreSQL what machines and networks do to them.

Run ``python benchmarks/torture_postgres.py``.  It starts a PostgreSQL of its own and
three workers that make the same songs; they are killed (SIGKILL) and stopped (SIGSTOP)
for longer than a lease at seeded instants, the database is restarted once, and the
third worker, which reaches it through a proxy, is cut off once without a word.
Creates whose answers were lost with their sender are settled as a callback would.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

import attrs

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "torture"))

import tortured_postgres


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=400)
    parser.add_argument("--kills", type=int, default=14)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(tortured_postgres.run(Path(folder), **vars(options)))
    print("| what | how many |\n|---|---|")
    for name, value in attrs.asdict(report).items():
        print(f"| {name.replace('_', ' ')} | {value:.4g} |")
    for line in report.wrong():
        print(f"WRONG: {line}")
    return 1 if report.wrong() else 0


if __name__ == "__main__":
    sys.exit(main())
