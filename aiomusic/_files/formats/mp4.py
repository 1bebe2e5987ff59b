"""M4A: boxes that announce their length, and how long what they hold plays."""

from collections.abc import Iterator
from typing import Final, final

import attrs

from aiomusic._files.formats.source import Sound, Source

__all__ = ["probe_mp4"]

MAX_BOXES: Final = 100_000
MAX_SAMPLES: Final = 1 << 22
_CUT = Sound(damage="its last part is missing")
_NOISE = Sound(damage="it is not the M4A that it says it is")


@final
@attrs.frozen
class _Box:
    name: bytes
    start: int
    end: int


def probe_mp4(source: Source, at: int) -> Sound:
    """See that each box is whole, and that there is sound."""
    boxes = []
    for box in _boxes(source, at, source.size):
        if not _is_name(box.name):
            return _NOISE
        if box.end > source.size:
            return _CUT
        boxes.append(box)
    if not boxes or boxes[-1].end != source.size:
        return _CUT
    sound = _by_name(boxes, b"mdat")
    heads = _by_name(boxes, b"moov")
    if not heads or not sound:
        return _CUT
    held = sum(box.end - box.start for box in sound)
    if _sample_bytes(source, heads[0]) > held:
        return _CUT
    whole_s = _seconds(source, heads[0])
    parts_s = _fragments_s(source, heads[0], _by_name(boxes, b"moof"))
    return Sound(seconds=max(whole_s, parts_s) or None)


def _is_name(name: bytes) -> bool:
    return len(name) == 4 and all(0x20 <= byte < 0x7F or byte == 0xA9 for byte in name)


def _boxes(source: Source, at: int, end: int) -> Iterator[_Box]:
    for _ in range(MAX_BOXES):
        head = source.read(at, 8) if at + 8 <= end else b""
        if len(head) < 8:
            return
        length, used = int.from_bytes(head[:4], "big"), 8
        if length == 1:
            length, used = source.big(at + 8, 8), 16
        if length == 0:
            length = end - at
        if length < used:
            yield _Box(b"", at, end)
            return
        yield _Box(head[4:], at + used, at + length)
        at += length


def _by_name(boxes: list[_Box], name: bytes) -> list[_Box]:
    return [box for box in boxes if box.name == name]


def _inside(source: Source, box: _Box, *path: bytes) -> list[_Box]:
    """Return the boxes at the end of a path of names."""
    found = [box]
    for name in path:
        inner = [list(_boxes(source, one.start, one.end)) for one in found]
        found = [box for boxes in inner for box in _by_name(boxes, name)]
    return found


def _sample_bytes(source: Source, moov: _Box) -> int:
    """Add up the samples that the tables name."""
    total = 0
    for box in _inside(source, moov, b"trak", b"mdia", b"minf", b"stbl", b"stsz"):
        size, count = source.big(box.start + 4, 4), source.big(box.start + 8, 4)
        if size:
            total += size * count
        elif count <= MAX_SAMPLES:
            table = source.read(box.start + 12, min(4 * count, box.end - box.start))
            words = memoryview(table[: len(table) // 4 * 4])
            total += sum(
                int.from_bytes(words[at : at + 4], "big")
                for at in range(0, len(words), 4)
            )
    return total


def _length(source: Source, box: _Box) -> tuple[int, int]:
    """Read the time scale and the duration of a header box."""
    if source.read(box.start, 1) == b"\1":
        return source.big(box.start + 20, 4), source.big(box.start + 24, 8)
    return source.big(box.start + 12, 4), source.big(box.start + 16, 4)


def _seconds(source: Source, moov: _Box) -> float:
    lengths = [
        _length(source, box)
        for path in ((b"mvhd",), (b"trak", b"mdia", b"mdhd"))
        for box in _inside(source, moov, *path)
        if box.end - box.start >= 20
    ]
    unknown = {0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF}
    known = [length / hz for hz, length in lengths if hz and length not in unknown]
    return max(known, default=0.0)


def _fragments_s(source: Source, moov: _Box, moofs: list[_Box]) -> float:
    """Add up the durations of what comes in fragments."""
    if not moofs:
        return 0.0
    scales = [
        _length(source, box)[0]
        for box in _inside(source, moov, b"trak", b"mdia", b"mdhd")
    ]
    defaults = {
        source.big(box.start + 4, 4): source.big(box.start + 12, 4)
        for box in _inside(source, moov, b"mvex", b"trex")
    }
    played: dict[int, int] = {}
    for moof in moofs:
        for traf in _inside(source, moof, b"traf"):
            track, length = _traf(source, traf, defaults)
            played[track] = played.get(track, 0) + length
    scale = scales[0] if scales else 0
    return max(played.values(), default=0) / scale if scale else 0.0


def _traf(source: Source, traf: _Box, defaults: dict[int, int]) -> tuple[int, int]:
    """Return a fragment's track and how long it plays."""
    heads = _inside(source, traf, b"tfhd")
    if not heads:
        return 0, 0
    at = heads[0].start
    flags, track = source.big(at + 1, 3), source.big(at + 4, 4)
    each = defaults.get(track, 0)
    if flags & 8:
        each = source.big(at + 8 + (8 if flags & 1 else 0) + (4 if flags & 2 else 0), 4)
    length = 0
    for run in _inside(source, traf, b"trun"):
        flags, count = source.big(run.start + 1, 3), source.big(run.start + 4, 4)
        if not flags & 0x100:
            length += each * count
            continue
        step = 4 * (flags >> 8 & 15).bit_count()
        at = run.start + 8 + (4 if flags & 1 else 0) + (4 if flags & 4 else 0)
        count = min(count, (run.end - at) // step)
        length += sum(source.big(at + n * step, 4) for n in range(count))
    return track, length
