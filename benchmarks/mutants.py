"""
Mutation testing of the modules that handle money: do the tests notice a wrong line?

Each mutant is one small change (a comparison, a constant, an operator, a branch, a
statement left out, a word of SQL) in a copy of the project; those tests that run its
line, quickest first, judge it.  A mutant that they all pass has survived, and is shown
with its change.

mutmut changes neither a statement that is only a call, nor what stands outside of
functions, nor more of SQL than its case, and cosmic-ray runs every test for every
mutant, so this is a tool of our own.

Run it with ``python benchmarks/mutants.py``, which takes about an hour;
``--module`` and ``--line`` take some of the mutants, ``--sample`` some at random.
"""

import argparse
import ast
import collections
import concurrent.futures
import contextlib
import copy
import difflib
import json
import multiprocessing
import os
import queue
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import coverage
import hypothesis
import pytest

ROOT = Path(__file__).parent.parent
COPIED = (
    "aiomusic",
    "benchmarks",
    "tests",
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "pyproject.toml",
)
MODULES = (
    "aiomusic/_engine/admission.py",
    "aiomusic/_engine/breaker.py",
    "aiomusic/_engine/deadlines.py",
    "aiomusic/_engine/interrupts.py",
    "aiomusic/_engine/known_keys.py",
    "aiomusic/_engine/ledger.py",
    "aiomusic/_engine/recovery.py",
    "aiomusic/_engine/submission.py",
    "aiomusic/_http/deadline.py",
    "aiomusic/_http/limiter.py",
    "aiomusic/journal/_writer.py",
    "aiomusic/journal/accounts.py",
    "aiomusic/journal/archive.py",
    "aiomusic/journal/endings.py",
    "aiomusic/journal/listing.py",
    "aiomusic/journal/liveness.py",
    "aiomusic/journal/memory.py",
    "aiomusic/journal/place.py",
    "aiomusic/journal/policy.py",
    "aiomusic/journal/programs.py",
    "aiomusic/journal/rows.py",
    "aiomusic/journal/shared.py",
    "aiomusic/journal/sqlite.py",
)
TESTS = (
    "tests/journal",
    "tests/test_batch.py",
    "tests/test_breaker.py",
    "tests/test_deadline.py",
    "tests/test_free_keys.py",
    "tests/test_interrupts.py",
    "tests/test_job.py",
    "tests/test_known_keys.py",
    "tests/test_ledger.py",
    "tests/test_limiter.py",
    "tests/test_limits.py",
    "tests/test_poller.py",
    "tests/test_processes.py",
    "tests/test_resume.py",
    "tests/test_run.py",
    "tests/test_session.py",
    "tests/test_submit.py",
    "tests/test_webhooks.py",
)
# Their work is done in processes of their own, where nobody sees which lines they run.
UNSEEN = (
    "test_a_child_neither_ends_its_parents_life_nor_prolongs_it",
    "test_a_lock_goes_with_its_process",
    "test_a_session_that_is_never_left_does_not_keep_its_process",
    "test_many_can_make_one_journal_at_once",
    "test_processes_that_share_a_file_buy_to_the_ceiling_and_no_further",
)
# What every process would import again.
IMPORTED = ["aiohttp.web", "anyio", "cattrs", "coverage", "hypothesis.stateful"]
# A test that takes so much longer than it did, and so long, hangs.
TIMES = 20
MIN_LIMIT_S = 15.0

