"""The gallery's page, opened from disk in a real browser."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Protocol

import pytest
from albums import AlbumMaker, clip_id, large_album, small_album
from axe_playwright_python.sync_playwright import Axe
from browsing import QUIET, Opened, find_chromium, measure
from playwright.sync_api import Browser, expect, sync_playwright

from aiomusic.gallery import read_kept, write_gallery

pytestmark = pytest.mark.slow

Scheme = Literal["light", "dark"]


class Open(Protocol):
    def __call__(
        self,
        folder: Path,
        address: str = "",
        *,
        scheme: Scheme = "light",
        is_phone: bool = False,
    ) -> Opened: ...


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = find_chromium()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=[*QUIET])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = small_album(tmp_path_factory.mktemp("Blue #1 & 100% <b>"))
    write_gallery(folder)
    return folder


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Open pages; none may have complained, or asked a host for anything."""
    pages: list[Opened] = []

    def open_one(
        folder: Path,
        address: str = "",
        *,
        scheme: Scheme = "light",
        is_phone: bool = False,
    ) -> Opened:
        page = folder / "index.html"
        opened = Opened.new(browser, page, scheme=scheme, is_phone=is_phone)
        pages.append(opened)
        if address:
            opened.page.evaluate("address => location.hash = address", address)
        return opened

    yield open_one
    for opened in pages:
        assert [] == opened.hosts
        assert [] == opened.complaints
        opened.close()


def test_it_loads_from_disk_and_shows_all_songs(album: Path, open_page: Open) -> None:
    """All it shows stands beside it: cover, title, tags, model, cost, prompt."""
    opened = open_page(album)
    first = opened.page.locator(".song").first

    assert 8 == len(opened.titles())
    assert ["Boats", "River", "Whole", "Swing", "refused"] == opened.titles()[:5]
    expect(first).to_contain_text("AI-generated")
    expect(first).to_contain_text("Suno chirp-v5 · 28 Nov 2026 · 10 credits")
    expect(first).to_contain_text("a song about boats")
    expect(first.locator(".take")).to_have_count(2)
    expect(first.locator(".take").first).to_contain_text("0:04")
    assert ["pop", "rain"] == first.locator(".take").first.locator(
        ".chip"
    ).all_inner_texts()
    opened.page.wait_for_function(
        "() => [...document.querySelectorAll('.full img')].every(image =>"
        " image.loading === 'lazy' && (!image.complete || image.naturalWidth > 0))"
    )


def test_markup_of_others_is_text(album: Path, open_page: Open) -> None:
    """A title with tags, controls and turned letters is shown as it is spelled."""
    opened = open_page(album)

    titles = opened.titles()

    assert "</script><img src=x onerror=alert(1)>" in titles
    assert "سفن من ورق gnp.exe" in titles
    assert 0 == opened.page.locator("main img:not([loading=lazy])").count()
    assert 500 == max(map(len, titles)) - 1


def test_a_click_in_a_waveform_plays_from_there(album: Path, open_page: Open) -> None:
    """The middle of the picture is the middle of the song, and the picture follows."""
    opened = open_page(album)
    wave = opened.page.locator(".take .wave").nth(1)

    wave.click()
    opened.playing(past_s=1.9)
    at = opened.page.evaluate("document.querySelector('audio').currentTime")
    share = float(
        wave.locator(".played").evaluate("e => e.style.getPropertyValue('--at')")
    )

    assert 1.9 < at < 3.9
    assert opened.began_at() == pytest.approx(2.0, abs=0.05)
    assert share == pytest.approx(at / 4, abs=0.15)
    assert "take 2" in opened.page.locator("#now-title").inner_text()
    assert "0:0" in str(wave.locator("input").get_attribute("aria-valuetext"))


def test_one_take_plays_at_a_time_and_the_next_follows(
    album: Path, open_page: Open
) -> None:
    """Continuous play goes on with the next take, over one that was dropped."""
    opened = open_page(album)
    opened.page.get_by_role("button", name="Drop Boats, take 2").click()

    opened.page.get_by_role("button", name="Play Boats, take 1").click()
    opened.playing()
    opened.page.evaluate("document.querySelector('audio').currentTime = 3.9")
    opened.page.wait_for_function(
        "() => document.querySelector('#now-title').innerText !== 'Boats, take 1'"
    )
    # At once: what waits for it would also see it after the dropped take.
    assert "River, take 1" == opened.page.locator("#now-title").inner_text()
    opened.playing()

    expect(
        opened.page.get_by_role("button", name="Pause River, take 1")
    ).to_be_visible()
    expect(opened.page.get_by_role("button", name="Play Boats, take 1")).to_be_visible()


