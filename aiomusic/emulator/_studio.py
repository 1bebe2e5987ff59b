"""The audio behind the addresses: composed early, rendered once, in a worker."""

import asyncio
import functools
import logging
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol, final

import anyio
import anyio.to_thread
import attrs

from aiomusic.emulator._ids import Ids
from aiomusic.emulator._pictures import picture
from aiomusic.emulator._recipes import pack, score_of, source_of, unpack
from aiomusic.emulator._songs import DEFAULT_S, Order, Song, order_of, title_of
from aiomusic.emulator._tasks import Doom, Task
from aiomusic.emulator._workers import RenderFailed, Workers
from aiomusic.emulator.music import draw_cover

__all__ = ["Addresses", "Media", "NoStudio", "Studio"]

logger = logging.getLogger(__name__)


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

    def alias(self, new_id: str, source: str) -> None:
        """Take note that an id stands for a clip: its id, or its address."""

    async def file(self, name: str) -> Path | None:
        """Give the audio behind an address; None: there is none."""

    async def picture(self, clip_id: str) -> bytes:
        """Draw a clip's cover, as SVG."""

    async def aclose(self) -> None:
        """Remove all files."""


@final
@attrs.define(eq=False)
class Addresses:
    """
    Where the media of tasks are, with names as on the API's media hosts.

    Args:
        kind: Of audio, but nuro's, which is WAV (API: get music (nuro)).
        base: The server's URL, once it is known.
    """

    ids: Ids
    kind: str
    base: str = ""

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
            audio_url=f"{self.base}/media/{name}.{self.kind_of(task)}",
            image_url=f"{self.base}/media/image_{clip_id}.svg",
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

    def alias(self, new_id: str, source: str) -> None:
        pass

    async def file(self, name: str) -> Path | None:  # noqa: ARG002 - none has one
        return None

    async def picture(self, clip_id: str) -> bytes:
        return picture(clip_id)

    async def aclose(self) -> None:
        pass


@final
@attrs.define(eq=False)
class _Piece:
    """One clip's audio, as far as it is."""

    task: Task
    song: Song
    score: bytes
    path: Path | None = None
    problem: str = ""
    lock: asyncio.Lock = attrs.field(factory=asyncio.Lock)


@final
@attrs.define(eq=False, kw_only=True, repr=False)
class Studio:
    """
    Composes in a thread and renders in worker processes.

    Args:
        is_eager: Whether a song is made as soon as it is ordered, and its clip held
            back until it is there; else it is composed when a look may tell of it,
            and rendered when it is first fetched.
        start_soon: Runs a coroutine function in the background.
        on_made: Told of each task that `is_made` from now on.
    """

    _at: Addresses
    _seed: int
    _is_eager: bool
    _workers: Workers
    _start_soon: Callable[[Callable[[], Awaitable[None]]], None]
    on_made: Callable[[Task], None]
    _folder: tempfile.TemporaryDirectory[str] | None = attrs.field(
        default=None, init=False
    )
    _pieces: dict[str, _Piece] = attrs.field(factory=dict, init=False)
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
        is_ready = piece.path is not None or not self._is_eager
        return attrs.evolve(piece.song, is_ready=is_ready)

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
                    group.start_soon(self._file_of, piece)
        if self._wanted.pop(task_id, None) is not None:
            self.on_made(task)

    async def _compose(self, task: Task) -> list[_Piece]:
        async with self._composing:
            sketches = self._at.sketch(task)
            if sketches[0].clip_id not in self._pieces:
                try:
                    pieces = await anyio.to_thread.run_sync(
                        self._composed, task, sketches
                    )
                except Exception as error:
                    logger.exception("the emulator could not compose a song")
                    task.doom = _our_fault(error)
                    return []
                self._pieces.update((one.song.clip_id, one) for one in pieces)
            return [self._pieces[song.clip_id] for song in sketches]

    def _composed(self, task: Task, sketches: tuple[Song, ...]) -> list[_Piece]:
        return [self._piece(task, sketch, take) for take, sketch in enumerate(sketches)]

    def _piece(self, task: Task, sketch: Song, take: int) -> _Piece:
        source = self._find(source_of(task.request) or "")
        score = score_of(
            task.request,
            None if source is None else unpack(source.score),
            seed=self._seed * 1_000_003 + task.number,
            take=take,
        )
        song = attrs.evolve(
            sketch,
            title=score.title,
            lyrics=sketch.lyrics or score.lyrics,
            duration_s=score.duration_s,
        )
        return _Piece(task, song, pack(score))

    def alias(self, new_id: str, source: str) -> None:
        self._aliases[new_id] = _stem(source.rpartition("/")[2])

    def _find(self, clip_id: str) -> _Piece | None:
        return self._pieces.get(self._aliases.get(clip_id, clip_id))

    async def file(self, name: str) -> Path | None:
        piece = self._find(_stem(name))
        if piece is None or not name.endswith(f".{self._at.kind_of(piece.task)}"):
            return None
        return await self._file_of(piece)

    async def picture(self, clip_id: str) -> bytes:
        piece = self._find(clip_id)
        if piece is None:
            return picture(clip_id)
        score = unpack(piece.score)
        return (await anyio.to_thread.run_sync(draw_cover, score)).encode()

    async def _file_of(self, piece: _Piece) -> Path | None:
        async with piece.lock:
            if piece.path is None and not piece.problem:
                await self._render(piece)
        return piece.path

    async def _render(self, piece: _Piece) -> None:
        kind = self._at.kind_of(piece.task)
        path = self._place() / f"{piece.song.clip_id}.{kind}"
        job = {"score": piece.score, "path": str(path), "kind": kind}
        try:
            await self._workers.render(job)
        except RenderFailed as error:
            logger.exception("the emulator could not render a song")
            piece.problem = str(error)
            piece.task.doom = _our_fault(error)
        else:
            piece.path = path

    def _place(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="aiomusic-")
        return Path(self._folder.name)

    async def aclose(self) -> None:
        await self._workers.aclose()
        if self._folder is not None:
            await anyio.to_thread.run_sync(self._folder.cleanup)
            self._folder = None


def _stem(name: str) -> str:
    """Take the clip's id out of the name of its audio."""
    return name.removeprefix("song-").partition(".")[0]


def _our_fault(error: Exception) -> Doom:
    text = f"The emulator could not make the audio: {error}"
    return Doom(message=text, nuro=text)
