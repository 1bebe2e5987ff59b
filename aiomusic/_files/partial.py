"""
The partial file: what came of a clip so far, and what it belongs to.

Its name is the same at each call and it is locked while it grows, so a broken
download goes on, and two who save one clip fetch it once.
"""

import contextlib
import hashlib
import json
import os
import secrets
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import final

import attrs

from aiomusic._files import audio, tags
from aiomusic._files.filelock import (
    NoLocks,
    check_replaceable,
    disk,
    open_locked,
    open_regular,
    sync_folder,
)
from aiomusic._files.signing import Signer
from aiomusic.results import Clip

__all__ = ["PartialFile", "ResumeInfo"]

INFO_BYTES = 4096

_is_text = attrs.validators.instance_of(str)
_is_count = attrs.validators.optional(attrs.validators.instance_of(int))


@final
@attrs.frozen(kw_only=True)
class ResumeInfo:
    """
    What must hold for a part to be gone on with.

    Attributes:
        source: The host and path that it comes from, without any signature.
        validator: The ETag or date that the host gave; empty: it gave none.
        total: The bytes of the whole; None: the host did not say.
    """

    source: str = attrs.field(default="", validator=_is_text)
    validator: str = attrs.field(default="", validator=_is_text)
    total: int | None = attrs.field(default=None, validator=_is_count)


_NO_INFO = ResumeInfo()


