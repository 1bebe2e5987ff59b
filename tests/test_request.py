"""A request is a frozen value: checked when built, and the same after the wire."""

import copy
import json
import linecache
import pickle
import warnings
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from typing import Any

import attrs
import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import Scripted

from aiomusic import (
    Clip,
    ClipState,
    InvalidRequest,
    MusicSession,
    MusicWarning,
    Request,
    Upload,
    lyrics,
    nuro,
    riffusion,
    suno,
)
from aiomusic._request import specs
from aiomusic._wire import encode
from aiomusic.providers._all import PROVIDERS, requests

KINDS = sorted(requests().values(), key=lambda kind: kind.kind())
BY_PATH: dict[str, list[type[Request[Any]]]] = defaultdict(list)
for one in KINDS:
    BY_PATH[one.PATH].append(one)

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind())


@pytest.fixture
async def api() -> AsyncIterator[Scripted]:
    async with Scripted() as api:
        yield api


@pytest.fixture
async def music(api: Scripted) -> AsyncIterator[MusicSession]:
    async with api.session() as music:
        yield music


def test_every_kind_of_request_has_a_strategy() -> None:
    """The properties below leave no request out."""
    assert set(KINDS) == set(strategies.requests)


@every_kind
@settings(max_examples=20)
@given(data=st.data())
def test_a_request_reads_back_from_its_body(
    kind: type[Request[Any]], data: st.DataObject
) -> None:
    """What is sent says all: the same request is built from its JSON."""
    request = data.draw(strategies.requests[kind])

    received = json.loads(encode(request.to_body()))

    assert request.to_body() == received
    assert request == kind.from_body(received)
    assert hash(request) == hash(kind.from_body(received))


@every_kind
@settings(max_examples=20)
@given(data=st.data())
def test_a_body_matches_one_kind_alone(
    kind: type[Request[Any]], data: st.DataObject
) -> None:
    """Whoever receives a body can tell which call it is."""
    body = data.draw(strategies.requests[kind]).to_body()

    assert [kind] == [other for other in BY_PATH[kind.PATH] if other.matches(body)]


@settings(max_examples=200)
@given(
    path=st.sampled_from(sorted(BY_PATH)),
    body=st.dictionaries(
        st.sampled_from(["task_type", "custom_mode", "type"]),
        strategies.json_values
        | st.sampled_from(["create_music", "concat_music", "persona_music", "bgm"]),
    ),
)
def test_no_body_matches_two_kinds(path: str, body: dict[str, object]) -> None:
    """Not even one that makes no sense, and telling so never breaks."""
    found = [kind for kind in BY_PATH[path] if kind.matches(body)]

    assert len(found) <= 1


@every_kind
@settings(max_examples=20)
@given(data=st.data())
def test_a_body_that_breaks_a_rule_is_refused_in_words(
    kind: type[Request[Any]], data: st.DataObject
) -> None:
    """Any JSON in any field is read, or refused as InvalidRequest: nothing else."""
    wires = [spec.wire for spec in specs(kind).values()]
    body = data.draw(strategies.requests[kind]).to_body()
    body |= data.draw(
        st.dictionaries(st.sampled_from(wires), strategies.json_values, max_size=2)
    )

    found = _read_or_refuse(kind, body)

    if isinstance(found, InvalidRequest):
        assert found.field is not None
        assert found.rule is not None
    else:
        assert kind is type(found)


def _read_or_refuse(
    kind: type[Request[Any]], body: dict[str, object]
) -> Request[Any] | InvalidRequest:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MusicWarning)
        try:
            return kind.from_body(body)
        except InvalidRequest as error:
            return error


@every_kind
def test_what_is_missing_is_named(kind: type[Request[Any]]) -> None:
    """An empty body is refused by the first field that it needs."""
    with pytest.raises(InvalidRequest, match=r"Nothing was sent\.$") as caught:
        kind.from_body({})

    assert caught.value.field in specs(kind)


@every_kind
@settings(max_examples=10)
@given(data=st.data())
def test_a_request_is_a_value(kind: type[Request[Any]], data: st.DataObject) -> None:
    """It can't be changed, and copies and pickles are equal to it."""
    request = data.draw(strategies.requests[kind])

    with pytest.raises(
        attrs.exceptions.FrozenInstanceError, match="can't set attribute"
    ):
        request.extra = {}  # type: ignore[misc]

    assert request == copy.deepcopy(request)
    assert request == pickle.loads(pickle.dumps(request))
    assert request == attrs.evolve(request)


@every_kind
def test_a_kind_says_what_it_costs_and_who_follows_it(
    kind: type[Request[Any]],
) -> None:
    """A task is followed by its provider; what is answered at once makes no clips."""
    is_followed = kind.REPLY is None

    assert kind.COST in {1, 2, 10}
    assert is_followed == (kind.CLIPS > 0)
    assert not is_followed or kind.PROVIDER in PROVIDERS
    assert f"{kind.PROVIDER}.{kind.OPERATION}" == kind.kind()
    assert kind.PATH.startswith("/api/v1/")


