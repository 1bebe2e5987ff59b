"""The progress of tasks, by polls and by the clock."""

import random

import pytest
from emulated import Standing, opened

from aiomusic.emulator import Pace
from aiomusic.emulator._tasks import Progress, Stage, clip_state

pytestmark = pytest.mark.anyio


def test_pace_by_polls() -> None:
    """Each stage lasts for the given number of polls."""
    pace = Pace.polls(pending=1, running=2, not_ready=1)

    stages = [pace.progress(polls).stage for polls in range(1, 7)]

    assert stages == [
        Stage.NOT_READY,
        Stage.PENDING,
        Stage.RUNNING,
        Stage.RUNNING,
        Stage.OVER,
        Stage.OVER,
    ]


def test_pace_by_seconds() -> None:
    """Each stage lasts for the given seconds, times the factor of the task."""
    pace = Pace.seconds(pending=1, running=4)

    assert pace.progress(0.5) == Progress(Stage.PENDING)
    assert pace.progress(3.0) == Progress(Stage.RUNNING, 0.5)
    assert pace.progress(5.0).stage is Stage.OVER
    assert pace.progress(5.0, stretch=2.0).stage is Stage.RUNNING


def test_number_is_the_seconds_in_all() -> None:
    """A plain number is the duration of a task."""
    pace = Pace.of(10)

    assert pace.total == pytest.approx(10)
    assert pace.progress(9.9).stage is Stage.RUNNING
    assert pace.progress(10.1).stage is Stage.OVER


def test_spread_differs_by_task_and_not_by_run() -> None:
    """The factor is drawn from the given random source."""
    pace = Pace.seconds(spread=0.35)
    first, again = random.Random(1), random.Random(1)

    drawn = [pace.stretch(first) for _ in range(3)]

    assert len(set(drawn)) == 3
    assert drawn == [pace.stretch(again) for _ in range(3)]


def test_clips_become_playable_one_after_the_other() -> None:
    """The first clip streams and succeeds before the second."""
    shares = (0.0, 0.25, 0.5, 0.75, 1.0)

    first = [clip_state(Progress(Stage.RUNNING, share), 0, 2) for share in shares]
    second = [clip_state(Progress(Stage.RUNNING, share), 1, 2) for share in shares]

    running, stream, done = ("running", False), ("running", True), ("succeeded", True)
    assert first == [running, stream, done, done, done]
    assert second == [running, running, running, stream, done]


async def test_suno_shows_every_stage() -> None:
    """A suno task is 202, pending, half done, done."""
    async with opened() as (_, client):
        task_id = await client.create()
        polls = [await client.poll(task_id) for _ in range(4)]

        assert [status for status, _ in polls] == [202, 200, 200, 200]
        states = [[clip["state"] for clip in body["data"]] for _, body in polls[1:]]
        assert states == [
            ["pending", "pending"],
            ["succeeded", "running"],
            ["succeeded", "succeeded"],
        ]


async def test_riffusion_list_grows() -> None:
    """A riffusion task lists no clip, one, two."""
    async with opened() as (_, client):
        task_id = await client.create("riffusion")
        polls = [await client.poll(task_id, "riffusion") for _ in range(4)]

        assert [len(body["data"]) for _, body in polls] == [0, 1, 2, 2]


async def test_nuro_tells_progress() -> None:
    """A nuro task is pending, then running with a progress, then has its audio."""
    async with opened() as (_, client):
        task_id = await client.create("nuro")
        polls = [(await client.poll(task_id, "nuro"))[1] for _ in range(4)]

        assert [(body["status"], body["progress"]) for body in polls] == [
            ("pending", 0),
            ("pending", 0),
            ("running", 50),
            ("succeeded", 100),
        ]
        assert [bool(body["audio_url"]) for body in polls] == [False] * 3 + [True]


async def test_clock_moves_tasks() -> None:
    """Under a pace of seconds only the clock moves a task, not its polls."""
    clock = Standing()
    async with opened(pace=Pace.seconds(1, 4), clock=clock) as (api, client):
        task_id = await client.create()
        for _ in range(5):
            _, body = await client.poll(task_id)
        before = [clip["state"] for clip in body["data"]]
        clock.at = 5.0
        _, body = await client.poll(task_id)

        assert before == ["pending", "pending"]
        assert [clip["state"] for clip in body["data"]] == ["succeeded"] * 2
        assert api.in_flight == 0


async def test_tasks_in_flight_end_by_the_clock() -> None:
    """A task counts as in flight until its time is up, polled or not."""
    clock = Standing()
    async with opened(pace=Pace.seconds(1, 4), clock=clock) as (api, client):
        for _ in range(3):
            await client.create()
        clock.at = 5.0
        await client.create()

        assert api.peak_in_flight == 3
        assert api.in_flight == 1


async def test_unknown_task_is_not_found() -> None:
    """An unknown id is 400 or, at nuro, 404; so is another provider's."""
    async with opened() as (_, client):
        nobody = "468d0e42-f7a6-40ce-9a4c-37db56b13b99"
        suno = await client.create()

        assert await client.poll(nobody) == (
            400,
            {"code": 400, "message": "task not found."},
        )
        assert (await client.poll(suno, "riffusion"))[0] == 400
        assert await client.poll(nobody, "nuro") == (
            404,
            {
                "type": "not_found",
                "message": "Task not found",
                "refund_processed": False,
            },
        )


@pytest.mark.parametrize("path", ["/api/v1/suno/task", "/api/v1/suno/task/"])
async def test_no_task_id_is_said_to_be_missing(path: str) -> None:
    """A poll without an id is refused with a message."""
    async with opened() as (_, client):
        status, body = await client.get(path)

        assert (status, body["message"]) == (400, "missing task id.")


async def test_finish_ends_a_task() -> None:
    """A test can end a task whatever its pace."""
    async with opened(pace=Pace.seconds(1000)) as (api, client):
        task_id = await client.create()
        await api.finish(task_id)
        _, body = await client.poll(task_id)

        assert {clip["state"] for clip in body["data"]} == {"succeeded"}
        assert api.in_flight == 0
