"""The lines of an album's ``manifest.jsonl``: one JSON object for each row."""

import json
from pathlib import Path
from typing import Any, Final

__all__ = ["MANIFEST_NAME", "read_lines"]

MANIFEST_NAME: Final = "manifest.jsonl"


def read_lines(folder: Path) -> tuple[dict[str, dict[str, Any]], list[int]]:
    """
    Read the manifest of a folder.

    A later line replaces an earlier one of its key, also in its place; a line that
    was cut off by a crash is passed over.

    Returns:
        The last line of each key, and the numbers of those that can't be read.

    Raises:
        OSError: It can't be read; FileNotFoundError: there is none.
    """
    found: dict[str, dict[str, Any]] = {}
    unread: list[int] = []
    with (folder / MANIFEST_NAME).open(encoding="utf-8-sig", errors="replace") as file:
        for number, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                line = json.loads(text)
            except (ValueError, RecursionError):
                line = None
            key = _key(line, number)
            if key is None:
                unread.append(number)
            else:
                found.pop(key, None)
                found[key] = line
    return found, unread


def _key(line: object, number: int) -> str | None:
    """Return what tells a row from others; None: the line is none."""
    if not isinstance(line, dict):
        return None
    key = line.get("key")
    if key is None or key == "":
        # A row that was refused may have no key; it has a place in its file.
        return f"row {line.get('row') or number}"
    return key if isinstance(key, str) else None
