"""What workers are asked to do; each is called in a process of its own."""

from typing import cast, final

from aiomusic.emulator._recipes import pack, unpack
from aiomusic.emulator.music import (
    Kind,
    from_recording,
    listen,
    measure_levels,
    renderer_named,
    write_song,
)

__all__ = ["RenderFailed", "hear", "render", "render_shown"]


@final
class RenderFailed(Exception):
    """A song could not be made."""


def render(score: bytes, path: str, kind: str, renderer: str | None = None) -> None:
    """Write a packed score to *path*, played by the *renderer* of that name."""
    player = None if renderer is None else renderer_named(renderer)
    write_song(unpack(score), path, cast("Kind", kind), renderer=player)


def render_shown(
    score: bytes, path: str, kind: str, renderer: str | None, columns: int
) -> tuple[float, ...]:
    """Render, then measure the levels of so many columns of the file."""
    render(score, path, kind, renderer)
    return measure_levels(path, columns)


def hear(path: str, title: str, seed: int) -> bytes:
    """Listen to a file; return the packed score of what was heard."""
    return pack(from_recording(listen(path), title=title, seed=seed))