@final
@attrs.define(eq=False, repr=False)
class PartialFile:
    """
    The file that grows into a clip's music, and then gets its name.

    Its methods are called in threads, and a cancelled caller closes it without
    waiting for them, so each holds the guard, and fails if it comes too late.
    Where there are no file locks, each save has a part of its own: if two wrote
    to one, it could have a hole and still the right length.

    Args:
        folder: Where the music goes.
        stem: Its name there, without the ending.
        is_lasting: Whether another call may go on with what is left of this one.
        ending: The only one that counts as this music, where the same song may stand
            there in several formats; None: any.
    """

    _folder: Path
    _stem: str
    _is_lasting: bool = True
    _ending: str | None = None
    path: Path = attrs.field(init=False)
    size_bytes: int = attrs.field(default=0, init=False)
    info: ResumeInfo = attrs.field(default=_NO_INFO, init=False)
    _guard: threading.Lock = attrs.field(factory=threading.Lock, init=False)
    _fd: int | None = attrs.field(default=None, init=False)
    _is_shared: bool = attrs.field(default=True, init=False)
    _is_closed: bool = attrs.field(default=False, init=False)
    _music: audio.Music | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self.path = self._folder / f"{self._stem}{self._ending or ''}.part"

    def __repr__(self) -> str:
        return f"<PartialFile {self.path.name!r} {self.size_bytes} bytes>"

    @property
    def is_kept(self) -> bool:
        """Whether another call can go on with it."""
        return self._is_shared and self.size_bytes > 0 and self.info.validator != ""

    def resumable(self, source: str) -> int:
        """Return the bytes that are there already of what *source* names."""
        is_same = self.info.source == source and self.info.validator
        return self.size_bytes if is_same else 0

    def published(self, duration: float | None) -> Path | None:
        """Look for the music under its own name, whole."""
        for ending in (self._ending,) if self._ending else audio.ENDINGS:
            name = f"{self._stem}{ending}"
            # No `Path` for each, as it interns its name.
            if not os.path.lexists(f"{self._folder}{os.sep}{name}"):
                continue
            path = self._folder / name
            # What can't be read is no file of ours; writing will tell why.
            with contextlib.suppress(OSError):
                music = audio.examine(path)
                flaw = music.flaw(duration)
                # What was kept though it is shorter than it should be is kept still.
                if music.kind == ending and not (flaw and flaw.is_certain):
                    return path
        return None

    def begin(self, duration: float | None) -> Path | bool:
        """
        Look for the music, and else claim the part.

        Returns:
            The whole music; or whether the part is ours now.
        """
        if done := self.published(duration):
            return done
        if not self.claim():
            return False
        # Whoever held the part until now may have finished it.
        return self.published(duration) or True

    def claim(self) -> bool:
        """Open and lock it; False while somebody else has it."""
        with self._guard, disk(self._folder):
            if self._is_closed:
                return False
            self._folder.mkdir(parents=True, exist_ok=True)
            with disk(self.path):
                self._fd = self._open()
                if self._fd is None:
                    return False
                self.info = _read_info(self._info_path)
                self.size_bytes = os.lseek(self._fd, 0, os.SEEK_END)
                return True

    def _open(self) -> int | None:
        try:
            return open_locked(self.path)
        except NoLocks:
            self._is_shared = False
            token = secrets.token_hex(4)
            self.path = self._folder / f"{self._stem}.{token}.part"
            return open_regular(self.path, os.O_CREAT | os.O_EXCL)

    @contextlib.contextmanager
    def _held(self) -> Iterator[int]:
        with self._guard, disk(self.path):
            # Only a thread whose caller was cancelled can see this.
            assert self._fd is not None, "the part is closed"
            yield self._fd

    def append(self, pieces: Iterable[bytes], begin: ResumeInfo | None = None) -> None:
        """
        Write at its end.

        Args:
            pieces: What is written.
            begin: Empties it first, for what this tells of; None: it goes on.
        """
        with self._held() as fd:
            self._music = None
            if begin is not None:
                self._start(fd, begin)
            for data in pieces:
                left = memoryview(data)
                while left:
                    written = os.write(fd, left)
                    self.size_bytes += written
                    left = left[written:]

    def _start(self, fd: int, info: ResumeInfo) -> None:
        self._clear(fd)
        if not self._is_lasting:
            info = attrs.evolve(info, validator="")
        if info.validator:
            _write_info(self._info_path, info)
        self.info = info

    def clear(self) -> None:
        """Forget what is there."""
        with self._held() as fd:
            self._clear(fd)

    def _clear(self, fd: int) -> None:
        # The info goes last: an old one over an empty part does no harm.
        os.ftruncate(fd, 0)
        os.lseek(fd, 0, os.SEEK_SET)
        self.size_bytes = 0
        self.info = _NO_INFO
        self._info_path.unlink(missing_ok=True)

    def examine(self) -> audio.Music:
        """See what it holds."""
        with self._held():
            self._music = audio.examine(self.path)
            return self._music

    def digest(self) -> bytes:
        """Return what tells its content from any other."""
        with self._held(), self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()

    def publish(
        self,
        clip: Clip,
        cover: bytes | None,
        kind: str,
        label: tags.Label = tags.NO_LABEL,
        signer: Signer | None = None,
    ) -> Path:
        """
        Tag it, sign it, and give it its final name, so that a power cut can't undo it.

        Args:
            clip: What the tags are made of.
            cover: A picture; None: there is none.
            kind: The ending that its content asks for.
            label: What the tags say beside the clip's own words.
            signer: Signs what carries no signature yet; None: nobody does.

        Raises:
            NotSigned: The signer failed; there is no file under the final name.
        """
        with self._held() as fd:
            final_path = self._folder / f"{self._stem}{kind}"
            with disk(final_path):
                check_replaceable(final_path)
            if not self._is_shared:
                # Windows moves no file that is open.
                os.fsync(fd)
                self._release()
            write = tags.tag if signer is None else signer.tag
            music, known = self.path, self._music
            if not write(music, clip, cover, into=final_path, label=label, known=known):
                # A tagged or signed copy is synced by whoever made it.
                if self._fd is not None:
                    os.fsync(fd)
                with disk(final_path):
                    self.path.replace(final_path)
            _set_time(final_path, clip)
            self._remove()
            self._release()
            sync_folder(self._folder)
            return final_path

    def close(self) -> None:
        """Unlock it, and remove it if nobody can go on with it."""
        with self._guard:
            self._is_closed = True
            if not self._is_shared:
                # Windows removes no file that is open.
                self._release()
                self._remove()
            elif self._fd is not None and not self.is_kept:
                # Before it is unlocked, as then another's may have the name.
                self._remove()
            self._release()

    @property
    def _info_path(self) -> Path:
        return self.path.with_name(f"{self.path.name}.json")

    def _remove(self) -> None:
        for path in (self._info_path, self.path):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def _release(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)


def _set_time(path: Path, clip: Clip) -> None:
    """Date the file as the song is; one that can't be dated is whole all the same."""
    if clip.created_at is not None:
        made_at = clip.created_at.timestamp()
        with contextlib.suppress(OSError, ValueError, OverflowError):
            os.utime(path, (made_at, made_at))


def _read_info(path: Path) -> ResumeInfo:
    """Read what stands beside a part; nothing that can't be read is trusted."""
    try:
        fd = open_regular(path)
        with os.fdopen(fd, "rb") as file:
            return ResumeInfo(**json.loads(file.read(INFO_BYTES)))
    except (OSError, ValueError, TypeError, RecursionError):
        return _NO_INFO


def _write_info(path: Path, info: ResumeInfo) -> None:
    fd = open_regular(path, os.O_CREAT | os.O_EXCL)
    with os.fdopen(fd, "wb") as file:
        file.write(json.dumps(attrs.asdict(info)).encode())
