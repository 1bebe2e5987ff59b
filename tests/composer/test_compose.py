"""The composer: what it reads, and what it promises."""

import json
import subprocess
import sys

import attrs
import pytest

from aiomusic.composer import Score, Segment, SongSpec, compose
from aiomusic.composer.styles import STYLES

LYRICS = """[Verse]
Lanterns on the harbour wall
Counting ships that never call
[Chorus]
Wake me when the tide comes in
Salt and starlight on my skin
"""


def notes_of(score: Score, role: str) -> list[tuple[float, int]]:
    return [
        (note.start_s, note.pitch)
        for track in score.tracks
        if track.role == role
        for note in track.notes
    ]


@pytest.mark.parametrize("style", STYLES)
def test_every_style_has_harmony_and_melody(style: str) -> None:
    """A song of any style has chords and a melody, and a beat if the style does."""
    score = compose(SongSpec(style=style, instrumental=True, seed=7))

    roles = {track.role for track in score.tracks}

    assert style == score.style
    assert "lead" in roles
    assert roles & {"chords", "pad", "arp"}
    assert ("drums" in roles) == (STYLES[style].groove is not None)


@pytest.mark.slow
def test_same_spec_is_same_score() -> None:
    """The same spec gives the same score in another process and hash seed."""
    code = (
        "import attrs, hashlib, json;"
        "from aiomusic.composer import SongSpec, compose;"
        "spec = SongSpec(style='jazz, sad', lyrics='[Verse]\\nOne two', seed=5);"
        "score = compose(spec);"
        "text = json.dumps(attrs.asdict(score), sort_keys=True);"
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )

    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert 1 == len(digests)


def test_score_is_json() -> None:
    """A score can be written as JSON and names its title and sections."""
    score = compose(SongSpec(style="pop", title="Harbour", lyrics=LYRICS))

    told = json.loads(json.dumps(attrs.asdict(score)))

    assert "Harbour" == told["title"]
    assert "verse" in [section["kind"] for section in told["sections"]]


def test_takes_share_the_idea_and_differ() -> None:
    """Two takes have key, tempo and words in common but not every note."""
    first, second = (
        compose(SongSpec(style="rock", lyrics=LYRICS, seed=3, take=take))
        for take in (0, 1)
    )

    assert (first.key, first.tempo, first.lyrics) == (
        second.key,
        second.tempo,
        second.lyrics,
    )
    assert notes_of(first, "voice") != notes_of(second, "voice")


@pytest.mark.parametrize("seconds", [1, 2, 7.5, 20, 33, 61, 199.04325, 480])
def test_duration_is_exact(seconds: float) -> None:
    """The length that is asked for is the length of the score, and of its parts."""
    score = compose(SongSpec(style="bossa nova", lyrics=LYRICS, duration_s=seconds))

    assert seconds == score.duration_s
    assert seconds == score.sections[-1].end_s
    assert all(note < seconds for note, _ in notes_of(score, "voice"))


def test_a_description_makes_about_twenty_seconds() -> None:
    """A description without a length makes a song of about 20 s, with words."""
    score = compose(SongSpec(style="a warm r&b song about the harbour"))

    assert 17 <= score.duration_s <= 23
    assert "r&b" == score.style
    assert "harbour" in score.lyrics.lower()


@pytest.mark.parametrize(
    ("style", "tempo", "key"),
    [
        ("techno at 133 bpm in C# minor", 133.0, "C# minor"),
        ("folk, key of Bb major, 97 BPM", 97.0, "Bb major"),
        ("lo-fi in D dorian, 81 bpm", 81.0, "D dorian"),
    ],
    ids=["techno", "folk", "lo-fi"],
)
def test_prompt_names_tempo_and_key(style: str, tempo: float, key: str) -> None:
    """A tempo and a key in the prompt are obeyed."""
    score = compose(SongSpec(style=style, duration_s=20))

    assert tempo == score.tempo
    assert key == str(score.key)


