"""Times of lyrics are read from every shape that a service gives them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiomusic._timed_lyrics import TimedLine, lrc_text, timed_lines
from aiomusic.results import Clip, ClipState

LINES = (TimedLine(1.0, "one two"), TimedLine(3.5, "three"))


def clip(**raw: object) -> Clip:
    return Clip(
        clip_id="c", provider="riffusion", state=ClipState.SUCCEEDED, raw=dict(raw)
    )


SECTIONS = {
    "sections": [
        {"name": "intro", "start": 0.0, "lines": []},
        {
            "name": "verse",
            "start": 1.0,
            "lines": [
                {"text": "three", "start": 3.5},
                {"text": "one two", "start": 1.0},
            ],
        },
    ]
}
WORDS = [
    {"word": "[Verse]\none ", "start_s": 1.0, "end_s": 1.4, "p_align": 0.99},
    {"word": "two\n", "start_s": 1.5, "end_s": 2.0},
    {"word": "three", "start_s": 3.5, "end_s": 4.0},
]
ALIGNED = [
    {"text": "one two", "start_s": 1.0, "section": "Verse", "words": [{"text": "one"}]},
    {"text": "[Chorus]", "start_s": 2.0},
    {"text": "three", "start_s": 3.5},
]


MILLISECONDS = [
    {"line": "one two", "start_ms": 1000},
    {"line": "three", "startMs": 3500},
]
BARE_WORDS = [
    {"word": "one", "start": 1},
    {"word": "two", "start": 1.5},
    {"word": "three", "start": 3.5},
]


@pytest.mark.parametrize(
    "raw",
    [
        {"timestamp": SECTIONS},
        {"aligned_words": WORDS},
        {"alignment": WORDS},
        {"aligned_lyrics": ALIGNED, "aligned_words": [{"word": "x", "start_s": 0}]},
        {"timestamp": {"data": {"alignedWords": WORDS}}},
        {"timestamps": MILLISECONDS},
        {"timestamp": {"words": BARE_WORDS}},
    ],
)
def test_every_shape_gives_lines_with_times(raw: dict[str, object]) -> None:
    """Lines, sections of lines, words with line breaks, and words without."""
    assert LINES == timed_lines(clip(**raw))


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"timestamp": {}},
        {"timestamp": None},
        {"timestamp": 1},
        {"timestamp": "2026-11-28"},
        {"timestamp": [[1, "one"]]},
        {"timestamp": [{"text": "one"}]},
        {"timestamp": [{"text": "one", "start": "1"}]},
        {"timestamp": [{"text": "one", "start": True}]},
        {"timestamp": [{"text": "one", "start": -1}]},
        {"timestamp": [{"text": "one", "start": math.nan}]},
        {"timestamp": [{"text": "one", "start": 10**400}]},
        {"timestamp": [{"text": 1, "start": 1}]},
        {"timestamp": [{"text": "[Verse]", "start": 1}]},
    ],
)
def test_what_tells_no_time_gives_none(raw: dict[str, object]) -> None:
    """Half-known is not known."""
    assert timed_lines(clip(**raw)) == ()


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["text", "word", "start", "start_ms", "lines", "words", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
)


@given(json_values)
def test_no_reply_breaks_it(value: object) -> None:
    """Whatever comes, each row is one line of LRC in the order of its time."""
    lines = timed_lines(clip(timestamp=value))

    rows = lrc_text(lines).splitlines()
    assert len(rows) == len(lines)
    assert [one.start_s for one in lines] == sorted(one.start_s for one in lines)


def test_depth_is_bounded() -> None:
    """A reply that nests without end is left alone."""
    value: object = [{"text": "one", "start": 1}]
    for _ in range(100_000):
        value = [value]

    assert timed_lines(clip(timestamp=value)) == ()


def test_lrc_has_a_time_before_each_line() -> None:
    """Minutes may be many; hundredths are rounded to, and carry over."""
    lines = [TimedLine(0.0, "a"), TimedLine(59.999, "b"), TimedLine(6000.5, "c")]

    text = lrc_text(lines, "Paper\nBoats")

    assert text == "[ti:Paper Boats]\n[00:00.00]a\n[01:00.00]b\n[100:00.50]c\n"
