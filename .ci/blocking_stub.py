"""
Write aiomusic/blocking.pyi from the asynchronous classes.

Run ``python .ci/blocking_stub.py``.  Editors and type checkers read it in place of
`aiomusic.blocking`, whose classes are made when it is imported.
"""

import ast
import builtins
import inspect
import subprocess
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import aiomusic
from aiomusic import _batch, _blocking, _job, _session, webhooks
from aiomusic.providers._all import operations
from aiomusic.providers._operations import Followed, Operation
from aiomusic.providers._registry import REGISTRY

STUB: Final = Path(aiomusic.__file__).parent / "blocking.pyi"
RUFF: Final = (sys.executable, "-m", "ruff", "--quiet")
COMMON: Final = ("extra", "key", "metadata", "on_known_key")

HEAD: Final = """\
# Written by `python .ci/blocking_stub.py` from the asynchronous classes.
"""


class _Blocking(ast.NodeTransformer):
    """Turns what is awaited into what is called, in annotations."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        name = node.value.id if isinstance(node.value, ast.Name) else ""
        if name == "Literal":
            return node
        self.generic_visit(node)
        first = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) else node.slice
        if name in {"AsyncGenerator", "AsyncIterator"}:
            node.value, node.slice = ast.Name("Iterator"), first
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str):
            return self.visit(ast.parse(node.value, mode="eval").body)
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name("R" if node.id == "R_co" else node.id)


class Stub:
    """The text, and what it has to import for its annotations."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.imports: dict[str, set[str]] = {}
        self.modules: set[str] = set()

    def need(self, module: str, name: str) -> None:
        """Import a name, unless it is there already."""
        if module != "builtins" and name.rsplit(maxsplit=1)[-1] not in shared():
            self.imports.setdefault(module, set()).add(name)

    def text(self) -> str:
        """Return all of it, not yet formatted."""
        lines = [HEAD, "from typing import TypeVar"]
        lines += [f"import {name}" for name in sorted(self.modules)]
        for module, names in self.imports.items():
            lines.append(f"from {module} import {', '.join(sorted(names))}")
        lines += [f"from aiomusic import {name} as {name}" for name in shared()]
        lines += ['R = TypeVar("R")', *self.parts]
        lines.append(f"__all__ = {sorted(aiomusic.__all__)!r}")
        return "\n".join(lines) + "\n"

    # Classes and functions, from their source.

    def add_class(self, original: type, head: str, *more: str) -> None:
        """Add the public members of a class, behind those that it has here alone."""
        module = sys.modules[original.__module__]
        known = _imported(module)
        tree = ast.parse(inspect.cleandoc(inspect.getsource(original)))
        (body,) = (one for one in tree.body if isinstance(one, ast.ClassDef))
        lines = [head, *more]
        for node in body.body:
            lines += self._member(original, node, module, known)
        self.parts.append("\n    ".join(lines))

    def _member(
        self,
        original: type,
        node: ast.stmt,
        module: types.ModuleType,
        known: Mapping[str, tuple[str, str]],
    ) -> Iterator[str]:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                is_wanted = name == "__init__" and original is _session.MusicSession
                if is_wanted or not (name.startswith("_") or name in LEFT_OUT):
                    yield from self._function(node, module, known)
            case ast.AnnAssign(target=ast.Name(id=name)):
                if not name.startswith("_"):
                    yield f"{name}: {self._annotation(node.annotation, module, known)}"

    def add_function(self, module: types.ModuleType, name: str) -> None:
        """Add a function; one with overloads has no signature beside theirs."""
        tree = ast.parse(inspect.getsource(module))
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        found = [n for n in tree.body if isinstance(n, kinds) and n.name == name]
        overloads = [node for node in found if node.decorator_list]
        for node in overloads or found:
            lines = list(self._function(node, module, _imported(module)))
            if node is not found[-1]:
                lines[-1] += _OVERLAPS.get((name, found.index(node)), "")
            self.parts.append("\n".join(lines))

    def _function(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef,
        module: types.ModuleType,
        known: Mapping[str, tuple[str, str]],
    ) -> Iterator[str]:
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Name) and decorator.id in _DECORATORS:
                if decorator.id == "overload":
                    self.need("typing", "overload")
                yield f"@{decorator.id}"
        given = node.args
        for one in (*given.posonlyargs, *given.args, *given.kwonlyargs):
            if one.annotation is not None:
                text = self._annotation(one.annotation, module, known)
                one.annotation = ast.Name(text)
        returns = "None"
        if node.returns is not None:
            returns = self._annotation(node.returns, module, known)
        given.defaults = [ast.Constant(...) for _ in given.defaults]
        given.kw_defaults = [one and ast.Constant(...) for one in given.kw_defaults]
        yield f"def {node.name}({ast.unparse(given)}) -> {returns}: ..."

    def _annotation(
        self,
        node: ast.expr,
        module: types.ModuleType,
        known: Mapping[str, tuple[str, str]],
    ) -> str:
        found = _Blocking().visit(node)
        for one in ast.walk(found):
            if isinstance(one, ast.Name):
                self._need_name(one.id, module, known)
        return ast.unparse(found)

    def _need_name(
        self, name: str, module: types.ModuleType, known: Mapping[str, tuple[str, str]]
    ) -> None:
        if name in {*MADE, *shared(), "R"} or hasattr(builtins, name):
            return
        if name == "Iterator":
            self.need("collections.abc", name)
        elif isinstance(getattr(module, name, None), types.ModuleType):
            self.modules.add(name)
        elif name in known:
            self.need(*known[name])
        else:
            self.need(module.__name__, name)

    # Providers, from their request classes.

    def add_provider(self, name: str) -> None:
        """Add the methods of a provider."""
        kind = operations(name)
        lines = [f"class {kind.__name__}:"]
        for attribute, value in inspect.getmembers_static(kind):
            if isinstance(value, Operation):
                lines.append(self._operation(attribute, value))
        if issubclass(kind, Followed):
            lines.append("def get(self, task_id: str) -> TaskSnapshot: ...")
        self.parts.append("\n    ".join(lines))

    def _operation(self, name: str, value: "Operation[Any, Any]") -> str:
        request: Any = value.__wrapped__
        hints = typing.get_type_hints(request.__init__)
        base = next(
            typing.get_args(one)
            for klass in request.__mro__
            for one in vars(klass).get("__orig_bases__", ())
            if typing.get_origin(one) is aiomusic.Request
        )
        words, is_keyword = ["self"], False
        given = inspect.signature(request).parameters.values()
        for one in sorted(given, key=lambda one: one.name in COMMON):
            if one.kind is one.KEYWORD_ONLY and not is_keyword:
                is_keyword = True
                words.append("*")
            default = "" if one.default is one.empty else " = ..."
            words.append(f"{one.name}: {self._type(hints[one.name])}{default}")
        return f"def {name}({', '.join(words)}) -> MusicJob[{self._type(base[0])}]: ..."

    def _type(self, kind: Any) -> str:  # noqa: ANN401 - any type
        origin, parts = typing.get_origin(kind), typing.get_args(kind)
        if origin is typing.Annotated:
            return self._type(parts[0])
        if origin is typing.Literal:
            self.need("typing", "Literal")
            return f"Literal[{', '.join(map(repr, parts))}]"
        if origin in {typing.Union, types.UnionType}:
            return " | ".join(dict.fromkeys(map(self._type, parts)))
        if kind in _WORDS:
            return _WORDS[kind]
        found = origin or kind
        self.need(_HOMES.get(found.__module__, found.__module__), found.__name__)
        inner = f"[{', '.join(map(self._type, parts))}]" if parts else ""
        return f"{found.__name__}{inner}"


