"""
Signal gangs of real programs that share a journal, and see what became of the money.

Run ``python benchmarks/gangs.py``.  In each gang, 2 to 4 processes make the same songs
on one journal, and are hit by KILL, TERM, INT, INT twice, and STOP and CONT at instants
that a seed picks, while the service fails, calls back late or twice, and another
program locks the file for seconds.  An emulator for each gang counts what it charges
and how many tasks run at one time; the table compares its ledger with the journal's.
"""

import argparse
import asyncio
import collections
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import attrs

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "torture"))

import ganged
from forked import Forker
from ganged import Audit, Scene

COLUMNS = [field.name for field in attrs.fields(Audit) if field.name != "wrong"]
VIOLATIONS = ("twice", "free", "silent", "over", "above")


def scenes(seed: int, jobs: int, signals: int) -> list[Scene]:
    """Return the gangs of one seed: in every weather, with and without webhooks."""

    def scene(name: str, workers: int, **options: Any) -> Scene:  # noqa: ANN401
        return Scene(
            name=f"{seed}-{name}",
            seed=seed,
            jobs=jobs,
            signals=signals,
            workers=workers,
            **options,
        )

    return [
        scene("calm", 3, weather="calm"),
        scene("calm-hooks", 2, weather="calm", has_hooks=True),
        scene("limited", 4, weather="limited", ceiling=0.7),
        scene("stormy", 3),
        scene("stormy-budget", 4, ceiling=0.6),
        scene("stormy-hooks", 3, has_hooks=True),
        scene("stormy-again", 2, resubmits=0.5),
    ]


async def run(
    chosen: list[Scene], at_once: int, folder: Path
) -> tuple[list[Audit], collections.Counter[str]]:
    audits: list[Audit] = []
    signals: collections.Counter[str] = collections.Counter()
    left = iter(chosen)

    async def work(forker: Forker) -> None:
        for scene in left:
            gang, audit = await ganged.torment(scene, folder, forker)
            signals.update(gang.signals)
            signals["INT a third time"] += gang.thirds
            audits.append(audit)
            print(row(audit), flush=True)

    print(f"| {' | '.join(COLUMNS)} |\n|---{'|---' * (len(COLUMNS) - 1)}|", flush=True)
    async with Forker.started(folder / "errors") as forker:
        await asyncio.gather(*(work(forker) for _ in range(at_once)))
    return audits, signals


def row(audit: Audit) -> str:
    return f"| {' | '.join(str(getattr(audit, name)) for name in COLUMNS)} |"


def report(audits: list[Audit], signals: collections.Counter[str]) -> None:
    sums = [
        sum(getattr(audit, name) for audit in audits)
        if isinstance(getattr(audits[0], name), int)
        else "all" * (name == "gang")
        for name in COLUMNS
    ]
    print(f"| {' | '.join(map(str, sums))} |")
    print("\n| signal | times |\n|---|---|")
    for name, times in sorted(signals.items()):
        print(f"| {name} | {times} |")
    print("\n| weather | purchases | unknown | never billed | share |")
    print("|---|---|---|---|---|")
    for weather in sorted({audit.weather for audit in audits}):
        mine = [audit for audit in audits if audit.weather == weather]
        unknown = sum(audit.unknown for audit in mine)
        unpaid = sum(audit.unpaid for audit in mine)
        bought = sum(audit.billed for audit in mine) + unpaid
        print(
            f"| {weather} | {bought} | {unknown} | {unpaid}"
            f" | {unpaid / bought if bought else 0:.1%} |"
        )
    print(
        "\ncalm: no answer to a create is eaten; limited: 429s and full queues as well,"
        " which a worker that\nis killed does not hear; stormy: answers are lost, too."
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=200, help="of each gang")
    parser.add_argument("--signals", type=int, default=18, help="for each worker")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--at-once", type=int, default=2, help="gangs")
    parser.add_argument("--only", default="", help="gangs whose name holds this")
    options = parser.parse_args()
    start = time.monotonic()
    chosen = [
        scene
        for seed in options.seeds
        for scene in scenes(seed, options.jobs, options.signals)
        if options.only in scene.name
    ]
    with tempfile.TemporaryDirectory() as folder:
        audits, signals = asyncio.run(run(chosen, options.at_once, Path(folder)))
    report(audits, signals)
    wrong = [line for audit in audits for line in audit.wrong]
    print(f"\nseeds {options.seeds}, {time.monotonic() - start:.0f} s")
    for line in wrong:
        print(f"WRONG: {line}")
    print(f"{len(wrong)} violations")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
