"""What an edited song tells of itself, compared with the notes that are sung."""

import functools
from collections.abc import Callable

import pytest

from aiomusic.composer import (
    Score,
    SongSpec,
    compose,
    concat,
    cover,
    extend,
    replace_section,
    swap_sound,
    swap_vocals,
)
from aiomusic.composer._sung_words import notes_by_line
from aiomusic.composer._text import split_syllables

LYRICS = """[Verse]
Silver rain upon the bay
Harbour lights are far away
[Chorus]
Wash the dusty year away
Carry me another day"""
MORE = "[Verse]\nNow the clouds have gone to sleep\n[Chorus]\nStill the water runs deep"
LONG = "\n".join(f"{LYRICS}\n{MORE}" for _ in range(3))


@functools.cache
def sung_song() -> Score:
    return compose(SongSpec(style="pop, female", lyrics=LYRICS, seed=4, duration_s=24))


@functools.cache
def played_song() -> Score:
    return compose(SongSpec(style="house", instrumental=True, seed=5, duration_s=24))


def spec(lyrics: str | None = MORE, style: str = "", **more: object) -> SongSpec:
    return SongSpec(style=style, lyrics=lyrics, **more)  # type: ignore[arg-type]


def sung(score: Score) -> str:
    """Return the syllables that the singer's notes have, in order."""
    notes = (n for t in score.tracks if t.role == "voice" for n in t.notes)
    ordered = sorted(notes, key=lambda note: note.start_s)
    return "".join(note.syllable.removesuffix("-") for note in ordered)


def reported(score: Score) -> str:
    """Return the syllables of the lyrics that the song reports."""
    lines = (text for text in score.lyrics.splitlines() if not text.startswith("["))
    return "".join(s.text for line in lines for s in split_syllables(line))


def line(score: Score, number: int) -> float:
    return score.lines[number].start_s


EDITS: dict[str, Callable[[Score], Score]] = {
    "extend": lambda s: extend(s, spec(), at_s=12.0),
    "extend with much to sing": lambda s: extend(
        s, spec(LONG, duration_s=15.0), at_s=12.0
    ),
    "extend at the end": lambda s: extend(s, spec(), at_s=s.duration_s),
    "concat": lambda s: concat(extend(s, spec(), at_s=11.0)),
    "concat at a line": lambda s: concat(extend(s, spec(), at_s=14.3)),
    "concat twice": lambda s: concat(
        extend(concat(extend(s, spec(), at_s=9.4)), spec(LYRICS), at_s=15.0)
    ),
    "replace": lambda s: replace_section(s, spec(), start_s=7.0, end_s=15.2),
    "replace by nothing": lambda s: replace_section(
        s, spec(None), start_s=7.7, end_s=12.4
    ),
    "replace by too much": lambda s: replace_section(
        s, spec(LONG), start_s=4.1, end_s=11.3
    ),
    "replace the end": lambda s: replace_section(s, spec(), start_s=13.1),
    "replace in a joined song": lambda s: replace_section(
        concat(extend(s, spec(), at_s=11.0)), spec(LYRICS), start_s=9.0, end_s=17.0
    ),
    "swap vocals": lambda s: swap_vocals(s, SongSpec(style="male")),
    "swap vocals, new words": lambda s: swap_vocals(
        s, SongSpec(style="male", lyrics=MORE)
    ),
    "swap vocals, many words": lambda s: swap_vocals(
        s, SongSpec(style="male", lyrics=LONG)
    ),
    "swap vocals, one word": lambda s: swap_vocals(
        s, SongSpec(style="male", lyrics="Hello")
    ),
    "swap vocals, prose": lambda s: swap_vocals(
        s, SongSpec(style="male", lyrics="Something else\nA second line\nAnd a third")
    ),
    "swap sound": lambda s: swap_sound(s, SongSpec(style="organ and strings")),
    "swap sound, new words": lambda s: swap_sound(
        s, SongSpec(style="organ and strings", lyrics=MORE)
    ),
    "swap in a joined song": lambda s: swap_vocals(
        concat(extend(s, spec(), at_s=11.0)), SongSpec(style="male", lyrics=LYRICS)
    ),
    "cover": lambda s: cover(s, spec(None, "reggae")),
    "cover, new words": lambda s: cover(s, spec(MORE, "reggae")),
    "cover, many words": lambda s: cover(s, spec(LONG, "reggae")),
    "cover of a swap": lambda s: cover(
        swap_vocals(s, SongSpec(style="male", lyrics=MORE)), spec(None, "jazz")
    ),
}


