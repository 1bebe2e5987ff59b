"""Dialects: each provider's differences stand in one file."""

import ast
from pathlib import Path
from typing import Any, ClassVar, final

import attrs

from aiomusic._request import Request
from aiomusic.composer import compose
from aiomusic.emulator import Pace
from aiomusic.emulator._scores import score_of
from aiomusic.emulator._songs import Song
from aiomusic.emulator._tasks import Task
from aiomusic.emulator.dialects import DIALECTS, dialect_named, dialect_of
from aiomusic.providers._all import PROVIDERS, requests
from aiomusic.results import Clip

EMULATOR = Path(compose.__code__.co_filename).parent.parent / "emulator"


@final
@attrs.frozen
class Hum(Request[tuple[Clip, ...]]):
    """A create of a provider that has no dialect of its own."""

    PROVIDER: ClassVar = "hums"
    OPERATION: ClassVar = "create"
    PATH: ClassVar = "/api/v1/hums/create"
    COST: ClassVar = 1
    CLIPS: ClassVar = 2

    prompt: str = "jazz, slow"


def test_every_provider_has_a_dialect() -> None:
    """Each provider's dialect is registered, in a file of the provider's name."""
    providers = {kind.PROVIDER for kind in requests().values()}

    assert providers == set(DIALECTS)
    assert set(PROVIDERS) <= providers
    for name, dialect in DIALECTS.items():
        assert (EMULATOR / "dialects" / f"{name}.py").exists()
        assert type(dialect).__module__ == f"aiomusic.emulator.dialects.{name}"


def test_no_other_file_names_a_provider() -> None:
    """Outside of its dialect, no code of the emulator depends on a provider."""
    found = [
        f"{path.name}: {name}"
        for path in EMULATOR.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _names(node)
        if name in DIALECTS or name.removeprefix("aiomusic.providers.") in DIALECTS
    ]

    assert not found


def _names(node: ast.AST) -> list[str]:
    match node:
        case ast.Constant(value=str(text)):
            # Lyrics are a field of requests, too.
            return [] if text == "lyrics" else [text]
        case ast.ImportFrom(module=str(module), names=aliases):
            return [module, *(f"{module}.{alias.name}" for alias in aliases)]
        case ast.Import(names=aliases):
            return [alias.name for alias in aliases]
    return []


def test_a_provider_without_a_dialect_lists_its_clips() -> None:
    """The general dialect lists no clip, the first, then all, until they succeed."""
    replies = [_polled(number) for number in range(1, 5)]

    states = [[clip["state"] for clip in body["data"]] for _, body in replies]
    assert [[], ["pending"], ["succeeded", "running"], ["succeeded"] * 2] == states
    assert {200} == {status for status, _ in replies}


def _polled(number: int) -> tuple[int, Any]:
    task = Task(number=1, task_id="t", request=Hum(), made_at=0.0, started=0.0)
    task.polls = number
    song = Song(
        clip_id="c",
        title="",
        lyrics="",
        style="",
        duration_s=20.0,
        audio_url="u",
        image_url="i",
    )
    progress = task.progress(Pace.polls(), 0.0)
    return dialect_of(Hum).poll(task, progress, [song, song])


def test_a_provider_without_a_dialect_is_composed_for() -> None:
    """The composer gets the text of the request, whatever its field is called."""
    score = score_of(Hum(), None, seed=1, take=0)

    assert "jazz" == score.style


def test_a_provider_without_a_dialect_refuses_in_the_general_shape() -> None:
    """A refusal has the status, and the message of the table."""
    status, body = dialect_named("hums").refusal("queue_full")

    assert (403, {"code": 403, "message": "Queue is full"}) == (status, body)
