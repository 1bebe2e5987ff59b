"""A waveform: a picture of the level over time."""

import os
from collections.abc import Sequence
from html import escape
from typing import Final

_HEIGHT: Final = 80
_BAR_WIDTH: Final = 3
_STEP: Final = 4


def measure_levels(path: str | os.PathLike[str], columns: int) -> tuple[float, ...]:
    """
    Return the RMS level of an audio file in each of *columns*, relative to the highest.

    Needs numpy and soundfile.
    """
    # numpy is optional, and imported on first use.
    import numpy as np  # noqa: PLC0415
    import soundfile  # noqa: PLC0415

    with soundfile.SoundFile(os.fspath(path)) as file:
        edges = np.linspace(0, file.frames, columns + 1).astype(int)
        levels = [
            float(np.sqrt(np.mean(np.square(file.read(int(count), always_2d=True)))))
            if count
            else 0.0
            for count in np.diff(edges)
        ]
    highest = max(levels) or 1.0
    return tuple(level / highest for level in levels)


def draw_waveform(levels: Sequence[float], title: str, *, fill: str) -> str:
    """
    Return *levels* as bars, in SVG.

    Args:
        levels: Heights of the bars, 0 to 1.
        title: Text for screen readers.
        fill: A colour, or ``url(#name)`` of a gradient of the page.
    """
    bars = "".join(
        f"M{_STEP * column} {_HEIGHT / 2 - height:.1f}"
        f"h{_BAR_WIDTH}v{2 * height:.1f}h-{_BAR_WIDTH}z"
        for column, height in enumerate(
            max(0.6, level * (_HEIGHT / 2 - 2)) for level in levels
        )
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" '
        f'viewBox="0 0 {_STEP * len(levels)} {_HEIGHT}" preserveAspectRatio="none" '
        f'aria-label="{escape(title)}"><path d="{bars}" fill="{escape(fill)}"/></svg>'
    )
