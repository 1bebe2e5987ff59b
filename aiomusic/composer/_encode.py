"""Writing a score to an audio file."""

import errno
import importlib.util
import os
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from aiomusic.composer._score import Score
from aiomusic.composer._stdlib_synth import write_wav

AudioFormat = Literal["mp3", "wav", "flac"]
Renderer: TypeAlias = Callable[[Score], Iterable[Any]]
"""
Takes a score and returns blocks of stereo samples at 44.1 kHz.

Each is a numpy array of float32 and shape (2, n); together they are as long as the
score.
"""
ENTRY_POINT_GROUP: Final = "aiomusic.renderers"
FORMATS: Final[tuple[AudioFormat, ...]] = ("mp3", "wav", "flac")


def available_formats() -> tuple[AudioFormat, ...]:
    """
    Return the audio formats that can be written on this machine.

    Without numpy and soundfile (the ``emulator`` extra) only WAV is available.
    """
    return FORMATS if _has_numpy() else ("wav",)


def _has_numpy() -> bool:
    return all(importlib.util.find_spec(name) for name in ("numpy", "soundfile"))


def write_song(
    score: Score,
    path: str | os.PathLike[str],
    audio_format: AudioFormat = "mp3",
    *,
    renderer: Renderer | None = None,
) -> None:
    """
    Render *score* to *path*; the file appears whole or not at all.

    This takes seconds of CPU time: call it in a worker process.

    Args:
        score: The song.
        path: The file to write; its folder must exist.
        audio_format: "mp3", "wav" or "flac", whatever the suffix of *path*.
        renderer: Renders the samples, for instance with another synthesiser;
            None: the built-in one.

    Raises:
        ValueError: *audio_format* is not one of ``available_formats()``.
        OSError: The file cannot be written, or *path* is no ordinary file.
    """
    if audio_format not in available_formats():
        known = ", ".join(available_formats())
        raise ValueError(
            f"cannot write {audio_format!r}, only {known}: "
            "install aiomusic[emulator] for the others"
        )
    target = Path(path)
    if target.exists() and not target.is_file():
        # A device or a pipe would be gone for all programs.
        message = "it is no ordinary file, and would be replaced"
        raise FileExistsError(errno.EEXIST, message, os.fspath(path))
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    # With the permissions of any new file, which a temporary one has not.
    partial.touch(exist_ok=False)
    try:
        _render(score, partial, audio_format, renderer)
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def load_renderer(name: str) -> Renderer:
    """
    Load a renderer by name: "fluidsynth", "sine", or one of an installed package.

    Packages register renderers as entry points of the group ``aiomusic.renderers``.

    Raises:
        LookupError: No renderer of that name is installed.
    """
    if name == "sine":
        return _sine_blocks
    if name == "fluidsynth" and _has_numpy():
        # It imports numpy, which is optional.
        from aiomusic.composer.synth import soundfont_blocks  # noqa: PLC0415

        return soundfont_blocks
    # Slow to import and rarely needed.
    from importlib.metadata import entry_points  # noqa: PLC0415

    for found in entry_points(group=ENTRY_POINT_GROUP, name=name):
        renderer: Renderer = found.load()
        return renderer
    raise LookupError(
        f"no renderer named {name!r} is installed "
        f"(entry points of the group {ENTRY_POINT_GROUP})"
    )


def _sine_blocks(score: Score) -> Iterable[Any]:
    # It imports numpy, which is optional.
    from aiomusic.composer.synth import sine_blocks  # noqa: PLC0415

    return sine_blocks(score)


def _render(
    score: Score, path: Path, audio_format: AudioFormat, renderer: Renderer | None
) -> None:
    if not _has_numpy():
        write_wav(score, path)
        return
    # The synthesiser imports numpy, which is optional.
    from aiomusic.composer.synth import (  # noqa: PLC0415
        render_file,
        song_blocks,
    )

    render_file((renderer or song_blocks)(score), path, audio_format)
