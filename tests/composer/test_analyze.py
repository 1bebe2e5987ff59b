"""Listening to files that others made."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from aiomusic.composer import (
    SongSpec,
    UnreadableAudio,
    analyze_audio,
    compose,
    concat,
    cover,
    extend,
    score_from_audio,
    swap_sound,
    write_song,
)
from aiomusic.composer._theory import Key

soundfile = pytest.importorskip("soundfile")
pytestmark = pytest.mark.slow

Samples = npt.NDArray[np.float64]


def clicks(tempo: float, rate: int, seconds: float = 12.0) -> Samples:
    sound = np.zeros(int(seconds * rate))
    time = np.arange(int(0.03 * rate)) / rate
    click = 0.8 * np.sin(2 * np.pi * 1000 * time) * np.exp(-time / 0.006)
    for second in np.arange(0.1, seconds - 0.1, 60 / tempo):
        place = int(second * rate)
        sound[place : place + len(click)] += click
    return sound


def scale(key: Key, rate: int = 44100) -> Samples:
    steps = [*(pitch - key.scale[0] for pitch in key.scale), 12]
    steps = [step % 12 if step != 12 else 12 for step in steps]
    time = np.arange(rate // 2) / rate
    tones = [
        sum(
            np.sin(2 * np.pi * 440 * 2 ** ((key.tonic + step - 9) / 12) * k * time) / k
            for k in range(1, 6)
        )
        * np.exp(-3 * time)
        for step in steps + steps[::-1]
    ]
    return 0.3 * np.concatenate(tones)


@pytest.mark.parametrize("rate", [22050, 44100, 48000])
@pytest.mark.parametrize("tempo", [72, 90, 120, 140])
def test_tempo_of_a_click_track(tempo: float, rate: int, tmp_path: Path) -> None:
    """The tempo of a click track is found to half a percent."""
    soundfile.write(tmp_path / "clicks.wav", clicks(tempo, rate), rate)

    heard = analyze_audio(tmp_path / "clicks.wav")

    assert tempo == pytest.approx(heard.tempo, rel=0.005)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("mode", ["major", "minor"])
@pytest.mark.parametrize("tonic", [0, 4, 9])
def test_key_of_a_scale(tonic: int, mode: str, suffix: str, tmp_path: Path) -> None:
    """The key of a scale is found in every kind of file."""
    key = Key(tonic=tonic, mode=mode)
    soundfile.write(tmp_path / f"scale.{suffix}", scale(key), 44100)

    assert key == analyze_audio(tmp_path / f"scale.{suffix}").key


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"These are words and not a sound. " * 200, "cannot be|can be read"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt broken", "can be read"),
        (b"", "can be read"),
    ],
    ids=["text", "broken", "empty"],
)
def test_what_is_not_audio(data: bytes, message: str, tmp_path: Path) -> None:
    """A file that is not audio is refused with the reason."""
    (tmp_path / "song.wav").write_bytes(data)

    with pytest.raises(UnreadableAudio, match=message):
        analyze_audio(tmp_path / "song.wav")


def test_lengths_that_are_refused(tmp_path: Path) -> None:
    """Too short, too long and silent files are refused."""
    soundfile.write(tmp_path / "short.wav", clicks(120, 8000, 3), 8000)
    soundfile.write(tmp_path / "long.wav", np.zeros(8000 * 1200), 8000)
    soundfile.write(tmp_path / "silent.wav", np.zeros(8000 * 10), 8000)

    with pytest.raises(UnreadableAudio, match=r"3\.0 s long, at least"):
        analyze_audio(tmp_path / "short.wav")
    with pytest.raises(UnreadableAudio, match="1200 s long, at most"):
        analyze_audio(tmp_path / "long.wav")
    with pytest.raises(UnreadableAudio, match="silent"):
        analyze_audio(tmp_path / "silent.wav")


def test_an_upload_goes_on(tmp_path: Path) -> None:
    """A recording is extended in its tempo and key, and stays what it was."""
    source = compose(SongSpec(style="synthwave", duration_s=10, seed=3))
    write_song(source, tmp_path / "upload.wav", "wav")
    upload = score_from_audio(analyze_audio(tmp_path / "upload.wav"), title="Mine")

    whole = concat(
        extend(
            upload,
            SongSpec(style="rock", lyrics="[Verse]\nOver the hill", duration_s=5),
            at_s=8,
        )
    )
    write_song(whole, tmp_path / "whole.wav", "wav")

    assert source.tempo == pytest.approx(whole.tempo, rel=0.01)
    before, _ = soundfile.read(tmp_path / "upload.wav")
    after, _ = soundfile.read(tmp_path / "whole.wav")
    assert round(whole.duration_s * 44100) == len(after)
    # It goes on at the last bar line before the second that was named.
    assert 13 == pytest.approx(whole.duration_s, abs=0.1)
    part = slice(44100, 7 * 44100)
    assert np.corrcoef(before[part, 0], after[part, 0])[0, 1] > 0.999


def test_an_upload_is_covered(tmp_path: Path) -> None:
    """A cover of a recording has its key and chords, and a voice if it gets words."""
    source = compose(SongSpec(style="folk in D major", duration_s=12, seed=3))
    write_song(source, tmp_path / "upload.flac", "flac")
    upload = score_from_audio(analyze_audio(tmp_path / "upload.flac"), title="Mine")

    covered = cover(
        upload, SongSpec(style="jazz, male", lyrics="[Verse]\nOver the hill")
    )

    assert "jazz" == covered.style
    assert upload.key == covered.key
    assert upload.sheet.sections[0].chords == covered.sheet.sections[0].chords
    assert "Over the hill" in covered.lyrics


def test_an_upload_gets_another_sound(tmp_path: Path) -> None:
    """A recording whose sound is swapped is played again, with the same chords."""
    source = compose(SongSpec(style="folk in D major", duration_s=8, seed=3))
    write_song(source, tmp_path / "upload.wav", "wav")
    upload = score_from_audio(analyze_audio(tmp_path / "upload.wav"), title="Mine")

    swapped = swap_sound(upload, SongSpec(style="organ and flute"))

    assert "organ" in {track.patch for track in swapped.tracks}
    assert upload.sheet.sections[0].chords == swapped.sheet.sections[0].chords


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -1e30])
def test_a_sample_that_is_no_number_spoils_nothing_else(
    wrong: float, tmp_path: Path
) -> None:
    """A song made from a file of floats is within full scale."""
    # numpy is an extra; only a rendering test needs it.
    from aiomusic.composer.synth import song_blocks  # noqa: PLC0415

    sound = clicks(96, 44100)
    sound[50_000] = wrong
    soundfile.write(tmp_path / "floats.wav", sound, 44100, subtype="FLOAT")

    heard = score_from_audio(analyze_audio(tmp_path / "floats.wav"), title="Floats")
    samples = np.concatenate(list(song_blocks(heard)), axis=1)

    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 1
    assert np.abs(samples[:, 200_000:]).max() > 0.2


@pytest.mark.parametrize("rate", [100, 1000, 655_350])
def test_rates_that_are_refused(rate: int, tmp_path: Path) -> None:
    """A sample rate that is too low or too high is refused."""
    soundfile.write(tmp_path / "odd.wav", np.full(8 * rate, 0.5), rate)

    with pytest.raises(UnreadableAudio, match=f"has {rate} samples a second, 4000 to"):
        analyze_audio(tmp_path / "odd.wav")


def test_a_refusal_does_not_tell_where_the_file_is(tmp_path: Path) -> None:
    """The message does not name the path, which the uploader does not know."""
    (tmp_path / "page.html").write_text("<p>Not found</p>" * 99)

    with pytest.raises(UnreadableAudio, match=r"read: Format not") as refused:
        analyze_audio(tmp_path / "page.html")

    assert str(tmp_path) not in str(refused.value)