# How long to wait, how often to try, how much to take: any value near it is right.
TUNING = {
    "ASK_EVERY_S",
    "CALLBACK_S",
    "CARETAKE_EVERY_S",
    "GRACE_S",
    "LATE_S",
    "LOCK_WAIT_S",
    "MAX_429_TRIES",
    "MAX_ADMITTED_TOGETHER",
    "MAX_CARETAKEN",
    "MAX_GRACES",
    "MAX_IDLE",
    "MAX_MARKS",
    "MAX_ON_WIRE",
    "MAX_OVER",
    "MAX_UNSENT_TRIES",
    "MAX_TOGETHER",
    "RETRY_KEPT_S",
    "RETRY_S",
    "SHARED_S",
    "SLOW_S",
    "WAKING_TURNS",
}

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
REPLACED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
}
# In SQL, which is text to Python: each place where the first stands is a mutant.
WORDS = (
    (r"\bAND\b", "OR"),
    (r"\bOR\b", "AND"),
    (r"\bIS NOT NULL\b", "IS NULL"),
    (r"\bIS NULL\b", "IS NOT NULL"),
    (r"\bIS NOT 'no'", "IS 'no'"),
    (r"\bNOT :", ":"),
    (r"<>", "="),
    (r"> 0", ">= 0"),
    (r"\bslot = 0", "slot = slot"),
    (r"\bslot = 1", "slot = slot"),
    (r"\breserved = 0", "reserved = reserved"),
    (r"\bspent = cost", "spent = spent"),
    (r"\bowner = NULL", "owner = owner"),
    (r"\bcharged = NULL", "charged = charged"),
    (r"\bended_at = NULL", "ended_at = ended_at"),
    (r"\berror = NULL", "error = error"),
    (r"\bowner = \?", "owner = coalesce(owner, ?)"),
    (r"\bTHEN cost ELSE 0", "THEN 0 ELSE cost"),
    (r"\bBEGIN IMMEDIATE", "BEGIN DEFERRED"),
    (r"\bsynchronous = FULL", "synchronous = OFF"),
    (r"\bCOMMIT", "ROLLBACK"),
    (r"\bROLLBACK", "COMMIT"),
    (r" - old\.", " + old."),
    (r" \+ new\.", " - new."),
    (r"\bmax\(", "min("),
    (r"\+ 1\b", "+ 2"),
    (r"spent \+ reserved", "spent - reserved"),
    (r"\bcoalesce\(([^,()]+), [^,()]+\)", r"\1"),
    (r"\bcoalesce\([^,()]+, ([^,()]+)\)", r"\1"),
    (r"'unknown'", "'failed'"),
    (r"'pending'", "'submitting'"),
    (r"'submitting'", "'pending'"),
    (r"\bORDER BY (\w+)\b", r"ORDER BY \1 DESC"),
)
IS_SQL = re.compile(
    r"\b(UPDATE|SELECT|INSERT|WHERE|PRAGMA|BEGIN|COMMIT|ROLLBACK|AND|OR|NULL)\b"
)

# An index that holds other rows is slower, and gives the same.
IS_INDEX = re.compile(r"CREATE INDEX[^;]*\Z")


@attrs.frozen
class Mutant:
    """One module with one change, at these lines of it."""

    module: str
    lines: range
    what: str
    plain: str
    source: str

    @property
    def place(self) -> str:
        return f"{self.module}:{self.lines.start} {self.what}"

    def diff(self) -> str:
        lines = difflib.unified_diff(
            self.plain.splitlines(), self.source.splitlines(), lineterm="", n=0
        )
        return "\n".join(line for line in lines if line[:2] not in {"--", "++", "@@"})


def mutants_of(module: str, text: str) -> Iterator[Mutant]:
    """Return every mutant of a module, against its text as `ast` writes it."""
    tree = ast.parse(text)
    plain = ast.unparse(tree)
    for node, put, lines in _nodes(tree, range(1)):
        for what, changed in _variants(node):
            put(changed)
            yield Mutant(module, lines, what, plain, ast.unparse(tree))
            put(node)


def _nodes(
    parent: ast.AST, lines: range
) -> Iterator[tuple[ast.AST, Callable[[ast.AST], None], range]]:
    """Return what may be changed, how to put something in its place, and its lines."""
    for holder, at, node in _children(parent):

        def put(other: ast.AST, holder: Any = holder, at: Any = at) -> None:  # noqa: ANN401
            if isinstance(holder, list):
                holder[at] = other
            else:
                setattr(holder, at, other)

        own = _lines(node) if isinstance(node, ast.stmt) else lines
        if not _is_left_alone(node):
            yield node, put, own
            yield from _nodes(node, own)