REQUIRED = [
    (kind, field.name)
    for kind in KINDS
    for field in attrs.fields(kind)
    if field.name in specs(kind) and field.default is not None
]
SAMPLES: dict[type[Request[Any]], dict[str, Any]] = {
    suno.Create: {"description": "x"},
    suno.Extend: {"clip": "c", "at": 1, "lyrics": "x"},
    suno.Concat: {"clip": "c"},
    suno.Cover: {"clip": "c", "lyrics": "x"},
    suno.CreateWithPersona: {"persona": "p", "lyrics": "x"},
    suno.CreatePersona: {"clip": "c", "name": "n", "description": "d"},
    suno.UploadAudio: {"url": "https://e.org/a.mp3"},
    riffusion.Create: {"prompt": "x"},
    riffusion.CreateWithLyrics: {"lyrics": "x"},
    riffusion.Extend: {"clip": "c", "at": 1, "lyrics": "x", "sound": "x"},
    riffusion.Cover: {"clip": "c", "lyrics": "x", "sound": "x"},
    riffusion.ReplaceSection: {"clip": "c", "at": 1, "lyrics": "x", "sound": "x"},
    riffusion.SwapSound: {"clip": "c", "lyrics": "x", "sound": "x"},
    riffusion.SwapVocals: {"clip": "c", "lyrics": "x", "sound": "x"},
    riffusion.UploadAudio: {"url": "https://e.org/a.mp3"},
    nuro.CreateVocal: {"lyrics": "x" * 300},
    nuro.CreateInstrumental: {"description": "x"},
    lyrics.Create: {"description": "x"},
}


@pytest.mark.parametrize(
    ("kind", "field"), REQUIRED, ids=[f"{k.kind()} {f}" for k, f in REQUIRED]
)
def test_none_is_refused_where_something_is_needed(
    kind: type[Request[Any]], field: str
) -> None:
    """A lookup that found nothing does not buy a song about nothing."""
    with pytest.raises(InvalidRequest, match=rf"^[\w.]+: {field} is None; ") as caught:
        kind(**{**SAMPLES[kind], field: None})

    assert field == caught.value.field


@every_kind
def test_unknown_arguments_are_refused(kind: type[Request[Any]]) -> None:
    """A misspelt argument is not silently dropped."""
    with pytest.raises(TypeError, match="unexpected keyword argument 'tempo'"):
        kind(**{**SAMPLES[kind], "tempo": 120})


@every_kind
def test_extra_adds_and_overrides_in_every_kind(kind: type[Request[Any]]) -> None:
    """What the caller puts in extra is in the body as it is, and wins."""
    plain = kind(**SAMPLES[kind])
    wire = next(iter(specs(kind).values())).wire

    body = kind(**SAMPLES[kind], extra={wire: ["mine"], "new": 1}).to_body()

    assert {**plain.to_body(), wire: ["mine"], "new": 1} == body


def test_extra_is_kept_as_it_was() -> None:
    """A job may be sent long after its caller has changed the dict."""
    extra: dict[str, Any] = {"tags": ["pop"]}
    request = suno.Create("x", extra=extra)

    extra["tags"].append("rock")
    extra["seed"] = 1

    assert {"tags": ["pop"]} == request.extra


def test_extra_makes_another_request() -> None:
    """Two requests that send different bodies are not equal."""
    assert suno.Create("x") != suno.Create("x", extra={"seed": 1})


def test_a_clip_stands_for_its_id() -> None:
    """A Clip, and its id, ask for the same."""
    clip = Clip(clip_id="c", provider="suno", state=ClipState.SUCCEEDED)

    assert suno.Concat("c") == suno.Concat(clip)


def test_an_upload_is_not_the_clip_of_its_id() -> None:
    """An Upload, and its id, ask for different task types."""
    upload = Upload(clip_id="c", provider="suno", url="https://e.org/a.mp3")

    assert suno.Cover("c", lyrics="x") != suno.Cover(upload, lyrics="x")


@pytest.mark.anyio
@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.suno.create("x", extra={"seed": object()}),
        lambda m: m.suno.create("x", extra={"seed": float("nan")}),
        lambda m: m.suno.create("half a \ud800 surrogate"),
        lambda m: m.nuro.create_instrumental("x", extra={"a": {1, 2}}),
    ],
    ids=["an object", "not a number", "half a surrogate", "a set"],
)
async def test_what_json_cannot_carry_is_refused_in_the_callers_line(
    api: Scripted, music: MusicSession, call: Callable[[MusicSession], object]
) -> None:
    """It does not fail when its turn comes, with nobody there."""
    with pytest.raises(InvalidRequest, match="can't be sent as JSON") as caught:
        call(music)

    assert __file__ == str(caught.traceback[0].path)
    assert "it must be JSON" == caught.value.rule
    assert [] == api.calls


def _build_deep(title: str) -> Request[Any]:
    return suno.Create(lyrics="x", title=title)  # here


def test_a_warning_names_the_line_that_built_the_request() -> None:
    """Also where the request is made in a helper of the caller's."""
    with pytest.warns(MusicWarning, match="title has 81 characters") as caught:
        _build_deep("x" * 81)

    (warning,) = caught
    line = linecache.getline(warning.filename, warning.lineno)
    assert (__file__, "here") == (warning.filename, line.split()[-1])


@pytest.mark.parametrize(
    ("text", "seen"),
    [("x" * 10_000, "has 10,000 characters"), ("", "is empty"), (7, "is 7")],
    ids=["too long", "empty", "no text"],
)
def test_a_refusal_names_the_field_the_value_and_the_rule(
    text: Any,  # noqa: ANN401 - some of them are wrong on purpose
    seen: str,
) -> None:
    """One sentence tells what was given, what is wanted, and that nothing was sent."""
    with pytest.raises(InvalidRequest, match=f"prompt {seen}; .*Nothing was sent"):
        riffusion.Create(text)


@every_kind
def test_the_schema_of_every_field_is_json(kind: type[Request[Any]]) -> None:
    """What the emulator's OpenAPI document says of a field can be written down."""
    schemas = {spec.wire: spec.schema() for spec in specs(kind).values()}

    assert schemas == json.loads(json.dumps(schemas))
    assert all("type" in schema for schema in schemas.values())
