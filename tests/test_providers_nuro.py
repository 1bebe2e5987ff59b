"""Every call of nuro, as it is sent, as it is answered, and as it is refused."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from scripted import KEY, TASK_ID, Answer, Scripted, exact, example

from aiomusic import (
    Clip,
    ClipState,
    InvalidRequest,
    JobFailed,
    MusicJob,
    MusicSession,
    Request,
    TaskSnapshot,
    nuro,
)
from aiomusic._fields import known_values

pytestmark = pytest.mark.anyio

CREATE = "/api/v1/nuro/create"
TASK = "/api/v1/nuro/task/{task_id}"
LYRICS = "[verse]\n" + "paper boats along the gutter\n" * 12
DONE = Answer(example("nuro_get_music_succeeded"))

Call = Callable[[MusicSession], MusicJob[Any]]


@pytest.fixture
async def api() -> AsyncIterator[Scripted]:
    async with Scripted() as api:
        yield api


@pytest.fixture
async def music(api: Scripted) -> AsyncIterator[MusicSession]:
    async with api.session() as music:
        yield music


V1 = example("nuro_create_bgm_v1_request")
V2 = example("nuro_create_bgm_v2_request")
PARTS = [(part["name"], part["duration"]) for part in V2["segments"]]

BODIES = [
    pytest.param(
        lambda m: m.nuro.create_vocal(LYRICS),
        nuro.CreateVocal(LYRICS),
        {"type": "vocal", "lyrics": LYRICS},
        id="vocal, the rest for the service to guess",
    ),
    pytest.param(
        lambda m: m.nuro.create_vocal(
            LYRICS,
            gender="Female",
            genre="R&B/Soul",
            mood="Calm/Relaxing",
            timbre="Sweet_AUDIO_TIMBRE",
            duration=30,
        ),
        nuro.CreateVocal(
            LYRICS,
            gender="Female",
            genre="R&B/Soul",
            mood="Calm/Relaxing",
            timbre="Sweet_AUDIO_TIMBRE",
            duration=30,
        ),
        {
            "type": "vocal",
            "lyrics": LYRICS,
            "gender": "Female",
            "genre": "R&B/Soul",
            "mood": "Calm/Relaxing",
            "timbre": "Sweet_AUDIO_TIMBRE",
            "duration": 30,
        },
        id="vocal, everything said",
    ),
    pytest.param(
        lambda m: m.nuro.create_vocal(LYRICS, extra={"language": "en"}),
        nuro.CreateVocal(LYRICS, extra={"language": "en"}),
        {"type": "vocal", "lyrics": LYRICS, "language": "en"},
        id="vocal, extra",
    ),
    pytest.param(
        lambda m: m.nuro.create_instrumental(
            V1["description"],
            genre=V1["genre"],
            mood=V1["mood"],
            instrument=V1["instrument"],
            theme=V1["theme"],
            duration=35,
        ),
        nuro.CreateInstrumental(
            V1["description"],
            genre=V1["genre"],
            mood=V1["mood"],
            instrument=V1["instrument"],
            theme=V1["theme"],
            duration=35,
        ),
        V1,
        id="instrumental v1.0, the recorded request",
    ),
    pytest.param(
        lambda m: m.nuro.create_instrumental(
            V2["description"], version="v2.0", duration=90, segments=PARTS
        ),
        nuro.CreateInstrumental(
            V2["description"],
            version="v2.0",
            duration=90,
            segments=[nuro.Segment(*part) for part in PARTS],
        ),
        V2,
        id="instrumental v2.0, the recorded request",
    ),
    pytest.param(
        lambda m: m.nuro.create_instrumental("x"),
        nuro.CreateInstrumental(description="x"),
        {"type": "bgm", "description": "x"},
        id="instrumental, the least",
    ),
    pytest.param(
        lambda m: m.nuro.create_instrumental("x", genre="jazz", mood=iter(["calm"])),
        nuro.CreateInstrumental("x", genre=("jazz",), mood=("calm",)),
        {"type": "bgm", "description": "x", "genre": ["jazz"], "mood": ["calm"]},
        id="a lone word, and any iterable, are lists",
    ),
    pytest.param(
        lambda m: m.nuro.create_instrumental(
            "x", version="v2.0", segments=[nuro.Segment("inst", 30)]
        ),
        nuro.CreateInstrumental("x", version="v2.0", segments=[("inst", 30)]),
        {
            "type": "bgm",
            "description": "x",
            "version": "v2.0",
            "segments": [{"name": "inst", "duration": 30}],
        },
        id="instrumental v2.0, a lone part",
    ),
]


@pytest.mark.parametrize(("call", "request_", "body"), BODIES)
async def test_a_create_sends_exactly_its_body(
    api: Scripted,
    music: MusicSession,
    call: Call,
    request_: Request[Any],
    body: dict[str, object],
) -> None:
    """What goes over the wire is the documented JSON, once, under the key."""
    api.creates(CREATE, DONE, task_path=TASK)

    job = call(music)
    await job

    (post,) = api.posts
    assert exact(body) == exact(post.json)
    assert (CREATE, f"Bearer {KEY}") == (post.path, post.headers["authorization"])
    assert (request_, 10) == (job.request, job.cost)
    assert exact(body) == exact(request_.to_body())


async def test_the_recorded_reply_becomes_a_clip(
    api: Scripted, music: MusicSession
) -> None:
    """The flat reply is one clip, known by its task, with progress."""
    api.answer(TASK.format(task_id=TASK_ID), DONE)

    snapshot = await music.nuro.get(TASK_ID)

    recorded = example("nuro_get_music_succeeded")
    clip = Clip(
        clip_id=TASK_ID,
        provider="nuro",
        task_id=TASK_ID,
        state=ClipState.SUCCEEDED,
        tags="Pop, Dynamic/Energetic",
        lyrics=recorded["lyrics"],
        audio_url=recorded["audio_url"],
        duration=199.04325,
    )
    expected = TaskSnapshot(state=ClipState.SUCCEEDED, clips=(clip,), progress=100)
    assert expected == snapshot
    assert recorded == snapshot.clips[0].raw


def poll(status: str, **fields: object) -> Answer:
    empty = dict.fromkeys(("audio_url", "lyrics", "genre", "mood", "gender"), "")
    return Answer(
        {"task_id": TASK_ID, "status": status, "duration": 0, **empty, **fields}
    )


async def test_awaiting_a_create_gives_its_one_clip(
    api: Scripted, music: MusicSession
) -> None:
    """A job goes by pending, running and succeeded without audio, to one clip."""
    api.answer(CREATE, Answer(example("nuro_create_accepted")))
    api.answer(
        TASK.format(task_id="b1eac403-06cb-4e58-971d-835d3b321508"),
        poll("pending", progress=0),
        poll("running", progress=45),
        poll("succeeded", progress=100),
        DONE,
    )

    job = music.nuro.create_vocal(LYRICS)
    clips = await job

    assert "b1eac403-06cb-4e58-971d-835d3b321508" == job.task_id
    assert [199.04325] == [clip.duration for clip in clips]
    assert 100 == job.progress
    assert 4 == len(api.polls)


async def test_a_running_task_has_nothing_to_fetch_yet(
    api: Scripted, music: MusicSession
) -> None:
    """Empty texts and a zero are what is not there yet."""
    api.answer(TASK.format(task_id=TASK_ID), poll("running", progress=45))

    snapshot = await music.nuro.get(TASK_ID)

    (clip,) = snapshot.clips
    assert (ClipState.RUNNING, 45) == (snapshot.state, snapshot.progress)
    assert (None, None, None) == (clip.audio_url, clip.duration, clip.tags)
    assert not clip.is_playable


@pytest.mark.parametrize(
    ("progress", "expected"),
    [
        (0, 0),
        (45, 45),
        (100, 100),
        (45.0, 45),
        ("45", 45),
        ("45%", 45),
        ("?", None),
        (None, None),
        ([], None),
        (-1, None),
        (101, None),
        (1e400, None),
    ],
    ids=repr,
)
async def test_progress_reads_in_any_spelling(
    api: Scripted, music: MusicSession, progress: object, expected: int | None
) -> None:
    """A sister service writes percent as text; what makes no sense is absent."""
    api.answer(TASK.format(task_id=TASK_ID), poll("running", progress=progress))

    snapshot = await music.nuro.get(TASK_ID)

    assert expected == snapshot.progress


async def test_a_task_that_says_failed_fails_the_job(
    api: Scripted, music: MusicSession
) -> None:
    """The service's own words are in the error."""
    api.creates(CREATE, poll("failed", message="Algorithm error"), task_path=TASK)

    with pytest.raises(JobFailed, match="Algorithm error") as caught:
        await music.nuro.create_vocal(LYRICS)

    assert TASK_ID == caught.value.task_id


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (500, "api_error", "Algorithm error"),
        (500, "api_error", "Semantic error, please try again"),
        (400, "bad_request", "Input language not supported"),
        (403, "forbidden", "API usage limit exceeded"),
    ],
)
async def test_a_poll_that_gives_the_credits_back_ends_the_job(
    *, api: Scripted, music: MusicSession, status: int, kind: str, message: str
) -> None:
    """Nuro refunds when a task is over, whatever the status it says it with."""
    refusal = {"type": kind, "message": message, "refund_processed": True}
    api.creates(CREATE, Answer(refusal, status=status), task_path=TASK)

    with pytest.raises(JobFailed, match=message) as caught:
        await music.nuro.create_vocal(LYRICS)

    assert "refunded" == caught.value.charged
    assert 1 == len(api.polls)


