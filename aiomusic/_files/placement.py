"""
What a clip's file is called, and the sidecar that says whose it is.

The usual name holds the start of the clip's id, so no two clips share one.  A name
that was chosen may be another clip's, so the sidecar beside the music, which names its
clip, is made first, and only by one.
"""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

import attrs

from aiomusic._files.audio import ENDINGS
from aiomusic._files.credentials import has_credentials
from aiomusic._files.filelock import disk
from aiomusic._files.tags import NO_LABEL, Label
from aiomusic._names import file_stem, safe_stem, short_id
from aiomusic._redact import kept
from aiomusic._timed_lyrics import lrc_text, timed_lines
from aiomusic.results import Clip

if TYPE_CHECKING:
    from aiomusic._files.signing import Signer

__all__ = ["USUAL", "Placement", "values_of"]

# What a sidecar of ours may hold at most.
SIDECAR_BYTES: Final = 4 * 1024 * 1024


@final
@attrs.frozen(kw_only=True)
class Placement:
    """
    Where a clip's file goes, and what is written beside the music.

    Attributes:
        name: The file's name without its ending; None: title and id.
        label: What is written into it beside the clip's own words.
        ending: That of the format that is wanted; None: whatever comes.
        is_bought: Whether the clip was bought in that format: nothing else will do.
        signer: Signs it, in place of the session's; None: the session's does.
    """

    name: str | None = None
    label: Label = NO_LABEL
    ending: str | None = None
    is_bought: bool = False
    signer: "Signer | None" = None

    def claim(self, folder: Path, clip: Clip) -> str:
        """
        Return the name that the clip has, or gets now, in a folder.

        Raises:
            OSError: The folder can't be written.
        """
        if self.name is None:
            return file_stem(clip)
        stem = safe_stem(self.name) or file_stem(clip)
        for one in (stem, f"{stem} {short_id(clip.clip_id)}"):
            if _is_claimed(folder, one, clip):
                return one
        return file_stem(clip)

    def describe(self, folder: Path, stem: str, clip: Clip, path: Path) -> None:
        """
        Write what stands beside music that is stored.

        Lyrics whose times are known get an LRC file of the same name.  A chosen name
        always has a sidecar, and so has a file with Content Credentials, as what came
        with them has no tags.

        Raises:
            DiskError: It can't be written.
        """
        with disk(folder):
            self._describe(folder, stem, clip, path)

    def _describe(self, folder: Path, stem: str, clip: Clip, path: Path) -> None:
        lines, lrc = timed_lines(clip), folder / f"{stem}.lrc"
        # One that is there may be corrected by hand.
        if lines and not os.path.lexists(lrc):
            _write(lrc, str(kept(lrc_text(lines, clip.title))))
        sidecar = folder / f"{stem}.json"
        is_signed = has_credentials(path)
        if self.name is None and not is_signed:
            return
        known = _read(sidecar).get("file")
        if known == path.name or (self.is_bought and known is not None):
            return
        label = self.label
        found = {
            "clip_id": clip.clip_id,
            "file": path.name,
            "provider": clip.provider,
            "task_id": clip.task_id,
            "model": clip.model,
            "title": clip.title,
            "style": clip.tags,
            "lyrics": clip.lyrics,
            "duration": clip.duration,
            "created_at": clip.created_at and clip.created_at.isoformat(),
            "generated": True,
            "credentials": is_signed,
            "album": label.album,
            "track": label.track,
            "request": label.request,
            "reply": dict(clip.raw),
        }
        # A service may echo the key; what is kept holds no secret.
        text = json.dumps(kept(found), ensure_ascii=False, indent=2, default=str)
        _write(sidecar, text)

    def release(self, folder: Path, stem: str, clip: Clip) -> None:
        """Release a name under which nothing was stored."""
        if self.name is None:
            return
        path = folder / f"{stem}.json"
        if _owner(path) == clip.clip_id and not _is_taken(folder, stem):
            with contextlib.suppress(OSError):
                path.unlink()


USUAL: Final = Placement()


def values_of(clip: Clip) -> dict[str, Any]:
    """Return what the fields of a `NameTemplate` stand for, as far as a clip tells."""
    made_at = clip.created_at
    return {
        "title": clip.title or clip.provider,
        "id": short_id(clip.clip_id),
        "task": clip.task_id,
        "provider": clip.provider,
        "model": clip.model,
        "style": clip.tags,
        "date": None if made_at is None else f"{made_at:%Y-%m-%d}",
    }


def _is_claimed(folder: Path, stem: str, clip: Clip) -> bool:
    """Claim a name for a clip, unless it is another's."""
    path = folder / f"{stem}.json"
    owner = _owner(path)
    if owner is not None or _is_taken(folder, stem):
        return owner == clip.clip_id
    with disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return _owner(path) == clip.clip_id
    with os.fdopen(fd, "w") as file:
        json.dump({"clip_id": clip.clip_id}, file)
    return True


def _is_taken(folder: Path, stem: str) -> bool:
    """Check whether there is music, or the beginning of some, under a name."""
    endings = (*ENDINGS, ".part")
    return any(os.path.lexists(folder / f"{stem}{ending}") for ending in endings)


def _owner(path: Path) -> str | None:
    """Return the clip that a sidecar names; "" if it names none; None: no sidecar."""
    return str(_read(path).get("clip_id", "")) if os.path.lexists(path) else None


def _read(path: Path) -> Mapping[str, Any]:
    """Read a sidecar; what can't be read says nothing."""
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(SIDECAR_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        file.write(text.encode(errors="replace"))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
