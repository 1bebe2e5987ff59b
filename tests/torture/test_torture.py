"""What is bought is neither lost nor bought twice, however often its buyer dies."""

import asyncio
from pathlib import Path

import pytest
import tortured

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

KILLS = 10
JOBS = 40


@pytest.mark.parametrize("has_hooks", [True, False], ids=["webhooks", "no webhooks"])
async def test_ten_kills_lose_nothing_and_buy_nothing_twice(
    tmp_path: Path, *, has_hooks: bool
) -> None:
    """Charged tasks are jobs with webhooks; without, they are done or unknown."""
    async with tortured.Service.started() as service:
        torture = tortured.Torture(service, tmp_path, seed=7)
        gang = torture.gang("gang", workers=2, jobs=JOBS, has_hooks=has_hooks)

        async with torture.receiving(), asyncio.timeout(50):
            await torture.drive(gang, KILLS)

        ledger = await service.ledger()
        audit = await tortured.Auditor(gang, ledger).audit(service)
    assert [] == torture.wrong + audit.wrong
    assert KILLS == torture.kills.total()
    assert ledger["charges"] == audit.charged
    assert (0, 0) == (audit.twice, audit.silent)
    if has_hooks:
        assert (JOBS, JOBS, 0) == (audit.charged, audit.done, audit.unknown)
    else:
        assert JOBS == audit.done + audit.unknown
        assert audit.charged == audit.done + audit.unknown - audit.unpaid
