"""WebM and Matroska: the length of the one element that holds everything."""

from aiomusic._files.formats.source import Sound, Source

__all__ = ["probe_matroska"]

_SEGMENT = b"\x18\x53\x80\x67"


def probe_matroska(source: Source, at: int) -> Sound:
    """Compare the segment's length with the file's, where it is known."""
    size, used = _number(source.read(at + 4, 8))
    at += 4 + used + (size or 0)
    if source.read(at, 4) != _SEGMENT:
        return Sound(damage="it is not the WebM that it says it is")
    size, used = _number(source.read(at + 4, 8))
    is_cut = size is not None and at + 4 + used + size > source.size
    return Sound(damage="its last part is missing" if is_cut else None)


def _number(data: bytes) -> tuple[int | None, int]:
    """Read a length and how many bytes it takes; None: it is not known."""
    if not data or not data[0]:
        return 0, 1
    used = 9 - data[0].bit_length()
    number = int.from_bytes(data[:used], "big") & (1 << 7 * used) - 1
    return (None if number == (1 << 7 * used) - 1 else number), used
