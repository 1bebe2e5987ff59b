"""How loud a file is over time, measured once and kept beside it."""

import base64
import binascii
import importlib.util
import json
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

import attrs

from aiomusic.gallery._text import number

if TYPE_CHECKING:
    import numpy as np

__all__ = ["CACHE_NAME", "Waveform", "can_decode", "measure_all"]

CACHE_NAME: Final = ".peaks.json"
COLUMNS: Final = 240
VERSION: Final = 1
WINDOW_S: Final = 0.02
# Longer than any song; to decode a day of sound would take minutes.
MAX_S: Final = 2 * 3600
MAX_CACHE_BYTES: Final = 64 * 1024 * 1024


@final
@attrs.frozen(kw_only=True)
class Waveform:
    """
    A file's loudness.

    Attributes:
        levels: One byte a column, the loudest of them 255.
        duration_s: How long the file plays.
    """

    levels: bytes
    duration_s: float


def can_decode() -> bool:
    """Check whether numpy and soundfile, the ``emulator`` extra, are installed."""
    return all(importlib.util.find_spec(name) for name in ("numpy", "soundfile"))


def measure_all(
    folder: Path, files: Iterable[str], progress: Callable[[int, int], None]
) -> dict[str, Waveform]:
    """
    Return the waveform of each file that can be decoded.

    What was measured before comes from the folder's cache, where the file is still
    as it was then.

    Args:
        progress: Called with how many files are measured, and how many there are.
    """
    names = list(dict.fromkeys(files))
    marks = {name: _mark(folder / name) for name in names}
    known = {
        name: waveform
        for name, (mark, waveform) in _read_cache(folder / CACHE_NAME).items()
        if marks.get(name) == mark
    }
    todo = [name for name in names if name not in known] if can_decode() else []
    if todo:
        # Decoders let other threads run.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            measured = pool.map(_measure, [folder / name for name in todo])
            for done, (name, waveform) in enumerate(
                zip(todo, measured, strict=True), start=1
            ):
                if waveform is not None:
                    known[name] = waveform
                progress(done, len(todo))
        _write_cache(folder / CACHE_NAME, known, marks)
    return known


def _measure(path: Path) -> Waveform | None:
    # Loaded where something is decoded: they are an extra, and take time.
    import numpy as np  # noqa: PLC0415
    import soundfile  # noqa: PLC0415

    powers: list[np.ndarray] = []
    seconds = 0.0
    try:
        with soundfile.SoundFile(path) as file:
            step = max(1, round(file.samplerate * WINDOW_S))
            for sound in file.blocks(blocksize=500 * step, dtype="float32"):
                starts = np.arange(0, len(sound), step)
                power = np.square(sound.reshape(len(sound), -1)).mean(axis=1)
                powers.append(np.add.reduceat(power, starts) / step)
                seconds += len(sound) / file.samplerate
                if seconds > MAX_S:
                    return None
    except (OSError, RuntimeError, ValueError, TypeError):
        return None
    if not powers:
        return None
    return Waveform(levels=_columns(np.concatenate(powers)), duration_s=seconds)


def _columns(power: "np.ndarray") -> bytes:
    import numpy as np  # noqa: PLC0415 - likewise

    edges = np.linspace(0, len(power), COLUMNS + 1)
    # Fewer windows than columns: some stand in several of them.
    starts = np.minimum(edges[:-1].astype(int), len(power) - 1)
    ends = np.maximum(np.ceil(edges[1:]).astype(int), starts + 1)
    sums = np.concatenate(([0.0], np.nan_to_num(power).cumsum()))
    levels = np.sqrt(np.maximum(0.0, sums[ends] - sums[starts]) / (ends - starts))
    highest = levels.max() or 1.0
    return bytes(np.rint(255 * levels / highest).astype(np.uint8))


def _mark(path: Path) -> str:
    """Return what changes with the file."""
    try:
        state = path.stat()
    except OSError:
        return ""
    return f"{state.st_size}-{state.st_mtime_ns}"


def _read_cache(path: Path) -> dict[str, tuple[str, Waveform]]:
    """Return what was measured; a cache that is damaged is as good as none."""
    try:
        if path.stat().st_size > MAX_CACHE_BYTES:
            return {}
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] != VERSION:
            return {}
        return {name: _entry(entry) for name, entry in content["files"].items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}
    except RecursionError:
        return {}


def _entry(entry: Mapping[str, object]) -> tuple[str, Waveform]:
    levels = base64.b64decode(str(entry["levels"]), validate=True)
    duration_s = number(entry["duration_s"])
    if len(levels) != COLUMNS or duration_s is None:
        raise binascii.Error("no waveform")
    return str(entry["mark"]), Waveform(levels=levels, duration_s=duration_s)


def _write_cache(
    path: Path, known: Mapping[str, Waveform], marks: Mapping[str, str]
) -> None:
    files = {
        name: {
            "mark": marks[name],
            "levels": base64.b64encode(waveform.levels).decode(),
            "duration_s": round(waveform.duration_s, 3),
        }
        for name, waveform in known.items()
    }
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(json.dumps({"version": VERSION, "files": files}))
        part.replace(path)
    except OSError:
        # Without it the files are measured again, which costs time and nothing else.
        part.unlink(missing_ok=True)
