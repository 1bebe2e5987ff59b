"""
Clip to file: bytes go to a part file, and only whole music gets the final name.

The part's name is the same at each call and it is locked while it grows, so a
broken download goes on, and two who save one clip fetch it once.
"""

import contextlib
import errno
import hashlib
import json
import os
import re
import secrets
import stat
import sys
import threading
import unicodedata
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, final
from urllib.parse import urlsplit

import anyio
import attrs
from anyio.to_thread import run_sync

from aiomusic import _tags
from aiomusic._clock import Clock
from aiomusic._gate import backoff_s
from aiomusic._transport import CHUNK_BYTES, Media, Transport
from aiomusic.errors import DownloadError, MusicError, Retry
from aiomusic.results import Clip, ClipState

if sys.platform != "win32":
    import fcntl

__all__ = ["file_stem", "save_clip"]

# In a row, without a chunk's worth of news in between.
MOST_FAILURES = 5
MOST_RELINKS = 2
MOST_WAIT_S = 60.0
CLAIM_EVERY_S = 0.25
COVER_S = 10.0
NOTE_BYTES = 4096
MOST_COVER_BYTES = 5 * 1024 * 1024
# With the id and the longest ending, under the 143 bytes that eCryptfs leaves.
MOST_TITLE_BYTES = 92

OK: Final = 200
PARTIAL: Final = 206
# Those may pass; any other refusal means that the link is dead.
PASSING = frozenset({202, 408, 425, 429})
SERVER_ERROR = 500


async def save_clip(
    clip: Clip,
    folder: Path,
    *,
    transport: Transport,
    refresh: Callable[[Clip], Awaitable[Clip]],
    clock: Clock,
) -> Path:
    """
    Store a clip's audio in a folder, once, and whole.

    The file is named for the clip's title and id.  If it is there and whole,
    nothing is fetched.  While the clip is being saved already, in this process or
    another, this waits for it.
    Cancelling leaves what came so far in a ``.part`` file, and the next call goes
    on from there if the media host can.

    Args:
        clip: What to fetch.
        folder: Where to; made if it is missing.
        transport: The way to the media host.
        refresh: Asks the task for the clip again, when its link is dead.
        clock: Paces the tries.

    Returns:
        The file.

    Raises:
        DownloadError: It could not be fetched or stored, or is no whole music.
    """
    place = _Place(folder=folder, stem=file_stem(clip))
    part = _Part(place)
    try:
        if done := await run_sync(place.find, clip.duration):
            return done
        while not await run_sync(part.claim):
            await clock.sleep(CLAIM_EVERY_S)
        # Whoever held the part until now may have finished it.
        if done := await run_sync(place.find, clip.duration):
            return done
        fresh = await _fill(
            part, clip, transport=transport, refresh=refresh, clock=clock
        )
        cover = await _cover(fresh, transport)
        return await run_sync(part.publish, fresh, cover)
    except _DiskTrouble as trouble:
        raise _disk_error(clip, trouble, part) from trouble.error
    finally:
        part.close()


class _DeadLink(Exception):
    """The link gives no music, and another one may."""


class _Broken(Exception):
    """The music came in part or not at all, and may come when tried again."""

    def __init__(self, seen: str, *, wait_s: float = 0.0) -> None:
        super().__init__(seen)
        self.wait_s = wait_s


@final
class _DiskTrouble(Exception):
    """
    The disk refuses.

    No OSError, as the network raises these too.
    """

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(str(error))
        self.path = path
        self.error = error


@contextlib.contextmanager
def _disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _DiskTrouble(path, error) from error


