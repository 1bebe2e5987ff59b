"""Processes that share a journal buy nothing twice, whatever signals hit them."""

import asyncio
import os
from pathlib import Path

import ganged
import pytest
from forked import Forker
from ganged import Scene

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="signals of POSIX"),
]

SCENES = [
    Scene(name="calm", seed=1, jobs=18, signals=4, weather="calm"),
    Scene(name="stormy", seed=2, jobs=18, signals=4, ceiling=0.7),
    Scene(name="hooks", seed=3, jobs=12, signals=4, workers=2, has_hooks=True),
]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
async def test_a_gang_that_is_signalled_keeps_its_books(
    scene: Scene, tmp_path: Path
) -> None:
    """Nothing is bought twice, called free, silent, or beyond a limit."""
    async with asyncio.timeout(55), Forker.started(tmp_path / "err") as forker:
        gang, audit = await ganged.torment(scene, tmp_path, forker)

    assert [] == audit.wrong
    assert scene.workers * scene.signals <= gang.signals.total()
    assert audit.billed > 0
