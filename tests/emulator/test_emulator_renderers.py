"""Who else may play the songs: fluidsynth, and what a package offers."""

import io
import os
import pickle
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import attrs
import numpy as np
import numpy.typing as npt
import pytest
from emulated import opened

from aiomusic.composer import (
    SongSpec,
    analyze_audio,
    compose,
    load_renderer,
    swap_vocals,
    write_song,
)
from aiomusic.composer.synth._loudness import LoudnessMeter
from aiomusic.emulator import Emulator

soundfile = pytest.importorskip("soundfile")
pytestmark = [pytest.mark.anyio, pytest.mark.slow]

LYRICS = "[Verse]\nSilver rain upon the bay\n[Chorus]\nWash the dusty year away"
HUM = """
import numpy

def hum(score):
    time = numpy.arange(round(44100 * score.duration_s)) / 44100
    tone = 0.3 * numpy.sin(2 * numpy.pi * 220 * time)
    yield numpy.stack([tone, tone]).astype("f4")
"""


@pytest.fixture(scope="module")
def fluidsynth() -> str:
    """Name it where it is; only on a developer's own machine may it be missing."""
    if shutil.which("fluidsynth") is None:
        if os.environ.get("CI"):
            pytest.fail("there is no fluidsynth, and in CI there must be one")
        pytest.skip("apt-get install fluidsynth timgm6mb-soundfont")
    return "fluidsynth"


def children() -> str:
    """Return the processes that this one has started, where Linux tells."""
    found = sorted(Path("/proc/self/task").glob("*/children"))
    return "".join(path.read_text() for path in found)


def read(path: Path) -> npt.NDArray[np.float32]:
    samples, _ = soundfile.read(path, dtype="float32", always_2d=True)
    return np.asarray(samples.T)


@pytest.mark.parametrize("style", ["pop", "bossa nova", "cinematic"])
def test_fluidsynth_plays_the_same_song(
    fluidsynth: str, style: str, tmp_path: Path
) -> None:
    """Its file is as long and as loud as ours, in the same key, of other sound."""
    score = compose(SongSpec(style=style, lyrics=LYRICS, duration_s=12, seed=5))
    for name, renderer in (("ours", None), ("other", load_renderer(fluidsynth))):
        write_song(score, tmp_path / name, "wav", renderer=renderer)
    ours, other = read(tmp_path / "ours"), read(tmp_path / "other")

    meter = LoudnessMeter()
    meter.feed(other)
    heard = analyze_audio(tmp_path / "other").key

    assert (2, 12 * 44100) == ours.shape == other.shape
    assert -14 == pytest.approx(meter.loudness, abs=1)
    assert meter.true_peak < 10 ** (-1 / 20)
    assert abs(np.corrcoef(ours[0], other[0])[0, 1]) < 0.5
    assert sorted(score.key.scale) == sorted(heard.scale)


def test_our_singer_sings_with_fluidsynth(fluidsynth: str, tmp_path: Path) -> None:
    """The same notes from another formant_scale sound different where they are sung."""
    score = compose(SongSpec(style="folk", lyrics=LYRICS, duration_s=9, seed=5))
    assert score.voice is not None
    singer = attrs.evolve(score.voice, formant_scale=1.4)
    other = swap_vocals(score, SongSpec(style="", singer=singer))
    for name, song in (("one", score), ("two", other)):
        write_song(song, tmp_path / name, "wav", renderer=load_renderer(fluidsynth))
    line = score.lines[0]

    sung = slice(round(line.start_s * 44100), round(line.end_s * 44100))
    one, two = (read(tmp_path / name)[0, sung] for name in ("one", "two"))

    assert score.tracks == other.tracks
    assert 0 < np.corrcoef(one, two)[0, 1] < 0.98


async def test_the_emulator_plays_with_who_was_asked_for(fluidsynth: str) -> None:
    """A song of an emulator with a renderer is not the one of the band."""
    songs = []
    for renderer in (None, fluidsynth):
        async with opened(media=True, renderer=renderer) as (_, client):
            order = {"type": "bgm", "description": "a calm piano", "duration": 3}
            _, body = await client.end(await client.create("nuro", order), "nuro")
            async with client.http.get(body["audio_url"]) as reply:
                samples, _ = soundfile.read(io.BytesIO(await reply.read()))
                songs.append(samples[:, 0])

    assert abs(np.corrcoef(*songs)[0, 1]) < 0.5


async def test_an_installed_package_can_play(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry point of aiomusic.renderers renders the songs."""
    (tmp_path / "hum.py").write_text(textwrap.dedent(HUM))
    told = tmp_path / "hum-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: hum\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text("[aiomusic.renderers]\nhum = hum:hum\n")
    monkeypatch.syspath_prepend(tmp_path)
    async with opened(media=True, renderer="hum") as (_, client):
        order = {"type": "bgm", "description": "a calm piano", "duration": 2}
        _, body = await client.end(await client.create("nuro", order), "nuro")
        async with client.http.get(body["audio_url"]) as reply:
            samples, _ = soundfile.read(io.BytesIO(await reply.read()))

    spectrum = np.abs(np.fft.rfft(samples[:44100, 0]))
    assert 220 == np.argmax(spectrum)


async def test_plain_tones_are_made_without_another_process() -> None:
    """Each note is a sine, and the file is as long as the reply says."""
    before = children()
    async with opened(media=True, renderer="sine", preview_s=2) as (_, client):
        _, body = await client.end(await client.create())
        async with client.http.get(body["data"][0]["audio_url"]) as reply:
            samples, rate = soundfile.read(io.BytesIO(await reply.read()))
        after = children()

    assert body["data"][0]["duration"] == pytest.approx(len(samples) / rate, abs=0.1)
    assert 0.05 < np.abs(samples).max() < 1
    assert before == after


def test_a_renderer_that_nobody_offers_is_an_error_at_once() -> None:
    """It is an error of the constructor, not of the first song."""
    with pytest.raises(LookupError, match=r"no renderer named 'nobody'"):
        Emulator(renderer="nobody")


@pytest.mark.skipif(sys.platform == "win32", reason="there it ends with its song")
def test_a_worker_ends_with_whoever_started_it() -> None:
    """A worker exits when its parent is killed, even in the middle of a song."""
    with subprocess.Popen(
        [sys.executable, "-m", "aiomusic.emulator._worker"], stdin=subprocess.PIPE
    ) as worker:
        assert worker.stdin is not None
        worker.stdin.write(pickle.dumps(signal.pause))
        worker.stdin.close()

        try:
            assert 1 == worker.wait(timeout=20)
        finally:
            worker.kill()


def test_a_soundfont_that_is_not_there_is_named(
    fluidsynth: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the missing file, and how to set another."""
    monkeypatch.setenv("AIOMUSIC_SOUNDFONT", "/nowhere/x.sf2")
    score = compose(SongSpec(style="pop", duration_s=1))

    with pytest.raises(
        FileNotFoundError, match=r"no SoundFont at /nowhere/x\.sf2: set AIO"
    ):
        write_song(score, tmp_path / "x", "wav", renderer=load_renderer(fluidsynth))
