"""Edits, judged by their samples."""

import functools

import numpy as np
import numpy.typing as npt
import pytest

from aiomusic.emulator.music import (
    Brief,
    Score,
    compose,
    concat,
    cover,
    extend,
    replace_section,
    swap_sound,
    swap_vocals,
)

pytest.importorskip("soundfile")
pytestmark = pytest.mark.slow

RATE = 44100
LYRICS = "[Verse]\nSilver rain upon the bay\n[Chorus]\nWash the dusty year away"
MORE = (
    "[Verse]\nNow the clouds have gone to sleep\n[Outro]\nStill the water dark and deep"
)
Samples = npt.NDArray[np.float32]


def samples_of(score: Score) -> Samples:
    # numpy is an extra; only a rendering test needs it.
    from aiomusic.emulator.music.synth import song_blocks  # noqa: PLC0415

    return np.concatenate(list(song_blocks(score)), axis=1)


@functools.cache
def song() -> tuple[Score, Samples]:
    score = compose(Brief(style="pop, female", lyrics=LYRICS, seed=4, duration_s=11))
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


def test_replace_keeps_every_other_sample() -> None:
    """Outside a replaced section the samples are identical, inside they are not."""
    score, before = song()

    edited = replace_section(score, Brief(style="", lyrics=MORE), start_s=3, end_s=7.3)
    after = samples_of(edited)

    assert before.shape == after.shape
    assert np.array_equal(before[:, : frame(3)], after[:, : frame(3)])
    assert np.array_equal(before[:, frame(7.3) :], after[:, frame(7.3) :])
    inside = slice(frame(3.1), frame(7.2))
    assert likeness(before[:, inside], after[:, inside]) < 0.8


def test_replace_has_no_clicks_at_its_edges() -> None:
    """The joins are no rougher than the song itself."""
    score, before = song()

    after = samples_of(replace_section(score, Brief(style="", seed=1), start_s=4))

    rough = np.max(np.abs(np.diff(before)))
    edge = slice(frame(4) - 50, frame(4) + 2000)
    assert np.max(np.abs(np.diff(after[:, edge]))) <= rough


def test_replace_changes_the_words_with_their_times() -> None:
    """The new line is where the old one was; the others keep their times."""
    score, _ = song()
    first, second = score.lines

    edited = replace_section(
        score,
        Brief(style="", lyrics="Golden leaves are on the ground"),
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
        replace_section(score, Brief(style=""), start_s=start_s, end_s=end_s)


def test_extend_continues_what_was() -> None:
    """A continuation has key, tempo, style and voice of its song, and new words."""
    score, _ = song()

    more = extend(score, Brief(style="", lyrics=MORE), at_s=6.2)

    assert (score.key, score.tempo, score.style) == (more.key, more.tempo, more.style)
    assert score.voice == more.voice
    assert "Now the clouds have gone to sleep" in more.lyrics


def test_extend_keeps_the_beat() -> None:
    """Bars of the continuation fall on the bars of the song it continues."""
    score, _ = song()
    bar_s = 240 / score.tempo

    more = extend(score, Brief(style="", lyrics=MORE), at_s=5.0)

    bars = (5.0 + more.sections[1].start_s - score.sections[1].start_s) / bar_s
    assert round(bars) == pytest.approx(bars, abs=0.02)


def test_concat_keeps_the_first_part() -> None:
    """Up to the second that was named, the joined song is the song it was."""
    score, before = song()

    whole = concat(extend(score, Brief(style="", lyrics=MORE, duration_s=6), at_s=6.2))
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
    once = extend(score, Brief(style="", lyrics=MORE, duration_s=5), at_s=6)
    twice = extend(once, Brief(style="", instrumental=True, duration_s=4), at_s=4)

    whole = concat(twice)

    assert 6 + 4 + 4 == whole.duration_s
    assert whole == concat(whole)


def test_cover_keeps_melody_and_words() -> None:
    """A cover has the melody and form of the song, in another style."""
    score, _ = song()

    covered = cover(score, Brief(style="reggae"))

    assert "reggae" == covered.style
    assert score.key == covered.key
    assert score.lyrics == covered.lyrics
    assert [pitch for _, pitch in melody(score)] == [p for _, p in melody(covered)]
    patches = [{track.patch for track in one.tracks} for one in (score, covered)]
    assert patches[0] != patches[1]


def test_cover_sings_new_words_to_the_old_melody() -> None:
    """New lyrics take the lines' places, one tone for a syllable."""
    score, _ = song()

    covered = cover(
        score,
        Brief(style="jazz", lyrics="[Verse]\nOne\n[Chorus]\nA very much longer line"),
    )

    sung = next(track for track in covered.tracks if track.role == "voice")
    assert ["One", "A very much longer line"] == [x.text for x in covered.lines]
    assert 1 + 7 == len(sung.notes)


def test_swap_vocals_changes_the_voice_alone() -> None:
    """Where nobody sings the song stays as it was; where somebody does it changes."""
    score = compose(
        Brief(style="pop, female", lyrics=f"[Intro]\n{LYRICS}", seed=4, duration_s=13)
    )
    before = samples_of(score)

    swapped = swap_vocals(score, "male, warm")
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
    """Every note and the voice stay; the instruments are those asked for."""
    score, before = song()

    swapped = swap_sound(score, "organ and strings")
    after = samples_of(swapped)

    assert {"organ", "strings"} <= {track.patch for track in swapped.tracks}
    assert melody(score) == melody(swapped)
    assert melody(score, "bass") == melody(swapped, "bass")
    assert likeness(before, after) < 0.98


def test_a_persona_sings_another_song() -> None:
    """A voice that was heard in one song can sing the next."""
    score, _ = song()
    assert score.voice is not None

    other = compose(Brief(style="rock", lyrics=LYRICS, singer=score.voice, seed=99))

    assert score.voice == other.voice