def bgm(**fields: Any) -> Call:
    return lambda m: m.nuro.create_instrumental("x", **fields)


def vocal(**fields: Any) -> Call:
    return lambda m: m.nuro.create_vocal(LYRICS, **fields)


def parts(*lengths: object) -> Call:
    return bgm(version="v2.0", segments=[("verse", one) for one in lengths])


JAZZ = ("jazz", "rock", "folk", "pop", "funk")

REFUSED = [
    ("lyrics 299", lambda m: m.nuro.create_vocal("x" * 299), "lyrics", "at least 300"),
    ("lyrics 2001", lambda m: m.nuro.create_vocal("x" * 2001), "lyrics", "most 2,000"),
    ("lyrics empty", lambda m: m.nuro.create_vocal(""), "lyrics", "at least 300"),
    ("lyrics None", lambda m: m.nuro.create_vocal(None), "lyrics", "needed"),
    ("gender", vocal(gender="female"), "gender", "Female, Male"),
    ("genre", vocal(genre="jazz"), "genre", "write 'Jazz'"),
    ("mood", vocal(mood="chill"), "mood", "write 'Chill'"),
    ("timbre", vocal(timbre="warm"), "timbre", "write 'Warm'"),
    ("duration 29", vocal(duration=29), "duration", "whole number from 30 to 240"),
    ("duration 241", vocal(duration=241), "duration", "whole number from 30 to 240"),
    ("duration 30.0", vocal(duration=30.0), "duration", "whole number from 30 to 240"),
    (
        "description empty",
        lambda m: m.nuro.create_instrumental(""),
        "description",
        "at least 1",
    ),
    (
        "description 201",
        lambda m: m.nuro.create_instrumental("x" * 201),
        "description",
        "at most 200",
    ),
    ("version", bgm(version="V2-0"), "version", "write 'v2.0'"),
    ("version None", bgm(version=None), "version", "needed"),
    ("six genres", bgm(genre=(*JAZZ, "epic")), "genre", "at most 5"),
    (
        "bgm genre",
        bgm(genre=["jazz", "Jazz"]),
        "genre[1]",
        "write 'jazz'",
    ),
    ("bgm genre None", bgm(genre=None), "genre", "needed"),
    ("bgm genre 5", bgm(genre=5), "genre", "a list of at most 5"),
    ("bgm mood", bgm(mood=[" "]), "mood[0]", "names are positive"),
    ("bgm instrument", bgm(instrument=[5]), "instrument[0]", "of piano"),
    ("bgm theme", bgm(theme=["Everyday"]), "theme[0]", "'every day'"),
    ("v1.0 0 s", bgm(duration=0), "duration", "from 1 to"),
    ("v1.0 61 s", bgm(duration=61), "duration", "from 1 to 60"),
    ("v1.0 parts", bgm(segments=[("verse", 30)]), "segments", 'version="v2.0"'),
    ("v2.0 29 s", bgm(version="v2.0", duration=29), "duration", "from 30 to 120"),
    ("v2.0 121 s", bgm(version="v2.0", duration=121), "duration", "to 120"),
    ("v2.0 genre", bgm(version="v2.0", genre=["jazz"]), "genre", 'version="v1.0"'),
    ("v2.0 mood", bgm(version="v2.0", mood=["calm"]), "mood", 'version="v1.0"'),
    ("v2.0 theme", bgm(version="v2.0", theme=["love"]), "theme", 'version="v1.0"'),
    (
        "v2.0 instrument",
        bgm(version="v2.0", instrument=["harp"]),
        "instrument",
        'version="v1.0"',
    ),
    ("a lone part of 29 s", parts(29), "segments[0].duration", "from 30 to 120"),
    ("a part of 4 s", parts(30, 4), "segments[1].duration", "from 5 to 120"),
    ("a part of 121 s", parts(121, 5), "segments[0].duration", "from 5 to 120"),
    ("a part of text", parts("30"), "segments[0].duration", "whole number"),
    ("parts of 29 s", parts(15, 14), "segments", "30 to 120 seconds"),
    ("parts of 121 s", parts(61, 60), "segments", "30 to 120 seconds"),
    (
        "a part of no name",
        bgm(version="v2.0", segments=[(None, 30)]),
        "segments[0].name",
        "intro, verse, chorus, inst, bridge, outro",
    ),
    ("parts 5", bgm(version="v2.0", segments=5), "segments", "a list of Segment"),
    ("parts of 5", bgm(version="v2.0", segments=[5]), "segments", "a list of Segment"),
    (
        "parts that do not add up",
        bgm(version="v2.0", duration=60, segments=[("verse", 30), ("outro", 29)]),
        "duration",
        "the segments last 59 seconds",
    ),
]


