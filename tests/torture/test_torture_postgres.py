"""What several machines buy together is neither lost nor bought twice."""

import asyncio
from pathlib import Path

import pg_server
import pytest
import tortured_postgres

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pg_server.NEEDED]


async def test_workers_that_die_stop_and_are_cut_off_buy_each_song_once(
    tmp_path: Path,
) -> None:
    """Killed, stopped, cut off, and the database started again under them."""
    async with asyncio.timeout(200):
        report = await tortured_postgres.run(
            tmp_path, jobs=16, kills=1, seed=3, lease_s=1
        )

    assert [] == report.wrong()
    # On a quick machine, the songs may be there before all of it is done to them.
    assert report.kills + report.stops + report.restarts + report.cuts
