"""The studio: what a rendered song is like."""

import os
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from aiomusic.composer import (
    Score,
    SongSpec,
    available_formats,
    compose,
    load_renderer,
    write_song,
)
from aiomusic.composer._stdlib_synth import write_wav
from aiomusic.composer.styles import STYLES
from aiomusic.composer.synth import song_blocks
from aiomusic.composer.synth._loudness import LoudnessMeter
from aiomusic.composer.synth._strings import String, pluck
from aiomusic.composer.synth._waves import RATE, pitch_to_hertz

soundfile = pytest.importorskip("soundfile")

LYRICS = "[Verse]\nSilver rain upon the bay\n[Chorus]\nWash the dusty year away"


def samples_of(score: Score) -> npt.NDArray[np.float32]:
    return np.concatenate(list(song_blocks(score)), axis=1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mp3", "wav", "flac"])
def test_a_file_is_stereo_and_of_exact_length(kind: str, tmp_path: Path) -> None:
    """Each kind of file is 44.1 kHz stereo and as long as the score says."""
    score = compose(SongSpec(style="pop", lyrics=LYRICS, duration_s=6.5))
    path = tmp_path / "song"

    write_song(score, path, kind)  # type: ignore[arg-type]

    info = soundfile.info(path)
    assert (44100, 2) == (info.samplerate, info.channels)
    assert kind.upper() == info.format
    assert 6.5 == pytest.approx(info.duration, abs=0.001)
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
def test_every_style_is_loud_enough_and_not_too_loud(style: str) -> None:
    """A song of any style has -14 LUFS within 1 and true peaks below -1 dBFS."""
    sound = samples_of(compose(SongSpec(style=style, duration_s=7, seed=2)))

    meter = LoudnessMeter()
    meter.feed(sound)

    assert -14 == pytest.approx(meter.loudness, abs=1)
    assert meter.true_peak < 10 ** (-1 / 20)


@pytest.mark.slow
@pytest.mark.parametrize("style", ["house", "folk", "metal", "tango"])
def test_a_chorus_stands_out(style: str) -> None:
    """A chorus is 3 to 4 LU above the verse before it, within half a LU."""
    score = compose(SongSpec(style=style, duration_s=30, seed=3, instrumental=True))
    sound = samples_of(score)

    loud = dict.fromkeys(("verse", "chorus"), 0.0)
    for section in score.sections:
        if section.kind in loud:
            meter = LoudnessMeter()
            meter.feed(
                sound[:, round(section.start_s * RATE) : round(section.end_s * RATE)]
            )
            loud[section.kind] = meter.loudness

    assert 3.5 == pytest.approx(loud["chorus"] - loud["verse"], abs=1.0)


@pytest.mark.slow
def test_a_song_begins_and_ends_in_silence() -> None:
    """There is no click at either end, and no jump inside."""
    sound = samples_of(compose(SongSpec(style="ambient", duration_s=8, seed=2)))

    assert np.max(np.abs(sound[:, :4])) < 0.01
    assert np.max(np.abs(sound[:, -4:])) < 0.001
    # An s of the singer is noise; a click is as high as the song.
    assert np.max(np.abs(np.diff(sound))) < 0.3


@pytest.mark.slow
def test_rendering_repeats() -> None:
    """The same score sounds the same, sample by sample."""
    score = compose(SongSpec(style="jazz", duration_s=5, seed=6))

    assert np.array_equal(samples_of(score), samples_of(score))


@pytest.mark.slow
def test_takes_sound_different() -> None:
    """Two takes are two recordings."""
    first, second = (
        samples_of(compose(SongSpec(style="house", duration_s=5, take=take)))
        for take in (0, 1)
    )

    assert abs(np.corrcoef(first[0], second[0])[0, 1]) < 0.9


@pytest.mark.parametrize("pitch", [40, 52, 64, 76])
def test_strings_are_in_tune(pitch: int) -> None:
    """A plucked string sounds within two cents of its pitch."""
    tone = pluck(
        String(decay_s=1.0, damp_hz=2000, bright_hz=1200), pitch_to_hertz(pitch)
    )

    size = 1 << 19
    spectrum = np.abs(np.fft.rfft(tone * np.hanning(len(tone)), size))
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    near = np.abs(hertz / pitch_to_hertz(pitch) - 1) < 0.03
    found = hertz[near][np.argmax(spectrum[near])]

    assert abs(1200 * np.log2(found / pitch_to_hertz(pitch))) < 2


@pytest.mark.slow
def test_the_plain_synthesiser_plays_the_same_score(tmp_path: Path) -> None:
    """Without numpy a WAV of the exact length comes out, neither silent nor cut."""
    score = compose(SongSpec(style="chiptune", duration_s=3, seed=1))

    write_wav(score, tmp_path / "song.wav")

    with wave.open(str(tmp_path / "song.wav")) as file:
        assert (2, 2, 44100) == file.getparams()[:3]
        assert 3 * 44100 == file.getnframes()
        data = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    assert 3000 < np.max(np.abs(data)) < 32767


@pytest.mark.slow
def test_composing_does_not_import_numpy() -> None:
    """The package is cheap: numpy is imported when something is rendered."""
    code = (
        "import sys; from aiomusic.composer import SongSpec, compose, to_midi;"
        "to_midi(compose(SongSpec(style='pop'))); print('numpy' in sys.modules)"
    )

    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        check=True,
        capture_output=True,
        text=True,
    )

    assert "False" == run.stdout.strip()


