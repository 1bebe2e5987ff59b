"""Every operation is a command, with the options of its request class."""

import json
import shlex
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cyclopts import App
from quick_service import QuickService
from running import Command

from aiomusic._request import Request, fields_of
from aiomusic.cli._app import PROVIDERS
from aiomusic.cli._operate import _request
from aiomusic.cli._operations import add_operations, example
from aiomusic.cli._options import Delivery
from aiomusic.providers._all import requests

pytestmark = pytest.mark.anyio

ID = "0f7b5f2e-6c1d-4b8a-9d3e-5a4c3b2a1f00"
WORDS = "[verse]\n" + "Paper boats upon the river, carry me away.\n" * 8


@pytest.fixture
async def service() -> AsyncIterator[QuickService]:
    async with QuickService() as service:
        yield service


@pytest.mark.parametrize("kind", requests().values(), ids=requests().keys())
def test_an_operation_has_a_command_with_an_example_that_holds(
    kind: type[Request[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its help shows is a request that the service would take."""
    monkeypatch.chdir(tmp_path)
    Path("words.txt").write_text(WORDS)
    app = App(name=kind.PROVIDER)
    add_operations(app, kind.PROVIDER, "")
    _, _, *words = shlex.split(example(kind))
    words = [ID if word.startswith("@") else word for word in words]

    command, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)

    made = _request(kind, bound.arguments, Delivery())
    assert kind is type(made)
    taken = set(command.__annotations__)
    assert {*fields_of(kind), "delivery"} == taken


def test_every_provider_has_a_command() -> None:
    """A new one must not be left out."""
    assert set(PROVIDERS) == {kind.PROVIDER for kind in requests().values()}


async def test_a_chain_is_made_by_keys(service: QuickService, tmp_path: Path) -> None:
    """Create, extend the second take, join; what was made is named by its job."""
    (tmp_path / "words.txt").write_text(WORDS)
    command = Command.within(tmp_path).at(service.api)
    quick = ("--poll-every", "0.05")

    first = await command("suno", "create", "paper boats", "--key", "demo", *quick)
    more = await command(
        *("suno", "extend", "@demo[1]", "--at", "10", "--lyrics", "words.txt"),
        *("--key", "more", *quick),
    )
    whole = await command("suno", "concat", "@more", "--json", *quick)
    shown = json.loads((await command("jobs", "show", "demo", "--json")).out)
    made = json.loads((await command("jobs", "show", "more", "--json")).out)

    assert [0, 0, 0] == [one.code for one in (first, more, whole)]
    assert (2, 2) == (len(first.lines), len(more.lines))
    assert shown["clips"][1]["clip_id"] in json.dumps(made["request"])
    assert "saved" in {json.loads(line)["event"] for line in whole.lines}
    assert service.api.charged == 10 + 10 + 2


async def test_what_is_no_song_is_printed(
    service: QuickService, tmp_path: Path
) -> None:
    """An id to go on with, by its job's key too, or the words; as JSON an event."""
    (tmp_path / "words.txt").write_text(WORDS)
    command = Command.within(tmp_path).at(service.api)
    quick = ("--poll-every", "0.05")
    await command("suno", "create", "paper boats", "--key", "demo", *quick)

    singer = await command(
        *("suno", "create-persona", "@demo", "--name", "Nora"),
        *("--description", "warm", "--key", "singer"),
    )
    sung = await command(
        *("suno", "create-with-persona", "@singer", "--lyrics", "words.txt", *quick)
    )
    words = await command("lyrics", "create", "a song about rain")
    event = await command("lyrics", "create", "a song about rain", "--json")

    assert len(singer.lines) == 1
    assert sung.code == 0, sung.err
    assert len(words.lines) > 4
    found = [json.loads(line) for line in event.lines]
    (result,) = [one["result"] for one in found if one["event"] == "result"]
    assert json.dumps(result).count('"title"') == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("suno", "extend", "@demo", "--lyrics", "words.txt"), "--at"),
        (("suno", "extend", "@demo", "--at", "x", "--lyrics", "words.txt"), "--at"),
        (("suno", "concat", "@nothing"), "There is no job 'nothing'"),
        (("suno", "concat", "@demo", "--no-journal"), "no journal is kept"),
        (("suno", "create", "x", "--vocal-gender", "q"), "--vocal-gender"),
        (("suno", "extnd", ID), "extnd"),
        (("nuro", "create-instrumental", "x", "--segments", "intro"), "name:seconds"),
        (("riffusion", "create", ""), "prompt"),
    ],
)
async def test_what_is_wrong_is_one_sentence_and_sends_nothing(
    service: QuickService, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    """Of the option's name, with code 2."""
    (tmp_path / "words.txt").write_text(WORDS)

    ended = await Command.within(tmp_path).at(service.api)(*words)

    assert ended.code == 2
    assert said in ended.sentence
    assert service.api.submissions == 0
