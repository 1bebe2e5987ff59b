"""Debian's Chromium, and a page of it that tells what it asked for."""

import os
import shutil
from pathlib import Path
from typing import Literal, final

import attrs
import pytest
from playwright.sync_api import Browser, Page

QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
    "--autoplay-policy=no-user-gesture-required",
)


def find_chromium() -> str:
    """Find Chromium; only on a developer's own machine may it be missing."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path is not None:
            return path
    if os.environ.get("CI"):
        pytest.fail("there is no browser, and in CI there must be one")
    pytest.skip("no browser is installed: apt-get install chromium")


@final
@attrs.define
class Opened:
    """A page, what it asked for, and what the browser complained of."""

    page: Page
    asked: list[str] = attrs.Factory(list)
    complaints: list[str] = attrs.Factory(list)

    @classmethod
    def new(
        cls,
        browser: Browser,
        file: Path,
        *,
        scheme: Literal["light", "dark"] = "light",
        is_phone: bool = False,
    ) -> "Opened":
        width, height = (375, 812) if is_phone else (1300, 900)
        context = browser.new_context(
            viewport={"width": width, "height": height},
            has_touch=is_phone,
            color_scheme=scheme,
        )
        opened = cls(context.new_page())
        opened.page.set_default_timeout(10_000)
        opened.page.on("request", lambda request: opened.asked.append(request.url))
        opened.page.on("console", lambda said: opened.complaints.append(said.text))
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        opened.page.goto(file.as_uri())
        opened.page.wait_for_selector(".song.full")
        return opened

    @property
    def hosts(self) -> list[str]:
        """What was asked for beyond this machine's own files."""
        own = ("file:", "data:", "blob:")
        return [url for url in self.asked if not url.startswith(own)]

    def titles(self) -> list[str]:
        return self.page.locator(".song h3").all_text_contents()

    def playing(self, past_s: float = 0.0) -> None:
        """Wait until it plays, and is past a second."""
        self.page.wait_for_function(
            "second => { const audio = document.querySelector('audio');"
            " return !audio.paused && audio.played.length > 0"
            " && audio.currentTime > second; }",
            arg=past_s,
        )

    def began_at(self) -> float:
        """Return the first second that was played of what plays now."""
        return float(
            self.page.evaluate("document.querySelector('audio').played.start(0)")
        )

    def close(self) -> None:
        self.page.context.close()


WATCH = """
window.longest = 0;
window.shown = null;
const look = () => {
  if (document.querySelector(".song.full")) {
    requestAnimationFrame((now) => { window.shown = now; });
  } else {
    requestAnimationFrame(look);
  }
};
requestAnimationFrame(look);
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    window.longest = Math.max(window.longest, entry.duration);
  }
}).observe({ type: "longtask", buffered: true });
"""
SCROLL = """
async (step) => {
  window.longest = 0;
  let most = 0;
  const frame = () => new Promise(requestAnimationFrame);
  for (let at = 0; at < document.body.scrollHeight; at += step) {
    scrollTo(0, at);
    await frame();
    most = Math.max(most, document.querySelectorAll("*").length);
  }
  await frame();
  return { longest: window.longest, most, height: document.body.scrollHeight };
}
"""


@final
@attrs.frozen(kw_only=True)
class Speed:
    """
    How a page of many songs feels.

    Attributes:
        opened_ms: From going there to the first songs on the screen.
        opening_task_ms, scrolling_task_ms: The longest task of each.
        elements, most_elements: How many there are at first, and while it scrolls.
    """

    opened_ms: float
    opening_task_ms: float
    scrolling_task_ms: float
    elements: int
    most_elements: int


def measure(browser: Browser, file: Path, step: int) -> Speed:
    """Open a page and scroll it to its end, *step* pixels a frame."""
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    page.set_default_timeout(60_000)
    page.add_init_script(WATCH)
    page.goto(file.as_uri())
    page.wait_for_selector(".song.full")
    page.wait_for_function("() => window.shown !== null")
    opened_ms = page.evaluate("window.shown")
    opening_task_ms = page.evaluate("window.longest")
    elements = page.evaluate("document.querySelectorAll('*').length")
    scrolled = page.evaluate(SCROLL, step)
    page.close()
    return Speed(
        opened_ms=opened_ms,
        opening_task_ms=opening_task_ms,
        scrolling_task_ms=scrolled["longest"],
        elements=elements,
        most_elements=scrolled["most"],
    )
