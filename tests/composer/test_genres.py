"""Which style is read from a prompt, and when it is a guess."""

from collections import Counter
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
        bubblegum, schlager, chanson, crooner, ballad, power ballads, jingle, musical,
        broadway, show tunes, opm, enka
    """,
    "folk": """
        country, bluegrass, americana, acoustic, celtic, nursery rhyme, polka,
        sea shanty, irish, klezmer, balkan, medieval, honky tonk, western, zydeco,
        cajun, mariachi, ranchera, norteño, singer-songwriter, hawaiian, arabic
    """,
    "r&b": "rnb, soul, neo soul, funk, motown, doo-wop, doo wop, g-funk, slow jam",
    "hip hop": """
        hip-hop, rap, trap, drill, boom bap, grime, crunk, cloud rap, trip hop, trip-hop
    """,
    "reggae": "dub, rocksteady, roots",
    "ska": "ska, ska punk",
    "reggaeton": "reggaetón, reggae-ton, dembow, perreo, moombahton, latin trap",
    "dancehall": "dance hall, ragga, bashment, calypso, soca, zouk",
    "afrobeat": "afrobeats, afro-beats, afro beats, afropop, highlife, soukous",
    "salsa": """
        latin, mambo, rumba, bolero, bachata, cha-cha, cumbia, merengue, latin jazz,
        son cubano
    """,
    "tango": "milonga, habanera",
    "bossa nova": "bossa, samba, forró, mpb, fado, flamenco, kizomba",
    "bollywood": "filmi, bhangra, qawwali, hindi, desi",
    "phonk": "drift phonk, drift-phonk, baile funk",
    "gospel": "gospel choir, worship, praise, spirituals",
    "christmas": "xmas, x-mas, hanukkah",
    "lullaby": "lullabies, cradle song",
    "waltz": "waltzes, mazurka, minuet",
    "choir": """
        choral, carols, hymn, requiem, a cappella, a capella, acappella, barbershop
    """,
    "chant": "gregorian, gregorian chant, plainsong",
    "cinematic": """
        orchestral, classical, epic, baroque, symphony, string quartet, horror,
        military march, neoclassical
    """,
    "opera": "operatic, aria, operetta",
    "ambient": "drone, new age, meditation, raga, mantra, dark ambient, yoga, healing",
    "lo-fi": "lofi, lo fi, chillhop, downtempo, down-tempo, chillout, balearic",
    "drum and bass": """
        drum & bass, drum n bass, drum'n'bass, drum 'n' bass, dnb, d&b, jungle,
        breakcore, neurofunk
    """,
    "techno": """
        dubstep, trance, psytrance, hardstyle, gabber, breakbeat, idm, ebm, hardcore
    """,
    "house": """
        disco, nu disco, edm, electro, deep house, amapiano, gqom, afro house,
        eurodance, eurobeat, big room, future bass, french touch, jersey club, 2-step
    """,
    "synthwave": "retrowave, vaporwave, darkwave, electronica, electropop, cyberpunk",
    "rock": """
        punk, grunge, blues, emo, gothic, shoegaze, post-rock, rockabilly, rock'n'roll,
        surf, prog, psychedelic
    """,
    "metal": "heavy metal, death metal, doom metal, metalcore, djent, screamo",
    "jazz": "swing, bebop, be-bop, ragtime, dixieland, fusion, cabaret, noir, big band",
    "chiptune": "8-bit, 8bit, 16-bit, video game, nintendo, game boy",
}
TABLE: Final = [
    (word, style)
    for style, words in READ.items()
    for word in " ".join(words.split()).split(", ")
]


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


@pytest.mark.parametrize(
    ("prompt", "low", "high"),
    [
        ("drum & bass", 170, 176),
        ("reggae", 68, 80),
        ("ska", 144, 168),
        ("reggaeton", 88, 100),
        ("salsa", 160, 190),
        ("tango", 112, 126),
        ("amapiano", 110, 116),
    ],
)
def test_genre_has_its_tempo(prompt: str, low: int, high: int) -> None:
    """A genre is played at its own tempo, whatever length has to be filled."""
    for length_s in (12, 20, 33):
        score = compose(SongSpec(style=prompt, seed=length_s, duration_s=length_s))

        assert low <= score.tempo <= high


def onsets(score: Score, pitch: int) -> list[float]:
    """Return the beats that a drum hits in each bar of a chorus but the last."""
    beat_s, meter = 60 / score.tempo, score.sheet.meter
    (drums,) = (track for track in score.tracks if track.role == "drums")
    number = [section.kind for section in score.sections].index("chorus")
    chorus, bars = score.sections[number], score.sheet.sections[number].bars - 1
    hits = Counter(
        round(4 * (note.start_s - chorus.start_s) / beat_s) / 4 % meter
        for note in drums.notes
        if note.pitch == pitch
        and note.velocity > 0.5
        and -0.05 < note.start_s - chorus.start_s < bars * score.sheet.bar_s - 0.05
    )
    return sorted(beat for beat, count in hits.items() if count == bars)


KICK, SNARE, CLAVE = 36, 38, 75


@pytest.mark.parametrize(
    ("style", "pitch", "beats"),
    [
        # Kick on every beat, snare three sixteenths after and three more after.
        ("reggaeton", KICK, [0, 1, 2, 3]),
        ("reggaeton", SNARE, [0.75, 1.5, 2.75, 3.5]),
        ("reggae", SNARE, [1, 3]),
        ("metal", SNARE, [1, 3]),
        ("waltz", KICK, [0]),
    ],
)
def test_genre_has_its_groove(style: str, pitch: int, beats: list[float]) -> None:
    """The drums of a genre are hit where they make it what it is."""
    score = compose(SongSpec(style=style, seed=3, duration_s=30, instrumental=True))

    assert beats == onsets(score, pitch)


def test_salsa_keeps_the_clave() -> None:
    """The clave has three hits in one bar, two in the next: son, 3-2."""
    score = compose(SongSpec(style="salsa", seed=3, duration_s=20, instrumental=True))
    beat_s = 60 / score.tempo
    (drums,) = (track for track in score.tracks if track.role == "drums")
    hits = {
        round(2 * note.start_s / beat_s) / 2 % 8
        for note in drums.notes
        if note.pitch == CLAVE
    }

    assert {0, 1.5, 3, 5, 6} == hits


def test_drum_and_bass_has_a_broken_beat() -> None:
    """Its snare falls on two in each bar, its kick on one; the rest moves."""
    score = compose(SongSpec(style="drum and bass", seed=3, duration_s=20))
    (drums,) = (track for track in score.tracks if track.role == "drums")
    ghosts = [n for n in drums.notes if n.pitch == SNARE and n.velocity < 0.5]

    assert 1 in onsets(score, SNARE)
    assert [0, 1, 2, 3] != onsets(score, KICK)
    assert len(ghosts) > 4


@pytest.mark.parametrize(
    ("prompt", "meter"),
    [
        ("waltz", 3),
        ("jazz waltz", 3),
        ("folk in 3/4", 3),
        ("rock ballad, 6/8", 3),
        ("lullaby", 3),
        ("waltz in 4/4", 4),
        ("pop", 4),
    ],
)
def test_meter_is_read_and_played(prompt: str, meter: int) -> None:
    """In three a bar has three beats: chords change, and sections end, on its bars."""
    score = compose(SongSpec(style=prompt, seed=4, duration_s=24))
    bar_s = 60 * meter / score.tempo

    assert meter == score.sheet.meter
    for section in score.sections:
        bars = section.start_s / bar_s
        assert round(bars) == pytest.approx(bars, abs=0.05)
    longer = extend(score, SongSpec(style="", duration_s=20), at_s=10)
    covered = cover(score, SongSpec(style="techno"))
    assert [meter, meter] == [longer.sheet.meter, covered.sheet.meter]


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
    assert "salsa" == swap_sound(guess, SongSpec(style="salsa")).style_word


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


GUITARS: Final = {"nylon", "steel", "electric", "distorted", "high-gain"}


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