@pytest.mark.slow
def test_without_numpy_only_wav_is_offered(tmp_path: Path) -> None:
    """Where numpy cannot be found, WAV is written and other kinds are refused."""
    for name in ("numpy", "soundfile"):
        blocked = tmp_path / "blocked" / name
        blocked.mkdir(parents=True)
    code = (
        "import importlib.util, sys;"
        "real = importlib.util.find_spec;"
        "hide = ('numpy', 'soundfile');"
        "importlib.util.find_spec = lambda n, p=None:"
        " None if n in hide else real(n, p);"
        "from aiomusic.composer import *;"
        "print(available_formats());"
        "score = compose(SongSpec(style='folk', duration_s=1));"
        f"write_song(score, {str(tmp_path / 'song.wav')!r}, 'wav');"
        "print('numpy' in sys.modules);"
        f"write_song(score, {str(tmp_path / 'song.mp3')!r}, 'mp3')"
    )

    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        check=False,
        capture_output=True,
        text=True,
    )

    assert ["('wav',)", "False"] == run.stdout.splitlines()
    assert "ValueError: cannot write 'mp3'" in run.stderr
    assert (tmp_path / "song.wav").stat().st_size > 44100 * 4
    assert not (tmp_path / "song.mp3").exists()


def test_a_song_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    """A folder that is missing is an error, and no half file stays behind."""
    score = compose(SongSpec(style="pop", duration_s=1))

    with pytest.raises(FileNotFoundError):
        write_song(score, tmp_path / "missing" / "song.mp3")

    assert [] == list(tmp_path.iterdir())
    assert "mp3" in available_formats()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_device_or_pipe_is_not_replaced(tmp_path: Path) -> None:
    """Programs that use it would lose it: /dev/null, for one."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    with pytest.raises(FileExistsError, match="no ordinary file"):
        write_song(compose(SongSpec(style="pop", duration_s=1)), pipe, "wav")

    assert pipe.is_fifo()
    assert [pipe] == [*tmp_path.iterdir()]


def test_another_renderer_can_play(tmp_path: Path) -> None:
    """A renderer of one's own gets the score, and what it plays is in the file."""
    score = compose(SongSpec(style="pop", duration_s=2))

    def hum(score: Score) -> list[npt.NDArray[np.float32]]:
        time = np.arange(round(score.duration_s * RATE)) / RATE
        tone = 0.4 * np.sin(2 * np.pi * 220 * time)
        return [np.stack([tone, tone]).astype(np.float32)]

    write_song(score, tmp_path / "hum.wav", "wav", renderer=hum)

    samples, _ = soundfile.read(tmp_path / "hum.wav")
    assert 2 * RATE == len(samples)
    assert 220 == np.argmax(np.abs(np.fft.rfft(samples[:RATE, 0])))


def test_renderers_are_found_by_name() -> None:
    """A renderer that is not installed is an error that names the entry points."""
    with pytest.raises(LookupError, match=r"'nobody' .* aiomusic\.renderers"):
        load_renderer("nobody")
