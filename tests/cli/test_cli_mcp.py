"""``aiomusic mcp`` serves an agent over its standard input and output."""

import asyncio
import json
from pathlib import Path

import pytest
from running import MAX_S, Command

from aiomusic.emulator import Emulator, Pace

pytest.importorskip("mcp.server.mcpserver")
pytestmark = pytest.mark.anyio

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


async def test_an_agent_is_served(tmp_path: Path) -> None:
    """It hears whose tools these are, and ends the command by hanging up."""
    async with Emulator(pace=Pace.polls(), media=False) as api:
        command = Command.within(tmp_path).at(api)
        process = await command.start("mcp", "--credits", "10")
        assert process.stdin is not None
        assert process.stdout is not None
        async with asyncio.timeout(MAX_S):
            process.stdin.write(json.dumps(HELLO).encode() + b"\n")
            answer = json.loads(await process.stdout.readline())
            process.stdin.close()
            out, err = await process.communicate()

    assert 0 == process.returncode, err.decode()
    assert b"" == out
    assert "aiomusic" == answer["result"]["serverInfo"]["name"]
    assert api.key.encode() not in err
    assert (command.home / "aiomusic" / "jobs.db").exists()


async def test_a_session_that_can_not_be_opened_is_one_sentence(tmp_path: Path) -> None:
    """Without a key, and not as the groups of the transport that wrap the error."""
    ended = await Command.within(tmp_path)("mcp", "--credits", "10")

    assert 3 == ended.code
    # Behind it, Python may warn of streams that the transport leaves open.
    first = ended.err.splitlines()[0]
    assert first.startswith("aiomusic: No API key: ")
    assert first.endswith("Nothing was charged.")
