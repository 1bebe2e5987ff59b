"""Players that this project did not write read what it writes into the files."""

import base64
import io
import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mutagen
import pytest
from mutagen.flac import Picture
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from sounds import encoded

from aiomusic._files.tags import Label, tag
from aiomusic.results import Clip, ClipState

TITLE, LYRICS, SIZE = "Péniche 🎵", "one\ntwo ü", (64, 48)
SECONDS = 2.0
CLIP = Clip(
    clip_id="0f7b5f2e-6c1d-4b8a-9d3e-5a4c3b2a1f00",
    provider="suno",
    state=ClipState.SUCCEEDED,
    title=TITLE,
    tags="r&b pop",
    lyrics=LYRICS,
    model="chirp-v5",
    created_at=datetime(2026, 11, 28, 9, 30, tzinfo=UTC),
)
KINDS = {"mp3": "MP3", "flac": "FLAC", "wav": "WAV", "ogg": "OGG"}


def cover() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", SIZE, "navy").save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("songs")
    label = Label(album="Blue", track=7)
    for ending, kind in KINDS.items():
        part = folder / "part"
        part.write_bytes(encoded(SECONDS, kind))
        song = folder / f"song.{ending}"
        assert tag(part, CLIP, cover(), into=song, label=label)
    part.unlink()
    return {ending: folder / f"song.{ending}" for ending in KINDS}


@pytest.mark.parametrize("ending", KINDS)
def test_mutagen_reads_what_was_written(songs: dict[str, Path], ending: str) -> None:
    """Under the names that each format has for it."""
    tags = mutagen.File(songs[ending]).tags

    if ending in {"mp3", "wav"}:
        found = [tags[name].text[0] for name in ("TIT2", "TPE1", "TALB", "TRCK")]
        found.append(tags.getall("USLT")[0].text)
        picture = tags.getall("APIC")[0].data
    else:
        names = ("title", "artist", "album", "tracknumber", "lyrics")
        found = [tags[name][0] for name in names]
        raw = tags.get("metadata_block_picture", [""])[0]
        picture = (
            mutagen.File(songs[ending]).pictures[0].data
            if ending == "flac"
            else Picture(base64.b64decode(raw)).data  # type: ignore[no-untyped-call]
        )
    assert found == [TITLE, "Suno", "Blue", "7", LYRICS]
    assert picture == cover()


@pytest.mark.parametrize("ending", KINDS)
def test_ffprobe_reads_what_was_written(songs: dict[str, Path], ending: str) -> None:
    """Debian's ffmpeg, which most players are built on."""
    if shutil.which("ffprobe") is None:
        pytest.skip("ffprobe is not installed: apt-get install ffmpeg")
    words = ("ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json")
    run = subprocess.run(
        [*words, str(songs[ending])], capture_output=True, check=True, timeout=60
    )

    found = json.loads(run.stdout)
    tags: dict[str, str] = {}
    for part in (found["format"], *found["streams"]):
        for name, text in part.get("tags", {}).items():
            tags.setdefault(name.lower().partition("-")[0], text)
    assert run.stderr == b""
    assert (TITLE, "Suno", LYRICS) == (tags["title"], tags["artist"], tags["lyrics"])
    assert ("Blue", "7") == (tags["album"], tags["track"])
    assert float(found["format"]["duration"]) == pytest.approx(SECONDS, abs=0.1)
    pictures = [one for one in found["streams"] if one["codec_type"] == "video"]
    assert [SIZE] == [(one["width"], one["height"]) for one in pictures]


# Reads ID3 2.3 and the comments of FLAC as the formats' documents have them.
READ = """
async ([data, mime]) => {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const view = new DataView(bytes.buffer), found = {};
  const name = (at, size) => String.fromCharCode(...bytes.slice(at, at + size));
  const text = (part) => new TextDecoder(
    part[0] === 0xff ? "utf-16le" : part[0] === 0xfe ? "utf-16be" : "utf-8"
  ).decode(part).replace(/\\0+$/, "");
  let picture = null;
  if (name(0, 3) === "ID3") {
    const size = bytes.slice(6, 10).reduce((sum, one) => sum * 128 + one, 0);
    for (let at = 10; at < size && bytes[at];) {
      const id = name(at, 4), length = view.getUint32(at + 4);
      const frame = bytes.slice(at + 10, at + 10 + length);
      at += 10 + length;
      if (id[0] === "T" && id !== "TXXX") found[id] = text(frame.slice(1));
      // Encoding, language, an empty description in UTF-16, then the words.
      if (id === "USLT") found.lyrics = text(frame.slice(8));
      if (id === "APIC") {
        let start = frame.indexOf(0, 1) + 2;
        start += frame[0] === 1 ? 4 : 1;
        picture = frame.slice(start);
      }
    }
  } else {
    for (let at = 4, last = false; !last;) {
      last = bytes[at] >= 128;
      const kind = bytes[at] & 127, length = view.getUint32(at) & 0xffffff;
      let here = at + 4;
      at = here + length;
      if (kind === 4) {
        here += 4 + view.getUint32(here, true);
        for (let left = view.getUint32(here, true), p = here + 4; left; left--) {
          const size = view.getUint32(p, true);
          const [key, value] = text(bytes.slice(p + 4, p + 4 + size)).split(/=(.*)/s);
          found[key.toLowerCase()] = value;
          p += 4 + size;
        }
      }
      if (kind === 6) {
        let p = here + 4;
        p += 4 + view.getUint32(p);
        p += 4 + view.getUint32(p) + 16;
        picture = bytes.slice(p + 4, p + 4 + view.getUint32(p));
      }
    }
  }
  const image = await createImageBitmap(new Blob([picture]));
  const audio = new Audio(URL.createObjectURL(new Blob([bytes], { type: mime })));
  await new Promise((resolve, reject) => {
    audio.onloadedmetadata = resolve;
    audio.onerror = () => reject(new Error(`can't play: ${audio.error.message}`));
  });
  return {
    title: found.TIT2 ?? found.title, artist: found.TPE1 ?? found.artist,
    lyrics: found.lyrics, duration: audio.duration, cover: [image.width, image.height],
  };
}
"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no browser is installed: apt-get install chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.set_default_timeout(30_000)
        yield page
        browser.close()


@pytest.mark.parametrize(
    ("ending", "mime"), [("mp3", "audio/mpeg"), ("flac", "audio/flac")]
)
def test_a_browser_reads_what_was_written(
    songs: dict[str, Path], page: Page, ending: str, mime: str
) -> None:
    """With its own decoders of texts, pictures and sound."""
    data = base64.b64encode(songs[ending].read_bytes()).decode()

    found: dict[str, Any] = page.evaluate(READ, [data, mime])

    assert (TITLE, "Suno", LYRICS) == (found["title"], found["artist"], found["lyrics"])
    assert [*SIZE] == found["cover"]
    assert found["duration"] == pytest.approx(SECONDS, abs=0.1)
