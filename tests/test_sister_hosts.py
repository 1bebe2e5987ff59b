"""The same program at this service and at a sister host, by one argument."""

import asyncio
from typing import Any

import aiohttp
import pytest
from operations import OPERATIONS, Operation
from scripted import KEY, Answer, Scripted, example

from aiomusic import (
    ApiError,
    AuthenticationFailed,
    BudgetExceeded,
    Charged,
    ContentRefused,
    InvalidRequest,
    JobFailed,
    MusicError,
    MusicSession,
    OutOfCredits,
    SubmissionUnknown,
    SubscriptionInactive,
    TaskNotFound,
    batch,
    suno,
)
from aiomusic._http.dialects import SONIC, SUNO, DialectName, dialect_for
from aiomusic.cli._service import price_of_host
from aiomusic.emulator import Emulator, Pace
from aiomusic.providers._all import requests
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio

DIALECTS = pytest.mark.parametrize("dialect", ["suno", "sonic"])
PRICES = {"suno.create": (10, 15), "riffusion.create": (10, 12), "suno.concat": (2, 2)}


def _emulator(dialect: DialectName, **options: Any) -> Emulator:
    return Emulator(
        preview_s=20, pace=Pace.polls(), media=False, dialect=dialect, **options
    )


def _session(
    api: Emulator,
    dialect: DialectName | None,
    **options: Any,
) -> MusicSession:
    given = {"clock": AutojumpClock(), **options}
    return MusicSession(api.key, base_url=api.url, dialect=dialect, **given)


@DIALECTS
@pytest.mark.parametrize(
    ("name", "operation"), OPERATIONS.items(), ids=OPERATIONS.keys()
)
async def test_every_operation_runs_at_both(
    dialect: DialectName, name: str, operation: Operation
) -> None:
    """A program makes the same results at both; what is charged is the job's cost."""
    provider, _, method = name.partition(".")
    async with _emulator(dialect) as api, _session(api, dialect) as music:
        job = getattr(getattr(music, provider), method)(**operation.fields)
        result = await job

        made = result if isinstance(result, tuple) else (result,)
        assert {operation.result} == {type(one) for one in made}
        assert api.charged == job.cost == music.quote([job.request]).credits
        if name in PRICES:
            assert PRICES[name][dialect == "sonic"] == job.cost


async def test_paths_and_models_have_the_sisters_names() -> None:
    """On the wire suno is sonic, in the path and in the model, and nothing else is."""
    reply = example("suno_get_music_succeeded")
    clips = [{**reply["data"][0], "clip_id": name} for name in ("a", "b")]
    task_path = "/api/v1/sonic/task/{task_id}"
    words = "chirp-v5 sings of /api/v1/suno/"
    async with Scripted() as api:
        done = Answer({**reply, "data": clips})
        api.creates("/api/v1/sonic/create", done, task_path=task_path)
        async with MusicSession(
            KEY, base_url=api.url, dialect="sonic", poll_every_s=0
        ) as music:
            job = music.suno.create(words, model="chirp-v5")
            await job

    (post,) = api.posts
    assert "/api/v1/sonic/create" == post.path
    assert "sonic-v5" == post.json["mv"]
    assert words == post.json["gpt_description_prompt"]
    assert [f"/api/v1/sonic/task/{job.task_id}"] == [poll.path for poll in api.polls]


@pytest.mark.parametrize(
    ("name", "base_url", "expected"),
    [
        (None, "https://api.sunoapi.com", SUNO),
        (None, "https://api.musicapi.ai", SONIC),
        (None, "https://aimusicapi.ai/x", SONIC),
        (None, "https://notmusicapi.ai", SUNO),
        (None, "http://127.0.0.1:9", SUNO),
        ("sonic", "http://127.0.0.1:9", SONIC),
        ("suno", "https://api.musicapi.ai", SUNO),
    ],
)
def test_the_address_tells_the_dialect(
    name: str | None, base_url: str, expected: object
) -> None:
    """A sister's address is enough; what the caller says goes first."""
    assert expected is dialect_for(name, base_url)


