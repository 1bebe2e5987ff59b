"""The refusals of the service, as a client of HTTP meets them."""

import email.utils
import json
from datetime import timedelta
from typing import Any, get_args

import pytest
from emulated import BODIES, SUNO, Client, Standing, opened

from aiomusic.emulator import Emulator, FaultKind, Pace, RetryForm
from aiomusic.emulator._refusals import REFUSALS, RefusalKind

pytestmark = pytest.mark.anyio

OVER = Pace.seconds(0, 0)
SAID: dict[RefusalKind, tuple[int, str]] = {
    "not_ready": (202, "still processing"),
    "invalid": (400, "The 'mv' field is invalid"),
    "custom_mode_type": (400, "The 'custom_mode' field should be boolean."),
    "instrumental_type": (400, "The 'make_instrumental' field should be boolean."),
    "prompt_too_long": (400, "The prompt character length should be less than 3000."),
    "gpt_description_too_long": (
        400,
        "The 'gpt_description_prompt' character length should be less than 200.",
    ),
    "tags_too_long": (400, "The tags character length should be less than 200."),
    "title_too_long": (400, "The title character length should be less than 80."),
    "persona_missing": (400, "required when task_type = persona_music."),
    "persona_fields": (400, "name and continue_clip_id are required fields."),
    "persona_name_too_long": (400, "The name character length should be less than 80."),
    "persona_description_too_long": (
        400,
        "The description character length should be less than 200.",
    ),
    "description_missing": (400, "description is required."),
    "description_too_long": (
        400,
        "The description character length should be less than 120.",
    ),
    "task_id_missing": (400, "missing task id."),
    "language": (400, "Input language not supported"),
    "task_not_found": (400, "task not found."),
    "no_key": (401, "Authorization header is missing."),
    "key_format": (401, "Invalid authorization format."),
    "bad_key": (401, "Invalid API key."),
    "expired_key": (401, "Authorization expired"),
    "no_credits": (403, "The remaining credits are not enough."),
    "no_subscription": (403, "You do not have an active subscription."),
    "queue_full": (403, "Queue is full"),
    "qps": (403, "API QPS limit exceeded"),
    "usage_limit": (403, "API usage limit exceeded"),
    "lyrics_format": (403, "The lyrics format is invalid."),
    "copyright": (403, "The lyrics contain copyrighted content: '"),
    "inappropriate": (403, "The lyrics contain inappropriate content: '"),
    "moderation": (403, "The song description needs moderation review."),
    "artist": (403, "The song description contains artist names: '"),
    "producer_tag": (403, "The song description contains producer tags: '"),
    "retired": (410, "retired"),
    "rate_limited": (429, "Too Many Requests."),
    "server_error": (500, "Internal Server Error."),
    "api_error": (500, "API system error, please contact administrator"),
    "semantic": (500, "Semantic error, please try again"),
    "algorithm": (500, "Algorithm error"),
    "timeout": (504, "Task failed due to timeout."),
}
NURO: dict[RefusalKind, tuple[int, str]] = {
    "task_not_found": (404, "Task not found"),
    "bad_key": (401, "Invalid signature"),
}
OWN_WORDS: dict[str, dict[RefusalKind, tuple[int, str]]] = {
    "nuro": NURO,
    "producer": {"task_not_found": (404, "task not found")},
}
OF_A_FIELD = {
    kind
    for kind, one in REFUSALS.items()
    if one.kind == "bad_request" and kind not in {"invalid", "language"}
}
ENDING = {kind for kind, one in REFUSALS.items() if one.ends_task}


def test_every_refusal_is_in_the_tables() -> None:
    """The kinds that are typed, written down and tested here are the same."""
    assert set(get_args(RefusalKind)) == REFUSALS.keys() == SAID.keys()
    assert set(get_args(RefusalKind)) < set(get_args(FaultKind))
    for kind in get_args(FaultKind):
        assert f"\n        {kind} " in str(Emulator.fault.__doc__)


