"""Every option of every request: what it changes in the notes that are played."""

import functools
from typing import Any, Final

import attrs
import pytest

from aiomusic import lyrics, nuro, producer, riffusion, suno
from aiomusic._fields import ClipRef
from aiomusic._request import Request, fields_of
from aiomusic.composer import (
    AudioAnalysis,
    Score,
    SongSpec,
    compose,
    score_from_audio,
    sung_words,
)
from aiomusic.composer._theory import Chord, Key
from aiomusic.emulator._compose_jobs import compose_takes
from aiomusic.emulator._packed_scores import pack, unpack
from aiomusic.emulator._scores import score_of
from aiomusic.providers._all import requests

WORDS: Final = """[Verse]
Silver rain upon the bay
Harbour lights are far away
[Chorus]
Wash the dusty year away
Carry me another day"""
OTHER: Final = (
    "[Verse]\nNow the clouds have gone to sleep\n[Chorus]\nStill the water runs deep"
)
CLIP: Final = ClipRef("clip")
UPLOAD: Final = ClipRef("upload", is_upload=True)
LONG: Final = "\n".join([WORDS] * 4)
# A request, and another value for each of its options.
TABLE: Final[list[tuple[Request[Any], dict[str, Any]]]] = [
    (
        suno.Create("about a harbour"),
        {"description": "about a mountain", "instrumental": True, "model": "chirp-v4"},
    ),
    (
        suno.Create(lyrics=WORDS, tags="pop"),
        {
            "lyrics": OTHER,
            "tags": "jazz",
            "title": "Boats",
            "instrumental": True,
            "model": "chirp-v5",
            "negative_tags": "drums",
            "style_weight": 0.0,
            "weirdness": 1.0,
            "vocal_gender": "f",
            "auto_lyrics": True,
        },
    ),
    (
        suno.Extend(CLIP, at=10, lyrics=WORDS),
        {"at": 14, "lyrics": OTHER, "title": "B", "tags": "jazz", "model": "chirp-v4"},
    ),
    (
        suno.Cover(UPLOAD, lyrics=WORDS, tags="rock"),
        {
            "lyrics": OTHER,
            "title": "B",
            "tags": "jazz",
            "model": "chirp-v4",
            "audio_weight": 1.0,
        },
    ),
    (
        suno.CreateWithPersona("persona", lyrics=WORDS, tags="pop"),
        {"lyrics": OTHER, "title": "B", "tags": "jazz", "model": "chirp-v4"},
    ),
    (riffusion.Create("about a harbour"), {"prompt": "jazz", "model": "FUZZ-1.0"}),
    (
        riffusion.CreateWithLyrics(WORDS, sound="pop"),
        {
            "lyrics": OTHER,
            "sound": "jazz",
            "title": "B",
            "instrumental": True,
            "model": "FUZZ-1.0",
        },
    ),
    *(
        (
            kind(CLIP, lyrics=WORDS, sound="warm", **more),
            {
                "lyrics": OTHER,
                "sound": sound,
                "title": "B",
                "model": "FUZZ-1.0",
                **{name: value + 3 for name, value in more.items()},
            },
        )
        for kind, sound, more in [
            (riffusion.Extend, "jazz", {"at": 10}),
            (riffusion.Cover, "jazz", {}),
            (riffusion.ReplaceSection, "jazz", {"at": 5, "until": 15}),
            (riffusion.SwapSound, "jazz", {}),
            (riffusion.SwapVocals, "male, husky", {}),
        ]
    ),
    (
        producer.Create("pop", lyrics=WORDS),
        {
            "sound": "jazz",
            "lyrics": OTHER,
            "title": "B",
            "instrumental": True,
            "model": "FUZZ-1.0",
            "seed": "7",
            "lyrics_strength": 0.0,
            "sound_strength": 0.2,
            "weirdness": 1.0,
        },
    ),
    *(
        (
            kind(CLIP, lyrics=WORDS, sound="warm", **more),
            {
                "lyrics": OTHER,
                "sound": sound,
                "title": "B",
                "model": "FUZZ-1.0",
                "seed": "7",
                "lyrics_strength": 0.0,
                "sound_strength": 0.2,
                "weirdness": 1.0,
                **{name: value + 3 for name, value in more.items()},
                **strength,
            },
        )
        for kind, sound, more, strength in [
            (producer.Extend, "jazz", {"at": 10}, {}),
            (producer.Cover, "jazz", {}, {"strength": 1.0}),
            (producer.Variation, "jazz", {}, {}),
            (producer.ReplaceSection, "jazz", {"at": 5, "until": 15}, {}),
            (producer.SwapSound, "jazz", {}, {"strength": 0.0}),
            (producer.SwapVocals, "male, husky", {}, {"strength": 0.0}),
        ]
    ),
    (
        nuro.CreateVocal(LONG, duration=60),
        {
            "lyrics": f"{OTHER}\n{LONG}",
            "gender": "Male",
            "genre": "Jazz",
            "mood": "Sorrow/Sad",
            "timbre": "Husky",
            "duration": 70,
        },
    ),
    (
        nuro.CreateInstrumental("a harbour at night"),
        {
            "description": "a mountain",
            "version": "v2.0",
            "genre": ["jazz"],
            "mood": ["sad"],
            "instrument": ["piano"],
            "theme": ["vacation"],
            "duration": 40,
        },
    ),
    (
        nuro.CreateInstrumental("a harbour", version="v2.0"),
        {"segments": [nuro.Segment("verse", 20), nuro.Segment("chorus", 15)]},
    ),
]
CASES: Final = [
    pytest.param(asked, name, value, id=f"{asked.kind()}-{name}")
    for asked, options in TABLE
    for name, value in options.items()
]
# What these do is told by the reply or by a file, not by other notes.
OF_NO_SONG: Final[dict[type[Request[Any]], set[str]]] = {
    lyrics.Create: {"description"},
    producer.Download: {"format"},
    producer.UploadAudio: {"url"},
    riffusion.UploadAudio: {"url"},
    suno.CreatePersona: {"name", "description"},
    suno.CreateWithPersona: {"persona"},
    suno.Stems: {"full"},
    suno.UploadAudio: {"url"},
}


