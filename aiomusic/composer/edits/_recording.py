"""A score of an audio file, so that it can be extended and covered."""

from aiomusic.composer._brief import Brief
from aiomusic.composer._form import bar_length
from aiomusic.composer._hearing import Hearing
from aiomusic.composer._score import (
    Recording,
    Score,
    Section,
    Sheet,
    Span,
    Stretch,
)


def from_recording(hearing: Hearing, *, title: str, seed: int = 0) -> Score:
    """
    Make a score of an audio file, so that it can be extended and covered.

    Its sound is the file itself; its sheet has the chords that were heard.
    """
    size = 8
    bars = [hearing.chords[n : n + size] for n in range(0, len(hearing.chords), size)]
    stretches = tuple(
        Stretch(
            kind=("verse", "chorus")[n % 2],
            bars=len(group),
            energy=(0.55, 0.9)[n % 2],
            chords=tuple(chord for chord in group for _ in range(2)),
        )
        for n, group in enumerate(bars)
    )
    bar_s = bar_length(hearing.tempo)
    starts = [hearing.downbeat_s + n * size * bar_s for n in range(len(bars))]
    ends = [*starts[1:], hearing.duration_s]
    recording = Recording(path=hearing.path, duration_s=hearing.duration_s)
    return Score(
        title=title,
        style="pop",
        tempo=hearing.tempo,
        key=hearing.key,
        sections=tuple(
            Section(kind=one.kind, start_s=round(start, 6), end_s=round(end, 6))
            for one, start, end in zip(stretches, starts, ends, strict=True)
        ),
        lines=(),
        sheet=Sheet(key=hearing.key, tempo=hearing.tempo, stretches=stretches),
        spans=(Span(source=recording, start_s=0.0, end_s=hearing.duration_s),),
        voice=None,
        brief=Brief(style="pop", seed=seed),
    )
