"""Scores made from audio files."""

from typing import Final

from aiomusic.composer._analysis import AudioAnalysis
from aiomusic.composer._form import bar_length
from aiomusic.composer._score import (
    LeadSheet,
    Recording,
    Score,
    Section,
    SheetSection,
    Span,
)
from aiomusic.composer._spec import SongSpec

_SECTION_BARS: Final = 8


def score_from_audio(analysis: AudioAnalysis, *, title: str, seed: int = 0) -> Score:
    """
    Return a score of an analyzed audio file, which can be extended and covered.

    It plays the file itself; its lead sheet holds the detected chords.

    Args:
        title: The title of the score.
        seed: Seeds later edits.
    """
    sheet_sections = _sections(analysis)
    bar_s = bar_length(analysis.tempo)
    starts = [
        analysis.downbeat_s + n * _SECTION_BARS * bar_s
        for n in range(len(sheet_sections))
    ]
    ends = [*starts[1:], analysis.duration_s]
    recording = Recording(path=analysis.path, duration_s=analysis.duration_s)
    return Score(
        title=title,
        style="pop",
        tempo=analysis.tempo,
        key=analysis.key,
        sections=tuple(
            Section(kind=one.kind, start_s=round(start, 6), end_s=round(end, 6))
            for one, start, end in zip(sheet_sections, starts, ends, strict=True)
        ),
        lines=(),
        sheet=LeadSheet(
            key=analysis.key, tempo=analysis.tempo, sections=sheet_sections
        ),
        spans=(Span(source=recording, start_s=0.0, end_s=analysis.duration_s),),
        voice=None,
        downbeat_s=analysis.downbeat_s,
        spec=SongSpec(style="pop", seed=seed),
    )


def _sections(analysis: AudioAnalysis) -> tuple[SheetSection, ...]:
    """Return verses and choruses in turn, with the detected chords."""
    chords, size = analysis.chords, _SECTION_BARS
    bars = [chords[n : n + size] for n in range(0, len(chords), size)]
    return tuple(
        SheetSection(
            kind=("verse", "chorus")[n % 2],
            bars=len(group),
            energy=(0.55, 0.9)[n % 2],
            chords=tuple(chord for chord in group for _ in range(2)),
        )
        for n, group in enumerate(bars)
    )
