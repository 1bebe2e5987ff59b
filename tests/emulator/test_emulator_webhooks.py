"""Webhooks: when they come, what they hold, how they are signed and spoilt."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, final

import attrs
import pytest
from aiohttp import web
from emulated import DESCRIBED, RIFFUSION, VOCAL, Client, opened

from aiomusic.emulator import Pace
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio

SECRET = "s-hook"
NEWER_KEYS = {"negative_tags", "style_weight", "weirdness_constraint"}


@final
@attrs.define
class Receiver:
    """Keeps what was posted to it."""

    url: str = ""
    got: list[tuple[web.Request, bytes]] = attrs.field(factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((request, await request.read()))
        return web.Response(status=204)

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(raw) for _, raw in self.got]


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    app = web.Application()
    app.router.add_post("/hook", found.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield found
    finally:
        await runner.cleanup()


async def made(client: Client, url: str, body: Mapping[str, object] = DESCRIBED) -> str:
    provider = "nuro" if "type" in body else "suno"
    hook = {"webhook_url": url, "webhook_secret": SECRET}
    task_id = await client.create(provider, {**body, **hook})
    await client.end(task_id, provider)
    return task_id


async def test_suno_calls_back_once_with_the_documented_payload() -> None:
    """A finished suno task posts its clips once, in the shape of the webhook page."""
    async with receiver() as hook, opened() as (api, client):
        task_id = await made(client, hook.url)
        await client.end(task_id)
        await api.webhooks_idle()

        (body,) = hook.bodies
        assert body["event"] == "song.completed"
        assert (body["platform"], body["task_id"]) == ("suno", task_id)
        assert body.keys() == {
            "code",
            "data",
            "message",
            "task_id",
            "platform",
            "event",
        }
        assert len(body["data"]) == 2
        assert body["data"][0].keys() >= NEWER_KEYS
        assert isinstance(body["data"][0]["duration"], str)
        assert [delivery.status for delivery in api.deliveries] == [204]


@pytest.mark.parametrize("pace", [60, Pace.polls(running=8)], ids=["clock", "polls"])
async def test_suno_calls_back_when_a_clip_plays(pace: Pace | float) -> None:
    """Where its clips stream: once, before the end, with the link of the first clip."""
    clock = AutojumpClock()
    async with (
        receiver() as hook,
        opened(stream=True, pace=pace, clock=clock) as (api, client),
    ):
        body = {**DESCRIBED, "webhook_url": hook.url, "webhook_secret": SECRET}
        task_id = await client.create("suno", body)
        while not hook.got:
            clock.advance(0.5)
            await client.poll(task_id)
            await api.webhooks_idle()
        (told,) = hook.bodies
        await api.finish()
        await api.webhooks_idle()

    assert ("song.streaming", "streaming") == (told["event"], told["message"])
    first, second = told["data"]
    assert ("running", "running") == (first["state"], second["state"])
    assert first["audio_url"]
    assert not second["audio_url"]
    events = [body["event"] for body in hook.bodies]
    assert events == ["song.streaming", "song.completed"]


async def test_no_webhook_streams_of_a_task_that_fails() -> None:
    """Nor of one without a clip that can be heard, or where clips do not stream."""
    failing = {**DESCRIBED, "gpt_description_prompt": "[[fail]]"}
    async with receiver() as hook:
        async with opened(stream=True) as (api, client):
            await made(client, hook.url, VOCAL)
            await api.webhooks_idle()
            await made(client, hook.url, failing)
            await api.webhooks_idle()
        async with opened() as (api, client):
            await made(client, hook.url)
            await api.webhooks_idle()

    events = [body["event"] for body in hook.bodies]
    assert events == ["song.completed", "song.failed", "song.completed"]


async def test_nuro_calls_back_flat() -> None:
    """A finished nuro task posts one flat object with the three extra keys."""
    async with receiver() as hook, opened() as (api, client):
        await made(client, hook.url, VOCAL)
        await api.webhooks_idle()

        (body,) = hook.bodies
        assert (body["platform"], body["status"]) == ("nuro", "succeeded")
        assert body.keys() >= {"prompt", "theme", "instrument", "audio_url", "event"}


async def test_failure_calls_back_too() -> None:
    """A failed task posts song.failed with the refund."""
    body = {**DESCRIBED, "gpt_description_prompt": "[[artist]]"}
    async with receiver() as hook, opened() as (api, client):
        task_id = await made(client, hook.url, body)
        await api.webhooks_idle()

        (told,) = hook.bodies
        assert told.pop("message").startswith("The song description contains artist")
        assert told == {
            "type": "failed",
            "refund_processed": True,
            "task_id": task_id,
            "platform": "suno",
            "event": "song.failed",
        }


async def test_riffusion_does_not_call_back() -> None:
    """Riffusion has no webhooks."""
    async with receiver() as hook, opened() as (api, client):
        body = {**RIFFUSION, "webhook_url": hook.url}
        await client.end(await client.create("riffusion", body), "riffusion")
        await api.webhooks_idle()

        assert hook.got == []


async def test_webhook_is_signed_in_both_ways() -> None:
    """Both known signatures are over the raw body and made with the secret."""
    async with receiver() as hook, opened() as (api, client):
        await made(client, hook.url)
        await api.webhooks_idle()

        ((request, raw),) = hook.got
        stamp = request.headers["X-Webhook-Timestamp"]
        newer = hmac.new(SECRET.encode(), f"{stamp}.".encode() + raw, hashlib.sha256)
        older = hmac.new(SECRET.encode(), raw, hashlib.sha256)
        assert request.headers["X-Signature"] == older.hexdigest()
        assert request.headers["X-Webhook-Signature"] == f"sha256={newer.hexdigest()}"
        assert request.headers["X-Webhook-Event"] == "song.completed"
        assert request.headers["X-Webhook-Id"] == request.headers["Idempotency-Key"]


async def test_without_a_secret_its_own_signs() -> None:
    """A create without a secret is signed with the emulator's."""
    async with receiver() as hook, opened() as (api, client):
        body = {**DESCRIBED, "webhook_url": hook.url}
        await client.end(await client.create("suno", body))
        await api.webhooks_idle()

        ((request, raw),) = hook.got
        own = hmac.new(api.webhook_secret.encode(), raw, hashlib.sha256)
        assert request.headers["X-Signature"] == own.hexdigest()