@pytest.mark.parametrize(
    ("call", "field", "rule"), [row[1:] for row in REFUSED], ids=[r[0] for r in REFUSED]
)
async def test_a_broken_rule_is_refused_in_the_callers_line(
    api: Scripted, music: MusicSession, call: Call, field: str, rule: str
) -> None:
    """The plain call raises, names the field and the rule, and sends nothing."""
    with pytest.raises(
        InvalidRequest, match=r"^nuro\.\w+: .*Nothing was sent\.$"
    ) as caught:
        call(music)

    error = caught.value
    assert field == error.field
    assert error.rule is not None
    assert rule in error.rule
    assert f" {field} " in str(error)
    assert error.rule in str(error)
    assert __file__ == str(caught.traceback[0].path)
    assert [] == api.calls


@pytest.mark.parametrize(
    "build",
    [
        lambda: nuro.CreateVocal("x" * 300),
        lambda: nuro.CreateVocal("x" * 2000, duration=240),
        lambda: nuro.CreateInstrumental("x" * 200, duration=1, genre=JAZZ),
        lambda: nuro.CreateInstrumental("x", duration=60),
        lambda: nuro.CreateInstrumental("x", version="v2.0", duration=30),
        lambda: nuro.CreateInstrumental("x", version="v2.0", duration=120),
        lambda: nuro.CreateInstrumental(
            "x", version="v2.0", segments=[("intro", 5), ("outro", 115)]
        ),
        lambda: nuro.CreateInstrumental("x", version="v2.0", segments=[("inst", 120)]),
    ],
    ids=[
        "lyrics 300",
        "lyrics 2000",
        "v1.0 1 s",
        "v1.0 60 s",
        "v2.0 30 s",
        "v2.0 120 s",
        "parts of 120 s",
        "a lone part of 120 s",
    ],
)
def test_what_is_just_inside_a_limit_passes(build: Callable[[], Request[Any]]) -> None:
    """A value on the bound is allowed, and nothing is warned of."""
    assert 10 == build().cost


@pytest.mark.parametrize(
    ("literal", "count", "first", "last"),
    [
        (nuro.Gender, 2, "Female", "Male"),
        (nuro.Genre, 23, "Folk", "Contemporary R&B"),
        (nuro.Mood, 13, "Happy", "Calm/Relaxing"),
        (nuro.Timbre, 9, "Warm", "Sexy/Lazy"),
        (nuro.BackgroundGenre, 47, "corporate", "beauty"),
        (nuro.BackgroundMood, 52, "positive", "funny"),
        (nuro.Instrument, 25, "piano", "strings"),
        (nuro.Theme, 28, "inspirational", "sales"),
        (nuro.Version, 2, "v1.0", "v2.0"),
        (nuro.SegmentName, 6, "intro", "outro"),
    ],
)
def test_the_enumerations_are_whole(
    literal: object, count: int, first: str, last: str
) -> None:
    """As many words as the API lists, none twice."""
    words = known_values(literal)

    assert (count, count) == (len(words), len(set(words)))
    assert (first, last) == (words[0], words[-1])
