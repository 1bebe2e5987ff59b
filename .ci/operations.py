"""Write docs/operations.md from the request classes: ``python .ci/operations.py``."""

import inspect
import re
import typing
from pathlib import Path
from typing import Final

import attrs

from aiomusic.providers._all import requests

PAGE: Final = Path(__file__).parent.parent / "docs" / "operations.md"

COMMON: Final = {"extra", "key", "metadata", "on_known_key"}

HEAD: Final = """\
# Every operation

Each operation is a method of the session (`music.suno.create(...)`), a request class \
(`suno.Create(...)`), a row of a [batch file](guides/batches.md), and known to the \
command.
Each takes `key=`, `metadata=`, `on_known_key=` and `extra=` beside its own arguments; \
`extra` is sent as it is, for fields that this version does not know.

This page is written by `python .ci/operations.py`.
"""


def page() -> str:
    """Return the page."""
    return HEAD + "".join(_operation(name, kind) for name, kind in requests().items())


def _operation(name: str, kind: type) -> str:
    text = inspect.getdoc(kind) or ""
    intro, _, rest = text.partition("\nArgs:\n")
    told = _told(rest.partition("\n\n")[0])
    rows = [
        f"| `{field.name}` | {_type(field.type)} | {_default(field)} |"
        f" {told.get(field.name, '')} |"
        for field in attrs.fields(kind)
        if field.name not in COMMON
    ]
    lines = [
        f"\n## {name}\n",
        "\n".join(_plain(part) for part in intro.strip().split("\n\n")),
        "\n| argument | type | default | meaning |\n|---|---|---|---|",
        *rows,
    ]
    return "\n".join(lines) + "\n"


def _told(args: str) -> dict[str, str]:
    """Return what a docstring says of each argument."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in args.splitlines():
        if begun := re.match(r" {4}(\w[\w, ]*): (.*)", line):
            names = [name.strip() for name in begun[1].split(",")]
            found |= dict.fromkeys(names, begun[2])
        else:
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
    return {name: _plain(text) for name, text in found.items()}


def _plain(text: str) -> str:
    return " ".join(text.replace("``", "`").replace("|", "\\|").split())


def _type(kind: object) -> str:
    """Return a type as a reader would say it."""
    parts = typing.get_args(kind)
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        return _type(parts[0])
    if origin is typing.Literal:
        return ", ".join(f"`{part}`" for part in parts)
    if origin is tuple:
        return f"sequence of {_type(parts[0])}"
    if parts and origin is not type:
        names = [_type(part) for part in parts if part is not type(None)]
        return " or ".join(dict.fromkeys(names))
    return {"ClipRef": "a clip, upload or id"}.get(
        getattr(kind, "__name__", str(kind)), getattr(kind, "__name__", str(kind))
    )


def _default(field: "attrs.Attribute[object]") -> str:
    if field.default is attrs.NOTHING:
        return "required"
    if field.default is None:
        return ""
    return f"`{field.default!r}`"


if __name__ == "__main__":
    PAGE.write_text(page())
