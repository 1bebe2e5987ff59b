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
            " return !audio.paused && audio.currentTime > second; }",
            arg=past_s,
        )

    def close(self) -> None:
        self.page.context.close()