def test_the_other_take_goes_on_at_the_same_second(
    album: Path, open_page: Open
) -> None:
    """Two takes are compared where they are heard."""
    opened = open_page(album)
    opened.page.locator(".take .wave").first.click()
    opened.playing(past_s=1.9)

    opened.page.get_by_role("button", name="Other take").click()
    opened.page.wait_for_function(
        "() => document.querySelector('#now-title').innerText === 'Boats, take 2'"
    )
    opened.playing(past_s=1.8)

    assert opened.began_at() >= 1.9


def test_takes_are_kept_in_the_address_and_exported(
    album: Path, open_page: Open, tmp_path: Path
) -> None:
    """The address has the choices again; the file is what `read_kept` reads."""
    opened = open_page(album)

    opened.page.get_by_role("button", name="Keep Boats, take 2").click()
    opened.page.get_by_role("button", name="Drop Boats, take 1").click()
    with opened.page.expect_download() as download:
        opened.page.get_by_role("button", name="Export kept.json").click()
    download.value.save_as(tmp_path / "kept.json")
    address = opened.page.evaluate("location.hash")
    again = open_page(album, address)

    assert "kept.json" == download.value.suggested_filename
    kept = read_kept(tmp_path)
    assert {clip_id("boats", 2)} == kept.kept
    assert {clip_id("boats", 1)} == kept.dropped
    pressed = again.page.locator(".take [aria-pressed=true]")
    expect(pressed).to_have_count(2)
    assert ["Drop", "Keep"] == pressed.all_inner_texts()
    expect(again.page.locator("#chosen")).to_contain_text("1 kept · 1 dropped")


def test_what_was_exported_is_what_a_new_page_begins_with(
    tmp_path: Path, open_page: Open
) -> None:
    """A `kept.json` beside the manifest counts, and can be taken back."""
    folder = small_album(tmp_path)
    kept = {"kept": [clip_id("boats", 2)], "dropped": []}
    (folder / "kept.json").write_text(json.dumps(kept))
    write_gallery(folder)
    opened = open_page(folder)
    keep = opened.page.get_by_role("button", name="Keep Boats, take 2")

    expect(keep).to_have_attribute("aria-pressed", "true")
    keep.click()
    again = open_page(folder, opened.page.evaluate("location.hash"))

    expect(again.page.locator("#chosen")).to_have_text(
        "0 kept · 0 dropped · not exported yet"
    )


@pytest.mark.parametrize(
    ("address", "titles"),
    [
        pytest.param("q=BOATS+x", [], id="words that no song has"),
        pytest.param("q=about%20river", ["River"], id="words of the prompt"),
        pytest.param("tags=folk", ["River"], id="a tag"),
        pytest.param("tags=rain,folk", ["River"], id="two tags"),
        pytest.param("provider=riffusion", ["Swing"], id="a provider"),
        pytest.param("state=failed", ["refused"], id="a state"),
        pytest.param(f"keep={clip_id('swing', 1)}&choice=kept", ["Swing"], id="kept"),
        pytest.param("q=%E0%A4%A", None, id="an address that is damaged"),
    ],
)
def test_songs_are_filtered(
    album: Path, open_page: Open, address: str, titles: list[str] | None
) -> None:
    """Search, tag, provider, state and choice leave what fits, from the address too."""
    opened = open_page(album, address)

    if titles is None:
        expect(opened.page.locator(".song")).to_have_count(8)
    else:
        expect(opened.page.locator(".song")).to_have_count(len(titles))
        assert titles == opened.titles()


def test_filters_are_controls(album: Path, open_page: Open) -> None:
    """What is typed and chosen filters, is told, and is cleared."""
    opened = open_page(album)
    songs = opened.page.locator(".song")

    opened.page.get_by_label("Search").fill("river")
    expect(songs).to_have_count(1)
    expect(opened.page.locator("#found")).to_have_text("1 of 8 songs")
    opened.page.get_by_role("button", name="Clear filters").click()
    expect(songs).to_have_count(8)
    opened.page.locator(".chip").filter(has_text="swing").first.click()
    expect(songs).to_have_count(1)
    opened.page.get_by_role("button", name="No longer only").click()
    opened.page.get_by_label("Provider").select_option("riffusion")
    expect(songs).to_have_count(1)
    opened.page.get_by_label("Provider").select_option("")
    opened.page.get_by_label("Sort").select_option("title")
    expect(songs.first).to_contain_text("</script>")


