"""Mastering: mixes each performance to a file, levels it, and joins the spans."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeAlias, final

import attrs
import numpy as np
import soundfile

from aiomusic.composer._score import Performance, Recording, Score, Span
from aiomusic.composer._stems import is_in_stem, is_rest
from aiomusic.composer.synth._loudness import HOP, LoudnessMeter
from aiomusic.composer.synth._mixer import BLOCK, mix_blocks, stem_blocks
from aiomusic.composer.synth._recording import read_recording
from aiomusic.composer.synth._waves import RATE, Sound

MixFunction: TypeAlias = Callable[[Performance], Iterator[Sound]]
_Mixes: TypeAlias = "dict[int, LevelledMix]"
"""By ``id()`` of the performance or recording."""
_RAMP_S: Final = 0.06
"""How long a level takes to change, before the section that changes it."""
_FORMATS: Final = {
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
}


def render_file(blocks: Iterable[Sound], path: Path, audio_format: str) -> None:
    """Write *blocks* of stereo samples to *path* as *audio_format*."""
    container, subtype = _FORMATS[audio_format]
    with soundfile.SoundFile(
        str(path), "w", samplerate=RATE, channels=2, format=container, subtype=subtype
    ) as file:
        for block in blocks:
            file.write(np.clip(block.T, -1.0, 1.0))


def song_blocks(score: Score, mix: MixFunction = mix_blocks) -> Iterator[Sound]:
    """
    Render *score* in blocks of stereo samples; together they are as long as it is.

    Args:
        mix: Mixes a performance; its loudness is levelled afterwards.
    """
    mixes: dict[int, LevelledMix] = {}
    try:
        for span in score.spans:
            if id(span.source) not in mixes:
                blocks = _blocks(span.source, mix, score.stem)
                offset_db = getattr(span.source, "loudness_db", 0.0)
                mixes[id(span.source)] = LevelledMix(blocks, offset_db)
        yield from _join_spans(score.spans, mixes)
    finally:
        for source_mix in mixes.values():
            source_mix.close()


def _join_spans(spans: tuple[Span, ...], mixes: _Mixes) -> Iterator[Sound]:
    end_s = 0.0
    written = 0
    for number, span in enumerate(spans):
        source_mix = mixes[id(span.source)]
        start = round(span.start_s * RATE)
        end_s += span.duration_s
        frames = round(end_s * RATE) - written
        for position in range(0, frames, BLOCK):
            count = min(BLOCK, frames - position)
            block = source_mix.read(start + position, count)
            yield _crossfaded(
                block, position, frames, number=number, spans=spans, mixes=mixes
            )
        written += frames


def _crossfaded(
    block: Sound,
    position: int,
    frames: int,
    *,
    number: int,
    spans: tuple[Span, ...],
    mixes: _Mixes,
) -> Sound:
    """Crossfade the edges of a span with its neighbours."""
    span = spans[number]
    time = position + np.arange(block.shape[1])
    if number and position < (fade := span.fade_in_s * RATE):
        before = spans[number - 1]
        other = mixes[id(before.source)].read(
            round(before.end_s * RATE) + position, block.shape[1]
        )
        share = np.clip(1.0 - time / fade, 0.0, 1.0).astype(np.float32)
        block = block + (other - block) * share
    if number + 1 < len(spans) and span.fade_out_s:
        fade = span.fade_out_s * RATE
        after = spans[number + 1]
        other = mixes[id(after.source)].read(
            round(after.start_s * RATE) - frames + position, block.shape[1]
        )
        share = np.clip(1.0 - (frames - time) / fade, 0.0, 1.0).astype(np.float32)
        block = block + (other - block) * share
    return block


def _blocks(
    source: Performance | Recording, mix: MixFunction, stem: str | None
) -> Iterator[tuple[Sound, Sound]]:
    """Yield the blocks of a mix, each with what is heard of it."""
    if isinstance(source, Performance):
        yield from _in_levels(source, _performed(source, mix, stem))
    else:
        is_heard = stem is None or is_rest(stem)
        for block in read_recording(source, BLOCK):
            yield block, block if is_heard else np.zeros_like(block)


def _performed(
    source: Performance, mix: MixFunction, stem: str | None
) -> Iterator[tuple[Sound, Sound]]:
    if stem is None:
        for block in mix(source):
            yield block, block
    elif mix is mix_blocks:
        yield from stem_blocks(source, stem)
    else:
        heard = (t for t in source.tracks if is_in_stem(t.role, t.patch, stem))
        part = attrs.evolve(source, tracks=tuple(heard))
        # Another synthesiser hears no more of the mix than it plays.
        for block, played in zip_longest(mix(source), mix(part)):
            yield block, np.zeros_like(block) if played is None else played


def _in_levels(
    source: Performance, blocks: Iterable[tuple[Sound, Sound]]
) -> Iterator[tuple[Sound, Sound]]:
    """Yield *blocks* with the levels of the sections of *source*."""
    times = [0.0]
    gains = [source.level_at(0.0)]
    for start, gain in source.levels:
        if start > _RAMP_S:
            times += [start - _RAMP_S, start]
            gains += [gains[-1], gain]
    levels = 10 ** (np.array(gains) / 20)
    position = 0
    for mix, part in blocks:
        size = mix.shape[1]
        at = np.arange(position, position + size, dtype=np.float64) / RATE
        curve = np.interp(at, times, levels).astype(np.float32)
        position += size
        yield mix * curve, part * curve


@final
class LevelledMix:
    """
    A mix in a temporary file, levelled to the target loudness when it is read.

    The creator must close it.

    Args:
        blocks: Each block of the mix, which is measured, and what of it is heard.
        offset_db: Added to the target loudness.
    """

    def __init__(
        self, blocks: Iterable[tuple[Sound, Sound]], offset_db: float = 0.0
    ) -> None:
        self._frames = 0
        self._file = tempfile.TemporaryFile()  # noqa: SIM115
        meter = LoudnessMeter()
        for block, heard in blocks:
            meter.feed(block)
            self._file.write(np.ascontiguousarray(heard.T, dtype=np.float32).data)
            self._frames += block.shape[1]
        self._gains = meter.gain_curve(offset_db)

    def __repr__(self) -> str:
        return f"<LevelledMix {self._frames / RATE:.1f} s>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Delete the file."""
        self._file.close()

    def read(self, start: int, count: int) -> Sound:
        """Return *count* frames from *start*; silence outside the mix."""
        out = np.zeros((2, count), dtype=np.float32)
        low, high = max(0, start), min(self._frames, start + count)
        if high <= low:
            return out
        self._file.seek(8 * low)
        data = np.frombuffer(self._file.read(8 * (high - low)), dtype=np.float32)
        hops = np.arange(max(0, low // HOP - 1), min(high // HOP + 2, len(self._gains)))
        gain = np.interp(np.arange(low, high) / HOP - 0.5, hops, self._gains[hops])
        out[:, low - start : high - start] = data.reshape(-1, 2).T * gain.astype("f4")
        return out
