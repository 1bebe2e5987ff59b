"""A batch on a task engine of somebody else's: a shard is a task, bought once."""

import asyncio
import importlib.util
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from example_process import EXAMPLES, needs, until
from quick_service import QuickService

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

SONGS = """\
key,provider,operation,description,clip,at,lyrics
more,suno,extend,,@song[1],10,[Verse] on we go
song,suno,create,paper boats,,,
lamp,suno,create,lamp light,,,
"""


@pytest.fixture
async def service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[QuickService]:
    (tmp_path / "songs.csv").write_text(SONGS)
    async with QuickService() as service:
        monkeypatch.setenv("AIOMUSIC_API_KEY", service.api.key)
        monkeypatch.setenv("AIOMUSIC_BASE_URL", service.api.url)
        monkeypatch.setenv("AIOMUSIC_JOURNAL", str(tmp_path / "songs.db"))
        monkeypatch.setenv("CELERY_BROKER_URL", "memory://")
        yield service


def loaded(name: str) -> Any:
    """Import an example."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    assert isinstance(module, ModuleType)
    spec.loader.exec_module(module)
    return module


@needs("celery")
async def test_a_shard_of_celery_puts_back_what_waits_for_a_row(
    service: QuickService, tmp_path: Path
) -> None:
    """A chain in one shard is over after its second run, and bought once."""
    from celery.contrib.testing.worker import start_worker  # noqa: PLC0415

    example = loaded("celery_shards")
    file = str(tmp_path / "songs.csv")
    await example.put(file)
    working = start_worker(example.app, perform_ping_check=False, pool="solo")
    await asyncio.to_thread(working.__enter__)
    await until(lambda: service.api.submissions == 3)
    await asyncio.to_thread(working.__exit__, None, None, None)

    async with asyncio.timeout(60):
        assert {} == await example.drive_all(["song", "more", "lamp"], 0)
    assert 3 == service.api.submissions


@needs("distributed")
async def test_a_shard_of_dask_goes_on_until_all_is_over(
    service: QuickService, tmp_path: Path
) -> None:
    """A second run buys nothing."""
    from distributed import Client  # noqa: PLC0415

    example = loaded("dask_shards")
    file = str(tmp_path / "songs.csv")

    def run() -> tuple[dict[str, str], dict[str, str]]:
        options: dict[str, Any] = {"dashboard_address": None, "n_workers": 1}
        with Client(processes=False, **options) as client:
            return example.buy(file, client), example.buy(file, client)

    async with asyncio.timeout(120):
        first, again = await asyncio.to_thread(run)

    assert {"song": "succeeded", "more": "succeeded", "lamp": "succeeded"} == first
    assert {} == again
    assert 3 == service.api.submissions
