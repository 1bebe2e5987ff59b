"""Lyrics and the balance: calls that no task follows."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from scripted import KEY, Answer, Scripted, exact, example

from aiomusic import (
    Credits,
    InvalidRequest,
    Lyrics,
    MusicJob,
    MusicSession,
    SubmissionUnknown,
    lyrics,
)

pytestmark = pytest.mark.anyio

PATH = "/api/v1/suno/lyrics"


@pytest.fixture
async def api() -> AsyncIterator[Scripted]:
    async with Scripted() as api:
        yield api


@pytest.fixture
async def music(api: Scripted) -> AsyncIterator[MusicSession]:
    async with api.session() as music:
        yield music


@pytest.mark.parametrize(
    ("call", "body"),
    [
        (
            lambda m: m.lyrics.create("a song about sky"),
            {"description": "a song about sky"},
        ),
        (
            lambda m: m.lyrics.create(description="x" * 120, extra={"language": "en"}),
            {"description": "x" * 120, "language": "en"},
        ),
    ],
    ids=["the page's example", "extra"],
)
async def test_create_sends_exactly_its_body_and_gives_both_versions(
    api: Scripted,
    music: MusicSession,
    call: Callable[[MusicSession], MusicJob[Any]],
    body: dict[str, object],
) -> None:
    """The reply is the result, at 2 credits; nothing is polled afterwards."""
    recorded = example("lyrics_ok_partial")
    api.answer(PATH, Answer(recorded))

    job = call(music)
    found = await job

    (post,) = api.calls
    assert exact(body) == exact(post.json)
    assert ("POST", PATH, f"Bearer {KEY}") == (
        post.method,
        post.path,
        post.headers["authorization"],
    )
    assert ("Paper Boats", "Gutter Rain") == tuple(one.title for one in found)
    text = recorded["results"][0]["lyrics"]
    assert Lyrics(title="Paper Boats", text=text) == found[0]
    assert 2 == job.cost


@pytest.mark.parametrize(
    ("description", "rule"),
    [("", "at least 1"), ("x" * 121, "at most 120"), (None, "needed"), (5, "text")],
    ids=["empty", "121", "None", "5"],
)
async def test_a_broken_rule_is_refused_in_the_callers_line(
    api: Scripted,
    music: MusicSession,
    description: Any,
    rule: str,
) -> None:
    """The plain call raises, names the field and the rule, and sends nothing."""
    with pytest.raises(
        InvalidRequest, match=r"^lyrics\.create: description .*Nothing was sent\.$"
    ) as caught:
        music.lyrics.create(description)

    assert ("description", True) == (
        caught.value.field,
        rule in str(caught.value.rule),
    )
    assert __file__ == str(caught.traceback[0].path)
    assert [] == api.calls


async def test_a_reply_without_texts_is_not_taken_for_one(
    api: Scripted, music: MusicSession
) -> None:
    """What came is shown, and the money is said to be uncertain."""
    api.answer(PATH, Answer({"code": 200, "results": [{"title": "x"}]}))

    with pytest.raises(SubmissionUnknown, match="it has no lyrics") as caught:
        await music.lyrics.create("x")

    assert "unknown" == caught.value.charged
    assert 1 == len(api.calls)


def test_the_request_stands_alone() -> None:
    """A queue message and a method call are the same value."""
    request = lyrics.Create("a song about sky")

    assert lyrics.Create(description="a song about sky") == request
    assert request == lyrics.Create.from_body(request.to_body())


async def test_credits_are_the_recorded_ones(
    api: Scripted, music: MusicSession
) -> None:
    """Both numbers are given, and their sum."""
    api.answer("/api/v1/get-credits", Answer(example("get_credits")))

    found = await music.credits()

    (call,) = api.calls
    assert Credits(credits=50, extra_credits=0) == found
    assert ("GET", b"", f"Bearer {KEY}") == (
        call.method,
        call.body,
        call.headers["authorization"],
    )


@pytest.mark.parametrize(
    "body",
    [{"credits": "50", "extra_credits": "25"}, {"credits": 50, "extra_credits": 25}],
    ids=["text", "numbers"],
)
async def test_credits_add_up(
    api: Scripted, music: MusicSession, body: dict[str, object]
) -> None:
    """The total is what can be spent, however the numbers are spelt."""
    api.answer("/api/v1/get-credits", Answer({**body, "plan": "unknown key"}))

    assert 75 == (await music.credits()).total
