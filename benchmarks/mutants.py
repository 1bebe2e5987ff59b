"""
Mutation testing of the rooms where money is: do the tests notice a wrong line?

Each mutant is one small change (a comparison, a constant, an operator, a branch, a
statement left out, a word of SQL) in a copy of the project; its tests run with a time
limit.  A mutant that they all pass has survived, and is shown with its change.

Run it with ``python benchmarks/mutants.py --sample 60 --seed 1``; without
``--sample`` it takes all of them, for hours.
"""

import argparse
import ast
import collections
import concurrent.futures
import copy
import difflib
import os
import queue
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import attrs

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
    "aiomusic/_submit.py",
    "aiomusic/_books.py",
    "aiomusic/_gate.py",
    "aiomusic/journal/__init__.py",
    "aiomusic/journal/_owners.py",
    "aiomusic/journal/_writer.py",
    "aiomusic/journal/memory.py",
    "aiomusic/journal/sqlite.py",
)
# In the order in which they are run, after those that are next to a mutant's module.
TESTS = (
    "tests/test_submit.py",
    "tests/test_known_keys.py",
    "tests/test_resume.py",
    "tests/test_session.py",
    "tests/journal/test_contract.py",
    "tests/journal/test_owners.py",
    "tests/journal/test_writer.py",
    "tests/journal/test_damage.py",
    "tests/test_webhooks.py",
    "tests/test_job.py",
    "tests/journal/test_machine.py",
)
NEXT_TO = {"aiomusic/journal": "tests/journal"}

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
# In SQL, which is text to Python.
WORDS = (
    (r" AND ", " OR "),
    (r"\bIS NOT NULL\b", "IS NULL"),
    (r"\bIS NULL\b", "IS NOT NULL"),
    (r"slot = 0", "slot = slot"),
    (r"reserved = 0", "reserved = reserved"),
    (r"spent = cost", "spent = 0"),
    (r"owner = NULL", "owner = owner"),
    (r"owner = \?", "owner = coalesce(owner, ?)"),
    (r"THEN cost ELSE 0", "THEN 0 ELSE cost"),
    (r"BEGIN IMMEDIATE", "BEGIN DEFERRED"),
    (r"synchronous = FULL", "synchronous = OFF"),
    (r"COMMIT", "ROLLBACK"),
    (r" - old\.", " + old."),
    (r" \+ new\.", " - new."),
    (r"\bmax\(", "min("),
    (r"'unknown'", "'failed'"),
    (r"'pending'", "'submitting'"),
    (r"> 0", ">= 0"),
)
IS_SQL = re.compile(r"\b(UPDATE|SELECT|INSERT|WHERE|PRAGMA|BEGIN|COMMIT|TRIGGER)\b")


@attrs.frozen
class Mutant:
    """One module with one change."""

    module: str
    line: int
    what: str
    plain: str
    source: str

    def diff(self) -> str:
        lines = difflib.unified_diff(
            self.plain.splitlines(), self.source.splitlines(), lineterm="", n=0
        )
        return "\n".join(line for line in lines if line[:2] not in {"--", "++", "@@"})


def mutants_of(module: str, text: str) -> Iterator[Mutant]:
    """Give every mutant of a module, against its text as `ast` writes it."""
    tree = ast.parse(text)
    plain = ast.unparse(tree)
    for number, node in enumerate(ast.walk(tree)):
        for choice in range(_choices(node)):
            changed = copy.deepcopy(tree)
            target = next(one for n, one in enumerate(ast.walk(changed)) if n == number)
            what = _change(target, choice)
            source = ast.unparse(ast.fix_missing_locations(changed))
            yield Mutant(module, getattr(node, "lineno", 0), what, plain, source)


