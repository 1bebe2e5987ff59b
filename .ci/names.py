"""Write docs/reference/names.md: every public name, and the page that tells of it."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

REFERENCE: Final = Path(__file__).parent.parent / "docs" / "reference"
PAGE: Final = REFERENCE / "names.md"
MODULES: Final = (
    "aiomusic",
    "aiomusic.batch",
    "aiomusic.emulator",
    "aiomusic.gallery",
    "aiomusic.journal",
    "aiomusic.mcp",
    "aiomusic.telemetry",
    "aiomusic.testing",
    "aiomusic.webhooks",
)

HEAD: Final = """\
# Every public name

`aiomusic.blocking` has those of `aiomusic` too.

This page is written by `python .ci/names.py`.

| name | page |
|---|---|
"""


def names() -> Iterator[tuple[str, str]]:
    """Yield each public name with the reference page that it is on; "": on none."""
    pages = dict(_directives())
    for module in MODULES:
        home = importlib.import_module(module)
        for name in home.__all__:
            found = getattr(home, name)
            origin = getattr(found, "__module__", "")
            tried = (f"{module}.{name}", f"aiomusic.providers.{name}", origin, module)
            page = next((pages[one] for one in tried if one in pages), "")
            yield f"{module}.{name}", page


def _directives() -> Iterator[tuple[str, str]]:
    for page in sorted(REFERENCE.glob("*.md")):
        for found in re.finditer(r"^::: (\S+)$", page.read_text(), re.MULTILINE):
            yield found[1], page.name


def page() -> str:
    """Return the page."""
    return HEAD + "".join(
        f"| `{name}` | [{page.removesuffix('.md')}]({page}) |\n"
        for name, page in sorted(names())
    )


if __name__ == "__main__":
    PAGE.write_text(page())
