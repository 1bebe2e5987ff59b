"""The lyricist: words that rhyme and scan."""

import pytest

from aiomusic.composer import write_lyrics
from aiomusic.composer._text import parse_stanzas, split_syllables

DESCRIPTIONS = [
    "a sad song about the rain",
    "summer in the city",
    "holiday",
    "love",
    "",
]


@pytest.mark.parametrize("description", DESCRIPTIONS)
@pytest.mark.parametrize("seed", range(4))
def test_lines_scan(description: str, seed: int) -> None:
    """Every line has seven syllables."""
    for words in write_lyrics(description, seed=seed):
        for stanza in parse_stanzas(words.lyrics):
            for line in stanza.lines:
                assert 7 == len(split_syllables(line)), line


@pytest.mark.parametrize("seed", range(4))
def test_couplets_rhyme(seed: int) -> None:
    """The second and fourth line of a verse end in letters that rhyme."""
    (words,) = write_lyrics("the sea at night", seed=seed, versions=1)

    verses = [s.lines for s in parse_stanzas(words.lyrics) if s.kind == "verse"]

    for lines in verses:
        assert rhyme(lines[1]) == rhyme(lines[3])


def rhyme(line: str) -> str:
    word = line.rsplit(maxsplit=1)[-1]
    spellings = {
        "ight": "ite", "ite": "ite", "ay": "ay", "ey": "ay", "eeze": "eez",
        "ees": "eez", "eys": "eez", "eas": "eez", "ong": "ong", "ound": "ound",
        "oor": "or", "ore": "or", "one": "one", "own": "one", "air": "air",
        "ere": "air", "ayer": "air", "are": "air", "old": "old", "ow": "o", "o": "o",
    }  # fmt: skip
    endings = sorted(spellings, key=len, reverse=True)
    return next(spellings[end] for end in endings if word.endswith(end))


def test_versions_differ_and_repeat() -> None:
    """Two versions are two texts, and the same two for the same seed."""
    first = write_lyrics("a lighthouse keeper", seed=8)

    assert 2 == len(first)
    assert first[0].lyrics != first[1].lyrics
    assert first[0].title != first[1].title
    assert first == write_lyrics("a lighthouse keeper", seed=8)
    assert first != write_lyrics("a lighthouse keeper", seed=9)


def test_subject_is_sung() -> None:
    """The word the song is about is in the chorus."""
    words = write_lyrics("a happy song about my garden", seed=1)[0]

    chorus = next(s for s in parse_stanzas(words.lyrics) if s.kind == "chorus")

    assert any("garden" in line.lower() for line in chorus.lines)
