"""The emulator's own calls, which its page makes."""

import pytest
from emulated import opened

pytestmark = pytest.mark.anyio


async def test_its_calls_are_no_part_of_the_service() -> None:
    """They need the key, are not counted, and no fault or other origin meets them."""
    async with opened(max_in_flight=3) as (api, client):
        api.fault("server_error", times=None)
        async with client.http.get("/", headers={"Origin": "https://e.org"}) as page:
            headers = page.headers
            assert api.key in await page.text()
        async with client.http.get(
            "/emulator/state", headers={"Authorization": "Bearer no"}
        ) as reply:
            refused = reply.status
        status, state = await client.get("/emulator/state")

        assert (200, 401, 200) == (page.status, refused, status)
        assert "Access-Control-Allow-Origin" not in headers
        assert "script-src 'sha256-" in headers["Content-Security-Policy"]
        assert (1000, 0, 3) == (
            state["credits"],
            state["in_flight"],
            state["max_in_flight"],
        )
        assert () == api.requests


@pytest.mark.parametrize(
    ("order", "why"),
    [
        ({"kind": "queue-full"}, "did you mean 'queue_full'"),
        ({"kind": "fail", "on": "poll"}, "applies only to 'create'"),
        ({"kind": "slow", "seconds": "1"}, "seconds can't be '1'"),
        ({"kind": "fail", "body": 1}, "'body' is no field"),
        ([], "is a JSON object"),
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(order: object, why: str) -> None:
    """In words, and nothing is on."""
    async with opened() as (_, client):
        status, body = await client.post("/emulator/faults", order)
        _, state = await client.get("/emulator/state")

    assert 400 == status
    assert why in body["message"]
    assert [] == state["faults"]