@functools.cache
def source(name: str) -> Score:
    if name == "clip":
        style = "pop, female"
        return compose(SongSpec(style=style, lyrics=WORDS, seed=4, duration_s=24))
    if name == "persona":
        return compose(SongSpec(style="pop, male", lyrics=WORDS, seed=5, duration_s=12))
    key = Key(tonic=0, mode="major")
    analysis = AudioAnalysis(
        path="upload.wav",
        duration_s=24.0,
        tempo=90.0,
        key=key,
        downbeat_s=0.0,
        chords=(Chord(root=0, intervals=(0, 4, 7)),) * 9,
    )
    return score_from_audio(analysis, title="Upload")


def song_of(asked: Request[Any], take: int = 0) -> Score:
    clip = getattr(asked, "clip", None)
    name = "persona" if hasattr(asked, "persona") else clip and clip.clip_id
    return score_of(asked, source(name) if name else None, seed=11, take=take)


def played(score: Score) -> object:
    """Return everything that is heard: notes, instruments, singer."""
    tracks = [(track.role, track.patch, track.notes) for track in score.tracks]
    gains = [(track.role, track.gain_db) for track in score.tracks]
    mixes = [getattr(span.source, "mix", "") for span in score.spans]
    return tracks, gains, mixes, score.voice, score.duration_s


@pytest.mark.parametrize(("asked", "name", "value"), CASES)
def test_each_option_is_heard(asked: Request[Any], name: str, value: Any) -> None:
    """Another value of an option changes what is played; a title is told."""
    first, second = song_of(asked), song_of(attrs.evolve(asked, **{name: value}))

    if name == "title":
        assert value == second.title != first.title
    else:
        assert played(first) != played(second)


