"""Title, style, lyrics, id and cover, written into a copy of a music file."""

import base64
import importlib
import importlib.util
import logging
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aiomusic._files.audio import examine
from aiomusic.results import Clip

__all__ = ["can_tag", "tag"]

_log = logging.getLogger("aiomusic")

COPY_BYTES = 1024 * 1024
# Ten times the longest lyrics; writing megabytes of them takes long.
MAX_CHARS = 100_000


def can_tag() -> bool:
    """Tell whether mutagen, the ``tags`` extra, is installed."""
    return importlib.util.find_spec("mutagen") is not None


def tag(path: Path, clip: Clip, cover: bytes | None = None, *, into: Path) -> bool:
    """
    Write title, style, lyrics, the clip's id and its cover into a copy of the music.

    The copy gets its name only when it is whole, and the music at *path* stays as
    it is, whatever happens.  A failure is logged.

    Args:
        path: The music.
        clip: What to write.
        cover: A JPEG or PNG; None: no picture.
        into: The tagged copy's name.

    Returns:
        Whether there is a tagged copy; False also without the ``tags`` extra.
    """
    if not can_tag():
        return False
    copy = path.with_name(f"{path.name}.tagged")
    try:
        _copy(path, copy)
        if not _write(copy, clip, cover):
            _log.warning("Clip %s stays untagged: its file is odd.", clip.clip_id)
            return False
        copy.replace(into)
    except Exception as error:  # noqa: BLE001 - music counts for more than its tags
        _log.warning("Clip %s stays untagged: %r", clip.clip_id, error)
        return False
    else:
        return True
    finally:
        _remove(copy)


def _write(copy: Path, clip: Clip, cover: bytes | None) -> bool:
    """Write the tags, and check that the music is the same after it."""
    before = examine(copy)
    writer = _WRITERS.get(before.kind or "")
    if writer is None:
        return False
    writer(copy, _texts(clip), cover)
    with copy.open("rb+") as file:
        os.fsync(file.fileno())
    after = examine(copy)
    return (after.kind, after.sound) == (before.kind, before.sound)


def _copy(path: Path, copy: Path) -> None:
    # Made anew, as what stands there may be a link to somewhere else.
    copy.unlink(missing_ok=True)
    with path.open("rb") as source, copy.open("xb") as target:
        shutil.copyfileobj(source, target, COPY_BYTES)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        _log.warning("%s could not be removed: %r", path, error)


def _texts(clip: Clip) -> dict[str, str]:
    texts = {
        "title": clip.title,
        "genre": clip.tags,
        "lyrics": clip.lyrics,
        "comment": f"{clip.provider} clip {clip.clip_id}",
    }
    return {
        # JSON may hold half a surrogate pair; ID3 reads a NUL as a separator.
        name: text[:MAX_CHARS].encode(errors="replace").decode().replace("\0", "")
        for name, text in texts.items()
        if text
    }


def _mime(cover: bytes) -> str:
    return "image/png" if cover.startswith(b"\x89PNG") else "image/jpeg"


def _mutagen(name: str) -> Any:  # noqa: ANN401 - mutagen has no types
    # Loaded where it is used: it is an extra, and takes time.
    return importlib.import_module(f"mutagen.{name}")


def _fill_id3(tags: Any, texts: Mapping[str, str], cover: bytes | None) -> None:  # noqa: ANN401 - likewise
    id3 = _mutagen("id3")

    if "title" in texts:
        tags.setall("TIT2", [id3.TIT2(encoding=3, text=texts["title"])])
    if "genre" in texts:
        tags.setall("TCON", [id3.TCON(encoding=3, text=texts["genre"])])
    if "lyrics" in texts:
        lyrics = id3.USLT(encoding=3, lang="XXX", desc="", text=texts["lyrics"])
        tags.setall("USLT", [lyrics])
    comment = id3.COMM(encoding=3, lang="XXX", desc="", text=texts["comment"])
    tags.setall("COMM", [comment])
    if cover:
        picture = id3.APIC(encoding=3, mime=_mime(cover), type=3, desc="", data=cover)
        tags.setall("APIC", [picture])


def _write_mp3(path: Path, texts: Mapping[str, str], cover: bytes | None) -> None:
    id3 = _mutagen("id3")

    try:
        tags = id3.ID3(path)
    except id3.ID3NoHeaderError:
        tags = id3.ID3()
    _fill_id3(tags, texts, cover)
    # Version 2.3, which every player reads.
    tags.update_to_v23()
    tags.save(path, v2_version=3)


def _write_wav(path: Path, texts: Mapping[str, str], cover: bytes | None) -> None:
    file = _mutagen("wave").WAVE(path)
    if file.tags is None:
        file.add_tags()
    _fill_id3(file.tags, texts, cover)
    file.save()


def _picture(cover: bytes) -> Any:  # noqa: ANN401 - likewise
    picture = _mutagen("flac").Picture()
    picture.type, picture.mime, picture.data = 3, _mime(cover), cover
    return picture


def _write_flac(path: Path, texts: Mapping[str, str], cover: bytes | None) -> None:
    file = _mutagen("flac").FLAC(path)
    if file.tags is None:
        file.add_tags()
    file.update(texts)
    if cover:
        file.clear_pictures()
        file.add_picture(_picture(cover))
    file.save()


def _write_ogg(path: Path, texts: Mapping[str, str], cover: bytes | None) -> None:
    file = _mutagen("_file").File(path)
    file.update(texts)
    if cover:
        block = base64.b64encode(_picture(cover).write()).decode()
        file["metadata_block_picture"] = block
    file.save()


def _write_m4a(path: Path, texts: Mapping[str, str], cover: bytes | None) -> None:
    mp4 = _mutagen("mp4")
    file = mp4.MP4(path)
    atoms = {"title": "nam", "genre": "gen", "lyrics": "lyr", "comment": "cmt"}
    for name, text in texts.items():
        file[f"\xa9{atoms[name]}"] = text
    if cover:
        is_png = _mime(cover) == "image/png"
        image = mp4.MP4Cover.FORMAT_PNG if is_png else mp4.MP4Cover.FORMAT_JPEG
        file["covr"] = [mp4.MP4Cover(cover, imageformat=image)]
    file.save()


_Writer = Callable[[Path, Mapping[str, str], bytes | None], None]
_WRITERS: Mapping[str, _Writer] = {
    ".mp3": _write_mp3,
    ".wav": _write_wav,
    ".flac": _write_flac,
    ".ogg": _write_ogg,
    ".m4a": _write_m4a,
}
