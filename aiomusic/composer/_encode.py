"""From a score to a file: which kinds there are, and how one is written."""

import importlib.util
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from aiomusic.composer._score import Score
from aiomusic.composer._stdlib_synth import write_wav

AudioFormat = Literal["mp3", "wav", "flac"]
# Takes a score, gives blocks of stereo samples of 44.1 kHz: float32 arrays of
# numpy of the shape (2, n) that add up to the score's duration.
Renderer: TypeAlias = Callable[[Score], Iterable[Any]]
ENTRY_POINT_GROUP: Final = "aiomusic.renderers"
FORMATS: Final[tuple[AudioFormat, ...]] = ("mp3", "wav", "flac")


def available_formats() -> tuple[AudioFormat, ...]:
    """
    Return the kinds of audio file that can be written here.

    Without numpy and soundfile (the ``emulator`` extra) that is WAV alone.
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

    It takes seconds of CPU: call it in a worker process.

    Args:
        score: the song.
        path: where the file goes; its folder must exist.
        audio_format: "mp3", "wav" or "flac"; the name of the file is not looked at.
        renderer: who plays instead of this project's band, for instance a model
            of one's own; None: the band.

    Raises:
        ValueError: *audio_format* cannot be written here; see ``available_formats()``.
        OSError: the file cannot be written.
    """
    if audio_format not in available_formats():
        known = ", ".join(available_formats())
        raise ValueError(
            f"cannot write {audio_format!r}, only {known}: "
            "install aiomusic[emulator] for the others"
        )
    target = Path(path)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(handle)
    partial = Path(name)
    try:
        _render(score, partial, audio_format, renderer)
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def load_renderer(name: str) -> Renderer:
    """
    Load a renderer: our own "fluidsynth", or what an installed package offers.

    Packages offer one as an entry point of the group ``aiomusic.renderers``.

    Raises:
        LookupError: no package offers *name*.
    """
    if name == "fluidsynth" and _has_numpy():
        # It imports numpy: only when somebody asks.
        from aiomusic.composer.synth import soundfont_blocks  # noqa: PLC0415

        return soundfont_blocks
    # It is slow to import, and nearly nobody asks.
    from importlib.metadata import entry_points  # noqa: PLC0415

    for found in entry_points(group=ENTRY_POINT_GROUP, name=name):
        renderer: Renderer = found.load()
        return renderer
    raise LookupError(
        f"no installed package offers the renderer {name!r} in {ENTRY_POINT_GROUP}"
    )


def _render(
    score: Score, path: Path, audio_format: AudioFormat, renderer: Renderer | None
) -> None:
    if not _has_numpy():
        write_wav(score, path)
        return
    # The studio imports numpy: only when something is rendered.
    from aiomusic.composer.synth import (  # noqa: PLC0415
        render_file,
        song_blocks,
    )

    render_file((renderer or song_blocks)(score), path, audio_format)
