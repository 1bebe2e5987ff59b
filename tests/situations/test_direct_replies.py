"""Replies that hold what was paid for themselves, in whatever form they come."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from raw_server import RawServer, Say, http
from situation import KEY, raw

from aiomusic import MusicSession, Request, SubmissionUnknown, lyrics, suno
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio

TEXTS = [{"title": "A", "lyrics": "la"}, {"title": "B", "lyrics": "lo"}]
WORDS = lyrics.Create("sky")
UPLOAD = suno.UploadAudio("https://e.org/a.mp3")
PERSONA = suno.CreatePersona("c1", name="Nana", description="a warm voice")

# What is sent, what is answered, and what its result must hold.
FOUND: dict[str, tuple[Request[Any], Say, str]] = {
    **{
        f"lyrics {name}": (WORDS, http(body), "text='la'), Lyrics(title='B'")
        for name, body in {
            "as documented": {"code": 200, "results": TEXTS, "message": "success"},
            "in data": {"code": 200, "data": TEXTS},
            "in data's results": {"data": {"results": TEXTS}},
            "in a result": {"result": {"results": TEXTS}},
            "alone": TEXTS,
            "under lyrics": {"lyrics": TEXTS},
            "in capitals": {"Results": TEXTS},
        }.items()
    },
    "lyrics behind a notice": (
        WORDS,
        http(b"<b>Notice</b>" + json.dumps({"results": TEXTS}).encode()),
        "text='la'",
    ),
    "lyrics in gzip": (
        WORDS,
        http(gzip.compress(json.dumps({"results": TEXTS}).encode())),
        "text='la'",
    ),
    "lyrics without their last byte": (WORDS, http({"results": TEXTS}, cut=1), "B"),
    "lyrics beside a null": (WORDS, http({"results": [None, TEXTS[0]]}), "text='la'"),
    **{
        f"an upload {name}": (UPLOAD, http(body), "clip_id='c9'")
        for name, body in {
            "as documented": {"code": 200, "clip_id": "c9"},
            "in data": {"data": {"clip_id": "c9"}},
            "in a list": {"data": [{"clip_id": "c9"}]},
            "in camel case": {"clipId": "c9"},
            "as id": {"id": "c9"},
        }.items()
    },
    "an upload that is a number": (UPLOAD, http({"clip_id": 77}), "clip_id='77'"),
    "an upload without its last byte": (
        UPLOAD,
        http({"clip_id": "c9"}, cut=1),
        "clip_id='c9'",
    ),
    **{
        f"a persona {name}": (PERSONA, http(body, status), "persona_id='p9'")
        for name, status, body in (
            ("as documented", 200, {"persona_id": "p9"}),
            ("created", 201, {"persona_id": "p9"}),
            ("in data", 200, {"data": {"persona_id": "p9"}}),
            ("in data, as id", 200, {"data": {"id": "p9"}}),
            ("in camel case", 200, {"personaId": "p9"}),
        )
    },
}
LOST: dict[str, tuple[Request[Any], Say, str]] = {
    "lyrics that are cut": (WORDS, http({"results": TEXTS}, cut=9), '"lyrics'),
    "lyrics that are none": (WORDS, http({"results": []}), "[]"),
    "lyrics beside a 500": (WORDS, http({"results": TEXTS}, 500), '"la"'),
    "an upload that is cut": (UPLOAD, http({"clip_id": "c9"}, cut=2), "c9"),
    "an upload beside a 502": (UPLOAD, http({"clip_id": "c9"}, 502), "c9"),
    "an upload that is a task": (UPLOAD, http({"task_id": "t-77"}), "t-77"),
    "a persona without an id": (PERSONA, http({"name": "p9"}), "p9"),
    "a drop": (PERSONA, raw(b""), "closed"),
}


@pytest.mark.parametrize(("request_", "said", "holds"), FOUND.values(), ids=FOUND)
async def test_a_result_is_read(request_: Request[Any], said: Say, holds: str) -> None:
    """It is paid for, and there."""
    with RawServer([said]) as server:
        async with MusicSession(
            KEY, base_url=server.url, clock=AutojumpClock()
        ) as music:
            found = await music.submit(request_)

    assert holds in repr(found)
    assert 1 == len(server.posts)


@pytest.mark.parametrize(("request_", "said", "holds"), LOST.values(), ids=LOST)
async def test_a_result_that_can_not_be_read_is_shown(
    request_: Request[Any], said: Say, holds: str, tmp_path: Path
) -> None:
    """In the error and in the journal, for a person to find what was paid for."""
    with RawServer([said]) as server:
        async with MusicSession(
            KEY,
            base_url=server.url,
            journal=tmp_path / "journal.db",
            clock=AutojumpClock(),
        ) as music:
            job = music.submit(request_)
            with pytest.raises(
                SubmissionUnknown, match="may have been charged"
            ) as lost:
                await job
            [record] = await music.jobs()

    assert holds in str(lost.value)
    assert holds in str(record.error)
    assert 1 == len(server.posts)
    assert "unknown" == lost.value.charged
