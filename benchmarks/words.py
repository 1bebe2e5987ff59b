"""
Measure how well the words of songs are understood, by a speech recogniser.

``python benchmarks/words.py`` renders 14 lines, by voices and styles, and lets
pocketsphinx choose which of the 14 each one is: the voice alone and in the mix, with
espeak-ng and by letters, beside espeak-ng's own speech. Chance is 1 of 14. Needs
pocketsphinx, which brings its model, besides the ``emulator`` extra.
"""

import io
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import attrs
import numpy as np
import numpy.typing as npt
import pocketsphinx
import soundfile

from aiomusic.composer import Score, SongSpec, compose, write_song
from aiomusic.composer._score import Performance
from aiomusic.composer.synth._espeak import VARIABLE
from aiomusic.composer.synth._mixer import mix_blocks
from aiomusic.composer.synth._waves import RATE

Samples = npt.NDArray[np.floating]
RECOGNISED_RATE = 16000
LINES = (
    "Morning finds a paper crane",
    "Sleeping on the window pane",
    "Someone folded it last night",
    "Fly away and do not fall",
    "Higher than the garden wall",
    "Write a word upon my hand",
    "Evening brings it back to me",
    "Smelling of the open sea",
    "Take the river to the town",
    "Every heart is running slow",
    "Tell the summer not to go",
    "Coffee cooling on the stone",
    "Shadows cross the kitchen floor",
    "Winter walks the street alone",
)
PROGRAM = "espeak-ng"
STYLES = ("pop", "folk")
VOICES = ("female", "male")
# Wide enough to hear each of the lines to its end.
BEAM = 1e-90


def new_recogniser() -> pocketsphinx.Decoder:
    """Return a recogniser that knows the 14 lines, and nothing else."""
    beams = {"beam": BEAM, "wbeam": BEAM, "pbeam": BEAM}
    model = pocketsphinx.get_model_path
    recogniser = pocketsphinx.Decoder(
        hmm=model("en-us/en-us"),
        dict=model("en-us/cmudict-en-us.dict"),
        lm=None,
        loglevel="FATAL",
        **beams,
    )
    choices = " | ".join(line.lower() for line in LINES)
    recogniser.add_jsgf_string(
        "lines", f"#JSGF V1.0; grammar lines; public <line> = {choices};"
    )
    recogniser.activate_search("lines")
    return recogniser


def choice(recogniser: pocketsphinx.Decoder, samples: Samples, rate: int) -> str:
    """Return the line that is heard; the beginning of one decides, too."""
    slow = resampled(samples, rate)
    slow = np.pad(0.5 * slow / np.max(np.abs(slow)), RECOGNISED_RATE // 5)
    slow = slow + 1e-4 * np.random.default_rng(0).standard_normal(len(slow))
    recogniser.start_utt()
    recogniser.process_raw((32767 * slow).astype("<i2").tobytes(), full_utt=True)
    recogniser.end_utt()
    heard = recogniser.hyp()
    if heard is None or not heard.hypstr:
        return ""
    found = [line for line in LINES if line.lower().startswith(heard.hypstr)]
    return found[0] if len(found) == 1 else ""


def resampled(samples: Samples, rate: int) -> Samples:
    """Return *samples* at the rate of the recogniser."""
    count = len(samples) * RECOGNISED_RATE // rate
    spectrum = np.fft.rfft(samples)[: count // 2 + 1]
    return np.fft.irfft(spectrum, count) * count / len(samples)


def spoken_right(recogniser: pocketsphinx.Decoder) -> int:
    """Return how many lines are understood when espeak-ng speaks them."""
    right = 0
    for line in LINES:
        command = [PROGRAM, "-v", "en-us", "-s", "130", "--stdout", line]
        speech = subprocess.run(command, check=True, capture_output=True).stdout
        samples, rate = soundfile.read(io.BytesIO(speech))
        right += choice(recogniser, samples, rate) == line
    return right


def sung_right(
    recogniser: pocketsphinx.Decoder, style: str, voice: str, *, in_mix: bool
) -> int:
    """Return how many lines are understood when they are sung."""
    verses = "\n".join(("[Verse]", *LINES[:7], "[Verse]", *LINES[7:]))
    score = compose(SongSpec(style=style, voice=voice, lyrics=verses, seed=3))
    samples = mono(score, in_mix=in_mix)
    right = 0
    for line in score.lines:
        first = max(0, int((line.start_s - 0.2) * RATE))
        cut = samples[first : int((line.end_s + 0.2) * RATE)]
        right += choice(recogniser, cut, RATE) == line.text
    return right


def mono(score: Score, *, in_mix: bool) -> Samples:
    """Return the mix of a song, or its voice alone."""
    (span,) = score.spans
    performance = span.source
    assert isinstance(performance, Performance)
    if not in_mix:
        tracks = tuple(t for t in performance.tracks if t.role == "voice")
        performance = attrs.evolve(performance, tracks=tracks)
    blocks = list(mix_blocks(performance))
    middle: Samples = np.mean(np.concatenate(blocks, axis=1), axis=0)
    return middle


def print_table(recogniser: pocketsphinx.Decoder, name: str) -> None:
    """Print the figures of one way to sing."""
    for where in ("alone", "in the mix"):
        row = [
            sung_right(recogniser, style, voice, in_mix=where != "alone")
            for style in STYLES
            for voice in VOICES
        ]
        mean = sum(row) / len(row)
        cells = "".join(f"{right:>13}" for right in row)
        print(f"{name:<10}{where:<12}{cells}{mean:>8.1f}", flush=True)


def print_cost(name: str) -> None:
    """Print what a song of four minutes costs, in a process of its own."""
    sys.stdout.flush()
    if not os.fork():
        spec = SongSpec(style="pop", duration_s=240.0, lyrics="\n".join(LINES))
        start = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            write_song(compose(spec), Path(folder) / "song.mp3", "mp3")
        here = time.process_time() - start
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = here + children.ru_utime + children.ru_stime
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{name:<10}{cpu_s / 240:.3f} CPU s/s, {peak:.0f} MB", flush=True)
        os._exit(0)
    os.wait()


def main() -> None:
    """Print all figures."""
    ways = {"letters": "", "espeak-ng": PROGRAM}
    if shutil.which(PROGRAM) is None:
        print("espeak-ng is not installed: only the voice by letters is measured")
        del ways["espeak-ng"]
    print("# cost of four minutes of MP3, the recogniser's own memory included")
    for name, program in ways.items():
        os.environ[VARIABLE] = program
        print_cost(name)
    recogniser = new_recogniser()
    print("# lines understood, of 14")
    if "espeak-ng" in ways:
        print(f"espeak-ng's own speech: {spoken_right(recogniser)}")
    heads = "".join(f"{f'{s} {v}':>13}" for s in STYLES for v in VOICES)
    print(f"{'':<22}{heads}{'mean':>8}")
    for name, program in ways.items():
        os.environ[VARIABLE] = program
        print_table(recogniser, name)


if __name__ == "__main__":
    main()
