"""
How a gallery of many songs feels.

Run ``python benchmarks/gallery.py``; it needs Chromium.  Each row is an album of two
takes a song with timed lyrics: how long the page takes to write, how large it is, how
long until its first songs are on the screen, the longest task of the page's thread
while it opens and while it is scrolled from top to end, and how many elements it has
at first and at most.  The aim of 500 songs: open in 2 s, no task over 200 ms.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from aiomusic.gallery import write_gallery

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "gallery"))

from albums import large_album
from browsing import QUIET, find_chromium, measure

STEP = 400
HEAD = (
    "songs  write s  page MB  open ms  task ms  scroll task ms  elements  at most",
    "-----  -------  -------  -------  -------  --------------  --------  -------",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--songs", type=int, nargs="*", default=[20, 500])
    parser.add_argument("--step", type=int, default=STEP, help="pixels a frame")
    arguments = parser.parse_args()
    print(*HEAD, sep="\n")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=find_chromium(), args=[*QUIET])
        for songs in arguments.songs:
            with tempfile.TemporaryDirectory() as folder:
                large_album(Path(folder), songs)
                begin = time.perf_counter()
                page = write_gallery(folder).page
                took_s = time.perf_counter() - begin
                speed = measure(browser, page, arguments.step)
                size = page.stat().st_size / 1e6
            print(
                f"{songs:5}  {took_s:7.1f}  {size:7.1f}  {speed.opened_ms:7.0f}"
                f"  {speed.opening_task_ms:7.0f}  {speed.scrolling_task_ms:14.0f}"
                f"  {speed.elements:8}  {speed.most_elements:7}",
                flush=True,
            )
        browser.close()


if __name__ == "__main__":
    main()