async def _fill(
    part: "_Part",
    clip: Clip,
    *,
    transport: Transport,
    refresh: Callable[[Clip], Awaitable[Clip]],
    clock: Clock,
) -> Clip:
    """Fetch until the part is whole, and give the clip as its task has it now."""
    failures = relinks = most_bytes = 0
    while True:
        try:
            await _go_on(part, clip, transport)
            await run_sync(part.check, clip.duration)
        # What the disk raises never comes as an OSError here.
        except (_DeadLink, _Broken, DownloadError, OSError) as seen:
            failures += 1
            if part.size_bytes >= most_bytes + CHUNK_BYTES:
                failures, most_bytes = 1, part.size_bytes
            is_dead = isinstance(seen, _DeadLink)
            if is_dead or failures == MOST_FAILURES:
                relinks, failures = relinks + 1, 0
                if relinks > MOST_RELINKS:
                    raise _no_music(clip, seen, part) from seen
                fresh = await _relink(clip, seen, refresh)
                if not is_dead and _bare(fresh) == _bare(clip):
                    raise _no_music(clip, seen, part) from seen
                is_new = fresh.audio_url != clip.audio_url
                clip = fresh
                if is_new:
                    continue
            await clock.sleep(max(_pause_s(seen), backoff_s(failures + relinks)))
        else:
            return clip


def _bare(clip: Clip) -> str:
    """Give a link without its signature."""
    return (clip.audio_url or "").partition("?")[0]


def _pause_s(seen: Exception) -> float:
    return seen.wait_s if isinstance(seen, _Broken) else 0.0


async def _relink(
    clip: Clip, seen: Exception, refresh: Callable[[Clip], Awaitable[Clip]]
) -> Clip:
    """Ask the task for a link that lives."""
    try:
        return await refresh(clip)
    except MusicError as error:
        message = (
            f"Clip {clip.clip_id} could not be fetched: {_reason(seen)}; and asking"
            f" its task for a fresh link failed: {error.args[0]}"
            " When that is mended, save it again."
        )
        raise DownloadError(message, task_id=clip.task_id, retry=error.retry) from error


async def _go_on(part: "_Part", clip: Clip, transport: Transport) -> None:
    """Fetch what the part lacks."""
    url, host = _address(clip)
    source = _source(url)
    have = part.resumable(source)
    if have and have == part.note.total:
        return
    # Lengths and ranges count the bytes that are sent, so these must be the file's.
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": part.note.validator}
    async with transport.media(url, headers) as media:
        note = _note(media, host, source)
        if media.status == OK:
            have = 0
        elif not _continues(media, note, part.note, have):
            await run_sync(part.clear)
            raise _Broken(f"{host} can't go on where the download broke off")
        await _pour(media, part, note, host, is_new=have == 0)
    if note.total is not None and part.size_bytes != note.total:
        if part.size_bytes > note.total:
            await run_sync(part.clear)
        raise _Broken(f"{part.size_bytes} of {note.total} bytes came from {host}")


def _address(clip: Clip) -> tuple[str, str]:
    """Give a clip's link and its host; only the host may be told to anyone."""
    if clip.audio_url is None:
        why = f": {clip.error}" if clip.error else ""
        is_failed = clip.state is ClipState.FAILED
        raise _DeadLink(f"it failed{why}" if is_failed else "it has no audio yet")
    try:
        parts = urlsplit(clip.audio_url)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"}:
        raise _DeadLink("its link is no http:// or https:// address")
    return clip.audio_url, host


def _source(url: str) -> str:
    """
    Name what a link leads to, whatever its signature.

    With the machine's boot in it: what was written shortly before a power cut may
    be zeros after it, so a part from before is not gone on with.
    """
    parts = urlsplit(url)
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    except OSError:
        boot = ""
    name = f"{boot}\n{parts.hostname}\n{parts.path}"
    return hashlib.sha256(name.encode(errors="replace")).hexdigest()


@final
@attrs.frozen(kw_only=True)
class _Note:
    """
    What must hold for a part to be gone on with.

    Attributes:
        source: What is fetched, as `_source` names it.
        validator: The ETag or date that the host gave; empty: it gave none.
        total: The bytes of the whole; None: the host did not say.
    """

    source: str = attrs.field(default="", validator=attrs.validators.instance_of(str))
    validator: str = attrs.field(
        default="", validator=attrs.validators.instance_of(str)
    )
    total: int | None = attrs.field(
        default=None,
        validator=attrs.validators.optional(attrs.validators.instance_of(int)),
    )