@pytest.mark.parametrize(
    ("given", "meant"),
    [("queue-full", "queue_full"), ("Rate Throttled", "rate_limited")],
)
def test_a_wrong_name_names_the_right_one(given: Any, meant: str) -> None:
    """The one that is meant comes first, and all others follow."""
    api = Emulator()

    with pytest.raises(ValueError, match=f"did you mean '{meant}'\\? It is one of"):
        api.fault(given, on="create")
    with pytest.raises(ValueError, match="it is one of cut_body, .*, title_too_long"):
        api.fault("xyz")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="did you mean 'create'"):
        api.fault("fail", on="creates")  # type: ignore[arg-type]


@pytest.mark.parametrize("provider", BODIES)
@pytest.mark.parametrize("kind", SAID)
async def test_create_is_refused_in_the_services_words(
    kind: RefusalKind, provider: str
) -> None:
    """Nothing is made or charged; nuro and producer have words of their own."""
    async with opened() as (api, client):
        fault = api.fault(kind, on="create")

        path = f"/api/v1/{provider}/create"
        status, body = await client.post(path, BODIES[provider])
        expected = {**SAID, **OWN_WORDS.get(provider, {})}[kind]

        assert status == expected[0]
        assert expected[1] in body.get("message", body.get("error"))
        if kind != "not_ready":
            first = "type" if provider == "nuro" else "code"
            assert body.keys() == {"nuro": {"type", "message", "refund_processed"}}.get(
                provider, {"code", "message"}
            )
            assert body[first]
        assert (api.charged, len(api.tasks), fault.struck) == (0, 0, 1)
        await client.create(provider)
        assert api.charged == 10


@pytest.mark.parametrize("provider", BODIES)
@pytest.mark.parametrize("kind", sorted(SAID.keys() - ENDING - OF_A_FIELD))
async def test_poll_that_is_refused_leaves_the_task_alone(
    kind: RefusalKind, provider: str
) -> None:
    """One poll fails; the next one sees the task as if there had been none."""
    async with opened(pace=OVER) as (api, client):
        task_id = await client.create(provider)
        api.fault(kind, on="poll")

        status, _ = await client.poll(task_id, provider)
        after, body = await client.poll(task_id, provider)

        assert status == {**SAID, **OWN_WORDS.get(provider, {})}[kind][0]
        assert after == 200
        assert "succeeded" in json.dumps(body)
        assert (api.charged, api.refunds) == (10, 0)


@pytest.mark.parametrize("pace", [Pace.polls(), OVER], ids=["open", "over"])
@pytest.mark.parametrize("provider", BODIES)
@pytest.mark.parametrize("kind", sorted(ENDING))
async def test_poll_can_tell_that_the_task_was_refused(
    kind: RefusalKind, provider: str, pace: Pace
) -> None:
    """The task is over and refunded, and every later poll says the same."""
    async with opened(pace=pace) as (api, client):
        task_id = await client.create(provider)
        api.fault(kind, on="poll", skip=1)
        await client.poll(task_id, provider)

        said = await client.poll(task_id, provider)

        assert said == await client.poll(task_id, provider)
        assert said[0] == SAID[kind][0]
        assert SAID[kind][1] in said[1]["message"]
        assert said[1].get("refund_processed", True)
        assert (api.charged, api.refunds, api.in_flight) == (0, 1, 0)


async def test_refusal_takes_other_words_and_another_status() -> None:
    """The message and the status can be ordered, on creates and on polls."""
    async with opened() as (api, client):
        api.fault("queue_full", message="Queue is full, 9 waiting", status=429)
        api.fault("copyright", on="poll", message="It is another's.")

        created = await client.post(SUNO, BODIES["suno"])
        said = await client.poll(await client.create())

        assert created == (429, {"code": 429, "message": "Queue is full, 9 waiting"})
        assert said == (403, {"code": 403, "message": "It is another's."})


