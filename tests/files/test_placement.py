"""A chosen name is one clip's own, and leads nowhere but into its folder."""

import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sounds import mp3

from aiomusic import InvalidRequest
from aiomusic._files.placement import USUAL, Placement, values_of
from aiomusic._files.tags import Label, tag
from aiomusic._names import NameTemplate, file_stem, safe_stem
from aiomusic._redact import hide
from aiomusic.batch._manifest import Manifest
from aiomusic.results import Clip, ClipState

CLIP = Clip(
    clip_id="0f7b5f2e-6c1d-4b8a-9d3e-5a4c3b2a1f00",
    provider="suno",
    state=ClipState.SUCCEEDED,
    title="Paper Boats",
    model="chirp-v5",
    created_at=datetime(2026, 11, 28, tzinfo=UTC),
)
OTHER = attrs.evolve(CLIP, clip_id="77777777-6c1d-4b8a-9d3e-5a4c3b2a1f00")


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("{title} ({take})", "Paper Boats (2)"),
        ("{track:02} {title}", "07 Paper Boats"),
        ("{date} {model} {provider}", "2026-11-28 chirp-v5 suno"),
        ("{album}/{title}", "Blue-Paper Boats"),
        ("../{title}", "Paper Boats"),
        ("{title!r}", "'Paper Boats'"),
        ("{{{title}}}", "{Paper Boats}"),
        ("{task}{title}", "Paper Boats"),
        ("CON{task}", "_CON"),
    ],
)
def test_a_pattern_is_filled_in(pattern: str, name: str) -> None:
    """What is not known is left out; nothing of it leads out of the folder."""
    values = {**values_of(CLIP), "take": 2, "track": 7, "album": "Blue"}

    assert NameTemplate(pattern, frozenset({"album"})).fill(values) == name


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("{titel}", ["{titel}", "title", "take"]),
        ("{title", ["expected '}'"]),
        ("{}", ["{}"]),
        ("{0}", ["{0}"]),
        ("{title.__class__}", ["{title.__class__}"]),
        ("{title[0]}", ["{title[0]}"]),
        ("{title:zz}", ["{title:zz}"]),
        ("{title:{take}}", ["{title:{take}}"]),
        ("song", ["one name"]),
        ("", ["one name"]),
    ],
)
def test_a_pattern_that_cannot_be_filled_in_is_refused(
    pattern: str, words: list[str]
) -> None:
    """Before anything is sent, with what there is."""
    with pytest.raises(InvalidRequest) as seen:
        NameTemplate(pattern)

    assert all(word in str(seen.value) for word in [*words, "Nothing was sent"])


@given(title=st.text(), key=st.text())
def test_no_value_leads_out_of_the_folder(title: str, key: str) -> None:
    """Whatever a title or a key holds, the name is one plain file's."""
    values = {**values_of(attrs.evolve(CLIP, title=title)), "key": key}

    name = NameTemplate("{key} {title}").fill(values)

    assert Path(name).name == name
    assert name not in {".", ".."}
    assert len(name.encode()) <= 143
    assert name == safe_stem(name)


def test_a_name_is_its_clips_own(tmp_path: Path) -> None:
    """The next clip of that name gets its id added, the same clip its name again."""
    placement = Placement(name="Song")

    names = [placement.claim(tmp_path, clip) for clip in (CLIP, OTHER, CLIP, OTHER)]

    assert names == ["Song", "Song 77777777-6c1d", "Song", "Song 77777777-6c1d"]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("Song.mp3", b"another's"),
        ("Song.flac", b""),
        ("Song.part", b"another's"),
        ("Song.json", b"{}"),
        ("Song.json", b"not ours"),
        ("Song.json", b"[" * 5_000),
    ],
)
def test_a_file_that_is_not_ours_keeps_its_name(
    tmp_path: Path, file: str, content: bytes
) -> None:
    """Nothing is overwritten, whatever stands there."""
    (tmp_path / file).write_bytes(content)

    name = Placement(name="Song").claim(tmp_path, CLIP)

    assert name == "Song 0f7b5f2e-6c1d"
    assert (tmp_path / file).read_bytes() == content


