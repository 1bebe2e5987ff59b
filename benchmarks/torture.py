"""
Kill real programs at every moment of a job's life, and see what became of the money.

Run ``python benchmarks/torture.py``.  An emulator in a process of its own counts what
it charges.  Workers in pairs that share a journal, and alone with one of their own,
make songs under stable keys; they are killed (SIGKILL) at seeded instants and started
again.  First with webhooks, which a receiver that outlives the workers passes on;
then without.  Two tables tell where the kills fell, a third what was bought.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

import attrs

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "torture"))

import tortured


async def run(kills: int, jobs: int, seed: int) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        async with tortured.Service.started() as service:
            torture = tortured.Torture(service, Path(folder), seed)
            async with torture.receiving():
                for name, has_hooks in (("hooks", True), ("bare", False)):
                    pair = torture.gang(
                        f"{name}-pair", workers=2, jobs=jobs // 3, has_hooks=has_hooks
                    )
                    alone = torture.gang(
                        f"{name}-alone",
                        workers=1,
                        jobs=jobs // 2 - jobs // 3,
                        has_hooks=has_hooks,
                    )
                    await asyncio.gather(
                        torture.drive(pair, kills // 3),
                        torture.drive(alone, kills // 2 - kills // 3),
                    )
            ledger = await service.ledger()
            audits = [
                await tortured.Auditor(gang, ledger).audit(service)
                for gang in torture.gangs.values()
            ]
    report(torture, audits)
    print(
        f"\nmost tasks in flight at one time: {ledger['peak']}; two journals at a time"
        f" have {2 * tortured.CONCURRENCY} slots,\nand a task whose process died holds"
        " none until somebody resumes it"
    )
    wrong = torture.wrong + [line for audit in audits for line in audit.wrong]
    if ledger["charges"] != sum(audit.charged for audit in audits):
        wrong.append(f"the emulator charged {ledger['charges']} times")
    return wrong


def report(torture: tortured.Torture, audits: list[tortured.Audit]) -> None:
    print("| a kill aimed at | kills | its sign was seen |\n|---|---|---|")
    for stage, words in tortured.WHAT.items():
        print(f"| {words} | {torture.kills[stage]} | {torture.met[stage]} |")
    print(f"| all | {torture.kills.total()} | {torture.met.total()} |")
    print("\n| a kill found a job | jobs |\n|---|---|")
    for state, words in tortured.FOUND.items():
        print(f"| {words} | {torture.found[state]} |")
    names = [field.name for field in attrs.fields(tortured.Audit)][1:-1]
    print(f"\n| journal | {' | '.join(names)} |\n|---{'|---' * len(names)}|")
    for audit in audits:
        figures = " | ".join(f"{getattr(audit, name)}" for name in names)
        print(f"| {audit.gang} | {figures} |")
    sums = [sum(getattr(audit, name) for audit in audits) for name in names]
    print(f"| all | {' | '.join(map(str, sums))} |")
    print(
        "\ncharged: tasks that the emulator took credits for; unknown: jobs that the"
        " journal reports as unknown;\nunpaid: purchases left unknown that were never"
        " charged, for the kill came on the wire,\nbefore the service had them, or"
        " before its refusal was heard."
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=216)
    parser.add_argument("--jobs", type=int, default=1_080)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    start = time.monotonic()
    wrong = asyncio.run(run(options.kills, options.jobs, options.seed))
    print(f"\nseed {options.seed}, {time.monotonic() - start:.0f} s")
    for line in wrong:
        print(f"WRONG: {line}")
    print(f"{len(wrong)} violations")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
