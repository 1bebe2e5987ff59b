"""Which style is read from a prompt, and when it is a guess."""

import hashlib
import json
from typing import Final

import attrs
import pytest

from aiomusic.composer import (
    STYLES,
    Score,
    SongSpec,
    compose,
    cover,
    extend,
    swap_sound,
)
from aiomusic.composer._prompt import ParsedPrompt, parse_length_s, parse_prompt
from aiomusic.composer._random import SeededRandom

READ: Final = {
    "pop": """
        k-pop, kpop, k pop, j-pop, jpop, c-pop, mandopop, cantopop, hyperpop, europop,
        britpop, power pop, dream pop, art pop, bedroom pop, city pop, dance pop, anime,
        bubblegum, schlager, chanson, crooner, ballad, power ballads, worship, praise,
        christmas, xmas, jingle, bollywood, musical, broadway, show tunes, opm, enka
    """,
    "folk": """
        country, bluegrass, americana, acoustic, celtic, lullaby, carols, nursery rhyme,
        polka, sea shanty, irish, klezmer, balkan, medieval, honky tonk, western,
        zydeco, cajun, mariachi, ranchera, norteño, singer-songwriter, hawaiian, arabic
    """,
    "r&b": """
        rnb, soul, neo soul, funk, gospel, motown, doo-wop, doo wop, afrobeats,
        afrobeat, afropop, highlife, g-funk, slow jam
    """,
    "hip hop": """
        hip-hop, rap, trap, drill, boom bap, reggaeton, reggaetón, dembow, phonk,
        drift phonk, grime, crunk, cloud rap, trip hop, trip-hop, moombahton
    """,
    "reggae": "ska, rocksteady, dub, dancehall, ragga, calypso, soca, zouk",
    "bossa nova": """
        bossa, samba, latin, tango, salsa, mambo, rumba, bolero, bachata, cha-cha,
        cumbia, merengue, forró, mpb, fado, flamenco, kizomba, milonga
    """,
    "cinematic": """
        orchestral, classical, epic, waltz, opera, baroque, symphony, choir, hymn,
        string quartet, requiem, horror, military march, neoclassical
    """,
    "ambient": """
        drone, new age, meditation, gregorian, gregorian chant, plainsong, a cappella,
        a capella, acappella, barbershop, raga, mantra, dark ambient, yoga, healing
    """,
    "lo-fi": "lofi, lo fi, chillhop, downtempo, down-tempo, chillout, balearic",
    "techno": """
        drum and bass, drum & bass, drum n bass, drum'n'bass, dnb, d&b, jungle, dubstep,
        trance, psytrance, hardstyle, gabber, breakbeat, breakcore, idm, ebm, hardcore
    """,
    "house": """
        disco, nu disco, edm, electro, deep house, amapiano, gqom, afro house, bhangra,
        eurodance, eurobeat, big room, future bass, french touch, jersey club, 2-step
    """,
    "synthwave": "retrowave, vaporwave, darkwave, electronica, electropop, cyberpunk",
    "rock": """
        punk, metal, heavy metal, death metal, grunge, blues, metalcore, djent, emo,
        gothic, shoegaze, post-rock, rockabilly, rock'n'roll, surf, prog, psychedelic
    """,
    "jazz": "swing, bebop, be-bop, ragtime, dixieland, fusion, cabaret, noir, big band",
    "chiptune": "8-bit, 8bit, 16-bit, video game, nintendo, game boy",
}
TABLE: Final = [
    (word, style)
    for style, words in READ.items()
    for word in " ".join(words.split()).split(", ")
]
# Of the songs of these prompts, as they were before rarer genres were known.
DIGESTS: Final = {
    "pop": "636d61ed66a6",
    "r&b pop song": "361bf5efa6d7",
    "Hip Hop/Rap": "eceac64147e9",
    "uplifting trance": "c675016760eb",
    "country ballad": "54348ae98d5c",
    "8-bit game music": "b9a09462a762",
    "orchestral soundtrack": "8ab880094aab",
    "ska": "f24c80d81583",
    "drone": "ac0dbc69fe95",
    "rap": "771b21e3e644",
    "disco": "3de25f507733",
    "happy punk": "6e1623345278",
    "dnb": "0763aec1c5ac",
    "future bass": "3e376d818759",
    "k-pop": "17e6bbac8efe",
    "acoustic guitar": "0927b30251cb",
    "sad lo-fi": "cbed1cdcdad1",
    "deep house": "a7f5c8325889",
    "minimal techno": "d7b535caff07",
    "80s synth pop": "7c5b7f61fb44",
    "bossa": "b448b42822f3",
    "reggae dub": "bc30b6a00c20",
    "blues": "73f3c4b5aa54",
    "metal": "7ac0a66d28fd",
    "christmas jazz": "3be9fdf5d003",
    "gospel soul": "e4a98c001577",
    "swing big band": "08ab781a505d",
    "latin": "46622110c3d7",
    "samba": "a592577ccb2f",
    "dubstep": "40bce8632781",
    "electro": "0c5b54bac8db",
    "chinese": "e242534f6453",
    "gufeng": "326d915f0b6e",
    "trap rap": "b62b13996a87",
    "drill": "714a5d4eea12",
    "game boy": "15543c2c5ffd",
    "film score": "46c697feffbc",
    "sleep": "cf0bc7079436",
    "island": "ddeb8dd6c793",
    "indie rock": "5b76ef812893",
    "metal, angry": "492936bfb878",
    "a song in techno": "805a1bd9c85c",
}


