"""The batch script, from a file of lines to a folder of songs, through a kill."""

from pathlib import Path

import pytest
from example_process import Example, held_service, until
from quick_service import FRAME

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

LINES = "paper boats\n\n  lamp light waltz \npaper boats\n"


async def test_songs_are_stored_through_a_restart(tmp_path: Path) -> None:
    """Each line is paid once; the exit code says whether all songs are there."""
    (tmp_path / "songs.txt").write_text(LINES)
    async with held_service() as service:
        arguments = ("batch_script.py", "songs.txt", "out")
        script = Example(service, tmp_path, *arguments)
        tasks = service.api.tasks

        def are_both_followed() -> bool:
            # Before that one may be on the wire, where nobody can tell what it cost.
            return len(tasks) == 2 and all(task.polls for task in tasks.values())

        async with script.running():
            await until(are_both_followed)

        await service.api.finish()
        async with script.running() as process:
            assert 0 == await process.wait()
        stored = {path: path.read_bytes() for path in tmp_path.glob("out/*.mp3")}

        dear = Example(service, tmp_path, *arguments, "--max-credits", "20")
        (tmp_path / "songs.txt").write_text("one more\n" + LINES)
        async with dear.running() as process:
            assert 1 == await process.wait()

    assert 4 == len(stored)
    assert all(data.endswith(FRAME) for data in stored.values())
    assert set(stored) == set(tmp_path.glob("out/*.mp3"))
    assert (2, 20) == (service.api.submissions, service.api.charged)
    assert "no song for 'one more'" in (tmp_path / "log.txt").read_text()