def test_a_dangling_link_keeps_its_name(tmp_path: Path) -> None:
    """What it leads to is not ours either."""
    (tmp_path / "Song.json").symlink_to(tmp_path / "elsewhere")

    assert Placement(name="Song").claim(tmp_path, CLIP) != "Song"
    assert not (tmp_path / "elsewhere").exists()


def test_of_many_at_once_each_gets_a_name_of_its_own(tmp_path: Path) -> None:
    """Only one of them makes the sidecar."""
    clips = [attrs.evolve(CLIP, clip_id=f"clip-{n}") for n in range(24)]
    names: list[str] = []
    barrier = threading.Barrier(len(clips))

    def claim(clip: Clip) -> None:
        barrier.wait(10)
        names.append(Placement(name="Song").claim(tmp_path, clip))

    threads = [threading.Thread(target=claim, args=(clip,)) for clip in clips]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert len(set(names)) == len(clips)


def test_the_sidecar_says_what_the_file_is(tmp_path: Path) -> None:
    """Clip, request and reply stand in it, once the music is there."""
    clip = attrs.evolve(CLIP, raw={"id": "x", "odd": "\ud83d"})
    placement = Placement(name="Song", label=Label(album="Blue", request={"kind": "k"}))
    stem = placement.claim(tmp_path, clip)
    path = tmp_path / "Song.mp3"
    path.write_bytes(b"music")

    placement.describe(tmp_path, stem, clip, path)
    written = (tmp_path / "Song.json").stat().st_ino
    placement.describe(tmp_path, stem, clip, path)

    found = json.loads((tmp_path / "Song.json").read_text())
    assert found["clip_id"] == CLIP.clip_id
    assert (found["file"], found["album"]) == ("Song.mp3", "Blue")
    assert (found["request"], found["generated"]) == ({"kind": "k"}, True)
    # A second poll writes nothing again.
    assert (tmp_path / "Song.json").stat().st_ino == written


def test_a_name_is_given_back_where_nothing_came(tmp_path: Path) -> None:
    """Unless something of it waits to be gone on with."""
    placement = Placement(name="Song")
    stem = placement.claim(tmp_path, CLIP)
    (tmp_path / "Song.part").write_bytes(b"half")
    placement.release(tmp_path, stem, CLIP)
    assert (tmp_path / "Song.json").exists()

    (tmp_path / "Song.part").unlink()
    placement.release(tmp_path, stem, CLIP)

    assert not os.listdir(tmp_path)  # noqa: PTH208 - the names alone


def test_the_usual_name_needs_no_sidecar(tmp_path: Path) -> None:
    """It holds the id already."""
    assert USUAL.claim(tmp_path, CLIP) == file_stem(CLIP)
    path = tmp_path / "x.mp3"
    path.write_bytes(mp3(1))

    USUAL.describe(tmp_path, file_stem(CLIP), CLIP, path)

    assert [path] == list(tmp_path.iterdir())


def test_no_key_that_a_service_echoes_is_kept_beside_the_music(tmp_path: Path) -> None:
    """Neither the sidecar, nor a tag, nor a line of the manifest holds it."""
    key = "sk-echoed-7Hq2Zx91LmP0"
    hide(key)
    clip = attrs.evolve(CLIP, tags=f"pop {key}", raw={"echo": [f"Bearer {key}"]})
    path = tmp_path / "song"
    path.write_bytes(mp3(1))

    Placement(name="Song").describe(tmp_path, "Song", clip, path)
    tag(path, clip, into=tmp_path / "tagged")
    Manifest(tmp_path).add({"key": "a", "clips": [{"tags": clip.tags}]})

    assert (tmp_path / "Song.json").exists()
    held = [one.name for one in tmp_path.iterdir() if key.encode() in one.read_bytes()]
    assert held == []
