"""
Send the emulator what nobody should, and see that it answers, and stays small.

Run ``python benchmarks/emulator_fuzz.py``.  schemathesis, installed for the run and
thrown away, makes requests from the emulator's own description; a byte fuzzer makes
others that no description allows; and a thousand creates of a megabyte are refused.
No answer may be a 500, and the memory must not grow with what is refused.
"""

import argparse
import asyncio
import logging
import os
import random
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import aiohttp

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "emulator"))

from test_emulator_fuzz import case, failure, statuses
from test_emulator_limits import large

from aiomusic.emulator import Emulator, Pace

TOGETHER = 20
BODIES = 1_000
MAX_GROWTH_MB = 20
MAX_S = 900
# No 500, no status that is not described, and no body taken that the schema refuses.
CHECKS = ("not_a_server_error", "status_code_conformance", "negative_data_rejection")


def memory_mb() -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


class Failures(logging.Handler):
    """What the server says of its own mistakes."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        words = failure(record)
        if words is not None:
            self.found.append(words)


async def fuzz(api: Emulator, count: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    wrong: list[str] = []

    async def tried(raw: bytes) -> None:
        seen = await statuses(api.url, raw)
        wrong.extend(f"{status} for {raw[:300]!r}" for status in seen if status >= 500)

    for _ in range(count // TOGETHER):
        cases = [case(rng, api.key) for _ in range(TOGETHER)]
        await asyncio.gather(*map(tried, cases))
    await api.webhooks_idle()
    return wrong


async def flood(api: Emulator, count: int) -> tuple[float, list[str]]:
    """Return by how many MB the process grew, after the first tenth."""
    wrong, before = [], 0.0
    # One in ten is of the JSON that takes most memory, and time.
    long = b'{"custom_mode": true, "prompt": "' + b"x" * 1_000_000 + b'"}'
    heavy = large(1_000_000)
    headers = {"Authorization": f"Bearer {api.key}"}
    async with aiohttp.ClientSession(api.url, headers=headers) as http:
        for number in range(count):
            if number == count // 10:
                before = memory_mb()
            raw = long if number % 10 else heavy
            async with http.post("/api/v1/suno/create", data=raw) as reply:
                if reply.status != 400:
                    wrong.append(f"{reply.status} for a megabyte that is no request")
    return memory_mb() - before, wrong


async def describe(api: Emulator, folder: Path, seed: int) -> tuple[str, list[str]]:
    """Have schemathesis make requests from the description."""
    bin_ = folder / "bin"
    await asyncio.to_thread(venv.create, folder, with_pip=True)
    code, said = await ran(
        bin_ / "python", "-m", "pip", "install", "-q", "schemathesis"
    )
    if code:
        return f"skipped: it does not install ({said.strip()[-200:]})", []
    code, said = await ran(
        *(bin_ / "schemathesis", "run", f"{api.url}/openapi.json", "--no-color"),
        *("--checks", ",".join(CHECKS), "--seed", str(seed)),
        *("--header", f"Authorization: Bearer {api.key}"),
        cwd=folder,
    )
    found = re.search(r"Test cases:?\s*\n?.*?([\d,]+ generated[^\n]*)", said)
    words = found[1] if found else said.strip()[-300:]
    return words, [said[-3_000:]] if code else []


async def ran(*words: object, cwd: Path | None = None) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *map(str, words),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": ""},
    )
    async with asyncio.timeout(MAX_S):
        said, _ = await process.communicate()
    return process.returncode or 0, said.decode(errors="replace")


async def run(options: argparse.Namespace) -> list[str]:
    said = Failures()
    logging.getLogger().addHandler(said)
    pace = Pace.seconds(0, 0)
    async with Emulator(credits=10**9, pace=pace, media=False) as api:
        print("| what | cases | 500s |\n|---|---|---|")
        wrong: list[str] = []
        if not options.bytes_only:
            with tempfile.TemporaryDirectory() as folder:
                words, found = await describe(api, Path(folder), options.seed)
            print(f"| schemathesis | {words} | {len(found)} |")
            wrong += found
        found = await fuzz(api, options.cases, options.seed)
        print(f"| bytes | {options.cases:,} | {len(found)} |")
        wrong += found
        grown_mb, found = await flood(api, BODIES)
        print(f"| refused bodies of 1 MB | {BODIES:,} | {len(found)} |")
        print(f"\nthe process grew by {grown_mb:.1f} MB under refused bodies")
        wrong += found
    if grown_mb > MAX_GROWTH_MB:
        wrong.append(f"refused bodies cost {grown_mb:.1f} MB")
    return wrong + said.found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bytes-only", action="store_true", help="no schemathesis")
    wrong = asyncio.run(run(parser.parse_args()))
    for line in wrong[:20]:
        print(f"WRONG: {line}")
    print(f"{len(wrong)} violations")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
