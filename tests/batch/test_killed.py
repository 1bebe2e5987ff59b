"""A batch of chains and faults that is killed ends whole with its second run."""

import asyncio
from pathlib import Path

import pytest
from killed import Killing

pytestmark = pytest.mark.anyio


async def test_a_killed_batch_is_whole_after_its_second_run(tmp_path: Path) -> None:
    """Each good row once, with its files; the manifest says what the others lack."""
    # After a 404 a new file's host is given a minute.
    preparing = Killing.prepared(tmp_path, 40, dead_status=400)
    async with asyncio.timeout(55), preparing as killing:
        await killing.killed()
        half = killing.service.api.submissions
        code, words = await killing.ended()

        assert 0 < half < len(killing.bought)
        assert killing.service.dead
        assert killing.service.pages
        assert list(killing.flaws()) == []
        assert code == 7, words
        # The link lives again.
        killing.service.dead.clear()
        killing.service.pages.clear()
        await killing.ended()
        assert list(killing.flaws()) == []
