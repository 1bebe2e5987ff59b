"""The audio behind the addresses: composed early, rendered once, in a worker."""

import asyncio
import functools
import logging
import secrets
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final, Protocol, final

import anyio
import anyio.to_thread
import attrs

from aiomusic.composer import (
    Score,
    UnreadableAudio,
    available_formats,
    can_analyze,
    draw_cover,
    draw_cover_jpeg,
    to_midi,
)
from aiomusic.emulator._ids import Ids
from aiomusic.emulator._jobs import (
    Composed,
    RenderFailed,
    compose_takes,
    hear,
    render,
)
from aiomusic.emulator._links import MediaUrls
from aiomusic.emulator._pictures import picture
from aiomusic.emulator._recipes import source_of, unpack
from aiomusic.emulator._rules import NOT_ACCESSIBLE, Refusal
from aiomusic.emulator._songs import (
    DEFAULT_S,
    Order,
    Song,
    order_of,
    title_of,
)
from aiomusic.emulator._tasks import Doom, Task
from aiomusic.emulator._uploads import Fetcher, NotFetched
from aiomusic.emulator._workers import Workers

__all__ = ["Addresses", "Media", "NoStudio", "Studio"]

logger = logging.getLogger(__name__)

NOT_AUDIO: Final = "Upload request failed (HTTP 400): Invalid audio file"
"""API: upload music; seen by a client of a sister service."""


class Media(Protocol):
    """What makes, and shows, the songs of tasks."""

    def songs(self, task: Task) -> tuple[Song, ...]:
        """Say what is known of a task's songs."""

    def order(self, task: Task) -> None:
        """Take note of a new task."""

    def is_made(self, task: Task) -> bool:
        """Whether nothing that its end must wait for is left to do."""

    async def prepare(self, task_id: str) -> None:
        """Have ready what a look at a task tells of."""

    async def finish(self, task_id: str) -> None:
        """Have ready what the end of a task tells of."""

    async def receive(self, url: str) -> str:
        """
        Take in an audio file, and name it.

        Raises:
            Refusal: It can't be had, or can't be worked with.
        """

    def alias(self, new_id: str, source: str) -> None:
        """Take note that an id stands for a clip, or for what was received."""

    async def file(self, name: str) -> Path | None:
        """Give the audio behind an address; None: there is none."""

    async def picture(self, name: str) -> bytes | None:
        """Draw the cover of the clip that a name begins with; None: not as that."""

    async def aclose(self) -> None:
        """Remove all files."""


@final
@attrs.define(eq=False)
class Addresses:
    """
    Where the media of tasks are, with names as on the API's media hosts.

    Args:
        kind: Of audio, but nuro's, which is WAV (API: get music (nuro)).
        urls: Of the files.
    """

    ids: Ids
    kind: str
    urls: MediaUrls

    def sketch(self, task: Task) -> tuple[Song, ...]:
        """Say of a task's songs what the request alone tells."""
        order = order_of(task.request)
        title = title_of(order)
        return tuple(self._song(task, clip, order, title) for clip in range(task.clips))

    def _song(self, task: Task, clip: int, order: Order, title: str) -> Song:
        name = clip_id = self.clip_id(task, clip)
        if task.provider == "nuro":
            name = f"song-{clip_id}"
        return Song(
            clip_id=clip_id,
            title=title,
            lyrics=order.lyrics,
            style=order.style,
            duration_s=order.duration_s or DEFAULT_S,
            audio_url=self.urls.of(f"{name}.{self.kind_of(task)}"),
            image_url=self.urls.of(f"image_{clip_id}.svg"),
        )

    def kind_of(self, task: Task) -> str:
        """Name the kind of a task's audio."""
        return "wav" if task.provider == "nuro" else self.kind

    def clip_id(self, task: Task, clip: int) -> str:
        """Name a clip; nuro's has no id but the task's."""
        if task.provider == "nuro":
            return task.task_id
        return self.ids.make("clip", task.number, clip)


