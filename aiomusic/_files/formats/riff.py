"""WAV and AIFF: chunks that announce their own length."""

from aiomusic._files.formats.source import Sound, Source

__all__ = ["probe_aiff", "probe_wav"]

MAX_CHUNKS = 10_000
# Who streams a WAV does not know its length, and writes a huge one.
UNKNOWN_BYTES = 0x7FFF_F000
_MISSING = Sound(damage="its samples are missing")


def probe_wav(source: Source, at: int) -> Sound:
    """Compare the samples that are there with those that the header announces."""
    rate, long_data = 0, 0
    at += 12
    for _ in range(MAX_CHUNKS):
        head = source.read(at, 8)
        if len(head) < 8:
            return _MISSING
        name, length = head[:4], int.from_bytes(head[4:], "little")
        if name == b"ds64":
            long_data = source.little(at + 16, 8)
        elif name == b"fmt ":
            rate = source.little(at + 16, 4)
        elif name == b"data":
            if not rate:
                return _MISSING
            is_long = length == 0xFFFF_FFFF and long_data
            return _samples(
                source.size - at - 8, long_data if is_long else length, rate
            )
        elif not name.strip(b"\0"):
            return _MISSING
        at += 8 + length + length % 2
    return _MISSING


def _samples(here: int, length: int, rate: int) -> Sound:
    if here <= 0:
        return _MISSING
    if length == 0 or (UNKNOWN_BYTES <= length <= 0xFFFF_FFFF):
        return Sound(seconds=here / rate)
    seconds, announced = min(here, length) / rate, length / rate
    if here >= length:
        return Sound(seconds=seconds)
    damage = f"it holds {seconds:.1f} s of the {announced:.1f} s it announces"
    return Sound(seconds=seconds, damage=damage)


def probe_aiff(source: Source, at: int) -> Sound:
    """Compare the file's length with the one that it announces."""
    is_cut = at + 8 + source.big(at + 4, 4) > source.size
    return Sound(damage="its last part is missing" if is_cut else None)