def read(prompt: str, seed: int = 1) -> ParsedPrompt:
    return parse_prompt(prompt, SeededRandom("idea", seed, prompt))


def test_the_table_is_long() -> None:
    """The table holds at least 140 words, each once."""
    assert len(TABLE) >= 140
    assert len(TABLE) == len(dict(TABLE))


@pytest.mark.parametrize(("word", "style"), TABLE)
def test_genre_is_read_as_listed(word: str, style: str) -> None:
    """A genre leads to its style for every seed, and is never a guess."""
    prompts = [
        read(text.format(word), seed)
        for text in ("{}", "A {} song, please", "{}, 2024")
        for seed in range(3)
    ]

    assert {style} == {prompt.style.name for prompt in prompts}
    assert None not in {prompt.style_word for prompt in prompts}


@pytest.mark.parametrize("prompt", ["a song about rain", "tangoed", "trumpets", ""])
def test_a_prompt_without_genre_is_a_guess(prompt: str) -> None:
    """The style of a prompt that names none is reported as a guess."""
    assert read(prompt).style_word is None


@pytest.mark.parametrize(("prompt", "digest"), DIGESTS.items())
def test_known_prompts_keep_their_songs(prompt: str, digest: str) -> None:
    """A song whose genre was known is the same to the last note."""
    score = attrs.asdict(compose(SongSpec(style=prompt, seed=3, duration_s=20)))
    del score["style_word"]

    text = json.dumps(score, sort_keys=True)

    assert digest == hashlib.sha256(text.encode()).hexdigest()[:12]


@pytest.mark.parametrize(
    ("prompt", "low", "high"),
    [("drum & bass", 168, 176), ("tango", 112, 126), ("amapiano", 110, 116)],
    ids=["drum-and-bass", "tango", "amapiano"],
)
def test_genre_has_its_tempo(prompt: str, low: int, high: int) -> None:
    """A genre is played at its own tempo."""
    assert (low, high) == read(prompt).style.tempo


@pytest.mark.parametrize("prompt", ["heavy metal", "death metal", "tango", "phonk"])
def test_dark_genres_are_minor(prompt: str) -> None:
    """Heavy metal and its like are in minor, whatever the seed."""
    keys = [compose(SongSpec(style=prompt, seed=seed)).key for seed in range(6)]

    assert all(key.is_minor for key in keys)


@pytest.mark.parametrize(
    "prompt", ["gregorian chant", "a cappella", "opera", "lullaby"]
)
def test_some_genres_have_no_drums(prompt: str) -> None:
    """Chant, opera and lullabies have no drums, nor has their continuation."""
    score = compose(SongSpec(style=prompt, seed=2, duration_s=20))
    longer = extend(score, SongSpec(style=prompt, duration_s=20), at_s=20)

    roles = {track.role for song in (score, longer) for track in song.tracks}

    assert "drums" not in roles


def test_score_says_what_was_read() -> None:
    """A score tells the word that named its style, through edits as well."""
    score = compose(SongSpec(style="warm Tango at night"))
    guess = compose(SongSpec(style="about a harbour"))

    assert "tango" == score.style_word
    assert not score.is_guess
    assert guess.is_guess
    assert guess.style in STYLES
    assert "tango" == cover(score, SongSpec(style="louder")).style_word
    assert "salsa" == cover(score, SongSpec(style="salsa")).style_word
    assert "salsa" == swap_sound(guess, "salsa").style_word


@pytest.mark.parametrize(
    ("prompt", "style"),
    [
        ("no rock, just jazz", "jazz"),
        ("not too jazzy, a house track", "house"),
        ("without rap or trap, folk please", "folk"),
        ("reggae instead of ska", "reggae"),
        ("techno, no kpop", "techno"),
    ],
)
def test_refused_genres_are_not_read(prompt: str, style: str) -> None:
    """A genre that the prompt refuses is not played."""
    assert style == read(prompt).style.name


