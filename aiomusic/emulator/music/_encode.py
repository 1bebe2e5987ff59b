"""From a score to a file: which kinds there are, and how one is written."""

import importlib.util
import os
import tempfile
from pathlib import Path
from typing import Final, Literal

from aiomusic.emulator.music._plain import write_wav
from aiomusic.emulator.music._score import Score

Kind = Literal["mp3", "wav", "flac"]
KINDS: Final[tuple[Kind, ...]] = ("mp3", "wav", "flac")


def available_kinds() -> tuple[Kind, ...]:
    """
    Return the kinds of audio file that can be written here.

    Without numpy and soundfile (the ``emulator`` extra) that is WAV alone.
    """
    return KINDS if _has_numpy() else ("wav",)


def _has_numpy() -> bool:
    return all(importlib.util.find_spec(name) for name in ("numpy", "soundfile"))


def write_song(score: Score, path: str | os.PathLike[str], kind: Kind = "mp3") -> None:
    """
    Render *score* to *path*; the file appears whole or not at all.

    Args:
        score: the song.
        path: where the file goes; its folder must exist.
        kind: "mp3", "wav" or "flac"; the name of the file is not looked at.

    Raises:
        ValueError: *kind* cannot be written here; see ``available_kinds()``.
        OSError: the file cannot be written.
    """
    if kind not in available_kinds():
        known = ", ".join(available_kinds())
        raise ValueError(
            f"cannot write {kind!r}, only {known}: "
            "install aiomusic[emulator] for the others"
        )
    target = Path(path)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(handle)
    part = Path(name)
    try:
        _render(score, part, kind)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _render(score: Score, path: Path, kind: Kind) -> None:
    if not _has_numpy():
        write_wav(score, path)
        return
    # The studio imports numpy: only when something is rendered.
    from aiomusic.emulator.music.synth import render_file  # noqa: PLC0415

    render_file(score, path, kind)
