"""The audio of tasks: composed early, rendered once, in worker processes."""

import asyncio
import functools
import logging
import secrets
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol, final

import anyio
import anyio.to_thread
import attrs

from aiomusic._clock import Clock, held
from aiomusic.composer import (
    Score,
    UnreadableAudio,
    available_formats,
    can_analyze,
    draw_cover,
    draw_cover_jpeg,
    to_midi,
)
from aiomusic.emulator._compose_jobs import Composed, compose_takes
from aiomusic.emulator._ids import Ids
from aiomusic.emulator._media_urls import MediaUrls
from aiomusic.emulator._packed_scores import unpack
from aiomusic.emulator._placeholder import picture
from aiomusic.emulator._render_jobs import (
    RenderFailed,
    analyze_upload,
    render,
)
from aiomusic.emulator._rules import NOT_ACCESSIBLE, RequestRefused
from aiomusic.emulator._scores import source_of
from aiomusic.emulator._songs import (
    DEFAULT_S,
    Song,
    SongRequest,
    title_of,
)
from aiomusic.emulator._streams import Playing
from aiomusic.emulator._tasks import PlannedFailure, Task
from aiomusic.emulator._uploads import Fetcher, NotFetched
from aiomusic.emulator._workers import CallRunner
from aiomusic.emulator.dialects import DIALECTS, dialect_of

__all__ = ["Media", "MediaDirectory", "NoMedia", "RenderedMedia"]

logger = logging.getLogger(__name__)

NOT_AUDIO: Final = "Upload request failed (HTTP 400): Invalid audio file"
"""API: upload music; seen by a client of a sister service."""


class Media(Protocol):
    """Makes and serves the songs of tasks."""

    def songs(self, task: Task) -> tuple[Song, ...]:
        """Return what is known of a task's songs."""

    def add(self, task: Task) -> None:
        """Add a new task."""

    def is_made(self, task: Task) -> bool:
        """Check whether everything that its end waits for is made."""

    async def prepare(self, task_id: str) -> None:
        """Make what a poll of a task tells."""

    async def finish(self, task_id: str) -> None:
        """Make what the end of a task tells."""

    async def receive(self, url: str) -> str:
        """
        Fetch an upload, and return its name.

        Raises:
            RequestRefused: It can't be fetched, or is not audio that can be used.
        """

    def alias(self, new_id: str, source: str) -> None:
        """Let an id stand for a clip or an upload."""

    def score(self, clip_id: str) -> Score | None:
        """Return the score of a clip; None: it is not known."""

    def playing(self, name: str) -> Playing | None:
        """Return the clip whose audio has that name; None: there is none."""

    async def file(self, name: str) -> Path | None:
        """Return the audio file of that name; None: there is none."""

    async def picture(self, name: str) -> bytes | None:
        """Return the cover of that name; None: there is none."""

    async def aclose(self) -> None:
        """Remove all files."""


@final
@attrs.define(eq=False)
class MediaDirectory:
    """
    The names and URLs of media, as on the API's media hosts.

    Args:
        audio_format: The format of audio, unless the provider has one of its own.
        urls: The URLs of the files.
    """

    ids: Ids
    audio_format: str
    urls: MediaUrls

    def draft(self, task: Task) -> tuple[Song, ...]:
        """Return a task's songs as far as the request tells."""
        request = dialect_of(task.request).song_request(task.request)
        return tuple(self._song(task, clip, request) for clip in range(task.clips))

    def _song(self, task: Task, clip: int, request: SongRequest) -> Song:
        clip_id = self.clip_id(task, clip)
        name = dialect_of(task.request).audio_prefix + clip_id
        return Song(
            clip_id=clip_id,
            title=title_of(request),
            lyrics=request.lyrics,
            style=request.style,
            duration_s=request.duration_s or DEFAULT_S,
            audio_url=self.urls.of(f"{name}.{self.audio_format_of(task)}"),
            image_url=self.urls.of(f"image_{clip_id}.svg"),
        )

    def audio_format_of(self, task: Task) -> str:
        """Return the format of a task's audio."""
        return dialect_of(task.request).format_of(task.request) or self.audio_format

    def clip_id(self, task: Task, clip: int) -> str:
        """Return the id of a clip; the task's, if its clips have none."""
        dialect = dialect_of(task.request)
        if not dialect.has_clip_ids:
            return task.task_id
        known = dialect.made_before(task.request)
        if known is not None:
            return known
        return self.ids.make("clip", task.number, clip)


@final
@attrs.define(eq=False)
class NoMedia:
    """URLs without files, for load tests."""

    _directory: MediaDirectory

    def songs(self, task: Task) -> tuple[Song, ...]:
        return self._directory.draft(task)

    def add(self, task: Task) -> None:
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

    def score(self, clip_id: str) -> Score | None:  # noqa: ARG002 - none has one
        return None

    def playing(self, name: str) -> Playing | None:  # noqa: ARG002 - none plays
        return None

    async def file(self, name: str) -> Path | None:  # noqa: ARG002 - none has one
        return None

    async def picture(self, name: str) -> bytes | None:
        return picture(name.removesuffix(".svg")) if name.endswith(".svg") else None

    async def aclose(self) -> None:
        pass


