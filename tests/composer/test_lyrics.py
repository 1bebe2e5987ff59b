"""The lyricist: words that rhyme and scan."""

import pytest

from aiomusic.composer import write_lyrics
from aiomusic.composer._language import language_of
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


NAMED = [
    ("a birthday song for Emma", "Emma"),
    ("pop song for emma", "Emma"),
    ("a song about my dog Rex", "Rex"),
    ("upbeat kpop about summer rain", "summer rain"),
    ("a song about Mount Kilimanjaro", "Mount Kilimanjaro"),
    ("Emma's birthday song", "Emma"),
    ('rock song called "Blue Horizon"', "Blue Horizon"),
    ("una canción alegre para Lucía", "Lucía"),
    ("canción sobre mi perro Toby", "Toby"),
    ("chanson d'amour pour Zoë", "Zoë"),
    ("ein Lied über meine Katze Minka", "Minka"),
    ("Geburtstagslied für Jürgen", "Jürgen"),
    ("uma música sobre São Paulo", "São Paulo"),
    ("canzone per Giulia", "Giulia"),
    ("a song about Ångström", "Ångström"),
    ("a song about さくら", "さくら"),
    ("a jazz song about space travel", "space travel"),
]


@pytest.mark.parametrize(("description", "name"), NAMED)
def test_who_was_asked_for_is_in_title_and_chorus(description: str, name: str) -> None:
    """Names and things are sung of as they were written, accents included."""
    for seed in range(3):
        words = write_lyrics(description, seed=seed)[0]
        chorus = next(s for s in parse_stanzas(words.lyrics) if s.kind == "chorus")

        assert any(name.lower() in line.lower() for line in chorus.lines)
        assert name.lower() in words.title.lower()


@pytest.mark.parametrize(
    "description",
    ["reggaeton", "Bossa nova", "drum and bass 174", "gospel choir", "r&b pop song"],
)
def test_a_genre_is_no_subject(description: str) -> None:
    """Nobody sings of a genre that the song shall have."""
    words = write_lyrics(description, seed=1)[0]
    text = f"{words.title} {words.lyrics}".lower()

    for word in ("reggaeton", "bossa", "nova", "drum and", "gospel", "choir", "r&b"):
        assert word not in text


LANGUAGES = {
    "en": "a song about Rex",
    "es": "una canción sobre Rex",
    "fr": "une chanson pour Rex",
    "de": "ein Lied über Rex",
    "pt": "uma canção para você sobre Rex",
    "it": "una canzone per Rex",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_lyrics_are_many_and_in_the_language_of_the_prompt(language: str) -> None:
    """Seeds write at least 400 patterns of lines, in the language that was asked in."""
    patterns = set()
    for seed in range(120):
        for words in write_lyrics(LANGUAGES[language], seed=seed):
            lines = [li for s in parse_stanzas(words.lyrics) for li in s.lines]
            patterns |= {line.replace("Rex", "{}") for line in lines}
            if seed < 20:
                assert language == language_of(" ".join(lines).replace("Rex", ""))

    assert len(patterns) >= 400