@pytest.mark.parametrize(
    ("prompt", "tempo"),
    [
        ("pop, BPM: 90", 90),
        ("bpm 90 pop", 90),
        ("Tempo 90", 90),
        ("tempo: 128, house", 128),
        ("a tempo of 72", 72),
        ("92.5 bpm folk", 92.5),
        ("90-100 bpm", 90),
        ("90 to 100 BPM", 90),
        ("drum and bass 174", 174),
        ("Drum & Bass, 174", 174),
        ("techno @ 140 in F minor", 140),
        ("pop 40 seconds", None),
        ("rock 1999", None),
        ("80s pop", None),
        ("top 40", None),
        ("jazz for 100 people", None),
        ("1500 bpm", None),
    ],
)
def test_tempo_is_read(prompt: str, tempo: float | None) -> None:
    """A tempo is read in the forms that people write; other numbers are none."""
    assert tempo == read(prompt).tempo


@pytest.mark.parametrize(
    ("prompt", "key"),
    [
        ("rock in E", "E major"),
        ("rock in F# please", "F# major"),
        ("rock in E flat", "Eb major"),
        ("sad rock in E", "E minor"),
        ("techno, key of G", "G minor"),
        ("folk, key: D", "D major"),
        ("pop in A, 120 bpm", "A major"),
        ("lo-fi, Am", "A minor"),
        ("lo-fi in am", "A minor"),
        ("lo-fi, c#m, slow", "C# minor"),
        ("sad A minor ballad", "A minor"),
        ("pop in a minor, 90 bpm", "A minor"),
        ("house in e major", "E major"),
    ],
)
def test_key_is_read(prompt: str, key: str) -> None:
    """A key is read in the forms that people write."""
    assert key == str(compose(SongSpec(style=prompt, instrumental=True)).key)


@pytest.mark.parametrize(
    "prompt",
    [
        "a major hit",
        "A major hit about a minor setback",
        "pop in a minor key",
        "waking at 7 a m",
        "the 7 am train",
        "this is who I am",
        "I Am Free",
        "a majority of one",
        "dancing In A Bar",
        "10 cm high",
    ],
)
def test_words_are_no_keys(prompt: str) -> None:
    """Articles, verbs and times of the day are not taken for keys."""
    prompted = read(prompt)

    assert prompted.key is None
    assert prompted.tonic is None


@pytest.mark.parametrize(
    ("prompt", "seconds"),
    [
        ("a 3 minute long pop song", 180),
        ("pop, 90 seconds long", 90),
        ("a two-minute jazz track", 120),
        ("30 sec", 30),
        ("pop, duration: 45 s", 45),
        ("1.5 minutes long", 90),
        ("three minutes to midnight", None),
        ("I waited 5 minutes for you", None),
        ("80s pop", None),
        ("90 minutes long", None),
    ],
)
def test_length_is_read(prompt: str, seconds: float | None) -> None:
    """A length in the prompt is obeyed; other times are none."""
    assert seconds == parse_length_s(prompt)


def test_length_in_the_prompt_is_the_length_of_the_song() -> None:
    """A song is as long as its prompt asks, unless the request says a length."""
    asked = compose(SongSpec(style="a 2 minute long folk song"))
    told = compose(SongSpec(style="a 2 minute long folk song", duration_s=20))

    assert 120 == asked.duration_s
    assert 20 == told.duration_s


GUITARS: Final = {"nylon", "steel", "electric", "distorted"}


def patches(score: Score) -> set[str]:
    return {track.patch for track in score.tracks}


@pytest.mark.parametrize("style", STYLES)
def test_players_are_refused(style: str) -> None:
    """Refused players are not heard in any style, take or continuation."""
    spec = SongSpec(style=f"{style} with no drums, without guitar", duration_s=20)
    first, second = compose(spec), compose(attrs.evolve(spec, take=1))
    longer = extend(first, SongSpec(style="", duration_s=20), at_s=20)
    covered = cover(compose(SongSpec(style=style)), SongSpec(style="no drums"))

    assert not GUITARS & (patches(first) | patches(second) | patches(longer))
    for score in (first, second, longer, covered):
        assert "drums" not in {track.role for track in score.tracks}


@pytest.mark.parametrize("style", STYLES)
def test_only_one_plays(style: str) -> None:
    """A prompt that asks for only a piano gets only a piano."""
    score = compose(SongSpec(style=f"{style}, only piano", instrumental=True))

    assert {"piano"} == patches(score)


def test_bass_is_refused_and_drum_and_bass_is_not() -> None:
    """Without bass nobody plays bass; drum and bass is no refusal."""
    refused = compose(SongSpec(style="pop, no bass"))
    genre = read("house, no drum and bass")

    assert "bass" not in {track.role for track in refused.tracks}
    assert genre.style.groove is not None