def _children(node: ast.AST) -> Iterator[tuple[object, object, ast.AST]]:
    for name, value in ast.iter_fields(node):
        if isinstance(value, list):
            # The flags of a class are not behaviour that a test could pin.
            if name != "decorator_list" and not (name == "body" and _is_windows(node)):
                yield from (
                    (value, at, child)
                    for at, child in enumerate(value)
                    if isinstance(child, ast.AST)
                )
        elif isinstance(value, ast.AST):
            yield node, name, value


def _lines(node: ast.stmt) -> range:
    """Return the lines of a statement without those of the statements inside it."""
    body = getattr(node, "body", None) or getattr(node, "cases", None)
    inner = body[0] if body else None
    if isinstance(inner, ast.match_case):
        inner = inner.body[0]
    end = inner.lineno if inner else (node.end_lineno or node.lineno) + 1
    return range(node.lineno, max(end, node.lineno + 1))


def _is_windows(node: ast.AST) -> bool:
    """Check whether its body runs on Windows only, so not where this is run."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "os.name == 'nt'"


def _is_left_alone(node: ast.AST) -> bool:
    match node:
        case ast.If(test=ast.Name("TYPE_CHECKING")) | ast.Assert():
            # The one is for mypy, the other for the reader, and breaks at once.
            return True
        case ast.Call(func=ast.Name("say")) | ast.Expr(ast.Call(func=ast.Name("say"))):
            # A line of the log may be worded, and left out, as one likes.
            return True
        case ast.Call(func=ast.Attribute(ast.Name("attrs"), "field")):
            # The flags of a field say how it is written, not what is done.
            return True
        case ast.Call(func=ast.Attribute(ast.Name("asyncio"), "sleep")):
            # How long a turn of the loop takes; whether it is taken is tried.
            return True
        case ast.Assign(targets=[ast.Name(name)]):
            return name in TUNING
    # A docstring is no SQL.
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _variants(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Return what a node can be changed into."""
    if isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, ast.stmt) and _is_dropped(node):
        yield "left out", ast.Pass()
    match node:
        case ast.Compare(ops=[op]) if type(op) in COMPARED:
            yield "comparison", _with(node, ops=[COMPARED[type(op)]()])
        case ast.BinOp(op=op) if type(op) in REPLACED:
            yield "operator", _with(node, op=REPLACED[type(op)]())
        case ast.BoolOp(op=op):
            other = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield "and / or", _with(node, op=other)
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            if not _is_turned(test):
                yield "branch", _with(node, test=ast.UnaryOp(ast.Not(), test))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "not", operand
        case ast.Break() | ast.Continue():
            is_break = isinstance(node, ast.Break)
            yield "break / continue", ast.Continue() if is_break else ast.Break()


def _constants(node: ast.Constant) -> Iterator[tuple[str, ast.Constant]]:
    match node.value:
        case bool(value):
            yield "constant", ast.Constant(not value)
        case int() | float() as number:
            yield "constant", ast.Constant(number + 1)
        case str(text) if IS_SQL.search(text):
            for old, new in WORDS:
                for found in re.finditer(old, text):
                    before, after = text[: found.start()], text[found.end() :]
                    if not IS_INDEX.search(before):
                        changed = f"{before}{found.expand(new)}{after}"
                        yield "SQL", ast.Constant(changed)


def _is_turned(test: ast.expr) -> bool:
    """Check whether a change inside a condition turns all of it round already."""
    match test:
        case ast.Compare(ops=[op]):
            orders = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
            return not isinstance(op, orders)
        case ast.UnaryOp(op=ast.Not()):
            return True
    return False


def _with(node: ast.AST, **changes: object) -> ast.AST:
    other = copy.copy(node)
    for name, value in changes.items():
        setattr(other, name, value)
    return other


def _is_dropped(statement: ast.stmt) -> bool:
    """Check whether a statement can be left out and leave a whole program."""
    match statement:
        case ast.Expr(ast.Call() | ast.Await()) | ast.Return(None):
            return True
        case ast.Raise() | ast.Delete() | ast.AugAssign():
            return True
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            return True
    return False


