"""Every operation of the service, in every way that it can be asked for."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cyclopts import App
from operations import OPERATIONS, Operation
from scripted import Answer, Scripted, exact, example

from aiomusic import Clip, MusicJob, MusicSession, batch
from aiomusic.cli._operate import _request
from aiomusic.cli._operations import _option, add_operations
from aiomusic.cli._options import Delivery
from aiomusic.emulator import Emulator, Pace
from aiomusic.providers._all import PROVIDERS, requests

pytestmark = pytest.mark.anyio

every_operation = pytest.mark.parametrize(
    ("name", "operation"), OPERATIONS.items(), ids=OPERATIONS
)


@pytest.fixture
async def api() -> AsyncIterator[Scripted]:
    async with Scripted() as api:
        yield api


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(pace=Pace.polls(), media=False) as api:
        yield api


def _method(music: MusicSession, name: str) -> Callable[..., MusicJob[Any]]:
    provider, _, operation = name.partition(".")
    found: Callable[..., MusicJob[Any]] = getattr(getattr(music, provider), operation)
    return found


def _answer(api: Scripted, name: str, operation: Operation) -> None:
    """Let the service answer as it is recorded."""
    reply = example(operation.reply)
    kind = requests()[name]
    if kind.REPLY is not None:
        api.answer(operation.path, Answer(reply))
        return
    if "data" in reply:
        copies = [
            {**reply["data"][0], "clip_id": f"clip-{n}"} for n in range(kind.CLIPS)
        ]
        reply = {**reply, "data": copies}
    task_path = PROVIDERS[kind.PROVIDER].task_path
    not_ready = Answer(example("task_not_ready_202"), 202)
    api.creates(operation.path, not_ready, Answer(reply), task_path=task_path)


def test_no_operation_is_left_out() -> None:
    """The table has every operation that the library knows."""
    assert set(requests()) == set(OPERATIONS)


@every_operation
async def test_a_call_sends_one_body_and_reads_the_recorded_reply(
    api: Scripted, name: str, operation: Operation
) -> None:
    """A method sends exactly the documented body, once, and makes its result."""
    _answer(api, name, operation)

    async with api.session() as music:
        result = await _method(music, name)(**operation.fields)

    (post,) = api.posts
    assert (operation.path, exact(operation.body)) == (post.path, exact(post.json))
    _check_result(name, operation, result)


def _check_result(name: str, operation: Operation, result: object) -> None:
    made = result if isinstance(result, tuple) else (result,)
    assert {operation.result} == {type(one) for one in made}
    if operation.result is Clip:
        assert requests()[name].CLIPS == len(made)
        assert all(clip.audio_url and clip.duration for clip in made)


@every_operation
async def test_the_emulator_answers_it(
    emulator: Emulator, name: str, operation: Operation
) -> None:
    """The emulator takes the body, charges its price, and makes the result."""
    async with MusicSession(
        emulator.key, base_url=emulator.url, poll_every_s=0
    ) as music:
        job = _method(music, name)(**operation.fields)
        result = await job

    assert requests()[name].COST == emulator.charged == job.cost
    _check_result(name, operation, result)


@every_operation
async def test_a_row_of_a_batch_reaches_it(
    api: Scripted, name: str, operation: Operation
) -> None:
    """A row that names provider and operation sends the same body as a call."""
    _answer(api, name, operation)
    provider, _, called = name.partition(".")
    row = {"provider": provider, "operation": called, **operation.fields}
    plan = batch.plan([row])

    assert () == plan.bad
    (planned,) = plan.rows
    async with api.session() as music:
        result = await music.submit(planned.request({}))

    (post,) = api.posts
    assert (operation.path, exact(operation.body)) == (post.path, exact(post.json))
    assert requests()[name].COST == planned.cost
    _check_result(name, operation, result)


@every_operation
def test_a_command_reaches_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    operation: Operation,
) -> None:
    """What is typed behind provider and operation becomes the same body as a call."""
    monkeypatch.chdir(tmp_path)
    provider, _, called = name.partition(".")
    app = App(name=provider)
    add_operations(app, provider, "")
    words = [called.replace("_", "-"), *_typed(operation)]

    _, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)

    request = _request(requests()[name], bound.arguments, Delivery())
    assert operation.body == request.to_body()
    assert operation.path == request.path


def _typed(operation: Operation) -> Iterator[str]:
    """Yield the words that a person types for the arguments of an operation."""
    for name, value in operation.fields.items():
        option = _option(name)
        match value:
            case True:
                yield option
            case list():
                yield from (word for one in value for word in (option, str(one)))
            case _ if name == "lyrics":
                Path("words.txt").write_text(value)
                yield from (option, "words.txt")
            case _:
                yield from (option, str(value))
