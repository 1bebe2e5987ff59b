"""Ogg: the granule of the last page, and the mark of a stream's end."""

import struct
from typing import final

import attrs

from aiomusic._files.formats.flac import stream_info
from aiomusic._files.formats.source import Sound, Source

__all__ = ["probe_ogg"]

_HEADER = struct.Struct("<4sBBqIIIB")
_BEGIN, _END = 2, 4
_CUT = "its last part is missing"


@final
@attrs.define(eq=False)
class _Stream:
    """One stream of those that are woven together, or follow each other."""

    hz: int
    skip: int
    granule: int = 0
    is_over: bool = False

    @property
    def seconds(self) -> float | None:
        return max(0, self.granule - self.skip) / self.hz if self.hz else None


def probe_ogg(source: Source, at: int) -> Sound:
    """Walk over the pages."""
    played = 0.0
    streams: dict[int, _Stream] = {}
    while at < source.size:
        head = source.read(at, _HEADER.size)
        if len(head) < _HEADER.size:
            return Sound(damage=_CUT)
        magic, version, flags, granule, serial, _, _, count = _HEADER.unpack(head)
        if magic != b"OggS" or version:
            if source.read(at, 3) == b"TAG" and source.size - at == 128:
                break
            return Sound(damage="it is not the Ogg that it says it is")
        body = at + _HEADER.size + count
        at = body + sum(source.read(at + _HEADER.size, count))
        if body > source.size or at > source.size:
            return Sound(damage=_CUT)
        if flags & _BEGIN:
            if streams and all(one.is_over for one in streams.values()):
                played += _longest(streams)
                streams = {}
            streams[serial] = _stream(source.read(body, 64))
        stream = streams.get(serial)
        if stream is None:
            return Sound(damage="its first part is missing")
        stream.granule = max(stream.granule, granule)
        stream.is_over = bool(flags & _END)
    is_known = any(stream.hz for stream in streams.values())
    return Sound(
        seconds=played + _longest(streams) if is_known else None,
        has_end=all(one.is_over for one in streams.values() if one.hz or not is_known),
    )


def _longest(streams: dict[int, _Stream]) -> float:
    return max((stream.seconds or 0.0 for stream in streams.values()), default=0.0)


def _stream(packet: bytes) -> _Stream:
    """Read how many granules a second the codec counts, from its first packet."""
    if packet.startswith(b"\x01vorbis"):
        return _Stream(int.from_bytes(packet[12:16], "little"), 0)
    if packet.startswith(b"OpusHead"):
        return _Stream(48_000, int.from_bytes(packet[10:12], "little"))
    if packet.startswith(b"Speex   "):
        return _Stream(int.from_bytes(packet[36:40], "little"), 0)
    if packet.startswith(b"\x7fFLAC"):
        info = stream_info(packet[17:51])
        return _Stream(0 if info is None else info.hz, 0)
    return _Stream(0, 0)
