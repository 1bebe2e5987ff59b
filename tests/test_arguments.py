"""Arguments of the wrong shape are told in the caller's line; nothing is sent."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from aiomusic import Clip, MusicJob, MusicSession, lyrics, riffusion, suno, wait_all
from aiomusic.emulator import Emulator, Pace

pytestmark = pytest.mark.anyio

SONG, TUNE = suno.Create("rain"), riffusion.Create("lo-fi")
NOT_REQUESTS = ["r&b", 5, None, suno.Create, {"kind": "suno.create"}, ("a", "b"), b"x"]
NOT_KEYS = [5, b"x", ("a",), SONG, True]
NOT_CLIPS = ["https://e.org/a.mp3", 5, None, SONG, (), [], Path("a.mp3")]
NOT_FOLDERS: list[Any] = [5, None, [], b"songs", SONG]
NOT_BATCHES = [SONG, 5, None, "r&b", b"r&b", suno.Create]
NOT_MAPPINGS = [5, "ab", ["a"], SONG, [1, 2]]
NOT_NUMBERS = ["5", b"5", [], SONG]

Call = Callable[[MusicSession, Any], Any]


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    async with Emulator(pace=Pace.polls(), media=False) as api:
        yield api


@pytest.fixture
async def music(api: Emulator) -> AsyncIterator[MusicSession]:
    async with MusicSession(
        api_key=api.key, base_url=api.url, poll_every_s=0.001
    ) as music:
        yield music


async def over(music: MusicSession) -> MusicJob[tuple[Clip, ...]]:
    job = music.suno.create("rain", key="over")
    await job
    return job


async def save(music: MusicSession, folder: Any) -> object:
    return await (await over(music)).save(folder)


async def wait(music: MusicSession, timeout_s: Any) -> object:
    return await (await over(music)).wait(timeout_s=timeout_s)


async def download_to(music: MusicSession, folder: Any) -> object:
    [clip, _] = (await over(music)).clips
    return await music.download(clip, folder)


async def all_of(jobs: AsyncIterator[MusicJob[Any]]) -> list[MusicJob[Any]]:
    return [job async for job in jobs]


# The call, what it can't take, and how its error begins.
WRONG: dict[str, tuple[Call, list[Any], str]] = {
    "submit": (lambda m, v: m.submit(v), [*NOT_REQUESTS, [SONG]], "submit() takes a "),
    "submit, key": (
        lambda m, v: m.submit(SONG, key=v),
        NOT_KEYS,
        "suno.create takes key= as text",
    ),
    "create, key": (
        lambda m, v: m.lyrics.create("sky", key=v),
        NOT_KEYS,
        "lyrics.create takes key= as text",
    ),
    "attach, key": (
        lambda m, v: m.attach("suno", "t-1", key=v),
        NOT_KEYS,
        "attach() takes key= as text",
    ),
    "create, metadata": (
        lambda m, v: m.riffusion.create("sky", metadata=v),
        NOT_MAPPINGS,
        "riffusion.create takes metadata= as a mapping",
    ),
    "attach, metadata": (
        lambda m, v: m.attach("suno", "t-1", metadata=v),
        NOT_MAPPINGS,
        "attach() takes metadata= as a mapping",
    ),
    "run": (lambda m, v: m.run(v), NOT_BATCHES, "run() takes requests"),
    "run, an entry": (
        lambda m, v: m.run([SONG, v]),
        [*NOT_REQUESTS, (5, SONG), ("a", SONG, 1), (SONG, "a")],
        "run() takes requests",
    ),
    "run, an iterator's": (
        lambda m, v: all_of(m.run(iter([v]))),
        [*NOT_REQUESTS, (5, SONG), ("a", SONG, 1)],
        "run() takes requests",
    ),
    "run, a mapping's": (
        lambda m, v: m.run({"a": v}),
        NOT_REQUESTS,
        "run() takes requests",
    ),
    "run, stop_after_failures": (
        lambda m, v: m.run([], stop_after_failures=v),
        [*NOT_NUMBERS, 1.5],
        "stop_after_failures is ",
    ),
    "quote": (lambda m, v: m.quote(v), NOT_BATCHES, "quote() takes requests"),
    "quote, an entry": (
        lambda m, v: m.quote([SONG, v]),
        [*NOT_REQUESTS, (5, SONG), ("a", SONG, 1)],
        "quote() takes requests",
    ),
    "download": (lambda m, v: m.download(v, "x"), NOT_CLIPS, "download() takes a clip"),
    "download, folder": (download_to, NOT_FOLDERS, "download() takes a folder"),
    "save": (save, NOT_FOLDERS, "save() takes a folder"),
    "wait": (wait, NOT_NUMBERS, "timeout_s is "),
    "wait_all": (
        lambda _, v: wait_all(v),
        [SONG, 5, None, "ab", [5], ["a"], [SONG], {"a": 5}, {"a": 5}.items()],
        "wait_all() takes jobs",
    ),
    "jobs": (lambda m, v: m.jobs(limit=v), [*NOT_NUMBERS, 1.5], "limit is "),
    "spending, tag": (lambda m, v: m.spending(tag=v), [5, [], b"x"], "tag is "),
}
CASES = [
    pytest.param(call, value, begins, id=f"{name} {value!r:.30}")
    for name, (call, values, begins) in WRONG.items()
    for value in values
]


@pytest.mark.parametrize("call, value, begins", CASES)
async def test_what_a_call_can_not_take_is_told_at_once(
    api: Emulator,
    music: MusicSession,
    call: Call,
    value: Any,
    begins: str,
) -> None:
    """A TypeError in the caller's line says what is taken, and costs nothing."""
    with pytest.raises(TypeError, match=r"(it must be|, and not) ?.*\.$") as caught:
        await awaited(call(music, value))

    assert str(caught.value).startswith(begins)
    assert len(str(caught.value)) < 400
    assert {"over"} >= {job.key for job in await music.jobs()}
    assert api.submissions <= 1


