"""Words that the service refuses, without a marker in the text."""

from typing import Any

import pytest
from emulated import DESCRIBED, SUNG, VOCAL, opened

from aiomusic.emulator import Emulator

pytestmark = pytest.mark.anyio

PERSONA = "/api/v1/suno/persona"
LYRICS = "/api/v1/suno/lyrics"


@pytest.mark.parametrize(
    ("word", "body", "said"),
    [
        ("boats", SUNG, "The lyrics contain inappropriate content: 'boats'."),
        ("BOATS", {**SUNG, "prompt": "la la"}, "needs moderation review."),
        ("r&b  pop", DESCRIBED, "needs moderation review."),
        ("\uff30\uff2f\uff30", DESCRIBED, "needs moderation review."),
        ("纸船", {**SUNG, "prompt": "我的纸船走了"}, "inappropriate content: '纸船'."),
        ("boats", {**SUNG, "auto_lyrics": True}, "needs moderation review."),
    ],
    ids=["lyrics", "title", "phrase", "width", "unspaced", "described"],
)
async def test_a_word_refuses_the_task(
    word: str, body: dict[str, Any], said: str
) -> None:
    """The poll says which, as the service does, and the credits are back."""
    async with opened(refuse_words=[word]) as (api, client):
        status, reply = await client.end(await client.create("suno", body))

    assert 403 == status
    assert said in reply["message"]
    assert (0, 1) == (api.charged, api.refunds)


async def test_nuro_refuses_it_too() -> None:
    """In its own words for a refund."""
    async with opened(refuse_words=["boats"]) as (_, client):
        status, reply = await client.end(await client.create("nuro", VOCAL), "nuro")

    assert 403 == status
    assert {"type", "message", "refund_processed"} == reply.keys()
    assert reply["refund_processed"] is True


@pytest.mark.parametrize(
    "body",
    [
        {**SUNG, "prompt": "houseboats", "title": "boatsman"},
        {**SUNG, "prompt": "la", "title": "la", "negative_tags": "boats"},
        {**SUNG, "prompt": "la", "title": "la", "webhook_secret": "boats"},
    ],
    ids=["part of a word", "excluded", "no text"],
)
async def test_other_words_are_not_refused(body: dict[str, Any]) -> None:
    """A word within another, one that is not wanted, and what is no content."""
    async with opened(refuse_words=["boats"]) as (api, client):
        assert 200 == (await client.end(await client.create("suno", body)))[0]
        assert 10 == api.charged


async def test_a_word_may_have_its_own_refusal() -> None:
    """The sentence quotes it."""
    words = {"r&b": "artist"}
    async with opened(refuse_words=words) as (_, client):
        _, reply = await client.end(await client.create())

    assert "artist names: 'r&b' which is not allowed." in reply["message"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (LYRICS, {"description": "a rude song"}),
        (PERSONA, {"name": "Rude", "description": "d", "continue_clip_id": "c"}),
    ],
)
async def test_what_is_answered_at_once_is_refused_at_once(
    path: str, body: dict[str, Any]
) -> None:
    """Without a charge, as there is no task to refund."""
    async with opened(refuse_words=["rude"]) as (api, client):
        status, _ = await client.post(path, body)

        assert (403, 0) == (status, api.charged)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("rude", "is a list of words"),
        (["ok", " "], "a word of refuse_words is empty"),
        ({"Beatles": "artists"}, "'Beatles' is 'artists'; it is one of .*artist"),
    ],
)
def test_words_that_make_no_sense_are_refused(words: Any, why: str) -> None:
    """Where they are given, not at the first request."""
    with pytest.raises((TypeError, ValueError), match=why):
        Emulator(refuse_words=words)