def test_a_failed_song_says_why_and_what_it_cost(album: Path, open_page: Open) -> None:
    """A song without takes has its error, the next step and the money."""
    opened = open_page(album, "state=failed")

    card = opened.page.locator(".song")

    expect(card).to_contain_text("The service refused the lyrics.")
    expect(card).to_contain_text("Send other lyrics.")
    expect(card).to_contain_text("not charged")
    expect(card).not_to_contain_text("AI-generated")


def test_timed_lyrics_follow_the_playback(album: Path, open_page: Open) -> None:
    """The line that is sung is marked; a click on another line goes there."""
    opened = open_page(album)
    opened.page.get_by_role(
        "button", name="Lyrics and details of Boats, take 1"
    ).click()

    opened.page.locator("#about .line").nth(1).click()
    opened.playing(past_s=2.0)

    now = opened.page.locator("#about .line.now")
    expect(now).to_have_text("Let it rain again")
    expect(now).to_have_attribute("aria-current", "true")
    expect(opened.page.locator("#now-line")).to_have_text("Let it rain again")


def test_details_show_the_request(album: Path, open_page: Open) -> None:
    """All arguments of the request stand there, and where the song comes from."""
    opened = open_page(album)
    opened.page.get_by_role("button", name="details of River, take 1").click()

    about = opened.page.get_by_role("dialog")

    expect(about).to_contain_text("The request that made it")
    expect(about).to_contain_text("a song about river")
    expect(about).to_contain_text("Extended from Boats, take 1")
    expect(about).to_contain_text("AI-generated")
    opened.page.keyboard.press("Escape")
    expect(about).to_be_hidden()
    expect(
        opened.page.get_by_role("button", name="details of River, take 1")
    ).to_be_focused()


def test_lineage_is_a_tree(album: Path, open_page: Open) -> None:
    """What was extended and joined hangs below what it was made from."""
    opened = open_page(album)
    opened.page.get_by_label("Lineage").check()

    tree = opened.page.locator(".tree")

    expect(tree.locator("> li")).to_have_count(1)
    nodes = tree.locator(".node").all_inner_texts()
    assert ["created", "extended from take 1", "joined from take 2"] == [
        node.split("\n")[0] for node in nodes
    ]
    expect(tree.locator("> li > ul > li > ul > li")).to_contain_text("Whole")
    tree.get_by_role("button", name="River", exact=True).click()
    expect(opened.page.locator(".song h3").nth(1)).to_be_focused()


def test_rings_of_lineage_end(tmp_path: Path, open_page: Open) -> None:
    """Songs that are said to be made from each other are shown, each once."""
    maker = AlbumMaker(tmp_path)
    for key, other in (("one", "two"), ("two", "one"), ("self", "self")):
        origin = {"key": other, "take": 1, "clip_id": "", "relation": "cover"}
        maker.song(key, origins=[origin])
    write_gallery(maker.write())

    opened = open_page(tmp_path, "view=lineage")

    expect(opened.page.locator(".tree .node")).to_have_count(3)


def test_a_file_that_is_no_sound_is_told_and_passed_over(
    tmp_path: Path, open_page: Open
) -> None:
    """The browser's refusal is a sentence, and the next take plays."""
    maker = AlbumMaker(tmp_path)
    maker.song("one")
    (maker.write() / "01 one (1).wav").write_text("<html>not found</html>")
    write_gallery(tmp_path)
    opened = open_page(tmp_path)

    opened.page.get_by_role("button", name="Play One, take 1").click()
    opened.playing()

    expect(opened.page.locator("#now-title")).to_have_text("One, take 2")
    expect(opened.page.locator("#notes")).to_contain_text(
        "01 one (1).wav can't be played by this browser."
    )
    expect(opened.page.locator(".take").first).to_contain_text(
        "This browser can't play the file."
    )