async def awaited(value: Awaitable[object] | object) -> object:
    return await value if isinstance(value, Awaitable) else value


OPTIONS: dict[str, list[Any]] = {
    "base_url": [5, b"http://e.org"],
    "concurrency": [*NOT_NUMBERS, 2.5, None],
    "max_credits": [*NOT_NUMBERS, 1.5],
    "journal": [5, []],
    "request_timeout_s": [*NOT_NUMBERS, None],
    "job_timeout_s": [*NOT_NUMBERS, None],
    "poll_every_s": NOT_NUMBERS,
    "delay_price": [*NOT_NUMBERS, None],
    "requests_per_s": NOT_NUMBERS,
    "webhook_replay_window_s": NOT_NUMBERS,
    "webhook_url": [5, b"x"],
    "webhook_secret": [5, b"whsec-7f3a"],
    "http": [5, "http://e.org"],
    "clock": [5, "now"],
}


@pytest.mark.parametrize(
    "name, value",
    [
        pytest.param(name, value, id=f"{name} {value!r:.30}")
        for name, values in OPTIONS.items()
        for value in values
    ],
)
async def test_what_an_option_can_not_be_is_told_at_once(
    name: str,
    value: Any,
) -> None:
    """A session says what it takes before it is entered, and shows no secret."""
    with pytest.raises(TypeError, match=f"^{name} is .*; it must be ") as caught:
        MusicSession("k-7f3a", **{name: value})

    assert "7f3a" not in str(caught.value)


@pytest.mark.parametrize(
    "name, value",
    [
        ("concurrency", 0),
        ("max_credits", -1),
        ("poll_every_s", -1),
        ("poll_every_s", float("inf")),
        ("request_timeout_s", float("nan")),
        ("on_known_key", None),
        ("on_exit", []),
    ],
)
def test_a_value_out_of_range_is_another_error(
    name: str,
    value: Any,
) -> None:
    """The type is right, and the value is not."""
    with pytest.raises(ValueError, match=f"^{name} is .*; it must be "):
        MusicSession("k", **{name: value})


@pytest.mark.parametrize("key", ["", "a\nb", "x" * 201], ids=repr)
async def test_a_key_that_can_not_be_shown_is_refused(
    music: MusicSession, key: str
) -> None:
    """A key is one line of text, as it stands in lists and in commands."""
    with pytest.raises(ValueError, match="^key is .*; it must be 1 to 200 printable"):
        music.suno.create("rain", key=key)


BATCHES: dict[str, Callable[[], Any]] = {
    "list": lambda: [SONG, TUNE],
    "pairs": lambda: [("a", SONG), ("b", TUNE)],
    "lists as pairs": lambda: [["a", SONG], ["b", TUNE]],
    "mapping": lambda: {"a": SONG, "b": TUNE},
    "items": {"a": SONG, "b": TUNE}.items,
    "iterator": lambda: iter([SONG, ("b", TUNE)]),
    "values": {"a": SONG, "b": TUNE}.values,
}


@pytest.mark.parametrize("batch", BATCHES.values(), ids=BATCHES.keys())
async def test_whatever_run_takes_has_a_price(
    music: MusicSession, batch: Callable[[], Any]
) -> None:
    """A batch is quoted as it is run."""
    found = music.quote(batch())
    jobs = await all_of(music.run(batch()))

    assert (2, 20) == (found.jobs, found.credits)
    assert {SONG, TUNE} == {job.request for job in jobs}


async def test_a_mapping_gives_jobs_under_its_keys(music: MusicSession) -> None:
    """Keys of the mapping are the jobs' keys."""
    jobs = await all_of(music.run({"a": SONG, "b": TUNE}))

    assert {"a": SONG, "b": TUNE} == {job.key: job.request for job in jobs}


async def test_jobs_of_a_mapping_are_waited_for_by_name(music: MusicSession) -> None:
    """Results stand under the names of their jobs."""
    jobs = {"a": music.submit(SONG), "b": music.lyrics.create("sky")}

    found = await wait_all(jobs)

    assert ["a", "b"] == list(found)
    assert [await jobs["a"], await jobs["b"]] == list(found.values())


async def test_what_an_iterator_gave_before_a_slip_is_given(
    music: MusicSession,
) -> None:
    """Jobs that were bought before the wrong entry came are not lost."""
    requests: Any = iter([SONG, TUNE, "r&b"])
    jobs = music.run(requests)

    async with asyncio.timeout(30):
        given = [await anext(jobs), await anext(jobs)]
        with pytest.raises(TypeError, match=r"^run\(\) takes requests"):
            await anext(jobs)

    assert {SONG, TUNE} == {job.request for job in given}


def test_a_request_can_be_of_any_provider() -> None:
    """What has no clips is a request too."""
    assert "lyrics.create" == lyrics.Create("sky").kind()


def test_the_clock_is_there_without_pytest() -> None:
    """Whoever only wants the clock needs no test runner."""
    code = (
        "import sys; sys.modules['pytest'] = None;"
        "from aiomusic.testing import AutojumpClock; print(AutojumpClock().now())"
    )

    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ("0.0\n", "") == (found.stdout, found.stderr)
