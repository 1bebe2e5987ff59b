"""Each fault, as a client on the other end of the socket meets it."""

from typing import Any

import aiohttp
import anyio
import pytest
from emulated import DESCRIBED, SUNO, Client, Standing, opened

from aiomusic.emulator import Emulator, FaultKind, Target

pytestmark = pytest.mark.anyio

CREDITS = "/api/v1/get-credits"


async def met(client: Client, path: str = SUNO) -> object:
    """Send one create, or one GET; return the outcome."""
    body = DESCRIBED if path == SUNO else None
    try:
        async with client.http.request(
            "POST" if body else "GET", path, json=body, allow_redirects=False
        ) as reply:
            await reply.read()
            return reply.status
    except aiohttp.ClientError as error:
        return type(error)


async def met_and_left(api: Emulator, client: Client) -> bool:
    """Send one create, and disconnect once it arrived; return whether it hung."""
    answers: list[object] = []

    async def answered() -> None:
        answers.append(await met(client))

    async with anyio.create_task_group() as group:
        group.start_soon(answered)
        while not api.submissions:
            await anyio.sleep(0)
        # Whatever is done with it, beside an answer, is done by then.
        for _ in range(10):
            await anyio.sleep(0)
        group.cancel_scope.cancel()
    return not answers


@pytest.mark.parametrize(
    ("kind", "seen", "submissions", "charged"),
    [
        ("drop_before_body", aiohttp.ServerDisconnectedError, 0, 0),
        ("drop_after_body", aiohttp.ServerDisconnectedError, 1, 10),
        ("reset", aiohttp.ClientOSError, 1, 10),
        ("cut_body", aiohttp.ClientPayloadError, 1, 10),
        ("html", 200, 1, 10),
        ("status", 500, 1, 0),
        ("redirect", 302, 1, 0),
    ],
)
async def test_create_is_struck(
    kind: FaultKind, seen: object, submissions: int, charged: int
) -> None:
    """Each fault is met as ordered; who has the body and the money is known."""
    async with opened() as (api, client):
        fault = api.fault(kind, on="create")

        assert await met(client) == seen
        assert await met(client) == 200
        assert (api.submissions, api.charged) == (submissions + 1, charged + 10)
        assert fault.struck == 1


@pytest.mark.parametrize("kind", ["drop_after_body", "reset", "hang", "html"])
async def test_not_after_means_that_nothing_is_made(kind: FaultKind) -> None:
    """With after=False the body is read, and nothing is made or charged."""
    async with opened() as (api, client):
        api.fault(kind, on="create", after=False)
        await (met_and_left(api, client) if kind == "hang" else met(client))

        assert (api.submissions, api.charged, len(api.tasks)) == (1, 0, 0)


async def test_status_after_the_work_is_done() -> None:
    """With after=True the task is made and charged, and the answer is an error."""
    async with opened() as (api, client):
        api.fault("status", on="create", status=503, after=True)

        assert await met(client) == 503
        assert (api.charged, len(api.tasks)) == (10, 1)


async def test_hang_lasts_until_the_client_leaves() -> None:
    """A hanging create is charged; the server lets go when its client does."""
    async with opened() as (api, client):
        api.fault("hang", on="create")
        assert await met_and_left(api, client)
        assert (api.submissions, api.charged) == (1, 10)


async def test_hang_ends_when_the_emulator_closes() -> None:
    """Closing does not wait for hanging calls."""
    async with anyio.create_task_group() as group:
        with anyio.fail_after(10):
            async with opened() as (api, client):
                api.fault("hang")
                group.start_soon(met, client)
                while not api.submissions:
                    await anyio.sleep(0)


async def test_status_carries_what_it_is_told_to() -> None:
    """A status comes with its message, header and body."""
    async with opened() as (api, client):
        api.fault("status", on="create", status=429, retry_after=7)
        api.fault("status", on="create", status=403, message="Queue is full")
        api.fault("status", on="create", status=200, body={"message": "success"})
        api.fault("status", on="create", status=502, body="Bad gateway")

        async with client.http.post(SUNO, json=DESCRIBED) as reply:
            assert (reply.status, reply.headers["Retry-After"]) == (429, "7")
        assert await client.post(SUNO, DESCRIBED) == (
            403,
            {"code": 403, "message": "Queue is full"},
        )
        assert await client.post(SUNO, DESCRIBED) == (200, {"message": "success"})
        async with client.http.post(SUNO, json=DESCRIBED) as reply:
            assert (reply.status, await reply.text()) == (502, "Bad gateway")


