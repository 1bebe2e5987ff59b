"""What is made shows itself in a notebook, and shows no more than it should."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from aiomusic import Clip, ClipState, Lyrics, MusicSession, blocking
from aiomusic._redact import hide
from aiomusic.emulator import Emulator, Pace
from aiomusic.gallery import Gallery

pytestmark = pytest.mark.anyio

NASTY = "<script>alert('x')</script>\"&"


class Page(HTMLParser):
    """The tags of a page, and their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def shown(value: Any) -> Page:
    return Page(value._repr_html_())


def clip(**fields: Any) -> Clip:
    given: dict[str, Any] = {"clip_id": "c", "provider": "suno"}
    return Clip(**given | {"state": ClipState.SUCCEEDED} | fields)


def test_a_clip_has_a_player() -> None:
    """With its cover, its title, and how long it is."""
    page = shown(
        clip(
            title="Boats",
            tags="pop",
            audio_url="https://e.org/a.mp3?a=1&b=2",
            image_url="https://e.org/a.jpg",
            duration=63.4,
        )
    )

    assert "Boats pop · 63 s" == page.text
    assert ["https://e.org/a.mp3?a=1&b=2"] == [one["src"] for one in page.of("audio")]
    assert ["https://e.org/a.jpg"] == [one["src"] for one in page.of("img")]


@pytest.mark.parametrize("field", ["title", "tags", "error", "audio_url", "image_url"])
def test_what_the_service_says_is_text_alone(field: str) -> None:
    """Whatever it holds, it makes no tag and no address of its own."""
    page = shown(clip(**{field: NASTY}))

    assert not page.of("script")
    assert not page.of("audio") + page.of("img")
    if "url" not in field:
        assert NASTY in page.text


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "a.mp3"])
def test_only_addresses_of_the_web_are_fetched(url: str) -> None:
    """A browser runs and reads nothing else."""
    page = shown(clip(audio_url=url, image_url=url))

    assert not page.of("audio") + page.of("img")


def test_no_secret_is_shown() -> None:
    """A notebook is a file that is passed on."""
    hide("sk-a-very-secret-key-0123456789")
    page = clip(title="sk-a-very-secret-key-0123456789")._repr_html_()

    assert "very-secret" not in page


def test_lyrics_are_folded() -> None:
    """All of them, as they are."""
    page = shown(Lyrics(title="Rain", text=NASTY))

    assert f"Rain{NASTY}" == page.text
    assert not page.of("script")


def test_a_gallery_is_a_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its address is told from the folder that the notebook is in."""
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "my album" / "index.html"

    near = shown(Gallery(page=page, songs=2, takes=4, notes=("a < b",)))
    monkeypatch.chdir("/")
    root = shown(Gallery(page=page, songs=2, takes=4))

    assert ["my%20album/index.html"] == [one["src"] for one in near.of("iframe")]
    assert "2 songs, 4 takes a < b" in near.text
    assert str(root.of("iframe")[0]["src"]).endswith("/my%20album/index.html")


async def test_a_job_shows_its_state_and_its_clips() -> None:
    """Before its end and after it."""
    async with (
        Emulator(pace=Pace.polls(), media=False) as api,
        MusicSession(api.key, base_url=api.url, poll_every_s=0.0) as music,
    ):
        job = music.suno.create("rain", key=NASTY)
        queued = shown(job)
        await job
        over = shown(job)
        api.fault("moderation", on="create")
        bad = music.suno.create("rain", key="bad")
        async for _ in bad.updates():
            pass
        failed = shown(bad)

    assert f"suno.create queued · {NASTY}" == queued.text
    assert f"suno.create succeeded · {NASTY}" in over.text
    assert 2 == len(over.of("audio"))
    assert "failed · bad · suno.create: the service answered 403" in failed.text


SETUP = """\
import contextlib
from aiomusic import MusicSession
from aiomusic.emulator import Emulator, Pace
stack = contextlib.AsyncExitStack()
api = await stack.enter_async_context(
    Emulator(pace=Pace.polls(pending=10**9), media=False)
)
music = await stack.enter_async_context(
    MusicSession(api.key, base_url=api.url, poll_every_s=0.01)
)
"""
AWAIT = """\
from IPython.display import display
job = music.suno.create('rain', key='one')
display(job)
async for update in job.updates():
    if update.task_id is not None:
        await api.finish()
clips = await job
"""
CELLS = (
    SETUP,
    AWAIT,
    "clips[0]",
    "await stack.aclose()",
)


@pytest.mark.slow
def test_a_notebook_runs_from_top_to_bottom() -> None:
    """A job that is shown goes on to be: its cell has the players at the end."""
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]

    nbclient.NotebookClient(notebook, timeout=150, kernel_name="python3").execute()

    job = Page(notebook.cells[1].outputs[0]["data"]["text/html"])
    first = Page(notebook.cells[2].outputs[0]["data"]["text/html"])
    assert "suno.create succeeded · one" in job.text
    assert job.of("audio")[0] == first.of("audio")[0]


def test_a_blocking_job_shows_itself_too() -> None:
    """It is the same job."""
    assert blocking.MusicSession("key")._repr_html_() is None