_NO_NOTE = _Note()


def _note(media: Media, host: str, source: str) -> _Note:
    """
    Read a reply's head.

    Raises:
        _Broken: Not now.
        _DeadLink: Not here.
    """
    headers = media.headers
    match media.status:
        case 200 | 206 | 416:
            pass
        case status if status in PASSING or status >= SERVER_ERROR:
            wait_s = _wait_s(headers.get("retry-after", ""))
            raise _Broken(f"{host} answered {status}", wait_s=wait_s)
        case status:
            raise _DeadLink(f"{host} answered {status}")
    if _is_encoded(headers):
        return _Note(source=source)
    if media.status == OK:
        length = headers.get("content-length", "")
        total = int(length) if length.isdecimal() else None
    else:
        total = _range(headers)[1]
    etag = headers.get("etag", "")
    is_strong = etag and not etag.startswith("W/")
    validator = etag if is_strong else headers.get("last-modified", "")
    return _Note(source=source, validator=validator, total=total)


def _is_encoded(headers: Mapping[str, str]) -> bool:
    return headers.get("content-encoding", "identity") != "identity"


def _wait_s(retry_after: str) -> float:
    return min(float(retry_after), MOST_WAIT_S) if retry_after.isdecimal() else 0.0


def _range(headers: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Give a range's start, and the length of the whole."""
    pattern = r"bytes (\d+)-\d+/(\d+|\*)"
    found = re.fullmatch(pattern, headers.get("content-range", ""))
    if found is None:
        return None, None
    return int(found[1]), None if found[2] == "*" else int(found[2])


def _continues(media: Media, new: _Note, old: _Note, have: int) -> bool:
    """Tell whether a partial reply is the rest of what is there."""
    is_partial = media.status == PARTIAL and not _is_encoded(media.headers)
    if not is_partial or _range(media.headers)[0] != have:
        return False
    return have == 0 or (
        new.validator in {"", old.validator}
        and (new.total is None or old.total is None or new.total == old.total)
    )


async def _pour(
    media: Media, part: "_Part", note: _Note, host: str, *, is_new: bool
) -> None:
    """Write what comes, in chunks that are worth a thread's while."""
    buffer = bytearray()

    async def store() -> None:
        nonlocal buffer, is_new
        data, buffer = buffer, bytearray()
        if is_new:
            # Before the part is emptied: a web page must not cost what is there.
            _check_music(data, media, host)
            await run_sync(part.start, note)
            is_new = False
        await run_sync(part.append, data)

    try:
        async for chunk in media.chunks:
            buffer += chunk
            if len(buffer) >= CHUNK_BYTES:
                await store()
    finally:
        # Also when it breaks off, so that the next try has that much less to do.
        if buffer:
            await store()
    if is_new:
        _check_music(b"", media, host)


def _check_music(data: bytes | bytearray, media: Media, host: str) -> None:
    head = bytes(data[: _tags.HEAD_BYTES])
    if _tags.sniff(head) is None:
        kind = media.headers.get("content-type", "none")[:60]
        seen = f"{host} sent {_tags.describe(head)} (Content-Type: {kind})"
        raise _DeadLink(f"{seen} in place of music")


async def _cover(clip: Clip, transport: Transport) -> bytes | None:
    """Fetch the picture, for the tags; music without one is fine."""
    if clip.image_url is None or not _tags.can_tag():
        return None
    with anyio.move_on_after(COVER_S), contextlib.suppress(DownloadError, OSError):
        async with transport.media(clip.image_url, {}) as media:
            cover = bytearray()
            async for chunk in media.chunks:
                cover += chunk
                if len(cover) > MOST_COVER_BYTES:
                    return None
            is_picture = cover.startswith((b"\xff\xd8\xff", b"\x89PNG"))
            return bytes(cover) if media.status == OK and is_picture else None
    return None


@final
@attrs.frozen(kw_only=True)
class _Place:
    """Where a clip's file goes, and what else may stand beside it."""

    folder: Path
    stem: str

    @property
    def part(self) -> Path:
        return self.folder / f"{self.stem}.part"

    def final(self, kind: str) -> Path:
        return self.folder / f"{self.stem}{kind}"

    def find(self, duration: float | None) -> Path | None:
        """Look for the file, whole."""
        for kind in _tags.KINDS:
            path = self.final(kind)
            # What can't be read is no file of ours; writing will tell why.
            with contextlib.suppress(OSError):
                if _tags.flaw(path, duration) is None:
                    return path
        return None


@final
class _Part:
    """
    The file that grows, locked against others who save the same clip.

    Its methods are called in threads, and a cancelled caller closes it without
    waiting for them, so each holds the guard, and does nothing once it is closed.
    Where there are no file locks, each save has a part of its own.
    """

    def __init__(self, place: _Place) -> None:
        self.path = place.part
        self.size_bytes = 0
        self.note = _NO_NOTE
        self._place = place
        self._guard = threading.Lock()
        self._fd: int | None = None
        self._is_closed = False
        self._is_shared = True
        self._is_ours = False

    @property
    def is_kept(self) -> bool:
        """Whether another call can go on with it."""
        return self._is_shared and self.size_bytes > 0 and self.note.validator != ""

    def resumable(self, source: str) -> int:
        """Give the bytes that are there already of what *source* names."""
        is_same = self.note.source == source and self.note.validator
        return self.size_bytes if is_same else 0

    def claim(self) -> bool:
        """Open and lock it; False while somebody else has it."""
        with self._guard, _disk(self._place.folder):
            if self._is_closed:
                return True
            self._place.folder.mkdir(parents=True, exist_ok=True)
            with _disk(self.path):
                return self._open()

    def _open(self) -> bool:
        if sys.platform != "win32":
            fd = _open_regular(self.path, os.O_CREAT)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                is_busy = error.errno in {errno.EWOULDBLOCK, errno.EINTR}
                if not is_busy and os.fstat(fd).st_size == 0:
                    self.path.unlink(missing_ok=True)
                os.close(fd)
                if is_busy:
                    return False
            else:
                return self._take(fd)
        self._is_shared = False
        self.path = self._place.folder / f"{self._place.stem}.{_token()}.part"
        self._fd = _open_regular(self.path, os.O_CREAT | os.O_EXCL)
        self._is_ours = True
        return True

    def _take(self, fd: int) -> bool:
        """Keep what was locked, if it still stands under its name."""
        try:
            is_same = os.path.samestat(os.fstat(fd), os.lstat(self.path))
        except FileNotFoundError:
            is_same = False
        if not is_same:
            os.close(fd)
            return False
        self._fd = fd
        self._is_ours = True
        self.note = _read_note(self._note_path)
        self.size_bytes = os.lseek(fd, 0, os.SEEK_END)
        return True

    @property
    def _note_path(self) -> Path:
        return self.path.with_name(f"{self.path.name}.json")

    def start(self, note: _Note) -> None:
        """Empty it, for what *note* tells of."""
        with self._guard, _disk(self.path):
            if self._fd is not None:
                self._clear(self._fd)
                if self._is_shared and note.validator:
                    _write_note(self._note_path, note)
                self.note = note

    def append(self, data: bytes | bytearray) -> None:
        """Write at its end."""
        with self._guard, _disk(self.path):
            left = memoryview(data)
            while left and self._fd is not None:
                written = os.write(self._fd, left)
                self.size_bytes += written
                left = left[written:]

    def clear(self) -> None:
        """Forget what is there."""
        with self._guard, _disk(self.path):
            if self._fd is not None:
                self._clear(self._fd)

    def _clear(self, fd: int) -> None:
        # The note goes last: an old one over an empty part does no harm.
        os.ftruncate(fd, 0)
        os.lseek(fd, 0, os.SEEK_SET)
        self.size_bytes = 0
        self.note = _NO_NOTE
        self._note_path.unlink(missing_ok=True)

    def check(self, duration: float | None) -> None:
        """
        See whether it is whole music.

        Raises:
            _DeadLink: It is not, and nothing is kept of it.
        """
        with self._guard, _disk(self.path):
            if self._fd is None:
                return
            if flaw := _tags.flaw(self.path, duration):
                self._clear(self._fd)
                raise _DeadLink(f"what came is not the whole song: {flaw}")

    def publish(self, clip: Clip, cover: bytes | None) -> Path:
        """Tag it, and give it its final name, so that a power cut can't undo it."""
        with self._guard, _disk(self.path):
            if self._fd is None:
                return self.path
            os.fsync(self._fd)
            final_path = self._place.final(_kind(self.path))
            if not self._is_shared:
                # Windows moves no file that is open.
                self._release()
            if _tags.tag(self.path, clip, cover, into=final_path):
                self.path.unlink()
            else:
                with _disk(final_path):
                    self.path.replace(final_path)
            self._note_path.unlink(missing_ok=True)
            # From here on, another's part may stand under the name.
            self._is_ours = False
            self._release()
            _sync_folder(self._place.folder)
            return final_path

    def _release(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def close(self) -> None:
        """Unlock it, and remove it if nobody can go on with it."""
        with self._guard:
            self._is_closed = True
            if self._is_ours and not self.is_kept:
                with contextlib.suppress(OSError):
                    self._note_path.unlink(missing_ok=True)
                    self.path.unlink(missing_ok=True)
            self._release()


def _open_regular(path: Path, flags: int) -> int:
    """Open a file for writing, if it is one, and nothing that leads elsewhere."""
    flags |= os.O_RDWR | getattr(os, "O_BINARY", 0)
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    fd = os.open(path, flags, 0o666)
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        os.close(fd)
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    return fd


def _read_note(path: Path) -> _Note:
    """Read what stands beside a part; nothing that can't be read is trusted."""
    try:
        fd = _open_regular(path, 0)
        with os.fdopen(fd, "rb") as file:
            return _Note(**json.loads(file.read(NOTE_BYTES)))
    except (OSError, ValueError, TypeError):
        return _NO_NOTE


def _write_note(path: Path, note: _Note) -> None:
    fd = _open_regular(path, os.O_CREAT | os.O_EXCL)
    with os.fdopen(fd, "wb") as file:
        file.write(json.dumps(attrs.asdict(note)).encode())


def _kind(path: Path) -> str:
    with path.open("rb") as file:
        kind = _tags.sniff(file.read(_tags.HEAD_BYTES))
    assert kind is not None
    return kind


def _token() -> str:
    return secrets.token_hex(4)


def _sync_folder(folder: Path) -> None:
    # Windows opens no folders, and some file systems sync none.
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]+")
_PLAIN = re.compile(r"[0-9a-z_-]{1,36}")
_RESERVED = re.compile(
    r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])", re.IGNORECASE
)
# Half a surrogate pair, controls, private and unassigned characters, line ends.
_UNPRINTABLE = frozenset({"Cs", "Cc", "Co", "Cn", "Cf", "Zl", "Zp"})
# Formatting that words and emoji are spelled with: the joiners.
_JOINERS = "\u200c\u200d"


