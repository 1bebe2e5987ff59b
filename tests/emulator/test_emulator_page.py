"""The emulator's page at ``/``, in a real browser."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Final, Literal, final

import aiohttp
import anyio.from_thread
import attrs
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import QUIET, find_chromium
from emulated import DESCRIBED, SUNG, SUNO
from playwright.sync_api import Browser, Page, expect, sync_playwright
from yarl import URL

from aiomusic.emulator import Emulator, Pace

EVIL: Final = (
    '"><img src=x onerror="document.title=1"><script>document.title=2</script>'
)
SIZES: Final = {"phone": (375, 812), "desk": (1280, 900)}
WAIT_MS: Final = 60_000


@final
@attrs.frozen
class Here:
    """An emulator in another thread, and a page of it."""

    api: Emulator
    page: Page
    complaints: list[str]
    portal: anyio.from_thread.BlockingPortal

    def make(self, prompt: str = "rain") -> None:
        self.page.get_by_role("textbox", name="Prompt").fill(prompt)
        self.page.get_by_role("button", name="Make it").click()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=find_chromium(), args=[*QUIET])
        yield browser
        browser.close()


@pytest.fixture
def show(browser: Browser) -> Iterator[Any]:
    """Return a function that opens an emulator's page; no script may have failed."""
    expect.set_options(timeout=WAIT_MS)
    with ExitStack() as stack:
        complaints: list[str] = []

        def opened_page(
            size: str = "desk",
            scheme: Literal["light", "dark"] = "light",
            **options: Any,
        ) -> Here:
            portal = stack.enter_context(anyio.from_thread.start_blocking_portal())
            options = {"media": False, "pace": Pace.seconds(0, 0), **options}
            api = stack.enter_context(
                portal.wrap_async_context_manager(portal.call(_emulator, options))
            )
            width, height = SIZES[size]
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme
            )
            stack.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(WAIT_MS)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(f"{api.url}/")
            return Here(api, page, complaints, portal)

        yield opened_page
        assert [] == complaints


async def _emulator(options: dict[str, Any]) -> Emulator:
    return Emulator(preview_s=20, **options)


@pytest.mark.slow
def test_a_newcomer_makes_and_hears_a_song(show: Any) -> None:
    """With its cover, its words, and its price taken from the credits."""
    here = show(media=True)
    here.make("pop song about boats, 4 seconds")

    player = here.page.locator("audio:visible")
    expect(player).to_have_count(2)
    expect(here.page.locator(".chip")).to_have_text("succeeded")
    expect(here.page.locator("#credits")).to_have_text("990")
    expect(here.page.locator("#in-flight")).to_have_text("0")
    here.page.get_by_text("Lyrics", exact=True).first.click()
    expect(here.page.locator("pre").first).to_contain_text("[")
    seconds = player.first.evaluate(
        "async (audio) => { await audio.play();"
        " await new Promise((on) => audio.addEventListener('timeupdate', on));"
        " audio.pause(); return audio.duration; }"
    )
    cover = here.page.locator(".clip img").first
    assert 2 < seconds < 8
    assert cover.evaluate("(image) => image.naturalWidth") > 0


@pytest.mark.slow
def test_markup_of_others_is_text(show: Any) -> None:
    """Title, prompt, lyrics and refusals are shown as they are spelled."""
    here = show(pace=Pace.seconds(0, 0), refuse_words=["x onerror"])
    song = {**SUNG, "title": EVIL[:79], "tags": EVIL, "prompt": EVIL}
    here.portal.call(_create, here.api, {**DESCRIBED, "gpt_description_prompt": EVIL})
    here.portal.call(_create, here.api, song)
    here.page.reload()

    tasks = here.page.locator(".task")
    expect(tasks).to_have_count(2)
    expect(tasks.last).to_contain_text("<img src=x")
    expect(here.page).to_have_title("aiomusic emulator")
    assert 0 == here.page.locator("img[src=x], main script").count()