async def test_refusal_after_the_work_is_done() -> None:
    """With after=True the task is made and charged, though the answer is a no."""
    async with opened() as (api, client):
        api.fault("server_error", on="create", after=True)

        status, body = await client.post(SUNO, BODIES["suno"])

        assert (status, "task_id" in body) == (500, False)
        assert (api.charged, len(api.tasks)) == (10, 1)


@pytest.mark.parametrize(
    ("retry_after", "header"),
    [
        (7, "7"),
        (0, "0"),
        (12.5, "12.5"),
        ("soon", "soon"),
        (None, None),
        (timedelta(seconds=90), "Tue, 14 Nov 2023 22:14:50 GMT"),
        (timedelta(hours=-1), "Tue, 14 Nov 2023 21:13:20 GMT"),
    ],
)
async def test_rate_limit_says_when_in_each_form(
    retry_after: float | str | timedelta | None, header: str | None
) -> None:
    """Seconds, text, a date by the emulator's clock, or nothing."""
    async with opened(clock=Standing()) as (api, client):
        api.fault("rate_limited", on="create", retry_after=retry_after)

        async with client.http.post(SUNO, json=BODIES["suno"]) as reply:
            assert reply.status == 429
            assert reply.headers.get("Retry-After") == header
            if isinstance(retry_after, timedelta):
                assert reply.headers["Date"] == "Tue, 14 Nov 2023 22:13:20 GMT"


@pytest.mark.parametrize("provider", BODIES)
async def test_id_can_come_beside_an_error(provider: str) -> None:
    """The create is answered 500 with the id of a task that is paid for and lives."""
    async with opened() as (api, client):
        api.fault("id_beside_error")

        path = f"/api/v1/{provider}/create"
        status, body = await client.post(path, BODIES[provider])
        (task_id,) = api.tasks
        after, _ = await client.end(task_id, provider)

        assert (status, body["task_id"], api.charged) == (500, task_id, 10)
        assert body["message"] == "Internal Server Error."
        assert (after, api.refunds) == (200, 0)


async def test_id_can_come_in_the_legacy_envelope() -> None:
    """The id is in ``data``; what makes no task is answered as ever."""
    async with opened() as (api, client):
        api.fault("legacy", times=2)

        reply = await client.post(SUNO, BODIES["suno"])
        (task_id,) = api.tasks
        lyrics = await client.post("/api/v1/suno/lyrics", {"description": "sky"})

        told = {"code": 200, "data": {"task_id": task_id}, "message": "success"}
        assert reply == (200, told)
        assert "results" in lyrics[1]


def urls(body: dict[str, Any]) -> list[bool]:
    """Return whether each listed clip has a link."""
    clips = body.get("data", [body])
    return [bool(clip["audio_url"]) for clip in clips]


async def test_link_can_come_some_polls_after_the_end() -> None:
    """All clips have succeeded, and their links are filled in by a later poll."""
    async with opened(pace=OVER) as (api, client):
        api.fault("late_link", polls=2)
        api.fault("late_link", polls=1, clips=1)
        first, second = await client.create(), await client.create()

        seen = [(await client.poll(first))[1] for _ in range(4)]

        assert [urls(body) for body in seen] == [
            [False, False],
            [False, False],
            [True, True],
            [True, True],
        ]
        assert all(clip["state"] == "succeeded" for clip in seen[0]["data"])
        assert urls((await client.poll(second))[1]) == [True, False]
        assert urls((await client.poll(second))[1]) == [True, True]


async def test_link_can_come_some_seconds_after_the_end() -> None:
    """Without a number of polls, the emulator's clock tells."""
    clock = Standing()
    async with opened(pace=Pace.seconds(1, 1), clock=clock) as (api, client):
        api.fault("late_link", seconds=8)
        api.fault("late_link", provider="nuro")
        task_id, nuro = await client.create(), await client.create("nuro")

        clock.at = 1.9
        playable = urls((await client.poll(task_id))[1])
        clock.at = 2
        at_the_end = urls((await client.poll(task_id))[1])
        nuros = urls((await client.poll(nuro, "nuro"))[1])
        clock.at = 9.9
        before = urls((await client.poll(task_id))[1])
        clock.at = 10
        after = urls((await client.poll(task_id))[1])

        assert [playable, at_the_end, before, after] == [[False] * 2] * 3 + [[True] * 2]
        assert nuros == [False]
        assert urls((await client.poll(nuro, "nuro"))[1]) == [True]


