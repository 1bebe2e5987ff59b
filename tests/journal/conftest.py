import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import journaling
import pytest

from aiomusic.emulator import Emulator, Pace
from aiomusic.journal import Journal
from aiomusic.journal.sqlite import SqliteJournal


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder in memory where there is one: every commit is synced, there at once."""
    folder = Path(tempfile.mkdtemp(dir=journaling.FAST))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(params=journaling.params(journaling.ALL))
async def journal(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Journal]:
    made = journaling.ALL[request.param](tmp_path)
    await made.open()
    yield made
    await made.aclose()


@pytest.fixture(params=journaling.params(journaling.KEPT))
async def kept(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Journal]:
    made = journaling.KEPT[request.param](tmp_path)
    await made.open()
    yield made
    await made.aclose()


@pytest.fixture
async def other(
    request: pytest.FixtureRequest,
    kept: Journal,  # noqa: ARG001 - it is the first
    tmp_path: Path,
) -> AsyncIterator[Journal]:
    """A second session on the journal of *kept*."""
    name = request.node.callspec.params["kept"]
    made = journaling.KEPT[name](tmp_path)
    await made.open()
    yield made
    await made.aclose()


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    made = journaling.sqlite_journal(tmp_path)
    await made.open()
    yield made
    await made.aclose()


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    async with Emulator(pace=Pace.polls(), media=False) as api:
        yield api
