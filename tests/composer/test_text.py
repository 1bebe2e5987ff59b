"""Syllables, stress and section tags."""

import re

import pytest

from aiomusic.composer._phonemes import phonemes_of
from aiomusic.composer._text import parse_stanzas, section_kind, split_syllables


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("river", 2), ("every", 2), ("evening", 2), ("fire", 1), ("home", 1),
        ("little", 2), ("candles", 2), ("wanted", 2), ("walked", 1), ("houses", 2),
        ("beautiful", 3), ("you're", 1), ("memory", 3), ("yesterday", 3), ("quiet", 2),
        ("the", 1), ("strengths", 1), ("42", 2), ("rhythm", 1),
        ("привет", 2), ("мир", 1), ("река", 2), ("καλημέρα", 4), ("ουρανός", 3),
        ("και", 1), ("さくら", 3), ("きょう", 2), ("がっこう", 3), ("トーキョー", 2),
        ("사랑해", 3), ("حبيبي", 3), ("قلب", 1), ("سلام", 2), ("مدينة", 3),
        ("يوم", 1), ("שלום", 2), ("दिल", 1), ("प्यार", 1), ("नमस्ते", 3),
        ("cafe\u0301", 2),
    ],
)  # fmt: skip
def test_syllables_are_counted(word: str, count: int) -> None:
    """Words of any script come apart into the syllables they are sung with."""
    assert count == len(split_syllables(word))


def test_syllables_keep_every_letter() -> None:
    """Nothing is lost when a word is cut."""
    for word in [
        "somewhere",
        "butterfly",
        "yellow",
        "question",
        "thunder",
        "everything",
        "トーキョー",
        "사랑해",
        "حبيبي",
        "नमस्ते",
    ]:
        assert word == "".join(syllable.text for syllable in split_syllables(word))


def test_a_verse_that_repeats_is_a_chorus() -> None:
    """Untagged stanzas are verses, and choruses when they come back."""
    text = "one\ntwo\n\nla la\nla\n\nthree\nfour\n\nla la\nla"

    kinds = [stanza.kind for stanza in parse_stanzas(text)]

    assert ["verse", "chorus", "verse", "chorus"] == kinds


@pytest.mark.parametrize(
    "text",
    [
        "I walk along the river, I sing a song tonight, and nothing matters, " * 2,
        "word " * 600,
        "月亮代表我的心、你问我爱你有多深、轻轻的一个吻、已经打动我的心",
    ],
)
def test_a_line_is_broken_that_nobody_can_sing_in_a_breath(text: str) -> None:
    """No words are lost, and no part is too long to sing."""
    (stanza,) = parse_stanzas(text)

    assert "".join(text.split()) == "".join("".join(stanza.lines).split())
    assert max(len(split_syllables(line)) for line in stanza.lines) <= 12
    assert not re.search(r"[,、]", "".join(line[:-1] for line in stanza.lines))


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        ("Verse 2", "verse"), ("PRE-CHORUS", "prechorus"), ("hook", "chorus"),
        ("Interlude", "inst"), ("Ending", "outro"), ("whispered", None),
    ],
)  # fmt: skip
def test_tags_are_known_by_many_names(tag: str, kind: str | None) -> None:
    """A tag names its section in any of the usual ways."""
    assert kind == section_kind(tag)


@pytest.mark.parametrize(
    ("syllable", "onset", "vowel", "coda"),
    [
        ("sea", ("s",), ("i",), ()),
        ("night", ("n",), ("a", "I"), ("t",)),
        ("home", ("h",), ("o", "U"), ("m",)),
        ("moon", ("m",), ("u",), ("n",)),
        ("star", ("s", "t"), ("A",), ("r",)),
        ("shine", ("sh",), ("a", "I"), ("n",)),
    ],
)
def test_syllables_have_sounds(
    syllable: str, onset: tuple[str, ...], vowel: tuple[str, ...], coda: tuple[str, ...]
) -> None:
    """A syllable is sung with the vowel it is spoken with."""
    sounds = phonemes_of(syllable)

    assert (onset, vowel, coda) == (sounds.onset, sounds.vowel, sounds.coda)