def test_without_a_decoder_a_plain_bar_seeks(
    tmp_path: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says once how to have waveforms, and plays from a click all the same."""
    maker = AlbumMaker(tmp_path)
    maker.song("one")
    monkeypatch.setitem(sys.modules, "soundfile", None)
    write_gallery(maker.write())
    opened = open_page(tmp_path)

    opened.page.locator(".take .wave.plain").first.click()
    opened.playing(past_s=1.9)

    expect(opened.page.locator("#notes")).to_contain_text("aiomusic[emulator]")


def test_keys_in_a_waveform_move_and_do_not_play(album: Path, open_page: Open) -> None:
    """Whoever steps through a page by keys is not surprised by sound."""
    opened = open_page(album)
    slider = opened.page.get_by_role("slider", name="Position in Boats, take 2")

    slider.press("End")
    slider.press("PageDown")
    expect(slider).to_have_attribute("aria-valuetext", "0:03 of 0:04")
    assert opened.page.evaluate("document.querySelector('audio').paused")
    opened.page.get_by_role("button", name="Play Boats, take 2").click()
    opened.playing(past_s=3.5)


def test_continuous_play_can_be_left(album: Path, open_page: Open) -> None:
    """Then a take that ends is the last."""
    opened = open_page(album)
    opened.page.get_by_role("button", name="Play Boats, take 1").click()
    opened.playing()
    opened.page.get_by_role("button", name="Continuous").click()

    opened.page.evaluate("document.querySelector('audio').currentTime = 3.9")
    opened.page.wait_for_function("() => document.querySelector('audio').ended")

    expect(opened.page.locator("#now-title")).to_have_text("Boats, take 1")
    expect(opened.page.locator("#toggle")).to_have_attribute("aria-label", "Play")


def test_it_works_by_keyboard_alone(album: Path, open_page: Open) -> None:
    """Tab reaches play, waveform and keep; keys do what a hand would."""
    opened = open_page(album)
    page, press = opened.page, opened.page.keyboard.press

    press("Tab")
    press("Enter")
    press("Tab")
    expect(page.get_by_role("button", name="River").first).to_be_focused()
    press("Tab")
    expect(page.get_by_role("button", name="Play Boats, take 1")).to_be_focused()
    press("Enter")
    opened.playing()
    # No take ends, and gives way to the next, while keys are pressed.
    page.evaluate(
        "() => { const audio = document.querySelector('audio');"
        " audio.defaultPlaybackRate = audio.playbackRate = 0.0625; }"
    )
    press("Tab")
    press("ArrowRight")
    press("Home")
    press("PageUp")
    press("Tab")
    press("Space")
    expect(page.get_by_role("button", name="Keep Boats, take 1")).to_have_attribute(
        "aria-pressed", "true"
    )
    press("n")
    expect(page.locator("#now-title")).to_have_text("Boats, take 2")
    press("d")
    expect(page.get_by_role("button", name="Drop Boats, take 2")).to_have_attribute(
        "aria-pressed", "true"
    )
    press("/")
    expect(page.get_by_label("Search")).to_be_focused()
    page.keyboard.type("nk")
    expect(page.locator("#chosen")).to_contain_text("1 kept · 1 dropped")


def test_it_fits_a_phone(album: Path, open_page: Open) -> None:
    """At 375 px nothing is wider than the screen, and a touch plays and keeps."""
    opened = open_page(album, is_phone=True)
    page = opened.page

    page.locator(".take .art.play").first.tap()
    opened.playing()
    page.get_by_role("button", name="Keep", exact=True).last.tap()
    page.get_by_role("button", name="Lyrics", exact=True).last.tap()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("button", name="Close details").tap()
    page.locator("#more summary").tap()
    page.get_by_label("Lineage").check(force=True)

    assert 375 == page.evaluate("document.documentElement.scrollWidth")
    expect(page.locator("#chosen")).to_contain_text("1 kept")


@pytest.mark.parametrize(
    ("scheme", "is_phone"),
    [
        pytest.param("light", False, id="light"),
        pytest.param("dark", False, id="dark"),
        pytest.param("light", True, id="phone"),
    ],
)
def test_axe_finds_nothing(
    album: Path, open_page: Open, scheme: Scheme, *, is_phone: bool
) -> None:
    """Neither in the list, nor while a take plays, nor in details or lineage."""
    opened = open_page(album, scheme=scheme, is_phone=is_phone)
    page, axe = opened.page, Axe()

    found = [axe.run(page)]
    page.locator(".take .art.play").first.click()
    opened.playing()
    page.locator("#now-keep").click()
    page.locator(".take .drop").nth(1).click()
    found.append(axe.run(page))
    page.locator("#now-about").click()
    found.append(axe.run(page))
    page.keyboard.press("Escape")
    page.get_by_label("Lineage").check(force=True)
    found.append(axe.run(page))
    page.get_by_role("button", name="Keyboard").click()
    found.append(axe.run(page))

    for result in found:
        assert 0 == result.violations_count, result.generate_report()


def test_many_songs_stay_light(browser: Browser, tmp_path: Path) -> None:
    """Of 500 songs few are drawn at a time; to open and to scroll takes no longer."""
    speed = measure(browser, write_gallery(large_album(tmp_path, 500)).page, step=3000)

    assert speed.elements < 4_000
    assert speed.most_elements < 8_000
    # The aims are 2 s and 200 ms; the machine may be busy with other work.
    assert speed.opened_ms < 10_000
    assert speed.scrolling_task_ms < 1_000
