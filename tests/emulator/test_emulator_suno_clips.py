"""Stems, WAV, MIDI and aligned lyrics of one song, as the emulator serves them."""

import io
import wave
from typing import Any

import numpy as np
import pytest
from emulated import SUNG, Client, opened

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

LYRICS = "[Verse]\nPaper boats along the gutter\nRain is keeping time"


async def _samples(client: Client, clip_id: str) -> Any:
    _, reply = await client.post("/api/v1/suno/wav", {"clip_id": clip_id})
    async with client.http.get(reply["data"]["wav_url"]) as answer:
        assert "audio/wav" == answer.headers["Content-Type"]
        whole = await answer.read()
    with wave.open(io.BytesIO(whole)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32767


async def test_stems_midi_and_words_are_those_of_the_song() -> None:
    """The stems sum to the mix; the notes and the words are those of the song."""
    async with opened(media=True) as (api, client):
        task_id = await client.create("suno", {**SUNG, "prompt": LYRICS})
        _, body = await client.end(task_id)
        clip = body["data"][0]
        asked = {"clip_id": clip["clip_id"]}
        _, accepted = await client.post("/api/v1/suno/stems/basic", asked)
        _, split = await client.end(accepted["task_id"])
        stems = split["data"]
        mix = await _samples(client, clip["clip_id"])
        parts = [await _samples(client, stem["clip_id"]) for stem in stems]
        stem = {"clip_id": stems[0]["clip_id"]}
        _, midi = await client.post("/api/v1/suno/midi", stem)
        async with client.http.get(midi["data"]["midi_url"]) as answer:
            file = await answer.read()
        _, aligned = await client.post("/api/v1/suno/aligned-lyrics", asked)

    assert 10 + 20 + 3 * 2 + 1 + 1 == api.charged
    assert ["Boats (Vocals)", "Boats (Instrumental)"] == [s["title"] for s in stems]
    assert np.corrcoef(mix, sum(parts))[0, 1] >= 0.99
    assert all(np.corrcoef(mix, part)[0, 1] < 0.99 for part in parts)
    (track,) = (one for one in midi["data"]["instruments"] if "voice" in one["name"])
    assert file.startswith(b"MThd")
    words = aligned["data"]["alignment"]
    text = LYRICS.removeprefix("[Verse]\n")
    assert text.split() == "".join(word["word"] for word in words).split()
    starts = [note["start"] for note in track["notes"]]
    for word in words:
        assert min(abs(word["start_s"] - start) for start in starts) < 0.1


async def test_a_full_split_has_twelve_stems() -> None:
    """Each has its title; a stem can be asked for its notes."""
    async with opened() as (_, client):
        _, body = await client.end(await client.create("suno", SUNG))
        asked = {"clip_id": body["data"][0]["clip_id"]}
        _, accepted = await client.post("/api/v1/suno/stems/full", asked)
        _, split = await client.end(accepted["task_id"])

    assert 12 == len({stem["clip_id"] for stem in split["data"]})
    assert {"succeeded"} == {stem["state"] for stem in split["data"]}
