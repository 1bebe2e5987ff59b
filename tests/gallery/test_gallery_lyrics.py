"""Lyrics that follow the playback: lines with the times of their words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiomusic.gallery._album import Line
from aiomusic.gallery._lyrics import is_lrc, plain_lines, read_lrc, read_words

TEXT = "[Verse]\nPaper boats, go by\n\n[Chorus]\nLet it rain"
WORDS = [
    [0.5, 0.9, "Paper"],
    [1.0, 1.2, "boats"],
    [1.5, 1.9, "go"],
    [2.0, 2.2, "by"],
    [6.0, 6.5, "Let"],
    [6.5, 6.9, "it"],
    [7.0, 7.9, "rain"],
]

LRC = st.lists(
    st.sampled_from(["[00:01.5]", "[99:99]", "<00:02>", "[offset:-9]", "\n", " ", "la"])
).map("".join)
JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text() | LRC,
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=20,
)


def starts(lines: tuple[Line, ...]) -> list[tuple[float | None, str]]:
    return [(line.start_s, line.text) for line in lines]


def test_words_stand_in_the_lines_of_the_text() -> None:
    """Lines keep their headings and punctuation, and begin with their first word."""
    lines = read_words(WORDS, TEXT)

    assert [
        (None, "[Verse]"),
        (0.5, "Paper boats, go by"),
        (None, ""),
        (None, "[Chorus]"),
        (6.0, "Let it rain"),
    ] == starts(lines)
    assert ((0.5, "Paper"), (1.0, "boats,"), (1.5, "go"), (2.0, "by")) == lines[1].words


def test_a_word_that_was_misheard_takes_the_time_of_the_one_before() -> None:
    """One wrong word loses no line."""
    misheard = [*WORDS[:1], [1.0, 1.2, "votes"], *WORDS[2:]]

    lines = read_words(misheard, TEXT)

    assert ((0.5, "Paper"), (0.5, "boats,"), (1.5, "go"), (2.0, "by")) == lines[1].words


@pytest.mark.parametrize("text", ["", "quite other words stand here", None])
def test_words_of_no_text_are_cut_where_they_pause(text: object) -> None:
    """Without the lines, a pause ends one."""
    lines = read_words(WORDS, text)

    assert [(0.5, "Paper boats go by"), (6.0, "Let it rain")] == starts(lines)


def test_lines_without_a_pause_are_cut_when_they_are_long() -> None:
    """Nobody reads forty words at once."""
    words = [[at / 10, at / 10, f"w{at}"] for at in range(20)]

    assert [8, 8, 4] == [len(line.words) for line in read_words(words, "")]


def test_lrc_is_read_in_the_order_of_singing() -> None:
    """Times repeat a line, words may have their own, and an offset moves all."""
    text = (
        "[ti:Boats]\n[offset:+500]\n[00:10.00][00:02.5]Refrain\n"
        "[00:05.00]<00:05.00>Paper <00:05.75>boats\nno time\n"
    )

    lines = read_lrc(text)

    assert [(2.0, "Refrain"), (4.5, "Paper boats"), (9.5, "Refrain")] == starts(lines)
    assert ((4.5, "Paper"), (5.25, "boats")) == lines[1].words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[00:01]a\n[00:02]b\n", True),
        ("[Verse]\n[00:02]b\nc", False),
        ("a\nb", False),
        ("", False),
    ],
)
def test_lrc_is_told_from_plain_lyrics(text: str, expected: bool) -> None:
    """At least half of its lines begin with a time."""
    assert expected is is_lrc(text)


@given(words=JUNK, text=JUNK)
def test_anything_else_is_no_lyrics(words: object, text: object) -> None:
    """What a manifest holds by mistake raises nothing, and makes no odd times."""
    lines = (*read_words(words, text), *read_lrc(text), *plain_lines(text))

    assert all(line.start_s is None or 0 <= line.start_s < 1e5 for line in lines)