@pytest.mark.parametrize(
    ("kind", "options", "seen"),
    [
        ("drop_after_body", {}, aiohttp.ServerDisconnectedError),
        ("reset", {}, aiohttp.ClientOSError),
        ("status", {"status": 404}, 404),
        ("status", {"status": 202}, 202),
        ("html", {}, 200),
        ("cut_body", {}, aiohttp.ClientPayloadError),
        ("redirect", {"status": 307, "to": "/elsewhere"}, 307),
    ],
)
async def test_poll_is_struck(
    kind: FaultKind, options: dict[str, Any], seen: object
) -> None:
    """A poll is struck as ordered, and the task lives on."""
    async with opened() as (api, client):
        task_id = await client.create()
        # aiohttp repeats a GET whose connection dropped; both are struck.
        api.fault(kind, on="poll", times=2, **options)

        assert await met(client, f"/api/v1/suno/task/{task_id}") == seen
        assert task_id in api.tasks
        assert api.polls in {1, 2}


async def test_slow_answer_comes_late() -> None:
    """A slow call waits on the emulator's clock, and is answered all the same."""
    clock = Standing()
    async with opened(clock=clock) as (api, client):
        api.fault("slow", on="create", seconds=90)

        assert await met(client) == 200
        assert (clock.at, api.charged) == (90, 10)


async def test_unknown_state_is_shown_for_suno_and_nuro() -> None:
    """An unknown word replaces the state, even in the first poll."""
    async with opened() as (api, client):
        suno, nuro = await client.create("suno"), await client.create("nuro")
        api.fault("unknown_state", provider="suno", state="mixing")
        api.fault("unknown_state", provider="nuro")

        _, body = await client.poll(suno)
        assert [clip["state"] for clip in body["data"]] == ["mixing", "mixing"]
        _, body = await client.poll(nuro, "nuro")
        assert body["status"] == "rewinding"
        assert (await client.end(suno))[1]["data"][0]["state"] == "succeeded"


async def test_fault_waits_for_its_turn() -> None:
    """*skip* skips calls, *times* limits them, and faults apply in order."""
    async with opened() as (api, client):
        api.fault("status", on="create", status=501, skip=1, times=2)
        api.fault("status", on="create", status=502, skip=1)

        seen = [await met(client) for _ in range(5)]

        assert seen == [200, 501, 501, 502, 200]


async def test_fault_keeps_to_its_target() -> None:
    """A fault applies only to the calls that it names."""
    async with opened() as (api, client):
        api.fault("status", on="credits", status=503)
        api.fault("status", on="create", provider="nuro", status=504)

        assert await met(client) == 200
        assert await met(client, CREDITS) == 503
        assert await met(client, CREDITS) == 200


async def test_fault_for_ever_can_be_withdrawn() -> None:
    """With times=None a fault applies until it is cancelled."""
    async with opened() as (api, client):
        fault = api.fault("status", times=None, status=503)
        before = [await met(client, CREDITS) for _ in range(3)]
        fault.cancel()

        assert before == [503] * 3
        assert await met(client, CREDITS) == 200
        assert fault.struck == 3


async def test_fail_and_stuck_are_orders_for_one_task() -> None:
    """A create can be ordered to fail, or never to end."""
    async with opened() as (api, client):
        api.fault("fail", message="Out of tape.")
        api.fault("stuck")
        failing, stuck = await client.create(), await client.create()

        _, body = await client.end(failing)
        assert body["data"][0]["error_message"] == "Out of tape."
        for _ in range(5):
            _, body = await client.end(stuck)
        assert [clip["state"] for clip in body["data"]] == ["running", "running"]
        assert api.in_flight == 1


@pytest.mark.parametrize(
    ("kind", "on"), [("fail", "poll"), ("twice", "create"), ("hang", "webhook")]
)
async def test_order_that_makes_no_sense_is_refused(
    kind: FaultKind, on: Target
) -> None:
    """A fault that cannot strike its target is a mistake of the test."""
    with pytest.raises(ValueError, match=kind):
        Emulator().fault(kind, on)


async def test_connections_can_be_refused_for_a_while() -> None:
    """It refuses connections inside the block, and accepts them afterwards."""
    async with opened() as (api, client):
        await met(client)
        url = api.url
        async with api.refusing():
            seen = await met(client)

        assert seen is aiohttp.ClientConnectorError
        assert await met(client) == 200
        assert api.url == url
        assert api.submissions == 2


async def test_calls_are_remembered_without_their_keys() -> None:
    """The log has method, path and body, and no key or secret shows in it."""
    body = {**DESCRIBED, "webhook_secret": "hush"}
    async with opened() as (api, client):
        await client.post(SUNO, body)
        await client.get(CREDITS)

        first, second = api.requests
        assert (first.method, first.path, first.body) == ("POST", SUNO, body)
        assert (second.method, second.body, second.sent_key) == ("GET", None, True)
        shown = f"{api.requests!r} {api!r} {api.tasks!r}"
        assert api.key not in shown
        assert "hush" not in shown


async def test_it_can_be_started_once() -> None:
    """A second start is an error that says what to do."""
    api = Emulator(media=False)
    await api.start()
    await api.aclose()

    with pytest.raises(RuntimeError, match="make a new one"):
        await api.start()


async def test_port_that_is_taken_is_an_error_that_leaves_nothing_open() -> None:
    """A taken port is an OSError."""
    async with opened() as (api, _):
        port = int(api.url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            await Emulator(port=port, media=False).start()