async def test_webhook_comes_at_the_end_though_nobody_polls() -> None:
    """Under a pace of seconds the webhook comes when the time is up."""
    pace = Pace.seconds(pending=0, running=0)
    async with receiver() as hook, opened(pace=pace) as (api, client):
        body = {**DESCRIBED, "webhook_url": hook.url}
        await client.create("suno", body)
        while not hook.got:
            # A GET gives the server's timer a turn.
            await client.get("/api/v1/get-credits")
        await api.webhooks_idle()

        assert api.polls == 0
        assert hook.bodies[0]["data"][0]["state"] == "succeeded"


async def test_webhook_can_come_twice_or_never() -> None:
    """Twice is the same one two times; lost is none."""
    async with receiver() as hook, opened() as (api, client):
        api.fault("twice")
        api.fault("lost")
        twice = await made(client, hook.url)
        await made(client, hook.url)
        await api.webhooks_idle()

        assert [body["task_id"] for body in hook.bodies] == [twice, twice]
        ids = {request.headers["X-Webhook-Id"] for request, _ in hook.got}
        assert len(ids) == 1


async def test_webhooks_can_come_out_of_order() -> None:
    """One that is held back comes after the next one."""
    async with receiver() as hook, opened() as (api, client):
        api.fault("out_of_order")
        first, second = await made(client, hook.url), await made(client, hook.url)
        await api.webhooks_idle()

        assert [body["task_id"] for body in hook.bodies] == [second, first]


