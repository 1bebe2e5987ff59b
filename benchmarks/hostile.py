"""
Answer with everything that a stranger may say, and see that jobs end and secrets stay.

Run ``python benchmarks/hostile.py``.  Over real sockets: every field of every reply
with every value in its place, faults of the wire, callbacks, media, and journals whose
rows hold what no journal writes.  A case is wrong if its job has no end in time, or
another than a result or a MusicError, if leaving its session raises, or if a log line,
an error with its causes, a journal or the terminal shows a secret in any spelling.
"""

import argparse
import os
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "situations"))

from hostile_calls import run_calls
from hostile_media import run_media
from hostile_replies import replies, wire_faults
from hostile_rows import STATES, run_rows
from hostile_run import SLACK_S, Tally, run_replies

MAX_PEAK_MB = 150
GARBLED = 2_000
ROWS_OF = ("cost", "owner", "task_id", "request", "made_at", "state", "clips")


def run(count: int, seed: int, slack_s: float, *, is_short: bool) -> Tally:
    tally = Tally(slack_s=slack_s)
    rng = random.Random(seed)
    cases = [*replies(), *wire_faults(seed, GARBLED)]
    rng.shuffle(cases)
    run_replies(cases[:count], tally)
    if is_short:
        run_rows(tally, [rng.choice(ROWS_OF)], [rng.choice(STATES)])
    else:
        run_rows(tally)
    run_calls(tally, rng, share=0.2 if is_short else 1.0)
    run_media(tally, rng, share=0.05 if is_short else 1.0)
    return tally


def report(tally: Tally) -> bool:
    print("| cases | |\n|---|---|")
    for kind, count in sorted(tally.cases.items()):
        print(f"| {kind} | {count:,} |")
    print(f"| all | {tally.cases.total():,} |")
    print("\n| they ended as | |\n|---|---|")
    for end, count in tally.ends.most_common():
        print(f"| {end} | {count:,} |")
    print("\n| | |\n|---|---|")
    print(f"| violations | {len(tally.wrong)} |")
    longest = f"{tally.late_s:.2f}"
    print(f"| longest beyond a limit, s (at most {tally.slack_s:g}) | {longest} |")
    print(f"| longest stand-still of the loop, s | {tally.stall_s:.2f} |")
    print(f"| peak memory, MB (at most {MAX_PEAK_MB}) | {tally.peak_mb:.0f} |")
    late = [line for line in tally.wrong if "after its limit" in line]
    print(f"| of the violations, late alone | {len(late)} |")
    for line in sorted(tally.wrong, key=late.__contains__)[:50]:
        print(f"WRONG: {line[:1000]}")
    return not tally.wrong and tally.peak_mb <= MAX_PEAK_MB


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replies", type=int, default=3_000, help="of some 16,000")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--short", action="store_true", help="some of each kind")
    parser.add_argument("--slack", type=float, default=SLACK_S, help="seconds")
    options = parser.parse_args()
    if "MALLOC_ARENA_MAX" not in os.environ:
        # The scripted servers' threads would leave as many arenas of fragments.
        os.environ["MALLOC_ARENA_MAX"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.argv])
    start = time.monotonic()
    tally = run(options.replies, options.seed, options.slack, is_short=options.short)
    is_well = report(tally)
    print(f"\nseed {options.seed}, {time.monotonic() - start:.0f} s")
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