@pytest.mark.slow
def test_faults_are_switched_on_and_off(show: Any) -> None:
    """What they do is told beside the form, and at the song."""
    here = show()
    here.page.get_by_role("combobox", name="Kind").select_option("queue_full")
    here.page.get_by_role("combobox", name="How often").select_option("always")
    here.page.get_by_role("button", name="Switch on").click()
    fault = here.page.locator(".fault")
    expect(fault).to_contain_text("queue_full of create: always, met 0")
    here.make()
    expect(here.page.locator("#made")).to_have_text("Answered 403: Queue is full")
    expect(fault).to_contain_text("met 1")
    here.page.get_by_role("button", name="Switch off queue_full").click()
    expect(fault).to_have_count(0)

    here.page.get_by_role("combobox", name="Kind").select_option("fail")
    here.page.get_by_role("button", name="Switch on").click()
    expect(fault).to_have_count(1)
    here.make()
    expect(here.page.locator(".task")).to_contain_text("refunded")
    expect(here.page.locator(".task .chip")).to_have_text("failed")
    expect(here.page.locator("#credits")).to_have_text("1000")


@pytest.mark.slow
@pytest.mark.parametrize(("size", "scheme"), [("phone", "dark"), ("desk", "light")])
def test_it_is_for_everyone(show: Any, size: str, scheme: str) -> None:
    """Axe finds nothing, all fits the screen, and the keyboard is enough."""
    here = show(size, scheme, pace=Pace.seconds(pending=9000))
    here.page.get_by_role("textbox", name="Prompt").focus()
    here.page.keyboard.press("Control+A")
    here.page.keyboard.type("w" * 300)
    for _ in range(4):
        here.page.keyboard.press("Tab")
    expect(here.page.get_by_role("button", name="Make it")).to_be_focused()
    here.page.keyboard.press("Enter")
    expect(here.page.locator(".task")).to_have_count(1)
    here.page.get_by_role("button", name="Switch on").press("Enter")
    expect(here.page.locator(".fault")).to_have_count(1)

    found = Axe().run(here.page)
    width = here.page.evaluate("document.documentElement.scrollWidth")

    assert 0 == found.violations_count, found.generate_report()
    assert width == SIZES[size][0]


@pytest.mark.slow
def test_a_reader_elsewhere_types_the_key(show: Any) -> None:
    """The page of a public address does not tell it to whoever comes."""
    here = show(public_url="https://music.example")

    assert here.api.key not in here.page.content()
    here.page.get_by_label("The key").fill(here.api.key)
    here.page.get_by_role("button", name="Open").click()
    expect(here.page.locator("#credits")).to_have_text("1000")
    here.page.goto("about:blank")
    here.page.goto(f"{here.api.url}/#key={here.api.key}")
    expect(here.page.locator("#credits")).to_have_text("1000")
    assert f"{here.api.url}/" == here.page.url


@pytest.mark.slow
def test_the_page_goes_on_when_the_emulator_is_started_again(show: Any) -> None:
    """With the new one's key, and without the songs of the old one."""
    here = show()
    here.make()
    expect(here.page.locator(".task")).to_have_count(1)
    options = {"port": URL(here.api.url).port, "media": False, "credits": 77}
    here.portal.call(here.api.aclose)
    expect(here.page.locator("#state")).to_contain_text("does not answer any more")

    again = here.portal.call(_emulator, options)
    with here.portal.wrap_async_context_manager(again):
        expect(here.page.locator("#credits")).to_have_text("77")
        expect(here.page.locator(".task")).to_have_count(0)
        expect(here.page.locator("#state")).to_have_text("")
        here.make()
        expect(here.page.locator(".task")).to_have_count(1)


@pytest.mark.slow
def test_a_poll_that_hangs_stops_nothing_else(show: Any) -> None:
    """The newest songs are listed, and what is left out is counted."""
    here = show(pace=Pace.seconds(pending=9000))
    here.api.fault("hang", on="poll", times=None)
    here.make()
    expect(here.page.locator("#in-flight")).to_have_text("1")
    for _ in range(50):
        here.portal.call(_create, here.api, DESCRIBED)

    expect(here.page.locator("#in-flight")).to_have_text("51")
    expect(here.page.locator("#older")).to_have_text("The newest 50 of 51.")
    expect(here.page.locator(".task")).to_have_count(50)


async def _create(api: Emulator, body: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {api.key}"}
    async with (
        aiohttp.ClientSession(api.url, headers=headers) as http,
        http.post(SUNO, json=body) as reply,
    ):
        assert 200 == reply.status