class Measured:
    """Notes which lines each test runs, in whatever thread, and how long it takes."""

    def __init__(self, measure: coverage.Coverage) -> None:
        self.measure = measure
        self.took_s: dict[str, float] = collections.defaultdict(float)
        self.failed: set[str] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        self.measure.switch_context(item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.took_s[report.nodeid] += report.duration
        if report.failed:
            self.failed.add(report.nodeid)


class Chosen:
    """Runs these tests, quickest first, and ends the process if one of them hangs."""

    def __init__(self, took_s: dict[str, float]) -> None:
        self.took_s = took_s

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        chosen = [item for item in items if item.nodeid in self.took_s]
        items[:] = sorted(chosen, key=lambda item: self.took_s[item.nodeid])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        limit_s = max(MIN_LIMIT_S, TIMES * self.took_s[item.nodeid])
        signal.setitimer(signal.ITIMER_REAL, limit_s)


def measure(folder: Path) -> None:
    """Run all tests in a folder; leave there which test runs which lines."""
    _enter(folder)
    seen = coverage.Coverage(
        data_file=None, include=[str(folder / module) for module in MODULES]
    )
    plugin = Measured(seen)
    with seen.collect():
        pytest.main(["-q", *OPTIONS, *TESTS], plugins=[plugin])
    data = seen.get_data()
    lines = {
        module: data.contexts_by_lineno(str(folder / module)) for module in MODULES
    }
    found = {"lines": lines, "took_s": plugin.took_s, "failed": sorted(plugin.failed)}
    (folder / "measured.json").write_text(json.dumps(found))


def judge(folder: Path, took_s: dict[str, float]) -> None:
    """Run these tests in a folder, as a process that ends as they do."""
    _enter(folder)
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    # To find the simplest failure takes long, and one is enough.
    hypothesis.settings.register_profile("first", phases=[hypothesis.Phase.generate])
    hypothesis.settings.load_profile("first")
    # By default this signal ends the process, and tells of it.
    signal.setitimer(signal.ITIMER_REAL, 4 * MIN_LIMIT_S)
    files = sorted({name.partition("::")[0] for name in took_s})
    sys.exit(pytest.main(["-x", "-q", *OPTIONS, *files], plugins=[Chosen(took_s)]))


# Plugins that are imported beforehand are not rewritten, of which pytest would warn.
OPTIONS = (
    *("-p", "no:cacheprovider", "--hypothesis-seed=0"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)


def _enter(folder: Path) -> None:
    os.setsid()
    os.chdir(folder)
    sys.path[:] = [str(folder), *(path for path in sys.path if path != str(ROOT))]
    os.environ["PYTHONPATH"] = str(folder)
    with (folder / "output").open("wb") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)


@attrs.frozen
class Tried:
    """How the tests ended: ``killed``, ``survived`` or ``timeout``."""

    mutant: Mutant
    end: str


@attrs.frozen
class Bench:
    """Copies of the project, one for each mutant that is tried at a time."""

    folders: "queue.SimpleQueue[Path]"
    took_s: dict[str, float]
    lines: dict[str, dict[int, set[str]]]

    def tried(self, mutant: Mutant) -> Tried:
        tests = self.tests(mutant)
        if not tests:
            return Tried(mutant, "survived")
        folder = self.folders.get()
        target, plain = folder / mutant.module, folder / "plain"
        # Its time comes with it, so that what was compiled of it is in force again.
        shutil.copy2(target, plain)
        try:
            target.write_text(mutant.source)
            code = run(judge, folder, {name: self.took_s[name] for name in tests})
        finally:
            shutil.copy2(plain, target)
            self.folders.put(folder)
        ends = {0: "survived", -signal.SIGALRM: "timeout"}
        return Tried(mutant, ends.get(code or 0, "killed"))

    def tests(self, mutant: Mutant) -> set[str]:
        """Return the tests that run its lines; all of them, if the import runs them."""
        seen = self.lines[mutant.module]
        found = set().union(*(seen.get(line, set()) for line in mutant.lines))
        if "" in found:
            return set(self.took_s)
        unseen = {name for name in self.took_s if name.rpartition("::")[2] in UNSEEN}
        is_shared = mutant.module.startswith("aiomusic/journal")
        return (found | (unseen if is_shared else set())) & set(self.took_s)


def run(work: Callable[..., None], *given: object) -> int | None:
    """Run work in a process that has imported what does not change."""
    context = multiprocessing.get_context("forkserver")
    process = context.Process(target=work, args=given)
    process.start()
    process.join()
    # Tests that start processes of their own leave none behind.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid or 0, signal.SIGKILL)
    return process.exitcode


def project(folder: Path) -> Path:
    """Copy the project."""
    ignored = shutil.ignore_patterns("__pycache__", ".hypothesis")
    folder.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignored)
        elif source.exists():
            shutil.copy2(source, folder / name)
    return folder