@pytest.mark.parametrize("provider", ["suno", "riffusion"])
async def test_second_clip_can_come_late(provider: str) -> None:
    """The task is over with one clip listed; a later poll lists both."""
    async with opened(pace=OVER) as (api, client):
        api.fault("late_clip", polls=2)
        task_id = await client.create(provider)

        seen = [urls((await client.poll(task_id, provider))[1]) for _ in range(3)]

        assert seen == [[True], [True], [True, True]]


async def test_late_clips_can_be_all_and_nuros_only_has_no_link() -> None:
    """More clips than there are is all of them; nuro has no list of clips."""
    async with opened(pace=OVER) as (api, client):
        api.fault("late_clip", polls=1, clips=5)
        api.fault("late_clip", polls=1)
        suno, nuro = await client.create(), await client.create("nuro")

        assert urls((await client.poll(suno))[1]) == []
        assert urls((await client.poll(nuro, "nuro"))[1]) == [False]
        assert urls((await client.poll(nuro, "nuro"))[1]) == [True]


@pytest.mark.parametrize("status", [200, 403, 504])
async def test_page_comes_with_any_status_and_any_words(status: int) -> None:
    """A firewall's page may use the words of the service's own refusals."""
    async with opened() as (api, client):
        task_id = await client.create()
        api.fault("html", on="poll", status=status, message="Copyright violation")

        async with client.http.get(f"/api/v1/suno/task/{task_id}") as reply:
            text = await reply.text()
            assert (reply.status, reply.content_type) == (status, "text/html")
        assert "<h1>Copyright violation</h1>" in text


@pytest.mark.parametrize("provider", BODIES)
async def test_queue_has_an_end(provider: str) -> None:
    """So many tasks at a time are taken; one more is refused until one is over."""
    async with opened(max_in_flight=2) as (api, client):
        first, _ = await client.create(provider), await client.create("suno")

        path = f"/api/v1/{provider}/create"
        status, body = await client.post(path, BODIES[provider])
        lyrics, _ = await client.post("/api/v1/suno/lyrics", {"description": "sky"})
        charged = api.charged
        await client.end(first, provider)
        await client.create(provider)

        assert (status, body["message"]) == (403, "Queue is full")
        assert (lyrics, charged, api.peak_in_flight) == (200, 22, 2)


async def test_queue_is_let_in_by_the_clock() -> None:
    """A task that is over by the clock frees its slot without a poll."""
    clock = Standing()
    options: dict[str, Any] = {"pace": Pace.seconds(1, 1), "clock": clock}
    async with opened(max_in_flight=1, **options) as (_, client):
        await client.create()
        before, _ = await client.post(SUNO, BODIES["suno"])
        clock.at = 2
        after, _ = await client.post(SUNO, BODIES["suno"])

        assert (before, after) == (403, 200)


async def paced(client: Client) -> tuple[int, dict[str, str]]:
    async with client.http.post(SUNO, json=BODIES["suno"]) as reply:
        names = ("Retry-After", "Date")
        return reply.status, {name: reply.headers.get(name, "") for name in names}


FORMS: dict[RetryForm, str] = {
    "seconds": "2",
    "zero": "0",
    "none": "",
    "date": "Tue, 14 Nov 2023 22:13:22 GMT",
    "past": "Tue, 14 Nov 2023 21:13:20 GMT",
}


