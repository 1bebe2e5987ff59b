"""Cover pictures and MIDI files."""

import re
import struct
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

from aiomusic.composer import (
    Score,
    SongSpec,
    compose,
    draw_cover,
    draw_cover_jpeg,
    draw_piano_roll,
    to_midi,
)
from aiomusic.composer.styles import STYLES


@pytest.mark.parametrize("style", STYLES)
def test_covers_are_pictures(style: str) -> None:
    """The cover of any style is well-formed SVG that shows the title, escaped."""
    score = compose(SongSpec(style=style, title="<Rain> & Sun", seed=3))

    root = ET.fromstring(draw_cover(score))

    assert "svg" == root.tag.rpartition("}")[2]
    assert "<Rain> & Sun" in [element.text for element in root.iter()]


def test_no_two_covers_are_alike() -> None:
    """Songs of one style, and takes of one song, have different covers."""
    covers = {
        draw_cover(compose(SongSpec(style="pop", seed=seed, take=take)))
        for seed in range(6)
        for take in (0, 1)
    }

    assert 12 == len(covers)


def test_a_cover_tells_its_style() -> None:
    """A cover's colours are closest to those of another cover of its style."""
    known, fresh = (
        {
            style: colours_of(compose(SongSpec(style=style, title=title, seed=seed)))
            for style in STYLES
        }
        for title, seed in (("Rain", 1), ("Paper Boats", 2))
    )

    told = {
        style: max(known, key=lambda other: len(known[other] & colours))
        for style, colours in fresh.items()
    }

    assert {style: style for style in STYLES} == told


def colours_of(score: Score) -> set[str]:
    return set(re.findall(r'fill="(#\w+)"', draw_cover(score)))


def test_jpeg_where_pillow_is() -> None:
    """The picture is a JPEG where Pillow is installed."""
    pytest.importorskip("PIL")

    data = draw_cover_jpeg(compose(SongSpec(style="jazz")))

    assert data is not None
    assert data.startswith(b"\xff\xd8\xff")


def test_the_score_is_a_picture() -> None:
    """Every note, section and line of words is in the picture of the score."""
    lyrics = "[Verse]\nBread & butter on the sill"
    score = compose(SongSpec(style="folk", lyrics=lyrics, duration_s=9))

    root = ET.fromstring(draw_piano_roll(score))

    texts = [element.text for element in root.iter() if element.tag.endswith("text")]
    boxes = [element for element in root.iter() if element.tag.endswith("rect")]
    assert len(boxes) == 1 + sum(len(track.notes) for track in score.tracks)
    assert [section.kind for section in score.sections] == texts[:-1]
    assert "Bread & butter on the sill" == texts[-1]


def test_words_of_the_score_stand_beside_each_other() -> None:
    """Lines that are too long for their time are cut, in each of the two rows."""
    lyrics = "[Verse]\n" + "A line of many words that is sung in no time\n" * 12
    score = compose(SongSpec(style="punk, 200 bpm", lyrics=lyrics, duration_s=40))

    root = ET.fromstring(draw_piano_roll(score))
    rows: dict[str, list[tuple[float, str]]] = {}
    for element in root.iter():
        if element.tag.endswith("text"):
            word = (float(element.attrib["x"]), str(element.text))
            rows.setdefault(element.attrib["y"], []).append(word)

    assert 3 == len(rows)
    for row in rows.values():
        for (x, text), (following, _) in pairwise(row):
            assert x + 6 * len(text) < following
    assert any(text.endswith("…") for row in rows.values() for _, text in row)


def test_midi_holds_every_note() -> None:
    """The MIDI file has the tempo, and each note once on and once off."""
    score = compose(SongSpec(style="folk, 96 bpm", seed=2, duration_s=10))

    tracks = chunks(to_midi(score))

    played = sum(len(track.notes) for track in score.tracks)
    events = [event for track in tracks for event in events_of(track)]
    assert 1 + len(score.tracks) == len(tracks)
    assert played == sum(status >> 4 == 9 for status, _ in events)
    assert played == sum(status >> 4 == 8 for status, _ in events)
    tempo = next(data for status, data in events if status == 0xFF and data[0] == 0x51)
    assert 60_000_000 / 96 == int.from_bytes(tempo[1:], "big")


def chunks(data: bytes) -> list[bytes]:
    kind, size, form, count, ticks = struct.unpack(">4sIHHH", data[:14])
    assert (b"MThd", 6, 1, 480) == (kind, size, form, ticks)
    place, found = 14, []
    for _ in range(count):
        kind, size = struct.unpack(">4sI", data[place : place + 8])
        assert kind == b"MTrk"
        found.append(data[place + 8 : place + 8 + size])
        place += 8 + size
    assert place == len(data)
    return found


def number_at(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    while True:
        value = value << 7 | data[place] & 0x7F
        place += 1
        if not data[place - 1] & 0x80:
            return value, place


def events_of(track: bytes) -> list[tuple[int, bytes]]:
    place, events = 0, []
    while place < len(track):
        _, place = number_at(track, place)
        status = track[place]
        if status == 0xFF:
            kind = track[place + 1]
            size, start = number_at(track, place + 2)
            events.append((status, bytes([kind]) + track[start : start + size]))
            place = start + size
        else:
            size = 1 if status >> 4 == 0xC else 2
            events.append((status, track[place + 1 : place + 1 + size]))
            place += 1 + size
    return events