@final
@attrs.define(eq=False)
class NoStudio:
    """Addresses with nothing behind them, for tests of load."""

    _at: Addresses

    def songs(self, task: Task) -> tuple[Song, ...]:
        return self._at.sketch(task)

    def order(self, task: Task) -> None:
        pass

    def is_made(self, task: Task) -> bool:  # noqa: ARG002 - nothing is ever made
        return True

    async def prepare(self, task_id: str) -> None:
        pass

    async def finish(self, task_id: str) -> None:
        pass

    async def receive(self, url: str) -> str:
        return url

    def alias(self, new_id: str, source: str) -> None:
        pass

    async def file(self, name: str) -> Path | None:  # noqa: ARG002 - none has one
        return None

    async def picture(self, name: str) -> bytes | None:
        return picture(name.removesuffix(".svg")) if name.endswith(".svg") else None

    async def aclose(self) -> None:
        pass


@final
@attrs.define(eq=False)
class _Piece:
    """
    One clip's audio, as far as it is.

    Args:
        files: By kind, those that were asked for.
        problem: Why none can be made; empty: they can.
    """

    task: Task
    song: Song
    score: bytes
    files: dict[str, Path] = attrs.field(factory=dict)
    problem: str = ""
    lock: asyncio.Lock = attrs.field(factory=asyncio.Lock)


