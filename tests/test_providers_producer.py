"""What is particular to producer; test_every_operation.py has what is not."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from operations import CLIP_ID
from scripted import TASK_ID, Answer, Scripted, example

from aiomusic import Clip, ClipState, InvalidRequest, Upload, producer

pytestmark = pytest.mark.anyio

TASK = "/api/v1/producer/task/{task_id}"


async def test_a_clip_is_read_whole() -> None:
    """The sound is the clip's tags, and the rest has the names of other providers."""
    async with Scripted() as api, api.session() as music:
        done = Answer(example("producer_get_music_succeeded"))
        api.creates("/api/v1/producer/create", done, task_path=TASK)

        (clip,) = await music.producer.create("slow r&b, warm keys")

    assert "slow r&b, warm keys" == clip.tags
    assert "FUZZ-2.0" == clip.model
    assert 171.5 == clip.duration
    assert datetime(2025, 9, 14, 8, 21, 5, 123456, UTC) == clip.created_at
    assert ("producer", TASK_ID) == (clip.provider, clip.task_id)
    assert "104729" == clip.raw["seed"]


REFUSED: list[Any] = [
    pytest.param(producer.Create, "sound is missing", id="no words"),
    pytest.param(lambda: producer.Create(" ", lyrics=""), "sound is empty", id="blank"),
    pytest.param(lambda: producer.Create("x", title="t" * 81), "at most 80", id="long"),
    pytest.param(
        lambda: producer.Create("x", sound_strength=0.1), "0.2 to 1", id="strength"
    ),
    pytest.param(lambda: producer.Cover("c"), "sound is missing", id="cover"),
    pytest.param(
        lambda: producer.ReplaceSection("c", at=9, until=9, sound="x"),
        "it must be after at, 9",
        id="section",
    ),
    pytest.param(
        lambda: producer.Extend(
            Clip(clip_id="c", provider="suno", state=ClipState.SUCCEEDED), sound="x"
        ),
        "only a clip of producer",
        id="another's clip",
    ),
    pytest.param(
        lambda: producer.Variation(
            Upload(clip_id="c", provider="producer", url="u")  # type: ignore[arg-type]
        ),
        "only a generated clip",
        id="an upload of none",
    ),
    pytest.param(
        lambda: producer.Download("c", format="flac"),  # type: ignore[arg-type]
        "it must be one of mp3, wav",
        id="format",
    ),
]


@pytest.mark.parametrize(("build", "words"), REFUSED)
def test_what_the_service_would_refuse_is_refused(
    build: Callable[[], object], words: str
) -> None:
    """A rule of the service is told before anything is sent."""
    with pytest.raises(InvalidRequest, match=words):
        build()


def test_a_seed_is_text_on_the_wire() -> None:
    """A whole number is sent as text, as the service wants it."""
    body = producer.Variation(CLIP_ID, seed=7).to_body()

    assert "7" == body["seed"]