def file_stem(clip: Clip) -> str:
    """
    Name a clip's file, without its ending, for any operating system.

    It holds the title and the start of the clip's id, as much as tells clips apart.
    """
    title = _plain(clip.title or "") or _plain(clip.provider)
    stem = f"{title} {_short(clip.clip_id)}".strip()
    # Windows reads a name up to its first dot.
    return f"_{stem}" if _RESERVED.fullmatch(stem.split(".")[0].strip()) else stem


def _plain(text: str) -> str:
    text = "".join(
        char if char in _JOINERS or not _is_unprintable(char) else " "
        for char in unicodedata.normalize("NFC", text)
    )
    text = " ".join(re.sub(r'[<>:"/\\|?*]+', "-", text).split())
    cut = text.encode()[:MOST_TITLE_BYTES].decode(errors="ignore")
    # Files that begin with a dot are hidden, with a hyphen they look like options.
    return cut.strip(f" .-{_JOINERS}")


def _is_unprintable(char: str) -> bool:
    return unicodedata.category(char) in _UNPRINTABLE


def _short(clip_id: str) -> str:
    # Eight characters of a UUID are 32 bits: in ten thousand songs of one title,
    # two would be one in a hundred times.  So there are four more.
    if _UUID4.fullmatch(clip_id):
        return clip_id[:13]
    if _PLAIN.fullmatch(clip_id):
        return clip_id
    digest = hashlib.sha256(clip_id.encode(errors="replace")).hexdigest()
    start = re.sub(r"[^0-9A-Za-z_-]", "", clip_id)[:8]
    return f"{start}-{digest[:12]}"


