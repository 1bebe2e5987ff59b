"""What is charged, what is given back, and what tasks fail of."""

import pytest
from emulated import DESCRIBED, SUNG, SUNO, VOCAL, opened

pytestmark = pytest.mark.anyio

NOT_ENOUGH = (
    "The remaining credits are not enough."
    " You can buy more one-time credit packs or subscribe."
)


async def test_create_is_charged_when_it_is_taken() -> None:
    """Each call costs what the credits page says, at once."""
    async with opened(credits=100) as (api, client):
        await client.create("suno")
        await client.create("riffusion")
        await client.create("nuro")
        await client.post("/api/v1/suno/lyrics", {"description": "boats"})
        await client.post("/api/v1/suno/upload", {"url": "https://example.org/a.mp3"})

        assert (api.charged, api.charges, api.balance) == (34, 5, 66)
        assert api.submissions == 5


async def test_extra_credits_are_spent_first() -> None:
    """Extra credits are spent first, then those of the subscription."""
    async with opened(credits=50, extra_credits=15) as (_, client):
        await client.create()
        await client.create()

        reply = await client.get("/api/v1/get-credits")
        assert reply == (200, {"credits": 45, "extra_credits": 0})


async def test_balance_that_does_not_cover_is_refused() -> None:
    """A create that the balance does not cover is 403 and makes no task."""
    async with opened(credits=9) as (api, client):
        assert await client.post(SUNO, DESCRIBED) == (
            403,
            {"code": 403, "message": NOT_ENOUGH},
        )
        assert await client.post("/api/v1/nuro/create", VOCAL) == (
            403,
            {"type": "forbidden", "message": NOT_ENOUGH, "refund_processed": False},
        )
        assert (api.balance, api.submissions, len(api.tasks)) == (9, 2, 0)


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        ("[[format]]", "lyrics format is invalid"),
        ("[[copyright]]", "contain copyrighted content"),
        ("[[inappropriate]]", "contain inappropriate content"),
        ("[[moderation]]", "needs moderation review"),
        ("[[artist]]", "contains artist names"),
        ("[[producer]]", "contains producer tags"),
    ],
)
async def test_refused_content_shows_on_the_poll(marker: str, words: str) -> None:
    """Content that is refused is taken and charged, then 403, and refunded."""
    async with opened(credits=100) as (api, client):
        task_id = await client.create("suno", {**SUNG, "prompt": f"la {marker}"})
        charged = api.charged
        await client.poll(task_id)
        await client.poll(task_id)
        status, body = await client.poll(task_id)

        assert charged == 10
        assert status == 403
        assert words in body["message"]
        assert (api.charged, api.refunds, api.balance) == (0, 1, 100)
        assert api.in_flight == 0


async def test_refund_happens_once() -> None:
    """A failed task stays failed and is refunded once."""
    async with opened(credits=100) as (api, client):
        task_id = await client.create("suno", {**SUNG, "prompt": "[[copyright]]"})
        await client.end(task_id)
        status, _ = await client.end(task_id)

        assert status == 403
        assert (api.refunds, api.balance) == (1, 100)


async def test_failed_clips_say_what_happened_to_the_credits() -> None:
    """A failed suno task has failed clips whose message tells of the refund."""
    async with opened(credits=100) as (api, client):
        task_id = await client.create("suno", {**SUNG, "prompt": "[[fail]]"})
        status, body = await client.end(task_id)

        assert status == 200
        assert {clip["state"] for clip in body["data"]} == {"failed"}
        assert {clip["error_message"] for clip in body["data"]} == {
            "Generation failed. Credits have been refunded."
        }
        assert {clip["audio_url"] for clip in body["data"]} == {""}
        assert api.balance == 100


async def test_one_clip_of_two_can_fail() -> None:
    """One failed clip leaves the other, and the credits spent."""
    async with opened(credits=100) as (api, client):
        task_id = await client.create("suno", {**SUNG, "prompt": "[[fail-one]]"})
        _, body = await client.end(task_id)

        assert [clip["state"] for clip in body["data"]] == ["succeeded", "failed"]
        assert api.balance == 90


async def test_timeout_is_504() -> None:
    """A task that timed out answers 504 and says that it was refunded."""
    async with opened(credits=100) as (api, client):
        task_id = await client.create("suno", {**SUNG, "prompt": "[[timeout]]"})
        status, body = await client.end(task_id)

        assert (status, body["message"]) == (
            504,
            "Task failed due to timeout. Credits were previously refunded.",
        )
        assert api.balance == 100


@pytest.mark.parametrize(
    ("marker", "status", "kind", "message"),
    [
        ("[[fail]]", 500, "api_error", "Algorithm error"),
        ("[[semantic]]", 500, "api_error", "Semantic error, please try again"),
        ("[[language]]", 400, "bad_request", "Input language not supported"),
    ],
)
async def test_nuro_fails_with_an_error_of_its_table(
    marker: str, status: int, kind: str, message: str
) -> None:
    """A failed nuro task answers with an error that tells of the refund."""
    async with opened(credits=100) as (api, client):
        body = {**VOCAL, "lyrics": VOCAL["lyrics"] + marker}
        task_id = await client.create("nuro", body)
        reply = await client.end(task_id, "nuro")

        told = {"type": kind, "message": message, "refund_processed": True}
        assert reply == (status, told)
        assert api.balance == 100


async def test_direct_call_with_refused_content_is_not_charged() -> None:
    """Content of a call without a task is refused at once."""
    async with opened(credits=100) as (api, client):
        status, body = await client.post(
            "/api/v1/suno/lyrics", {"description": "[[moderation]]"}
        )

        assert (status, api.balance) == (403, 100)
        assert "moderation" in body["message"]