@pytest.mark.parametrize("form", FORMS)
async def test_creates_are_let_through_evenly(form: RetryForm) -> None:
    """One create is accepted; others get 429 until the interval is over."""
    clock = Standing()
    options: dict[str, Any] = {"creates_per_s": 0.5, "retry_after": form}
    async with opened(clock=clock, **options) as (api, client):
        first, _ = await paced(client)
        refused = [await paced(client) for _ in range(3)]
        clock.at = 1.99
        early, _ = await paced(client)
        clock.at = 2
        second, _ = await paced(client)
        third, _ = await paced(client)

        assert [first, early, second, third] == [200, 429, 200, 429]
        assert {status for status, _ in refused} == {429}
        assert {headers["Retry-After"] for _, headers in refused} == {FORMS[form]}
        if form in {"date", "past"}:
            date = email.utils.parsedate_to_datetime(refused[0][1]["Date"])
            assert date.timestamp() == clock.wall() - clock.at
        assert (api.charged, api.submissions) == (20, 7)


async def test_refused_create_uses_no_fault() -> None:
    """A fault applies only to a create that the rate limit accepts."""
    clock = Standing()
    async with opened(clock=clock, creates_per_s=1) as (api, client):
        await client.create()
        fault = api.fault("server_error", on="create")
        await paced(client)
        before = fault.struck
        clock.at = 1

        assert (await paced(client))[0] == 500
        assert (before, fault.struck) == (0, 1)


@pytest.mark.slow
async def test_links_of_media_end() -> None:
    """A link is good for its time and for its file; the next poll has a fresh one."""
    clock = Standing()
    song = {"type": "bgm", "description": "a calm piano", "duration": 2}
    async with opened(clock=clock, media=True, url_ttl_s=60) as (_, client):
        task_id = await client.create("nuro", song)
        _, body = await client.end(task_id, "nuro")
        old = body["audio_url"]
        bare, _, query = old.partition("?")

        async def status_of(url: str) -> int:
            async with client.http.get(url) as reply:
                return reply.status

        clock.at = 59
        assert await status_of(old) == 200
        assert await status_of(bare) == 403
        assert await status_of(f"{bare.replace('.wav', '.mp3')}?{query}") == 403
        assert await status_of(old.replace("Expires=1", "Expires=2")) == 403
        clock.at = 60
        assert await status_of(old) == 403
        _, body = await client.poll(task_id, "nuro")
        assert body["audio_url"] != old
        assert await status_of(body["audio_url"]) == 200


async def test_expired_link_is_answered_as_hosts_of_media_do() -> None:
    """XML says that access is denied."""
    async with opened(url_ttl_s=1, pace=OVER) as (_, client):
        _, body = await client.poll(await client.create())
        for name in ("audio_url", "image_url"):
            bare = body["data"][0][name].partition("?")[0]
            async with client.http.get(bare) as reply:
                assert (reply.status, reply.content_type) == (403, "application/xml")
                assert b"<Code>AccessDenied</Code>" in await reply.read()


@pytest.mark.parametrize(
    "options",
    [
        {"max_in_flight": 0},
        {"creates_per_s": 0},
        {"creates_per_s": -1},
        {"creates_per_s": float("nan")},
        {"url_ttl_s": 0},
    ],
    ids=str,
)
def test_limit_that_lets_nothing_through_is_refused(options: dict[str, Any]) -> None:
    """A limit is above 0."""
    with pytest.raises(ValueError, match=next(iter(options))):
        Emulator(media=False, **options)


@pytest.mark.parametrize(
    ("kind", "on"),
    [("late_link", "poll"), ("legacy", "poll"), ("copyright", "webhook")],
)
def test_refusal_that_makes_no_sense_is_refused(kind: FaultKind, on: Any) -> None:
    """An order that cannot strike its target is a mistake of the test."""
    with pytest.raises(ValueError, match=kind):
        Emulator(media=False).fault(kind, on)


def test_polls_below_zero_are_refused() -> None:
    """So many polls is a number from 0."""
    with pytest.raises(ValueError, match="polls"):
        Emulator(media=False).fault("late_link", polls=-1)