def _no_music(clip: Clip, seen: Exception, part: _Part) -> DownloadError:
    message = (
        f"Clip {clip.clip_id} could not be fetched: {_reason(seen)}; its task was"
        f" asked for a fresh link, and that helped no more than trying again."
        f" {_left(part)}"
    )
    return DownloadError(message, task_id=clip.task_id)


def _reason(seen: Exception) -> str:
    text = seen.args[0] if isinstance(seen, MusicError) else seen
    return str(text).rstrip(".")


def _left(part: _Part) -> str:
    if part.is_kept:
        size = f"{part.size_bytes / 1e6:.1f} MB"
        return f"{size} of it wait in {part.path}: save it again to go on from there."
    return "See if it plays at the service, and save it again later."


def _disk_error(clip: Clip, trouble: _DiskTrouble, part: _Part) -> DownloadError:
    path, error = trouble.path, trouble.error
    words, retry = _DISK_WORDS.get(error.errno or 0, (None, Retry.LATER))
    seen = words or f"can't be written: {error.strerror or type(error).__name__}."
    message = f"Clip {clip.clip_id} could not be stored: {path} {seen}"
    if part.is_kept:
        message = f"{message} {_left(part)}"
    return DownloadError(message, task_id=clip.task_id, retry=retry)


_FULL = "found the disk full: free some space, then save it again."
_DENIED = "may not be written: choose another folder, or change its permissions."
_NO_FOLDER = "is not a folder, or lies in what is none: choose another folder."
_NOT_OURS = "is a link, or no file: remove it, then save again."

_DISK_WORDS: Mapping[int, tuple[str, Retry]] = {
    errno.ENOSPC: (_FULL, Retry.LATER),
    errno.EDQUOT: ("is over your disk quota: free some space.", Retry.LATER),
    errno.EFBIG: (
        "may not grow that big there: choose another disk.",
        Retry.AFTER_EDIT,
    ),
    errno.EACCES: (_DENIED, Retry.AFTER_EDIT),
    errno.EPERM: (_DENIED, Retry.AFTER_EDIT),
    errno.EROFS: ("is on a read-only disk: choose another folder.", Retry.AFTER_EDIT),
    errno.ENOTDIR: (_NO_FOLDER, Retry.AFTER_EDIT),
    errno.EEXIST: (_NO_FOLDER, Retry.AFTER_EDIT),
    errno.ELOOP: (_NOT_OURS, Retry.AFTER_EDIT),
    errno.EISDIR: (_NOT_OURS, Retry.AFTER_EDIT),
    errno.ENXIO: (_NOT_OURS, Retry.AFTER_EDIT),
    errno.ENAMETOOLONG: ("is too long a path: choose another.", Retry.AFTER_EDIT),
}
