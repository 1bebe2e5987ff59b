"""Edits, judged by their samples."""

import functools
from pathlib import Path

import attrs
import numpy as np
import numpy.typing as npt
import pytest

from aiomusic.composer import (
    AudioAnalysis,
    Score,
    SongSpec,
    analyze_audio,
    compose,
    concat,
    cover,
    extend,
    replace_section,
    score_from_audio,
    swap_sound,
    swap_vocals,
)
from aiomusic.composer._score import Performance

soundfile = pytest.importorskip("soundfile")
pytestmark = pytest.mark.slow

RATE = 44100
LYRICS = "[Verse]\nSilver rain upon the bay\n[Chorus]\nWash the dusty year away"
MORE = (
    "[Verse]\nNow the clouds have gone to sleep\n[Outro]\nStill the water dark and deep"
)
Samples = npt.NDArray[np.float32]


def samples_of(score: Score) -> Samples:
    # numpy is an extra; only a rendering test needs it.
    from aiomusic.composer.synth import song_blocks  # noqa: PLC0415

    return np.concatenate(list(song_blocks(score)), axis=1)


@functools.cache
def song() -> tuple[Score, Samples]:
    score = compose(SongSpec(style="pop, female", lyrics=LYRICS, seed=4, duration_s=11))
    return score, samples_of(score)


def frame(seconds: float) -> int:
    return round(seconds * RATE)


def melody(score: Score, role: str = "voice") -> list[tuple[float, int]]:
    return [
        (note.start_s, note.pitch)
        for track in score.tracks
        if track.role == role
        for note in track.notes
    ]


def likeness(one: Samples, other: Samples) -> float:
    return float(np.corrcoef(one[0], other[0])[0, 1])


def spectrum_of(samples: Samples) -> npt.NDArray[np.float64]:
    """Return the mean level of each third of an octave, loudness apart."""
    power = np.abs(np.fft.rfft(samples[0].astype(np.float64))) ** 2
    hertz = np.fft.rfftfreq(samples.shape[1], 1 / RATE)
    edges = np.searchsorted(hertz, 100 * 2 ** (np.arange(22) / 3))
    bands = np.log(np.add.reduceat(power, edges)[:-1] + 1e-12)
    return np.asarray(bands - bands.mean())