@final
@attrs.define(eq=False)
class _RenderedClip:
    """
    One clip's audio, as far as it is made.

    Args:
        number: Which of its task's clips it is, from 0.
        files: The files that were requested, by format.
        problem: Why they can't be made; empty: they can.
    """

    task: Task
    number: int
    song: Song
    score: bytes
    files: dict[str, Path] = attrs.field(factory=dict)
    problem: str = ""
    lock: asyncio.Lock = attrs.field(factory=asyncio.Lock)


@final
@attrs.define(eq=False, kw_only=True, repr=False)
class RenderedMedia:
    """
    Composes and renders songs, usually in worker processes.

    Args:
        is_eager: Whether a song is made at once, and its clip held back until it
            is; else it is composed at the first poll and rendered when it is first
            fetched.
        workers: Render.
        composers: Compose and analyze uploads, without waiting for rendering.
        fetcher: Fetches uploads.
        renderer: The name of a renderer; None: the built-in one.
        preview_s: Length of a song whose request says none; None: as at the service.
        start_soon: Runs a coroutine function in the background.
        clock: Is held while music is made, if it leaps.
        on_made: Called with each task whose media are finished.
    """

    _directory: MediaDirectory
    _seed: int
    _is_eager: bool
    _workers: CallRunner
    _composers: CallRunner
    _fetcher: Fetcher
    _renderer: str | None
    _preview_s: float | None
    _start_soon: Callable[[Callable[[], Awaitable[None]]], None]
    _clock: Clock
    on_made: Callable[[Task], None]
    _folder: tempfile.TemporaryDirectory[str] | None = attrs.field(
        default=None, init=False
    )
    _clips: dict[str, _RenderedClip] = attrs.field(factory=dict, init=False)
    _uploads: dict[str, bytes] = attrs.field(factory=dict, init=False)
    """The scores of uploads, by their names."""
    _aliases: dict[str, str] = attrs.field(factory=dict, init=False)
    _unfinished: dict[str, Task] = attrs.field(factory=dict, init=False)
    """The tasks whose audio is not made, or if not eager, not composed."""
    _composing: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False)

    def songs(self, task: Task) -> tuple[Song, ...]:
        return tuple(self._known(song) for song in self._directory.draft(task))

    def _known(self, draft: Song) -> Song:
        clip_media = self._clips.get(draft.clip_id)
        if clip_media is None:
            return attrs.evolve(draft, is_ready=not self._is_eager)
        is_ready = bool(clip_media.files) or not self._is_eager
        return attrs.evolve(
            clip_media.song,
            is_ready=is_ready,
            # Each poll gets fresh links.
            audio_url=draft.audio_url,
            image_url=draft.image_url,
        )

    def add(self, task: Task) -> None:
        if task.failure is None or task.failure.is_partial:
            self._unfinished[task.task_id] = task
            if self._is_eager:
                self._start_soon(functools.partial(self.finish, task.task_id))

    def is_made(self, task: Task) -> bool:
        return not self._is_eager or task.task_id not in self._unfinished

    async def prepare(self, task_id: str) -> None:
        task = self._unfinished.get(task_id)
        if task is not None and not self._is_eager:
            with held(self._clock):
                await self._compose(task)
            self._unfinished.pop(task_id, None)

    async def finish(self, task_id: str) -> None:
        task = self._unfinished.get(task_id)
        if task is None:
            return
        with held(self._clock):
            clips = await self._compose(task)
            if self._is_eager:
                await self._render(task, clips)
        if self._unfinished.pop(task_id, None) is not None:
            self.on_made(task)

    async def _render(self, task: Task, clips: Sequence[_RenderedClip]) -> None:
        kind = self._directory.audio_format_of(task)
        async with anyio.create_task_group() as group:
            for clip_media in clips:
                group.start_soon(self._file_of, clip_media, kind)

    async def _compose(self, task: Task) -> list[_RenderedClip]:
        async with self._composing:
            drafts = self._directory.draft(task)
            if drafts[0].clip_id not in self._clips:
                try:
                    composed_takes = await self._takes(task, len(drafts))
                except Exception as error:
                    logger.exception("the emulator could not compose a song")
                    task.failure = _emulator_failure(error)
                    return []
                takes = zip(drafts, composed_takes, strict=True)
                for number, (draft, composed) in enumerate(takes):
                    _log_style(draft.clip_id, composed)
                    song = _song(draft, composed)
                    made = _RenderedClip(task, number, song, composed.score)
                    self._clips[draft.clip_id] = made
            return [self._clips[song.clip_id] for song in drafts]

    async def _takes(self, task: Task, count: int) -> list[Composed]:
        source = self._source(task.source or source_of(task.request) or "")
        seed = self._seed * 1_000_003 + task.number
        call = functools.partial(
            compose_takes, task.request, source, seed, count, self._preview_s
        )
        if self._is_eager and self._preview_s is None:
            return await self._composers.run(call)
        # It is waited for, a preview is short, and a thread starts sooner than a
        # process.
        return await anyio.to_thread.run_sync(call, abandon_on_cancel=True)

    async def receive(self, url: str) -> str:
        own = _stem(url.rpartition("/")[2])
        is_own = self._directory.urls.is_own(url) and own in self._clips
        if is_own or not can_analyze():
            return own
        name = f"upload-{len(self._uploads)}-{secrets.token_hex(4)}"
        path = self._folder_path() / name
        try:
            await self._fetcher.fetch(url, path)
            call = functools.partial(analyze_upload, str(path), "Upload", self._seed)
            with held(self._clock):
                self._uploads[name] = await self._composers.run(call)
        except NotFetched as error:
            raise RequestRefused(400, NOT_ACCESSIBLE) from error
        except (UnreadableAudio, RenderFailed) as error:
            raise RequestRefused(400, f"{NOT_AUDIO}: {error}.") from error
        finally:
            if name not in self._uploads:
                path.unlink(missing_ok=True)
        return name

    def alias(self, new_id: str, source: str) -> None:
        self._aliases[new_id] = source

    def score(self, clip_id: str) -> Score | None:
        packed = self._source(clip_id)
        return None if packed is None else unpack(packed)

    def _source(self, clip_id: str) -> bytes | None:
        """Return the packed score that an edit works on; None: unknown."""
        known = self._aliases.get(clip_id, clip_id)
        clip_media = self._clips.get(known)
        return self._uploads.get(known) if clip_media is None else clip_media.score

    def playing(self, name: str) -> Playing | None:
        clip_media = self._clips.get(_stem(name))
        if clip_media is None or name.endswith(".mid"):
            return None
        return Playing(
            task=clip_media.task,
            number=clip_media.number,
            clip_id=clip_media.song.clip_id,
            duration_s=clip_media.song.duration_s,
        )

    async def file(self, name: str) -> Path | None:
        clip_media = self._clips.get(_stem(name))
        kind = name.rpartition(".")[2]
        if clip_media is None or kind not in (*available_formats(), "mid"):
            return None
        return await self._file_of(clip_media, kind)

    async def picture(self, name: str) -> bytes | None:
        clip_id, _, kind = name.rpartition(".")
        clip_media = self._clips.get(clip_id)
        if kind not in DRAWN or (clip_media is None and kind != "svg"):
            return None
        if clip_media is None:
            return picture(clip_id)
        return await anyio.to_thread.run_sync(DRAWN[kind], unpack(clip_media.score))

    async def _file_of(self, clip_media: _RenderedClip, kind: str) -> Path | None:
        async with clip_media.lock:
            if kind not in clip_media.files and not clip_media.problem:
                with held(self._clock):
                    await self._make(clip_media, kind)
        return clip_media.files.get(kind)

    async def _make(self, clip_media: _RenderedClip, kind: str) -> None:
        path = self._folder_path() / f"{clip_media.song.clip_id}.{kind}"
        if kind == "mid":
            path.write_bytes(to_midi(unpack(clip_media.score)))
            clip_media.files[kind] = path
            return
        call = functools.partial(
            render, clip_media.score, str(path), kind, self._renderer
        )
        try:
            await self._workers.run(call)
        except RenderFailed as error:
            logger.exception("the emulator could not render a song")
            clip_media.problem = str(error)
            clip_media.task.failure = _emulator_failure(error)
        else:
            clip_media.files[kind] = path

    def _folder_path(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="aiomusic-")
        return Path(self._folder.name)

    async def aclose(self) -> None:
        await self._workers.aclose()
        await self._composers.aclose()
        if self._folder is not None:
            await anyio.to_thread.run_sync(self._folder.cleanup)
            self._folder = None