def test_a_dialect_that_there_is_not_is_refused() -> None:
    """It is told at once, with the names that there are."""
    with pytest.raises(ValueError, match='dialect is .*"suno" or "sonic"'):
        MusicSession("k", dialect="sonik")  # type: ignore[arg-type]


async def test_this_services_host_is_not_spoken_to_as_a_sister(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without an address nothing is sent."""
    monkeypatch.delenv("AIOMUSIC_BASE_URL", raising=False)

    with pytest.raises(ValueError, match="does not speak it: give base_url="):
        async with MusicSession("k", dialect="sonic"):
            pass


async def test_a_budget_counts_the_sisters_prices() -> None:
    """30 credits are two songs of 15, and no third of 10."""
    async with (
        _emulator("sonic") as api,
        _session(api, "sonic", max_credits=30) as music,
    ):
        jobs = [music.suno.create("rain") for _ in range(3)]
        ended = await asyncio.gather(*jobs, return_exceptions=True)

    assert 30 == api.charged
    assert 1 == sum(isinstance(one, BudgetExceeded) for one in ended)


async def test_a_batch_is_planned_at_the_sisters_prices(tmp_path: Any) -> None:
    """What rows are said to cost, is what they are charged."""
    rows = [{"key": "a", "provider": "suno", "description": "rain"}]
    async with _emulator("sonic") as api, _session(api, "sonic") as music:
        running = batch.run(music, rows, tmp_path)
        planned = [row.cost for row in running.rows.values()]
        async for _ in running:
            pass

    assert [15] == planned
    assert 15 == api.charged
    assert [10] == [row.cost for row in batch.plan(rows).rows]
    assert [15] == [row.cost for row in batch.plan(rows, price=SONIC.price).rows]


def test_the_command_prices_by_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host that the environment names has its prices; a bad address is no crash."""
    prices = []
    for url in ("https://api.musicapi.ai", "https://api.sunoapi.com", "://"):
        monkeypatch.setenv("AIOMUSIC_BASE_URL", url)
        prices.append(price_of_host(suno.Create("rain")))

    assert [15, 10, 10] == prices


async def test_resumed_jobs_keep_the_sisters_price(tmp_path: Any) -> None:
    """A job that another session takes up costs as much as when it was bought."""
    journal = tmp_path / "songs.db"
    async with Emulator(
        preview_s=20, pace=Pace.polls(pending=10**9), media=False, dialect="sonic"
    ) as api:
        async with _session(api, "sonic", journal=journal, on_exit="detach") as music:
            job = music.suno.create("rain")
            async for _ in job.updates():
                if job.task_id is not None:
                    break
        async with _session(api, "sonic", journal=journal, on_exit="detach") as music:
            (again,) = await music.resume()
            spent = await music.spending()

    assert (15, 15) == (job.cost, again.cost)
    assert 15 == spent["suno.create"].credits + spent["suno.create"].reserved


# Which error each refusal of the table becomes, on a create, at both hosts.
REFUSED: dict[str, tuple[int, int, type[MusicError]]] = {
    "invalid": (400, 400, InvalidRequest),
    "no_key": (401, 401, AuthenticationFailed),
    "key_format": (401, 401, AuthenticationFailed),
    "bad_key": (401, 401, AuthenticationFailed),
    "expired_key": (401, 401, AuthenticationFailed),
    "no_credits": (403, 402, OutOfCredits),
    "no_subscription": (403, 403, SubscriptionInactive),
    "lyrics_format": (403, 403, ContentRefused),
    "copyright": (403, 403, ContentRefused),
    "inappropriate": (403, 403, ContentRefused),
    "moderation": (403, 403, ContentRefused),
    "artist": (403, 403, ContentRefused),
    "producer_tag": (403, 403, ContentRefused),
    "language": (400, 400, InvalidRequest),
    "retired": (410, 410, ApiError),
    "server_error": (500, 500, SubmissionUnknown),
    "timeout": (504, 504, SubmissionUnknown),
}


@DIALECTS
@pytest.mark.parametrize("kind", REFUSED)
async def test_every_refusal_is_the_same_error_at_both(
    dialect: DialectName,
    kind: Any,
) -> None:
    """A refused create has one type, whatever shape and status the host gives it."""
    here, there, expected = REFUSED[kind]
    async with _emulator(dialect) as api, _session(api, dialect) as music:
        api.fault(kind, on="create")

        with pytest.raises(expected) as caught:
            await music.suno.create("rain")

    error = caught.value
    if isinstance(error, ApiError):
        assert (there if dialect == "sonic" else here) == error.status
        assert Charged.NO is error.charged
    assert 0 == api.charged


@DIALECTS
@pytest.mark.parametrize("kind", ["rate_limited", "qps", "queue_full"])
async def test_what_is_refused_for_now_is_waited_out_at_both(
    dialect: DialectName,
    kind: Any,
) -> None:
    """A 429 and a full queue hold a create back, and it is bought once."""
    async with _emulator(dialect) as api, _session(api, dialect) as music:
        api.fault(kind, on="create")
        await music.suno.create("rain")

    assert 1 == api.charges


@DIALECTS
async def test_an_unknown_task_is_not_found_at_both(dialect: DialectName) -> None:
    """Whether it answers 400 or 404, a task that there is not is not found."""
    async with _emulator(dialect) as api, _session(api, dialect) as music:
        with pytest.raises(TaskNotFound):
            await music.suno.get("00000000-0000-4000-8000-000000000000")


@DIALECTS
async def test_a_refused_task_fails_at_both(dialect: DialectName) -> None:
    """What the model refuses on a poll is told by its type, and refunded."""
    async with _emulator(dialect) as api, _session(api, dialect) as music:
        job = music.suno.create("[[copyright]] rain")
        with pytest.raises((ContentRefused, JobFailed)):
            await job

    assert 0 == api.charged


async def test_the_emulator_speaks_as_the_sister() -> None:
    """Errors have a type and a text, models the sister's names, and suno no path."""
    bodies = {
        "/api/v1/sonic/create": suno.Create("x", model="chirp-v5").to_body(),
        "/api/v1/suno/create": {},
        "/api/v1/sonic/upload": {"url": 5},
    }
    found: dict[str, tuple[int, Any]] = {}
    async with _emulator("sonic", credits=0) as api:
        headers = {"Authorization": f"Bearer {api.key}"}
        async with aiohttp.ClientSession(api.url, headers=headers) as http:
            for path, body in bodies.items():
                async with http.post(path, json=body) as reply:
                    found[path] = reply.status, await reply.json()

    broke, absent, wrong = found.values()
    assert (402, "insufficient_credits") == (broke[0], broke[1]["type"])
    assert broke[1]["error"].startswith("The remaining credits are not enough.")
    assert (404, "not_found") == (absent[0], absent[1]["type"])
    assert (400, "validation_error") == (wrong[0], wrong[1]["type"])


async def test_the_models_of_replies_are_the_sisters() -> None:
    """A clip has the model that was asked for, under the host's name of it."""
    async with _emulator("sonic") as api, _session(api, "sonic") as music:
        clips = await music.suno.create("rain", model="chirp-v5")

    assert {"sonic-v5"} == {clip.model for clip in clips}


def test_prices_are_known_for_every_operation() -> None:
    """A sister's price is never below this service's, where both are known."""
    for name, operation in OPERATIONS.items():
        request = requests()[name](**operation.fields)
        assert SUNO.price(request) == request.cost
        assert SONIC.price(request) >= request.cost