@final
@attrs.define(eq=False, kw_only=True, repr=False)
class Studio:
    """
    Composes and renders, as a rule in worker processes.

    Args:
        is_eager: Whether a song is made as soon as it is ordered, and its clip held
            back until it is there; else it is composed when a look may tell of it,
            and rendered when it is first fetched.
        workers: Render.
        desk: Compose, and listen to uploads: that need not wait for rendering.
        fetcher: Fetches uploads.
        renderer: The name of who plays; None: this project's band.
        start_soon: Runs a coroutine function in the background.
        on_made: Told of each task that `is_made` from now on.
    """

    _at: Addresses
    _seed: int
    _is_eager: bool
    _workers: Workers
    _desk: Workers
    _fetcher: Fetcher
    _renderer: str | None
    _start_soon: Callable[[Callable[[], Awaitable[None]]], None]
    on_made: Callable[[Task], None]
    _folder: tempfile.TemporaryDirectory[str] | None = attrs.field(
        default=None, init=False
    )
    _pieces: dict[str, _Piece] = attrs.field(factory=dict, init=False)
    _heard: dict[str, bytes] = attrs.field(factory=dict, init=False)
    """The scores of uploads, by their names."""
    _aliases: dict[str, str] = attrs.field(factory=dict, init=False)
    _wanted: dict[str, Task] = attrs.field(factory=dict, init=False)
    """The tasks whose audio is not made, or not composed if that is enough."""
    _composing: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False)

    def songs(self, task: Task) -> tuple[Song, ...]:
        return tuple(self._known(song) for song in self._at.sketch(task))

    def _known(self, sketch: Song) -> Song:
        piece = self._pieces.get(sketch.clip_id)
        if piece is None:
            return attrs.evolve(sketch, is_ready=not self._is_eager)
        is_ready = bool(piece.files) or not self._is_eager
        return attrs.evolve(
            piece.song,
            is_ready=is_ready,
            # Each look gets fresh ones.
            audio_url=sketch.audio_url,
            image_url=sketch.image_url,
        )

    def order(self, task: Task) -> None:
        if task.doom is None or task.doom.is_partial:
            self._wanted[task.task_id] = task
            if self._is_eager:
                self._start_soon(functools.partial(self.finish, task.task_id))

    def is_made(self, task: Task) -> bool:
        return not self._is_eager or task.task_id not in self._wanted

    async def prepare(self, task_id: str) -> None:
        task = self._wanted.get(task_id)
        if task is not None and not self._is_eager:
            await self._compose(task)
            self._wanted.pop(task_id, None)

    async def finish(self, task_id: str) -> None:
        task = self._wanted.get(task_id)
        if task is None:
            return
        pieces = await self._compose(task)
        if self._is_eager:
            async with anyio.create_task_group() as group:
                for piece in pieces:
                    group.start_soon(self._file_of, piece, self._at.kind_of(task))
        if self._wanted.pop(task_id, None) is not None:
            self.on_made(task)

    async def _compose(self, task: Task) -> list[_Piece]:
        async with self._composing:
            sketches = self._at.sketch(task)
            if sketches[0].clip_id not in self._pieces:
                try:
                    takes = await self._takes(task, len(sketches))
                except Exception as error:
                    logger.exception("the emulator could not compose a song")
                    task.doom = _our_fault(error)
                    return []
                for sketch, take in zip(sketches, takes, strict=True):
                    self._pieces[sketch.clip_id] = _piece(task, sketch, take)
            return [self._pieces[song.clip_id] for song in sketches]

    async def _takes(self, task: Task, count: int) -> list[Composed]:
        source = self._source(source_of(task.request) or "")
        seed = self._seed * 1_000_003 + task.number
        call = functools.partial(compose_takes, task.request, source, seed, count)
        if self._is_eager:
            return await self._desk.run(call)
        # Whoever counts looks awaits this one: a thread is there sooner.
        return await anyio.to_thread.run_sync(call, abandon_on_cancel=True)

    async def receive(self, url: str) -> str:
        own = _stem(url.rpartition("/")[2])
        is_own = self._at.urls.is_own(url) and own in self._pieces
        if is_own or not can_analyze():
            return own
        name = f"upload-{len(self._heard)}-{secrets.token_hex(4)}"
        path = self._place() / name
        try:
            await self._fetcher.fetch(url, path)
            self._heard[name] = await self._desk.run(
                functools.partial(hear, str(path), "Upload", self._seed)
            )
        except NotFetched as error:
            raise Refusal(400, NOT_ACCESSIBLE) from error
        except (UnreadableAudio, RenderFailed) as error:
            raise Refusal(400, f"{NOT_AUDIO}: {error}.") from error
        finally:
            if name not in self._heard:
                path.unlink(missing_ok=True)
        return name

    def alias(self, new_id: str, source: str) -> None:
        self._aliases[new_id] = source

    def _source(self, clip_id: str) -> bytes | None:
        """Find what an edit works on, packed; None: nobody knows it."""
        known = self._aliases.get(clip_id, clip_id)
        piece = self._pieces.get(known)
        return self._heard.get(known) if piece is None else piece.score

    async def file(self, name: str) -> Path | None:
        piece = self._pieces.get(_stem(name))
        kind = name.rpartition(".")[2]
        if piece is None or kind not in (*available_formats(), "mid"):
            return None
        return await self._file_of(piece, kind)

    async def picture(self, name: str) -> bytes | None:
        clip_id, _, kind = name.rpartition(".")
        piece = self._pieces.get(clip_id)
        if kind not in DRAWN or (piece is None and kind != "svg"):
            return None
        if piece is None:
            return picture(clip_id)
        return await anyio.to_thread.run_sync(DRAWN[kind], unpack(piece.score))

    async def _file_of(self, piece: _Piece, kind: str) -> Path | None:
        async with piece.lock:
            if kind not in piece.files and not piece.problem:
                await self._make(piece, kind)
        return piece.files.get(kind)

    async def _make(self, piece: _Piece, kind: str) -> None:
        path = self._place() / f"{piece.song.clip_id}.{kind}"
        if kind == "mid":
            path.write_bytes(to_midi(unpack(piece.score)))
            piece.files[kind] = path
            return
        call = functools.partial(render, piece.score, str(path), kind, self._renderer)
        try:
            await self._workers.run(call)
        except RenderFailed as error:
            logger.exception("the emulator could not render a song")
            piece.problem = str(error)
            piece.task.doom = _our_fault(error)
        else:
            piece.files[kind] = path

    def _place(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="aiomusic-")
        return Path(self._folder.name)

    async def aclose(self) -> None:
        await self._workers.aclose()
        await self._desk.aclose()
        if self._folder is not None:
            await anyio.to_thread.run_sync(self._folder.cleanup)
            self._folder = None


def _piece(task: Task, sketch: Song, take: Composed) -> _Piece:
    song = attrs.evolve(
        sketch,
        title=take.title,
        lyrics=sketch.lyrics or take.lyrics,
        duration_s=take.duration_s,
        timing=take.timing,
    )
    return _Piece(task, song, take.score)


def _stem(name: str) -> str:
    """Take the clip's id out of the name of its audio."""
    return name.removeprefix("song-").partition(".")[0]


def _svg(score: Score) -> bytes:
    return draw_cover(score).encode()


DRAWN: Final[Mapping[str, Callable[[Score], bytes | None]]] = {
    "svg": _svg,
    "jpg": draw_cover_jpeg,
}
"""What draws each kind of picture; a JPEG needs Pillow."""


def _our_fault(error: Exception) -> Doom:
    text = f"The emulator could not make the audio: {error}"
    return Doom(message=text, nuro=text)
