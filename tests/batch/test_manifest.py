"""The manifest of an album, however long it is."""

import json
import tracemalloc
from pathlib import Path

from aiomusic import batch
from aiomusic.batch._album_names import write_playlists
from aiomusic.batch._manifest import Manifest


def test_a_long_manifest_takes_little_memory(tmp_path: Path) -> None:
    """Of 8 MB of lines, each replaced by a later one, few are held at a time."""
    rows = [{"key": f"{n}", "provider": "suno", "description": "x"} for n in range(800)]
    planned = batch.plan(rows)
    clip = {"file": "a.mp3", "kept": None, "duration": 9.6, "title": "A", "raw": ""}
    with (tmp_path / "manifest.jsonl").open("w") as file:
        for words in ("old" * 1_600, "new" * 1_600):
            for row in rows:
                stored = {"key": row["key"], "clips": [{**clip, "raw": words}]}
                file.write(f"{json.dumps(stored)}\n")
    manifest = Manifest(tmp_path)

    tracemalloc.start()
    manifest.compact()
    with manifest.lines() as line:
        write_playlists(tmp_path, line, planned)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    lines = (tmp_path / "manifest.jsonl").read_text().splitlines()
    assert [row["key"] for row in rows] == [json.loads(one)["key"] for one in lines]
    assert all("new" in one for one in lines)
    assert 1 + 2 * 800 == len((tmp_path / "all.m3u8").read_text().splitlines())
    assert peak < 2_000_000