def test_the_table_has_every_option_of_every_request() -> None:
    """A new option has to be added to the table, with the effect that it has."""
    known = {kind: set(options) for kind, options in OF_NO_SONG.items()}
    for asked, options in TABLE:
        known.setdefault(type(asked), set()).update(options)

    for kind in requests().values():
        assert set(fields_of(kind)) - {"clip"} == known.get(kind, set()), kind.kind()


@pytest.mark.parametrize("asked", [asked for asked, _ in TABLE], ids=lambda a: a.kind())
def test_clips_tell_what_is_sung(asked: Request[Any]) -> None:
    """Lyrics and length that a clip reports are those of its notes."""
    clip = getattr(asked, "clip", None)
    name = "persona" if hasattr(asked, "persona") else clip and clip.clip_id

    for told in compose_takes(asked, pack(source(name)) if name else None, 11, 2):
        score = unpack(told.score)
        lines = (x for x in told.lyrics.splitlines() if x and not x.startswith("["))
        words = [word for line in lines for word in line.split()]
        assert words == [word.text for word in sung_words(score)]
        assert told.duration_s == score.duration_s
        assert told.style == score.style


@pytest.mark.parametrize(
    ("avoid", "check"),
    [
        ("drums", lambda s: "drums" not in {t.role for t in s.tracks}),
        ("guitars, bass", lambda s: "bass" not in {t.role for t in s.tracks}),
        ("guitar", lambda s: not {"steel", "electric"} & {t.patch for t in s.tracks}),
        ("vocals", lambda s: s.voice is None and not s.lines),
        ("female vocals", lambda s: s.voice.gender == "male"),
        ("male voice", lambda s: s.voice.gender == "female"),
        ("sad, dark", lambda s: not s.key.is_minor),
        ("happy", lambda s: s.key.is_minor),
        ("rock", lambda s: s.style != "rock"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_negative_tags_are_kept_out(avoid: str, check: Any) -> None:
    """Players, singers, moods and styles that are refused are not in the song."""
    for seed in range(3):
        for tags in ("pop", "rock", "a song"):
            asked = suno.Create(lyrics=WORDS, tags=tags, negative_tags=avoid)
            assert check(score_of(asked, None, seed=seed, take=0)), (seed, tags)


def test_auto_lyrics_are_about_what_was_asked() -> None:
    """The instruction is not sung, and the words that are written have its subject."""
    asked = suno.Create(
        lyrics="Write about a lighthouse", tags="folk", auto_lyrics=True
    )
    score = score_of(asked, None, seed=3, take=0)

    assert "Write about" not in score.lyrics
    assert "lighthouse" in score.lyrics.lower()


def test_a_seed_gives_the_same_song() -> None:
    """Producer's seed repeats a song, whichever number its task has."""
    one, same, other = (
        score_of(
            producer.Create("pop", lyrics=WORDS, seed=seed), None, seed=number, take=0
        )
        for seed, number in (("7", 1), ("7", 2), ("8", 1))
    )

    assert played(one) == played(same) != played(other)


@pytest.mark.parametrize(
    "asked",
    [
        suno.Create("about a harbour"),
        suno.Create("calm piano", instrumental=True),
        riffusion.Create("jazz"),
        producer.Create("techno"),
    ],
    ids=lambda a: a.kind(),
)
def test_songs_are_as_long_as_those_of_the_service(asked: Request[Any]) -> None:
    """Two to three minutes where no length is asked, unless a preview is enough."""
    for seed in range(3):
        whole = score_of(asked, None, seed=seed, take=0, preview_s=None)
        preview = score_of(asked, None, seed=seed, take=0, preview_s=20)

        assert 118 <= whole.duration_s <= 182
        assert 17 <= preview.duration_s <= 23
        assert bool(whole.lines) == (not asked.to_body().get("make_instrumental"))
