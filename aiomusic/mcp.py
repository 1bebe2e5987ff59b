"""
Tools for agents, by the Model Context Protocol; they need the ``mcp`` extra.

``python -m aiomusic.mcp --credits 100`` serves one agent over standard input and
output, which may spend so many credits and no more.  The key and the journal are those
of the environment: AIOMUSIC_API_KEY, AIOMUSIC_JOURNAL.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final, Literal, TypeAlias, final
from urllib.parse import quote

import attrs

from aiomusic._job import JobState, MusicJob
from aiomusic._request import Request
from aiomusic._session import MusicSession
from aiomusic._spelling import short_links
from aiomusic.errors import MusicError
from aiomusic.journal import Record
from aiomusic.providers import lyrics as words
from aiomusic.providers import suno
from aiomusic.results import Clip, Lyrics

try:
    from mcp.server.mcpserver import Context, MCPServer
    from mcp.server.mcpserver.exceptions import ToolError
except ModuleNotFoundError as _missing:
    message = (
        "aiomusic.mcp needs the Model Context Protocol: pip install 'aiomusic[mcp]'"
    )
    raise ModuleNotFoundError(message, name=_missing.name) from _missing

__all__ = ["create_server", "main", "serve"]

TAG: Final = "mcp"
"""The name in a job's metadata that tells which connection bought it."""
MAX_WAIT_S: Final = 600.0
MAX_LISTED: Final = 100
# How many jobs a connection remembers without a journal.
MAX_REMEMBERED: Final = 1_000
INSTRUCTIONS: Final = (
    "Every song costs credits, and this connection may spend only so many: `credits`"
    " tells how many are left. `generate` returns at once; `wait` until its job is"
    " over, then play the audio_url of its clips. Give a `key` of your own, and a"
    " repeated call gives the same job and buys nothing twice. If a job's state is"
    " unknown, it may be paid for: tell your user, and do not repeat it under another"
    " key."
)

_Summary: TypeAlias = dict[str, Any]
_Context: TypeAlias = Context[Any]


@final
@attrs.frozen(kw_only=True)
class _Connection:
    """One agent's session, and the jobs that it asked for."""

    music: MusicSession
    name: str
    ceiling: int
    jobs: dict[str, MusicJob[Any]] = attrs.field(factory=dict)

    def submit(self, request: Request[Any], key: str | None) -> MusicJob[Any]:
        metadata = {**(request.metadata or {}), TAG: self.name}
        job = self.music.submit(request, key=key, metadata=metadata)
        self.jobs[job.key] = job
        if len(self.jobs) > MAX_REMEMBERED:
            del self.jobs[next(iter(self.jobs))]
        return job

    async def find(self, key: str) -> MusicJob[Any] | Record:
        found: MusicJob[Any] | Record | None = self.jobs.get(key)
        if found is None:
            found = await self.music.job(key)
        if found is None:
            known = f"this connection's: {', '.join(self.jobs) or 'none'}"
            told = (
                f"There is no job {key!r}. `jobs` lists those of the journal; {known}."
            )
            raise ToolError(told)
        return found

    @property
    def spent(self) -> int:
        """Credits that its jobs cost, or may cost yet."""
        free = {"no", "refunded"}
        return sum(job.cost for job in self.jobs.values() if job.charged not in free)


def create_server(*, credits: int, **options: Any) -> MCPServer:  # noqa: A002, ANN401
    """
    Return a server of tools; each connection has a session of its own.

    Args:
        credits: How many each connection may spend.  Where the transport shares one
            session between its connections, as HTTP does, they share it.
        options: As `MusicSession` takes them.

    Raises:
        ValueError: *credits* is below 0.
    """
    limits = {**(options.pop("limits", None) or {}), TAG: credits}
    options = {"on_exit": "detach", **options, "limits": limits}
    # What is wrong with them is told now, and not to the first agent.
    MusicSession(**options)

    @contextlib.asynccontextmanager
    async def connected(_: MCPServer) -> AsyncIterator[_Connection]:
        async with MusicSession(**options) as music:
            yield _Connection(music=music, name=uuid.uuid4().hex, ceiling=credits)

    server = MCPServer("aiomusic", instructions=INSTRUCTIONS, lifespan=connected)
    for tool in (generate, submit, status, wait, lyrics, credits_left, jobs):
        server.tool(name=_NAMES.get(tool.__name__))(tool)
    server.resource("aiomusic://jobs/{key}", name="job", mime_type="application/json")(
        job_resource
    )
    return server


_NAMES: Final = {"credits_left": "credits"}


def serve(server: MCPServer, transport: Literal["stdio", "streamable-http"]) -> None:
    """
    Serve until the agent hangs up.

    Args:
        server: What `create_server` returned.
        transport: How the agent is connected.

    Raises:
        MusicError: A session can't be opened: no key, or a journal that can't be used.
    """
    try:
        server.run(transport)
    except* MusicError as group:
        # The task groups of a transport wrap it.
        found: BaseException = group
        while isinstance(found, BaseExceptionGroup):
            found = found.exceptions[0]
        refused = found
    else:
        return
    raise refused


