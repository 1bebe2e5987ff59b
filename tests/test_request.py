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
    producer,
    riffusion,
    suno,
)
from aiomusic._fields import Name, Names, Text
from aiomusic._http.wire import encode
from aiomusic._request import fields_of
from aiomusic.providers._all import PROVIDERS, requests

KINDS = sorted(requests().values(), key=lambda kind: kind.kind())
BY_PATH: dict[str, list[type[Request[Any]]]] = defaultdict(list)
for one in KINDS:
    for path in one.paths():
        BY_PATH[path].append(one)

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
    assert request == kind.from_body(received, request.path)
    assert hash(request) == hash(kind.from_body(received, request.path))


@every_kind
@settings(max_examples=20)
@given(data=st.data())
def test_a_body_matches_one_kind_alone(
    kind: type[Request[Any]], data: st.DataObject
) -> None:
    """Whoever receives a body can tell which call it is."""
    request = data.draw(strategies.requests[kind])
    body = request.to_body()

    assert [kind] == [other for other in BY_PATH[request.path] if other.matches(body)]


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
    wires = [spec.wire for spec in fields_of(kind).values()]
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

    assert caught.value.field in fields_of(kind)


@every_kind
@settings(max_examples=10)
@given(data=st.data())
def test_a_request_is_a_value(kind: type[Request[Any]], data: st.DataObject) -> None:
    """It can't be changed, and copies and pickles are equal to it."""
    request = data.draw(strategies.requests[kind])

    # The error has words only since attrs 26.1.
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
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

    assert kind.COST in {1, 2, 10, 20}
    assert is_followed == (kind.CLIPS > 0)
    assert not is_followed or kind.PROVIDER in PROVIDERS
    assert f"{kind.PROVIDER}.{kind.OPERATION}" == kind.kind()
    assert kind.PATH.startswith("/api/v1/")


REQUIRED = [
    (kind, field.name)
    for kind in KINDS
    for field in attrs.fields(kind)
    if field.name in fields_of(kind) and field.default is not None
]
SAMPLES: dict[type[Request[Any]], dict[str, Any]] = {
    suno.Create: {"description": "x"},
    suno.Extend: {"clip": "c", "at": 1, "lyrics": "x"},
    suno.Concat: {"clip": "c"},
    suno.Cover: {"clip": "c", "lyrics": "x"},
    suno.CreateWithPersona: {"persona": "p", "lyrics": "x"},
    suno.CreatePersona: {"clip": "c", "name": "n", "description": "d"},
    suno.UploadAudio: {"url": "https://e.org/a.mp3"},
    suno.Stems: {"clip": "c"},
    suno.GetWav: {"clip": "c"},
    suno.GetMidi: {"clip": "c"},
    suno.AlignLyrics: {"clip": "c"},
    riffusion.Create: {"prompt": "x"},
    riffusion.CreateWithLyrics: {"lyrics": "x"},
    riffusion.Extend: {"clip": "c", "at": 1, "lyrics": "x", "sound": "x"},
    riffusion.Cover: {"clip": "c", "lyrics": "x", "sound": "x"},
    riffusion.ReplaceSection: {"clip": "c", "at": 1, "lyrics": "x", "sound": "x"},
    riffusion.SwapSound: {"clip": "c", "lyrics": "x", "sound": "x"},
    riffusion.SwapVocals: {"clip": "c", "lyrics": "x", "sound": "x"},
    riffusion.UploadAudio: {"url": "https://e.org/a.mp3"},
    producer.Create: {"sound": "x"},
    producer.Extend: {"clip": "c", "sound": "x"},
    producer.Cover: {"clip": "c", "sound": "x"},
    producer.ReplaceSection: {"clip": "c", "at": 1, "sound": "x"},
    producer.SwapSound: {"clip": "c", "sound": "x"},
    producer.SwapVocals: {"clip": "c", "sound": "x"},
    producer.Variation: {"clip": "c"},
    producer.UploadAudio: {"url": "https://e.org/a.mp3"},
    producer.Download: {"clip": "c"},
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
    wire = next(iter(fields_of(kind).values())).wire

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
        lambda m: m.nuro.create_instrumental("x", extra={"a": {1, 2}}),
    ],
    ids=["an object", "not a number", "a set"],
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
    text: Any,
    seen: str,
) -> None:
    """One sentence tells what was given, what is wanted, and that nothing was sent."""
    with pytest.raises(InvalidRequest, match=f"prompt {seen}; .*Nothing was sent"):
        riffusion.Create(text)


@every_kind
def test_the_schema_of_every_field_is_json(kind: type[Request[Any]]) -> None:
    """What the emulator's OpenAPI document says of a field can be written down."""
    schemas = {spec.wire: spec.schema() for spec in fields_of(kind).values()}

    assert schemas == json.loads(json.dumps(schemas))
    assert all("type" in schema for schema in schemas.values())


TEXTS = [
    pytest.param(kind, field, spec, id=f"{kind.kind()} {field}")
    for kind in KINDS
    for field, spec in fields_of(kind).items()
    if isinstance(spec, Text)
]
NAMES = [
    pytest.param(kind, field, spec, id=f"{kind.kind()} {field}")
    for kind in KINDS
    for field, spec in fields_of(kind).items()
    if isinstance(spec, Name | Names)
]
BLANK = st.text(" \t\n\r\x0b\x00\xa0\u2003\u3000\u200b\u2060\ufeff\u2800", min_size=1)


def _outcome(kind: type[Request[Any]], fields: dict[str, Any]) -> object:
    try:
        return kind(**{**SAMPLES[kind], **fields}).to_body()
    except InvalidRequest as error:
        return str(error)


