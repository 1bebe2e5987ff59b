"""What the vendor has since today: sent as it is, over a real socket, with one word."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from raw_server import RawServer, http, ok
from situation import DONE, KEY, RUNNING, YES, clip

from aiomusic import InvalidRequest, MusicJob, MusicSession, MusicWarning
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio

LYRICS = "la " * 150
Call = Callable[[MusicSession, str], MusicJob[Any]]
# Every argument that takes the vendor's names, the field it is sent in, a name that
# is known, and misspellings of it.
ARGUMENTS: dict[str, tuple[Call, str, str, tuple[str, ...]]] = {
    "suno.create": (
        lambda music, name: music.suno.create("rain", model=name),
        "mv",
        "chirp-v4-5",
        (
            "chirp-v4_5",
            "Chirp V4.5",
            "chirp-v45",
            " chirp-v4-5 ",
            "CHIRP\u2013V4\u20135",
        ),
    ),
    "suno.extend": (
        lambda music, name: music.suno.extend("c", at=9, lyrics="la", model=name),
        "mv",
        "chirp-v6-wild",
        ("chirp-v6 wild", "chirpv6wild", "chirp.v6.wild"),
    ),
    "suno.cover": (
        lambda music, name: music.suno.cover("c", lyrics="la", model=name),
        "mv",
        "chirp-v5-5",
        ("chirp-v5.5", "chirp-v55"),
    ),
    "riffusion.create": (
        lambda music, name: music.riffusion.create("rain", model=name),
        "mv",
        "FUZZ-1.1 Pro",
        ("fuzz-1.1 pro", "FUZZ-1.1-Pro", "fuzz 11 pro", "FUZZ_1.1_PRO"),
    ),
    "riffusion, a sister's": (
        lambda music, name: music.riffusion.create("rain", model=name),
        "mv",
        "",
        ("fuzz 2.0", "fuzz-2.0-raw", "FUZZ20"),
    ),
    **{
        f"nuro.create_vocal, {field}": (
            lambda music, name, field=field: music.nuro.create_vocal(  # type: ignore[misc]
                LYRICS, **{field: name}
            ),
            field,
            known,
            others,
        )
        for field, known, others in (
            ("genre", "R&B/Soul", ("r&b/soul", "R&B Soul", "R&B-Soul")),
            ("mood", "Dynamic/Energetic", ("dynamic energetic", "DynamicEnergetic")),
            ("timbre", "Sexy/Lazy", ("sexy lazy", "Sexy_Lazy")),
        )
    },
    **{
        f"nuro.create_instrumental, {field}": (
            lambda music, name, field=field: music.nuro.create_instrumental(  # type: ignore[misc]
                "rain", **{field: [name]}
            ),
            field,
            known,
            others,
        )
        for field, known, others in (
            ("genre", "dance/edm", ("Dance EDM", "dance-edm")),
            ("mood", "uplifting", ("Uplifting", " uplifting")),
            ("instrument", "bass guitar", ("Bass-Guitar", "bassguitar")),
            ("theme", "inspirational", ("Inspirational",)),
        )
    },
    "nuro.create_instrumental, version": (
        lambda music, name: music.nuro.create_instrumental("rain", version=name),
        "version",
        "v2.0",
        ("V2.0", "v2-0", "v 2.0"),
    ),
}
NEW = ("chirp-v7", "FUZZ-9.9", "v3.0", "Hyper/Pop", "\u65b0", "x" * 300)


@pytest.mark.parametrize("name", NEW, ids=lambda name: name[:9])
@pytest.mark.parametrize(
    ("call", "field"), [row[:2] for row in ARGUMENTS.values()], ids=ARGUMENTS.keys()
)
async def test_a_new_name_goes_out_with_one_warning(
    call: Call, field: str, name: str, tmp_path: Path
) -> None:
    """From the call to the end of the job, its row and a later session included."""
    file = tmp_path / "journal.db"
    with (
        RawServer([YES], [RUNNING]) as server,
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always", MusicWarning)
        async with MusicSession(
            KEY, base_url=server.url, journal=file, on_exit="detach"
        ) as music:
            job = call(music, name)
            async for update in job.updates():
                if update.task_id is not None:
                    break
        async with MusicSession(
            KEY, base_url=server.url, journal=file, on_exit="detach"
        ) as music:
            await music.resume()
            await music.jobs()

    [body] = map(json.loads, server.posts)
    assert body[field] in (name, [name])
    [warning] = [one for one in caught if one.category is MusicWarning]
    assert __file__ == warning.filename
    assert "is not known to this version" in str(warning.message)
    assert "Known are " in str(warning.message)


@pytest.mark.parametrize(
    ("call", "known", "spelling"),
    [
        pytest.param(call, known, spelling, id=f"{name}: {spelling}")
        for name, (call, _, known, spellings) in ARGUMENTS.items()
        for spelling in spellings
    ],
)
async def test_a_name_that_is_only_misspelt_is_refused_in_the_callers_line(
    call: Call, known: str, spelling: str
) -> None:
    """With the name that was meant, and nothing is sent."""
    with RawServer([YES], [DONE]) as server:
        async with MusicSession(KEY, base_url=server.url) as music:
            with pytest.raises(
                InvalidRequest, match="write '.*'. Nothing was"
            ) as caught:
                call(music, spelling)

    assert known in str(caught.value)
    assert "no" == caught.value.charged
    assert [] == server.posts


@pytest.mark.parametrize("made_by", ["chirp-v6", "sonic-v6", "other", "", None, 5, []])
async def test_who_made_a_clip_is_kept_beside_who_was_asked(
    made_by: object, tmp_path: Path
) -> None:
    """The service may render by another model; both are told, as far as it tells."""
    clips = [clip(n, mv=made_by, new={"a": 1}) for n in (1, 2)]
    with RawServer([YES], [ok(*clips)]) as server:
        async with MusicSession(
            KEY,
            base_url=server.url,
            journal=tmp_path / "journal.db",
            clock=AutojumpClock(),
        ) as music:
            job = music.suno.create("rain", model="chirp-v4-5", key="one")
            made = await job
            again = music.suno.create("rain", model="chirp-v4-5", key="one")
            kept = await again

    told = made_by if isinstance(made_by, str) else None
    assert [told, told] == [one.model for one in made] == [one.model for one in kept]
    assert [{"a": 1}] * 2 == [one.raw["new"] for one in made]
    assert [made_by] * 2 == [one.raw["mv"] for one in made]
    assert job.request is not None
    assert "chirp-v4-5" == getattr(job.request, "model", None)


@pytest.mark.parametrize(
    "more",
    [{"title": "T", "tags": "pop"}, {"title": "T"}, {"tags": "pop"}, {}],
    ids=str,
)
async def test_a_description_takes_a_title_and_tags(more: dict[str, str]) -> None:
    """As a sister's page shows them: beside it, and custom_mode stays false."""
    with RawServer([YES], [DONE]) as server:
        async with MusicSession(
            KEY, base_url=server.url, clock=AutojumpClock()
        ) as music:
            await music.suno.create("paper boats", **more)  # type: ignore[arg-type]

    [body] = map(json.loads, server.posts)
    words = {"custom_mode": False, "gpt_description_prompt": "paper boats", **more}
    assert words.items() <= body.items()
    assert "prompt" not in body


async def test_a_number_as_text_and_a_new_field_are_read() -> None:
    """What a reply has since today breaks nothing."""
    found = [clip(n, duration="182.5", new="x", state="SUCCEEDED") for n in (1, 2)]
    body = {"code": "200", "data": found, "message": None, "new": []}
    with RawServer([YES], [http(body)]) as server:
        async with MusicSession(
            KEY, base_url=server.url, clock=AutojumpClock()
        ) as music:
            made = await music.suno.create("rain")

    assert [182.5, 182.5] == [one.duration for one in made]
