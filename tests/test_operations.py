"""The methods of providers, each declared once, from its request class."""

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from aiomusic import MusicJob, MusicSession, Request, nuro, suno
from aiomusic.emulator import Emulator, Pace
from aiomusic.providers._all import requests

pytestmark = pytest.mark.anyio


@pytest.fixture
async def music() -> AsyncIterator[MusicSession]:
    async with (
        Emulator(pace=Pace.polls(), media=False) as api,
        MusicSession(api.key, base_url=api.url, poll_every_s=0) as music,
    ):
        yield music


def _method(music: MusicSession, kind: type[Request[Any]]) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(getattr(music, kind.PROVIDER), kind.OPERATION)
    return found


@pytest.mark.parametrize("kind", requests().values(), ids=requests())
async def test_a_method_has_the_signature_and_text_of_its_request(
    music: MusicSession, kind: type[Request[Any]]
) -> None:
    """Each operation has a method, whose help names every field."""
    method = _method(music, kind)

    assert inspect.signature(kind) == inspect.signature(method)
    assert {"key", "metadata", "on_known_key", "extra"} <= {
        *inspect.signature(method).parameters
    }
    assert kind.__doc__ == method.__doc__
    assert kind.kind() == method.__qualname__


@pytest.mark.parametrize("kind", requests().values(), ids=requests())
async def test_a_wrong_argument_is_an_error_of_the_method(
    music: MusicSession, kind: type[Request[Any]]
) -> None:
    """An argument that there is not is refused in the name of the method called."""
    match = rf"^{kind.PROVIDER}\.{kind.OPERATION}\(\) got an unexpected .*'titel'"

    with pytest.raises(TypeError, match=match):
        _method(music, kind)("x", titel="x")


def _submitted(music: MusicSession, *, by: str) -> MusicJob[Any]:
    match by:
        case "method":
            return music.suno.create("rain", key="k", metadata={"order": 1})
        case "request":
            return music.submit(suno.Create("rain", key="k", metadata={"order": 1}))
        case _:
            request = suno.Create("rain", key="other", metadata={"order": 2})
            return music.submit(request, key="k", metadata={"order": 1})


@pytest.mark.parametrize("by", ["method", "request", "submit"])
async def test_a_job_takes_its_key_from_the_call_or_the_request(
    music: MusicSession, by: str
) -> None:
    """A request may carry key and metadata of its job; those of the call go first."""
    job = _submitted(music, by=by)

    assert ("k", {"order": 1}) == (job.key, job.metadata)
    assert job is music.suno.create("rain", key="k")


async def test_requests_in_a_batch_carry_their_keys(music: MusicSession) -> None:
    """run() takes the key of a request that has one."""

    def batch() -> Iterator[Request[Any]]:
        yield suno.Create("rain", key="first")
        yield suno.Create("rain", key="first")
        yield suno.Create("rain", metadata={"order": 2})

    jobs = {job.key: job async for job in music.run(batch())}

    assert 2 == len(jobs)
    assert "first" in jobs
    assert {"order": 2} in [job.metadata for job in jobs.values()]


async def test_a_request_with_its_own_rule_on_known_keys(music: MusicSession) -> None:
    """What to do with a known key may stand in the request too."""
    first = music.suno.create("rain", key="k")
    await first

    again = music.submit(suno.Create("rain", key="k", on_known_key="new"))
    await again

    assert first is not again


def test_a_request_is_the_same_under_any_key() -> None:
    """Key and metadata are the job's: equality, hash, text and body ignore them."""
    plain = suno.Create("rain")
    named = suno.Create("rain", key="k", metadata={"a": 1}, on_known_key="new")

    assert plain == named
    assert hash(plain) == hash(named)
    assert repr(plain) == repr(named)
    assert plain.to_body() == named.to_body()


@pytest.mark.parametrize("given", [["calm"], ("calm",), "calm"], ids=repr)
def test_a_sequence_is_kept_as_a_tuple(given: Any) -> None:
    """A list, a tuple and a lone word of a field of many are one value."""
    request = nuro.CreateInstrumental("x", mood=given)

    assert ("calm",) == request.mood
    assert nuro.CreateInstrumental("x", mood=("calm",)) == request
