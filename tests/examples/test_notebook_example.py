"""The notebook, from its first cell to the stored song, through a new kernel."""

import os
import sys
from pathlib import Path

import anyio
import pytest
from example_process import EXAMPLES, WAIT_S, needs
from quick_service import FRAME, QuickService

from aiomusic.emulator import Pace

pytestmark = [pytest.mark.anyio, pytest.mark.slow, needs("nbclient", "ipykernel")]

# Each run has a kernel of its own; the first ends as soon as the song is bought.
BOUGHT = """
async for update in job.updates():
    if update.task_id is not None:
        break
"""
RUN = """
import nbclient, nbformat, sys

notebook = nbformat.read(sys.argv[1], as_version=4)
if len(sys.argv) > 2:
    at = [cell.id for cell in notebook.cells].index("wait")
    notebook.cells[at:] = [nbformat.v4.new_code_cell(sys.argv[2])]
nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
"""


async def test_a_song_is_stored_through_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second run takes up what the first one bought."""
    async with QuickService(pace=Pace.polls()) as service:
        monkeypatch.setenv("AIOMUSIC_API_KEY", service.api.key)
        monkeypatch.setenv("AIOMUSIC_BASE_URL", service.api.url)
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        for last in ([BOUGHT], []):
            with anyio.fail_after(2 * WAIT_S):
                command = [sys.executable, "-c", RUN, str(EXAMPLES / "notebook.ipynb")]
                await anyio.run_process([*command, *last], cwd=tmp_path)

    songs = [path.read_bytes() for path in tmp_path.glob("songs/*.mp3")]
    assert 2 == len(songs)
    assert all(song.endswith(FRAME) for song in songs)
    assert (1, 10) == (service.api.submissions, service.api.charged)