# As it is ignored there.
_OVERLAPS: Final = {("wait_all", 0): "  # type: ignore[overload-overlap]"}
_DECORATORS: Final = {"property", "overload", "staticmethod"}
_WORDS: Final[Mapping[Any, str]] = {types.NoneType: "None", ...: "...", Any: "Any"}
_HOMES: Final = {"pathlib._local": "pathlib"}
LEFT_OUT: Final = _blocking.LEFT_OUT
MADE: Final = ("MusicJob", "MusicSession", "Callbacks", *map(str.title, REGISTRY))


def shared() -> list[str]:
    """Return the names that are the same in both."""
    made = {"MusicJob", "MusicSession", "merge_updates", "wait_all"}
    return sorted(set(aiomusic.__all__) - made)


def _imported(module: types.ModuleType) -> dict[str, tuple[str, str]]:
    """Return where a module has its names from, those for types included."""
    found: dict[str, tuple[str, str]] = {}
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for one in node.names:
                as_ = one.name if one.asname is None else f"{one.name} as {one.asname}"
                found[one.asname or one.name] = (node.module, as_)
    return found


def page() -> str:
    """Return the stub, as the formatter writes it."""
    stub = Stub()
    for name in REGISTRY:
        stub.add_provider(name)
    stub.need("typing", "Any")
    stub.need("typing", "Generic")
    stub.need("typing", "Self")
    stub.need("types", "TracebackType")
    stub.add_class(
        _job.MusicJob,
        "class MusicJob(Generic[R]):",
        "def _repr_html_(self) -> str | None: ...",
        "def result(self, *, timeout_s: float | None = ...) -> R: ...",
    )
    stub.add_class(
        _session.MusicSession,
        "class MusicSession:",
        "def _repr_html_(self) -> str | None: ...",
        "webhooks: Callbacks | None",
        *(f"{name}: {operations(name).__name__}" for name in REGISTRY),
        "def __enter__(self) -> Self: ...",
        "def __exit__(self, kind: type[BaseException] | None,"
        " error: BaseException | None, trace: TracebackType | None) -> None: ...",
    )
    stub.add_class(webhooks.Callbacks, "class Callbacks:")
    stub.add_function(_batch, "wait_all")
    stub.add_function(_job, "merge_updates")
    return _formatted(stub.text())


def _formatted(text: str) -> str:
    for words in (["check", "--select", "I,F401", "--fix-only"], ["format"]):
        done = subprocess.run(
            [*RUFF, *words, "--stdin-filename", str(STUB), "-"],
            input=text.encode(),
            capture_output=True,
            check=True,
        )
        text = done.stdout.decode()
    return text


if __name__ == "__main__":
    if sys.argv[1:] == ["--print"]:
        sys.stdout.write(page())
    else:
        STUB.write_text(page())