async def test_webhook_can_be_forged() -> None:
    """A forged one is signed with another secret."""
    async with receiver() as hook, opened() as (api, client):
        api.fault("forged")
        await made(client, hook.url)
        await api.webhooks_idle()

        ((request, raw),) = hook.got
        true = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
        assert request.headers["X-Signature"] != true


async def test_webhook_can_be_late() -> None:
    """A late one comes after the seconds it is given."""
    async with receiver() as hook, opened() as (api, client):
        api.fault("late", seconds=0.02)
        await made(client, hook.url)
        before = len(hook.got)
        await api.webhooks_idle()

        assert (before, len(hook.got)) == (0, 1)


@pytest.mark.parametrize(
    "url", ["http://example.org/hook", "http://10.0.0.1/", "http://[::2]/"]
)
async def test_webhook_goes_to_loopback_alone(url: str) -> None:
    """No other host is called; that is written down."""
    async with opened() as (api, client):
        await made(client, url)
        await api.webhooks_idle()

        (delivery,) = api.deliveries
        assert delivery.status is None
        assert "loopback" in delivery.problem


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "",
        "//",
        "/hook",
        "ftp://127.0.0.1/",
        "http://",
        "http:///hook",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:x/",
        "http://[::1",
        "http://a..b/",
        f"http://{'a' * 64}/",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/\r\n",
        "http://127.0.0.1/\ud800",
        f"http://127.0.0.1/{'a' * 10_000}",
        7,
        ["http://127.0.0.1/"],
    ],
)
async def test_webhook_that_can_not_be_called_is_refused(url: object) -> None:
    """The create is answered 400, nothing is charged, and others go on."""
    async with receiver() as hook, opened() as (api, client):
        body = {**DESCRIBED, "webhook_url": url}
        status, reply = await client.post("/api/v1/suno/create", body)
        before = (api.charged, len(api.tasks))
        task_id = await made(client, hook.url)
        await api.webhooks_idle()

        assert (status, before) == (400, (0, 0))
        assert "'webhook_url'" in reply["message"]
        assert [one.task_id for one in api.deliveries] == [task_id]


@pytest.mark.parametrize("url", [{"webhook_url": "http://127.0.0.1:1/"}, {}])
@pytest.mark.parametrize("secret", [7, ["s"], "\ud800"])
async def test_secret_that_can_not_sign_is_refused(
    secret: object, url: dict[str, str]
) -> None:
    """A secret that is no text is refused at the create, also without a URL."""
    hook = {**url, "webhook_secret": secret}
    async with opened() as (api, client):
        status, reply = await client.post("/api/v1/suno/create", {**DESCRIBED, **hook})

        assert (status, api.charged) == (400, 0)
        assert "'webhook_secret'" in reply["message"]


async def test_receiver_that_is_away_is_written_down() -> None:
    """A receiver that does not answer leaves a problem, and no error."""
    async with receiver() as hook:
        url = hook.url
    async with opened() as (api, client):
        await made(client, url)
        await api.webhooks_idle()

        (delivery,) = api.deliveries
        assert (delivery.status, bool(delivery.problem)) == (None, True)


@pytest.mark.slow
async def test_webhook_waits_for_the_audio() -> None:
    """No webhook is sent before the audio can be fetched."""
    pace = Pace.seconds(pending=0, running=0)
    song = {"type": "bgm", "description": "a calm piano", "duration": 2}
    async with receiver() as hook, opened(pace=pace, media=True) as (api, client):
        await client.create("nuro", {**song, "webhook_url": hook.url})
        while not hook.got:
            await client.get("/api/v1/get-credits")
        await api.webhooks_idle()

        (body,) = hook.bodies
        async with client.http.get(body["audio_url"]) as reply:
            assert (body["status"], reply.status) == ("succeeded", 200)
