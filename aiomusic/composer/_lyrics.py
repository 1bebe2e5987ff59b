"""
Lyrics that rhyme and scan, written from a description.

Every line has seven syllables, alternately stressed and unstressed, and begins and
ends stressed. Rhyming lines come from one group; lines about the subject contain
nouns of the description.
"""

import re
from typing import Final

import attrs

from aiomusic.composer._random import SeededRandom
from aiomusic.composer._text import split_syllables

_BRIGHT_RHYMES: Final = (
    (
        "We are turning on the light",
        "Every window burning bright",
        "Paper birds are taking flight",
        "Half the city dreams tonight",
        "Hold the moment, hold it tight",
        "Nothing wrong and all is right",
    ),
    (
        "Throw the map and find a way",
        "Let the morning have its say",
        "Every heart has come to play",
        "Gold is running through the gray",
        "Tell the summer it can stay",
        "Dancing till the break of day",
    ),
    (
        "Salt and sugar on the breeze",
        "Sunlight falling through the trees",
        "Open doors without the keys",
        "Sailing over quiet seas",
        "Laughing down upon our knees",
        "Honey from a thousand bees",
    ),
    (
        "Everything is in the song",
        "We were waiting all along",
        "Here is where the days belong",
        "Sing it slow and sing it strong",
        "Let the evening come along",
        "Take the road however long",
    ),
    (
        "We can build it from the ground",
        "Every lost and every found",
        "Let the wheel go round and round",
        "Fill the street with such a sound",
        "Look at all the love around",
        "Higher than the birds are bound",
    ),
)
_DARK_RHYMES: Final = (
    (
        "Rain is writing on the door",
        "No one lives here any more",
        "Shadows cross the kitchen floor",
        "Waves are folding on the shore",
        "You were never gone before",
        "Every ending wanted more",
    ),
    (
        "Coffee cooling on the stone",
        "Talking to a telephone",
        "Every room has overgrown",
        "Winter walks the street alone",
        "Cold is resting in the bone",
        "Sing it in a minor tone",
    ),
    (
        "Dust is dancing in the air",
        "Someone else is sitting there",
        "Half a song and half a prayer",
        "Silver running through your hair",
        "Footsteps fading on the stair",
        "All the world is unaware",
    ),
    (
        "Streetlights humming in the cold",
        "All the stories have been told",
        "Nothing left for me to hold",
        "Letters that I never sold",
        "Leaves are turning into gold",
        "Even stars are growing old",
    ),
    (
        "Every clock is running slow",
        "Tell me how to let you go",
        "Footprints filling up with snow",
        "Something that I used to know",
        "Candles burning down so low",
        "Where the quiet rivers flow",
    ),
)
# Lines about the subject, by the number of its syllables.
_SUBJECT_LINES: Final[dict[int, tuple[str, ...]]] = {
    1: (
        "Let the {} be calling me",
        "Show me how to find the {}",
        "Let the {} remember you",
        "I have {} inside my head",
        "Give me all the {} to keep",
        "Underneath the {} we wait",
    ),
    2: (
        "Let the {} call my name",
        "I have {} in my head",
        "All the {} in your face",
        "Give me {}, give me time",
        "Underneath the {} now",
        "Leave the {} where it lies",
    ),
    3: (
        "{}, I run to you",
        "All the {} we knew",
        "Give me {} and time",
        "I feel {} in me",
        "All the {} we made",
        "Tell the {} to wait",
    ),
}
_HOOKS: Final[dict[int, tuple[str, ...]]] = {
    1: (
        "Take me to the {} again",
        "Nothing but the {} for me",
        "Oh my {}, you're never far",
    ),
    2: ("Take me to the {} now", "Oh my {}, carry me", "Only {} in my mind"),
    3: ("Take me to the {}", "Only {} is mine", "Oh my {}, be mine"),
}
_HOOK_ANSWERS: Final = (
    "Carry me and let me in",
    "Let the evening now begin",
    "Feel it underneath the skin",
    "Never mind where we have been",
    "This is where the songs begin",
    "Only thunder, only tin",
)
_TITLES: Final = ("My {}", "{} Again", "All the {}", "{} and I", "Oh {}", "Only {}")
_SAD: Final = (
    r"sad|dark|lonely|alone|lost|rain|winter|cold|goodbye|broken|cry|night|miss|tears|"
    r"melanchol\w*|sorrow|grief|heartbreak|blue|autumn|empty|over|left"
)
_STOP_WORDS: Final = frozenset(
    [
        "about",
        "song",
        "songs",
        "music",
        "lyrics",
        "write",
        "make",
        "create",
        "with",
        "that",
        "this",
        "from",
        "into",
        "some",
        "very",
        "really",
        "upbeat",
        "happy",
        "sad",
        "slow",
        "fast",
        "pop",
        "rock",
        "folk",
        "jazz",
        "house",
        "techno",
        "ambient",
        "style",
        "voice",
        "vocals",
        "male",
        "female",
        "singer",
        "piano",
        "guitar",
        "drums",
        "bass",
        "beat",
        "tempo",
        "mood",
        "dark",
        "bright",
        "chill",
        "energetic",
        "catchy",
        "melody",
        "verse",
        "chorus",
        "please",
        "want",
        "need",
        "like",
        "where",
        "when",
        "which",
        "while",
        "there",
        "their",
        "them",
        "they",
        "then",
        "than",
        "what",
        "your",
        "have",
        "been",
        "energy",
        "feel",
        "vibe",
        "track",
        "tune",
        "instrumental",
        "acoustic",
        "electronic",
        "minor",
        "major",
        "hop",
        "hip",
        "lofi",
        "lo-fi",
        "reggae",
        "cinematic",
        "chiptune",
        "synthwave",
        "bossa",
        "nova",
        "soul",
        "bpm",
        "key",
        "trailer",
        "score",
        "film",
        "game",
        "bar",
        "retro",
        "club",
        "deep",
        "acid",
        "punk",
        "metal",
        "disco",
        "funk",
        "dance",
        "dorian",
        "hard",
        "old",
        "new",
        "80s",
        "radio",
        "study",
        "beats",
        "warm",
        "soft",
        "gentle",
        "calm",
        "epic",
        "modern",
        "classic",
        "sung",
        "singing",
        "quiet",
        "loud",
    ]
)
_DEFAULT_SUBJECTS: Final = (
    "river",
    "summer",
    "morning",
    "city",
    "ocean",
    "garden",
    "mountain",
)