@pytest.mark.parametrize("song", [sung_song, played_song], ids=["sung", "played"])
@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_the_words_that_are_reported_are_sung(
    edit: Callable[[Score], Score], song: Callable[[], Score]
) -> None:
    """After any edit the lyrics have the syllables of the notes, in that order."""
    score = edit(song())

    assert reported(score) == sung(score)
    for number, notes in enumerate(notes_by_line(score)):
        told = score.lines[number]
        assert notes[0].start_s == pytest.approx(told.start_s, abs=0.15)
        assert notes[-1].start_s < told.end_s + 0.15


@pytest.mark.parametrize("song", [sung_song, played_song], ids=["sung", "played"])
@pytest.mark.parametrize(
    "name",
    [name for name in EDITS if "nothing" not in name and name != "cover"],
)
def test_the_words_that_were_asked_for_are_among_them(
    name: str, song: Callable[[], Score]
) -> None:
    """New words are sung, an instrumental song gets a voice for them."""
    score = EDITS[name](song())

    if name == "swap sound" and not song().lines:
        assert not score.lines
    else:
        assert len(score.lines) >= 1
        assert score.voice is not None


def test_a_replaced_section_keeps_the_rest_of_the_words() -> None:
    """The lyrics of the whole song are told, with the new words in their place."""
    score = sung_song()

    edited = replace_section(
        score,
        spec("Golden leaves are on the ground"),
        start_s=line(score, 1) - 0.3,
        end_s=line(score, 2) - 0.3,
    )

    texts = [one.text for one in edited.lines]
    assert texts[0] == "Silver rain upon the bay"
    assert texts[1] == "Golden leaves are on the ground"
    assert texts[2:] == [one.text for one in score.lines[2:]]


def test_a_voice_is_added_to_an_instrumental() -> None:
    """The lead pauses while the voice sings; all others play what they played."""
    before = played_song()

    score = swap_vocals(before, SongSpec(style="male", lyrics=MORE))

    kept, now = (
        {t.patch: t.notes for t in one.tracks if t.role not in ("lead", "voice")}
        for one in (before, score)
    )
    assert kept == {patch: now[patch] for patch in kept}
    assert [one.text for one in score.lines][:1] == [
        "Now the clouds have gone to sleep"
    ]
    lead = [n.start_s for t in score.tracks if t.role == "lead" for n in t.notes]
    for one in score.lines:
        assert not [at for at in lead if one.start_s <= at <= one.end_s]


@pytest.mark.parametrize("style", ["pop, female", "waltz", "drum and bass"])
@pytest.mark.parametrize("at_s", [24.0, 23.1, 22.4])
def test_a_song_goes_on_in_phase_from_its_end(style: str, at_s: float) -> None:
    """The last chord does not ring out: the next bar follows the last one."""
    score = compose(SongSpec(style=style, lyrics=LYRICS, seed=4, duration_s=24))
    bar_s = score.sheet.bar_s

    more = extend(score, spec(), at_s=at_s)
    whole = concat(more)

    assert more.origin is not None
    end_s = more.origin.at_s + more.downbeat_s
    assert round(end_s / bar_s) == pytest.approx(end_s / bar_s, abs=0.02)
    assert end_s == pytest.approx(score.sheet.bars * bar_s, abs=bar_s + 0.1)
    for section in whole.sections[1:]:
        bars = section.start_s / bar_s
        assert round(bars) == pytest.approx(bars, abs=0.02)
    # No note of the final chord is heard after the join.
    rung = [
        note
        for track in more.tracks
        for note in track.notes
        if track.role == "drums" and note.pitch == 49 and note.start_s < -0.01
    ]
    assert not rung


def test_words_of_an_edit_are_followed() -> None:
    """A continuation and a new section follow the tags: style, players and singer."""
    score = sung_song()

    other = extend(score, spec(MORE, "techno"), at_s=12.0)
    bare = extend(score, spec(MORE, "no drums"), at_s=12.0)
    man = extend(score, spec(MORE, "male vocals"), at_s=12.0)
    part = replace_section(
        score, spec(MORE, "chiptune"), start_s=line(score, 1), end_s=line(score, 3)
    )

    assert ("techno", score.key, score.tempo) == (other.style, other.key, other.tempo)
    drums = [n for t in bare.tracks if t.role == "drums" for n in t.notes]
    assert not [note for note in drums if note.start_s > bare.downbeat_s]
    assert man.voice is not None
    assert "male" == man.voice.gender
    assert "square" in {track.patch for track in part.tracks}
    assert "square" not in {track.patch for track in score.tracks}
