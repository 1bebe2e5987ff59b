"""Each job is a span; figures add up; calls carry the trace."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from scripted import TASK_ID, Answer, Scripted

from aiomusic import ContentRefused, MusicSession
from aiomusic.emulator import Emulator, Pace

otel = pytest.importorskip("opentelemetry.sdk.trace")
from opentelemetry.sdk.metrics import MeterProvider  # noqa: E402
from opentelemetry.sdk.metrics.export import InMemoryMetricReader  # noqa: E402
from opentelemetry.sdk.trace import TracerProvider  # noqa: E402
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: E402
from opentelemetry.sdk.trace.export.in_memory_span_exporter import (  # noqa: E402
    InMemorySpanExporter,
)

from aiomusic.telemetry import Telemetry  # noqa: E402

pytestmark = pytest.mark.anyio


CLIPS = [
    {"clip_id": f"c{n}", "state": "succeeded", "audio_url": "https://e.org/a.mp3"}
    for n in range(2)
]


class Seen:
    """What was exported, in memory."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.reader = InMemoryMetricReader()
        self.meters = MeterProvider(metric_readers=[self.reader])
        self.telemetry = Telemetry(
            tracer_provider=self.tracers, meter_provider=self.meters
        )

    def spans(self) -> list[Any]:
        return [
            span for span in self.exporter.get_finished_spans() if "aio" in span.name
        ]

    def figures(self) -> dict[tuple[Any, ...], Any]:
        """Return sums, and counts of histograms, by name and attributes."""
        data = self.reader.get_metrics_data()
        assert data is not None
        found: dict[tuple[Any, ...], Any] = {}
        for metric in data.resource_metrics[0].scope_metrics[0].metrics:
            for point in metric.data.data_points:
                told = dict(point.attributes or {})
                place = (
                    metric.name.removeprefix("aiomusic."),
                    *sorted(map(str, told.values())),
                )
                value = getattr(point, "value", None)
                found[place] = point.count if value is None else value  # type: ignore[union-attr]
        return found


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    async with Emulator(pace=Pace.polls(), media=False) as api:
        yield api


@pytest.fixture
def seen() -> Seen:
    return Seen()


def session(url: str, seen: Seen, key: str = "k-telemetry") -> MusicSession:
    return MusicSession(key, base_url=url, poll_every_s=0.0, on_event=seen.telemetry)


async def test_a_job_is_a_span_with_its_polls(seen: Seen) -> None:
    """Under the span in which it was made, whose trace goes along with its calls."""
    async with Scripted() as server:
        server.creates(
            "/api/v1/suno/create",
            Answer({"type": "not_ready"}, 202),
            Answer({"code": 200, "data": CLIPS}),
            task_path="/api/v1/suno/task/{task_id}",
        )
        tracer = seen.tracers.get_tracer("mine")
        async with session(server.url, seen) as music:
            with tracer.start_as_current_span("request") as mine:
                job = music.suno.create("rain", key="one")
            await job

    (span,) = seen.spans()
    assert "aiomusic suno.create" == span.name
    assert mine.get_span_context().span_id == span.parent.span_id
    assert {
        "aiomusic.job.key": "one",
        "aiomusic.kind": "suno.create",
        "aiomusic.cost": 10,
        "aiomusic.task_id": TASK_ID,
        "aiomusic.charged": "yes",
    } == dict(span.attributes)
    names = [event.name for event in span.events]
    assert ["queued", "submitting", "pending"] == names[:3]
    assert "succeeded" == names[-1]
    assert len(server.polls) == names.count("poll")
    trace_id = f"{span.context.trace_id:032x}"
    for call in server.calls:
        assert trace_id in call.headers["traceparent"]


async def test_figures_add_up(api: Emulator, seen: Seen) -> None:
    """Of a song, of words and of a refusal; nothing is left open at the end."""
    async with session(api.url, seen, api.key) as music:
        await music.suno.create("rain")
        await music.lyrics.create("rain")
        api.fault("moderation", on="create")
        with pytest.raises(ContentRefused):
            await music.suno.create("bad")

    found = seen.figures()
    assert {0} == {
        value
        for (name, *_), value in found.items()
        if name in {"jobs", "credits.reserved"}
    }
    assert 1 == found["jobs.ended", "failed", "no", "suno.create"]
    assert 1 == found["jobs.ended", "succeeded", "suno.create", "yes"]
    assert 10 == found["credits.spent", "suno.create"]
    assert 2 == found["credits.spent", "lyrics.create"]
    assert 2 == found["job.polls", "suno.create"]
    assert 1 == found["accept.duration", "suno.create"]
    assert 1 == found["notice.delay", "suno.create"]
    spans = {span.name: span for span in seen.spans()}
    assert {"aiomusic suno.create", "aiomusic lyrics.create"} == set(spans)
    failed = [span for span in seen.spans() if not span.status.is_ok]
    assert "moderation" in str(failed[0].status.description)


async def test_no_words_and_no_secret_are_exported(api: Emulator, seen: Seen) -> None:
    """Spans go to others: they hold neither prompt, nor metadata, nor key."""
    async with session(api.url, seen, api.key) as music:
        await music.suno.create("a very private song", metadata={"user": "ann@e.org"})

    told = "".join(span.to_json() for span in seen.spans()) + str(seen.figures())
    for private in ("very private", "ann@e.org", api.key):
        assert private not in told