async def generate(
    ctx: _Context,
    *,
    description: str | None = None,
    lyrics: str | None = None,
    title: str | None = None,
    tags: str | None = None,
    instrumental: bool = False,
    model: str | None = None,
    key: str | None = None,
) -> _Summary:
    """Begin a song from a description, or from lyrics in a style (tags); it is paid."""
    fields: dict[str, Any] = {
        "lyrics": lyrics,
        "title": title,
        "tags": tags,
        "instrumental": instrumental,
        **({} if model is None else {"model": model}),
    }
    with _told_errors():
        request = suno.Create(description, **fields)
        return _summary(_of(ctx).submit(request, key))


async def submit(ctx: _Context, request: dict[str, Any]) -> _Summary:
    """Begin any operation: {"kind": "riffusion.extend", …}, fields as the docs say."""
    with _told_errors():
        found = Request.from_json(request)
        return _summary(_of(ctx).submit(found, found.key))


async def status(ctx: _Context, key: str) -> _Summary:
    """Return how a job is, without waiting."""
    with _told_errors():
        return _summary(await _of(ctx).find(key))


async def wait(ctx: _Context, key: str, timeout_s: float = 300.0) -> _Summary:
    """Wait until a job is over, or the time is up; the job goes on then."""
    with _told_errors():
        found = await _of(ctx).find(key)
        if isinstance(found, Record):
            return _summary(found)
        await _watch(ctx, found, min(timeout_s, MAX_WAIT_S))
        return _summary(found)


async def _watch(ctx: _Context, job: MusicJob[Any], timeout_s: float) -> None:
    updates = job.updates()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            async with contextlib.aclosing(updates):
                async for update in updates:
                    share = 1.0 if update.is_over else _SHARES.get(update.state, 0.0)
                    if update.progress is not None and not update.is_over:
                        share = max(share, update.progress / 100)
                    await ctx.report_progress(share, 1.0, str(update.state))


async def lyrics(ctx: _Context, description: str, key: str | None = None) -> _Summary:
    """Write lyrics, in two versions; it is paid, and takes some seconds."""
    with _told_errors():
        job = _of(ctx).submit(words.Create(description), key)
        found: tuple[Lyrics, ...] = await job
        return {**_summary(job), "lyrics": [one.to_json() for one in found]}


async def credits_left(ctx: _Context) -> _Summary:
    """Return the account's balance, and how much this connection may still spend."""
    with _told_errors():
        here = _of(ctx)
        balance = await here.music.credits()
        left = max(0, here.ceiling - here.spent)
        return {"balance": balance.total, "ceiling": here.ceiling, "left": left}


async def jobs(ctx: _Context, limit: int = 20) -> _Summary:
    """List the newest jobs: of the journal, or of this connection without one."""
    with _told_errors():
        here = _of(ctx)
        most = max(0, min(limit, MAX_LISTED))
        listed = await here.music.jobs(limit=most)
        known = {one.key for one in listed}
        own = [job for job in here.jobs.values() if job.key not in known]
        told = [*map(_summary, listed), *map(_summary, own)]
        return {"jobs": told[-most:] if most else []}


async def job_resource(key: str, ctx: _Context) -> str:
    """Return a job, with its clips, as JSON."""
    with _told_errors():
        return json.dumps(_summary(await _of(ctx).find(key)), ensure_ascii=False)


def _of(ctx: _Context) -> _Connection:
    found: _Connection = ctx.request_context.lifespan_context
    return found


@contextlib.contextmanager
def _told_errors() -> Iterator[None]:
    """Return what went wrong for an agent, in the words of the error."""
    try:
        yield
    except (MusicError, TypeError, ValueError) as error:
        raise ToolError(str(error)) from error


def _summary(one: MusicJob[Any] | Record) -> _Summary:
    """Return what an agent is told of a job."""
    error = one.error
    return {
        "key": one.key,
        "kind": one.kind,
        "state": str(one.state),
        "is_over": one.done(),
        "task_id": one.task_id,
        "cost": one.cost,
        "charged": None if one.charged is None else str(one.charged),
        "error": None if error is None else str(error),
        "clips": [_clip(clip) for clip in one.clips],
        "resource": f"aiomusic://jobs/{quote(one.key, safe='')}",
    }


def _clip(clip: Clip) -> _Summary:
    whole = clip.to_json()
    found = {name: whole[name] for name in _CLIP}
    # An agent reads each word, and plays no link that holds the audio itself.
    return {k: short_links(v) if isinstance(v, str) else v for k, v in found.items()}


_CLIP: Final = ("clip_id", "state", "title", "duration", "audio_url", "image_url")
_SHARES: Final = {
    JobState.SUBMITTING: 0.05,
    JobState.PENDING: 0.1,
    JobState.RUNNING: 0.5,
}


def main(arguments: list[str] | None = None) -> None:
    """Serve an agent, as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m aiomusic.mcp")
    parser.add_argument(
        "--credits", type=int, required=True, help="what a connection may spend"
    )
    parser.add_argument("--journal", help="a file that keeps jobs (AIOMUSIC_JOURNAL)")
    parser.add_argument(
        "--transport", default="stdio", choices=["stdio", "streamable-http"]
    )
    given = parser.parse_args(arguments)
    server = create_server(credits=given.credits, journal=given.journal)
    try:
        serve(server, given.transport)
    except MusicError as error:
        sys.exit(f"aiomusic.mcp: {error}")


if __name__ == "__main__":
    main()