@pytest.mark.parametrize(
    ("style", "name"),
    [
        ("r&b pop song", "r&b"),
        ("Hip Hop/Rap", "hip hop"),
        ("uplifting trance", "techno"),
        ("country ballad", "folk"),
        ("8-bit game music", "chiptune"),
        ("orchestral soundtrack", "cinematic"),
    ],
)
def test_prompt_names_a_style(style: str, name: str) -> None:
    """Words people use for a kind of music lead to the style nearest to it."""
    assert name == compose(SongSpec(style=style)).style


def test_mood_chooses_the_mode() -> None:
    """Sad songs are in minor and happy ones in major."""
    sad = [compose(SongSpec(style="sad pop", seed=seed)).key for seed in range(5)]
    happy = [compose(SongSpec(style="happy pop", seed=seed)).key for seed in range(5)]

    assert all(key.is_minor for key in sad)
    assert not any(key.is_minor for key in happy)


def test_prompt_names_instruments() -> None:
    """An instrument in the prompt plays in the band."""
    score = compose(SongSpec(style="pop with organ and flute", instrumental=True))

    assert {"organ", "flute"} <= {track.patch for track in score.tracks}


@pytest.mark.parametrize("style", ["pop instrumental", "jazz, no vocals"])
def test_instrumental_in_the_prompt(style: str) -> None:
    """Nobody sings when the prompt says so, whatever the lyrics."""
    score = compose(SongSpec(style=style, lyrics=LYRICS))

    assert score.voice is None
    assert [] == notes_of(score, "voice")
    assert "" == score.lyrics


def test_lyrics_give_the_form() -> None:
    """Section tags become sections in their order, empty ones included."""
    lyrics = (
        "[Intro]\n[Verse 1]\nOne small boat\n[Pre-Chorus]\nTwo more days\n"
        "[Chorus]\nThree wide rivers\n[Guitar Solo]\n[Inst]\n[Bridge]\nFour\n[Outro]\n"
    )

    score = compose(SongSpec(style="pop", lyrics=lyrics))

    kinds = [section.kind for section in score.sections]
    assert ["intro", "verse", "prechorus", "chorus", "inst", "bridge", "outro"] == kinds


def test_each_syllable_has_a_note() -> None:
    """Every syllable of a line is sung within the time of its line."""
    score = compose(SongSpec(style="pop", lyrics="[Verse]\nPaper lanterns floating by"))
    (line,) = score.lines

    voice = next(track for track in score.tracks if track.role == "voice")

    assert "Paper lanterns floating by" == line.text
    assert 7 == len(voice.notes)
    for note in voice.notes:
        assert line.start_s - 0.1 <= note.start_s <= line.end_s


def test_melody_stays_in_key_and_range() -> None:
    """The singer stays in the key and within reach."""
    score = compose(SongSpec(style="folk", lyrics=LYRICS, voice="female", seed=11))
    assert score.voice is not None

    pitches = [pitch for _, pitch in notes_of(score, "voice")]

    assert {pitch % 12 for pitch in pitches} <= set(score.key.scale)
    assert score.voice.low <= min(pitches) <= max(pitches) <= score.voice.high


@pytest.mark.parametrize(
    ("voice", "gender"),
    [("female", "female"), ("Male, Husky", "male"), ("soprano", "female")],
)
def test_voice_is_the_one_asked_for(voice: str, gender: str) -> None:
    """The spec's words choose the singer."""
    score = compose(SongSpec(style="pop", lyrics=LYRICS, voice=voice))

    assert score.voice is not None
    assert gender == score.voice.gender


@pytest.mark.parametrize(
    ("style", "low", "breath"),
    [
        ("deep house in F major", 46, 0.06),
        ("slow pop, husky male vocals", 46, 0.3),
        ("soul with a deep baritone", 42, 0.06),
    ],
    ids=["no words for a singer", "husky", "deep"],
)
def test_a_prompt_describes_the_singer(style: str, low: int, breath: float) -> None:
    """Only words that stand by a word for a singer change the voice."""
    score = compose(SongSpec(style=f"{style}, male", lyrics=LYRICS))

    assert score.voice is not None
    assert "male" == score.voice.gender
    assert (low, breath) == (score.voice.low, score.voice.breath)


