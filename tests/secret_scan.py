"""
No key of any test stands in what it logs, prints, writes, traces or shows as a repr.

`conftest.py` makes this a part of every run: a test that leaks a key fails at its end,
and the run's last line says how much was looked at.
"""

import gc
import re
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, final

import pg_server
import pytest

from aiomusic import _redact

__all__ = ["NAME", "SecretScan"]

# What every emulator makes up, in whatever process it runs.
EMULATED: Final = re.compile(rb"emu-(?:secret-)?[0-9a-f]{16,32}")
CHUNK_BYTES: Final = 8 << 20
# Shorter ones stand in what a test says about them.
MIN_SECRET_CHARS: Final = 12
OBJECTS_EVERY: Final = 100
SHOWS_A_KEY: Final = "shows_a_key"
NAME: Final = "aiomusic-secret-scan"


@final
class SecretScan:
    """A plugin that looks through what each test leaves."""

    def __init__(self) -> None:
        self._used: dict[bytes, None] = {}
        self._counts = dict.fromkeys(("tests", "texts", "files", "bytes", "reprs"), 0)
        self._found = 0
        self._read: set[Path] = set()
        self._late: list[str] = []
        self._is_controller = False
        self._spellings = _redact._spellings

    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line(
            "markers", f"{SHOWS_A_KEY}(why): a test that shows a key on purpose"
        )
        # Each key of a session in this process passes here.
        _redact._spellings = self._noted

    def pytest_unconfigure(self) -> None:
        _redact._spellings = self._spellings

    def _noted(self, secret: str) -> Iterator[str]:
        spelled = list(self._spellings(secret))
        if len(secret) >= MIN_SECRET_CHARS:
            self._used |= dict.fromkeys(one.encode(errors="replace") for one in spelled)
        return iter(spelled)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        self._used.clear()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if call.when != "teardown" or item.get_closest_marker(SHOWS_A_KEY):
            return report
        self._counts["tests"] += 1
        leaks = list(self._leaks(item, report))
        if leaks:
            self._found += len(leaks)
            report.outcome = "failed"
            report.longrepr = "A key is shown: " + "; ".join(leaks)
        return report

    def _leaks(self, item: pytest.Item, report: pytest.TestReport) -> Iterator[str]:
        for name, text in report.sections:
            self._counts["texts"] += 1
            yield from self._seen(name, text.encode(errors="replace"))
        funcargs: dict[str, Any] = getattr(item, "funcargs", {})
        folder = funcargs.get("tmp_path")
        if isinstance(folder, Path):
            # Where the command has its usual journal.
            for one in (folder, folder.with_name(f"{folder.name}-home")):
                yield from self._in_folder(one)
        if self._counts["tests"] % OBJECTS_EVERY == 1 or "telemetry" in item.nodeid:
            for name, text in shown_objects():
                self._counts["reprs"] += 1
                yield from self._seen(name, text.encode(errors="replace"))

    def _in_folder(self, folder: Path) -> Iterator[str]:
        for path in files_in(folder):
            if path not in self._read:
                self._read.add(path)
                yield from self._in_file(path, folder)

    def _in_file(self, path: Path, folder: Path) -> Iterator[str]:
        self._counts["files"] += 1
        before = b""
        with path.open("rb") as file:
            for data in iter(lambda: file.read(CHUNK_BYTES), b""):
                if not data.strip(b"\0"):
                    # Files of gigabytes are made of holes.
                    file.seek(max(file.tell(), path.stat().st_size - CHUNK_BYTES))
                    continue
                self._counts["bytes"] += len(data)
                found = list(self._seen(str(path.relative_to(folder)), before + data))
                yield from found
                if found:
                    return
                # One may stand across the end of a piece.
                before = data[-200:]

    def _seen(self, where: str, data: bytes) -> Iterator[str]:
        if EMULATED.search(data):
            yield f"an emulator's, in {where}"
            return
        # Spellings are in lower case.
        data = data.lower() if self._used else b""
        for secret in self._used:
            if secret in data:
                yield f"one of {len(secret)} characters, in {where}"
                return

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Look through what belongs to no one test: folders and databases of many."""
        if not self._is_controller:
            self._look_at_the_rest(session)
        if self._late:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[NAME] = (self._counts, self._found, self._late)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker of pytest-xdist has seen."""
        self._is_controller = True
        seen = getattr(node, "workeroutput", {}).get(NAME)
        if seen is None:
            self._late.append("not known, for a worker ended before it had looked")
            return
        counts, found, late = seen
        self._counts = {name: n + counts[name] for name, n in self._counts.items()}
        self._found += found
        self._late += late

    def _look_at_the_rest(self, session: pytest.Session) -> None:
        self._used.clear()
        folders = [session.config._tmp_path_factory.getbasetemp()]  # type: ignore[attr-defined]
        if pg_server.running.cache_info().currsize:
            folders.append(pg_server.running().folder)
        leaks = [leak for one in folders for leak in self._in_folder(one)]
        self._found += len(leaks)
        self._late = leaks

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> None:
        counts = self._counts
        for leak in self._late:
            terminalreporter.write_line(f"A key is shown: {leak}")
        terminalreporter.write_line(
            f"keys: {self._found or 'none'} shown in what {counts['tests']:,} tests"
            f" leave: {counts['texts']:,} texts, {counts['files']:,} files"
            f" ({counts['bytes'] / 1e6:,.0f} MB), {counts['reprs']:,} reprs and traces"
        )


def files_in(folder: Path) -> Iterable[Path]:
    """Return the files that a test has left, in folders that can be read."""
    found = (path for path in folder.rglob("*") if not path.is_symlink())
    return [path for path in found if _is_readable(path)]


def _is_readable(path: Path) -> bool:
    try:
        if not path.is_file():
            return False
        with path.open("rb"):
            return True
    except OSError:
        return False


def shown_objects() -> Iterator[tuple[str, str]]:
    """Yield the reprs of what the library has in memory, and spans as exported."""
    for one in gc.get_objects():
        kind = type(one)
        module = getattr(kind, "__module__", None)
        if not isinstance(module, str):
            continue
        if module.startswith("opentelemetry.sdk.trace") and hasattr(one, "to_json"):
            yield f"the trace {kind.__name__}", one.to_json()
        elif module.partition(".")[0] == "aiomusic":
            try:
                text = repr(one)
            except Exception:  # noqa: BLE001 - one that is half made
                continue
            yield f"the repr of {module}.{kind.__name__}", text
