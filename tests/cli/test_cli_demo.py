"""``aiomusic emulator --demo``: the contact sheet, opened in a real browser."""

import asyncio
import io
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final, Literal, final

import attrs
import pytest
from axe_playwright_python.async_playwright import Axe
from PIL import Image, ImageStat
from playwright.async_api import Page, async_playwright
from running import Command

from aiomusic.composer import STYLES
from aiomusic.emulator._demo import write_demo

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

SECONDS: Final = 4
QUIET: Final = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
PICTURES: Final = """
() => [...document.querySelectorAll(".cover, .wave, .score")].map((element) => {
  const box = element.getBoundingClientRect();
  return [box.left, box.top + scrollY, box.right, box.bottom + scrollY];
})
"""
LENGTHS: Final = """
async () => {
  const found = [];
  for (const audio of document.querySelectorAll("audio")) {
    if (audio.readyState < 1) {
      await new Promise((done) => audio.addEventListener("loadedmetadata", done));
    }
    found.push(audio.duration);
  }
  return found;
}
"""


OVERLAPS: Final = """
() => [...document.querySelectorAll(".card")].flatMap((card) => {
  const parts = [...card.querySelectorAll(
    ".cover, .play, h2, .title, .facts li, .wave, .clock, .files a, .score")];
  const boxes = parts.map((part) => part.getBoundingClientRect());
  return parts.flatMap((part, one) => parts.slice(one + 1).flatMap((_, more) => {
    const a = boxes[one], b = boxes[one + 1 + more];
    const apart = a.left > b.right - 1 || b.left > a.right - 1
      || a.top > b.bottom - 1 || b.top > a.bottom - 1;
    return apart ? [] : [card.id + ": " + part.textContent];
  }));
})
"""


@pytest.fixture(scope="module")
def chromium() -> str:
    """Find Chromium; only on a developer's own machine may it be missing."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path is not None:
            return path
    if os.environ.get("CI"):
        pytest.fail("there is no browser, and in CI there must be one")
    pytest.skip("no browser is installed: apt-get install chromium")


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Have the command write its page, with short songs."""
    command = Command.within(tmp_path_factory.mktemp("demo"))
    words = ("--demo", "out", "--demo-length", str(SECONDS), "--seed", "3")
    ended = asyncio.run(command("emulator", *words))
    assert (0, "out/index.html\n", "") == (ended.code, ended.out, ended.err)
    return command.folder / "out" / "index.html"


@final
@attrs.define
class Opened:
    """A page, and what the browser complained of."""

    page: Page
    complaints: list[str] = attrs.Factory(list)

    async def playing(self, number: int, past_s: float = 0.0) -> None:
        """Wait until a song is at a second, and plays on."""
        await self.page.wait_for_function(
            "([number, second]) => {"
            " const audio = document.querySelectorAll('audio')[number];"
            " return !audio.paused && audio.currentTime > second; }",
            arg=[number, past_s],
        )