@pytest.mark.parametrize(("kind", "field", "spec"), TEXTS)
@settings(max_examples=10)
@given(blank=BLANK)
def test_white_space_is_empty(
    kind: type[Request[Any]], field: str, spec: Text, blank: str
) -> None:
    """A text of which nothing is seen is sent, or refused, just as an empty one."""
    found = _outcome(kind, {field: blank})

    assert _outcome(kind, {field: ""}) == found
    assert not spec.least or "is empty" in str(found)


@pytest.mark.parametrize(("kind", "field", "spec"), TEXTS + NAMES)
@settings(max_examples=5)
@given(half=st.characters(categories=["Cs"]))
def test_half_a_surrogate_pair_is_refused_where_it_stands(
    kind: type[Request[Any]], field: str, spec: object, half: str
) -> None:
    """No encoding can carry it, and the message says at which character it is."""
    text = f"{'x' * 300} {half}"
    value = (text,) if isinstance(spec, Names) else text

    with pytest.raises(InvalidRequest, match=r"at character 302, half of") as caught:
        kind(**{**SAMPLES[kind], field: value})

    assert str(caught.value).encode()


def _as_given(spec: Name | Names, name: str) -> Any:
    return name if isinstance(spec, Name) else (name,)


@pytest.mark.parametrize(("kind", "field", "spec"), NAMES)
@settings(max_examples=20)
@given(data=st.data())
def test_a_name_that_is_known_but_for_its_spelling_is_refused(
    kind: type[Request[Any]], field: str, spec: Name | Names, data: st.DataObject
) -> None:
    """Case, spaces and separators make no new name: the one that was meant is told."""
    name = data.draw(st.sampled_from(spec.values))
    separators = st.text(" -_./\u2013\u00a0", max_size=2)
    turns = [str.upper, str.lower, str.title]
    parts = [
        data.draw(separators)
        if one in " -_./"
        else data.draw(st.sampled_from(turns))(one)
        for one in f" {name} "
    ]
    misspelt = "".join(parts)
    value = _as_given(spec, misspelt)

    found = _outcome(kind, {field: value})

    assert misspelt in spec.values or f"write {name!r}" in str(found)


@pytest.mark.parametrize(("kind", "field", "spec"), NAMES)
@pytest.mark.parametrize("name", ["chirp-v7", "FUZZ-9.9", "v3.0", "Hyper/Pop", "新"])
def test_a_name_that_is_not_known_is_sent_with_one_warning(
    kind: type[Request[Any]], field: str, spec: Name | Names, name: str
) -> None:
    """What the vendor has since today goes out, and the known names are told."""
    with pytest.warns(MusicWarning, match="is not known") as caught:
        body = kind(**{**SAMPLES[kind], field: _as_given(spec, name)}).to_body()

    (warning,) = caught
    assert __file__ == warning.filename
    assert ", ".join(spec.values) in str(warning.message)
    assert body[spec.wire] in (name, [name])


def test_an_unknown_model_has_the_limits_of_the_newest() -> None:
    """Texts that only newer models take are sent to one that is newer still."""
    with pytest.warns(MusicWarning, match="model 'chirp-v7' is not known"):
        suno.Create(lyrics="x" * 5000, vocal_gender="f", model="chirp-v7")
    with pytest.raises(InvalidRequest, match="at most 5,000 are taken"):
        suno.Create(model="chirp-v7", lyrics="x" * 5001)


@pytest.mark.parametrize("model", ["chirp-v5-5", "chirp-v6", "chirp-v6-mini"])
def test_models_of_today_are_known(model: str) -> None:
    """They are sent without a word, under the limits of the newest."""
    assert model == suno.Create(lyrics="x" * 5000, model=model).to_body()["mv"]


@every_kind
@pytest.mark.parametrize(
    "extra",
    [5, 0, "", "seed", [], [("seed", 1)], {1: 2}, {"a": {1, 2}}, {"a": "\ud800"}],
    ids=str,
)
def test_an_extra_of_the_wrong_shape_is_refused(
    kind: type[Request[Any]],
    extra: Any,
) -> None:
    """Whatever stands in its place, it is InvalidRequest, and names extra."""
    with pytest.raises(InvalidRequest, match=r"extra .*Nothing was sent\.$") as caught:
        kind(**SAMPLES[kind], extra=extra)

    assert "extra" == caught.value.field


def test_an_extra_that_is_too_deep_is_refused() -> None:
    """Nesting that no parser follows does not end in RecursionError."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]

    with pytest.raises(InvalidRequest, match="extra can't be sent as JSON"):
        suno.Create("x", extra={"a": deep})


@pytest.mark.parametrize(
    "segments",
    [
        *(5, "intro", [5], [None], [("intro",)], [("intro", 1, 2)], [{"name": "x"}]),
        *([{5: 3}], [("intro", None)], [(5, 30)], [([], 30)], {"intro": 30}, object()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_segments_of_the_wrong_shape_are_refused(
    segments: Any,
) -> None:
    """Whatever stands in their place, it is InvalidRequest, and names them."""
    with pytest.raises(InvalidRequest, match="segments"):
        nuro.CreateInstrumental("x", version="v2.0", segments=segments)


@settings(max_examples=50)
@given(value=strategies.json_values | st.sampled_from([10**5000, float("nan")]))
def test_a_refusal_is_short_whatever_was_given(
    value: Any,
) -> None:
    """A message shows the beginning of a value, even of one that has no text."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MusicWarning)
        found = str(
            _outcome(riffusion.Create, {"model": value, "prompt": [value] * 99})
        )

    assert len(found) < 1000