def _choices(node: ast.AST) -> int:  # noqa: PLR0911 - a table
    """Say in how many ways a node can be changed."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in COMPARED:
            return 1
        case ast.BinOp(op=op) if type(op) in REPLACED:
            return 1
        case ast.BoolOp() | ast.If() | ast.While() | ast.IfExp():
            return 1
        case ast.UnaryOp(op=ast.Not()) | ast.Break() | ast.Continue():
            return 1
        case ast.Constant(value=bool() | int() | float()):
            return 1
        case ast.Constant(value=str(value)) if IS_SQL.search(value):
            return sum(1 for old, _ in WORDS if re.search(old, value))
        case ast.FunctionDef(body=body) | ast.AsyncFunctionDef(body=body):
            return sum(map(_is_dropped, body))
        case ast.With(body=body) | ast.AsyncWith(body=body) | ast.Try(body=body):
            return sum(map(_is_dropped, body))
    return 0


def _is_dropped(statement: ast.stmt) -> bool:
    """Tell whether a statement can be left out: a call, a change of an attribute."""
    match statement:
        case ast.Expr(value=ast.Call() | ast.Await()):
            return "_log" not in ast.unparse(statement)
        case ast.Assign(targets=[ast.Attribute()]) | ast.AugAssign():
            return True
    return False


def _change(node: ast.AST, choice: int) -> str:  # noqa: PLR0911 - a table
    match node:
        case ast.Compare(ops=[op]):
            node.ops = [COMPARED[type(op)]()]
            return "comparison"
        case ast.BinOp():
            node.op = REPLACED[type(node.op)]()
            return "operator"
        case ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            return "and / or"
        case ast.If() | ast.While() | ast.IfExp():
            node.test = ast.UnaryOp(ast.Not(), node.test)
            return "branch"
        case ast.UnaryOp():
            node.op, node.operand = ast.Not(), ast.UnaryOp(ast.Not(), node.operand)
            return "not"
        case ast.Break() | ast.Continue():
            is_break = isinstance(node, ast.Break)
            node.__class__ = ast.Continue if is_break else ast.Break
            return "break / continue"
        case ast.Constant(value=bool(value)):
            node.value = not value
            return "constant"
        case ast.Constant(value=int() | float() as number):
            node.value = number + 1
            return "constant"
        case ast.Constant(value=str(text)):
            found = [pair for pair in WORDS if re.search(pair[0], text)]
            old, new = found[choice]
            node.value = re.sub(old, new, text, count=1)
            return "SQL"
    body: list[ast.stmt] = node.body  # type: ignore[attr-defined]
    dropped = [statement for statement in body if _is_dropped(statement)][choice]
    body[body.index(dropped)] = ast.Pass()
    return "left out"


@attrs.frozen
class Tried:
    """How the tests ended: ``killed``, ``survived`` or ``timeout``."""

    mutant: Mutant
    end: str


@attrs.frozen
class Bench:
    """Copies of the project, one for each process that works at a time."""

    folders: "queue.SimpleQueue[Path]"
    python: str
    tests: tuple[str, ...]
    limit_s: float

    def tried(self, mutant: Mutant) -> Tried:
        folder = self.folders.get()
        target = folder / mutant.module
        plain = target.read_text()
        try:
            target.write_text(mutant.source)
            return Tried(mutant, self.end(folder, _ordered(self.tests, mutant)))
        finally:
            target.write_text(plain)
            self.folders.put(folder)

    def end(self, folder: Path, tests: tuple[str, ...]) -> str:
        command = [self.python, "-m", "pytest", "-x", "-q", "--no-header"]
        command += ["-p", "no:cacheprovider", "--hypothesis-seed=0", *tests]
        environment = {
            **os.environ,
            "PYTHONPATH": str(folder),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        with subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            try:
                return "survived" if process.wait(self.limit_s) == 0 else "killed"
            except subprocess.TimeoutExpired:
                # Tests that start processes of their own leave none behind.
                os.killpg(process.pid, signal.SIGKILL)
                return "timeout"


def _ordered(tests: tuple[str, ...], mutant: Mutant) -> tuple[str, ...]:
    """Put those first that are most likely to notice."""
    near = NEXT_TO.get(mutant.module.rpartition("/")[0], "tests/test_")
    return tuple(sorted(tests, key=lambda name: not name.startswith(near)))


def project(folder: Path) -> Path:
    """Copy the project, with its modules as `ast` writes them."""
    for name in COPIED:
        source = ROOT / name
        ignored = shutil.ignore_patterns("__pycache__", ".hypothesis")
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignored)
        elif source.exists():
            shutil.copy(source, folder / name)
    for module in MODULES:
        (folder / module).write_text(
            ast.unparse(ast.parse((ROOT / module).read_text()))
        )
    return folder


def chosen(modules: list[str], sample: int | None, seed: int) -> list[Mutant]:
    """Give the mutants to try, spread over the modules by how many they have."""
    found = [
        mutant
        for module in modules
        for mutant in mutants_of(module, (ROOT / module).read_text())
    ]
    print(f"{len(found)} mutants in {len(modules)} modules", flush=True)
    if sample is None or sample >= len(found):
        return found
    return random.Random(seed).sample(found, sample)


def report(tried: list[Tried]) -> None:
    ends = collections.Counter((one.mutant.module, one.end) for one in tried)
    print("\n| module | mutants | killed | timeout | survived | killed, % |")
    print("|---|---|---|---|---|---|")
    modules = sorted({one.mutant.module for one in tried})
    for module in [*modules, ""]:
        own = {end: n for (name, end), n in ends.items() if name == module}
        if not module:
            own = dict(collections.Counter(one.end for one in tried))
        total = sum(own.values())
        dead = total - own.get("survived", 0)
        figures = [own.get(end, 0) for end in ("killed", "timeout", "survived")]
        cells = " | ".join(f"{n}" for n in (total, *figures))
        print(f"| {module or 'all'} | {cells} | {100 * dead / max(1, total):.0f} |")
    for one in tried:
        if one.end == "survived":
            print(f"\n{one.mutant.module}:{one.mutant.line} ({one.mutant.what})")
            print(one.mutant.diff())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, help="so many mutants, at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--module", action="append", choices=MODULES)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--slack", type=float, default=3.0, help="of the time limit")
    parser.add_argument("--minutes", type=float, help="begin no mutant after so many")
    given = parser.parse_args()
    mutants = chosen(given.module or list(MODULES), given.sample, given.seed)
    tests = tuple(name for name in TESTS if (ROOT / name).exists())
    with tempfile.TemporaryDirectory(prefix="mutants-") as root:
        folders: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for number in range(given.at_once):
            folders.put(project(Path(root) / f"{number}"))
        tried = run(Bench(folders, sys.executable, tests, 120.0), mutants, given)
    report(tried)


def run(bench: Bench, mutants: list[Mutant], given: argparse.Namespace) -> list[Tried]:
    """Try them all, with those tests that pass on the project as it is."""
    folder = bench.folders.get()
    start = time.monotonic()
    ends = {name: bench.end(folder, (name,)) for name in bench.tests}
    plain_s = time.monotonic() - start
    bench.folders.put(folder)
    passed = tuple(name for name, end in ends.items() if end == "survived")
    for name in ends.keys() - set(passed):
        print(f"{name} is left out: it does not pass on the project as it is")
    limited = attrs.evolve(bench, tests=passed, limit_s=plain_s * given.slack + 10)
    print(f"the tests take {plain_s:.0f} s, a mutant at most {limited.limit_s:.0f} s")
    tried: list[Tried] = []

    def work(mutant: Mutant) -> Tried | None:
        late_s = time.monotonic() - start
        if given.minutes is not None and late_s > given.minutes * 60:
            return None
        return limited.tried(mutant)

    with concurrent.futures.ThreadPoolExecutor(given.at_once) as pool:
        for one in pool.map(work, mutants):
            if one is not None:
                tried.append(one)
                mutant = one.mutant
                print(
                    f"{one.end} {mutant.module}:{mutant.line} {mutant.what}", flush=True
                )
    return tried


if __name__ == "__main__":
    main()
