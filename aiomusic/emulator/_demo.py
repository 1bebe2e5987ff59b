"""The demo page: a song of each style, to play and to look at."""

import asyncio
import json
import os
import re
import tempfile
from collections.abc import Sequence
from functools import partial
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Final, final

import anyio
import attrs

from aiomusic.composer import (
    STYLES,
    TRACK_COLOURS,
    Score,
    SongSpec,
    compose,
    draw_cover,
    draw_piano_roll,
    draw_waveform,
    load_renderer,
    to_midi,
)
from aiomusic.emulator._packed_scores import pack
from aiomusic.emulator._render_jobs import render_shown
from aiomusic.emulator._workers import Workers

__all__ = ["write_demo"]

KIND: Final = "mp3"
COLUMNS: Final = 160
PLAYED_ONLY: Final = {"lo-fi", "techno", "ambient", "cinematic", "chiptune"}
"""Styles that are usually instrumental."""


@final
@attrs.frozen(kw_only=True)
class _Shown:
    """A song of the page; the names of its files start with *slug*."""

    slug: str
    score: Score
    levels: Sequence[float]


async def write_demo(
    folder: Path, *, seed: int = 0, seconds: float = 20.0, renderer: str | None = None
) -> Path:
    """
    Write ``index.html`` and its files into *folder*, which is created if needed.

    Args:
        seed: Selects the songs.
        seconds: Length of each song.
        renderer: See `Emulator`.

    Returns:
        The path of the page.

    Raises:
        OSError: A file can't be written.
        LookupError: No renderer of that name is installed.
        RenderFailed: A song can't be rendered.
    """
    if renderer is not None:
        load_renderer(renderer)
    await anyio.Path(folder).mkdir(parents=True, exist_ok=True)
    workers = Workers(os.cpu_count() or 1)
    briefs = [_brief(style, seed, seconds) for style in STYLES]
    # Unfinished songs are deleted with the temporary folder.
    with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as making:
        try:
            async with asyncio.TaskGroup() as group:
                shown = [
                    group.create_task(
                        _show(workers, Path(making), folder, spec, renderer)
                    )
                    for spec in briefs
                ]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        finally:
            await workers.aclose()
    page = folder / "index.html"
    page.write_text(_page([one.result() for one in shown], seed), encoding="utf-8")
    return page


def _brief(style: str, seed: int, seconds: float) -> SongSpec:
    return SongSpec(
        style=style,
        seed=seed,
        duration_s=seconds,
        instrumental=style in PLAYED_ONLY,
    )


async def _show(
    workers: Workers, making: Path, folder: Path, spec: SongSpec, renderer: str | None
) -> _Shown:
    score = compose(spec)
    slug = re.sub(r"[^a-z]+", "-", spec.style)
    audio = making / f"{slug}.{KIND}"
    levels = await workers.run(
        partial(render_shown, pack(score), str(audio), KIND, renderer, COLUMNS)
    )
    audio.replace(folder / audio.name)
    (folder / f"{slug}-cover.svg").write_text(draw_cover(score), encoding="utf-8")
    (folder / f"{slug}-score.svg").write_text(draw_piano_roll(score), encoding="utf-8")
    (folder / f"{slug}.mid").write_bytes(to_midi(score))
    return _Shown(slug=slug, score=score, levels=levels)


def _page(shown: Sequence[_Shown], seed: int) -> str:
    legend = "".join(
        f'<li><i style="background:{colour}"></i>{escape(role)}</li>'
        for role, colour in TRACK_COLOURS.items()
    )
    seconds = sum(one.score.duration_s for one in shown)
    return _template("page").substitute(
        count=len(shown),
        seed=seed,
        legend=legend,
        seconds=f"{seconds:g} s",
        cards="\n".join(_card(one) for one in shown),
    )


def _card(shown: _Shown) -> str:
    score = shown.score
    lines = [[line.start_s, line.end_s, line.text] for line in score.lines]
    wave = draw_waveform(
        shown.levels,
        f"How loud {score.title} is over time",
        fill=f"url(#paint-{shown.slug})",
    )
    facts = {
        "slug": shown.slug,
        "audio": f"{shown.slug}.{KIND}",
        "kind": KIND.upper(),
        "style": score.style,
        "title": score.title,
        "tempo": f"{score.tempo:.0f} bpm",
        "key": f"{score.key}",
        "singer": f"{score.voice.gender} voice" if score.voice else "instrumental",
        "length": f"{score.duration_s:g}",
        "clock": f"{int(score.duration_s) // 60}:{int(score.duration_s) % 60:02d}",
        "lines": json.dumps(lines),
    }
    escaped = {name: escape(fact) for name, fact in facts.items()}
    return _template("card").substitute(escaped, wave=wave)


def _template(name: str) -> Template:
    file = resources.files("aiomusic.emulator") / "demo" / f"{name}.html"
    return Template(file.read_text(encoding="utf-8"))