@pytest.fixture
async def opened(chromium: str, sheet: Path) -> AsyncIterator[Opened]:
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=chromium, args=[*QUIET])
        opened = Opened(await browser.new_page(viewport={"width": 1400, "height": 900}))
        told = opened.complaints.append
        opened.page.on("console", lambda message: told(message.text))
        opened.page.on("pageerror", lambda error: told(str(error)))
        await opened.page.goto(sheet.as_uri())
        yield opened
        await browser.close()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        pytest.param(
            ("--demo", "/dev/null/out"), "Not a directory", id="no folder can be there"
        ),
        pytest.param(("--demo", "/dev/null"), "/dev/null: File exists.", id="a file"),
        pytest.param(
            ("--demo", "out", "--renderer", "nobody"),
            "no renderer named 'nobody' is installed",
            id="nobody plays",
        ),
        pytest.param(
            ("--demo", "out", "--renderer", "fluidsynth"),
            "FileNotFoundError",
            id="every song fails",
        ),
    ],
)
async def test_a_page_that_can_not_be_made_is_one_sentence(
    tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    """It says why, whatever fails, and nothing is left running."""
    command = Command.within(tmp_path).having(
        AIOMUSIC_SOUNDFONT="/nowhere.sf2", PYTHONWARNINGS="error"
    )

    ended = await command("emulator", *words)

    assert (2, "") == (ended.code, ended.out)
    assert ended.sentence.startswith("Can't make the page in")
    assert why in ended.sentence


async def test_a_page_that_is_left_leaves_no_parts_of_songs(tmp_path: Path) -> None:
    """What the workers were at is gone; what was done already stays."""
    making = asyncio.create_task(write_demo(tmp_path, seconds=60))
    async with asyncio.timeout(30):
        while not any(path.is_file() for path in tmp_path.rglob("*.mp3.*")):
            await asyncio.sleep(0)
    making.cancel()

    with pytest.raises(asyncio.CancelledError):
        await making
    assert [] == [path for path in tmp_path.iterdir() if path.name.startswith(".")]


async def test_it_has_a_song_of_every_style_that_loads(opened: Opened) -> None:
    """Each style has a card, and its audio has the length that was asked for."""
    names = await opened.page.locator(".card h2").all_inner_texts()
    lengths = await opened.page.evaluate(LENGTHS)

    assert [*STYLES] == names
    assert [pytest.approx(SECONDS, abs=0.1)] * len(STYLES) == lengths
    assert [] == opened.complaints


async def test_its_pictures_are_drawn(opened: Opened) -> None:
    """Cover, waveform and score of every style have more than a ground."""
    places = await opened.page.evaluate(PICTURES)
    shot = Image.open(io.BytesIO(await opened.page.screenshot(full_page=True)))

    parts = [shot.convert("RGB").crop(place) for place in places]
    colours = [len(part.getcolors(part.width * part.height) or ()) for part in parts]

    assert 3 * len(STYLES) == len(colours)
    assert min(colours) > 3
    assert [] == opened.complaints


async def test_a_song_plays_while_its_pictures_follow(opened: Opened) -> None:
    """To press play sounds one song; waveform, needle and clock go with it."""
    card = opened.page.locator(".card").nth(1)

    await card.get_by_role("button").click()
    await opened.playing(1, past_s=1.0)
    share = float(await card.locator("stop").first.get_attribute("offset") or 0)
    needle = await card.locator(".needle").bounding_box()
    score = await card.locator(".score").bounding_box()

    assert needle is not None
    assert score is not None
    assert share > 0.2
    assert share == pytest.approx((needle["x"] - score["x"]) / score["width"], abs=0.15)
    assert "0:01 / 0:04" == await card.locator(".clock").inner_text()
    assert [] == opened.complaints


async def test_only_one_song_plays_at_a_time(opened: Opened) -> None:
    """To play another song stops the first; a press in a waveform goes there."""
    first, second = (opened.page.locator(".card").nth(number) for number in (0, 2))

    await first.get_by_role("button").click()
    await opened.playing(0)
    await second.get_by_role("slider").click()
    await opened.playing(2, past_s=0.4 * SECONDS)

    assert await opened.page.evaluate("document.querySelector('audio').paused")
    assert [] == opened.complaints


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (375, "dark")], ids=["desk", "phone"]
)
async def test_it_is_for_every_screen_and_reader(
    opened: Opened, width: int, scheme: Literal["light", "dark"]
) -> None:
    """Nothing overlaps or is left out, scores are as dark, and axe finds nothing."""
    await opened.page.set_viewport_size({"width": width, "height": 900})
    await opened.page.emulate_media(color_scheme=scheme)

    found = await Axe().run(opened.page)
    facts = opened.page.locator(".card .facts").first
    score = opened.page.locator(".score img").first
    shot = Image.open(io.BytesIO(await score.screenshot())).convert("L")

    assert [] == await opened.page.evaluate(OVERLAPS)
    assert width == await opened.page.evaluate("document.documentElement.scrollWidth")
    assert await facts.is_visible()
    assert 0 == found.violations_count, found.generate_report()
    assert (scheme == "dark") == (ImageStat.Stat(shot).mean[0] < 100)


def test_its_files_are_for_everyone(sheet: Path) -> None:
    """A web server of another user can read them."""
    modes = {path.name: path.stat().st_mode & 0o777 for path in sheet.parent.iterdir()}
    usual = 0o666 & ~_umask()

    assert {usual} == set(modes.values())


def _umask() -> int:
    found = os.umask(0o022)
    os.umask(found)
    return found