@pytest.mark.parametrize("style", STYLES)
def test_a_song_is_played_to_its_end(style: str) -> None:
    """Whatever plays last rings into the last second and a half of any song."""
    for seed in range(6):
        score = compose(
            SongSpec(style=style, seed=seed, duration_s=20, instrumental=True)
        )

        ends = [
            note.start_s + note.length_s
            for track in score.tracks
            for note in track.notes
        ]

        assert max(ends) > 18.5


def test_a_chorus_comes_back() -> None:
    """Two choruses with the same words have the same melody, but for the last line."""
    song = "[Chorus]\nFly away and do not fall\nHigher than the wall\nWrite it down"
    score = compose(
        SongSpec(style="pop", lyrics=f"{song}\n[Verse]\nLa\n{song}", seed=2)
    )

    first, second = (s for s in score.sheet.sections if s.kind == "chorus")

    last = first.lines[-1].start
    assert first.melody != second.melody
    kept = [note for note in second.melody if note.start < last]
    assert [note for note in first.melody if note.start < last] == kept


@pytest.mark.parametrize("style", ["pop", "ska", "bebop", "afrobeat", "bossa nova"])
def test_a_second_take_has_another_melody(style: str) -> None:
    """Of the notes of each, 40 to 60 % are those of the first take."""
    for seed in range(3):
        for lyrics in (f"{SONG}\n{SONG}", None):
            spec = SongSpec(style=style, lyrics=lyrics, seed=seed, duration_s=60.0)
            first, second = (melody_of(attrs.evolve(spec, take=n)) for n in (0, 1))
            assert 0.4 <= len(first & second) / len(first) <= 0.6


SONG = """[Verse]
Morning finds a paper crane
Sleeping on the window pane
Someone folded it last night
Out of letters, out of light
[Chorus]
Fly away and do not fall
Higher than the garden wall
Fly away and when you land
Write a word upon my hand"""


def melody_of(spec: SongSpec) -> set[tuple[int, float, int]]:
    """Return section, beat and pitch of each note of the melody."""
    sections = enumerate(compose(spec).sheet.sections)
    return {
        (number, note.start, note.pitch) for number, s in sections for note in s.melody
    }


def test_segments_are_sections() -> None:
    """Sections with their own lengths come to within half a bar, the sum exactly."""
    segments = (
        Segment(kind="intro", duration_s=8),
        Segment(kind="verse", duration_s=20),
        Segment(kind="chorus", duration_s=22),
    )

    score = compose(SongSpec(style="house", segments=segments, instrumental=True))

    assert 50 == score.duration_s
    assert ["intro", "verse", "chorus"] == [s.kind for s in score.sections]
    assert abs(score.sections[1].start_s - 8) <= 1.01
    assert abs(score.sections[2].start_s - 28) <= 1.01


@pytest.mark.parametrize("seconds", [0, -3, 4000])
def test_impossible_durations_are_refused(seconds: float) -> None:
    """A length that no song has is an error when the spec is made."""
    with pytest.raises(ValueError, match="duration_s must be"):
        SongSpec(style="pop", duration_s=seconds)


@pytest.mark.parametrize(
    "lyrics",
    ["", "   \n\n", "[Verse]", "纸船在河上\n漂向远方", "🙂", "la " * 400, "[]\n[[x]]"],
    ids=["empty", "blank", "tag", "chinese", "emoji", "long line", "odd tags"],
)
def test_any_lyrics_make_a_song(lyrics: str) -> None:
    """Lyrics of any shape make a song of the right length."""
    score = compose(SongSpec(style="pop", lyrics=lyrics, duration_s=30))

    assert 30 == score.duration_s
    assert score.tracks
