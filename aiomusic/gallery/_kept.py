"""``kept.json``: which takes a listener kept and dropped in the gallery."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final, final

import attrs

__all__ = ["KEPT_NAME", "Kept", "read_kept", "write_kept"]

KEPT_NAME: Final = "kept.json"
MAX_BYTES: Final = 16 * 1024 * 1024


@final
@attrs.frozen(kw_only=True)
class Kept:
    """
    The choices of a listener, by clip id.

    Attributes:
        kept: The takes to go on with.
        dropped: The takes that were heard and refused.
    """

    kept: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()

    def choice(self, clip_id: str) -> bool | None:
        """Return True if a take is kept, False if it is dropped, else None."""
        if clip_id in self.kept:
            return True
        return False if clip_id in self.dropped else None

    def to_json(self) -> str:
        """Return it as the file's text."""
        content = {"kept": sorted(self.kept), "dropped": sorted(self.dropped)}
        return f"{json.dumps(content, indent=1)}\n"


def read_kept(file: str | Path) -> Kept:
    """
    Read ``kept.json``, as the gallery's page exports it.

    Args:
        file: The file, or the album that holds it.

    Returns:
        The choices; none at all if there is no such file.

    Raises:
        ValueError: The file is no ``kept.json``; the message says why.
        OSError: It can't be read.
    """
    path = Path(file)
    if path.is_dir():
        path /= KEPT_NAME
    if not path.exists():
        return Kept()
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path} is no kept.json: it has over 16 MB.")
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no kept.json: {error}.") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} is no kept.json: it holds no object.")  # noqa: TRY004 - a file of others, not an argument
    kept, dropped = (_ids(path, content, name) for name in ("kept", "dropped"))
    if both := kept & dropped:
        raise ValueError(f"{path} both keeps and drops the clip {min(both)}.")
    return Kept(kept=kept, dropped=dropped)


def write_kept(folder: Path, kept: Kept) -> None:
    """
    Write ``kept.json`` into an album, whole or not at all.

    Raises:
        OSError: It can't be written.
    """
    part = folder / f"{KEPT_NAME}.part"
    try:
        part.write_text(kept.to_json(), encoding="utf-8", newline="\n")
        part.replace(folder / KEPT_NAME)
    finally:
        part.unlink(missing_ok=True)


def _ids(path: Path, content: dict[str, object], name: str) -> frozenset[str]:
    ids = content.get(name, [])
    if not isinstance(ids, list) or not _are_texts(ids):
        raise ValueError(f'{path} is no kept.json: "{name}" is no list of clip ids.')
    return frozenset(ids)


def _are_texts(ids: Iterable[object]) -> bool:
    return all(isinstance(one, str) for one in ids)
