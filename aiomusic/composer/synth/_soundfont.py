"""Rendering with fluidsynth and a SoundFont; the voice is still synthesised here."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Final

import attrs
import numpy as np
import soundfile

from aiomusic.composer._midi import performance_to_midi
from aiomusic.composer._score import Performance, Score
from aiomusic.composer.synth._master import song_blocks
from aiomusic.composer.synth._mixer import BLOCK, fade_out, mix_blocks
from aiomusic.composer.synth._waves import RATE, Sound

_VARIABLE: Final = "AIOMUSIC_SOUNDFONT"
_FONTS: Final = (
    "/usr/share/sounds/sf2/default-GM.sf2",
    "/usr/share/sounds/sf2/FluidR3_GM.sf2",
    "/usr/share/sounds/sf2/TimGM6mb.sf2",
    "/usr/share/soundfonts/default.sf2",
    "/opt/homebrew/share/soundfonts/default.sf2",
)
# Balances the instruments with the voice as in the built-in synthesiser.
_GAIN: Final = 3.0


def soundfont_blocks(score: Score) -> Iterator[Sound]:
    """
    Render *score* with fluidsynth, with the same mix and loudness as otherwise.

    The SoundFont is the file named by ``AIOMUSIC_SOUNDFONT``, or one in a usual place.

    Raises:
        FileNotFoundError: fluidsynth or a SoundFont is missing.
        RuntimeError: fluidsynth failed.
    """
    program = shutil.which("fluidsynth")
    if program is None:
        raise FileNotFoundError("fluidsynth is not installed on this machine")
    return song_blocks(score, partial(_mix_with_soundfont, (program, find_font())))


def find_font() -> str:
    """
    Return the path of the SoundFont.

    Raises:
        FileNotFoundError: None was found.
    """
    configured = os.environ.get(_VARIABLE)
    for font in (configured,) if configured else _FONTS:
        if Path(font).is_file():
            return font
    raise FileNotFoundError(
        f"no SoundFont at {configured or _FONTS[0]}: set {_VARIABLE} to the path of one"
    )


def _mix_with_soundfont(
    command: tuple[str, str], performance: Performance
) -> Iterator[Sound]:
    sung = tuple(track for track in performance.tracks if track.patch == "voice")
    others = tuple(track for track in performance.tracks if track.patch != "voice")
    instruments = _instruments(command, attrs.evolve(performance, tracks=others))
    if not sung:
        yield from instruments
        return
    singer = mix_blocks(attrs.evolve(performance, tracks=sung))
    for played, vocals in zip_longest(instruments, singer):
        yield played + vocals


def _instruments(command: tuple[str, str], performance: Performance) -> Iterator[Sound]:
    program, font = command
    midi, lead_s = performance_to_midi(performance)
    with tempfile.TemporaryDirectory(prefix="aiomusic-") as folder:
        song, sound = Path(folder, "song.mid"), Path(folder, "song.wav")
        song.write_bytes(midi)
        form = ("-g", str(_GAIN), "-r", str(RATE), "-O", "float", "-T", "wav")
        done = subprocess.run(  # noqa: S603 - nothing of it is a user's text
            [program, "-niq", *form, "-F", str(sound), font, str(song)],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode or not sound.exists():
            raise RuntimeError(f"fluidsynth failed: {done.stderr.strip()[-200:]}")
        yield from _read(sound, round(lead_s * RATE), performance.duration_s)


def _read(path: Path, start: int, duration_s: float) -> Iterator[Sound]:
    """Yield blocks from frame *start*, padded with silence, with a fade-out."""
    frames = round(duration_s * RATE)
    with soundfile.SoundFile(path) as file:
        file.seek(min(start, file.frames))
        for position in range(0, frames, BLOCK):
            data = file.read(BLOCK, dtype="float32", always_2d=True).T
            block = np.zeros((2, BLOCK), dtype=np.float32)
            block[:, : data.shape[1]] = data
            yield fade_out(block, position, frames)[:, : frames - position]
