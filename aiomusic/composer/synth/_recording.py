"""Reading audio files of any sample rate and number of channels."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import soundfile

from aiomusic.composer._score import Recording
from aiomusic.composer.synth._waves import RATE, Sound

_MAX_AMPLITUDE: Final = 16.0
"""24 dB above full scale, which files of floats may reach."""


def read_recording(recording: Recording, block: int) -> Iterator[Sound]:
    """Read *recording* in stereo blocks at 44.1 kHz."""
    frames = round(recording.duration_s * RATE)
    with soundfile.SoundFile(recording.path) as file:
        ratio = file.samplerate / RATE
        for position in range(0, frames, block):
            count = min(block, frames - position)
            yield _resampled(file, position, count, ratio)


def sanitize(samples: Sound) -> Sound:
    """Replace NaN by 0 and clip the rest, which files of floats may need."""
    bounded: Sound = np.clip(
        np.nan_to_num(samples, nan=0.0), -_MAX_AMPLITUDE, _MAX_AMPLITUDE
    )
    return bounded


def _resampled(
    file: soundfile.SoundFile, position: int, count: int, ratio: float
) -> Sound:
    first = int(position * ratio)
    needed = int((position + count) * ratio) + 2 - first
    file.seek(min(first, file.frames))
    data = sanitize(file.read(needed, dtype="float32", always_2d=True))
    data = np.pad(data, ((0, needed - len(data)), (0, 0)))
    sides = data.T[[0, min(1, data.shape[1] - 1)]]
    if ratio == 1.0:
        return sides[:, :count].copy()
    target = np.arange(position, position + count) * ratio - first
    available = np.arange(needed)
    return np.stack([np.interp(target, available, side) for side in sides]).astype("f4")
