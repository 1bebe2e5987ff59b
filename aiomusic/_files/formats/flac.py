"""FLAC: what STREAMINFO announces, and whether the last frame is there and whole."""

from typing import Final, final

import attrs

from aiomusic._files.formats.source import Sound, Source

__all__ = ["probe_flac", "stream_info"]

MAX_BLOCKS: Final = 10_000
MAX_TAIL_BYTES: Final = 1 << 20
# Two bytes in 4 million look like a header; a third time is no accident.
MAX_CANDIDATES: Final = 3
_NOISE = Sound(damage="it is not the FLAC that it says it is")
_SIZES = {1: 192, **{n: 576 << n - 2 for n in range(2, 6)}}
_SIZES |= {n: 256 << n - 8 for n in range(8, 16)}


@final
@attrs.frozen(kw_only=True)
class StreamInfo:
    """What a stream announces; 0 where it announces nothing."""

    block_samples: int
    max_frame_bytes: int
    hz: int
    samples: int


def stream_info(data: bytes) -> StreamInfo | None:
    """Read the 34 bytes of STREAMINFO."""
    packed = int.from_bytes(data[10:18], "big")
    hz = packed >> 44
    if len(data) < 18 or not hz or int.from_bytes(data[2:4], "big") < 16:
        return None
    return StreamInfo(
        block_samples=int.from_bytes(data[2:4], "big"),
        max_frame_bytes=int.from_bytes(data[7:10], "big"),
        hz=hz,
        samples=packed & (1 << 36) - 1,
    )


def probe_flac(source: Source, at: int) -> Sound:
    """Compare what is announced with the last frame."""
    info = stream_info(source.read(at + 8, 34))
    first = _first_frame(source, at)
    if info is None or first is None or source.read(at + 4, 1)[0] & 0x7F:
        return _NOISE
    if first < source.size and not _is_sync(source.read(first, 2)):
        return _NOISE
    end = source.size
    if source.read(max(0, end - 128), 3) == b"TAG":
        end -= 128
    found = _last_samples(source, first, end, info)
    if found is None:
        return Sound(damage="its last part is missing")
    seconds, announced = found / info.hz, info.samples / info.hz
    if found < info.samples:
        damage = f"it holds {seconds:.1f} s of the {announced:.1f} s it announces"
        return Sound(seconds=seconds, damage=damage)
    return Sound(seconds=seconds)


def _first_frame(source: Source, at: int) -> int | None:
    """Return where the blocks of metadata end."""
    at += 4
    for _ in range(MAX_BLOCKS):
        head = source.read(at, 4)
        if len(head) < 4:
            return None
        at += 4 + int.from_bytes(head[1:], "big")
        if head[0] & 0x80:
            return at if at <= source.size else None
    return None


def _is_sync(head: bytes) -> bool:
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xFE == 0xF8


def _last_samples(source: Source, first: int, end: int, info: StreamInfo) -> int | None:
    """Return the number of the sample at which the last frame ends, if it is whole."""
    longest = min(info.max_frame_bytes or MAX_TAIL_BYTES, MAX_TAIL_BYTES)
    start = max(first, end - longest)
    tail = source.read(start, end - start)
    at, left = len(tail), MAX_CANDIDATES
    while left:
        at = tail.rfind(b"\xff", 0, at)
        if at < 0:
            return None
        if not _is_sync(tail[at : at + 2]):
            continue
        samples = _samples_at_end(tail[at : at + 16], info)
        if samples is None:
            continue
        if _crc16(tail[at:]) == 0:
            return samples
        left -= 1
    return None


def _samples_at_end(head: bytes, info: StreamInfo) -> int | None:
    """Return the number of the sample behind a frame; None: it is no header."""
    if len(head) < 6:
        return None
    size_bits, hz_bits = head[2] >> 4, head[2] & 15
    number, used = _coded(head[4:])
    if not used or not size_bits or hz_bits == 15:
        return None
    at = 4 + used
    size_bytes = {6: 1, 7: 2}.get(size_bits, 0)
    size = int.from_bytes(head[at : at + size_bytes], "big") + 1
    at += size_bytes + {12: 1, 13: 2, 14: 2}.get(hz_bits, 0)
    if at >= len(head) or _crc8(head[:at]) != head[at]:
        return None
    size = _SIZES.get(size_bits, size)
    is_variable = head[1] & 1
    return (number if is_variable else number * info.block_samples) + size


def _coded(data: bytes) -> tuple[int, int]:
    """Read a number coded as in UTF-8, and how many bytes it takes; 0: it is none."""
    first = data[0]
    if first < 0x80:
        return first, 1
    count = 8 - (first ^ 0xFF).bit_length()
    if not 2 <= count <= 7 or len(data) < count:
        return 0, 0
    number = first & (0x7F >> count)
    for byte in data[1:count]:
        if byte & 0xC0 != 0x80:
            return 0, 0
        number = number << 6 | byte & 0x3F
    return number, count


def _table(bits: int, polynomial: int) -> tuple[int, ...]:
    top, mask = 1 << bits - 1, (1 << bits) - 1
    table = []
    for byte in range(256):
        crc = byte << bits - 8
        for _ in range(8):
            crc = (crc << 1 ^ (polynomial if crc & top else 0)) & mask
        table.append(crc)
    return tuple(table)


_CRC8 = _table(8, 0x07)
_CRC16 = _table(16, 0x8005)


def _crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc = _CRC8[crc ^ byte]
    return crc


def _crc16(data: bytes) -> int:
    crc, table = 0, _CRC16
    for byte in data:
        crc = (crc << 8 & 0xFF00) ^ table[crc >> 8 ^ byte]
    return crc
