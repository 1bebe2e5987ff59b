"""What an agent can do: make songs, wait for them, and spend no more than it may."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from aiomusic.emulator import Emulator, Pace

pytest.importorskip("mcp.server.mcpserver")
from mcp import Client

from aiomusic.mcp import create_server, main

pytestmark = pytest.mark.anyio


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    async with Emulator(pace=Pace.polls(), media=False) as api:
        yield api


class Agent:
    """A client in this process, and how it calls tools."""

    def __init__(self, api: Emulator, credits: int = 100, **options: Any) -> None:  # noqa: A002
        given: dict[str, Any] = {"api_key": api.key, "base_url": api.url}
        given["poll_every_s"] = 0.0
        self.server = create_server(credits=credits, **given | options)

    def connect(self) -> Client:
        return Client(self.server)


async def call(client: Client, tool: str, **arguments: Any) -> Any:
    found = await client.call_tool(tool, arguments)
    text = "".join(getattr(part, "text", "") for part in found.content)
    assert not found.is_error, text
    return found.structured_content


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    found = await client.call_tool(tool, arguments)
    assert found.is_error
    return "".join(getattr(part, "text", "") for part in found.content)


async def test_a_song_is_made_and_waited_for(api: Emulator) -> None:
    """With progress up to the end; its job is a resource."""
    told: list[tuple[float, str | None]] = []

    async def progress(
        progress: float, total: float | None, message: str | None
    ) -> None:
        assert total == 1.0
        told.append((progress, message))

    async with Agent(api).connect() as client:
        begun = await call(client, "generate", description="rain", key="my song/1")
        over = await client.call_tool(
            "wait", {"key": "my song/1"}, progress_callback=progress
        )
        status = await call(client, "status", key="my song/1")
        (content,) = (await client.read_resource(begun["resource"])).contents

    assert ("queued", False, 10) == (begun["state"], begun["is_over"], begun["cost"])
    assert over.structured_content == status == json.loads(content.text)  # type: ignore[union-attr]
    assert ("succeeded", True, "yes") == (
        status["state"],
        status["is_over"],
        status["charged"],
    )
    assert 2 == len(status["clips"])
    assert status["clips"][0]["audio_url"].startswith("http")
    assert (1.0, "succeeded") == told[-1]


async def test_a_connection_spends_no_more_than_it_may(api: Emulator) -> None:
    """Whatever it asks for; the next connection has a ceiling of its own."""
    agent = Agent(api, credits=15)
    for _ in range(2):
        async with agent.connect() as client:
            await call(
                client,
                "wait",
                key=(await call(client, "generate", description="a"))["key"],
            )
            second = await call(client, "generate", description="b")
            over = await call(client, "wait", key=second["key"])
            left = await call(client, "credits")

            assert ("failed", "no") == (over["state"], over["charged"])
            assert "limits['mcp']=15" in over["error"]
            assert (15, 5) == (left["ceiling"], left["left"])

    assert 2 == api.submissions
    assert 980 == left["balance"]


async def test_a_key_that_comes_again_buys_nothing(api: Emulator) -> None:
    """An agent that repeats itself is told of the same job."""
    async with Agent(api).connect() as client:
        for _ in range(2):
            await call(client, "generate", description="rain", key="one")
        await call(client, "wait", key="one")

    assert 1 == api.submissions


async def test_lyrics_are_written(api: Emulator) -> None:
    """Both versions, at once."""
    async with Agent(api).connect() as client:
        found = await call(client, "lyrics", description="of rain")

    assert 2 == len(found["lyrics"])
    assert {"title", "text"} == set(found["lyrics"][0])


async def test_every_operation_can_be_submitted(api: Emulator, tmp_path: Path) -> None:
    """As JSON; with a journal, jobs are listed after a restart, too."""
    agent = Agent(api, journal=tmp_path / "songs.db")
    request = {"kind": "riffusion.create", "prompt": "rain", "key": "one"}
    async with agent.connect() as client:
        await call(client, "submit", request=request)
        await call(client, "wait", key="one")
    async with agent.connect() as client:
        listed = await call(client, "jobs")
        status = await call(client, "status", key="one")

    assert ["one"] == [one["key"] for one in listed["jobs"]]
    assert ("riffusion.create", 2) == (status["kind"], len(status["clips"]))


async def test_mistakes_are_told_in_words(api: Emulator) -> None:
    """So that an agent can mend them; nothing is sent."""
    async with Agent(api).connect() as client:
        no_song = await refused(client, "generate")
        no_kind = await refused(client, "submit", request={"kind": "suno.sing"})
        no_job = await refused(client, "status", key="nobody")
        api.fault("moderation", on="create")
        bad = await call(client, "generate", description="bad", key="bad")
        over = await call(client, "wait", key=bad["key"])
        too_short = await call(client, "wait", key="bad", timeout_s=0)

    assert "suno.create" in no_song
    assert "kind is 'suno.sing'" in no_kind
    assert "There is no job 'nobody'" in no_job
    assert "moderation" in over["error"]
    assert over == too_short
    assert api.key not in f"{no_song}{no_kind}{no_job}{over}"


async def test_waiting_has_a_limit_and_the_job_goes_on() -> None:
    """An agent may ask again."""
    async with (
        Emulator(pace=Pace.polls(pending=10**9), media=False) as slow,
        Agent(slow, poll_every_s=0.01).connect() as client,
    ):
        await call(client, "generate", description="rain", key="one")
        waited = await call(client, "wait", key="one", timeout_s=0.05)
        while (await call(client, "status", key="one"))["task_id"] is None:
            pass
        await slow.finish()
        over = await call(client, "wait", key="one", timeout_s=50)

    assert not waited["is_over"]
    assert "succeeded" == over["state"]


async def test_the_tools_tell_what_they_do(api: Emulator) -> None:
    """By name, with a description; a ceiling that is none is refused at once."""
    async with Agent(api).connect() as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}

    names = {"generate", "submit", "status", "wait", "lyrics", "credits", "jobs"}
    assert names == set(tools)
    assert all(tool.description for tool in tools.values())
    with pytest.raises(ValueError, match=r"limits\['mcp'\] is -1"):
        create_server(credits=-1)
    with pytest.raises(SystemExit):
        main([])
