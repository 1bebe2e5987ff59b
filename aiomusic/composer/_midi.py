"""Export of a score as a standard MIDI file."""

import struct
from collections.abc import Iterable
from typing import Final

import attrs

from aiomusic.composer._score import Performance, Score, Track

_TICKS_PER_BEAT: Final = 480
_DRUM_CHANNEL: Final = 9
_MILLISECOND_TEMPO: Final = 125.0
"""The tempo at which a tick is a millisecond."""
# General MIDI programs, counted from 0.
_PROGRAMS: Final = {
    "piano": 0, "epiano": 4, "vibes": 11, "marimba": 12, "bell": 14, "organ": 16,
    "nylon": 24, "steel": 25, "electric": 27, "distorted": 30, "upright": 32,
    "finger-bass": 33, "saw-bass": 38, "sub": 39, "acid": 38, "strings": 48,
    "choir": 52, "voice": 53, "brass": 61, "sax": 65, "flute": 73, "square": 80,
    "synth-lead": 81, "triangle": 83, "stab": 81, "pluck": 84, "warm-pad": 89,
    "saw-pad": 90, "koto": 107, "men": 53, "accordion": 21, "cowbell": 113,
    "reese": 38, "high-gain": 30,
}  # fmt: skip


def to_midi(score: Score) -> bytes:
    """Return *score* as a MIDI file of format 1, with tempo, sections and lyrics."""
    return _file(_conductor_track(score), score.tracks, score.tempo)


def performance_to_midi(performance: Performance) -> tuple[bytes, float]:
    """
    Return *performance* as a MIDI file, and its start within that file in seconds.

    Notes before second 0, which only ring on, come first.
    """
    starts = [note.start_s for track in performance.tracks for note in track.notes]
    lead_s = -min(0.0, *starts, 0.0)
    tracks = [
        attrs.evolve(
            track,
            notes=tuple(
                attrs.evolve(note, start_s=note.start_s + lead_s)
                for note in track.notes
            ),
        )
        for track in performance.tracks
    ]
    beat_us = round(60_000_000 / _MILLISECOND_TEMPO).to_bytes(3, "big")
    return _file(
        _chunk([(0, _meta(0x51, beat_us))]), tracks, _MILLISECOND_TEMPO
    ), lead_s


def _file(conductor: bytes, tracks: Iterable[Track], tempo: float) -> bytes:
    chunks = [conductor]
    channels = (number for number in range(16) if number != _DRUM_CHANNEL)
    for track in tracks:
        channel = _DRUM_CHANNEL if track.role == "drums" else next(channels, 15)
        chunks.append(_chunk(_events(track, channel, tempo)))
    header = struct.pack(">4sIHHH", b"MThd", 6, 1, len(chunks), _TICKS_PER_BEAT)
    return header + b"".join(chunks)


def _conductor_track(score: Score) -> bytes:
    key_signature = bytes([_sharps(score), score.key.is_minor])
    events = [
        (0, _meta(0x03, score.title.encode())),
        (0, _meta(0x51, round(60_000_000 / score.tempo).to_bytes(3, "big"))),
        (0, _meta(0x58, bytes([4, 2, 24, 8]))),
        (0, _meta(0x59, key_signature)),
    ]
    for section in score.sections:
        at = _tick(section.start_s, score.tempo)
        events.append((at, _meta(0x06, section.kind.encode())))
    return _chunk(events)


def _sharps(score: Score) -> int:
    """Return the sharps of the key signature as a byte; flats are negative."""
    major = (score.key.tonic + (3 if score.key.is_minor else 0)) % 12
    sharps = major * 7 % 12
    return sharps if sharps <= 6 else sharps - 12 + 256


def _events(track: Track, channel: int, tempo: float) -> list[tuple[int, bytes]]:
    program = _PROGRAMS.get(track.patch, 0)
    events = [
        (0, _meta(0x03, f"{track.role} {track.patch}".encode())),
        (0, bytes([0xC0 | channel, program])),
        (0, bytes([0xB0 | channel, 7, _volume(track.gain_db)])),
        (0, bytes([0xB0 | channel, 10, round(64 + 63 * track.pan)])),
        (0, bytes([0xB0 | channel, 91, min(127, round(127 * track.send))])),
    ]
    for note in track.notes:
        start = max(0, _tick(note.start_s, tempo))
        end = max(start + 1, _tick(note.start_s + note.length_s, tempo))
        velocity = max(1, min(127, round(note.velocity * 112)))
        if note.syllable:
            events.append((start, _meta(0x05, note.syllable.encode())))
        events.append((start, bytes([0x90 | channel, note.pitch, velocity])))
        events.append((end, bytes([0x80 | channel, note.pitch, 0])))
    # Note-offs come before note-ons, so that a repeated note sounds again.
    return sorted(events, key=lambda event: (event[0], event[1][0] >> 4 == 9))


def _volume(gain_db: float) -> int:
    """Return the volume controller for a gain; amplitude is its square."""
    return max(1, min(127, round(100 * 10 ** (gain_db / 40))))


def _tick(second: float, tempo: float) -> int:
    return round(second * tempo / 60 * _TICKS_PER_BEAT)


def _meta(kind: int, data: bytes) -> bytes:
    return bytes([0xFF, kind]) + _variable_length(len(data)) + data


def _chunk(events: list[tuple[int, bytes]]) -> bytes:
    data = bytearray()
    now = 0
    for tick, event in events:
        data += _variable_length(tick - now) + event
        now = tick
    data += b"\x00\xff\x2f\x00"
    return struct.pack(">4sI", b"MTrk", len(data)) + bytes(data)


def _variable_length(number: int) -> bytes:
    """Return *number* as a variable-length quantity."""
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F | 0x80)
    return bytes(reversed(groups))