def classes_of(samples: Samples) -> npt.NDArray[np.float64]:
    """Return how loud each pitch class is, second by second."""
    frames = samples[0][: samples.shape[1] // RATE * RATE].reshape(-1, RATE)
    power = np.abs(np.fft.rfft(frames * np.hanning(RATE)))
    hertz = np.fft.rfftfreq(RATE, 1 / RATE)
    heard = (hertz > 110) & (hertz < 1800)
    number = np.round(12 * np.log2(hertz[heard] / 440)).astype(int) % 12
    return np.array([np.bincount(number, frame[heard], 12) for frame in power])


def heard_in(samples: Samples, folder: Path) -> AudioAnalysis:
    soundfile.write(folder / "heard.wav", samples.T, RATE)
    return analyze_audio(folder / "heard.wav")


def alone(score: Score) -> Samples:
    """Sound the singer without the band."""
    from aiomusic.composer.synth._mixer import mix_blocks  # noqa: PLC0415

    source = score.spans[0].source
    assert isinstance(source, Performance)
    sung = tuple(track for track in source.tracks if track.role == "voice")
    return np.concatenate([*mix_blocks(attrs.evolve(source, tracks=sung))], axis=1)


def test_replace_keeps_every_other_sample() -> None:
    """Outside a replaced section the samples are identical, inside they are not."""
    score, before = song()

    edited = replace_section(
        score, SongSpec(style="", lyrics=MORE), start_s=3, end_s=7.3
    )
    after = samples_of(edited)

    assert before.shape == after.shape
    assert np.array_equal(before[:, : frame(3)], after[:, : frame(3)])
    assert np.array_equal(before[:, frame(7.3) :], after[:, frame(7.3) :])
    inside = slice(frame(3.1), frame(7.2))
    assert likeness(before[:, inside], after[:, inside]) < 0.8


def test_replace_has_no_clicks_at_its_edges() -> None:
    """The joins are no rougher than the song itself."""
    score, before = song()

    after = samples_of(replace_section(score, SongSpec(style="", seed=1), start_s=4))

    rough = np.max(np.abs(np.diff(before)))
    edge = slice(frame(4) - 50, frame(4) + 2000)
    assert np.max(np.abs(np.diff(after[:, edge]))) <= rough


def test_replace_changes_the_words_with_their_times() -> None:
    """The new line is where the old one was; the others keep their times."""
    score, _ = song()
    first, second = score.lines

    edited = replace_section(
        score,
        SongSpec(style="", lyrics="Golden leaves are on the ground"),
        start_s=first.start_s,
        end_s=second.start_s - 0.2,
    )

    texts = [line.text for line in edited.lines]
    assert ["Golden leaves are on the ground", second.text] == texts
    assert second == edited.lines[1]
    assert first.start_s == pytest.approx(edited.lines[0].start_s, abs=2.2)


@pytest.mark.parametrize(("start_s", "end_s"), [(5, 5), (8, 3), (-1, 4), (90, None)])
def test_replace_refuses_an_empty_section(start_s: float, end_s: float | None) -> None:
    """A section that is not in the song is an error."""
    score, _ = song()

    with pytest.raises(ValueError, match="nothing to replace"):
        replace_section(score, SongSpec(style=""), start_s=start_s, end_s=end_s)


def test_extend_continues_what_was() -> None:
    """A continuation has key, tempo, style and voice of its song, and new words."""
    score, _ = song()

    more = extend(score, SongSpec(style="", lyrics=MORE), at_s=6.2)

    assert (score.key, score.tempo, score.style) == (more.key, more.tempo, more.style)
    assert score.voice == more.voice
    assert "Now the clouds have gone to sleep" in more.lyrics


@pytest.mark.parametrize("style", ["house", "synthwave, female"])
def test_what_continues_sounds_in_tempo_and_key(style: str, tmp_path: Path) -> None:
    """The continuation alone has the tempo and the key of its song."""
    score = compose(SongSpec(style=style, lyrics=LYRICS, seed=4, duration_s=14))

    more = extend(score, SongSpec(style="", lyrics=MORE, duration_s=14), at_s=9.3)
    heard = heard_in(samples_of(more), tmp_path)

    ratios = [heard.tempo * factor / score.tempo for factor in (0.5, 1, 2)]
    assert min(abs(ratio - 1) for ratio in ratios) < 0.03
    assert sorted(score.key.scale) == sorted(heard.key.scale)


def test_extend_keeps_the_beat() -> None:
    """Bars of the continuation fall on the bars of the song it continues."""
    score, _ = song()
    bar_s = 240 / score.tempo

    more = extend(score, SongSpec(style="", lyrics=MORE), at_s=5.0)

    bars = (5.0 + more.sections[1].start_s - score.sections[1].start_s) / bar_s
    assert round(bars) == pytest.approx(bars, abs=0.02)


def test_concat_keeps_the_first_part() -> None:
    """Up to the second that was named, the joined song is the song it was."""
    score, before = song()

    whole = concat(
        extend(score, SongSpec(style="", lyrics=MORE, duration_s=6), at_s=6.2)
    )
    after = samples_of(whole)

    assert 12.2 == whole.duration_s
    assert frame(12.2) == after.shape[1]
    assert np.array_equal(before[:, : frame(6.2)], after[:, : frame(6.2)])
    edge = slice(frame(6.2) - 50, frame(6.2) + 2000)
    assert np.max(np.abs(np.diff(after[:, edge]))) <= np.max(np.abs(np.diff(before)))
    assert ["Silver rain upon the bay", "Now the clouds have gone to sleep"] == [
        whole.lines[0].text,
        next(line.text for line in whole.lines if line.start_s > 6.2),
    ]


def test_concat_follows_every_continuation() -> None:
    """A continuation of a continuation is joined to all that came before."""
    score, _ = song()
    once = extend(score, SongSpec(style="", lyrics=MORE, duration_s=5), at_s=6)
    twice = extend(once, SongSpec(style="", instrumental=True, duration_s=4), at_s=3)

    whole = concat(twice)

    assert 6 + 3 + 4 == whole.duration_s
    assert whole == concat(whole)


def test_cover_keeps_melody_and_words() -> None:
    """A cover has the melody and form of the song, in another style."""
    score, _ = song()

    covered = cover(score, SongSpec(style="reggae"))

    assert "reggae" == covered.style
    assert score.key == covered.key
    assert score.lyrics == covered.lyrics
    assert [pitch for _, pitch in melody(score)] == [p for _, p in melody(covered)]
    patches = [{track.patch for track in one.tracks} for one in (score, covered)]
    assert patches[0] != patches[1]


def test_cover_sounds_another_in_the_same_notes() -> None:
    """At the tempo it had a cover has the same pitches every second, other samples."""
    score, before = song()

    after = samples_of(cover(score, SongSpec(style=f"synthwave, {score.tempo} bpm")))

    length = min(before.shape[1], after.shape[1])
    both = [part[:, :length] for part in (before, after)]
    assert abs(likeness(*both)) < 0.3
    one, other = (classes_of(part) for part in both)
    same = np.corrcoef(one.ravel(), other.ravel())[0, 1]
    moved = np.corrcoef(one.ravel(), np.roll(other, 1, axis=1).ravel())[0, 1]
    assert same > max(0.5, moved + 0.3)


def test_cover_sings_new_words_to_the_old_melody() -> None:
    """New lyrics take the lines' places, one tone for a syllable."""
    score, _ = song()

    covered = cover(
        score,
        SongSpec(
            style="jazz", lyrics="[Verse]\nOne\n[Chorus]\nA very much longer line"
        ),
    )

    sung = next(track for track in covered.tracks if track.role == "voice")
    assert ["One", "A very much longer line"] == [x.text for x in covered.lines]
    assert 1 + 7 == len(sung.notes)


def test_swap_vocals_changes_the_voice_alone() -> None:
    """Only the passages with vocals change."""
    score = compose(
        SongSpec(
            style="pop, female", lyrics=f"[Intro]\n{LYRICS}", seed=4, duration_s=13
        )
    )
    before = samples_of(score)

    swapped = swap_vocals(score, SongSpec(style="male, warm"))
    after = samples_of(swapped)

    assert swapped.voice is not None
    assert "male" == swapped.voice.gender
    sung_s = score.lines[0].start_s
    assert sung_s > 2
    alone = slice(0, frame(sung_s - 0.4))
    assert likeness(before[:, alone], after[:, alone]) > 0.999
    sung = slice(frame(sung_s), frame(score.lines[0].end_s))
    assert likeness(before[:, sung], after[:, sung]) < 0.98
    others = [t for t in score.tracks if t.patch != "voice"]
    assert others == [t for t in swapped.tracks if t.patch != "voice"]


def test_swap_sound_changes_the_instruments_alone() -> None:
    """Every note and the voice stay; the instruments are the requested ones."""
    score, before = song()

    swapped = swap_sound(score, SongSpec(style="organ and strings"))
    after = samples_of(swapped)

    assert {"organ", "strings"} <= {track.patch for track in swapped.tracks}
    assert melody(score) == melody(swapped)
    assert melody(score, "bass") == melody(swapped, "bass")
    assert likeness(before, after) < 0.98


def test_swap_sound_keeps_the_pitches() -> None:
    """Second by second the pitch classes stay, though other instruments sound them."""
    score, before = song()

    after = samples_of(swap_sound(score, SongSpec(style="organ and strings")))

    one, other = (classes_of(part) for part in (before, after))
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.8
    assert np.linalg.norm(spectrum_of(before) - spectrum_of(after)) > 1.0


def test_a_persona_sings_another_song() -> None:
    """The voice of one song can sing another."""
    score, _ = song()
    assert score.voice is not None

    other = compose(SongSpec(style="rock", lyrics=LYRICS, singer=score.voice, seed=99))

    assert score.voice == other.voice


def test_a_persona_is_known_by_its_sound() -> None:
    """A persona's voice in a new song is closer to itself than to other voices."""
    words = "deep husky male voice"
    score = compose(
        SongSpec(style=f"folk, {words}", lyrics=LYRICS, seed=4, duration_s=9)
    )
    spec = SongSpec(style="rock", lyrics=MORE, seed=99, duration_s=9)

    songs = [
        compose(attrs.evolve(spec, singer=score.voice)),
        compose(attrs.evolve(spec, voice="female")),
        compose(attrs.evolve(spec, voice="bright male")),
    ]

    known = spectrum_of(alone(score))
    far = [np.linalg.norm(known - spectrum_of(alone(song))) for song in songs]
    assert min(far) == far[0]


@pytest.fixture
def upload(tmp_path: Path) -> tuple[Score, Samples]:
    """Return twelve seconds of noise on every beat, as a score and as samples."""
    noise = np.random.default_rng(1).normal(size=12 * RATE)
    beat = np.arange(12 * RATE) % (RATE // 2) / RATE
    sound = (0.2 * noise * (0.3 + np.exp(-9 * beat))).astype(np.float32)
    soundfile.write(tmp_path / "upload.wav", sound, RATE)
    score = score_from_audio(analyze_audio(tmp_path / "upload.wav"), title="Upload")
    return score, samples_of(score)


def off_the_beat(score: Score) -> float:
    """Return a second that is far from the next bar."""
    return score.sections[0].start_s + 4.3 * 240 / score.tempo / 4


def test_a_recording_plays_its_bar_to_the_end_before_it_is_extended(
    upload: tuple[Score, Samples],
) -> None:
    """Between the second that was named and the next bar nothing is silent."""
    score, before = upload
    at_s = off_the_beat(score)
    whole = samples_of(
        concat(extend(score, SongSpec(style="pop", lyrics=MORE), at_s=at_s))
    )

    joint = slice(frame(at_s), frame(at_s + 1.0))
    assert likeness(before[:, joint], whole[:, joint]) > 0.99


def test_a_recording_plays_its_bar_to_the_end_before_a_section_is_replaced(
    upload: tuple[Score, Samples],
) -> None:
    """The new section begins at a bar; until then the recording goes on."""
    score, before = upload
    at_s = off_the_beat(score)
    order = SongSpec(style="pop", lyrics=MORE)
    after = samples_of(replace_section(score, order, start_s=at_s, end_s=at_s + 4))

    joint = slice(frame(at_s), frame(at_s + 1.0))
    changed = slice(frame(at_s + 2.0), frame(at_s + 4.0))
    assert likeness(before[:, joint], after[:, joint]) > 0.99
    assert likeness(before[:, changed], after[:, changed]) < 0.5
    assert before.shape == after.shape


@pytest.mark.parametrize("sound", ["pop", "synthwave", "flute"])
def test_two_takes_of_a_swap_have_other_instruments(sound: str) -> None:
    """Neither is the song as it was, and they are not the same."""
    score, _ = song()
    other = attrs.evolve(score, spec=attrs.evolve(score.spec, take=1))

    bands = [
        [track.patch for track in one.tracks]
        for one in (
            score,
            swap_sound(score, SongSpec(style=sound)),
            swap_sound(other, SongSpec(style=sound)),
        )
    ]

    assert [band for band in bands if bands.count(band) > 1] == []


def test_two_takes_of_a_swap_are_sung_by_two_singers() -> None:
    """Both are as requested, even if such a voice sang before."""
    score, _ = song()
    other = attrs.evolve(score, spec=attrs.evolve(score.spec, take=1))
    assert score.voice is not None

    voices = [
        swap_vocals(one, SongSpec(style="female")).voice for one in (score, other)
    ]

    assert ["female"] * 2 == [voice.gender for voice in voices if voice]
    assert len({score.voice, *voices}) == 3


def test_a_recording_is_covered_by_the_singer_who_is_asked_for(
    upload: tuple[Score, Samples],
) -> None:
    """Its own voice can't be taken out of it, so the words are sung again."""
    score, before = upload

    swapped = swap_vocals(score, SongSpec(style="male, husky", lyrics=MORE))

    assert "Now the clouds have gone to sleep" in swapped.lyrics
    assert swapped.voice is not None
    assert "male" == swapped.voice.gender
    after = samples_of(swapped)
    length = min(before.shape[1], after.shape[1])
    assert abs(likeness(before[:, :length], after[:, :length])) < 0.5


def test_a_section_shorter_than_its_bar_is_replaced_at_once() -> None:
    """Its new words are sung, and the music is not the one that was there."""
    score, before = song()
    bar_s = 240 / score.tempo
    start_s = score.lines[0].start_s + 0.3 * bar_s
    end_s = start_s + 0.4 * bar_s
    order = SongSpec(style="pop", lyrics="Now")

    replaced = replace_section(score, order, start_s=start_s, end_s=end_s)
    after = samples_of(replaced)

    there = slice(frame(start_s + 0.05), frame(end_s - 0.05))
    later = slice(frame(end_s), None)
    assert "Now" in [line.text for line in replaced.lines]
    assert likeness(before[:, there], after[:, there]) < 0.7
    assert np.array_equal(before[:, later], after[:, later])
