"""Files of music, as small as they can be."""

import io
import random
import struct
import wave
from pathlib import Path

import numpy as np
import soundfile

# 128 kbit/s at 44.1 kHz: 417 bytes play 1152 samples.
FRAME = b"\xff\xfb\x90\x00" + bytes(413)
FRAME_S = 1152 / 44_100
ID3 = b"ID3\x03\0\0\0\0\x02\x01" + bytes(257)


def wav(seconds: float, hz: int = 8_000) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(hz)
        file.writeframes(bytes(round(seconds * hz) * 2))
    return buffer.getvalue()


def mp3(seconds: float) -> bytes:
    return FRAME * round(seconds / FRAME_S)


def encoded(seconds: float, container: str, subtype: str | None = None) -> bytes:
    """Make music with an encoder that this project did not write."""
    hz = 48_000 if subtype == "OPUS" else 44_100
    at = np.arange(round(seconds * hz)) / hz
    noise = np.random.default_rng(7).normal(size=at.size)
    buffer = io.BytesIO()
    samples = np.sin(2_765 * at) / 3 + noise / 20
    soundfile.write(buffer, samples, hz, format=container, subtype=subtype)
    return buffer.getvalue()


def box(name: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return struct.pack(">I4s", 8 + len(content), name) + content


def m4a(seconds: float = 2.0, *, is_moov_last: bool = False) -> bytes:
    sound = box(b"hdlr", bytes(8), b"soun", bytes(13))
    ticks = round(seconds * 1000)
    length = box(b"mdhd", bytes(12), struct.pack(">II", 1000, ticks), bytes(4))
    sizes = box(
        b"stsz", bytes(4), struct.pack(">II", 0, 5), *[struct.pack(">I", 100)] * 5
    )
    table = box(b"minf", box(b"stbl", sizes))
    moov = box(b"moov", box(b"trak", box(b"mdia", length, sound, table)))
    mdat = box(b"mdat", random.Random(3).randbytes(max(500, round(seconds * 600))))
    parts = (mdat, moov) if is_moov_last else (moov, mdat)
    return box(b"ftyp", b"M4A ", bytes(4)) + b"".join(parts)


def fragmented_m4a(fragments: int) -> bytes:
    """Make what is streamed: one second in each fragment."""
    length = box(b"mdhd", bytes(12), struct.pack(">II", 1000, 0), bytes(4))
    extends = box(
        b"mvex", box(b"trex", bytes(4), struct.pack(">III", 1, 1, 100), bytes(8))
    )
    moov = box(b"moov", box(b"trak", box(b"mdia", length)), extends)
    head = box(b"tfhd", bytes(4), struct.pack(">I", 1))
    run = box(b"trun", bytes(4), struct.pack(">I", 10))
    part = box(b"moof", box(b"traf", head, run)) + box(b"mdat", bytes(600))
    return box(b"ftyp", b"iso5", bytes(4)) + moov + part * fragments


def aac(seconds: float) -> bytes:
    """Make ADTS frames of 200 bytes at 44.1 kHz."""
    size = 200
    head = bytes([0xFF, 0xF1, 0x50, 0x80 | size >> 11, size >> 3 & 0xFF, 0x1F, 0xFC])
    head = head[:5] + bytes([(size & 7) << 5 | 0x1F, 0xFC])
    return (head + bytes(size - 7)) * round(seconds * 44_100 / 1024)


def webm(*, is_length_known: bool = True) -> bytes:
    body = bytes(3000)
    length = (
        (1 << 56 | len(body)).to_bytes(8, "big")
        if is_length_known
        else b"\x01" + b"\xff" * 7
    )
    header = b"\x42\x82\x84webm"
    ebml = b"\x1a\x45\xdf\xa3" + bytes([0x80 | len(header)]) + header
    return ebml + b"\x18\x53\x80\x67" + length + body


def ape_tag() -> bytes:
    """Make an APE tag as it stands before music."""
    item = struct.pack("<II", 3, 0) + b"Title\0abc"
    size = struct.pack("<III", 2000, len(item) + 32, 1)
    head = b"APETAGEX" + size + struct.pack("<I", 0xA000_0000) + bytes(8)
    foot = b"APETAGEX" + size + struct.pack("<I", 0x8000_0000) + bytes(8)
    return head + item + foot


def pictured(flac: bytes, size: int) -> bytes:
    """Put a picture of so many bytes behind the first block of a FLAC file."""
    end = 8 + int.from_bytes(flac[5:8], "big")
    picture = bytes([6]) + size.to_bytes(3, "big") + noise(size)
    return flac[:end] + picture + flac[end:]


def noise(size: int) -> bytes:
    return random.Random(1).randbytes(size)


def stored(folder: Path, content: bytes) -> Path:
    path = folder / "song"
    path.write_bytes(content)
    return path