def bench(root: Path, at_once: int) -> Bench:
    """Make the copies, and learn on the first which tests run what."""
    first = project(root / "0")
    start = time.monotonic()
    run(measure, first)
    measured = json.loads((first / "measured.json").read_text())
    took_s = {
        k: s for k, s in measured["took_s"].items() if k not in measured["failed"]
    }
    for name in measured["failed"]:
        print(f"{name} is left out: it does not pass on the project as it is")
    print(f"{len(took_s)} tests take {time.monotonic() - start:.0f} s", flush=True)
    folders: queue.SimpleQueue[Path] = queue.SimpleQueue()
    folders.put(first)
    for number in range(1, at_once):
        folders.put(shutil.copytree(first, root / f"{number}"))
    lines = {
        module: {int(line): set(tests) for line, tests in found.items()}
        for module, found in measured["lines"].items()
    }
    return Bench(folders, took_s, lines)


def chosen(given: argparse.Namespace) -> list[Mutant]:
    """Return the mutants to try, spread over the modules by how many they have."""
    found = [
        mutant
        for module in given.module or MODULES
        for mutant in mutants_of(module, (ROOT / module).read_text())
        if not given.line or set(given.line) & set(mutant.lines)
    ]
    print(f"{len(found)} mutants", flush=True)
    if given.sample is None or given.sample >= len(found):
        return found
    return random.Random(given.seed).sample(found, given.sample)


def report(tried: list[Tried]) -> None:
    ends = collections.Counter((one.mutant.module, one.end) for one in tried)
    ends.update(("all", one.end) for one in tried)
    print("\n| module | mutants | killed | timeout | survived | dead, % |")
    print("|---|---|---|---|---|---|")
    for module in [*sorted({one.mutant.module for one in tried}), "all"]:
        killed, late, survived = (
            ends[module, end] for end in ("killed", "timeout", "survived")
        )
        total = killed + late + survived
        dead = 100 * (killed + late) / max(1, total)
        print(f"| {module} | {total} | {killed} | {late} | {survived} | {dead:.1f} |")
    for one in tried:
        if one.end == "survived":
            print(f"\n{one.mutant.place}\n{one.mutant.diff()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, help="so many mutants, at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--module", action="append", choices=MODULES)
    parser.add_argument("--line", action="append", type=int)
    parser.add_argument("--at-once", type=int, default=2)
    given = parser.parse_args()
    mutants = chosen(given)
    multiprocessing.get_context("forkserver").set_forkserver_preload(IMPORTED)
    tried: list[Tried] = []
    with (
        tempfile.TemporaryDirectory(prefix="mutants-") as root,
        concurrent.futures.ThreadPoolExecutor(given.at_once) as pool,
    ):
        # Its true name, by which what was measured is known.
        made = bench(Path(root).resolve(), given.at_once)
        for one in pool.map(made.tried, mutants):
            tried.append(one)
            print(f"{one.end} {one.mutant.place}", flush=True)
    report(tried)


if __name__ == "__main__":
    main()
