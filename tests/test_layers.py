"""The architecture: which module may import which."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

import aiomusic

ROOT: Final = Path(aiomusic.__file__).parent

LAYERS: Final = {
    "values": (
        "_bodies _clock _json _local_file _log _magic _names _notebook _origin _redact"
        " _reply _spelling _sending _timed_lyrics errors results"
    ),
    "providers": "_request _fields _job _events _arguments _quote providers",
    "wire": "_codec webhooks _http _polling _files",
    "journal": "journal",
    "engine": "_engine",
    "session": "_session _batch aiomusic _blocking blocking mcp telemetry",
    "emulator": "emulator testing _exchanges",
    "command": "batch gallery cli __main__",
}
"""From the bottom up; a module may import from its own layer and from lower ones."""

COMPOSER: Final = "aiomusic.composer"
"""Beside the layers: it imports nothing of the project, and has one door."""

EXCEPTIONS: Final[dict[tuple[str, str], str]] = {}
"""Imports (from, of) that point up or close a cycle, each with its reason."""


def test_no_import_points_up() -> None:
    """A module imports only from its own layer and from those below."""
    wrong = [
        f"{module} ({_layer(module)}) imports {name} ({_layer(name)})"
        for module, name in _edges()
        if not _in_composer(module)
        and not _in_composer(name)
        and _rank(module) < _rank(name)
    ]

    assert not wrong


def test_no_imports_go_in_a_circle() -> None:
    """No modules import each other, for types and inside functions neither."""
    assert not _cycle(frozenset(_edges()))


def test_the_composer_stands_alone() -> None:
    """The composer imports nothing of aiomusic but itself."""
    wrong = [edge for edge in _edges() if _in_composer(edge[0])]

    assert wrong
    assert not [edge for edge in wrong if not _in_composer(edge[1])]


def test_the_composer_has_one_door() -> None:
    """The emulator and the command import the composer's facade alone."""
    through = [
        edge for edge in _edges() if _in_composer(edge[1]) and not _in_composer(edge[0])
    ]

    assert through
    assert {COMPOSER} == {name for _, name in through}
    assert {"emulator", "command"} >= {_layer(module) for module, _ in through}


def test_every_module_has_a_layer() -> None:
    """A new module is entered in the table above."""
    known = {name for names in LAYERS.values() for name in names.split()}

    missing = {m for m in _modules() if not _in_composer(m) and _top(m) not in known}
    assert not missing


def test_an_exception_that_is_gone_is_struck_off() -> None:
    """Every exception names an import that exists."""
    assert set(EXCEPTIONS) <= set(_all_edges())


@pytest.mark.parametrize(
    "edges",
    [
        {("a", "b"), ("b", "a")},
        {("a", "b"), ("b", "c"), ("c", "b"), ("d", "a")},
        {("a", "a")},
    ],
)
def test_a_circle_is_found(edges: set[tuple[str, str]]) -> None:
    """The search for circles finds one wherever it is entered."""
    assert _cycle(frozenset(edges))


def test_imports_are_found_wherever_they_stand(tmp_path: Path) -> None:
    """Imports in functions, for types and by relative names are imports too."""
    file = tmp_path / "x.py"
    file.write_text(
        "import aiomusic.errors\n"
        "from aiomusic import _log\n"
        "if TYPE_CHECKING:\n    from aiomusic._job import MusicJob\n"
        "def f():\n    from .journal import policy\n"
    )

    assert {"errors", "_log", "_job", "journal.policy"} == {
        name.removeprefix("aiomusic.") for name in _imports("aiomusic.x", file)
    }


def _layer(module: str) -> str:
    return next(
        (layer for layer, names in LAYERS.items() if _top(module) in names.split()),
        "none",
    )


def _rank(module: str) -> int:
    return [*LAYERS, "none"].index(_layer(module))


def _top(module: str) -> str:
    """Return the part of a module's name that the table of layers holds."""
    return module.removeprefix("aiomusic.").partition(".")[0]


def _in_composer(module: str) -> bool:
    return module == COMPOSER or module.startswith(f"{COMPOSER}.")


def _edges() -> list[tuple[str, str]]:
    return [edge for edge in _all_edges() if edge not in EXCEPTIONS]


@cache
def _all_edges() -> tuple[tuple[str, str], ...]:
    """Return all imports of one module of ours by another."""
    return tuple(
        (module, name)
        for module, path in _modules().items()
        for name in sorted(set(_imports(module, path)))
    )


@cache
def _modules() -> dict[str, Path]:
    """Return the file of each module."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def _imports(module: str, path: Path) -> Iterator[str]:
    """Yield the modules of ours that a file names in import statements."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, path, node)
            # What is imported from a package may be a module of it.
            joined = [f"{base}.{alias.name}" for alias in node.names]
            names = [name if name in _modules() else base for name in joined]
        else:
            continue
        yield from (name for name in names if _is_ours(name))


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] == "aiomusic"


def _absolute(module: str, path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    keep = len(parts) - node.level + (path.stem == "__init__")
    return ".".join([*parts[:keep], *([node.module] if node.module else [])])


def _cycle(edges: frozenset[tuple[str, str]]) -> tuple[str, ...]:
    """Return modules that import each other in a circle; empty: there is none."""
    imports: dict[str, list[str]] = {}
    for module, name in sorted(edges):
        imports.setdefault(module, []).append(name)
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> tuple[str, ...]:
        if module in path:
            return (*path[path.index(module) :], module)
        if module in done:
            return ()
        for name in imports.get(module, ()):
            if found := visit(name, (*path, module)):
                return found
        done.add(module)
        return ()

    return next((found for m in sorted(imports) if (found := visit(m, ()))), ())