@attrs.frozen(kw_only=True)
class WrittenLyrics:
    """A title and lyrics with section tags."""

    title: str
    lyrics: str


def write_lyrics(
    description: str, *, seed: int = 0, versions: int = 2
) -> tuple[WrittenLyrics, ...]:
    """
    Write lyrics about *description*; equal arguments give equal lyrics.

    Args:
        description: Free text; its nouns become the subject.
        seed: Selects among the possible lyrics.
        versions: How many to write; no two are equal.
    """
    return tuple(
        _write_version(description, seed, version, is_short=False)
        for version in range(versions)
    )


def short_lyrics(description: str, *, seed: int) -> WrittenLyrics:
    """Write a verse and a chorus of two lines each, for a song of 20 seconds."""
    return _write_version(description, seed, 0, is_short=True)


def _write_version(
    description: str, seed: int, version: int, *, is_short: bool
) -> WrittenLyrics:
    rng = SeededRandom("lyrics", seed, description)
    rhyme_families = rng.shuffled(
        _DARK_RHYMES if re.search(_SAD, description.lower()) else _BRIGHT_RHYMES
    )
    subjects = _subjects(description, rng)
    # Versions use different rhymes.
    rhyme_families = rhyme_families[version % 2 :] + rhyme_families[: version % 2]
    writer = _LyricsWriter(
        rng=SeededRandom("pen", seed, version, description),
        subjects=subjects[version % len(subjects) :]
        + subjects[: version % len(subjects)],
    )
    chorus = writer.chorus()
    if is_short:
        lines = [*writer.couplet(rhyme_families[0]), *writer.couplet(rhyme_families[1])]
        text = ["[Verse]", *lines[:2], "[Chorus]", *chorus[:2]]
        return WrittenLyrics(title=writer.title(), lyrics="\n".join(text))
    blocks = [
        ["[Verse]", *writer.verse(rhyme_families[0])],
        ["[Chorus]", *chorus],
        ["[Verse]", *writer.verse(rhyme_families[2])],
        ["[Chorus]", *chorus],
        ["[Bridge]", *writer.couplet(rhyme_families[3])],
        ["[Chorus]", *chorus],
    ]
    return WrittenLyrics(
        title=writer.title(), lyrics="\n\n".join("\n".join(block) for block in blocks)
    )


@attrs.frozen(kw_only=True)
class _LyricsWriter:
    """Writes the parts of one version."""

    rng: SeededRandom
    subjects: list[str]

    def title(self) -> str:
        """Return a title that names the subject."""
        subject = self.subjects[0].title()
        other = self.subjects[-1].title()
        if other != subject:
            return f"{subject} and {other}"
        return self.rng.choice(_TITLES).format(subject)

    def verse(self, rhymes: tuple[str, ...]) -> list[str]:
        """Return four lines; the second and the fourth rhyme."""
        first, second = self.rng.shuffled(rhymes)[:2]
        subjects = self.subjects
        opening = self._subject_line(_SUBJECT_LINES, subjects[0])
        turning = self._subject_line(_SUBJECT_LINES, subjects[-1])
        if turning == opening:
            turning = self.rng.shuffled(rhymes)[2]
        return [opening, first, turning, second]

    def couplet(self, rhymes: tuple[str, ...]) -> list[str]:
        """Return two lines that rhyme."""
        return self.rng.shuffled(rhymes)[:2]

    def chorus(self) -> list[str]:
        """Return four lines; the first and the third are the hook."""
        hook = self._subject_line(_HOOKS, self.subjects[0])
        first, second = self.rng.shuffled(_HOOK_ANSWERS)[:2]
        return [hook, first, hook, second]

    def _subject_line(self, lines: dict[int, tuple[str, ...]], subject: str) -> str:
        line = self.rng.choice(lines[_syllable_count(subject)]).format(subject)
        return line[0].upper() + line[1:]


def _syllable_count(word: str) -> int:
    return len(split_syllables(word))


def _subjects(description: str, rng: SeededRandom) -> list[str]:
    """Return the likely nouns of the description, at most two."""
    words = re.findall(r"[a-z]{3,}", description.lower())
    named = [
        word
        for word in dict.fromkeys(words)
        if word not in _STOP_WORDS
        and 1 <= _syllable_count(word) <= 3
        and not word.endswith(("ly", "ing", "ful", "ed"))
        and split_syllables(word)[0].is_stressed
    ]
    text = description.lower()
    position = text.find("about ")
    if position >= 0:
        # The last word after "about" is the noun.
        after = re.split(
            r"[,.;]| (?:on|in|at|by|with|of|from|for) ", text[position + 6 :]
        )[0]
        nouns = [word for word in re.findall(r"[a-z]{3,}", after) if word in named]
        named = [*nouns[-1:], *(word for word in named if word not in nouns[-1:])]
    return named[:2] or [rng.choice(_DEFAULT_SUBJECTS)]