def _song(draft: Song, composed: Composed) -> Song:
    return attrs.evolve(
        draft,
        title=composed.title,
        lyrics=composed.lyrics,
        style=draft.style or composed.style,
        played_style=composed.style,
        style_word=composed.style_word,
        duration_s=composed.duration_s,
        timing=composed.timing,
    )


def _stem(name: str) -> str:
    """Return the clip's id in the name of its audio."""
    for dialect in DIALECTS.values():
        name = name.removeprefix(dialect.audio_prefix)
    return name.partition(".")[0]


def _svg(score: Score) -> bytes:
    return draw_cover(score).encode()


DRAWN: Final[Mapping[str, Callable[[Score], bytes | None]]] = {
    "svg": _svg,
    "jpg": draw_cover_jpeg,
}
"""The function that draws each format; a JPEG needs Pillow."""


def _log_style(clip_id: str, composed: Composed) -> None:
    """Log which style a clip is played in, and whether it is a guess."""
    if composed.style_word is None:
        logger.info(
            "clip %s: no genre was read; %s is a guess", clip_id, composed.style
        )
    else:
        logger.info("clip %s: %s, for %r", clip_id, composed.style, composed.style_word)


def _emulator_failure(error: Exception) -> PlannedFailure:
    text = f"The emulator could not make the audio: {error}"
    return PlannedFailure(message=text, cause=text)
